"""The real emulator as a program of its own, started as a person starts it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from plum_emulator.client import Client

COMMAND = (sys.executable, "-m", "plum_emulator")
QUICK = ("--sent-after", "0.05", "--received-after", "0.05")
DEADLINE = 20.0

PASSWORD = "password"

# The first number of the default accounts, whose texts go to the demo application; the second; and a handset.
NUMBER = "12435678910"
QUIET_NUMBER = "16175550100"
HANDSET = "16175550123"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code, and how many seconds it took from the signal on."""

    code: int
    seconds: float


class Emulator:
    """A running emulator, with what its ready line said."""

    def __init__(self, process: subprocess.Popen[str], stderr: IO[str]) -> None:
        self.process = process
        self._stderr = stderr
        self.ready: dict[str, Any] = json.loads(first_line(process))
        self.url: str = self.ready["url"]
        self.port = int(self.url.rpartition(":")[2])

    def client(self, username: str = "username", password: str = PASSWORD) -> Client:
        """A client of one of its accounts."""
        return Client(url=self.url, username=username, password=password, timeout=DEADLINE)

    def end(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Send the signal, and wait until the process has gone."""
        begin = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        return Ended(code, time.monotonic() - begin)

    def complaints(self) -> str:
        """What it has written to stderr so far."""
        self._stderr.seek(0)
        return self._stderr.read()


def first_line(process: subprocess.Popen[str]) -> str:
    """The first line that the program prints, within the deadline."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(DEADLINE), "the program printed nothing"
    return process.stdout.readline()


def plain_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what a developer may have set for an emulator of their own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLUM_EMULATOR_")}
    return {**environment, **(extra or {})}


@contextmanager
def emulator(
    *options: str,
    command: Sequence[str] = COMMAND,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    may_complain: bool = False,
) -> Iterator[Emulator]:
    """An emulator on a free port. However the test ends, it is gone afterwards, and it has not complained."""
    with tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=plain_environment(environment),
            cwd=folder,
        )
        try:
            started = Emulator(process, stderr)
            yield started
            if process.poll() is None:
                assert started.end().code == 0
            complaints = started.complaints()
            assert may_complain or complaints == "", complaints
        finally:
            _gone(process)


def _gone(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command of ours to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=plain_environment(environment),
        timeout=DEADLINE,
        check=False,
    )
