"""Whatever falls due, the ticker has heard of: nothing waits on the agenda without an alarm."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from helpers.failing import Trap
from helpers.house import NOW, OTHER, RESULTS, House
from plum_emulator.errors import StorageFailed
from plum_emulator.model.exchanges import Outcome
from plum_emulator.settings import Settings

ORDINARY = [("queued", 0), ("sent", 1000), ("received", 3000)]


def ring_through(house: House) -> list[int]:
    """Move the clock from alarm to alarm, as the real ticker does, until there is none; the instants."""
    rung: list[int] = []
    pending: dict[int, int] = {}
    while True:
        for account, instant in house.ticker.heard_of:
            pending[account] = min(instant, pending.get(account, instant))
        house.ticker.heard_of.clear()
        if not pending:
            return rung
        account = min(pending, key=lambda account: (pending[account], account))
        house.clock.move_to(pending.pop(account))
        rung.append(house.clock.now() - NOW)
        house.worker.run_due(account)
        while house.transport.deliver():
            pass


def test_each_status_of_a_message_has_an_alarm(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    assert ring_through(house) == [1000, 3000]
    assert (house.history(message), house.callbacks(message)) == (ORDINARY, ["sent", "received"])


def test_message_without_a_future_needs_no_alarm(house: House) -> None:
    house.queue(to="12125550155")
    assert ring_through(house) == []


def test_text_to_an_application_has_an_alarm_at_once(house: House) -> None:
    house.transport.answer = lambda _request: Outcome(status=200, body=b"<reply><sms_message>a</sms_message></reply>")
    house.receive()
    assert ring_through(house) == [0, 1000, 3000]
    assert house.log()[-1].status == "received"


def test_text_that_arrives_in_another_account_has_an_alarm_there(house: House) -> None:
    house.platform.set_application(house.second, OTHER, RESULTS)
    house.queue("over", to=OTHER)
    assert ring_through(house) == [1000, 3000, 3000]
    assert len(house.transport.sent) == 1


def test_next_attempt_of_a_callback_has_an_alarm() -> None:
    with House(settings=Settings(callback_attempts=3, callback_backoff=10)) as house:
        house.transport.answer = lambda _request: Outcome(status=500)
        house.queue(to="12125550156", url=RESULTS)
        assert ring_through(house) == [1000, 11_000, 31_000]


def test_callback_that_waited_behind_another_has_an_alarm_when_that_has_ended(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    for instant in (1000, 3000):
        house.clock.move_to(NOW + instant)
        house.worker.run_due(house.account.id)
    house.clock.move_to(NOW + 8000)
    house.ticker.heard_of.clear()
    house.transport.deliver()
    assert ring_through(house) == [8000]
    assert house.callbacks(message) == ["sent", "received"]


def test_more_than_is_done_at_a_time_is_done_nevertheless(house: House) -> None:
    for _ in range(10):
        house.queue("x" * 160 * 60)
    ring_through(house)
    assert {message.status for message in house.log()} == {"received"}


def test_what_an_emulator_before_this_one_left_has_an_alarm(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    (message,) = house.queue(url=RESULTS)
    house.receive(account=house.second)
    with house.reopened() as again:
        assert ring_through(again) == [1000, 3000]
        assert again.history(message) == ORDINARY


def test_clock_that_goes_by_itself_again_has_its_alarms_again(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    house.make_manual()
    assert house.ticker.heard_of == []
    house.queue()
    assert house.ticker.heard_of == []
    house.platform.set_clock(house.account, "real", rate=1.0, instant=None)
    assert house.ticker.heard_of == [(house.account.id, NOW + 1000)]
    assert ring_through(house) == [1000, 3000]
    assert house.history(message) == ORDINARY


def test_what_was_restored_has_an_alarm_and_what_was_reset_has_none(house: House) -> None:
    house.queue()
    house.advance(500)
    house.emulator.snapshots.save(house.account, "a")
    house.advance(500)
    house.emulator.snapshots.restore(house.account, "a")
    assert house.ticker.heard_of == [(house.account.id, NOW + 1000)]
    house.emulator.snapshots.reset(house.account)
    assert house.ticker.heard_of == []


def test_clock_that_was_set_keeps_its_alarm_when_the_agenda_cannot_be_read_just_then() -> None:
    trap = Trap()
    with House(connect=trap.connect) as house:
        house.queue()
        statements = 0
        while not house.ticker.heard_of or house.ticker.heard_of[-1] == (house.account.id, NOW + 1000):
            statements += 1
            trap.arm(statements)
            with suppress(StorageFailed):
                house.platform.set_clock(house.account, "scaled", rate=2.0, instant=NOW)
            trap.disarm()
            assert house.ticker.heard_of, statements
        assert house.ticker.heard_of == [(house.account.id, NOW)], "rung for at once, and looked at then"
