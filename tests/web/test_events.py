"""The events stream: everything that happens to an account, live, and resumable."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

import pytest

from helpers.caller import Caller, Told
from helpers.house import APPLICATION, HANDSET, MINE, OTHER, House
from plum_emulator.model.events import Event
from plum_emulator.web.events import EventStream

LISTENING = b": listening\n\n"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello", "result_url": "http://127.0.0.1:8000/results"}
TEXT = {"from": HANDSET, "to": MINE, "body": "Hello"}


def test_the_stream_says_what_it_is(caller: Caller) -> None:
    """It is not stored on the way, its length is not known, and it begins with a comment."""
    with caller.listening() as listener:
        assert listener.status == 200
        assert listener.headers["content-type"].startswith("text/event-stream")
        assert listener.headers["cache-control"] == "no-store"
        assert "content-length" not in listener.headers
        assert listener.block() == LISTENING
        assert listener.is_quiet()


def test_every_status_and_every_callback_is_told(house: House, caller: Caller) -> None:
    with caller.listening() as listener:
        listener.block()
        id_ = caller.queue(FIELDS).rows[0]["sms_message_id"]
        house.advance(3000)
        told = [listener.next() for _ in range(5)]
        assert listener.is_quiet()
    assert [event.id for event in told] == [1, 2, 3, 4, 5]
    assert [(event.event, event.data["message"]["status"]) for event in told] == [
        ("status", "queued"),
        ("status", "sent"),
        ("callback", "sent"),
        ("status", "received"),
        ("callback", "received"),
    ]
    assert {event.data["message"]["sms_message_id"] for event in told} == {id_}
    assert told[2].data == {
        "at": "2023-11-14T22:13:21.000Z",
        "event": "callback",
        "url": FIELDS["result_url"],
        "status": "sent",
        "http_status": 200,
        "outcome": "ok",
        "attempt": 1,
        "message": told[1].data["message"],
    }


def test_a_text_its_answer_and_its_reply_are_told(house: House, caller: Caller) -> None:
    with caller.listening() as listener:
        listener.block()
        inbound = caller.send_json("POST", "/_plum/inbound", TEXT).values
        house.advance()
        status, answer = listener.next(), listener.next()
        assert listener.is_quiet()
    assert status.data == {"at": "2023-11-14T22:13:20.000Z", "event": "status", "message": inbound}
    assert (answer.event, answer.data["url"], answer.data["outcome"]) == ("answer", APPLICATION, "ok")


def test_an_automatic_text_is_told(caller: Caller) -> None:
    with caller.listening() as listener:
        listener.block()
        caller.send_json("POST", "/_plum/inbound", {**TEXT, "body": "HELP"})
        status, text = listener.next(), listener.next()
    assert (status.event, text.event) == ("status", "text")
    assert text.data["body"] == "Reply STOP to unsubscribe. Msg&Data Rates May Apply"


def test_a_reset_is_told(caller: Caller) -> None:
    with caller.listening() as listener:
        listener.block()
        caller.post("/_plum/reset")
        told = listener.next()
    assert told == Told(id=1, event="reset", data={"at": "2023-11-14T22:13:20.000Z", "event": "reset"})


def test_only_the_own_account_is_told(caller: Caller) -> None:
    """Ids count the events of all accounts, so another account's leave gaps, and nothing else."""
    with caller.listening("/_plum/events?account=second") as second, caller.listening() as first:
        first.block()
        second.block()
        caller.queue(FIELDS)
        caller.queue({"to": HANDSET, "from": OTHER, "body": "secret"}, login="second:secret")
        caller.queue(FIELDS)
        assert [first.next().id, first.next().id] == [1, 3]
        told = second.next()
        assert (told.id, told.data["message"]["body"]) == (2, "secret")
        assert first.is_quiet()
        assert second.is_quiet()


