"""PHP's own web server, on a free port."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from helpers.programs import plain_environment

_STARTED = re.compile(r"\((http://[0-9.:]+)\) started")


@contextmanager
def php_server(php: str, folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a web server that runs the PHP files of the folder."""
    process = subprocess.Popen(
        [php, "-S", "127.0.0.1:0", "-t", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=plain_environment(environment),
    )
    assert process.stderr is not None
    log = process.stderr
    try:
        started = _STARTED.search(log.readline())
        assert started, "PHP's web server did not start"
        reader = threading.Thread(target=log.read)  # else PHP would stop when the pipe is full
        reader.start()
        yield started[1]
    finally:
        process.terminate()
        process.wait()
        reader.join()
        log.close()
