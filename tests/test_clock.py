"""The one home of time: a clock that never goes back, and one that stands still."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from plum_emulator.clock import (
    LATEST,
    RATE_MAX,
    AccountClock,
    Clock,
    ManualClock,
    Mode,
    RealClock,
    Timing,
    as_text,
    read_instant,
    read_timing,
    stopwatch,
    worktime,
)
from plum_emulator.errors import NotPossible

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
@examples(100)
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


def test_worktime_counts_what_this_thread_works_and_not_what_it_waits() -> None:
    """Another thread keeps the processor busy meanwhile; that is not this one's work."""
    used = worktime()

    def busy() -> None:
        own = worktime()
        while own() < 20:
            pass

    other = threading.Thread(target=busy)
    other.start()
    other.join()
    assert 0 <= used() < 10


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


MACHINE = 1_700_000_000_000
HOUR = 3_600_000


def an_account_clock() -> tuple[ManualClock, AccountClock]:
    """A machine's clock that is moved by hand, and an account's clock upon it."""
    machine = ManualClock(MACHINE)
    return machine, AccountClock(machine)


def test_clock_of_an_account_is_the_machines_until_it_is_set() -> None:
    machine, clock = an_account_clock()
    machine.move_to(MACHINE + 5)
    assert (clock.now(), clock.manual) == (MACHINE + 5, False)
    assert AccountClock(Machine().clock()).seconds_until(MACHINE + 1000) == 1.0


@pytest.mark.parametrize(
    ("mode", "rate", "instant", "start", "after_an_hour"),
    [
        ("real", 1.0, None, MACHINE, MACHINE + HOUR),
        ("real", 1.0, 5000, 5000, 5000 + HOUR),
        ("scaled", 60.0, None, MACHINE, MACHINE + 60 * HOUR),
        ("scaled", 0.5, 5000, 5000, 5000 + HOUR // 2),
        ("manual", 1.0, None, MACHINE, MACHINE),
        ("manual", 1.0, 5000, 5000, 5000),
        ("scaled", RATE_MAX, LATEST - 1, LATEST - 1, LATEST),
    ],
)
def test_clock_that_is_set_goes_on_in_its_way(
    mode: Mode, rate: float, instant: int | None, start: int, after_an_hour: int
) -> None:
    machine, clock = an_account_clock()
    clock.set(mode, rate=rate, instant=instant)
    assert clock.now() == start
    machine.move_to(MACHINE + HOUR)
    assert (clock.now(), clock.manual) == (after_an_hour, mode == "manual")


def test_real_clock_that_is_set_without_an_instant_is_the_time_of_day_again() -> None:
    machine, clock = an_account_clock()
    clock.set("manual", instant=5000)
    clock.set("real")
    machine.move_to(MACHINE + 1)
    assert (clock.now(), clock.timing) == (MACHINE + 1, Timing())


@pytest.mark.parametrize(
    ("mode", "rate", "seconds"), [("real", 1.0, 60.0), ("scaled", 60.0, 1.0), ("scaled", 0.5, 120.0)]
)
def test_seconds_until_an_instant_are_real_ones(mode: Mode, rate: float, seconds: float) -> None:
    _, clock = an_account_clock()
    clock.set(mode, rate=rate, instant=5000)
    assert [clock.seconds_until(instant) for instant in (4000, 5000, 65_000)] == [0.0, 0.0, seconds]


def test_manual_clock_of_an_account_does_not_get_to_an_instant_by_itself() -> None:
    """Not even to what is due: an advance lets it happen."""
    _, clock = an_account_clock()
    clock.set("manual", instant=5000)
    assert [clock.seconds_until(instant) for instant in (4000, 5000, 6000)] == [None] * 3


INSTANTS = st.integers(0, LATEST)
TIMINGS = st.tuples(
    st.sampled_from(["real", "scaled", "manual"]), st.floats(0.001, RATE_MAX), st.none() | st.integers(0, LATEST)
)


@given(st.lists(INSTANTS, max_size=20))
@examples(50)
def test_manual_clock_of_an_account_never_goes_back_wherever_it_is_moved(instants: list[int]) -> None:
    _, clock = an_account_clock()
    clock.set("manual", instant=HOUR)
    shown = HOUR
    for instant in instants:
        clock.move_to(instant)
        shown = max(shown, instant)
        assert clock.now() == shown


@given(TIMINGS, st.lists(st.integers(0, 10**9), max_size=20))
@examples(100)
def test_clock_never_goes_back_by_itself_nor_beyond_the_last_year(
    timing: tuple[Mode, float, int | None], steps: list[int]
) -> None:
    machine, clock = an_account_clock()
    clock.set(timing[0], rate=timing[1], instant=timing[2])
    shown = [clock.now()]
    for step in steps:
        machine.move_to(machine.now() + step)
        shown.append(clock.now())
    assert shown == sorted(shown)
    assert as_text(min(shown[-1], LATEST))[:4] <= "9999"


@given(TIMINGS, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**7))
@examples(100)
def test_clock_that_was_left_goes_on_from_what_it_showed(
    timing: tuple[Mode, float, int | None], before: int, away: int, after: int
) -> None:
    """What a snapshot keeps of a clock. Only the time of day has gone on meanwhile."""
    machine, clock = an_account_clock()
    clock.set(timing[0], rate=timing[1], instant=timing[2])
    machine.move_to(machine.now() + before)
    shown, left = clock.now(), clock.as_left()
    machine.move_to(machine.now() + away)
    again = AccountClock(machine)
    again.resume(left)
    is_time_of_day = timing[0] == "real" and timing[2] is None
    assert again.now() == (machine.now() if is_time_of_day else shown)
    clock.set(timing[0], rate=timing[1], instant=again.now())
    machine.move_to(machine.now() + after)
    assert again.now() == clock.now()


