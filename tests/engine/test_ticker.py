"""The alarm clock, in a real event loop; the clocks it reads are fakes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from helpers.loops import in_loop
from plum_emulator.clock import AccountClock, Clock, ManualClock, Mode
from plum_emulator.engine.ticker import LoopTicker
from plum_emulator.errors import StorageFailed

FAR = 60_000


class Stopwatch:
    """A clock that runs, from 0."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now(self) -> int:
        return int((time.monotonic() - self._start) * 1000)

    def seconds_until(self, instant: int) -> float:
        return max(0.0, (instant - self.now()) / 1000)


@dataclass
class Bells:
    """What rang, and waiting for it."""

    rung: list[int] = field(default_factory=list)
    beats: int = 0
    trouble: Callable[[int], None] = lambda _account: None
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self, account: int) -> None:
        self.rung.append(account)
        self._more.set()
        self.trouble(account)

    def keep_up(self) -> None:
        self.beats += 1
        self._more.set()

    async def until(self, happened: Callable[[], bool]) -> None:
        while not happened():
            self._more.clear()
            await self._more.wait()


@asynccontextmanager
async def a_ticker(
    bells: Bells, *clocks: Clock, heartbeat: float = 60.0, started: bool = True
) -> AsyncIterator[LoopTicker]:
    """A ticker for the accounts 0, 1, … with these clocks."""
    ticker = LoopTicker(asyncio.get_running_loop(), clock_of=lambda account: clocks[account], heartbeat=heartbeat)
    if started:
        ticker.start(ring=bells.ring, keep_up=bells.keep_up)
    try:
        yield ticker
    finally:
        ticker.stop()


@in_loop
async def test_it_rings_once_when_the_instant_has_come() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, clock) as ticker:
        instant = clock.now() + 40
        ticker.heard(0, instant)
        await bells.until(lambda: bool(bells.rung))
        late = clock.now() - instant
        assert 0 <= late < 1000
        ticker.heard(0, clock.now() + 20)
        await bells.until(lambda: len(bells.rung) > 1)
    assert bells.rung == [0, 0]


@in_loop
async def test_what_is_due_already_rings_at_once() -> None:
    bells = Bells()
    async with a_ticker(bells, Stopwatch()) as ticker:
        ticker.heard(0, -FAR)
        await bells.until(lambda: bells.rung == [0])


@in_loop
async def test_what_was_heard_before_the_start_rings_after_it() -> None:
    """The agenda of the last run is heard of before the emulator is up."""
    bells = Bells()
    async with a_ticker(bells, Stopwatch(), started=False) as ticker:
        ticker.heard(0, 0)
        await asyncio.sleep(0)
        assert bells.rung == []
        ticker.start(ring=bells.ring, keep_up=bells.keep_up)
        await bells.until(lambda: bells.rung == [0])


@in_loop
async def test_earlier_instant_wins_over_one_that_was_heard_before() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, clock) as ticker:
        ticker.heard(0, clock.now() + FAR)
        ticker.heard(0, clock.now() + 20)
        await bells.until(lambda: bells.rung == [0])


@in_loop
async def test_later_instant_does_not_put_off_an_earlier_one() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, clock) as ticker:
        ticker.heard(0, clock.now() + 20)
        ticker.heard(0, clock.now() + FAR)
        await bells.until(lambda: bells.rung == [0])


@pytest.mark.parametrize("before", ["manual", "real"])
@in_loop
async def test_what_is_forgotten_and_heard_again_rings_by_the_clock_as_it_goes_now(before: Mode) -> None:
    """The clock of an account was set: the alarm for the same instant is another one."""
    bells, clock = Bells(), AccountClock(Stopwatch())
    clock.set(before, instant=0)
    async with a_ticker(bells, clock) as ticker:
        ticker.heard(0, FAR)
        await asyncio.sleep(0)
        clock.set("scaled", rate=1_000_000, instant=0)
        ticker.forget(0)
        ticker.heard(0, FAR)
        await bells.until(lambda: bells.rung == [0])


