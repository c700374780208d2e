"""The operations: each on one account, each told of when it has been done."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, PCI, RESULTS, STRANGER, House
from helpers.tables import tables
from plum_emulator.engine.feed import Feed
from plum_emulator.errors import NotFound, NotPossible, Refusal
from plum_emulator.model.accounts import Number
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.listings import Conversation, Listing, LogFilter, Page
from plum_emulator.model.messages import Message

HOUR = 3_600_000
REPLY = b"<reply><sms_message>answer</sms_message></reply>"


def with_a_past(house: House) -> list[Message]:
    """Something of everything in both accounts."""
    house.platform.set_application(house.account, MINE, "http://127.0.0.1:8000/changed")
    house.platform.set_application(house.second, OTHER, APPLICATION)
    house.transport.answer = lambda _request: Outcome(status=200, body=REPLY)
    messages = []
    for account in house.accounts:
        messages += house.queue("find me", account=account, url=RESULTS)
        messages.append(house.receive("STOP", from_=STRANGER, account=account))
        house.advance(1000)
        messages += house.queue("still queued", account=account, url=RESULTS)
    return messages


def test_reset_brings_the_account_back_to_its_seed_and_leaves_the_other_alone(house: House) -> None:
    fresh = tables(house)
    with_a_past(house)
    second = {name: rows for name, rows in of(house.second.id, house).items() if rows}
    house.emulator.snapshots.reset(house.account)
    assert of(house.account.id, house) == {name: mine(house.account.id, rows) for name, rows in fresh.items()}
    assert {name: rows for name, rows in of(house.second.id, house).items() if rows} == second
    assert house.account.numbers == {
        MINE: Number(number=MINE, application_url=APPLICATION),
        PCI: Number(number=PCI, pci=True),
    }
    assert (house.account.issued, house.account.exchanges) == (0, 0)


def of(account: int, house: House) -> dict[str, list[object]]:
    """The account's rows, without counts that it shares with others."""
    return {name: mine(account, rows) for name, rows in tables(house).items()}


def mine(account: int, rows: list[dict[str, object]]) -> list[object]:
    shared = {"seq", "id", "message", "in_reply_to"}
    return [
        {name: value for name, value in row.items() if name not in shared}
        for row in rows
        if row.get("account", row.get("id")) == account
    ]


def test_nothing_happens_any_more_after_a_reset(house: House) -> None:
    house.queue(url=RESULTS)
    house.receive("hello")
    house.emulator.snapshots.reset(house.account)
    house.advance(HOUR)
    assert (house.log(), house.transport.sent) == ([], [])


@pytest.mark.parametrize("status", [200, 500])
def test_request_that_was_out_during_a_reset_leaves_no_trace(house: House, status: int) -> None:
    house.queue(url=RESULTS)
    house.clock.move_to(NOW + 1000)
    house.receive("hello")
    house.worker.run_due(house.account.id)
    assert len(house.transport.waiting) == 2
    house.emulator.snapshots.reset(house.account)
    after_reset = tables(house)
    house.events.clear()
    house.transport.answer = lambda _request: Outcome(status=status, body=REPLY)
    house.transport.deliver()
    assert (tables(house), house.events) == (after_reset, [])
    (message,) = house.queue(url=RESULTS)
    house.advance(HOUR)
    assert house.callbacks(message)[-2:] == ["sent", "received"]


def test_reset_forgets_who_opted_out(house: House) -> None:
    house.receive("STOP")
    house.emulator.snapshots.reset(house.account)
    (message,) = house.queue()
    house.advance(HOUR)
    assert house.now(message).status == "received"


def test_ids_start_again_after_a_reset_when_they_are_repeatable(house: House) -> None:
    """The same operations give the same ids, whatever the other account does."""

    def story() -> list[str]:
        given = [message.sms_message_id for message in (*house.queue("a" * 200), house.receive("hello"))]
        house.emulator.snapshots.reset(house.account)
        return given

    first = story()
    house.queue(account=house.second)
    assert story() == first


def test_ids_go_on_after_a_reset_when_nobody_asked_for_the_same_ones() -> None:
    """An application must not meet an id twice."""
    with House(seed=None) as house:
        given = []
        for _ in range(3):
            given += [message.sms_message_id for message in house.queue("a" * 200)]
            house.emulator.snapshots.reset(house.account)
        assert len(set(given)) == len(given)


def test_searches_find_nothing_of_what_was_before_a_reset(house: House) -> None:
    house.queue("needle", account=house.second)
    house.queue("needle")
    assert len(house.platform.log(house.account, limit=10, filter=LogFilter(words="needle")).rows) == 1
    house.queue("needle unindexed")
    house.emulator.snapshots.reset(house.account)
    assert house.platform.log(house.account, limit=10, filter=LogFilter(words="needle")).rows == []
    house.queue("another needle")
    assert [m.body for m in house.platform.log(house.account, limit=10, filter=LogFilter(words="needle")).rows] == [
        "another needle"
    ]
    assert [m.body for m in house.platform.log(house.second, limit=10, filter=LogFilter(words="needle")).rows] == [
        "needle"
    ]


