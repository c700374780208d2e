"""Wakes the worker when the next row of an agenda falls due. APScheduler lives here alone.

The agenda is the truth, and the scheduler only an alarm clock: it holds one job, the next wake-up.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Protocol

from plum_emulator.clock import Clock, moment_in
from plum_emulator.errors import StorageFailed

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

_HEARTBEAT = 1.0
_BREATH = 0.008
_LONGEST = 86400.0  # a scheduler's dates end with the year 9999, and slow clocks do not: look again every day
_log = logging.getLogger("plum_emulator")


class Ticker(Protocol):
    """Told of instants at which something falls due."""

    def heard(self, account: int, instant: int) -> None:
        """Something of this account falls due at `instant`. May be called from any thread."""

    def forget(self, account: int) -> None:
        """What was heard of this account counts no more: its clock goes otherwise, or its agenda is another."""


class LoopTicker:
    """The real one: calls `ring(account)` in its event loop, at the instant or a few milliseconds after it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, clock_of: Callable[[int], Clock], heartbeat: float = _HEARTBEAT
    ) -> None:
        self._loop = loop
        self._clock_of = clock_of
        self._every = heartbeat
        self._due: dict[int, int] = {}
        self._wake_at = float("inf")
        self._scheduler: AsyncIOScheduler | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._ring: Callable[[int], None] = lambda _account: None
        self._keep_up: Callable[[], object] = lambda: None

    @staticmethod
    def load() -> None:
        """Import the scheduler, which takes a tenth of a second: in a thread, so that nobody waits for it."""
        importlib.import_module("apscheduler.schedulers.asyncio")

    def start(self, *, ring: Callable[[int], None], keep_up: Callable[[], object]) -> None:
        """Begin to ring; `keep_up` is called about every second."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self._ring, self._keep_up = ring, keep_up
        self._scheduler = AsyncIOScheduler(event_loop=self._loop, timezone=UTC)
        self._scheduler.start()
        self._set_alarm()
        self._beat()

    def stop(self) -> None:
        """Ring no more."""
        if self._heartbeat:
            self._heartbeat.cancel()
        if self._scheduler:
            # A wake-up that has begun to ring comes to its end first: the scheduler would report it as a failure.
            # Paused, it begins no other meanwhile, also when the alarm is in the very same turn of the loop.
            self._scheduler.pause()
            self._loop.call_soon(self._scheduler.shutdown, False)
            self._scheduler = None

    def heard(self, account: int, instant: int) -> None:
        known = self._due.get(account)
        if known is None or instant < known:
            self._due[account] = instant
            self._loop.call_soon_threadsafe(self._set_alarm)

    def forget(self, account: int) -> None:
        self._due.pop(account, None)

    async def wake(self) -> None:
        """Ring for every account that has something due, then set the alarm for what comes next."""
        if self._scheduler is None:
            return
        self._wake_at = float("inf")
        for account, instant in list(self._due.items()):
            if self._clock_of(account).seconds_until(instant) == 0:
                self._due.pop(account, None)  # another thread may have forgotten it
                self._ring_for(account, instant)
        self._set_alarm()

    def _ring_for(self, account: int, instant: int) -> None:
        try:
            self._ring(account)
            return
        except StorageFailed as error:
            _log.error("%s; trying again in a second", error.one_line())
        except Exception:  # the other accounts go on
            _log.exception("a bug of the emulator; trying again in a second")
        self._loop.call_later(self._every, self.heard, account, instant)

    def _set_alarm(self) -> None:
        due = list(self._due.items())  # a copy: other threads add to it
        waits = [self._clock_of(account).seconds_until(instant) for account, instant in due]
        seconds = min((wait for wait in waits if wait is not None), default=None)
        if seconds is None or self._scheduler is None:
            return
        # A breath between two wake-ups lets one pass do the work of many.
        seconds = min(max(seconds, _BREATH), _LONGEST)
        wake_at = self._loop.time() + seconds
        if wake_at < self._wake_at - _BREATH / 4:
            self._wake_at = wake_at
            self._scheduler.add_job(
                self.wake,
                "date",
                run_date=moment_in(seconds),
                id="wake",
                replace_existing=True,
                misfire_grace_time=None,
                max_instances=100,  # a busy loop hears late that the last one has ended; none may be left out for it
            )

    def _beat(self) -> None:
        """Once a second: catch what a machine clock that was set back would make the scheduler sleep through."""
        self._heartbeat = self._loop.call_later(self._every, self._beat)
        if self._wake_at < self._loop.time() - _BREATH:
            self._loop.create_task(self.wake())
        self._keep_up()