@in_loop
async def test_what_is_forgotten_does_not_ring() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, clock, clock) as ticker:
        ticker.heard(0, clock.now() + 10)
        ticker.heard(1, clock.now() + 30)
        ticker.forget(0)
        ticker.forget(0)
        await bells.until(lambda: bool(bells.rung))
    assert bells.rung == [1]


@in_loop
async def test_each_account_rings_by_its_own_clock() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, clock, clock, clock) as ticker:
        ticker.heard(2, clock.now() + 60)
        ticker.heard(1, clock.now() + 20)
        ticker.heard(0, clock.now() + FAR)
        await bells.until(lambda: len(bells.rung) == 2)
    assert bells.rung == [1, 2]


@in_loop
async def test_nothing_rings_on_a_clock_that_stands_still() -> None:
    bells, manual, running = Bells(), ManualClock(1000), Stopwatch()
    async with a_ticker(bells, manual, running) as ticker:
        ticker.heard(0, 1001)
        ticker.heard(1, running.now() + 30)
        await bells.until(lambda: bool(bells.rung))
        assert bells.rung == [1]
        manual.move_to(1001)
        ticker.heard(0, 1001)
        ticker.heard(1, running.now())
        await bells.until(lambda: sorted(bells.rung) == [0, 1, 1])


@in_loop
async def test_ring_that_storage_failed_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    bells = Bells()

    def full_once(_account: int) -> None:
        if len(bells.rung) == 1:
            raise StorageFailed("the disk is full", hint="make room")

    bells.trouble = full_once
    async with a_ticker(bells, Stopwatch(), heartbeat=0.02) as ticker:
        ticker.heard(0, 0)
        await bells.until(lambda: bells.rung == [0, 0])
    assert [(record.levelno, record.message) for record in caplog.records if record.name == "plum_emulator"] == [
        (logging.ERROR, "the disk is full; make room; trying again in a second")
    ]


@in_loop
async def test_account_whose_ring_fails_holds_back_no_other(caplog: pytest.LogCaptureFixture) -> None:
    bells = Bells()

    def broken(account: int) -> None:
        if account == 0:
            raise ZeroDivisionError

    bells.trouble = broken
    clock = Stopwatch()
    async with a_ticker(bells, clock, clock, heartbeat=0.02) as ticker:
        ticker.heard(0, 0)
        ticker.heard(1, 0)
        await bells.until(lambda: bells.rung.count(0) >= 2 and 1 in bells.rung)
    assert bells.rung.count(1) == 1
    assert "Traceback" in caplog.text


@in_loop
async def test_keep_up_is_called_again_and_again() -> None:
    bells = Bells()
    async with a_ticker(bells, Stopwatch(), heartbeat=0.01):
        await bells.until(lambda: bells.beats >= 3)


@in_loop
async def test_nothing_rings_after_the_stop() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, clock, heartbeat=0.01) as ticker:
        ticker.heard(0, clock.now() + 20)
    beats = bells.beats
    ticker.heard(0, 0)
    await asyncio.sleep(0.05)  # five heartbeats: that nothing comes has no event to wait for
    assert (bells.rung, bells.beats) == ([], beats)


def test_a_stop_in_the_same_turn_as_the_alarm_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """However close the stop is to the alarm: the loop was busy, and finds both due when it comes to them."""

    async def stop_with_the_alarm() -> None:
        loop = asyncio.get_running_loop()
        ticker = LoopTicker(loop, clock_of=lambda _account: Stopwatch())
        ticker.start(ring=lambda _account: None, keep_up=lambda: None)
        ticker.heard(0, 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the alarm is set, for some milliseconds from now
        loop.call_later(0.001, ticker.stop)
        busy = time.monotonic()
        while time.monotonic() - busy < 0.03:
            pass

    for _ in range(5):
        asyncio.run(stop_with_the_alarm())
    assert caplog.records == []


@in_loop
async def test_other_threads_may_tell_it() -> None:
    bells, clock = Bells(), Stopwatch()
    async with a_ticker(bells, *[clock] * 50) as ticker:

        def tell() -> None:
            for account in range(50):
                ticker.heard(account, clock.now() + account % 5)

        await asyncio.gather(*(asyncio.to_thread(tell) for _ in range(4)))
        await bells.until(lambda: set(bells.rung) == set(range(50)))
