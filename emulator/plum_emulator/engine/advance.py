"""Moves a manual clock: everything that falls due on the way happens, in order, before the clock goes on.

Runs in the event loop, so that whoever waits for it needs no thread. Requests go out one after the other: what
receivers see, and what they do about it, is the same in every run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from plum_emulator.clock import LATEST
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.deliveries import Deliveries, Delivery
from plum_emulator.engine.feed import Feed
from plum_emulator.engine.settling import Settling
from plum_emulator.engine.worker import Worker
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.store.store import Store

Until = Literal["next", "idle"]
_MOST_EVENTS = 100_000
_INTERRUPTING = ("reset", "restore", "end")


@dataclass(slots=True, kw_only=True)
class Report:
    """What an advance did. `joined`: it was added to another that is under way, whose report has it all.

    `stopped` says why it ended before its time.
    """

    now: int
    events: list[Event] = field(default_factory=list)
    joined: bool = False
    stopped: str = ""


@dataclass(slots=True, kw_only=True)
class _Run:
    """An advance under way. It goes to `target`, and with `idle` on until nothing is due by itself."""

    target: int
    idle: bool
    most: int
    request_out: bool = False
    events: list[Event] = field(default_factory=list)
    stopped: str = ""
    broken_off: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, _number: int, event: Event) -> None:
        """Something happened to the account."""
        self.events.append(event)
        if event.kind in _INTERRUPTING:
            self.stopped = f"a {event.kind} came in between" if event.kind != "end" else "the account ended"
            self.broken_off = True
        elif event.kind == "clock":
            self.stopped = "the clock was set in between"
        elif len(self.events) >= self.most:
            self.stopped = f"{self.most} things have happened; do two applications answer each other?"


class Advances:
    """The advances of every account. One account has one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        worker: Worker,
        deliveries: Deliveries,
        settling: Settling,
        feed: Feed,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._worker = worker
        self._deliveries = deliveries
        self._settling = settling
        self._feed = feed
        self._running: dict[int, _Run] = {}

    async def advance(
        self,
        account: Account,
        *,
        milliseconds: int = 0,
        until: Until | None = None,
        most: int = _MOST_EVENTS,
    ) -> Report:
        """Move the clock on by so much, or to the next thing that is due, or until nothing is due by itself.

        Returns when everything has settled; while a request of another advance of the account is out, it is added to
        that one and returns at once, so that the receiver of the request may ask for it. Raises NotPossible when the
        clock is not manual.
        """
        while True:
            clock = self._accounts.clock(account.id)
            if not clock.manual:
                raise NotPossible(
                    f"the clock of account {account.username!r} is {clock.timing.mode}: it goes by itself",
                    hint='make it manual first: PUT /_plum/clock {"mode": "manual"}',
                )
            other = self._running.get(account.id)
            if other is None or other.broken_off:
                return await self._run(account, self._planned(account, milliseconds, until, most))
            if other.request_out:
                more = self._planned(account, milliseconds, until, most)
                other.target = _capped(
                    max(other.target, more.target) if until else max(other.target, clock.now()) + milliseconds
                )
                other.idle = other.idle or more.idle
                return Report(now=clock.now(), joined=True)
            await other.over.wait()

    async def settle(self, account: Account) -> None:
        """On a manual clock, let everything happen that is due already; nothing on a clock that goes by itself.

        It goes on to its end even when nobody waits for that any more: what was taken has to be settled.
        """
        if self._accounts.clock(account.id).manual:
            await asyncio.shield(self.advance(account))

    def _planned(self, account: Account, milliseconds: int, until: Until | None, most: int) -> _Run:
        now = self._accounts.clock(account.id).now()
        target = _capped(now + milliseconds)
        if until == "next":
            following = self._next_due(account)
            target = now if following is None else max(now, following)
        return _Run(target=target, idle=until == "idle", most=most)

    async def _run(self, account: Account, run: _Run) -> Report:
        self._running[account.id] = run
        end = self._feed.watch(run.hear, account=account.id)
        try:
            while not run.stopped:
                due = self._next_due(account)
                if due is None or (due > run.target and not run.idle):
                    break
                await self._deliver(run, self._worker.take_due(account.id, until=due))
            if not run.stopped:
                self._go_to(account, run.target)
        finally:
            end()
            if self._running.get(account.id) is run:
                del self._running[account.id]
            run.over.set()
        return Report(now=self._accounts.clock(account.id).now(), events=run.events, stopped=run.stopped)

    async def _deliver(self, run: _Run, deliveries: list[Delivery]) -> None:
        told: list[Delivery] = []
        for delivery in deliveries:
            if run.broken_off:
                break  # its row has gone with everything else
            run.request_out = True
            try:
                await self.sent(delivery)
            finally:
                run.request_out = False
            told.append(delivery)
            if delivery.due.kind == "inbound":
                await self._settling.settle(told)
                told = []
        await self._settling.settle(told)
        await asyncio.sleep(0)  # others want the loop too

    async def sent(self, delivery: Delivery) -> None:
        """Send it, and wait for its end."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def end(_delivery: Delivery) -> None:
            if not ended.done():
                ended.set_result(None)

        self._deliveries.send(delivery, end)
        await ended

    def _next_due(self, account: Account) -> int | None:
        with self._store.reading():
            return self._store.agenda.next_due(account.id)

    def _go_to(self, account: Account, instant: int) -> None:
        with self._store.reading(), self._accounts.changing_clock(account.id) as clock:
            if instant > clock.now():
                with self._store.transaction():
                    clock.move_to(instant)
                    self._store.accounts.keep_timing(account.id, clock.timing)


def _capped(instant: int) -> int:
    return min(instant, LATEST)