@given(TIMINGS)
@examples(50)
def test_timing_that_was_kept_is_the_same_clock_again(timing: tuple[Mode, float, int | None]) -> None:
    machine, clock = an_account_clock()
    clock.set(timing[0], rate=timing[1], instant=timing[2])
    again = AccountClock(machine, Timing(**clock.timing.as_dict()))
    machine.move_to(machine.now() + HOUR)
    assert again.now() == clock.now()


@pytest.mark.parametrize(
    ("text", "timing"),
    [
        ("real", Timing()),
        ("manual", Timing(mode="manual")),
        ("60x", Timing(mode="scaled", rate=60.0)),
        ("0.5x", Timing(mode="scaled", rate=0.5)),
        ("1000000x", Timing(mode="scaled", rate=1e6)),
        ("manual@2026-01-31T12:00:00Z", Timing(mode="manual", instant=1_769_860_800_000)),
        ("real@1970-01-01T00:00:00Z", Timing(instant=0)),
        ("2x@2026-01-31T13:00:00.250+01:00", Timing(mode="scaled", rate=2.0, instant=1_769_860_800_250)),
    ],
)
def test_clock_can_be_said_in_a_word(text: str, timing: Timing) -> None:
    assert read_timing(text) == timing


@pytest.mark.parametrize(
    "text", ["", "x", "60", "-1x", "0x", "0.0x", "1000001x", "1e3x", "infx", "\u0661x", "manual ", "Real", "60xx"]
)
def test_what_is_no_clock_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(NotPossible) as refused:
        read_timing(text)
    assert refused.value.message == f"{text!r} is not a clock"
    assert refused.value.hint == "there are: real, manual, 60x for sixty times as fast, and manual@2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "'' is not an instant", "write 2026-01-31T12:00:00Z"),
        ("yesterday", "'yesterday' is not an instant", "write 2026-01-31T12:00:00Z"),
        ("2026-02-30T12:00:00Z", "'2026-02-30T12:00:00Z' is not an instant", "write 2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00", "'2026-01-31T12:00:00' has no zone", "write 2026-01-31T12:00:00Z"),
        ("1969-12-31T23:59:59Z", "'1969-12-31T23:59:59Z' is out of range", "from 1970 to 9998"),
        ("9999-01-01T00:00:00Z", "'9999-01-01T00:00:00Z' is out of range", "from 1970 to 9998"),
        ("0001-01-01T00:00:00+14:00", "'0001-01-01T00:00:00+14:00' is out of range", "from 1970 to 9998"),
    ],
)
def test_what_is_no_instant_is_refused(text: str, message: str, hint: str) -> None:
    for read in (read_instant, lambda text: read_timing(f"manual@{text}")):
        with pytest.raises(NotPossible) as refused:
            read(text)
        assert (refused.value.message, refused.value.hint) == (message, hint)


@given(st.integers(0, LATEST - 1))
@examples(50)
def test_instant_comes_back_from_its_text(instant: int) -> None:
    assert read_instant(as_text(instant)) == instant
