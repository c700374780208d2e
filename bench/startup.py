"""From the command to the first answer, and what the short commands take."""

from __future__ import annotations

import contextlib
import http.client
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import processes
from bench.calls import Caller, Request, asked, queued
from bench.effort import Effort
from bench.report import Group, at_most, median_and_range

_HOW = """\
Wall time from the start of the process, temporary database; the first answer is asked for every 2 ms until it comes.
Medians of {starts} starts each, of {commands} runs of the commands, interleaved, with the least and the greatest."""

_PATIENCE = 20.0
_LOOK_EVERY = 0.002


def measure(effort: Effort, _folder: Path) -> Group:
    """The figures of starting."""
    health: list[float] = []
    queue: list[float] = []
    stop: list[float] = []
    for place in range(effort.starts):
        for request, times in ((asked("/_plum/health"), health), (queued(place), queue)):
            first, stopped = _started(request)
            times.append(first)
            stop.append(stopped)
    commands = _commands(effort)
    rows = {
        "command to the first answer of `/_plum/health`": health,
        "command to the first message queued": queue,
        "SIGTERM to the end of the process": stop,
        **commands,
    }
    return Group(
        title="Start",
        how=_HOW.format(starts=effort.starts, commands=effort.commands),
        columns=("what", "ms"),
        rows=[(name, median_and_range(times)) for name, times in rows.items()],
        aims=[
            at_most("command to the first message queued", statistics.median(queue), 500, " ms"),
            at_most("`plum-emulator --version`", statistics.median(commands[_VERSION]), 100, " ms"),
        ],
    )


def _started(request: Request) -> tuple[float, float]:
    """Milliseconds from the command to the answer, and from SIGTERM to the end."""
    port = processes.free_port()
    command = processes.command("plum-emulator")
    start = time.perf_counter()
    with processes.running(*command, "serve", "--port", str(port), port=port):
        first_answer(port, request)
        first = _since(start)
        start = time.perf_counter()
    return first, _since(start)


def first_answer(port: int, request: Request) -> None:
    """Ask until there is an answer."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException), Caller(port) as caller:
            caller.call(request)
            return
        time.sleep(_LOOK_EVERY)
    raise TimeoutError(f"no answer from port {port}")


_VERSION = "`plum-emulator --version`"


def _commands(effort: Effort) -> dict[str, list[float]]:
    commands = {
        _VERSION: [*processes.command("plum-emulator"), "--version"],
        "`plum-emulator --help`": [*processes.command("plum-emulator"), "--help"],
        "importing the whole server": [sys.executable, "-c", "import plum_emulator.server"],
        "Python alone": [sys.executable, "-c", "pass"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(effort.commands):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=processes.ROOT)
            times[name].append(_since(start))
    return times


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000
