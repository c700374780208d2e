"""The one home of time. Every instant is whole milliseconds since 1970, in the clock of an account.

Nothing else in the package reads the time of day.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is for an account, and how long until another instant."""

    def now(self) -> int:
        """The present instant."""

    def seconds_until(self, instant: int) -> float | None:
        """Real seconds until `instant`, at least 0; None when it never comes by itself."""


class RealClock:
    """The time of day. It never goes back, even when the machine's clock is set back."""

    def __init__(self, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._catching_up = threading.Lock()

    def now(self) -> int:
        wall, steady = self._wall(), self._steady()
        if wall > steady + self._offset + 1:  # set forward, or the machine slept: catch up
            with self._catching_up:  # another thread may have seen it too, and must not undo it
                self._offset = max(self._offset, wall - steady)
        return int((steady + self._offset) * 1000)

    def seconds_until(self, instant: int) -> float:
        return max(0.0, (instant - self.now()) / 1000)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: int = 1_700_000_000_000) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def seconds_until(self, instant: int) -> float | None:
        return 0.0 if instant <= self._now else None

    def move_to(self, instant: int) -> None:
        """Make it `instant`, unless that is in the past: time does not go back."""
        self._now = max(self._now, instant)


def moment_in(seconds: float) -> datetime:
    """The machine's time of day, so many seconds from now: what a scheduler wants to be told."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def stopwatch() -> Callable[[], float]:
    """Start measuring real time; call the result for the milliseconds since."""
    start = time.perf_counter()
    return lambda: (time.perf_counter() - start) * 1000


def as_text(instant: int) -> str:
    """An instant for people and machines, RFC 3339 in UTC: `2026-01-31T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"
