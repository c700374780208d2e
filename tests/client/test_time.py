"""The account's clock, what is due, and what is expected to have come."""

from __future__ import annotations

import pickle
import socket
import threading
from typing import Any

import pytest

from helpers.programs import HANDSET
from helpers.receivers import Answer, receiver
from plum_emulator.client import BadCall, Client, ExpectationFailed, Lease
from plum_emulator.clock import stopwatch
from plum_emulator.errors import ServerUnreachable

NOON = "2026-01-31T12:00:00.000Z"


def queued(lease: Lease[Client], body: str = "Hello", **more: Any) -> str:
    """The id of a message that was queued."""
    return str(lease.client.queue(to=HANDSET, from_=lease.number, body=body, **more)[0]["sms_message_id"])


def test_the_clock_says_what_time_it_is_and_what_comes_next(client: Client, lease: Lease[Client]) -> None:
    id_ = queued(lease)
    assert client.clock() == {"mode": "manual", "rate": None, "now": NOON, "next": "2026-01-31T12:00:01.000Z"}
    assert [(due["sms_message_id"], due["status"]) for due in client.agenda()] == [(id_, "sent"), (id_, "received")]
    assert client.agenda(limit=1) == client.agenda()[:1]


@pytest.mark.parametrize(
    ("word", "more", "now"),
    [
        ("manual", {}, NOON),
        ("manual", {"now": "2027-01-01T00:00:00Z"}, "2027-01-01T00:00:00.000Z"),
        ("manual", {"now": 1798761600}, "2027-01-01T00:00:00.000Z"),
        ("manual@2027-01-01T00:00:00Z", {}, "2027-01-01T00:00:00.000Z"),
    ],
)
def test_a_clock_is_set(client: Client, word: str, more: dict[str, Any], now: str) -> None:
    assert client.set_clock(word, **more) == client.clock()
    assert client.clock()["now"] == now


@pytest.mark.parametrize(("word", "more"), [("60x", {}), ("scaled", {"rate": 60})])
def test_a_clock_is_made_faster(client: Client, word: str, more: dict[str, Any]) -> None:
    shown = client.set_clock(word, **more)
    assert (shown["mode"], shown["rate"]) == ("scaled", 60.0)


def test_an_advance_tells_what_ran(client: Client, lease: Lease[Client]) -> None:
    queued(lease)
    assert [status["status"] for status in client.advance(1)["statuses"]] == ["sent"]
    assert client.advance(until="next")["now"] == "2026-01-31T12:00:03.000Z"
    assert client.advance(until="idle", most=5)["stopped"] is None


@pytest.mark.slow
def test_an_advance_takes_as_long_as_the_applications_that_it_calls(client: Client, lease: Lease[Client]) -> None:
    """Longer than the client's time-out, which is for answers that come at once."""
    hasty = Client(url=client.url, username=lease.username, password=lease.password, timeout=0.2)
    answering = threading.Event()

    def late(_hit: object) -> Any:
        answering.wait(0.5)
        return Answer()

    with receiver(late) as slow:
        queued(lease, result_url=slow.url)
        assert [callback["outcome"] for callback in hasty.advance(until="idle")["callbacks"]] == ["ok", "ok"]


@pytest.mark.slow
def test_an_expectation_may_wait_longer_than_the_clients_time_out(client: Client, lease: Lease[Client]) -> None:
    """Its own time-out comes on top."""
    hasty = Client(url=client.url, username=lease.username, password=lease.password, timeout=0.5)
    elapsed = stopwatch()
    with pytest.raises(ExpectationFailed):
        hasty.expect(timeout=0.8)
    assert elapsed() >= 800
    with pytest.raises(ExpectationFailed):
        hasty.expect()  # a second, where no time-out is named


