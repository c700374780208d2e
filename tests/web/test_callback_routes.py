"""The workbench for callbacks over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import APPLICATION, HANDSET, MINE, House
from plum_emulator.model.exchanges import Outcome

RESULTS = "http://127.0.0.1:8000/results"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello", "result_url": RESULTS}
HELD = 'hold them first: PUT /_plum/callbacks {"hold": true}'


@pytest.fixture
def held(house: House, caller: Caller) -> list[dict[str, Any]]:
    """Two callbacks of one message, held."""
    caller.send_json("PUT", "/_plum/callbacks", {"hold": True})
    caller.queue(FIELDS)
    house.advance(10_000)
    pending: list[dict[str, Any]] = caller.get("/_plum/callbacks").values["pending"]
    assert [(each["status"], each["state"]) for each in pending] == [("sent", "held"), ("received", "held")]
    return pending


def told(house: House) -> list[str]:
    """The statuses that were told, in order."""
    return [request.body.decode().rpartition("=")[2] for request in house.transport.sent]


def test_callbacks_are_held(house: House, caller: Caller) -> None:
    heard = caller.send_json("PUT", "/_plum/callbacks", {"hold": True, "timeout": 30})
    assert (heard.status, heard.values) == (200, {"hold": True, "timeout": 30.0, "pending": [], "attempts": []})
    id_ = caller.queue(FIELDS).rows[0]["sms_message_id"]
    house.advance(1000)
    (pending,) = caller.get("/_plum/callbacks").values["pending"]
    assert pending == {
        "id": pending["id"],
        "sms_message_id": id_,
        "status": "sent",
        "state": "held",
        "due_at": pending["due_at"],
        "attempt": 1,
        "rules": [],
        "url": RESULTS,
        "body": f"sms_message_id={id_}&status=sent",
    }
    assert told(house) == []
    house.advance(60_000)
    assert told(house) == ["sent", "received"]


def test_callbacks_are_held_no_more(house: House, caller: Caller, held: list[dict[str, Any]]) -> None:
    """What was held stays so until it is released."""
    heard = caller.send_json("PUT", "/_plum/callbacks", {"hold": False})
    assert (heard.values["hold"], heard.values["timeout"], heard.values["pending"]) == (False, None, held)
    caller.queue(FIELDS)
    house.advance(1000)
    assert told(house) == ["sent"]


def test_all_are_released_in_their_order(house: House, caller: Caller, held: list[dict[str, Any]]) -> None:
    heard = caller.post("/_plum/callbacks/release")
    assert (heard.status, told(house)) == (200, ["sent", "received"])
    answered = heard.values["callbacks"]
    assert [(each["direction"], each["operation"], each["outcome"]) for each in answered] == [
        ("out", "callback", "ok")
    ] * 2
    shown = caller.get("/_plum/callbacks").values
    assert (shown["pending"], shown["attempts"]) == ([], answered[::-1])
    assert [each["request"]["body"] for each in answered] == [each["body"] for each in held]


def test_they_are_released_in_the_order_that_is_asked_for(
    house: House, caller: Caller, held: list[dict[str, Any]]
) -> None:
    """Each once, also when it is named twice."""
    first, second = (each["id"] for each in held)
    heard = caller.send_json("POST", "/_plum/callbacks/release", {"ids": [second, first, second]})
    assert (heard.status, told(house)) == (200, ["received", "sent"])
    assert caller.send_json("POST", "/_plum/callbacks/release", {"ids": []}).values == {"callbacks": []}


def test_one_is_released_edited(house: House, caller: Caller, held: list[dict[str, Any]]) -> None:
    edit = {
        "url": "http://127.0.0.1:9000/x",
        "body": "Grüße",
        "headers": {"content-type": "text/plain", "X-Retry": "1"},
    }
    heard = caller.send_json("POST", f"/_plum/callbacks/{held[1]['id']}/release", edit)
    (exchange,) = heard.values["callbacks"]
    assert (exchange["request"]["url"], exchange["request"]["body"]) == (edit["url"], "Grüße")
    (request,) = house.transport.sent
    assert (request.url, request.body) == ("http://127.0.0.1:9000/x", "Grüße".encode())
    named = {name.lower(): value for name, value in request.headers}
    assert (named["content-type"], named["x-retry"]) == ("text/plain", "1")
    assert len(named) == len(request.headers)


def test_a_receiver_that_fails_is_told_of(house: House, caller: Caller, held: list[dict[str, Any]]) -> None:
    house.transport.answer = lambda _request: Outcome(error="the connection was refused")
    heard = caller.post(f"/_plum/callbacks/{held[0]['id']}/release")
    assert [(each["answer"], each["outcome"]) for each in heard.values["callbacks"]] == [
        (None, "the connection was refused")
    ]


def test_a_callback_is_doubled_and_dropped(house: House, caller: Caller, held: list[dict[str, Any]]) -> None:
    heard = caller.post(f"/_plum/callbacks/{held[0]['id']}/duplicate")
    assert (heard.status, heard.values) == (201, {**held[0], "id": heard.values["id"]})
    assert len(caller.get("/_plum/callbacks").values["pending"]) == 3
    dropped = caller.call("DELETE", f"/_plum/callbacks/{held[1]['id']}")
    assert (dropped.status, dropped.values) == (200, {"callback": held[1]["id"], "status": "dropped"})
    caller.post("/_plum/callbacks/release")
    assert told(house) == ["sent", "sent"]


def test_a_request_of_the_journal_is_made_again(house: House, caller: Caller) -> None:
    """As it was, or edited; a post to an application too."""
    caller.queue(FIELDS)
    house.advance(1000)
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"})
    house.advance()
    kept = [each for each in caller.get("/_plum/exchanges").values["exchanges"] if each["direction"] == "out"]
    for each in kept:
        heard = caller.post(f"/_plum/exchanges/{each['n']}/replay")
        assert (heard.status, heard.values["request"], heard.values["outcome"]) == (200, each["request"], "ok")
        assert heard.values["n"] > each["n"]
    edited = caller.send_json("POST", f"/_plum/exchanges/{kept[0]['n']}/replay", {"url": RESULTS, "body": ""})
    assert (edited.values["request"]["url"], edited.values["request"]["body"]) == (RESULTS, "")
    assert [request.url for request in house.transport.sent] == [RESULTS, APPLICATION, APPLICATION, RESULTS, RESULTS]


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        ({}, "'hold' is missing", "there are: hold, timeout"),
        ({"hold": "yes"}, "'hold' is 'yes', but true or false was expected", "there are: hold, timeout"),
        ({"hold": True, "timeout": -1}, "'timeout' is -1, but a number from 0 to 31622400 was expected", "there are: "),
        (
            {"hold": False, "timeout": 5},
            "'timeout' goes with 'hold': true",
            'for example {"hold": true, "timeout": 30}',
        ),
        ({"hld": True}, "'hld' is unknown", "did you mean 'hold'?"),
    ],
)
def test_holding_that_cannot_be_says_why(onlooker: Caller, asked: dict[str, Any], error: str, hint: str) -> None:
    heard = onlooker.send_json("PUT", "/_plum/callbacks", asked)
    assert (heard.status, heard.error) == (400, error)
    assert heard.values["hint"].startswith(hint)
    assert onlooker.get("/_plum/callbacks").values["hold"] is False


@pytest.mark.parametrize("ids", [5, "5", {}, ["1"], [0], [-1], [1.5], [True], [2**63], [10**30]], ids=str)
def test_ids_are_a_list_of_whole_numbers(onlooker: Caller, ids: object) -> None:
    heard = onlooker.send_json("POST", "/_plum/callbacks/release", {"ids": ids})
    assert heard.status == 400
    assert heard.error.endswith("but a list of ids of callbacks was expected")


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        ({"url": "x"}, "url: an http:// or https:// URL with a host was expected"),
        ({"url": ""}, "url: an http:// or https:// URL with a host was expected"),
        ({"url": "http://a b"}, "url: the URL has a blank or a control character in it"),
        ({"url": 5}, "'url' is 5, but a string was expected"),
        ({"body": ["x"]}, "'body' is ['x'], but a string was expected"),
        ({"body": "\ud800"}, "'body' has half a surrogate pair in it"),
        ({"headers": ["X: y"]}, "'headers' is ['X: y'], but an object of strings was expected"),
        ({"headers": {"X": 5}}, "'headers' is {'X': 5}, but an object of strings was expected"),
        ({"headers": {"X": "a\r\nY: b"}}, "'X' is not a header"),
        ({"headers": {"X y": "a"}}, "'X y' is not a header"),
        ({"headers": {"X": "\u20ac"}}, "'X' is not a header"),
        ({"header": {}}, "'header' is unknown"),
    ],
    ids=str,
)
def test_an_edit_that_cannot_be_says_why(
    house: House, caller: Caller, held: list[dict[str, Any]], edit: dict[str, Any], error: str
) -> None:
    """And nothing is sent."""
    caller.send_json("POST", "/_plum/callbacks/release", {"ids": [held[0]["id"]]})
    n = caller.get("/_plum/callbacks").values["attempts"][0]["n"]
    for target in (f"/_plum/callbacks/{held[1]['id']}/release", f"/_plum/exchanges/{n}/replay"):
        heard = caller.send_json("POST", target, edit)
        assert heard.status == 400
        assert heard.error.startswith(error)
        assert heard.values["hint"]
    assert told(house) == ["sent"]
    assert [each["id"] for each in caller.get("/_plum/callbacks").values["pending"]] == [held[1]["id"]]


def test_what_is_not_held_is_not_released(house: House, caller: Caller) -> None:
    caller.send_json("POST", "/_plum/rules", {"then": {"callbacks": {"delay": 60}}})
    caller.queue(FIELDS)
    house.advance(1000)
    (pending,) = caller.get("/_plum/callbacks").values["pending"]
    id_ = pending["id"]
    assert pending["state"] == "scheduled"
    expected = (400, {"error": f"callback {id_} is not held, but scheduled", "hint": HELD})
    for heard in (
        caller.post(f"/_plum/callbacks/{id_}/release"),
        caller.send_json("POST", "/_plum/callbacks/release", {"ids": [id_]}),
        caller.post(f"/_plum/callbacks/{id_}/duplicate"),
    ):
        assert (heard.status, heard.values) == expected
    assert caller.call("DELETE", f"/_plum/callbacks/{id_}").status == 200


@pytest.mark.parametrize(("method", "ending"), [("POST", "/release"), ("POST", "/duplicate"), ("DELETE", "")])
@pytest.mark.parametrize("id_", [0, 1, 10**18 - 1])
def test_a_callback_that_is_not_there_is_404(onlooker: Caller, method: str, ending: str, id_: int) -> None:
    heard = onlooker.call(method, f"/_plum/callbacks/{id_}{ending}")
    assert (heard.status, heard.values) == (
        404,
        {
            "error": f"account 'username' has no callback {id_} that has not ended",
            "hint": "GET /_plum/callbacks lists them",
        },
    )


def test_another_accounts_callback_is_not_there(house: House, caller: Caller, held: list[dict[str, Any]]) -> None:
    assert caller.post(f"/_plum/callbacks/{held[0]['id']}/release?account=second").status == 404
    assert told(house) == []


def test_only_what_went_out_is_made_again(caller: Caller) -> None:
    caller.queue(FIELDS)
    heard = caller.post("/_plum/exchanges/1/replay")
    assert (heard.status, heard.values) == (
        400,
        {
            "error": "exchange 1 is a request that came in",
            "hint": "only callbacks and inbound posts can be sent again",
        },
    )
    heard = caller.post("/_plum/exchanges/7/replay")
    assert (heard.status, heard.values) == (
        404,
        {"error": "account 'username' has no exchange 7", "hint": "GET /_plum/exchanges lists them"},
    )