def test_no_operation_shows_or_touches_another_account(house: House) -> None:
    """Several accounts on one server never see each other's messages, in any service."""
    theirs, *_ = [message for message in with_a_past(house) if message.account == house.second.id]
    platform, me = house.platform, house.account
    everything = Listing()
    assert {m.account for m in platform.messages(me, everything)} == {me.id}
    assert platform.messages(me, Listing(number=OTHER)) == []
    assert platform.conversation(me, Conversation(account_number=OTHER, customer_number=HANDSET, page=everything)) == []
    assert {m.account for m in platform.log(me, limit=1000).rows} == {me.id}
    assert {m.account for m in platform.log(me, limit=1000, filter=LogFilter(words="find")).rows} == {me.id}
    assert {e.account for e in platform.exchanges(me, limit=1000).rows} == {me.id}
    with pytest.raises(Refusal):
        platform.message(me, theirs.sms_message_id)
    with pytest.raises(NotFound):
        platform.story(me, theirs.sms_message_id)
    with pytest.raises(NotFound):
        platform.log(me, limit=10, before=theirs.sms_message_id)
    with pytest.raises(NotFound):
        platform.receive(me, to=OTHER, from_=HANDSET, body="x")
    with pytest.raises(NotFound):
        platform.set_application(me, OTHER, "")
    assert house.second.numbers[OTHER].application_url == APPLICATION


def test_exchanges_of_unknown_logins_belong_to_nobody(house: House) -> None:
    with_a_past(house)
    assert house.platform.exchanges(None, limit=10).rows == []


def test_application_can_be_changed_and_taken_away(house: House) -> None:
    for url in ("http://127.0.0.1:9000/new?x=1", "/demo", ""):
        number = house.platform.set_application(house.account, MINE, url)
        assert number == house.account.numbers[MINE] == Number(number=MINE, application_url=url)
        with house.store.reading():
            assert house.store.accounts.load()[0].numbers[MINE] == number


@pytest.mark.parametrize(
    ("number", "url", "error"),
    [
        (MINE, "ftp://x/", "application_url: an http:// or https:// URL with a host was expected"),
        (PCI, APPLICATION, f"{PCI} is a PCI number, which cannot receive texts"),
        (OTHER, APPLICATION, f"{OTHER} is not a number of account 'username'"),
        ("12", APPLICATION, "number: '12' is not a phone number"),
    ],
)
def test_application_that_cannot_be_is_refused_with_a_hint(house: House, number: str, url: str, error: str) -> None:
    before = dict(house.account.numbers)
    with pytest.raises(NotPossible) as refused:
        house.platform.set_application(house.account, number, url)
    assert (refused.value.message, bool(refused.value.hint)) == (error, True)
    assert house.account.numbers == before


def told(house: House) -> list[tuple[str, str, int]]:
    """Every event so far: its kind, the text or status it speaks of, and its instant."""
    return [(event.kind, subject(event), event.at - NOW) for event in house.events]


def subject(event: Event) -> str:
    status = event.message.status if event.message else ""
    return str(event.data.get("body") or event.data.get("status") or status)


def test_watchers_are_told_of_everything_in_order(house: House) -> None:
    house.transport.answer = lambda _request: Outcome(status=200, body=REPLY)
    house.queue(url=RESULTS)
    house.receive("hello")
    house.advance(3000)
    house.receive("HELP")
    house.emulator.snapshots.reset(house.account)
    assert told(house) == [
        ("status", "queued", 0),
        ("status", "received", 0),
        ("answer", "received", 0),
        ("status", "queued", 0),
        ("status", "sent", 1000),
        ("status", "sent", 1000),
        ("callback", "sent", 1000),
        ("status", "received", 3000),
        ("status", "received", 3000),
        ("callback", "received", 3000),
        ("status", "received", 3000),
        ("text", "Reply STOP to unsubscribe. Msg&Data Rates May Apply", 3000),
        ("reset", "", 3000),
    ]


def test_what_watchers_are_told_is_committed(tmp_path: Path) -> None:
    """They read the file over a connection of their own, and find it."""
    found: list[bool] = []
    with House(tmp_path / "plum.db") as house, closing(sqlite3.connect(tmp_path / "plum.db")) as reader:

        def look(_number: int, event: Event) -> None:
            if event.kind == "status" and event.message:
                row = reader.execute(
                    "SELECT status FROM messages WHERE sms_message_id = ?", (event.message.sms_message_id,)
                ).fetchone()
                found.append(row == (event.message.status,))

        house.feed.watch(look)
        house.transport.answer = lambda _request: Outcome(status=200, body=REPLY)
        house.queue("x" * 200, url=RESULTS)
        house.advance(1000)
        house.receive("hello")
        house.advance(3000)
    assert found == [True] * 10


