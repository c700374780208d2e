"""Expectations are judged when something happens, and never by asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.house import APPLICATION, HANDSET, MINE, RESULTS, House, PromptTransport
from helpers.loops import in_loop
from plum_emulator.engine.expecting import Answer, Expecting, read_cursor
from plum_emulator.errors import NotPossible
from plum_emulator.model.exchanges import Exchange, Outcome
from plum_emulator.scenario.expectations import Kind, read_expectation

FOR_EVER = 600


@pytest.fixture
def house() -> Iterator[House]:
    """A house that answers by itself. Time stands still in it, on the machine's clock."""
    with House(transport=PromptTransport()) as house:
        yield house


async def expect(house: House, kind: Kind = "messages", **wanted: Any) -> Answer:
    return await house.emulator.expecting.expect(house.account, read_expectation(wanted, kind))


def bodies(answer: Answer) -> list[str]:
    return [str(item.fields["body"]) for item in answer.verdict.found]


async def turns(count: int = 10) -> None:
    """Let everything happen that can happen by itself, in the loop and in the pool."""
    for _ in range(count):
        await asyncio.get_running_loop().run_in_executor(None, int)


@in_loop
async def test_what_came_already_holds_at_once(house: House) -> None:
    house.queue("your code is 123456")
    answer = await expect(house, body={"contains": "code"}, timeout=FOR_EVER)
    assert (answer.verdict.holds, bodies(answer), answer.timeline) == (True, ["your code is 123456"], ())


@in_loop
async def test_what_is_still_to_come_is_waited_for(house: House) -> None:
    waiting = asyncio.ensure_future(expect(house, body="second", timeout=FOR_EVER))
    await turns()
    house.queue("first")
    await turns()
    assert not waiting.done()
    house.queue("second")
    assert bodies(await waiting) == ["second"]


@in_loop
async def test_nobody_asks_while_nothing_happens(house: House) -> None:
    looks: list[object] = []

    def in_pool(look: Callable[[], Answer]) -> asyncio.Future[Answer]:
        looks.append(look)
        return asyncio.get_running_loop().run_in_executor(None, look)

    emulator = house.emulator
    expecting = Expecting(
        store=house.store, accounts=house.accounts, advances=emulator.advances, feed=house.feed, in_pool=in_pool
    )
    expectation = read_expectation({"count": 3, "timeout": FOR_EVER}, "messages")
    waiting = asyncio.ensure_future(expecting.expect(house.account, expectation))
    await turns(100)
    assert len(looks) == 1
    for account in (house.second, house.account, house.account):
        house.queue(account=account)
        await turns(100)
    assert (len(looks), waiting.done()) == (3, False), "another account's events wake nobody"
    house.queue()
    assert (await waiting).verdict.holds
    assert len(looks) == 4


@in_loop
async def test_expectation_that_is_not_met_in_time_says_what_came(house: House) -> None:
    house.queue("hello")
    answer = await expect(house, body="other", timeout=0.01)
    assert (answer.verdict.holds, answer.verdict.why) == (False, "at least 1 message was expected, 0 came")
    assert [miss.fields for miss in answer.verdict.misses] == [(("body", "is 'other'", "'hello'"),)]
    assert [event.kind for event in answer.timeline] == ["status"]


@in_loop
async def test_absence_is_answered_at_once_unless_it_is_to_be_waited_for(house: House) -> None:
    assert (await expect(house, count=0)).verdict.holds
    waiting = asyncio.ensure_future(expect(house, count=0, timeout=FOR_EVER))
    await turns()
    assert not waiting.done()
    house.queue()
    answer = await waiting
    assert (answer.verdict.holds, answer.verdict.decided) == (False, True)


@in_loop
async def test_cursor_leaves_out_what_was_there_before(house: House) -> None:
    house.queue("old", url=RESULTS)
    house.receive("old")
    house.make_manual()
    first = await expect(house, at_least=2)
    await house.emulator.advances.advance(house.account, milliseconds=5000)
    cursor = house.emulator.expecting.cursor(house.account)
    assert bodies(await expect(house, since=first.cursor, count=0)) == []
    house.queue("new", url=RESULTS)
    assert bodies(await expect(house, since=first.cursor)) == ["new"]
    assert bodies(await expect(house, since=cursor)) == ["new"]
    assert (await expect(house, "callbacks", since=cursor, count=0)).verdict.holds
    await house.emulator.advances.advance(house.account, milliseconds=5000)
    assert (await expect(house, "callbacks", since=cursor, count=2)).verdict.holds
    assert (await expect(house, "callbacks", count=4)).verdict.holds