@pytest.mark.parametrize(
    ("last", "missed"),
    [
        ("", []),
        ("0", [1, 2, 3]),
        ("1", [2, 3]),
        ("3", []),
        ("-1", []),
        ("x", []),
        ("\xb2", []),
        ("9" * 19, []),
        ("4", [1, 2, 3]),
        ("9" * 18, [1, 2, 3]),
    ],
)
def test_a_listener_that_comes_back_hears_what_it_missed(caller: Caller, last: str, missed: list[int]) -> None:
    """Last-Event-ID is the last one heard. One that was never given out is from an emulator that ran before."""
    for _ in range(3):
        _something(caller)
    with caller.listening(headers=[("Last-Event-ID", last)]) as listener:
        assert listener.block() == LISTENING
        assert [listener.next().id for _ in missed] == missed
        assert listener.is_quiet()
        _something(caller)
        assert listener.next().id == 4


def test_what_was_missed_is_the_own_accounts_alone(caller: Caller) -> None:
    _something(caller)
    _something(caller, "?account=second")
    _something(caller)
    with caller.listening("/_plum/events?account=second", headers=[("Last-Event-ID", "0")]) as listener:
        listener.block()
        assert listener.next().id == 2
        assert listener.is_quiet()


def test_a_listener_that_leaves_is_forgotten(caller: Caller) -> None:
    with caller.listening() as listener:
        listener.block()
    caller.post("/_plum/reset")
    assert listener.is_quiet()


def test_ending_the_streams_ends_each_with_its_last_bytes(caller: Caller) -> None:
    """So that an emulator that stops need not wait for those who listen."""
    with caller.listening() as one, caller.listening("/_plum/events?account=second") as other:
        one.block()
        other.block()
        caller.gateway.end_streams()
        assert (one.block(), other.block()) == (b"", b"")


def test_many_can_listen(caller: Caller) -> None:
    with caller.listening() as one, caller.listening() as other:
        caller.post("/_plum/reset")
        assert [one.block(), other.block()] == [LISTENING, LISTENING]
        assert one.next() == other.next()


def test_a_stream_that_is_refused_is_an_answer_as_any(caller: Caller) -> None:
    assert caller.get("/_plum/events?account=nobody").status == 404
    assert caller.get("/_plum/events", host="plum.test").status == 403


def test_every_other_kind_of_event_is_told(caller: Caller) -> None:
    with caller.listening() as listener:
        listener.block()
        caller.send_json("PUT", "/_plum/clock", "manual")
        caller.send_json("PUT", "/_plum/rules/late", {"then": {"sent_after": 5}})
        caller.queue(FIELDS)
        caller.call("PUT", "/_plum/snapshots/then")
        caller.post("/_plum/snapshots/then/restore")
        told = [listener.next() for _ in range(4)]
        assert listener.is_quiet()
    at = "2023-11-14T22:13:20.000Z"
    assert [event.data for event in told if event.event != "status"] == [
        {"at": at, "event": "clock", "mode": "manual"},
        {"at": at, "event": "rule", "rule": "late", "operation": "queue"},
        {"at": at, "event": "restore", "snapshot": "then"},
    ]


def test_the_end_of_the_account_ends_its_streams(caller: Caller) -> None:
    username = caller.post("/_plum/accounts/lease").values["username"]
    with caller.listening(f"/_plum/events?account={username}") as listener, caller.listening() as other:
        listener.block()
        other.block()
        caller.call("DELETE", f"/_plum/accounts/{username}")
        assert listener.next().event == "end"
        assert listener.block() == b""
        assert other.is_quiet()


def test_after_a_reset_nothing_of_before_is_told_again(caller: Caller) -> None:
    for _ in range(3):
        _something(caller)
    caller.post("/_plum/reset")
    with caller.listening(headers=[("Last-Event-ID", "1")]) as listener:
        listener.block()
        assert (listener.next().id, listener.is_quiet()) == (4, True)


