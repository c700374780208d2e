"""The journal is written behind the work, and nothing in it is lost, repeated or mixed up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.failing import Trap
from helpers.house import House
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.listings import ExchangeFilter

EXCHANGE = Exchange(
    account=1,
    n=1,
    at=1_700_000_000_000,
    direction="in",
    operation="queue",
    method="POST",
    url="/ws/sms/queue.json?a=b=c&d=\xe9",
    request_headers=(("Host", "127.0.0.1"), ("X-Twice", "1"), ("X-Twice", "ü")),
    request_body=b"to=1&body=\xff\x00\xfe",
    status=200,
    response_headers=(("Content-Type", "application/json"),),
    response_body=b'{"status":"success"}',
    duration_ms=1.25,
    outcome="ok",
)


def page(house: House, *, before: int | None = None, operation: str | None = None, limit: int = 50) -> list[Exchange]:
    asked = ExchangeFilter(operation=operation)
    return house.platform.exchanges(house.account, limit=limit, before=before, filter=asked).rows


def numbers(exchanges: list[Exchange]) -> list[int]:
    return [exchange.n for exchange in exchanges]


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", "ünï".encode(), b"\xff\xfe", b"\x00", b"a\x00b", b"\xed\xa0\x80", bytes(range(256))],
    ids=repr,
)
def test_exchange_comes_back_byte_for_byte(house: House, body: bytes) -> None:
    exchange = EXCHANGE._replace(request_body=body, response_body=body)
    house.platform.note(exchange)
    assert page(house) == [exchange]


def test_exchange_without_an_answer_comes_back_so(house: House) -> None:
    exchange = EXCHANGE._replace(status=None, direction="out", outcome="no answer within 10 s", message=1, attempt=2)
    house.platform.note(exchange)
    assert page(house) == [exchange]


def test_next_look_sees_what_was_noted_just_before(house: House) -> None:
    for n in (1, 2, 3):
        house.platform.note(EXCHANGE._replace(n=n))
        assert numbers(page(house)) == list(range(n, 0, -1))


def test_page_goes_back_and_can_be_narrowed_to_one_operation(house: House) -> None:
    for n in range(1, 7):
        house.platform.note(EXCHANGE._replace(n=n, operation="queue" if n % 2 else "status"))
    assert numbers(page(house, limit=2)) == [6, 5]
    assert numbers(page(house, limit=2, before=5)) == [4, 3]
    assert numbers(page(house, operation="status")) == [6, 4, 2]
    assert numbers(page(house, operation="status", before=4)) == [2]
    assert page(house, operation="conversation") == []


def test_requests_of_nobody_are_kept_apart(house: House) -> None:
    nobody = EXCHANGE._replace(account=None)
    house.platform.note(nobody)
    house.platform.note(EXCHANGE._replace(n=2))
    assert numbers(page(house)) == [2]
    assert house.platform.exchanges(None, limit=10).rows == [nobody]


def test_story_of_a_message_holds_its_request_and_its_posts(house: House) -> None:
    (message,) = house.queue(url="http://127.0.0.1/results")
    request = EXCHANGE._replace(n=message.exchange or 0)
    house.platform.note(request)
    house.platform.note(EXCHANGE._replace(n=7, operation="status"))
    house.advance(1000)
    story = house.platform.story(house.account, message.sms_message_id)
    assert [(exchange.n, exchange.operation) for exchange in story.exchanges] == [(1, "queue"), (2, "callback")]
    assert story.exchanges[0] == request


def test_crowd_of_entries_does_not_wait_for_the_next_look(house: House) -> None:
    for n in range(300):
        house.platform.note(EXCHANGE._replace(n=n))
    assert 0 < house.store.journal.waiting < 256
    assert len(page(house, limit=1000)) == 300


def test_noting_a_crowd_does_not_end_the_group_of_messages_that_waits_to_be_committed() -> None:
    """An answer leaves when its message is committed, and says so when it could not be."""
    turn: list[Callable[[], None]] = []
    trap = Trap()
    with House(connect=trap.connect, soon=turn.append) as house:
        house.queue()
        for n in range(300):
            house.platform.note(EXCHANGE._replace(n=n))
        kept: list[bool] = []
        assert house.platform.when_kept(kept.append)
        trap.arm(1, for_good=True)
        turn.pop()()
        trap.disarm()
        assert kept == [False]
        house.queue()
        turn.pop()()
        assert len(page(house, limit=1000)) == 300


@pytest.mark.slow
def test_database_that_cannot_be_written_to_does_not_fill_the_memory() -> None:
    trap = Trap()
    with House(connect=trap.connect) as house:
        trap.arm(1, for_good=True)
        for n in range(21_000):
            house.platform.note(EXCHANGE._replace(n=n))
        assert house.store.journal.waiting == 20_000
        trap.disarm()
        assert len(page(house, limit=50_000)) == 20_000


def test_entries_are_written_before_the_file_is_closed(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.platform.note(EXCHANGE)
    with house.reopened() as again:
        assert page(again) == [EXCHANGE]
        assert again.platform.next_exchange(again.account) == 2


def test_count_of_nobodys_requests_goes_on_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.platform.note(EXCHANGE._replace(account=None, n=house.platform.next_exchange(None)))
    with house.reopened() as again:
        assert again.platform.next_exchange(None) == 2


def test_reset_forgets_entries_that_were_not_written_yet(house: House) -> None:
    house.platform.note(EXCHANGE)
    house.platform.note(EXCHANGE._replace(account=2))
    house.emulator.snapshots.reset(house.account)
    assert page(house) == []
    assert house.platform.exchanges(house.second, limit=10).rows == [EXCHANGE._replace(account=2)]
