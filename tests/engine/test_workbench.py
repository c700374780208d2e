"""Callbacks under somebody's hands: held, let go in any order, edited, dropped, doubled, and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.house import APPLICATION, HANDSET, NOW, RESULTS, House, PromptTransport
from helpers.laws import examples
from helpers.loops import in_loop
from plum_emulator.engine.workbench import Edit
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.model.messages import Message
from plum_emulator.settings import Settings

HOUR = 3_600_000
REPLY = Outcome(status=200, body=b"<reply><sms_message>answer</sms_message></reply>")


@pytest.fixture
def house() -> Iterator[House]:
    with manual_house() as house:
        yield house


def manual_house(path: Path | None = None, **settings: Any) -> House:
    house = House(path, transport=PromptTransport(), settings=Settings(**settings))
    house.make_manual()
    return house


async def advance(house: House, milliseconds: int = 0) -> None:
    await house.emulator.advances.advance(house.account, milliseconds=milliseconds)


def told(house: House) -> list[str]:
    """The statuses that the result URL was told of, in order."""
    posts = [dict(parse_qsl(request.body.decode())) for request in house.transport.sent]
    return [fields["status"] for fields in posts if "status" in fields]


async def two_held(house: House) -> tuple[Message, list[int]]:
    """A message whose two callbacks are held, and their ids."""
    house.emulator.workbench.hold(house.account, timeout=None)
    (message,) = house.queue(url=RESULTS)
    await advance(house, 5000)
    assert told(house) == []
    return message, ids(house)


def ids(house: House) -> list[int]:
    return [pending.due.id for pending in house.emulator.workbench.pending(house.account)]


def states(house: House) -> list[tuple[str | None, str]]:
    return [(each.due.status, each.due.state) for each in house.emulator.workbench.pending(house.account)]


@in_loop
async def test_held_callbacks_wait_and_are_shown_as_they_will_be(house: House) -> None:
    message, _ = await two_held(house)
    assert house.now(message).status == "received"
    assert states(house) == [("sent", "held"), ("received", "held")]
    assert [(each.request.url, each.request.body) for each in house.emulator.workbench.pending(house.account)] == [
        (RESULTS, f"sms_message_id={message.sms_message_id}&status={status}".encode())
        for status in ("sent", "received")
    ]
    assert house.platform.next_due(house.account) is None


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [1], None], ids=str)
@in_loop
async def test_callbacks_are_released_in_the_order_that_is_asked_for(house: House, order: list[int] | None) -> None:
    _, held = await two_held(house)
    asked = None if order is None else [held[place] for place in order]
    exchanges = await house.emulator.workbench.release(house.account, asked)
    expected = [["sent", "received"][place] for place in (order or [0, 1])]
    assert told(house) == expected
    assert [dict(parse_qsl(exchange.request_body.decode()))["status"] for exchange in exchanges] == expected
    assert [exchange.outcome for exchange in exchanges] == ["ok"] * len(expected)
    assert len(ids(house)) == 2 - len(expected)


@examples(15)
@given(order=st.permutations(range(6)), drop=st.sets(st.integers(0, 5)))
def test_each_callback_is_told_once_in_the_order_of_its_release_or_never(order: list[int], drop: set[int]) -> None:
    @in_loop
    async def story() -> None:
        with manual_house() as house:
            house.emulator.workbench.hold(house.account, timeout=None)
            house.queue("x" * 480, url=RESULTS)
            await advance(house, 5000)
            held = house.emulator.workbench.pending(house.account)
            for place in drop:
                house.emulator.workbench.drop(house.account, held[place].due.id)
            kept = [held[place] for place in order if place not in drop]
            await house.emulator.workbench.release(house.account, [each.due.id for each in kept])
            assert [request.body for request in house.transport.sent] == [each.request.body for each in kept]
            assert ids(house) == []

    story()


@in_loop
async def test_callback_is_released_edited(house: House) -> None:
    _, (first, _second) = await two_held(house)
    edit = Edit(
        url=f"{RESULTS}?edited", body="status=étrange", headers=(("content-type", "text/plain"), ("X-Mine", "1"))
    )
    (exchange,) = await house.emulator.workbench.release(house.account, [first], edit=edit)
    (request,) = house.transport.sent
    assert (request.url, request.body) == (f"{RESULTS}?edited", "status=étrange".encode())
    names = [name.lower() for name, _ in request.headers]
    assert names.count("content-type") == 1
    assert {("content-type", "text/plain"), ("X-Mine", "1")} <= set(request.headers)
    assert (exchange.url, exchange.request_body, exchange.request_headers) == (
        request.url,
        request.body,
        request.headers,
    )


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit(url="ftp://x/"), "url: an http:// or https:// URL with a host was expected"),
        (Edit(headers=(("X Y", "1"),)), "'X Y' is not a header"),
        (Edit(headers=(("X-Y", "1\r\nZ: 2"),)), "'X-Y' is not a header"),
    ],
    ids=["url", "name", "value"],
)
@in_loop
async def test_edit_that_cannot_be_sent_is_refused_and_the_callback_stays(
    house: House, edit: Edit, message: str
) -> None:
    await two_held(house)
    with pytest.raises(NotPossible) as refused:
        await house.emulator.workbench.release(house.account, edit=edit)
    assert (refused.value.message, len(ids(house)), told(house)) == (message, 2, [])


@in_loop
async def test_dropped_callback_is_never_told_and_doubled_one_twice(house: House) -> None:
    _, (first, second) = await two_held(house)
    house.emulator.workbench.drop(house.account, first)
    copy = house.emulator.workbench.duplicate(house.account, second)
    assert (copy.state, ids(house)) == ("held", [second, copy.id])
    await house.emulator.workbench.release(house.account)
    await advance(house, HOUR)
    assert told(house) == ["received", "received"]


@in_loop
async def test_what_is_held_stays_so_when_nothing_is_held_back_any_more(house: House) -> None:
    _, held = await two_held(house)
    house.emulator.workbench.let_go(house.account)
    house.queue(url=RESULTS)
    await advance(house, 5000)
    assert (told(house), ids(house)) == (["sent", "received"], held)


@in_loop
async def test_held_callback_goes_out_after_its_time_on_the_accounts_clock(house: House) -> None:
    house.emulator.workbench.hold(house.account, timeout=60_000)
    house.queue(to="12125550156", url=RESULTS)
    await advance(house, 60_999)
    assert told(house) == []
    await advance(house, 1)
    (exchange,) = house.platform.exchanges(house.account, limit=10, filter=ExchangeFilter(operation="callback")).rows
    assert (told(house), exchange.at, ids(house)) == (["sent"], NOW + 61_000, [])


@in_loop
async def test_attempt_that_fails_while_callbacks_are_held_is_held_again() -> None:
    with manual_house(callback_attempts=3, callback_backoff=10) as house:
        house.transport.answer = lambda _request: Outcome(status=500)
        _, (first, _) = await two_held(house)
        for attempt in (1, 2, 3):
            (exchange,) = await house.emulator.workbench.release(house.account, [first])
            assert exchange.attempt == attempt
            await advance(house, HOUR)
        assert states(house) == [("received", "held")]


@pytest.mark.parametrize("how", ["drop", "release"])
@in_loop
async def test_callback_behind_one_that_was_held_goes_out_when_that_is_gone(how: str) -> None:
    with manual_house(callback_attempts=2, callback_backoff=10) as house:
        house.transport.answer = lambda _request: Outcome(status=500)
        house.queue(url=RESULTS)
        await advance(house, 4000)
        assert states(house) == [("sent", "scheduled"), ("received", "behind")]
        house.emulator.workbench.hold(house.account, timeout=None)
        await advance(house, HOUR)
        assert states(house) == [("sent", "held"), ("received", "behind")]
        house.emulator.workbench.let_go(house.account)
        house.transport.sent.clear()
        if how == "drop":
            house.emulator.workbench.drop(house.account, ids(house)[0])
        else:
            await house.emulator.workbench.release(house.account, ids(house)[:1])
        await advance(house, HOUR)
        assert (told(house)[-1], states(house)) == ("received", [])


@in_loop
async def test_scheduled_callback_that_is_dropped_lets_the_next_one_go() -> None:
    with manual_house(callback_attempts=2, callback_backoff=10) as house:
        house.transport.answer = lambda _request: Outcome(status=500)
        house.queue(url=RESULTS)
        await advance(house, 4000)
        house.emulator.workbench.drop(house.account, ids(house)[0])
        await advance(house)
        assert told(house) == ["sent", "received"]


@in_loop
async def test_callback_that_is_not_there_not_held_or_on_its_way_is_refused(house: House) -> None:
    _, held = await two_held(house)
    workbench = house.emulator.workbench
    refused: list[str] = []

    async def look(_request: OutgoingRequest) -> Outcome:
        for act in (workbench.drop, workbench.duplicate):
            with pytest.raises(NotPossible) as on_its_way:
                act(house.account, held[0])
            refused.append(on_its_way.value.message)
        return Outcome(status=200)

    assert isinstance(house.transport, PromptTransport)
    house.transport.receiver = look
    await workbench.release(house.account, held[:1])
    assert refused == [f"callback {held[0]} is on its way", f"callback {held[0]} is not held, but in hand"]
    for id_, account in ((held[0], house.account), (held[1], house.second), (10**9, house.account)):
        with pytest.raises(NotFound):
            workbench.drop(account, id_)
        with pytest.raises(NotFound):
            await workbench.release(account, [id_])
    assert ids(house) == held[1:]


@in_loop
async def test_callback_of_the_journal_is_sent_again_as_it_was_or_edited(house: House) -> None:
    (message,) = house.queue(to="12125550156", url=RESULTS)
    await advance(house, 1000)
    (kept,) = house.platform.exchanges(house.account, limit=10, filter=ExchangeFilter(operation="callback")).rows
    again = await house.emulator.workbench.replay(house.account, kept.n)
    edited = await house.emulator.workbench.replay(house.account, kept.n, edit=Edit(body="status=edited"))
    assert again == kept._replace(n=kept.n + 1)
    assert edited == kept._replace(n=kept.n + 2, request_body=b"status=edited")
    assert house.callbacks(message) == ["sent", "sent"]


@in_loop
async def test_answer_to_an_inbound_post_that_is_sent_again_is_acted_on_anew(house: House) -> None:
    house.transport.answer = lambda _request: REPLY
    house.receive("hello")
    await advance(house)
    (kept,) = house.platform.exchanges(house.account, limit=10, filter=ExchangeFilter(operation="inbound")).rows
    again = await house.emulator.workbench.replay(house.account, kept.n)
    assert (again.url, again.request_body, again.outcome) == (APPLICATION, kept.request_body, "ok")
    assert [(message.type, message.to) for message in house.log()] == [
        ("inbound", house.account.sms_numbers()[0]),
        ("reply", HANDSET),
        ("reply", HANDSET),
    ]


@in_loop
async def test_exchange_that_is_not_there_cannot_be_sent_again(house: House) -> None:
    with pytest.raises(NotFound):
        await house.emulator.workbench.replay(house.account, 77)


@pytest.mark.parametrize("how", ["reset", "restore", "end"])
@in_loop
async def test_replay_that_is_out_while_the_account_becomes_another_leaves_no_trace(house: House, how: str) -> None:
    house.queue(to="12125550156", url=RESULTS)
    house.emulator.snapshots.save(house.account, "before")
    await advance(house, 1000)
    account, workbench = house.account, house.emulator.workbench
    (kept,) = house.platform.exchanges(account, limit=10, filter=ExchangeFilter(operation="callback")).rows
    kept_after: list[object] = []

    async def change(_request: OutgoingRequest) -> Outcome:
        if how == "reset":
            house.emulator.snapshots.reset(account)
        elif how == "restore":
            house.emulator.snapshots.restore(account, "before")
        else:
            account.origin = "asked"
            house.emulator.leases.end(account)
        kept_after.append((list(house.platform.journal(account)), account.exchanges))
        return Outcome(status=200)

    assert isinstance(house.transport, PromptTransport)
    house.transport.receiver = change
    with pytest.raises(NotPossible, match="what came of it is not kept"):
        await workbench.replay(account, kept.n)
    assert kept_after == [(list(house.platform.journal(account)), account.exchanges)]


@in_loop
async def test_release_goes_no_further_when_the_account_becomes_another(house: House) -> None:
    account = house.account
    await two_held(house)

    async def end(_request: OutgoingRequest) -> Outcome:
        account.origin = "asked"
        house.emulator.leases.end(account)
        return Outcome(status=200)

    assert isinstance(house.transport, PromptTransport)
    house.transport.receiver = end
    with pytest.raises(NotPossible, match="what came of it is not kept"):
        await house.emulator.workbench.release(account)
    assert (told(house), house.emulator.deliveries.out(account.id)) == (["sent"], 0)


@in_loop
async def test_holding_and_what_is_held_outlive_a_restart(tmp_path: Path) -> None:
    house = manual_house(tmp_path / "plum.db")
    _, held = await two_held(house)
    with house.reopened(transport=PromptTransport()) as again:
        again.queue(url=RESULTS)
        await advance(again, 5000)
        assert (told(again), len(ids(again)), ids(again)[:2]) == ([], 4, held)