def test_what_is_about_a_message_that_a_restore_took_away_is_not_told_again(caller: Caller) -> None:
    """Neither to a listener who comes back, nor in a timeline."""
    caller.call("PUT", "/_plum/snapshots/empty")
    caller.queue(FIELDS)
    caller.post("/_plum/snapshots/empty/restore")
    with caller.listening(headers=[("Last-Event-ID", "0")]) as listener:
        listener.block()
        assert (listener.next().event, listener.is_quiet()) == ("restore", True)
    missed = caller.send_json("POST", "/_plum/expect", {"timeout": 0})
    assert [event["event"] for event in missed.values["timeline"]] == ["restore"]


@pytest.mark.slow
def test_many_missed_events_are_all_told(house: House, caller: Caller) -> None:
    """Read a little at a time, each once and in order."""
    for _ in range(1203):
        house.feed.publish(Event(account=house.account.id, at=0, kind="clock", data={"mode": "real"}))
    with caller.listening(headers=[("Last-Event-ID", "0")]) as listener:
        listener.block()
        assert [listener.next().id for _ in range(1203)] == list(range(1, 1204))
        assert listener.is_quiet()


def _something(caller: Caller, question: str = "") -> None:
    """Let one event happen."""
    assert caller.send_json("PUT", f"/_plum/clock{question}", {"mode": "real"}).status == 200


class _HastySelector(selectors.SelectSelector):
    """Waits a thousandth of the time it is told to."""

    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout / 1000 if timeout else timeout)


class _HastyLoop(asyncio.SelectorEventLoop):
    """A loop in which a second lasts a millisecond."""

    def __init__(self) -> None:
        super().__init__(_HastySelector())

    def time(self) -> float:
        return super().time() * 1000


def test_a_quiet_stream_gives_a_sign_of_life(house: House) -> None:
    """A comment every 15 seconds, so that nobody on the way closes the connection."""

    async def two_signs() -> tuple[list[bytes], float]:
        stream = EventStream(house.platform, account=house.account, since=None).chunks()
        begin = asyncio.get_running_loop().time()
        try:
            return [await anext(stream) for _ in range(3)], asyncio.get_running_loop().time() - begin
        finally:
            await stream.aclose()  # type: ignore[attr-defined] # an async generator

    with asyncio.Runner(loop_factory=_HastyLoop) as runner:
        blocks, seconds = runner.run(two_signs())
    assert blocks == [LISTENING, b": still here\n\n", b": still here\n\n"]
    assert seconds >= 30


def test_a_listener_that_falls_far_behind_is_sent_home(house: House) -> None:
    """It may come back with Last-Event-ID. The emulator does not keep what nobody reads."""

    async def read_slowly() -> list[bytes]:
        stream = EventStream(house.platform, account=house.account, since=None, behind_at_most=50).chunks()
        blocks = [await anext(stream)]
        for _ in range(60):
            house.emulator.snapshots.reset(house.account)
        return [*blocks, *[block async for block in stream]]

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        blocks = runner.run(read_slowly())
    assert blocks[0] == LISTENING
    assert len(blocks) < 60


@pytest.mark.parametrize("turns", range(6))
def test_a_listener_that_leaves_at_the_moment_of_an_event_is_forgotten(house: House, turns: int) -> None:
    """However many turns of the event loop lie between the two: the leaving is not lost to the event."""

    async def listen() -> None:
        async for _ in EventStream(house.platform, account=house.account, since=None).chunks():
            pass

    async def leave_after_an_event() -> bool:
        listener = asyncio.ensure_future(listen())
        for _ in range(3):
            await asyncio.sleep(0)
        house.feed.publish(Event(account=house.account.id, at=0, kind="clock", data={"mode": "real"}))
        for _ in range(turns):
            await asyncio.sleep(0)
        listener.cancel()
        left, _ = await asyncio.wait((listener,), timeout=1)
        listener.cancel()
        return listener in left

    assert asyncio.run(leave_after_an_event())
