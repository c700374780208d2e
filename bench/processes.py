"""Programs that are measured, each in a process of its own, on loopback, ended when their block ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plum_emulator.settings import ENVIRONMENT_PREFIX

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 20.0
_LOOK_EVERY = 0.002


@dataclass(frozen=True, slots=True)
class Program:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.kill()

    def memory(self) -> tuple[float, float]:
        """Its resident memory and the most it ever was, in MB; the latter is 0 where the system does not say."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            shown = subprocess.check_output(["ps", "-o", "rss=", "-p", str(self.process.pid)])
            return int(shown) * 1024 / 1e6, 0.0
        values = dict(line.split(":", 1) for line in status.splitlines())
        now, most = (int(values[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
        return now, most


def command(name: str) -> list[str]:
    """How a command of this environment is called."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed beside {sys.executable}; run: make bench")
    return [found]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def running(*arguments: str, port: int) -> Iterator[Program]:
    """A program that will listen on this port: not waited for, and ended with the block."""
    process = subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment()
    )
    try:
        yield Program(process, port)
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        finally:
            process.kill()


def _environment() -> dict[str, str]:
    """That of the person who runs this, without settings that would change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}


@contextlib.contextmanager
def serving(*arguments: str, port: int) -> Iterator[Program]:
    """The same, once it takes connections."""
    with running(*arguments, port=port) as program:
        wait_for_connection(program)
        yield program


@contextlib.contextmanager
def emulator(*options: str, database: Path | None = None) -> Iterator[Program]:
    """An emulator, started as people start it."""
    port = free_port()
    kept = ("--database", str(database)) if database else ()
    with serving(*command("plum-emulator"), "serve", "--port", str(port), *kept, *options, port=port) as program:
        yield program


@contextlib.contextmanager
def helper(module: str) -> Iterator[Program]:
    """One of this package's own little servers."""
    port = free_port()
    with serving(sys.executable, "-m", module, str(port), port=port) as program:
        yield program


def wait_for_connection(program: Program) -> None:
    """Return as soon as somebody listens on the program's port."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if program.process.poll() is not None:
            raise RuntimeError(f"{program.process.args!r} ended with code {program.process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", program.port), timeout=1):
            return
        time.sleep(_LOOK_EVERY)
    raise TimeoutError(f"{program.process.args!r} does not listen on port {program.port}")
