"""How soon an expectation is answered, once what it waits for has come."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import processes
from bench.calls import Caller
from bench.effort import Effort
from bench.leases import Leased, lend
from bench.report import Group, at_most, median_and_range

_HOW = """\
Over HTTP. Two connections: one asks `POST /_plum/expect` and waits, the other makes what is expected happen {settle:g}
s later; {times} times each, medians with the least and the greatest. The time is from the event to the answer of the
expectation, as this client sees both: from the answer of the queue service; from the answer of the advance that gave
the status on a manual clock; on a real clock from the instant at which the status was due (the emulator lets {breath}
pass between two looks at what is due). It can be negative, when the expectation's answer comes first. `there already`
is one request for what is there, and on a manual clock for what is due. The large account has {many:,} messages, and
the expectation looks at all of them, unless it has a cursor."""

_SETTLE = 0.01
_BREATH = "8 ms"
_MANY = 1_000
_TIMEOUT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clients:
    """Two connections, and a thread for the one that waits."""

    asking: Caller
    doing: Caller
    thread: ThreadPoolExecutor


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of expectations."""
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator(database=folder / "expects.db"))
        clients = _Clients(
            asking=stack.enter_context(Caller(emulator.port)),
            doing=stack.enter_context(Caller(emulator.port)),
            thread=stack.enter_context(ThreadPoolExecutor(1)),
        )
        large = lend(clients.doing)
        for place in range(_MANY):
            clients.doing.messages(large.queued(place))
        latencies = {
            "a message, from the queue's answer": _queued(clients, lend(clients.doing), effort),
            "a status on a manual clock, from the advance's answer": _advanced(clients, effort),
            "a status on a real clock, from the instant it was due": _due(clients, effort),
            f"a message among {_MANY:,} others, from the queue's answer": _queued(clients, large, effort),
            f"a message after a cursor, behind {_MANY:,} others, from the queue's answer": _queued(
                clients, large, effort, first=2 * _MANY, since=_cursor(clients, large)
            ),
        }
        there = {
            "a message that is there already": _there(clients, effort, due=False),
            "a status that is due on a manual clock": _there(clients, effort, due=True),
        }
    return Group(
        title="Expectations",
        how=_HOW.format(times=effort.expects, settle=_SETTLE, breath=_BREATH, many=_MANY),
        columns=("expected", "ms"),
        rows=[(name, median_and_range(times)) for name, times in {**latencies, **there}.items()],
        aims=[
            at_most(f"expectation of {name}", statistics.median(times), 5, " ms") for name, times in latencies.items()
        ],
    )


def _queued(clients: _Clients, account: Leased, effort: Effort, *, first: int = _MANY, since: str = "") -> list[float]:
    times = []
    for place in range(first, first + effort.expects):
        with _expected(clients, account, {"body": _body(place), "since": since}) as answered:
            clients.doing.messages(account.queued(place))
            times.append(answered.since(time.perf_counter()))
    return times


def _cursor(clients: _Clients, account: Leased) -> str:
    """Where the account's log ends now."""
    return str(clients.asking.json(account.control("POST", "expect", {"body": "never", "count": 0}))["cursor"])


def _advanced(clients: _Clients, effort: Effort) -> list[float]:
    account = lend(clients.doing, sent_after=1, received_after=1)
    times = []
    for place in range(effort.expects):
        clients.doing.messages(account.queued(place))
        with _expected(clients, account, {"body": _body(place), "status": "received"}) as answered:
            clients.doing.call(account.control("POST", "clock/advance", {"seconds": 2}))
            times.append(answered.since(time.perf_counter()))
    return times


def _due(clients: _Clients, effort: Effort) -> list[float]:
    account = lend(clients.doing, clock="real", sent_after=0.03, received_after=0.03)
    times = []
    for place in range(effort.expects):
        with _expected(clients, account, {"body": _body(place), "status": "received"}) as answered:
            clients.doing.messages(account.queued(place))
            times.append(answered.since_due())
    return times


def _there(clients: _Clients, effort: Effort, *, due: bool) -> list[float]:
    account = lend(clients.doing, sent_after=0, received_after=0)
    times = []
    for place in range(effort.expects):
        clients.doing.messages(account.queued(place))
        wanted = {"body": _body(place), "status": "received"} if due else {"body": _body(place)}
        times.append(clients.asking.timed(account.control("POST", "expect", wanted)))
    return times


def _body(place: int) -> dict[str, str]:
    return {"contains": f"parcel {place:05d}"}


@dataclass(frozen=True, slots=True)
class _Answered:
    """The answer of an expectation, once it has come, and when that was on both clocks of this machine."""

    coming: Future[tuple[dict[str, Any], float, float]]

    def since(self, instant: float) -> float:
        """The milliseconds from an instant of `perf_counter` to the answer."""
        return (self.coming.result()[1] - instant) * 1000

    def since_due(self) -> float:
        """The milliseconds from the instant at which the message had its last status to the answer."""
        answer, _, now = self.coming.result()
        at = datetime.fromisoformat(answer["messages"][0]["statuses"][-1]["at"])
        return (now - at.timestamp()) * 1000


@contextmanager
def _expected(clients: _Clients, account: Leased, wanted: dict[str, Any]) -> Iterator[_Answered]:
    """Wait for this in the other thread; the block makes it happen."""
    request = account.control("POST", "expect", {**wanted, "timeout": _TIMEOUT})

    def ask() -> tuple[dict[str, Any], float, float]:
        answer = clients.asking.json(request)
        return answer, time.perf_counter(), time.time()

    answered = _Answered(clients.thread.submit(ask))
    time.sleep(_SETTLE)  # until the emulator waits: nothing says that it does
    yield answered
