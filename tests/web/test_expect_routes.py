"""Expectations over HTTP: 200 when they hold, 417 when not, with what came nearest."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import APPLICATION, HANDSET, MINE, OTHER, House
from plum_emulator.model.exchanges import Outcome

AT = "2023-11-14T22:13:20.000Z"
RESULTS = "http://127.0.0.1:8000/results"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Your code is 123-456.", "result_url": RESULTS}
HINT = "misses has what came nearest, timeline what happened last"
KINDS = {"messages": "/_plum/expect", "callbacks": "/_plum/expect/callbacks", "inbound": "/_plum/expect/inbound"}


@pytest.fixture(autouse=True)
def manual(caller: Caller) -> None:
    """On a clock that stands still: what is due already happens first, and nothing else."""
    caller.send_json("PUT", "/_plum/clock", "manual")


def test_what_came_is_shown_with_what_was_taken_out(caller: Caller) -> None:
    caller.queue(FIELDS)
    asked = {"to": "+1 212 555 0123", "body": {"contains": "code"}, "extract": {"otp": "code", "first": "^\\w+"}}
    heard = caller.send_json("POST", "/_plum/expect", asked)
    assert (heard.status, heard.values) == (
        200,
        {
            "holds": True,
            "why": "at least 1 message was expected, 1 came",
            "messages": caller.get("/_plum/messages").values["messages"],
            "cursor": "1.1",
            "extracted": {"otp": "123456", "first": "Your"},
        },
    )


def test_what_did_not_come_is_417_with_what_came_nearest(caller: Caller) -> None:
    caller.queue({**FIELDS, "body": "x"})
    (message,) = caller.get("/_plum/messages").values["messages"]
    heard = caller.send_json("POST", "/_plum/expect", {"to": HANDSET, "body": {"contains": "code"}, "timeout": 0})
    about = {
        name: message[name]
        for name in ("sms_message_id", "type", "to", "from", "body", "status", "notification", "reason")
    }
    assert (heard.status, heard.values) == (
        417,
        {
            "holds": False,
            "error": "at least 1 message was expected, 0 came",
            "hint": HINT,
            "messages": [],
            "cursor": "1.1",
            "misses": [{"item": message, "fields": [{"field": "body", "wanted": "contains 'code'", "seen": "'x'"}]}],
            "timeline": [
                {"at": AT, "event": "clock", "mode": "manual"},
                {"at": AT, "event": "status", **about},
            ],
        },
    )


def test_callbacks_are_expected_by_what_was_told(house: House, caller: Caller) -> None:
    house.transport.answer = lambda _request: Outcome(status=503)
    id_ = caller.queue(FIELDS).rows[0]["sms_message_id"]
    caller.send_json("POST", "/_plum/clock/advance", {"until": "idle"})
    asked = {"sms_message_id": id_, "url": RESULTS, "http_status": [500, 503], "attempt": 1, "count": 2}
    heard = caller.send_json("POST", "/_plum/expect/callbacks", asked)
    told = [each["request"]["body"].rpartition("=")[2] for each in heard.values["callbacks"]]
    assert (heard.status, told, heard.values["extracted"]) == (200, ["sent", "received"], None)
    missed = caller.send_json(
        "POST", "/_plum/expect/callbacks", {"status": "received", "http_status": 200, "timeout": 0}
    )
    assert (missed.status, missed.error) == (417, "at least 1 callback was expected, 0 came")
    assert missed.values["misses"][0]["fields"] == [{"field": "http_status", "wanted": "is 200", "seen": "503"}]


def test_what_was_posted_to_applications_is_expected(caller: Caller) -> None:
    """What is due already is posted first."""
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "go to http://plum.test/a."})
    asked = {"from": HANDSET, "url": APPLICATION, "outcome": "ok", "extract": "link"}
    heard = caller.send_json("POST", "/_plum/expect/inbound", asked)
    assert (heard.status, heard.values["extracted"]) == (200, "http://plum.test/a")
    assert [each["operation"] for each in heard.values["inbound"]] == ["inbound"]


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_nothing_at_all_can_be_expected(caller: Caller, path: str) -> None:
    assert caller.send_json("POST", path, {"count": 0}).status == 200
    heard = caller.send_json("POST", path, {"timeout": 0})
    assert (heard.status, heard.values["hint"], heard.values["misses"]) == (417, HINT, [])


def test_a_cursor_leaves_out_what_was_seen(caller: Caller) -> None:
    caller.queue(FIELDS)
    cursor = caller.send_json("POST", "/_plum/expect", {}).values["cursor"]
    assert caller.send_json("POST", "/_plum/expect", {"since": cursor, "count": 0}).status == 200
    caller.queue({**FIELDS, "body": "another"})
    heard = caller.send_json("POST", "/_plum/expect", {"since": cursor})
    assert [message["body"] for message in heard.values["messages"]] == ["another"]


def test_nothing_else_may_have_come(caller: Caller) -> None:
    caller.queue(FIELDS)
    caller.queue({**FIELDS, "body": "another"})
    heard = caller.send_json("POST", "/_plum/expect", {"body": "another", "nothing_else": True, "timeout": 0})
    assert (heard.status, heard.error) == (417, "besides the 1 expected, 1 other came")


def test_only_the_own_account_is_looked_at(caller: Caller) -> None:
    caller.queue({"to": HANDSET, "from": OTHER, "body": "secret"}, login="second:secret")
    missed = caller.send_json("POST", "/_plum/expect", {"timeout": 0})
    assert (missed.status, "secret" in missed.body.decode()) == (417, False)
    assert caller.send_json("POST", "/_plum/expect?account=second", {"body": "secret"}).status == 200


def test_waiting_ends_when_it_comes(house: House, caller: Caller) -> None:
    """Long before the time-out: what the emulator does meanwhile is noticed."""
    replies = b"<reply><sms_message>Hello back</sms_message></reply>"
    house.transport.answer = lambda _request: Outcome(status=200, body=replies)
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"})
    heard = caller.send_json("POST", "/_plum/expect", {"type": "reply", "timeout": 600})
    assert [message["body"] for message in heard.values["messages"]] == ["Hello back"]


@pytest.mark.parametrize(
    ("kind", "asked", "error", "hint"),
    [
        ("messages", {"bdoy": "x"}, "'bdoy' is unknown", "did you mean 'body'?"),
        ("messages", {"attempt": 1}, "'attempt' is unknown", "there are: "),
        ("callbacks", {"extract": "code"}, "'extract' is unknown", "there are: "),
        ("inbound", {"status": "sent"}, "'status' is unknown", "did you mean 'http_status'?"),
        ("messages", {"to": "555"}, "to: '555' is not a phone number", "write 10 digits"),
        ("messages", {"to": 5}, "to is 5, but a string or an object was expected", "for example "),
        ("messages", {"body": {}}, "body says nothing", "there are: equals, contains, matches"),
        ("messages", {"body": {"contain": "x"}}, "body: 'contain' is unknown", "did you mean 'contains'?"),
        ("messages", {"body": {"matches": "("}}, "body: '(' is not a regular expression: ", ""),
        ("messages", {"body": "\ud800"}, "body: half a surrogate pair is in it", "send whole characters"),
        (
            "messages",
            {"status": "delivered"},
            "'status' is 'delivered', which is unknown",
            "did you mean 'undelivered'?",
        ),
        ("messages", {"type": "outbond"}, "'type' is 'outbond', which is unknown", "did you mean 'outbound'?"),
        (
            "messages",
            {"count": 1, "at_least": 1},
            "'count' does not go with 'at_least' or 'at_most'",
            "count is exactly",
        ),
        (
            "messages",
            {"count": -1},
            "'count' is -1, but a whole number from 0 to 1000000000 was expected",
            "there are: ",
        ),
        ("messages", {"at_least": 2, "at_most": 1}, "'at_least' is 2, but 'at_most' is 1", "the first is not"),
        ("messages", {"timeout": 601}, "'timeout' is 601, but a number from 0 to 600 was expected", "there are: "),
        (
            "messages",
            {"since": "yesterday"},
            "since = 'yesterday' is not a cursor",
            "use one that an expectation answered",
        ),
        ("messages", {"since": "1." + "9" * 19}, "since = '1.999", "use one that an expectation answered"),
        (
            "messages",
            {"since": "\u0663.1"},
            "since = '\u0663.1' is not a cursor",
            "use one that an expectation answered",
        ),
        ("messages", {"extract": "code", "count": 0}, "'extract' needs something to come", "expect at least one"),
        ("messages", {"extract": {}}, "extract says nothing", '"code", "link"'),
        (
            "callbacks",
            {"http_status": 99},
            "'http_status' is 99, but a whole number from 100 to 599",
            "for example 500",
        ),
        (
            "callbacks",
            {"http_status": []},
            "'http_status' is [], but a whole number from 100 to 599",
            "for example 500",
        ),
        (
            "callbacks",
            {"attempt": 0},
            "'attempt' is 0, but a whole number from 1 to 1000000000 was expected",
            "there are: ",
        ),
    ],
)
def test_an_expectation_that_cannot_be_says_why(
    caller: Caller, kind: str, asked: dict[str, Any], error: str, hint: str
) -> None:
    """At once: nobody waits for what cannot come."""
    heard = caller.send_json("POST", KINDS[kind], {"timeout": 600, **asked})
    assert heard.status == 400
    assert heard.error.startswith(error)
    assert heard.values["hint"].startswith(hint)


@pytest.mark.slow
def test_an_expression_that_takes_for_ever_is_refused(caller: Caller) -> None:
    """And holds up nobody."""
    caller.queue({**FIELDS, "body": "a" * 60 + "!"})
    heard = caller.send_json("POST", "/_plum/expect", {"body": {"matches": "^(a|aa)+$"}, "timeout": 0})
    assert (heard.status, heard.error) == (400, "the regular expression '^(a|aa)+$' takes longer than 0.5 s")
