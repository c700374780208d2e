"""Expectations, time, rules, callbacks by hand and snapshots, as a test writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from helpers.programs import HANDSET
from plum_emulator.client import BadCall
from plum_emulator.errors import CallFailed, NotPossible, PlumEmulatorError
from plum_emulator.testing import Message, Plum, PlumFailure
from plum_emulator.testing.plum import Duration

OTHER = "16175550124"


def send(plum: Plum, body: str = "Hello", *, to: str = HANDSET) -> str:
    """Queue a message with the account's sink as result URL; its id."""
    return str(plum.client.queue(to=to, from_=plum.number, body=body, result_url=plum.sink_url)[0]["sms_message_id"])


def test_the_newest_message_like_it_is_given(plum: Plum) -> None:
    """By any of its fields, each the text itself or what it is like."""
    send(plum, "See you at 9")
    second = send(plum, "See you at 10", to=OTHER)

    found = [
        plum.expect(body__contains="See you"),
        plum.expect(to=OTHER),
        plum.expect(to=plum.phone(OTHER)),
        plum.expect(to__contains="0124"),
        plum.expect(body__matches="at [0-9]{2}$", body__contains="you"),
        plum.expect(body={"contains": "10"}, from_=plum.number, type="outbound", status="queued"),
        plum.expect(body__contains="you", at_least=2),
    ]

    assert {message.id for message in found} == {second}
    assert found[0] == plum.message(second) == plum.message(found[0]) == plum.messages()[-1]


@pytest.mark.parametrize(
    ("extract", "body", "extracted"),
    [
        ("code", "Your code: 123456.", "123456"),
        ("link", "See https://example.com/a?b=c now", "https://example.com/a?b=c"),
        ("at ([0-9]+)", "at 9 or at 10", "9"),
        ({"code": "code", "hour": "at ([0-9]+)"}, "123456 at 9", {"code": "123456", "hour": "9"}),
    ],
    ids=["code", "link", "expression", "several"],
)
def test_something_is_taken_out_of_it(plum: Plum, extract: object, body: str, extracted: object) -> None:
    """Codes, links, or what an expression finds."""
    send(plum, body)

    assert plum.expect(to=HANDSET, extract=extract).extracted == extracted


def test_a_failure_is_an_assertion_that_tells_what_came_nearest(plum: Plum) -> None:
    """In a few lines: the timeline is the report's."""
    id_ = send(plum, "See you at 9")

    with pytest.raises(AssertionError) as failed:
        plum.expect(body="See you at 8", timeout=0)

    assert str(failed.value).splitlines() == [
        "at least 1 message was expected, 0 came",
        "nearest:",
        f"  {id_}  outbound  queued       {plum.number} > {HANDSET}  See you at 9",
        "    body: wanted is 'See you at 8', seen 'See you at 9'",
    ]


def test_how_many_is_exact_where_it_is_said(plum: Plum) -> None:
    """Two are not one; none may be expected as well."""
    send(plum)
    plum.expect(count=1)
    plum.expect_none(body="Goodbye")
    send(plum)

    with pytest.raises(PlumFailure, match="1 message was expected, 2 came"):
        plum.expect(count=1, timeout=0)
    with pytest.raises(PlumFailure, match=r"0 messages were expected, 2 came|no message"):
        plum.expect_none(body="Hello")


def test_nothing_else_is_what_no_expectation_has_found(plum: Plum) -> None:
    """Inbound texts are nobody's doing, and are not meant."""
    send(plum, "Expected")
    send(plum, "Not expected")
    plum.phone(HANDSET).texts("Hello")
    plum.expect(body="Expected")

    with pytest.raises(PlumFailure, match=r"1 message went out that nobody expected:\n  outbound queued .*'Not expec"):
        plum.expect_nothing_else()
    plum.expect(body="Not expected")
    plum.expect_nothing_else()


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("bdy", "did you mean 'body'?"),
        ("sttus__contains", "did you mean 'status'?"),
        ("body__has", "after a field and __ come: contains, matches, equals"),
        ("at_least__contains", "after a field and __ come: contains, matches, equals"),
    ],
)
def test_an_unknown_field_is_refused(plum: Plum, field: str, hint: str) -> None:
    """With the nearest one that is known."""
    wanted: dict[str, Any] = {field: "x"}

    with pytest.raises(NotPossible) as refused:
        plum.expect(**wanted)

    assert refused.value.hint == hint


@pytest.mark.parametrize("by", ["5s", 5, 5.0, timedelta(seconds=5), "5000ms"], ids=str)
def test_the_clock_is_moved_by(plum: Plum, by: Duration) -> None:
    """Words, seconds or a timedelta; everything due has happened then."""
    id_ = send(plum)
    before = datetime.fromisoformat(plum.now)

    plum.advance(by)

    assert datetime.fromisoformat(plum.now) - before == timedelta(seconds=5)
    assert plum.message(id_).status == "received"
    assert [attempt.status for attempt in plum.callbacks(id_)] == ["sent", "received"]


