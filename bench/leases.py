"""Accounts for one test each: how long it takes to lend one, to bring it back to its beginning, and to end it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.calls import Caller, Request, control, login_of, queued
from bench.effort import Effort
from bench.report import Group, at_most, median_and_range

_HOW = """\
Over HTTP, on one connection, one request after the other; medians of {resets} each, with the least and the greatest.
Leases have a manual clock. A test's worth of rows is {test} messages with a result URL in another process, their whole
lives lived: {test} journal entries of requests, {callbacks} of callbacks. {others} other leased accounts have a test's
worth each, so that nothing is fast because the tables are small, or the account's alone. The account with {many:,}
messages has them just queued, each with its journal entry and two rows of the agenda."""

OTHERS = 200
TEST = 10
_MANY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """An account that was lent."""

    username: str
    login: str
    number: str

    def queued(self, place: int, *, result_url: str = "") -> Request:
        """A message of the account."""
        return queued(place, result_url=result_url, from_=self.number, login=self.login)

    def control(self, method: str, path: str, value: object = None) -> Request:
        """A request to the control surface about the account."""
        return control(method, path, value, account=self.username)


def lend(caller: Caller, **wanted: object) -> Leased:
    """Lease an account with a manual clock."""
    view = caller.json(control("POST", "accounts/lease", {"clock": "manual", **wanted}))
    return Leased(
        username=view["username"], login=login_of(view["username"], view["password"]), number=view["numbers"][0]
    )


def live(caller: Caller, account: Leased, count: int, *, result_url: str) -> None:
    """Whole lives of so many messages. Raises when a callback was not taken."""
    for place in range(count):
        caller.messages(account.queued(place, result_url=result_url))
    report = caller.json(account.control("POST", "clock/advance", {"until": "idle"}))
    taken = [callback for callback in report["callbacks"] if callback["http_status"] == 204]
    if len(taken) != 2 * count:
        raise RuntimeError(f"{len(taken)} callbacks of {2 * count} were taken: {report['stopped']}")


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of leases."""
    with (
        processes.helper("bench.sink") as sink,
        processes.emulator(database=folder / "leases.db") as emulator,
        Caller(emulator.port) as caller,
    ):
        url = f"http://127.0.0.1:{sink.port}/storesmsresults"
        for _ in range(OTHERS):
            live(caller, lend(caller), TEST, result_url=url)
        lends, ends = _lends_and_ends(caller, effort)
        rows = {
            "lease": lends,
            "end of a lease with nothing in it": ends,
            "end of a lease with a test's worth": _ends(caller, effort, url),
            "reset, a test's worth": _resets(caller, effort, url),
            f"reset, {_MANY:,} messages": _many_resets(caller, effort),
        }
    return Group(
        title="Leases",
        how=_HOW.format(resets=effort.resets, test=TEST, callbacks=2 * TEST, others=OTHERS, many=_MANY),
        columns=("request", "ms"),
        rows=[(name, median_and_range(times)) for name, times in rows.items()],
        aims=[at_most(f"{name}, over HTTP", statistics.median(rows[name]), 2, " ms") for name in list(rows)[:4]],
    )


def _lends_and_ends(caller: Caller, effort: Effort) -> tuple[list[float], list[float]]:
    lends, ends = [], []
    for place in range(effort.resets):
        lends.append(caller.timed(control("POST", "accounts/lease", {"username": f"bench-{place}", "clock": "manual"})))
        ends.append(caller.timed(control("DELETE", f"accounts/bench-{place}")))
    return lends, ends


def _ends(caller: Caller, effort: Effort, url: str) -> list[float]:
    times = []
    for _ in range(effort.resets):
        account = lend(caller)
        live(caller, account, TEST, result_url=url)
        times.append(caller.timed(control("DELETE", f"accounts/{account.username}")))
    return times


def _resets(caller: Caller, effort: Effort, url: str) -> list[float]:
    account = lend(caller)
    times = []
    for _ in range(effort.resets):
        live(caller, account, TEST, result_url=url)
        times.append(caller.timed(account.control("POST", "reset")))
    return times


def _many_resets(caller: Caller, effort: Effort) -> list[float]:
    account = lend(caller)
    times = []
    for _ in range(min(effort.resets, 5)):
        for place in range(_MANY):
            caller.messages(account.queued(place))
        times.append(caller.timed(account.control("POST", "reset")))
    return times
