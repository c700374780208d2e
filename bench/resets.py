"""How long it takes to bring an account back to its seed."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench import processes
from bench.calls import Caller, control, queued
from bench.effort import Effort
from bench.filling import fill
from bench.report import Group, at_most, median_and_range
from plum_emulator.clock import RealClock
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.emulator import Emulator, assembled
from plum_emulator.engine.transport import Done
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Exchange, OutgoingRequest
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.settings import Settings
from plum_emulator.store.store import Store

_HOW = """\
Medians of {resets} resets, with the least and the greatest. In process: the operation alone, on a database file, the
account refilled before each; the words of all messages are in the full-text index. Over HTTP: {rows:,} messages queued
over HTTP, then `POST /_plum/reset`; each message has its journal entry and two rows of the agenda."""


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of resetting."""
    empty, messages, journalled = (
        _in_process(effort, folder / name, messages=count, exchanges=exchanges)
        for name, count, exchanges in (
            ("reset-0.db", 0, 0),
            ("reset-1.db", effort.few, 0),
            ("reset-2.db", effort.few, 3 * effort.few),
        )
    )
    rows = {
        "in process, nothing there": empty,
        f"in process, {effort.few:,} messages": messages,
        f"in process, {effort.few:,} messages with {3 * effort.few:,} journal entries": journalled,
        f"over HTTP, {effort.few:,} messages just queued": _over_http(effort),
    }
    return Group(
        title="Reset",
        how=_HOW.format(resets=effort.resets, rows=effort.few),
        columns=("account", "ms"),
        rows=[(name, median_and_range(times)) for name, times in rows.items()],
        aims=[at_most(f"reset of an account with {effort.few:,} messages", statistics.median(messages), 1, " ms")],
    )


def _in_process(effort: Effort, database: Path, *, messages: int, exchanges: int) -> list[float]:
    store = Store(database)
    try:
        emulator = _emulator(store)
        account = emulator.accounts.named("")
        times = []
        for _ in range(effort.resets):
            fill(store, account.id, messages)
            with store.transaction():
                for n in range(exchanges):
                    store.journal.keep(_exchange(account, n))
            start = time.perf_counter()
            emulator.snapshots.reset(account)
            times.append((time.perf_counter() - start) * 1000)
        return times
    finally:
        store.close()


def _emulator(store: Store) -> Emulator:
    """An emulator without a server, of which nothing is asked but a reset."""
    with store.transaction():
        store.accounts.plant(read_seeds(None))
    return assembled(
        settings=Settings(),
        store=store,
        accounts=Accounts(store.accounts.load(), machine=RealClock()),
        ids=IdSource("bench"),
        transport=_Nowhere(),
        ticker=_Deaf(),
        own_address="",
        elsewhere=lambda work: work(),
        soon=lambda work: work(),
    )


class _Nowhere:
    """A transport that nothing is sent with."""

    def send(self, request: OutgoingRequest, done: Done) -> None:  # noqa: ARG002 # as the worker calls it
        raise AssertionError("a reset sends nothing")

    def close(self) -> None:
        pass


class _Deaf:
    """A ticker that never rings."""

    def heard(self, account: int, instant: int) -> None:
        pass

    def forget(self, account: int) -> None:
        pass


def _exchange(account: Account, n: int) -> Exchange:
    return Exchange(
        account=account.id,
        n=n,
        at=n,
        direction="out",
        operation="callback",
        method="POST",
        url="http://127.0.0.1:8000/storesmsresults.php",
        request_headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        request_body=b"sms_message_id=0123456789abcdef0123456789abcdef&status=sent",
        status=204,
        response_headers=(),
        response_body=b"",
        duration_ms=1.0,
        outcome="ok",
    )


def _over_http(effort: Effort) -> list[float]:
    times = []
    with processes.emulator("--sent-after", "3600") as emulator, Caller(emulator.port) as caller:
        for _ in range(min(effort.resets, 5)):
            for place in range(effort.few):
                caller.messages(queued(place))
            times.append(caller.timed(control("POST", "reset")))
    return times
