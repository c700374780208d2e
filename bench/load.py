"""Many requests at a time: wrk where it is installed, else processes of our own, which are slower themselves."""

from __future__ import annotations

import multiprocessing
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.calls import Caller, Request

CONNECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of a load."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float


def generator() -> str:
    """What makes the load, for the report."""
    if is_fair():
        return f"`wrk -t1 -c{CONNECTIONS}`"
    return (
        f"{CONNECTIONS} Python processes with `http.client` (wrk is not installed, so the clients set the pace, which "
        "flatters every ratio: none is held against an aim)"
    )


def is_fair() -> bool:
    """Whether the load costs so little that what is measured sets the pace."""
    return shutil.which("wrk") is not None


def drive(port: int, requests: Sequence[Request], *, seconds: int) -> Load:
    """Make these requests in turn, over all connections, for so long. Raises when one of them fails."""
    return (_by_wrk if is_fair() else _by_processes)(port, requests, seconds)


_SCRIPT = """
local requests, place = {{{requests}}}, 0
function request() place = place % #requests + 1 return requests[place] end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("done %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def _by_wrk(port: int, requests: Sequence[Request], seconds: int) -> Load:
    script = _SCRIPT.format(requests=", ".join(_lua(request.wire_format(port)) for request in requests))
    with tempfile.TemporaryDirectory(prefix="plum-bench-") as folder:
        file = Path(folder, "requests.lua")
        file.write_text(script, encoding="ascii")
        said = subprocess.check_output(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(file), f"http://127.0.0.1:{port}/"],
            text=True,
        )
    figures = next(line for line in said.splitlines() if line.startswith("done ")).split()[1:]
    made, duration, p50, p99, failed = map(int, figures)
    if failed or not made:
        raise RuntimeError(f"{failed} of {made} requests to {requests[0].path} failed")
    return Load(requests=made, per_second=made / duration * 1e6, p50_ms=p50 / 1000, p99_ms=p99 / 1000)


def _lua(raw: bytes) -> str:
    """Any bytes as a string of Lua."""
    return '"' + "".join(f"\\{byte:03d}" for byte in raw) + '"'


def _by_processes(port: int, requests: Sequence[Request], seconds: int) -> Load:
    with multiprocessing.get_context("spawn").Pool(CONNECTIONS) as pool:
        tasks = [(port, requests, seconds)] * CONNECTIONS
        times = [took for one in pool.starmap(_one_after_the_other, tasks, chunksize=1) for took in one]
    cuts = statistics.quantiles(times, n=100)
    return Load(requests=len(times), per_second=len(times) / seconds, p50_ms=cuts[49], p99_ms=cuts[98])


def _one_after_the_other(port: int, requests: Sequence[Request], seconds: int) -> list[float]:
    times: list[float] = []
    with Caller(port) as caller:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            times.append(caller.timed(requests[len(times) % len(requests)]))
    return times
