"""How long a manual clock takes over the lives of many messages."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.calls import Caller, Request
from bench.effort import Effort
from bench.leases import lend
from bench.lives import check_told
from bench.report import Group, at_most, median_and_range

_HOW = """\
An account with a manual clock queues {lives:,} messages, on one connection and one after the other; then one
`POST /_plum/clock/advance {{"until": "idle"}}` lets all of them live to their end. Each callback goes to a result URL
in another process and is waited for before the next one: {callbacks:,} round trips. {rounds} rounds, each with a new
account on the same emulator and database file; medians, with the least and the greatest. After each round it is
checked that every message was told of exactly `sent`, then `received`. `apart` has every message a second after the
one before, so that each instant has its own step of the clock."""

_LIVES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Seconds of one round."""

    queueing: float
    advancing: float


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of advancing."""
    with processes.emulator(database=folder / "advances.db") as emulator, Caller(emulator.port) as caller:
        at_once, apart, untold = [], [], []
        for place in range(effort.rounds):
            at_once.append(_told(caller, apart=False))
            apart.append(_told(caller, apart=True))
            untold.append(_lived(caller, "", apart=False))
            print(f"advances: round {place + 1} of {effort.rounds}", file=sys.stderr)
    rows = {
        "with a result URL, all at one instant": at_once,
        "with a result URL, a second apart": apart,
        "without a result URL, all at one instant": untold,
    }
    return Group(
        title="Advancing a manual clock",
        how=_HOW.format(lives=_LIVES, callbacks=2 * _LIVES, rounds=effort.rounds),
        columns=(f"{_LIVES:,} messages", "the advance, s", "with the queueing, s"),
        rows=[
            (
                name,
                median_and_range([one.advancing for one in rounds]),
                median_and_range([one.queueing + one.advancing for one in rounds]),
            )
            for name, rounds in rows.items()
        ],
        aims=[
            at_most(
                f"advance of {_LIVES:,} whole lives with two callbacks",
                statistics.median(one.advancing for one in at_once),
                1.5,
                " s",
            )
        ],
    )


def _told(caller: Caller, *, apart: bool) -> _Round:
    with processes.helper("bench.sink") as sink, Caller(sink.port) as asking:
        came = _lived(caller, f"http://127.0.0.1:{sink.port}/storesmsresults", apart=apart)
        check_told(asking.call(Request(method="GET", path="/bodies")), _LIVES)
    return came


def _lived(caller: Caller, result_url: str, *, apart: bool) -> _Round:
    # Far enough away that nothing happens before all are queued.
    account = lend(caller, sent_after=86_400, received_after=86_400)
    start = time.perf_counter()
    for place in range(_LIVES):
        caller.messages(account.queued(place, result_url=result_url))
        if apart:
            caller.call(account.control("POST", "clock/advance", {"seconds": 1}))
    middle = time.perf_counter()
    report = caller.json(account.control("POST", "clock/advance", {"until": "idle"}))
    end = time.perf_counter()
    if len(report["statuses"]) != 2 * _LIVES:
        raise RuntimeError(f"{len(report['statuses'])} statuses came of {_LIVES} lives: {report['stopped']}")
    caller.call(account.control("DELETE", f"accounts/{account.username}"))
    return _Round(queueing=middle - start, advancing=end - middle)
