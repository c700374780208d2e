"""The one home of time: a clock that never goes back, and one that stands still."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plum_emulator.clock import Clock, ManualClock, RealClock, as_text, stopwatch

START = 1_700_000_000.0


@dataclass
class Machine:
    """A machine's two clocks: the time of day, which may be set, and the steady one, which may not."""

    wall: float = START
    steady: float = 50.0

    def pass_(self, seconds: float) -> None:
        """Time goes by."""
        self.wall += seconds
        self.steady += seconds

    def clock(self) -> RealClock:
        """The emulator's clock on this machine."""
        return RealClock(wall=lambda: self.wall, steady=lambda: self.steady)


def test_a_real_clock_tells_the_time_of_day_in_milliseconds() -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock.now() == 1_700_000_000_000
    machine.pass_(1.25)
    assert clock.now() == 1_700_000_001_250


def test_a_real_clock_does_not_go_back_when_the_machine_is_set_back() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall -= 3600
    assert clock.now() == 1_700_000_000_000
    machine.pass_(2)
    assert clock.now() == 1_700_000_002_000


def test_a_real_clock_catches_up_when_the_machine_is_set_forward_or_slept() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 3600
    assert clock.now() == 1_700_003_600_000
    machine.pass_(2)
    assert clock.now() == 1_700_003_602_000


def test_a_real_clock_that_caught_up_does_not_go_back_when_the_machine_is_set_right_again() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 3600
    clock.now()
    machine.wall -= 3600
    machine.pass_(1)
    assert clock.now() == 1_700_003_601_000


def test_a_real_clock_passes_over_a_small_step_of_the_machine() -> None:
    """Machines are set by a few milliseconds all the time; up to a second the steady clock counts."""
    machine = Machine()
    clock = machine.clock()
    machine.wall += 0.75
    assert clock.now() == 1_700_000_000_000


class Interrupted(float):
    """An instant at whose comparison another thread asks for the time: the worst moment."""

    clock: RealClock | None = None

    def __gt__(self, other: float) -> bool:
        clock, self.clock = self.clock, None
        if clock is not None:
            clock.now()
        return float(self) > other


def test_two_threads_that_catch_up_at_once_catch_up_once() -> None:
    machine = Machine()
    clock = machine.clock()
    interrupted = Interrupted(START + 3600)
    interrupted.clock = clock
    machine.wall = interrupted
    assert clock.now() == 1_700_003_600_000
    machine.pass_(1)
    assert clock.now() == 1_700_003_601_000


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(-1e5, 1e5)), max_size=20))
@settings(max_examples=100, deadline=None)
def test_a_real_clock_never_goes_back_whatever_is_done_to_the_machine(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = machine.clock()
    instants = [clock.now()]
    for seconds, change in steps:
        machine.pass_(seconds)
        machine.wall += change
        instants.append(clock.now())
        assert clock.now() / 1000 >= machine.wall - 1.01
    assert all(before <= after for before, after in itertools.pairwise(instants))


def test_the_clock_of_this_machine_runs() -> None:
    clock = RealClock()
    first = clock.now()
    assert first > 1_700_000_000_000
    assert clock.now() >= first


def test_a_real_clock_counts_the_seconds_until_an_instant() -> None:
    clock = Machine().clock()
    assert clock.seconds_until(1_700_000_002_500) == 2.5
    assert clock.seconds_until(1_700_000_000_000) == 0
    assert clock.seconds_until(0) == 0


def test_a_manual_clock_stands_still() -> None:
    clock = ManualClock(5000)
    assert [clock.now(), clock.now()] == [5000, 5000]


def test_a_manual_clock_moves_when_it_is_moved_but_not_back() -> None:
    clock = ManualClock(5000)
    clock.move_to(7000)
    assert clock.now() == 7000
    clock.move_to(6000)
    assert clock.now() == 7000


def test_an_instant_ahead_of_a_manual_clock_never_comes_by_itself() -> None:
    clock = ManualClock(5000)
    assert [clock.seconds_until(instant) for instant in (4999, 5000, 5001)] == [0, 0, None]


CLOCKS: list[Clock] = [Machine().clock(), ManualClock(1_700_000_000_000)]


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: type(clock).__name__)
def test_what_has_come_is_due_at_once_on_every_clock(clock: Clock) -> None:
    assert clock.now() == 1_700_000_000_000
    assert clock.seconds_until(clock.now()) == 0
    assert clock.seconds_until(clock.now() - 1) == 0


def test_a_stopwatch_counts_milliseconds_up() -> None:
    elapsed = stopwatch()
    first = elapsed()
    assert 0 <= first <= elapsed()


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (1_769_860_800_000, "2026-01-31T12:00:00.000Z"),
        (1_700_000_000_999, "2023-11-14T22:13:20.999Z"),
        (1_700_000_000_001, "2023-11-14T22:13:20.001Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_as_text_is_rfc_3339_in_utc(instant: int, text: str) -> None:
    assert as_text(instant) == text
