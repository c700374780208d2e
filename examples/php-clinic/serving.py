"""The application under test, as a program of its own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from plum_emulator.testing import Phone

PUBLIC = Path(__file__).parent / "public"


@dataclass(frozen=True)
class Clinic:
    """The running application."""

    url: str

    def send(self, phone: Phone, body: str) -> str:
        """Text a patient; the message's id, or the error."""
        form = urlencode({"phone": phone.number, "body": body}).encode()
        try:
            with urlopen(f"{self.url}/send", form, timeout=10) as answer:  # noqa: S310 # a URL of our own
                return str(answer.read().decode())
        except HTTPError as error:
            with error:
                return f"{error.code} {error.read().decode()}"

    def state(self, id_: str) -> str:
        """What the clinic knows of it."""
        with urlopen(f"{self.url}/state?id={id_}", timeout=10) as answer:  # noqa: S310 # a URL of our own
            return str(answer.read().decode())


@contextmanager
def clinic_served(environment: dict[str, str], log: Path) -> Iterator[Clinic]:
    """The application in PHP's own server, on a free port."""
    command = ["php", "-S", "127.0.0.1:0", "-t", str(PUBLIC), str(PUBLIC / "index.php")]
    with log.open("w") as stderr, subprocess.Popen(command, env=os.environ | environment, stderr=stderr) as process:
        try:
            yield Clinic(_address(process, log))
        finally:
            process.terminate()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """What PHP's first line says, once it is there."""
    while process.poll() is None:
        started = re.search(r"\((http://\S+)\) started", log.read_text())
        if started:
            return started[1]
        time.sleep(0.01)
    raise AssertionError(log.read_text())
