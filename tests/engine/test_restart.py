"""Stopped or killed at any moment and started again on the same file, every accepted message still runs its course."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, RESULTS, SEEDS, House
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.listings import LogFilter
from plum_emulator.settings import Settings

ORDINARY = [("queued", 0), ("sent", 1000), ("received", 3000)]
HOUR = 3_600_000


@dataclass
class Machine:
    """Starts one emulator after the other."""

    folder: Path
    house: House
    started: int = 1

    def restart(self, *, kill: bool, **changes: object) -> House:
        """End the running emulator and start another one on what it left."""
        self.started += 1
        if kill:
            killed = self.house
            self.house = killed.after_a_kill(self.folder / f"{self.started}.db", **changes)
            killed.close()
        else:
            self.house = self.house.reopened(**changes)
        return self.house


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path, House(tmp_path / "1.db", settings=Settings(callback_attempts=2)))
    yield machine
    machine.house.close()


either_way = pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])


def go_to(house: House, milliseconds: int) -> None:
    """Let everything happen up to this instant, without answers to what is posted."""
    house.clock.move_to(NOW + milliseconds)
    for account in house.accounts:
        house.worker.run_due(account.id)


@either_way
@pytest.mark.parametrize("instant", [0, 1000, 2000, 3000])
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "request out"])
def test_message_runs_its_course_whenever_the_emulator_ends(
    machine: Machine, instant: int, answered: bool, kill: bool
) -> None:
    """No status is skipped or repeated, and a result URL that had not answered is told again."""
    (message,) = machine.house.queue(url=RESULTS)
    first = machine.house
    if answered:
        first.advance(instant)
    else:
        for moment in range(0, instant + 1, 500):
            go_to(first, moment)
    told = first.callbacks(message)
    house = machine.restart(kill=kill)
    house.advance(HOUR)
    assert house.history(message) == ORDINARY
    done = told if answered else []
    assert house.callbacks(message) == ["sent", "received"][len(done) :]
    assert house.ticker.heard_of or instant >= 3000


@either_way
def test_callback_that_waits_behind_another_goes_out_after_it(machine: Machine, kill: bool) -> None:
    (message,) = machine.house.queue(url=RESULTS)
    go_to(machine.house, 1000)
    go_to(machine.house, 3000)
    house = machine.restart(kill=kill)
    house.worker.run_due(house.account.id)
    assert house.callbacks(message) == ["sent"]
    house.transport.deliver()
    house.advance()
    assert house.callbacks(message) == ["sent", "received"]


@either_way
def test_attempts_of_a_callback_are_counted_over_a_restart(machine: Machine, kill: bool) -> None:
    machine.house.transport.answer = lambda _request: Outcome(status=500)
    (message,) = machine.house.queue(to="12125550156", url=RESULTS)
    machine.house.advance(1000)
    house = machine.restart(kill=kill)
    house.transport.answer = lambda _request: Outcome(status=500)
    house.advance(HOUR)
    story = house.platform.story(house.account, message.sms_message_id)
    assert [(exchange.attempt, exchange.at - NOW) for exchange in story.exchanges] == [(1, 1000), (2, 2000)]


@either_way
@pytest.mark.parametrize("out", [False, True], ids=["scheduled", "in hand"])
def test_text_that_was_not_answered_yet_is_posted_to_its_application_again(
    machine: Machine, out: bool, kill: bool
) -> None:
    message = machine.house.receive("hello")
    if out:
        go_to(machine.house, 0)
    house = machine.restart(kill=kill)
    house.transport.answer = lambda _request: Outcome(status=200, body=b"<reply><sms_message>a</sms_message></reply>")
    house.advance(HOUR)
    assert [request.url for request in house.transport.sent] == [APPLICATION]
    assert [(reply.body, reply.status) for reply in house.log()[1:]] == [("a", "received")]
    assert house.platform.story(house.account, message.sms_message_id).replies == house.log()[1:]


@either_way
def test_statuses_that_fell_due_meanwhile_have_their_planned_instants(machine: Machine, kill: bool) -> None:
    (message,) = machine.house.queue(url=RESULTS)
    house = machine.restart(kill=kill, now=NOW + HOUR)
    house.advance()
    assert (house.history(message), house.callbacks(message)) == (ORDINARY, ["sent", "received"])


@either_way
def test_everything_that_was_kept_is_there(machine: Machine, kill: bool) -> None:
    first = machine.house
    first.receive("STOP")
    first.queue("words to find")
    first.queue("of the second", account=first.second)
    first.platform.set_application(first.account, MINE, "http://127.0.0.1:8000/changed")
    first.advance(5000)
    kept = [first.log(account) for account in first.accounts]
    exchanges = first.platform.exchanges(first.account, limit=100).rows
    house = machine.restart(kill=kill)
    assert [house.log(account) for account in house.accounts] == kept
    assert house.platform.exchanges(house.account, limit=100).rows == exchanges
    assert [
        message.body for message in house.platform.log(house.account, limit=5, filter=LogFilter(words="words")).rows
    ] == ["words to find"]
    assert house.account.numbers[MINE].application_url == "http://127.0.0.1:8000/changed"
    (message,) = house.queue()
    house.advance(HOUR)
    assert house.now(message).status == "undelivered"


@either_way
def test_no_id_is_given_twice(machine: Machine, kill: bool) -> None:
    given = [message.sms_message_id for message in machine.house.queue("x" * 400)]
    for _ in range(3):
        given += [message.sms_message_id for message in machine.restart(kill=kill).queue("x" * 400)]
    assert len(set(given)) == len(given) == 12


def test_ids_go_on_where_they_were_after_a_stop(machine: Machine) -> None:
    """The same operations give the same ids, with or without a restart between them."""
    with House() as other:
        expected = [message.sms_message_id for _ in range(4) for message in other.queue()]
    first = [message.sms_message_id for _ in range(2) for message in machine.house.queue()]
    machine.restart(kill=False)
    assert first + [message.sms_message_id for _ in range(2) for message in machine.house.queue()] == expected


def test_request_that_a_kill_kept_from_the_journal_is_not_mixed_up_with_a_later_one(machine: Machine) -> None:
    """The journal is written behind; a message still knows by which request it was made."""
    machine.house.queue()
    machine.house.queue()
    house = machine.restart(kill=True)
    assert house.platform.next_exchange(house.account) == 3


def without_number() -> list[Seed]:
    return [Seed(username="username", password="password", numbers=(Number(number="16175550102"),)), SEEDS[1]]


def moved_to_second() -> list[Seed]:
    taken = Number(number=MINE, application_url="http://127.0.0.1:8000/seconds")
    return [without_number()[0], Seed(username="second", password="secret", numbers=(*SEEDS[1].numbers, taken))]


@pytest.mark.parametrize("seeds", [without_number, moved_to_second])
def test_text_to_a_number_that_the_account_has_no_longer_is_posted_nowhere(
    machine: Machine, seeds: Callable[[], list[Seed]]
) -> None:
    """A new accounts file must not stop what else is on the agenda."""
    machine.house.receive("hello")
    (message,) = machine.house.queue(url=RESULTS)
    house = machine.restart(kill=False, seeds=seeds())
    house.advance(HOUR)
    assert [request.url for request in house.transport.sent] == [RESULTS, RESULTS]
    inbound, outbound = house.log()
    assert inbound.reason == "the number has no Application URL, so nothing was posted"
    assert house.history(outbound) == house.history(message) == ORDINARY


def test_number_that_moved_takes_its_texts_to_its_new_account(machine: Machine) -> None:
    house = machine.restart(kill=False, seeds=moved_to_second())
    house.queue("over", to=MINE, from_=OTHER, account=house.second)
    house.receive("hello", to=MINE, account=house.second)
    house.advance(3000)
    assert [(m.type, m.to, m.from_) for m in house.log(house.second)] == [
        ("outbound", MINE, OTHER),
        ("inbound", MINE, HANDSET),
        ("inbound", MINE, OTHER),
    ]
    assert house.log() == []
