"""Full-text search over bodies: by the beginnings of words, whatever else is asked."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.house import House
from helpers.laws import examples
from plum_emulator.model.listings import LogFilter, Part
from plum_emulator.model.messages import Draft
from plum_emulator.store.store import Store


def found(house: House, words: str) -> list[str]:
    """The bodies that a search finds, newest first."""
    return [
        message.body for message in house.platform.log(house.account, limit=100, filter=LogFilter(words=words)).rows
    ]


@pytest.fixture
def talk(house: House) -> House:
    for body in ("Your code is 4711", "Café au lait, s'il vous plaît", "Code: 0815!", "Über die Brücke", "日本語 text"):
        house.queue(body)
        house.clock.move_to(house.clock.now() + 1)
    return house


@pytest.mark.parametrize(
    ("words", "bodies"),
    [
        ("code", ["Code: 0815!", "Your code is 4711"]),
        ("cod", ["Code: 0815!", "Your code is 4711"]),
        ("ode", []),
        ("CODE", ["Code: 0815!", "Your code is 4711"]),
        ("code 47", ["Your code is 4711"]),
        ("47 code", ["Your code is 4711"]),
        ("code 99", []),
        ("cafe", ["Café au lait, s'il vous plaît"]),
        ("CAFÉ plait", ["Café au lait, s'il vous plaît"]),
        ("uber bruck", ["Über die Brücke"]),
        ("日本語", ["日本語 text"]),
        ("0815!", ["Code: 0815!"]),
        ("is-4711", ["Your code is 4711"]),
        ("  code \t your\n", ["Your code is 4711"]),
        ("code !!!", ["Code: 0815!", "Your code is 4711"]),
    ],
)
def test_search_finds_messages_with_words_that_begin_so(talk: House, words: str, bodies: list[str]) -> None:
    assert found(talk, words) == bodies


@pytest.mark.parametrize(
    ("words", "bodies"),
    [
        ('"', []),
        ('"code', ["Code: 0815!", "Your code is 4711"]),
        ('co"de', []),
        ("'; DROP TABLE messages; --", []),
        ("code OR lait", []),
        ("code AND your", []),
        ("code NOT your", []),
        ("NEAR(code your)", []),
        ("body:code", []),
        ("{body}:code", []),
        ("^code", ["Code: 0815!", "Your code is 4711"]),
        ("-code", ["Code: 0815!", "Your code is 4711"]),
        ("co*", ["Code: 0815!", "Your code is 4711"]),
        ("*", []),
        ("()", []),
        ("\\", []),
        ("code\0your", ["Your code is 4711"]),
        ("\U0001f600", []),
        (" ".join(["code"] * 2000), ["Code: 0815!", "Your code is 4711"]),
        ("x" * 100_000, []),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_signs_of_the_query_language_are_plain_text(talk: House, words: str, bodies: list[str]) -> None:
    assert found(talk, words) == bodies


@pytest.mark.parametrize("words", ["", " ", "\t\n", "\0", " \0 "], ids=repr)
def test_search_for_no_word_finds_everything(talk: House, words: str) -> None:
    assert len(found(talk, words)) == 5


def test_search_is_read_page_by_page(talk: House) -> None:
    log = talk.platform.log
    (first,) = log(talk.account, limit=1, filter=LogFilter(words="code")).rows
    (second,) = log(talk.account, limit=1, filter=LogFilter(words="code"), before=first.sms_message_id).rows
    assert [first.body, second.body] == ["Code: 0815!", "Your code is 4711"]
    assert log(talk.account, limit=1, filter=LogFilter(words="code"), before=second.sms_message_id).rows == []


def test_new_messages_are_found_at_once(talk: House) -> None:
    assert found(talk, "fresh") == []
    talk.queue("fresh")
    talk.receive("Fresh too")
    assert found(talk, "fresh") == ["Fresh too", "fresh"]


def test_search_goes_on_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.queue("one needle")
    assert found(house, "needle") == ["one needle"]
    house.queue("two needles")
    house = house.reopened()
    assert found(house, "needle") == ["two needles", "one needle"]
    house.emulator.snapshots.reset(house.account)
    assert found(house, "needle") == []
    with house.reopened() as again:
        again.queue("three needles")
        assert found(again, "needle") == ["three needles"]


def test_many_messages_are_indexed_little_by_little() -> None:
    """Nobody waits long for the database while a large log is indexed."""
    with House() as house:
        with house.store.transaction():
            for n in range(5000):
                draft = Draft(type="outbound", to="12125550123", from_="16175550100", body=f"number {n}")
                house.store.messages.insert(draft, account=1, sms_message_id=f"{n:032x}", at=n)
        with house.store.transaction():
            house.store.messages.index_some()
            assert house.store.messages.unindexed()
        assert found(house, "4999") == ["number 4999"]
        assert not house.store.messages.unindexed()


def test_bodies_are_indexed_in_a_quiet_moment(house: House) -> None:
    def behind() -> bool:
        with house.store.reading():
            return house.store.messages.unindexed()

    house.queue("one")
    house.store.keep_up()
    assert behind(), "messages have just come"
    house.store.keep_up()
    assert not behind()


WORDS = st.text(string.ascii_letters, min_size=1, max_size=3)
TEXTS = st.lists(WORDS, max_size=5).map(" ".join)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with House() as house:
        yield house.store


@examples(60)
@given(bodies=st.lists(TEXTS, max_size=6), asked=st.lists(WORDS, min_size=1, max_size=3), middle=st.integers(0, 6))
@example(bodies=["a b", "a"], asked=["A"], middle=1)
def test_search_finds_what_a_plain_look_at_every_body_finds(
    store: Store, bodies: list[str], asked: list[str], middle: int
) -> None:
    with store.transaction():
        store.messages.delete_all(1)
    for n, body in enumerate(bodies):
        with store.transaction():
            draft = Draft(type="outbound", to="12125550123", from_="16175550100", body=body)
            store.messages.insert(draft, account=1, sms_message_id=f"{n:032x}", at=n)
        if n == middle:
            store.index_bodies()
    store.index_bodies()
    with store.reading():
        newest = store.search.page(1, LogFilter(words=" ".join(asked)), Part(limit=100)).rows
    assert [message.body for message in newest] == [
        body
        for body in reversed(bodies)
        if all(any(word.lower().startswith(begin.lower()) for word in body.split()) for begin in asked)
    ]
