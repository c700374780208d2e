"""The Nth SQL statement fails, for every N: an operation leaves all of its rows or none, and can be done again."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from helpers.failing import Trap
from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, RESULTS, House
from helpers.tables import tables
from plum_emulator.errors import StorageFailed
from plum_emulator.model.exchanges import Exchange, Outcome
from plum_emulator.model.listings import LogFilter
from plum_emulator.settings import Settings

Step = Callable[["Shaky"], None]


@dataclass
class Shaky:
    """A house on a database that can be made to fail."""

    trap: Trap = field(default_factory=Trap)
    turn: list[Callable[[], None]] = field(default_factory=list)
    house: House = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(callback_attempts=2)
        self.house = House(connect=self.trap.connect, soon=self.turn.append, settings=settings)

    def queue(self, body: str = "hello", *, to: str = HANDSET, url: str = RESULTS) -> None:
        """What the server does: no answer leaves before the message is committed."""
        kept: list[bool] = []
        try:
            self.house.queue(body, to=to, url=url)
            self.house.platform.when_kept(kept.append)
        finally:
            self.end_turn()
        if kept != [True]:
            raise StorageFailed("not kept")

    def end_turn(self) -> None:
        while self.turn:
            self.turn.pop(0)()

    def deliver(self) -> None:
        """Let everything be answered that waits."""
        self.house.transport.deliver()
        self.end_turn()

    def advance(self, milliseconds: int) -> None:
        """Move the clock, a little at a time, and let everything happen on the way."""
        for _ in range(0, milliseconds, 1000):
            self.house.advance(1000)
            self.end_turn()

    def note_a_request(self) -> None:
        """A request that is in the journal only in memory yet."""
        house = self.house
        house.platform.note(
            Exchange(
                account=house.account.id,
                n=house.platform.next_exchange(house.account),
                at=NOW,
                direction="in",
                operation="status",
                method="GET",
                url="/ws/sms/status.json",
                request_headers=(),
                request_body=b"\xff",
                status=200,
                response_headers=(),
                response_body=b"{}",
                duration_ms=0.0,
                outcome="ok",
            )
        )

    def go_to(self, milliseconds: int) -> None:
        """Let everything happen up to this instant, without answers to what is posted."""
        self.house.clock.move_to(NOW + milliseconds)
        for account in self.house.accounts:
            self.house.worker.run_due(account.id)


@pytest.fixture
def shaky() -> Iterator[Shaky]:
    with prepared(nothing) as shaky:
        yield shaky


@contextmanager
def prepared(prepare: Step) -> Iterator[Shaky]:
    """A house to which this has happened, quietly."""
    shaky = Shaky()
    try:
        prepare(shaky)
        shaky.end_turn()
        shaky.house.transport.sent.clear()
        shaky.house.events.clear()
        yield shaky
    finally:
        shaky.trap.disarm()
        shaky.house.close()


def busy(shaky: Shaky) -> None:
    """A house with something in every table."""
    house = shaky.house
    house.platform.set_application(house.account, MINE, "http://127.0.0.1:8000/changed")
    house.receive("STOP", from_="13105550111")
    shaky.queue("first")
    shaky.go_to(3000)
    shaky.note_a_request()


REPLY = f"""<reply><sms_message result_url="{RESULTS}">{"a" * 200}</sms_message><sms_message to="1">bad</sms_message>
<sms_message to="{OTHER}">over</sms_message></reply>""".encode()


def answered_inbound(shaky: Shaky) -> None:
    shaky.house.transport.answer = lambda _request: Outcome(status=200, body=REPLY)
    shaky.house.receive("hello")
    shaky.go_to(0)


def callback_out(shaky: Shaky, *, status: int, instant: int) -> None:
    shaky.house.transport.answer = lambda _request: Outcome(status=status)
    shaky.queue()
    shaky.go_to(instant)


def two_queued(shaky: Shaky) -> None:
    shaky.queue()
    shaky.queue("STOP", to=OTHER)
    shaky.house.platform.set_application(shaky.house.second, OTHER, APPLICATION)
    shaky.house.clock.move_to(NOW + 1000)


def two_sent(shaky: Shaky) -> None:
    two_queued(shaky)
    shaky.go_to(1000)
    shaky.house.clock.move_to(NOW + 3000)


def nothing(_shaky: Shaky) -> None:
    pass


RAISING: dict[str, tuple[Step, Step]] = {
    "queue one part": (busy, lambda shaky: shaky.queue()),
    "queue the first of all": (nothing, lambda shaky: shaky.queue()),
    "queue three parts": (busy, lambda shaky: shaky.queue("x" * 321)),
    "queue to a landline": (busy, lambda shaky: shaky.queue(to="12125550153")),
    "receive": (busy, lambda shaky: ignore(shaky.house.receive("hello"))),
    "receive STOP": (busy, lambda shaky: ignore(shaky.house.receive("STOP"))),
    "receive START": (busy, lambda shaky: ignore(shaky.house.receive("START", from_="13105550111"))),
    "two are sent": (two_queued, lambda shaky: shaky.house.worker.run_due(1)),
    "both arrive, one in the other account": (two_sent, lambda shaky: shaky.house.worker.run_due(1)),
    "an inbound message goes out": (
        lambda shaky: ignore(shaky.house.receive("hello")),
        lambda shaky: shaky.house.worker.run_due(1),
    ),
    "reset": (busy, lambda shaky: shaky.house.emulator.snapshots.reset(shaky.house.account)),
    "set the application": (
        busy,
        lambda shaky: ignore(shaky.house.platform.set_application(shaky.house.account, MINE, "http://127.0.0.1/new")),
    ),
    "recover": (busy, lambda shaky: shaky.house.worker.recover()),
    "index bodies": (busy, lambda shaky: shaky.house.store.index_bodies()),
    "keep up": (busy, lambda shaky: shaky.house.store.keep_up()),
    "give back ids": (busy, lambda shaky: shaky.house.platform.close()),
    "search": (
        busy,
        lambda shaky: ignore(
            shaky.house.platform.log(shaky.house.account, limit=10, filter=LogFilter(words="first")).rows
        ),
    ),
    "look at the journal": (
        busy,
        lambda shaky: ignore(shaky.house.platform.exchanges(shaky.house.account, limit=10).rows),
    ),
}


def ignore(_value: object) -> None:
    """Leave out what an operation gives back."""


def memory(shaky: Shaky) -> list[object]:
    """What is kept beside the tables, and must agree with them."""
    return [account.numbers for account in shaky.house.accounts]


def in_tables(shaky: Shaky) -> list[object]:
    with shaky.house.store.reading():
        return [account.numbers for account in shaky.house.store.accounts.load()]


def ids_are_safe(house: House) -> bool:
    """No id that was given can be given again, not even after a kill at this moment."""
    with house.store.reading():
        reserved = {account.username: account.reserved for account in house.store.accounts.load()}
    for account in house.accounts:
        count_of = {house.ids.message_id(account.username, n): n for n in range(1, account.issued + 1)}
        counts = [count_of[message.sms_message_id] for message in house.log(account)]
        if max(counts, default=0) > reserved[account.username] or account.issued < max(counts, default=0):
            return False
    return True


@pytest.mark.parametrize("name", RAISING)
def test_operation_is_done_whole_or_not_at_all_and_can_be_done_again(name: str) -> None:
    prepare, run = RAISING[name]
    with prepared(prepare) as clean, prepared(prepare) as shaky:
        run(clean)
        before, kept = tables(shaky.house, incoming=False), memory(shaky)
        n = 1
        while fails_at(n, shaky, run):
            assert tables(shaky.house, incoming=False) == before
            assert (memory(shaky), in_tables(shaky)) == (kept, kept)
            assert outside(shaky) == ([], [])
            assert ids_are_safe(shaky.house)
            n += 1
        assert not shaky.trap.sprung, "the operation went on as if nothing had happened"
        assert n > 1
        assert tables(shaky.house) == tables(clean.house)
        assert memory(shaky) == in_tables(shaky) == memory(clean)
        assert outside(shaky) == outside(clean)
        assert ids_are_safe(shaky.house)


def fails_at(n: int, shaky: Shaky, run: Step) -> bool:
    """Whether the operation says that it failed, when its nth statement does."""
    shaky.trap.arm(n)
    try:
        run(shaky)
    except StorageFailed:
        assert shaky.trap.sprung
        return True
    finally:
        shaky.trap.disarm()
    return False


def outside(shaky: Shaky) -> tuple[list[str], list[str]]:
    """What others have seen: the requests that went out, and the events."""
    return [request.url for request in shaky.house.transport.sent], [event.kind for event in shaky.house.events]


SETTLING: dict[str, Step] = {
    "a callback has ended": lambda shaky: callback_out(shaky, status=200, instant=1000),
    "a callback has ended and the next one waits": lambda shaky: callback_out(shaky, status=200, instant=3000),
    "a callback has failed and is tried again": lambda shaky: callback_out(shaky, status=500, instant=1000),
    "an application has answered": answered_inbound,
}


@pytest.mark.parametrize("name", SETTLING)
def test_what_came_of_a_request_is_kept_once_and_tried_again_until_it_is(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "plum_emulator")
    with prepared(SETTLING[name]) as clean, prepared(SETTLING[name]) as shaky:
        clean.note_a_request()
        clean.deliver()
        after = tables(clean.house, incoming=False)
        shaky.note_a_request()
        before = tables(shaky.house, incoming=False)
        n = 1
        shaky.trap.arm(n)
        shaky.deliver()
        while shaky.trap.sprung:
            now = tables(shaky.house, incoming=False)
            assert now in (before, after)
            assert bool(shaky.house.events) == (now == after)
            assert ids_are_safe(shaky.house)
            n += 1
            shaky.trap.arm(n)
            shaky.house.worker.keep_up()
            shaky.end_turn()
        shaky.trap.disarm()
        assert n > 3
        assert tables(shaky.house) == tables(clean.house)
        assert outside(shaky) == outside(clean)


FULL = "the database could not be used: database or disk is full; is the disk full, or the file gone?"


def test_all_of_a_group_are_refused_when_its_commit_fails(shaky: Shaky, caplog: pytest.LogCaptureFixture) -> None:
    """One commit serves all messages that come in one turn of the loop, and no answer leaves before it."""
    house, answers = shaky.house, list[bool]()
    for body in ("one", "two"):
        house.queue(body)
        house.platform.when_kept(answers.append)
    assert answers == []
    shaky.trap.arm(1)
    shaky.end_turn()
    assert (answers, house.log(), house.events) == ([False, False], [], [])
    assert [record.message for record in caplog.records] == [f"{FULL}; what was to be kept is refused"]
    shaky.queue("three")
    assert [message.body for message in house.log()] == ["three"]


def test_all_of_a_group_are_kept_by_one_commit(shaky: Shaky) -> None:
    house, answers = shaky.house, list[bool]()
    for body in ("one", "two"):
        house.queue(body)
        house.platform.when_kept(answers.append)
    assert (answers, house.events) == ([], [])
    shaky.end_turn()
    assert (answers, [message.body for message in house.log()]) == ([True, True], ["one", "two"])
    assert [event.kind for event in house.events] == ["status", "status"]
    assert not house.platform.when_kept(answers.append), "nothing is left to wait for"


@pytest.mark.parametrize("n", range(1, 12))
def test_emulator_goes_on_when_a_full_disk_has_room_again(
    shaky: Shaky, n: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "plum_emulator")
    house = shaky.house
    house.transport.answer = lambda _request: Outcome(status=200, body=b"<reply><sms_message>a</sms_message></reply>")
    shaky.trap.arm(n, for_good=True)
    steps: list[Callable[[], object]] = [shaky.queue, house.receive, lambda: shaky.go_to(1000)]
    for operation in (*steps, shaky.deliver, house.worker.keep_up):
        with suppress(StorageFailed):
            operation()
    shaky.trap.disarm()
    house.worker.keep_up()
    shaky.advance(60_000)
    assert {message.status for message in house.log()} <= {"received"}
    assert tables(house)["agenda"] == []
    shaky.queue()
    shaky.advance(60_000)
    assert house.log()[-1].status == "received"


def test_failure_in_words_says_what_to_look_at(shaky: Shaky) -> None:
    shaky.trap.arm(1)
    with pytest.raises(StorageFailed) as failed:
        shaky.house.receive("hello")
    assert (failed.value.message, failed.value.hint) == (
        "the database could not be used: database or disk is full",
        "is the disk full, or the file gone?",
    )
    assert isinstance(failed.value.__cause__, sqlite3.OperationalError)