def test_what_is_expected_is_answered_with_a_cursor_to_go_on_from(client: Client, lease: Lease[Client]) -> None:
    id_ = queued(lease, "Your code is 123-456.")
    answer = client.expect(
        to=HANDSET,
        from_=lease.number,
        body={"contains": "code"},
        type="outbound",
        status="queued",
        count=1,
        timeout=0,
        nothing_else=True,
        extract={"otp": "code"},
    )
    assert ([message["sms_message_id"] for message in answer["messages"]], answer["extracted"]) == (
        [id_],
        {"otp": "123456"},
    )
    assert client.expect(since=answer["cursor"], at_most=0)["messages"] == []
    assert len(client.expect(at_least=1, at_most=2)["messages"]) == 1


def test_callbacks_are_expected(client: Client, lease: Lease[Client]) -> None:
    id_ = queued(lease, result_url=client.sink_url())
    client.advance(until="idle")
    answer = client.expect_callbacks(
        status="received",
        sms_message_id=id_,
        url={"contains": "/sink/"},
        to=HANDSET,
        from_=lease.number,
        outcome="ok",
        http_status=[200, 204],
        attempt=1,
        count=1,
    )
    assert len(answer["callbacks"]) == 1
    with pytest.raises(ExpectationFailed):
        client.expect_callbacks(http_status=500, timeout=0)


def test_posts_to_applications_are_expected(client: Client, lease: Lease[Client]) -> None:
    client.set_application(lease.number, client.sink_url("sms"))
    came = client.receive(from_=HANDSET, to=lease.number, body="Code 4711")
    answer = client.expect_inbound(
        to=lease.number,
        from_=HANDSET,
        body={"matches": "[0-9]+"},
        sms_message_id=came["sms_message_id"],
        url={"contains": "/sms"},
        http_status=200,
        extract="code",
    )
    assert (len(answer["inbound"]), answer["extracted"]) == (1, "4711")


def test_an_expectation_that_fails_tells_why_in_several_lines(client: Client, lease: Lease[Client]) -> None:
    """The emulator's words, what came nearest, and what happened; and all of it as it was answered."""
    id_ = queued(lease)
    arrow = f"{lease.number} > {HANDSET}"
    with pytest.raises(ExpectationFailed) as failed:
        client.expect(body="Goodbye", timeout=0)
    assert str(failed.value) == (
        "at least 1 message was expected, 0 came\n"
        "nearest:\n"
        f"  {id_}  outbound  queued       {arrow}  Hello\n"
        "    body: wanted is 'Goodbye', seen 'Hello'\n"
        "what happened:\n"
        f"  12:00:00.000  {id_[:8]}  outbound queued      {arrow}  Hello"
    )
    assert failed.value.one_line() == (
        "at least 1 message was expected, 0 came; misses has what came nearest, timeline what happened last"
    )
    assert (failed.value.details["holds"], failed.value.exit_code) == (False, 1)
    assert [miss["item"]["sms_message_id"] for miss in failed.value.misses] == [id_]
    assert [event["event"] for event in failed.value.timeline] == ["status"]


def test_a_failure_that_was_pickled_is_still_one() -> None:
    """As it is when a test runs in another process."""
    again = pickle.loads(pickle.dumps(ExpectationFailed("nothing came", details={"misses": []})))  # noqa: S301 # ours
    assert (type(again), again.message) == (ExpectationFailed, "nothing came")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.expect(type="outgoing"), "'type' is 'outgoing', which is unknown"),
        (lambda client: client.expect(timeout="soon"), "'timeout' is 'soon', but a number from 0 to 600 was expected"),
        (lambda client: client.advance(), "one of 'seconds' and 'until' was expected"),
        (lambda client: client.set_clock("fast"), "'fast' is not a clock"),
    ],
    ids=["field", "timeout", "advance", "clock"],
)
def test_a_call_that_is_to_be_mended_is_told(client: Client, call: Any, message: str) -> None:
    with pytest.raises(BadCall) as failed:
        call(client)
    assert (failed.value.message, failed.value.exit_code) == (message, 2)


def test_a_server_that_goes_while_it_is_waited_for_is_told() -> None:
    """However long an advance may take: it does not hang."""

    def hang_up() -> None:
        connection = listening.accept()[0]
        connection.recv(65536)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ServerUnreachable):
            Client(url=f"http://127.0.0.1:{listening.getsockname()[1]}").advance(5)
        thread.join()