@pytest.mark.parametrize(
    "cursor", ["x", "1", ".", "1.", ".1", "-1.1", "1.1.1", " 1.1", "\u0661.1", f"{10**18}.1", "1.1e3", "1.1\n"]
)
@in_loop
async def test_what_is_no_cursor_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(NotPossible) as refused:
        await expect(house, since=cursor)
    assert refused.value.message == f"since = {cursor!r} is not a cursor"


def test_cursor_is_two_places() -> None:
    assert [read_cursor(text) for text in ("", "0.0", "12.345")] == [(0, 0), (0, 0), (12, 345)]


@in_loop
async def test_largest_cursor_is_after_everything(house: House) -> None:
    house.queue()
    assert (await expect(house, since="999999999999999999.999999999999999999", count=0)).verdict.holds


@in_loop
async def test_on_a_manual_clock_what_is_due_happens_first(house: House) -> None:
    house.make_manual()
    house.transport.answer = lambda _request: Outcome(
        status=200, body=b"<reply><sms_message>answer</sms_message></reply>"
    )
    house.receive("hello")
    answer = await expect(house, type="reply", timeout=0)
    assert (bodies(answer), len(house.transport.sent), house.time()) == (["answer"], 1, 0)


@in_loop
async def test_expectation_on_a_manual_clock_is_woken_by_an_advance(house: House) -> None:
    house.make_manual()
    house.queue(url=RESULTS)
    waiting = asyncio.ensure_future(expect(house, status="received", timeout=FOR_EVER))
    await turns()
    await house.emulator.advances.advance(house.account, milliseconds=3000)
    assert (await waiting).verdict.holds
    assert house.time() == 3000


@in_loop
async def test_callbacks_are_known_by_what_they_say_and_what_came_of_them(house: House) -> None:
    house.make_manual()
    house.transport.answer = lambda _request: Outcome(status=503)
    (message,) = house.queue(url=RESULTS)
    await house.emulator.advances.advance(house.account, milliseconds=1000)
    fields = {
        "sms_message_id": message.sms_message_id,
        "status": "sent",
        "url": RESULTS,
        "to": HANDSET,
        "from": MINE,
        "outcome": "answered 503, a 2xx was expected",
        "http_status": 503,
        "attempt": 1,
    }
    answer = await expect(house, "callbacks", **fields)
    (item,) = answer.verdict.found
    assert item.fields == {**fields, "body": "hello"}
    assert isinstance(item.shown, Exchange)
    assert not (await expect(house, "callbacks", status="received", timeout=0)).verdict.holds


@in_loop
async def test_posts_to_the_application_are_known_by_the_text_they_bring(house: House) -> None:
    house.make_manual()
    message = house.receive("yes & no")
    fields = {
        "sms_message_id": message.sms_message_id,
        "to": MINE,
        "from": HANDSET,
        "body": "yes & no",
        "url": APPLICATION,
        "outcome": "ok",
        "http_status": 200,
    }
    answer = await expect(house, "inbound", **fields)
    assert [item.fields for item in answer.verdict.found] == [{**fields, "status": None, "attempt": 1}]


@in_loop
async def test_receiver_may_expect_something_while_its_request_is_out(house: House) -> None:
    house.make_manual()
    house.queue("expected", url=RESULTS)
    answers: list[Answer] = []

    async def receive(_request: object) -> Outcome:
        answers.append(await expect(house, body="expected", status="sent", timeout=FOR_EVER))
        return Outcome(status=200)

    assert isinstance(house.transport, PromptTransport)
    house.transport.receiver = receive
    await house.emulator.advances.advance(house.account, milliseconds=1000)
    assert [answer.verdict.holds for answer in answers] == [True]
