"""The account's clock over HTTP: shown, set and moved; and what comes next."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House

START = "2023-11-14T22:13:20.000Z"
RESULTS = "http://127.0.0.1:8000/results"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello", "result_url": RESULTS}
EXAMPLE = 'for example {"seconds": 5} or {"until": "idle"}'


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("manual", {"mode": "manual", "rate": None, "now": START, "next": None}),
        ({"mode": "manual"}, {"mode": "manual", "rate": None, "now": START, "next": None}),
        ("60x", {"mode": "scaled", "rate": 60.0, "now": START, "next": None}),
        ({"mode": "scaled", "rate": 0.5}, {"mode": "scaled", "rate": 0.5, "now": START, "next": None}),
        ("real", {"mode": "real", "rate": 1.0, "now": START, "next": None}),
        (
            {"mode": "real", "now": "2031-02-03T04:05:06.789+01:00"},
            {"mode": "real", "rate": 1.0, "now": "2031-02-03T03:05:06.789Z", "next": None},
        ),
        (
            "manual@1999-12-31T23:59:59Z",
            {"mode": "manual", "rate": None, "now": "1999-12-31T23:59:59.000Z", "next": None},
        ),
        (
            {"mode": "manual", "now": 0},
            {"mode": "manual", "rate": None, "now": "1970-01-01T00:00:00.000Z", "next": None},
        ),
        (
            {"mode": "manual", "now": 1e9 + 0.5, "rate": None},
            {"mode": "manual", "rate": None, "now": "2001-09-09T01:46:40.500Z", "next": None},
        ),
    ],
)
def test_a_clock_is_set_and_shown(caller: Caller, asked: Any, expected: dict[str, Any]) -> None:
    heard = caller.send_json("PUT", "/_plum/clock", asked)
    assert (heard.status, heard.values) == (200, expected)
    assert caller.get("/_plum/clock").values == expected


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        ({}, "clock: 'mode' is missing", "there are: mode, rate, now"),
        ({"mod": "real"}, "clock: 'mod' is unknown", "did you mean 'mode'?"),
        ({"mode": "manuel"}, "clock: 'mode' is 'manuel', which is unknown", "did you mean 'manual'?"),
        ({"mode": 1}, "clock: 'mode' is 1, which is unknown", "there are: real, scaled, manual"),
        ({"mode": "scaled"}, "a scaled clock needs a rate", 'for example {"mode": "scaled", "rate": 60}'),
        (
            {"mode": "manual", "rate": 2},
            "a manual clock has no rate",
            '{"mode": "scaled", "rate": 60} goes 60 times as fast',
        ),
        (
            {"mode": "scaled", "rate": 0},
            "clock: 'rate' is 0, but a number from 0.001 to 1000000 was expected",
            "there are: mode, rate, now",
        ),
        (
            {"mode": "scaled", "rate": True},
            "clock: 'rate' is true, but a number from 0.001 to 1000000 was expected",
            "there are: mode, rate, now",
        ),
        ({"mode": "real", "now": "soon"}, "'soon' is not an instant", "write 2026-01-31T12:00:00Z"),
        (
            {"mode": "real", "now": "2026-01-31T12:00:00"},
            "'2026-01-31T12:00:00' has no zone",
            "write 2026-01-31T12:00:00Z",
        ),
        (
            {"mode": "real", "now": "9999-06-01T00:00:00Z"},
            "'9999-06-01T00:00:00Z' is out of range",
            "from 1970 to 9998",
        ),
        ("6ox", "'6ox' is not a clock", "there are: real, manual, 60x for sixty times as fast, and "),
        ("0x", "'0x' is not a clock", "there are: real, manual, 60x for sixty times as fast, and "),
    ],
)
def test_a_clock_that_cannot_be_says_why(onlooker: Caller, asked: Any, error: str, hint: str) -> None:
    heard = onlooker.send_json("PUT", "/_plum/clock", asked)
    assert (heard.status, heard.error) == (400, error)
    assert heard.values["hint"].startswith(hint)
    assert onlooker.get("/_plum/clock").values["mode"] == "real"


@pytest.mark.parametrize("now", ["-1", "true", "1e300", "253370764800", "NaN", "Infinity", "[]"])
def test_an_instant_is_from_1970_to_9998(onlooker: Caller, now: str) -> None:
    heard = onlooker.call("PUT", "/_plum/clock", body=f'{{"mode": "manual", "now": {now}}}'.encode())
    assert heard.status == 400
    assert heard.error.endswith("or unix seconds before the year 9999, was expected")


def test_the_time_of_answers_is_the_accounts(caller: Caller) -> None:
    """The Date header of the control surface, and that of an answer that came later."""
    caller.send_json("PUT", "/_plum/clock", "manual@2031-01-01T00:00:00Z")
    dates = [
        caller.get("/_plum/clock").header("Date"),
        caller.send_json("POST", "/_plum/clock/advance", {"seconds": 60}).header("Date"),
        caller.get("/_plum/clock?account=second").header("Date"),
    ]
    assert dates == ["Wed, 01 Jan 2031 00:00:00 GMT", "Wed, 01 Jan 2031 00:01:00 GMT", "Tue, 14 Nov 2023 22:13:20 GMT"]


def test_an_advance_says_what_happened_on_the_way(house: House, caller: Caller) -> None:
    caller.send_json("PUT", "/_plum/clock", "manual")
    id_ = caller.queue(FIELDS).rows[0]["sms_message_id"]
    assert caller.get("/_plum/clock").values["next"] == "2023-11-14T22:13:21.000Z"
    heard = caller.send_json("POST", "/_plum/clock/advance", {"seconds": 1.5})
    about = {"sms_message_id": id_, "type": "outbound", "to": HANDSET, "from": MINE}
    at = "2023-11-14T22:13:21.000Z"
    assert (heard.status, heard.values) == (
        200,
        {
            "now": "2023-11-14T22:13:21.500Z",
            "joined": False,
            "stopped": None,
            "statuses": [
                {
                    "at": at,
                    "event": "status",
                    **about,
                    "body": "Hello",
                    "status": "sent",
                    "notification": None,
                    "reason": None,
                }
            ],
            "callbacks": [
                {
                    "at": at,
                    "event": "callback",
                    **about,
                    "url": RESULTS,
                    "status": "sent",
                    "http_status": 200,
                    "outcome": "ok",
                    "attempt": 1,
                }
            ],
            "inbound": [],
        },
    )
    assert len(house.transport.sent) == 1


@pytest.mark.parametrize(
    ("asked", "now"),
    [
        ({"seconds": 0}, START),
        ({"seconds": 0.0004}, START),
        ({"seconds": 0.001}, "2023-11-14T22:13:20.001Z"),
        ({"until": "next"}, "2023-11-14T22:13:21.000Z"),
        ({"until": "idle"}, "2023-11-14T22:13:23.000Z"),
        ({"seconds": 5, "until": None}, "2023-11-14T22:13:25.000Z"),
        ({"seconds": 3_162_240_000}, "2124-01-29T22:13:20.000Z"),
    ],
)
def test_how_far_a_clock_is_moved(caller: Caller, asked: dict[str, Any], now: str) -> None:
    caller.send_json("PUT", "/_plum/clock", "manual")
    caller.queue(FIELDS)
    assert caller.send_json("POST", "/_plum/clock/advance", asked).values["now"] == now
    assert caller.get("/_plum/clock").values["now"] == now


def test_what_happens_too_often_is_stopped(caller: Caller) -> None:
    caller.send_json("PUT", "/_plum/clock", "manual")
    caller.queue(FIELDS)
    report = caller.send_json("POST", "/_plum/clock/advance", {"until": "idle", "most": 1}).values
    assert report["stopped"] == "1 things have happened; do two applications answer each other?"


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        ({}, "one of 'seconds' and 'until' was expected", EXAMPLE),
        ({"most": 5}, "one of 'seconds' and 'until' was expected", EXAMPLE),
        ({"seconds": 1, "until": "idle"}, "one of 'seconds' and 'until' was expected", EXAMPLE),
        ({"until": "idel"}, "'until' is 'idel', which is unknown", "did you mean 'idle'?"),
        ({"second": 1}, "'second' is unknown", "did you mean 'seconds'?"),
        (
            {"seconds": -1},
            "'seconds' is -1, but a number from 0 to 3162240000 was expected",
            "there are: seconds, until, most",
        ),
        (
            {"seconds": "1"},
            "'seconds' is '1', but a number from 0 to 3162240000 was expected",
            "there are: seconds, until, most",
        ),
        (
            {"seconds": 1, "most": 0},
            "'most' is 0, but a whole number from 1 to 1000000 was expected",
            "there are: seconds, until, most",
        ),
    ],
)
def test_an_advance_that_cannot_be_says_why(onlooker: Caller, asked: Any, error: str, hint: str) -> None:
    heard = onlooker.send_json("POST", "/_plum/clock/advance", asked)
    assert (heard.status, heard.values) == (400, {"error": error, "hint": hint})


@pytest.mark.parametrize("mode", ["real", "60x"])
def test_a_clock_that_goes_by_itself_cannot_be_moved(caller: Caller, mode: str) -> None:
    caller.send_json("PUT", "/_plum/clock", mode)
    heard = caller.send_json("POST", "/_plum/clock/advance", {"seconds": 1})
    word = "real" if mode == "real" else "scaled"
    assert (heard.status, heard.values) == (
        400,
        {
            "error": f"the clock of account 'username' is {word}: it goes by itself",
            "hint": 'make it manual first: PUT /_plum/clock {"mode": "manual"}',
        },
    )


def test_the_agenda_says_what_comes_next(caller: Caller) -> None:
    """The soonest first; and a text that waits to be posted."""
    caller.send_json("PUT", "/_plum/clock", "manual")
    sent = caller.queue(FIELDS).rows[0]["sms_message_id"]
    text = caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "x"}).values
    row = {"state": "scheduled", "attempt": 1, "rules": []}
    assert caller.get("/_plum/agenda").values["agenda"] == [
        {"due_at": START, "what": "inbound", "sms_message_id": text["sms_message_id"], "status": None, **row},
        {"due_at": "2023-11-14T22:13:21.000Z", "what": "status", "sms_message_id": sent, "status": "sent", **row},
        {"due_at": "2023-11-14T22:13:23.000Z", "what": "status", "sms_message_id": sent, "status": "received", **row},
    ]
    assert len(caller.get("/_plum/agenda?limit=2").values["agenda"]) == 2
    assert caller.get("/_plum/agenda?account=second").values == {"agenda": []}


def test_the_timeline_says_what_happened_last(house: House, caller: Caller) -> None:
    """The oldest first, each in one line; a reset begins it anew."""
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "HELP"})
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"})
    house.advance()
    timeline = caller.get("/_plum/timeline").values["timeline"]
    assert [event["event"] for event in timeline] == ["status", "text", "status", "answer"]
    assert caller.get("/_plum/timeline?limit=2").values["timeline"] == timeline[-2:]
    assert caller.get("/_plum/timeline?account=second").values == {"timeline": []}
    caller.post("/_plum/reset")
    assert caller.get("/_plum/timeline").values == {"timeline": [{"at": START, "event": "reset"}]}


def test_the_end_of_time_can_be_shown(caller: Caller) -> None:
    """What is due after the last year that a date can have is shown too."""
    caller.send_json("PUT", "/_plum/clock", "manual@9998-12-31T23:59:59Z")
    year = 366 * 86400
    caller.send_json("POST", "/_plum/rules", {"then": {"sent_after": year, "final_after": year}})
    caller.queue(FIELDS)
    assert caller.get("/_plum/clock").status == 200
    assert len(caller.get("/_plum/agenda").values["agenda"]) == 2
    assert caller.send_json("POST", "/_plum/clock/advance", {"until": "idle"}).status == 200
    assert caller.get("/_plum/messages").status == 200
