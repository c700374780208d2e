"""The agenda and the opt-outs, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.house import House
from helpers.laws import examples
from plum_emulator.model.messages import Status
from plum_emulator.store.agenda import Agenda, Due, NewCallback
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.store import Store


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with House() as house:
        yield house.store


@pytest.fixture
def agenda(store: Store) -> Iterator[Agenda]:
    with store.transaction():
        store.agenda.delete_all(1)
        store.agenda.delete_all(2)
        yield store.agenda


def add(agenda: Agenda, due_at: int, *, account: int = 1, message: int = 1) -> None:
    agenda.add_statuses(account=account, message=message, statuses=[(due_at, "sent", None, None)])


def callback(message: int, status: Status, at: int) -> NewCallback:
    return NewCallback(account=1, message=message, status=status, at=at)


def instants(due: list[Due]) -> list[int]:
    return [row.due_at for row in due]


def test_row_is_due_when_its_instant_has_come(agenda: Agenda) -> None:
    agenda.add_statuses(account=1, message=7, statuses=[(100, "failed", "note", "why")])
    assert agenda.due(1, 99, limit=10) == []
    (due,) = agenda.due(1, 100, limit=10)
    assert due == Due(
        id=due.id, account=1, due_at=100, kind="status", message=7, status="failed", notification="note", reason="why"
    )
    assert agenda.due(2, 100, limit=10) == []


@examples(40)
@given(rows=st.lists(st.tuples(st.integers(1, 2), st.integers(0, 5)), max_size=12), now=st.integers(0, 5))
def test_rows_fall_due_by_instant_and_then_by_the_order_they_were_made_in(
    store: Store, rows: list[tuple[int, int]], now: int
) -> None:
    with store.transaction():
        for account in (1, 2):
            store.agenda.delete_all(account)
        for place, (account, due_at) in enumerate(rows):
            add(store.agenda, due_at, account=account, message=place)
        mine = sorted((due_at, place) for place, (account, due_at) in enumerate(rows) if account == 1)
        due = [(row.due_at, row.message) for row in store.agenda.due(1, now, limit=100)]
        assert due == [row for row in mine if row[0] <= now]
        assert store.agenda.due(1, now, limit=2) == store.agenda.due(1, now, limit=100)[:2]
        assert store.agenda.next_due(1) == (mine[0][0] if mine else None)


def test_row_that_is_in_hand_is_not_due_again_until_a_restart(agenda: Agenda) -> None:
    agenda.add_inbound(account=1, message=1, due_at=100)
    (due,) = agenda.due(1, 100, limit=10)
    agenda.take(due)
    assert (agenda.due(1, 1000, limit=10), agenda.next_due(1)) == ([], None)
    agenda.recover()
    assert agenda.due(1, 100, limit=10) == [due]


def test_row_that_is_tried_again_is_due_later_with_its_next_attempt(agenda: Agenda) -> None:
    agenda.add_inbound(account=1, message=1, due_at=100)
    (due,) = agenda.due(1, 100, limit=10)
    assert agenda.try_again(due, at=200)
    assert agenda.due(1, 199, limit=10) == []
    assert [(row.due_at, row.attempt) for row in agenda.due(1, 200, limit=10)] == [(200, 2)]


def test_row_is_struck_out_once(agenda: Agenda) -> None:
    add(agenda, 100)
    (due,) = agenda.due(1, 100, limit=10)
    assert [agenda.done(due), agenda.done(due), agenda.try_again(due, at=200)] == [True, False, False]
    assert agenda.next_due(1) is None


def test_callbacks_of_a_message_go_out_one_after_the_other(agenda: Agenda) -> None:
    first = agenda.add_callback(callback(1, "sent", 1))
    assert first is not None
    assert agenda.add_callback(callback(1, "failed", 2)) is None
    assert agenda.add_callback(callback(2, "sent", 2)) is not None
    agenda.recover()
    assert [(row.message, row.status) for row in agenda.due(1, 10, limit=10)] == [(1, "sent"), (2, "sent")]
    assert agenda.done(first)
    assert agenda.release_next(first, at=5) == 5
    assert [(row.message, row.status, row.due_at) for row in agenda.due(1, 10, limit=10)] == [
        (2, "sent", 2),
        (1, "failed", 5),
    ]
    assert agenda.release_next(first, at=6) is None


def test_end_of_a_request_never_strikes_out_a_row_that_was_made_later(agenda: Agenda) -> None:
    """A request may end after a reset, when its row has gone and others have come."""
    add(agenda, 100)
    (old,) = agenda.due(1, 100, limit=10)
    agenda.delete_all(1)
    add(agenda, 100)
    assert not agenda.done(old)
    assert len(agenda.due(1, 100, limit=10)) == 1


def test_what_comes_next_for_a_message_is_found_in_the_order_of_time(agenda: Agenda) -> None:
    """Whatever it waits for; and nothing of other messages, accounts or callbacks that are not its own."""
    first = agenda.add_callback(callback(7, "sent", 90))
    agenda.add_callback(callback(7, "received", 90))
    agenda.add_inbound(account=1, message=7, due_at=80)
    add(agenda, 200, message=7)
    (post,) = agenda.due(1, 80, limit=10)
    agenda.take(post)
    add(agenda, 100, message=8)
    add(agenda, 100, account=2, message=9)
    agenda.add_callback(callback(8, "sent", 90))
    assert first is not None
    assert [(due.kind, due.status, due.state) for due in agenda.of_message(1, 7, since=80)] == [
        ("inbound", None, "in hand"),
        ("callback", "sent", "in hand"),
        ("callback", "received", "behind"),
        ("status", "sent", "scheduled"),
    ]
    assert agenda.of_message(1, 10, since=0) == []


def test_opt_out_holds_for_one_number_and_one_handset_of_one_account(store: Store) -> None:
    opt_outs = store.opt_outs
    with store.transaction():
        opt_outs.opt_out(1, number="a", handset="b", at=1)
        opt_outs.opt_out(1, number="a", handset="b", at=2)
        assert opt_outs.has(1, number="a", handset="b")
        others = [(2, "a", "b"), (1, "b", "a"), (1, "a", "c")]
        assert not any(opt_outs.has(account, number=number, handset=handset) for account, number, handset in others)
        opt_outs.opt_out(2, number="a", handset="b", at=1)
        opt_outs.opt_in(1, number="a", handset="b")
        opt_outs.opt_in(1, number="a", handset="b")
        assert not opt_outs.has(1, number="a", handset="b")
        assert opt_outs.has(2, number="a", handset="b")
        opt_outs.delete_all(2)
        assert not opt_outs.has(2, number="a", handset="b")


def test_automatic_texts_are_kept_with_the_message_that_brought_them(store: Store) -> None:
    texts = [AutomaticText(message=n, handset="b", number="a", body=f"text {n}", at=n) for n in (1, 2)]
    with store.transaction():
        for text in texts:
            store.opt_outs.add_text(1, text)
        assert [store.opt_outs.texts_after(n) for n in (1, 2, 3)] == [[texts[0]], [texts[1]], []]
        store.opt_outs.delete_all(1)
        assert store.opt_outs.texts_after(1) == []