def test_watcher_that_fails_stops_neither_the_work_nor_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_number: int, _event: Event) -> None:
        raise ZeroDivisionError

    house.feed.watch(fail)
    later: list[Event] = []
    house.feed.watch(lambda _number, event: later.append(event))
    (message,) = house.queue(url=RESULTS)
    house.advance(HOUR)
    assert house.callbacks(message) == ["sent", "received"]
    assert later == house.events
    assert "ZeroDivisionError" in caplog.text


def event(at: int) -> Event:
    return Event(account=1, at=at, kind="reset")


def test_watcher_hears_of_what_happens_while_it_watches() -> None:
    feed, heard = Feed(), list[tuple[int, Event]]()
    end = feed.watch(lambda number, event: heard.append((number, event)))
    for at in (10, 20):
        feed.publish(event(at))
    end()
    feed.publish(event(30))
    assert heard == [(1, event(10)), (2, event(20))]
    assert feed.count == 3


def test_those_who_come_late_are_told_what_they_missed(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    house.queue(account=house.second)
    house.advance(1000)
    (first, *rest) = house.platform.missed(house.account, 0, limit=100)
    mine = [event for event in house.events if event.account == house.account.id]
    assert [event for _, event in (first, *rest)] == mine
    assert [event.message.status for event in mine if event.message] == ["queued", "sent", "sent"]
    assert house.platform.missed(house.account, first[0], limit=1) == rest[:1]
    assert house.platform.missed(house.account, rest[-1][0], limit=100) == []
    assert message.status == "queued"


def test_events_are_counted_on_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.queue()
    house.advance(3000)
    before = house.platform.missed(house.account, 0, limit=100)
    with house.reopened() as again:
        again.queue()
        after = again.platform.missed(again.account, 0, limit=100)
        assert after[:-1] == before
        assert after[-1][0] > before[-1][0]


def test_reset_forgets_the_events_of_the_account_and_of_no_other(house: House) -> None:
    for account in house.accounts:
        house.queue(account=account)
    theirs = house.platform.missed(house.second, 0, limit=100)
    house.emulator.snapshots.reset(house.account)
    assert [event.kind for _, event in house.platform.missed(house.account, 0, limit=100)] == ["reset"]
    assert house.platform.missed(house.second, 0, limit=100) == theirs


def test_watcher_may_end_its_own_watch_while_it_is_told() -> None:
    feed, heard = Feed(), list[int]()
    ends: list[Callable[[], None]] = []

    def once(number: int, _event: Event) -> None:
        heard.append(number)
        ends[0]()

    ends.append(feed.watch(once))
    for at in (10, 20):
        feed.publish(event(at))
    assert heard == [1]


def test_operations_of_many_threads_lose_and_mix_up_nothing(house: House) -> None:
    threads = [
        threading.Thread(target=lambda account=account: [house.receive(f"{n}", account=account) for n in range(25)])
        for account in (house.account, house.second)
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for account in house.accounts:
        messages = house.log(account)
        assert sorted(message.body for message in messages) == sorted([str(n) for n in range(25)] * 3)
        assert {message.account for message in messages} == {account.id}
    assert len({m.sms_message_id for account in house.accounts for m in house.log(account)}) == 150


def test_search_goes_on_past_what_is_another_accounts(house: House) -> None:
    """And neither shows a message of that account nor says its id."""
    (mine,) = house.queue("needle")
    theirs = [message for _ in range(4) for message in house.queue("needle", account=house.second)]
    needles = LogFilter(words="needle")
    pages = [house.platform.log(house.account, limit=10, filter=needles, through=2)]
    while pages[-1].more is not None:
        pages.append(house.platform.log(house.account, limit=10, filter=needles, through=2, before=pages[-1].more))
    assert [message for page in pages for message in page.rows] == [mine]
    marks = {mark for page in pages for mark in (page.more, page.newer)}
    assert marks.isdisjoint(message.sms_message_id for message in theirs)


@pytest.mark.parametrize("mark", ["1", "nobody's"])
@pytest.mark.parametrize("direction", ["before", "after"])
def test_log_is_not_read_on_from_where_nothing_is(house: House, mark: str, direction: str) -> None:
    with pytest.raises(NotFound):
        house.platform.log(house.account, limit=10, **{direction: mark})  # type: ignore[arg-type] # one of two strings


def test_log_is_read_in_both_directions(house: House) -> None:
    sent = [message for n in range(5) for message in house.queue(str(n))][::-1]
    log, account = house.platform.log, house.account
    first = log(account, limit=2)
    second = log(account, limit=2, before=first.more)
    third = log(account, limit=2, before=second.more)
    assert [first.rows, second.rows, third.rows] == [sent[:2], sent[2:4], sent[4:]]
    assert (first.newer, third.more) == (None, None)
    assert log(account, limit=2, after=third.newer).rows == second.rows
    assert log(account, limit=2, after=second.newer) == Page(rows=first.rows, more=first.more, newer=None)
