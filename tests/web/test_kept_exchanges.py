"""What the journal keeps of requests to Plum's services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.caller import FORM, Caller, basic
from helpers.house import HANDSET, MINE, House

INSTANT = "2023-11-14T22:13:20.000Z"


def _exchanges(caller: Caller, question: str = "") -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = caller.get(f"/_plum/exchanges?{question}").values["exchanges"]
    return exchanges


def test_a_request_is_kept_whole_with_its_answer(caller: Caller) -> None:
    """Request and answer with headers and bodies, and how it ended; the password is left out."""
    heard = caller.queue({"to": HANDSET, "from": MINE, "body": "Grüße"})
    exchange = _exchanges(caller)[0]
    duration = exchange.pop("duration_ms")
    assert duration > 0
    curl = exchange.pop("curl")
    assert (curl[:5], "-u username:password" in curl, heard.status) == ("curl ", True, 200)
    assert exchange == {
        "n": 1,
        "at": INSTANT,
        "direction": "in",
        "operation": "queue",
        "attempt": None,
        "outcome": "ok",
        "rules": [],
        "request": {
            "method": "POST",
            "url": "/ws/sms/queue.json",
            "headers": [
                ["host", "127.0.0.1:7586"],
                ["authorization", "Basic username:***"],
                ["content-type", "application/x-www-form-urlencoded"],
                ["content-length", "52"],
            ],
            "body": "to=12125550123&from=16175550100&body=Gr%C3%BC%C3%9Fe",
        },
        "answer": {
            "status": 200,
            "headers": [["Content-Type", "application/json"], ["Date", "Tue, 14 Nov 2023 22:13:20 GMT"]],
            "body": heard.body.decode(),
        },
    }


def test_a_request_is_in_the_journal_as_soon_as_it_is_answered(caller: Caller) -> None:
    """Written behind, and yet always there when somebody looks."""
    for count in range(1, 4):
        caller.get("/ws/sms/messages.json")
        assert [exchange["n"] for exchange in _exchanges(caller)] == list(range(count, 0, -1))


@pytest.mark.parametrize(
    ("authorization", "kept"),
    [
        (basic("username:hunter2"), "Basic username:***"),
        (basic("nobody:hunter2"), "Basic nobody:***"),
        (basic("nobody:hunter2:hunter2"), "Basic nobody:***"),
        (basic(":hunter2"), "Basic :***"),
        ("Basic hunter2", "***"),
        ("Bearer hunter2", "***"),
        ("hunter2", "***"),
        ("basic  " + basic("nobody:hunter2")[6:], "Basic nobody:***"),
        (basic("hunter2 without a colon"), "***"),
    ],
)
def test_a_password_is_never_kept(house: House, caller: Caller, authorization: str, kept: str) -> None:
    headers = [("Authorization", authorization)]
    assert caller.get("/ws/sms/messages.json", login=None, headers=headers).status == 401
    exchange = _exchanges(caller, "nobody=1")[0]
    assert ["authorization", kept] in exchange["request"]["headers"]
    assert "hunter2" not in json.dumps(exchange)
    rows = list(house.store.database.db.query("SELECT * FROM exchanges"))
    assert len(rows) == 1
    assert "hunter2" not in str(rows)


def test_of_a_request_of_nobody_only_the_beginning_is_kept(caller: Caller) -> None:
    """Whoever has no login fills no disk."""
    caller.call("POST", "/ws/sms/queue.json", login="nobody:x", headers=[FORM], body=b"body=" + b"x" * 500_000)
    [exchange] = caller.get("/_plum/exchanges?nobody=1").values["exchanges"]
    assert exchange["request"]["body"] == "body=" + "x" * 4091


def test_the_emulators_own_token_is_never_kept(caller: Caller) -> None:
    """A browser sends its cookie with every request to this host, also to the services; the journal is exported."""
    cookie = ("Cookie", "a=1; plum_emulator_token_7586=very-secret-token; b=2; plum_emulator_token=another")
    page = ("Referer", "http://127.0.0.1:7586/?a=1&token=very-secret-token&b=2")
    proxy = ("Proxy-Authorization", "Bearer very-secret-token")
    caller.get("/ws/sms/status.json", headers=[cookie, page, proxy])
    headers = dict(caller.get("/_plum/exchanges").values["exchanges"][0]["request"]["headers"])
    assert headers["cookie"] == "a=1; plum_emulator_token_7586=***; b=2; plum_emulator_token=***"
    assert headers["referer"] == "http://127.0.0.1:7586/?a=1&token=***&b=2"
    assert headers["proxy-authorization"] == "***"


def test_two_authorization_headers_keep_no_password(caller: Caller) -> None:
    headers = [("Authorization", basic("username:hunter2")), ("Authorization", basic("second:hunter3"))]
    caller.get("/ws/sms/messages.json", login=None, headers=headers)
    kept = [value for name, value in _exchanges(caller, "nobody=1")[0]["request"]["headers"] if name == "authorization"]
    assert kept == ["Basic username:***", "Basic second:***"]


@pytest.mark.parametrize(
    ("login", "target", "status", "outcome"),
    [
        (
            None,
            "/ws/sms/queue.json",
            401,
            "Unauthorized access to queue service: no Authorization header came",
        ),
        (
            "username:wrong",
            "/ws/sms/status.xml",
            401,
            "Unauthorized access to status service: no account 'username' with that password",
        ),
        (
            "username:password",
            "/ws/sms/send.json",
            404,
            "Unknown service: there are queue, status, messages, conversation",
        ),
    ],
    ids=["no login", "wrong password", "unknown service"],
)
def test_refused_requests_are_kept_for_nobody(
    caller: Caller, login: str | None, target: str, status: int, outcome: str
) -> None:
    """Requests that no account could be found for are listed with nobody=1, with the reason."""
    caller.post(target, login=login)
    assert _exchanges(caller) == []
    (exchange,) = _exchanges(caller, "nobody=1")
    assert (exchange["n"], exchange["answer"]["status"], exchange["outcome"]) == (1, status, outcome)


@pytest.mark.parametrize(
    ("method", "target", "status", "outcome"),
    [
        ("POST", "/ws/sms/queue.json", 200, "Invalid 'to' phone number: to: '' is not a phone number"),
        ("GET", "/ws/sms/queue.json", 405, "Method not allowed: queue takes POST"),
        ("GET", "/ws/sms/status.json?sms_message_id=7", 200, "Invalid 'sms_message_id': no message '7' in the log"),
        ("GET", "/ws/sms/messages.json?limit=x", 200, "Invalid 'limit': 'x'; a whole number was expected"),
    ],
    ids=["bad number", "wrong method", "unknown id", "bad limit"],
)
def test_refused_requests_of_an_account_are_kept_with_the_reason(
    caller: Caller, method: str, target: str, status: int, outcome: str
) -> None:
    caller.call(method, target)
    (exchange,) = _exchanges(caller)
    assert (exchange["request"]["url"], exchange["answer"]["status"]) == (target, status)
    assert exchange["outcome"].startswith(outcome)


def test_a_body_that_was_too_large_is_kept_without_the_body(caller: Caller) -> None:
    caller.post("/ws/sms/queue.json", headers=[FORM], body=b"a" * (1024 * 1024 + 1))
    (exchange,) = _exchanges(caller)
    assert exchange["outcome"] == "Request too large: a request body has at most 1 MiB"
    assert (exchange["request"]["body"], exchange["answer"]["status"]) == ("", 413)


def test_bytes_that_are_not_utf8_are_kept_as_they_came(house: House, caller: Caller) -> None:
    """They are shown as Latin-1, and are bytes in the database."""
    body = f"to={HANDSET}&from={MINE}&body=".encode() + b"caf\xe9"
    assert caller.post("/ws/sms/queue.json", headers=[FORM], body=body).rows[0]["body"] == "café"
    assert _exchanges(caller)[0]["request"]["body"] == body.decode("latin-1")
    (row,) = house.store.database.db.query("SELECT request_body FROM exchanges")
    assert row["request_body"] == body


def test_exchanges_are_found_by_their_operation(caller: Caller) -> None:
    caller.get("/ws/sms/messages.json")
    caller.get("/ws/sms/status.json")
    caller.get("/ws/sms/messages.xml")
    assert [exchange["n"] for exchange in _exchanges(caller, "operation=messages")] == [3, 1]
    assert _exchanges(caller, "operation=nothing") == []


def test_posts_to_a_result_url_are_kept_as_they_went(house: House, caller: Caller) -> None:
    """Outgoing exchanges tell the attempt, and what came back."""
    id_ = caller.queue({"to": HANDSET, "from": MINE, "body": "x", "result_url": "http://127.0.0.1:8000/r?a=1"}).rows[0][
        "sms_message_id"
    ]
    house.advance(1000)
    exchange = _exchanges(caller, "operation=callback")[0]
    assert (exchange["direction"], exchange["attempt"], exchange["outcome"]) == ("out", 1, "ok")
    assert exchange["request"]["url"] == "http://127.0.0.1:8000/r?a=1"
    assert exchange["request"]["body"] == f"sms_message_id={id_}&status=sent"
    assert exchange["answer"] == {"status": 200, "headers": [], "body": "<reply/>"}


def test_the_path_is_kept_as_it_was_sent(caller: Caller) -> None:
    target = "/ws/sms/caf%C3%A9%3Fx.json?number=%2B1&x=%e9+%00"
    caller.get(target)
    assert _exchanges(caller, "nobody=1")[0]["request"]["url"] == target