def test_the_clock_is_moved_to_what_is_next_or_last(plum: Plum) -> None:
    """One step of a message's life, and all of it."""
    id_ = send(plum)

    plum.advance(until="next")
    first = plum.message(id_).status
    plum.deliver()

    assert (first, plum.message(id_).status) == ("sent", "received")


@pytest.mark.parametrize("by", ["5 parsecs", "-5s", timedelta(seconds=-5)], ids=str)
def test_what_is_no_duration_is_refused(plum: Plum, by: Duration) -> None:
    """Time goes forward, in known units."""
    with pytest.raises(PlumEmulatorError):
        plum.advance(by)


def test_a_clock_that_goes_by_itself_is_not_moved(plum_real_time: Plum) -> None:
    """The emulator says how to have one that is."""
    with pytest.raises(BadCall):
        plum_real_time.advance("5s")
    plum_real_time.settle()
    plum_real_time.deliver()


def test_rules_are_made_listed_and_told_when_unused(plum: Plum) -> None:
    """Those that fired count; the others are named."""
    plum.refuse_next()
    plum.fail_to(OTHER, "undelivered")
    with pytest.raises(CallFailed, match="Error sending sms request"):
        send(plum)

    with pytest.raises(PlumFailure, match=r"1 rule never fired:\n  rule-2: when .*16175550124"):
        plum.expect_every_rule_used()
    id_ = send(plum, to=OTHER)
    plum.advance("5s")
    plum.expect_every_rule_used()
    assert (plum.message(id_).status, [rule["fired"] for rule in plum.rules]) == ("undelivered", [1, 1])


def test_the_next_answer_is_lost_and_the_message_is_there(plum: Plum) -> None:
    """What an application has to live with."""
    plum.lose_next_answer()
    with pytest.raises(PlumEmulatorError):
        send(plum)
    send(plum)

    assert [message.body for message in plum.messages()] == ["Hello", "Hello"]


def test_callbacks_are_held_and_released_in_any_order(plum: Plum) -> None:
    """The last one first, for example."""
    plum.hold_callbacks()
    send(plum)
    plum.advance("5s")
    held = plum.held_callbacks

    released = plum.release_callbacks([each["id"] for each in reversed(held)])

    assert [each["status"] for each in held] == ["sent", "received"]
    assert [(each.status, each.ok) for each in released] == [("received", True), ("sent", True)]
    assert (plum.held_callbacks, plum.callbacks()) == ([], released)


def test_a_snapshot_brings_everything_back(plum: Plum) -> None:
    """Messages, rules, clock; what is sent again has the same id."""
    before = (plum.messages(), plum.rules, plum.now)
    ids = []
    for _ in range(2):
        with plum.unchanged():
            ids.append(send(plum))
            plum.refuse_next()
            plum.advance("5s")
        assert (plum.messages(), plum.rules, plum.now) == before
    plum.snapshot()
    send(plum)
    plum.restore()

    assert (plum.messages(), ids[0]) == ([], ids[1])
    assert [each["name"] for each in plum.client.snapshots()] == ["here"]


def test_a_child_process_is_told_by_its_environment(plum: Plum) -> None:
    """Enough for an application, and for our commands."""
    assert plum.env == {
        "PLUM_BASE_URL": plum.base_url,
        "PLUM_USERNAME": plum.username,
        "PLUM_PASSWORD": plum.password,
        "PLUM_NUMBER": plum.number,
        "PLUM_EMULATOR_URL": plum.base_url,
        "PLUM_EMULATOR_USERNAME": plum.username,
        "PLUM_EMULATOR_PASSWORD": plum.password,
    }
    assert repr(plum) == f"<Plum account {plum.username} on {plum.base_url.removeprefix('http://')}, manual clock>"


def test_a_message_keeps_what_it_was(plum: Plum) -> None:
    """It is a value; one looks again for what it is now."""
    seen: Message = plum.message(send(plum))
    plum.advance("5s")

    assert (seen.status, plum.message(seen).status) == ("queued", "received")
    assert [status for status, _ in plum.message(seen).statuses] == ["queued", "sent", "received"]


def test_requests_under_an_unknown_login_are_told_with_the_right_one(plum: Plum) -> None:
    """Of this test alone: what came before the account was made is nobody's business."""
    plum.expect_nothing_unhandled()
    for client in (plum.client.as_account("nobody", password="x"), plum.client.as_account(plum.username, password="x")):
        with pytest.raises(PlumEmulatorError):
            client.messages()

    with pytest.raises(PlumFailure) as failed:
        plum.expect_nothing_unhandled()
    head, *lines = str(failed.value).splitlines()
    assert (head, len(lines)) == ("2 requests for nobody:", 2)
    assert f"this test's login is {plum.username!r}: plum.username" in lines[0]
    assert "the login is right, and the password is not: plum.password" in lines[1]
