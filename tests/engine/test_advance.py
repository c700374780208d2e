"""An advance moves a manual clock: everything that falls due on the way happens, in order, before the clock goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from helpers.house import APPLICATION, NOW, OTHER, RESULTS, House, PromptTransport
from helpers.loops import in_loop
from plum_emulator.clock import LATEST
from plum_emulator.engine.advance import Report, Until
from plum_emulator.errors import NotPossible
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.messages import Message
from plum_emulator.settings import Settings

HOUR = 3_600_000
ECHO = Outcome(status=200, body=b"<reply><sms_message>again</sms_message></reply>")


@pytest.fixture
def house() -> Iterator[House]:
    with manual_house() as house:
        yield house


def manual_house(path: Path | None = None, **settings: Any) -> House:
    """A house whose first account has a manual clock, and that nobody else moves."""
    house = House(path, transport=PromptTransport(), settings=Settings(**settings))
    house.make_manual()
    house.events.clear()
    return house


def receiver(house: House, receive: Callable[[OutgoingRequest], Awaitable[Outcome]]) -> None:
    """Let this answer everything that is posted."""
    assert isinstance(house.transport, PromptTransport)
    house.transport.receiver = receive


async def advance(house: House, milliseconds: int = 0, *, until: Until | None = None, most: int = 1000) -> Report:
    return await house.emulator.advances.advance(house.account, milliseconds=milliseconds, until=until, most=most)


def told(events: list[Event]) -> list[tuple[int, str, str]]:
    """Each event: when it was, its kind, and the status it speaks of."""
    return [(event.at - NOW, event.kind, str(event.data.get("status") or _status(event.message))) for event in events]


def _status(message: Message | None) -> str:
    return message.status if message else ""


@in_loop
async def test_what_falls_due_on_the_way_happens_in_order_and_is_reported(house: House) -> None:
    house.queue(url=RESULTS)
    house.events.clear()
    report = await advance(house, 5000)
    assert told(report.events) == [
        (1000, "status", "sent"),
        (1000, "callback", "sent"),
        (3000, "status", "received"),
        (3000, "callback", "received"),
    ]
    assert report == Report(now=NOW + 5000, events=house.events)
    assert house.time() == 5000


@in_loop
async def test_what_is_due_later_waits(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    await advance(house, 2999)
    assert (house.history(message), house.callbacks(message)) == ([("queued", 0), ("sent", 1000)], ["sent"])
    await advance(house, 1)
    assert (house.now(message).status, house.callbacks(message)) == ("received", ["sent", "received"])


@in_loop
async def test_machines_clock_and_other_accounts_stand_where_they_were(house: House) -> None:
    house.queue(account=house.second)
    await advance(house, HOUR)
    assert (house.clock.now(), house.time(house.second)) == (NOW, 0)
    assert house.log(house.second)[0].status == "queued"


@in_loop
async def test_application_answers_in_the_accounts_time(house: House) -> None:
    """A reply is queued at the instant at which the text came, and runs its course before the clock goes on."""
    house.transport.answer = lambda _request: ECHO
    house.receive("hello")
    await advance(house, 3000)
    inbound, reply = house.log()
    assert (reply.requested_at, reply.body) == (inbound.requested_at, "again")
    assert house.history(reply) == [("queued", 0), ("sent", 1000), ("received", 3000)]


@in_loop
async def test_attempts_of_a_callback_are_made_in_the_accounts_time() -> None:
    with manual_house(callback_attempts=4, callback_backoff=60) as house:
        house.transport.answer = lambda _request: Outcome(status=500)
        (message,) = house.queue(to="12125550156", url=RESULTS)
        await advance(house, HOUR)
        story = house.platform.story(house.account, message.sms_message_id)
        assert [(exchange.attempt, exchange.at - NOW) for exchange in story.exchanges] == [
            (1, 1000),
            (2, 61_000),
            (3, 181_000),
            (4, 421_000),
        ]
        assert {exchange.duration_ms for exchange in story.exchanges} == {0}


@in_loop
async def test_next_goes_to_the_next_instant_at_which_something_is_due(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    for instant, status in ((1000, "sent"), (3000, "received"), (3000, "received")):
        report = await advance(house, until="next")
        assert (report.now - NOW, house.now(message).status) == (instant, status)


@in_loop
async def test_idle_goes_on_until_nothing_is_due_by_itself(house: House) -> None:
    house.transport.answer = lambda request: ECHO if b"hello" in request.body else Outcome(status=200)
    house.queue(to="12125550157", url=RESULTS)
    house.receive("hello")
    report = await advance(house, until="idle")
    assert (report.now - NOW, report.stopped) == (61_000, "")
    assert {message.status for message in house.log()} == {"received"}
    assert house.platform.next_due(house.account) is None


@in_loop
async def test_more_than_a_hundred_rows_of_one_instant_happen_at_that_instant(house: House) -> None:
    house.queue("x" * 160 * 250, url=RESULTS)
    report = await advance(house, 3000)
    assert len(report.events) == 4 * 250
    assert {(message.status, message.settled_at) for message in house.log()} == {("received", NOW + 3000)}
    assert len(house.transport.sent) == 500


@in_loop
async def test_requests_go_out_one_after_the_other(house: House) -> None:
    out: list[int] = []

    async def slow(_request: OutgoingRequest) -> Outcome:
        out.append(house.emulator.deliveries.out(house.account.id))
        for _ in range(3):
            await asyncio.sleep(0)
        return Outcome(status=200)

    receiver(house, slow)
    house.queue("x" * 800, url=RESULTS)
    await advance(house, 3000)
    assert [house.transport.sent[place].body[:47] for place in range(5)] == [
        f"sms_message_id={message.sms_message_id}".encode() for message in house.log()
    ]
    assert len(out) == 10
    assert house.emulator.deliveries.out(house.account.id) == 0


@in_loop
async def test_two_runs_of_the_same_story_leave_the_same_journal() -> None:
    async def story() -> list[object]:
        with manual_house() as house:
            house.transport.answer = lambda request: ECHO if request.url == APPLICATION else Outcome(status=200)
            house.receive("one")
            house.queue("x" * 500, url=RESULTS)
            await advance(house, HOUR)
            return [exchange._replace(request_headers=()) for exchange in house.platform.journal(house.account)]

    first = await story()
    assert (len(first), await story()) == (9, first)


@pytest.mark.parametrize(("mode", "rate"), [("real", 1.0), ("scaled", 60.0)])
@in_loop
async def test_clock_that_goes_by_itself_is_not_advanced(house: House, mode: Any, rate: float) -> None:
    house.platform.set_clock(house.account, mode, rate=rate, instant=None)
    with pytest.raises(NotPossible) as refused:
        await advance(house, 1000)
    assert (refused.value.message, refused.value.hint) == (
        f"the clock of account 'username' is {mode}: it goes by itself",
        'make it manual first: PUT /_plum/clock {"mode": "manual"}',
    )


@in_loop
async def test_two_advances_at_once_come_one_after_the_other(house: House) -> None:
    house.queue()
    first, second = await asyncio.gather(advance(house, 2000), advance(house, 4000))
    assert (first.now - NOW, second.now - NOW, first.joined, second.joined) == (2000, 6000, False, False)
    assert [told(report.events) for report in (first, second)] == [
        [(1000, "status", "sent")],
        [(3000, "status", "received")],
    ]


@in_loop
async def test_advance_while_a_request_is_out_is_added_to_the_one_under_way(house: House) -> None:
    house.queue(url=RESULTS)
    first, second = await asyncio.gather(advance(house, 2000), advance(house, 4000))
    assert (first.now - NOW, second.now - NOW, first.joined, second.joined) == (6000, 1000, False, True)
    assert (len(first.events), second.events, house.time()) == (4, [], 6000)


@in_loop
async def test_receiver_may_advance_while_its_request_is_out(house: House) -> None:
    """It is answered at once, nobody waits for nobody, and the clock shows the sum in the end."""
    joined: list[Report] = []

    async def more(request: OutgoingRequest) -> Outcome:
        if b"status=sent" in request.body:
            joined.append(await advance(house, 10_000))
            joined.append(await advance(house, 500))
        return Outcome(status=200)

    receiver(house, more)
    (message,) = house.queue(url=RESULTS)
    report = await advance(house, 1000)
    assert joined == [Report(now=NOW + 1000, joined=True)] * 2
    assert (report.now, house.time(), house.callbacks(message)) == (NOW + 11_500, 11_500, ["sent", "received"])


@pytest.mark.parametrize("until", ["next", "idle"])
@in_loop
async def test_receiver_may_ask_for_what_comes_next(house: House, until: Until) -> None:
    async def more(request: OutgoingRequest) -> Outcome:
        if b"status=sent" in request.body:
            await advance(house, until=until)
        return Outcome(status=200)

    receiver(house, more)
    house.queue(url=RESULTS)
    assert (await advance(house, 1000)).now - NOW == 3000


async def interrupted(house: House, interrupt: Callable[[], object], milliseconds: int = 5000) -> Report:
    """An advance during whose first request this happens."""
    steps = iter([interrupt])

    async def receive(_request: OutgoingRequest) -> Outcome:
        next(steps, lambda: None)()
        return ECHO

    receiver(house, receive)
    house.queue("x" * 320, url=RESULTS)
    return await advance(house, milliseconds)


@in_loop
async def test_reset_on_the_way_ends_the_advance(house: House) -> None:
    report = await interrupted(house, lambda: house.emulator.snapshots.reset(house.account))
    assert (report.stopped, house.log(), len(house.transport.sent)) == ("a reset came in between", [], 1)
    assert house.emulator.deliveries.out(house.account.id) == 0
    assert list(house.platform.journal(house.account)) == []


@in_loop
async def test_restore_on_the_way_ends_the_advance_and_what_was_restored_happens_in_the_next(house: House) -> None:
    house.queue("kept", url=RESULTS)
    house.emulator.snapshots.save(house.account, "before")
    report = await interrupted(house, lambda: house.emulator.snapshots.restore(house.account, "before"))
    assert (report.stopped, report.now) == ("a restore came in between", NOW)
    assert [message.status for message in house.log()] == ["queued"]
    await advance(house, 5000)
    assert [(message.body, message.status) for message in house.log()] == [("kept", "received")]
    assert house.callbacks(house.log()[0]) == ["sent", "sent", "received"]


@in_loop
async def test_end_of_the_account_on_the_way_ends_the_advance(house: House) -> None:
    house.account.origin = "asked"
    account = house.account
    report = await interrupted(house, lambda: house.emulator.leases.end(account))
    assert (report.stopped, len(house.transport.sent)) == ("the account ended", 1)
    assert house.emulator.deliveries.out(account.id) == 0


@in_loop
async def test_clock_that_is_set_on_the_way_ends_the_advance_where_it_was_set(house: House) -> None:
    report = await interrupted(house, lambda: house.make_manual(instant=NOW + 70_000))
    assert (report.stopped, report.now) == ("the clock was set in between", NOW + 70_000)
    assert [message.status for message in house.log()] == ["sent", "sent"]
    assert (await advance(house)).now == NOW + 70_000
    assert [message.status for message in house.log()] == ["received", "received"]


@in_loop
async def test_receiver_that_resets_the_account_may_advance_it_then(house: House) -> None:
    advances: list[asyncio.Task[Report]] = []

    def anew() -> None:
        house.emulator.snapshots.reset(house.account)
        house.make_manual()
        house.queue("after")
        advances.append(asyncio.ensure_future(advance(house, 60_000)))

    await interrupted(house, anew)
    (report,) = await asyncio.gather(*advances)
    assert (report.joined, report.now, house.time()) == (False, NOW + 60_000, 60_000)
    assert [(message.body, message.status) for message in house.log()] == [("after", "received")]


@in_loop
async def test_applications_that_answer_each_other_for_ever_are_stopped(house: House) -> None:
    mine = house.platform.set_application(house.account, house.account.sms_numbers()[0], APPLICATION).number

    async def echo(request: OutgoingRequest) -> Outcome:
        fields = dict(parse_qsl(request.body.decode()))
        return Outcome(status=200, body=f'<reply><sms_message to="{fields["to"]}">again</sms_message></reply>'.encode())

    receiver(house, echo)
    house.receive("begin", to=mine, from_=OTHER)
    report = await advance(house, until="idle", most=100)
    assert report.stopped == "100 things have happened; do two applications answer each other?"
    assert 100 <= len(report.events) < 110
    assert house.platform.next_due(house.account) is not None


@in_loop
async def test_clock_does_not_go_beyond_the_last_year(house: House) -> None:
    assert (await advance(house, 10**15)).now == LATEST
    assert (await advance(house, 10**15)).now == LATEST


@in_loop
async def test_clock_stands_where_it_was_after_a_restart(tmp_path: Path) -> None:
    house = manual_house(tmp_path / "plum.db")
    house.queue(url=RESULTS)
    await advance(house, 2000)
    with house.reopened(transport=PromptTransport()) as again:
        assert again.time() == 2000
        again.clock.move_to(NOW + HOUR)
        assert (again.time(), again.log()[0].status) == (2000, "sent")
        await advance(again, 1000)
        assert again.log()[0].status == "received"


@in_loop
async def test_advance_goes_on_where_a_kill_interrupted_it(tmp_path: Path) -> None:
    killed: list[House] = []
    with manual_house(tmp_path / "plum.db") as house:

        async def kill(_request: OutgoingRequest) -> Outcome:
            if not killed:
                killed.append(house.after_a_kill(tmp_path / "copy.db", transport=PromptTransport()))
            return Outcome(status=200)

        receiver(house, kill)
        (message,) = house.queue(url=RESULTS)
        await advance(house, 5000)
    (again,) = killed
    with again:
        assert (again.time(), again.now(message).status) == (1000, "sent")
        await advance(again, 4000)
        assert (again.time(), again.callbacks(message)) == (5000, ["sent", "received"])
        assert again.history(message) == [("queued", 0), ("sent", 1000), ("received", 3000)]
