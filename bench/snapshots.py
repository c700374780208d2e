"""How long it takes to put an account aside, and to bring it back."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench import processes
from bench.calls import Caller
from bench.effort import Effort
from bench.leases import OTHERS, TEST, Leased, lend, live
from bench.report import Group, at_most, median_and_range

_HOW = """\
Over HTTP, medians of {resets} each, with the least and the greatest; a database file. The account has {many:,}
messages, once just queued (a journal entry and two rows of the agenda each), once with whole lives behind them (three
journal entries each, nothing due); `a test's worth` is {test} whole lives. {others} other accounts have a test's worth
each. Every restore finds the account as the one before left it, so it takes the same rows away that it brings back."""

_MANY = 1_000


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of snapshots."""
    with (
        processes.helper("bench.sink") as sink,
        processes.emulator(database=folder / "snapshots.db") as emulator,
        Caller(emulator.port) as caller,
    ):
        url = f"http://127.0.0.1:{sink.port}/storesmsresults"
        for _ in range(OTHERS):
            live(caller, lend(caller), TEST, result_url=url)
        test, lived, just_queued = lend(caller), lend(caller), lend(caller)
        live(caller, test, TEST, result_url=url)
        live(caller, lived, _MANY, result_url=url)
        for place in range(_MANY):
            caller.messages(just_queued.queued(place))
        contents = {
            "a test's worth": test,
            f"{_MANY:,} messages just queued": just_queued,
            f"{_MANY:,} whole lives": lived,
        }
        times = {name: _times(caller, account, effort) for name, account in contents.items()}
    return Group(
        title="Snapshots",
        how=_HOW.format(resets=effort.resets, many=_MANY, test=TEST, others=OTHERS),
        columns=("account", "save, ms", "restore, ms"),
        rows=[(name, median_and_range(saves), median_and_range(restores)) for name, (saves, restores) in times.items()],
        aims=[
            at_most(f"{what} of {name}", statistics.median(each), 20, " ms")
            for name, both in list(times.items())[1:]
            for what, each in zip(("snapshot", "restore"), both, strict=True)
        ],
    )


def _times(caller: Caller, account: Leased, effort: Effort) -> tuple[list[float], list[float]]:
    saves, restores = [], []
    for _ in range(effort.resets):
        saves.append(caller.timed(account.control("PUT", "snapshots/bench")))
        restores.append(caller.timed(account.control("POST", "snapshots/bench/restore")))
    return saves, restores
