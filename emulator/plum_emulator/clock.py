"""The one home of time. Every instant is whole milliseconds since 1970, in the clock of an account.

Nothing else in the package reads the time of day.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from plum_emulator.errors import NotPossible

Mode = Literal["real", "scaled", "manual"]
MODES: tuple[Mode, ...] = ("real", "scaled", "manual")
LATEST = 253_370_764_800_000  # the year 9999: what comes after it, no date format can write
RATE_MAX = 1_000_000.0
DURATION_MAX = 100 * 366 * 86400.0
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,9})?)(?P<unit>ms|s|m|h|d|)", re.ASCII)
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)x", re.ASCII)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How a clock goes, as it is kept: since the machine's instant `since` it has gone on from `instant`.

    On a manual clock `instant` is what time it is. A real clock without an instant is the time of day.
    Raises ValueError for one that cannot be.
    """

    mode: Mode = "real"
    rate: float = 1.0
    instant: int | None = None
    since: int | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES or not 0 < self.rate <= RATE_MAX:
            raise ValueError(f"no clock is {self.mode!r} at the rate {self.rate!r}")
        if self.instant is not None and not (type(self.instant) is int and 0 <= self.instant <= LATEST):
            raise ValueError(f"no clock shows {self.instant!r}")
        if self.since is not None and type(self.since) is not int:
            raise ValueError(f"no clock has gone since {self.since!r}")

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


class AccountClock:
    """The clock of one account: real, scaled or manual. `machine` is the clock of the machine below it."""

    def __init__(self, machine: Clock, timing: Timing | None = None) -> None:
        self._machine = machine
        self.timing = timing or Timing()

    def now(self) -> int:
        timing = self.timing
        if timing.instant is None:
            return self._machine.now()
        if timing.mode == "manual":
            return timing.instant
        passed = self._machine.now() - (timing.since or 0)
        return min(LATEST, timing.instant + int(passed * timing.rate))

    def seconds_until(self, instant: int) -> float | None:
        """Real seconds until then. A manual clock does not get anywhere by itself, not even to what is due."""
        timing = self.timing
        if timing.mode == "manual":
            return None
        if timing.instant is None:
            return self._machine.seconds_until(instant)
        return max(0.0, (instant - self.now()) / 1000 / timing.rate)

    @property
    def manual(self) -> bool:
        """Whether it stands still until it is moved."""
        return self.timing.mode == "manual"

    def set(self, mode: Mode, *, rate: float = 1.0, instant: int | None = None) -> None:
        """Go on in this way from `instant`; without one, from now, or as the time of day when it becomes real."""
        if mode == "real" and instant is None:
            self.timing = Timing()
            return
        start = self.now() if instant is None else instant
        since = None if mode == "manual" else self._machine.now()
        self.timing = Timing(mode=mode, rate=rate if mode == "scaled" else 1.0, instant=start, since=since)

    def move_to(self, instant: int) -> None:
        """Make a manual clock show `instant`, unless that is in the past: time does not go back."""
        self.timing = Timing(mode="manual", instant=max(self.now(), instant))

    def as_left(self) -> Timing:
        """The timing that goes on later from what this clock shows now: what a snapshot keeps."""
        if self.timing.instant is None:
            return self.timing
        return Timing(mode=self.timing.mode, rate=self.timing.rate, instant=self.now())

    def resume(self, timing: Timing) -> None:
        """Go on from where `as_left` left; without an instant, from now."""
        self.set(timing.mode, rate=timing.rate, instant=timing.instant)


def read_timing(text: str) -> Timing:
    """`real`, `manual` or `60x`, as an option says it; with `@` and an instant, from then on. Raises NotPossible."""
    word, at, start = text.partition("@")
    instant = read_instant(start) if at else None
    if word in ("real", "manual"):
        return Timing(mode="manual" if word == "manual" else "real", instant=instant)
    match = _RATE.fullmatch(word)
    if match is None or not 0 < float(match[1]) <= RATE_MAX:
        raise NotPossible(
            f"{text[:40]!r} is not a clock",
            hint="there are: real, manual, 60x for sixty times as fast, and manual@2026-01-31T12:00:00Z",
        )
    return Timing(mode="scaled", rate=float(match[1]), instant=instant)


def read_duration(text: str) -> float:
    """Seconds of a duration: `5`, `500ms`, `5s`, `2m`, `1.5h` or `3d`, at most 100 years. Raises NotPossible."""
    match = _DURATION.fullmatch(text)
    seconds = float(match["number"]) * _UNITS[match["unit"]] if match else -1.0
    if not 0 <= seconds <= DURATION_MAX:
        raise NotPossible(f"{text[:40]!r} is not a duration", hint="write 5, 500ms, 5s, 2m, 1.5h or 3d")
    return seconds


def read_instant(text: str) -> int:
    """An instant in RFC 3339, `2026-01-31T12:00:00Z`, with any offset. Raises NotPossible."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise NotPossible(f"{text[:40]!r} has no zone", hint="write 2026-01-31T12:00:00Z")
        instant = round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise NotPossible(f"{text[:40]!r} is not an instant", hint="write 2026-01-31T12:00:00Z") from None
    if not 0 <= instant < LATEST:
        raise NotPossible(f"{text[:40]!r} is out of range", hint="from 1970 to 9998")
    return instant


def moment_in(seconds: float) -> datetime:
    """The machine's time of day, so many seconds from now: what a scheduler wants to be told."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def stopwatch() -> Callable[[], float]:
    """Start measuring real time; call the result for the milliseconds since."""
    start = time.perf_counter()
    return lambda: (time.perf_counter() - start) * 1000


def worktime() -> Callable[[], float]:
    """Start measuring what this thread uses of a processor; call the result there for the milliseconds since."""
    start = time.thread_time()
    return lambda: (time.thread_time() - start) * 1000


def as_text(instant: int) -> str:
    """An instant for people and machines, RFC 3339 in UTC: `2026-01-31T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"
