"""What rules make of a service's answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House
from plum_emulator.model.exchanges import Headers
from plum_emulator.scenario.rules import read_rule
from plum_emulator.web.faults import Sent, Slow, altered
from plum_emulator.web.gateway import Answer

FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello"}
HEADERS: Headers = (("Content-Type", "application/json"), ("Date", "Tue, 14 Nov 2023 22:13:20 GMT"))
MEANT = Sent(status=200, headers=HEADERS, body=b'{"status": "success"}')
PLAIN: Headers = (("Content-Type", "text/plain"), HEADERS[1])
GARBAGE = b"\x00\x1f\x8b{[<\xff\xfe?>]}\x00" * 16

# then; the status and the body that are heard (0: none); whether the message is there; the words in the journal
FAULTS: dict[str, tuple[dict[str, Any], int, bytes, bool, str]] = {
    "HTTP status": ({"http_status": 503}, 503, b"503 Service Unavailable\n", False, "503 Service Unavailable"),
    "odd status": ({"http_status": 599}, 599, b"599 Error\n", False, "599 Error"),
    "reset": ({"reset": True}, 0, b"", False, "the connection reset"),
    "empty": ({"empty": True}, 200, b"", False, "an empty answer"),
    "no answer": ({"empty": "connection"}, 0, b"", False, "the connection closed without an answer"),
    "garbage": ({"garbage": True}, 200, GARBAGE, False, "garbage answered"),
    "no HTTP": ({"garbage": "connection"}, 0, GARBAGE, False, "bytes that are not HTTP"),
    "lost": ({"answer_lost": True}, 0, b"", True, "its answer lost, the connection reset"),
    "lost, HTTP status": (
        {"answer_lost": True, "http_status": 502},
        502,
        b"502 Bad Gateway\n",
        True,
        "its answer lost, 502 Bad Gateway instead",
    ),
    "lost, empty": (
        {"answer_lost": True, "empty": True},
        200,
        b"",
        True,
        "its answer lost, an empty answer instead",
    ),
}


@pytest.mark.parametrize(("then", "status", "body", "kept", "words"), FAULTS.values(), ids=FAULTS)
def test_an_answer_is_what_the_rule_wants(
    caller: Caller, then: dict[str, Any], status: int, body: bytes, kept: bool, words: str
) -> None:
    """The message is queued only when its answer is lost; the journal says what was heard, and by which rule."""
    caller.send_json("PUT", "/_plum/rules/fault", {"when": {"first": 1}, "then": then})
    heard = caller.queue(FIELDS, described=False)
    assert (heard.status, heard.body) == (status, body)
    assert len(caller.get("/_plum/messages").values["messages"]) == kept
    exchange = caller.get("/_plum/exchanges").values["exchanges"][0]
    assert exchange["rules"] == ["fault"]
    assert exchange["outcome"].endswith(f"; {words} by rule fault")
    answer = exchange["answer"]
    assert (answer["status"] if answer else 0) == status
    assert not status or answer["body"].encode("latin-1") == body
    assert caller.queue(FIELDS).error == ""


@pytest.mark.parametrize(
    ("then", "status", "error", "kept"),
    [
        ({"error": "no more"}, 200, "no more", False),
        ({"error": "no more", "http_status": 500}, 500, "no more", False),
        ({"error": "no more", "answer_lost": True}, 200, "no more", True),
        ({"error": "no more", "answer_lost": True, "http_status": 500}, 500, "no more", True),
    ],
    ids=str,
)
def test_an_error_is_in_plums_own_envelope(
    caller: Caller, then: dict[str, Any], status: int, error: str, kept: bool
) -> None:
    caller.send_json("POST", "/_plum/rules", {"then": then})
    heard = caller.queue(FIELDS, described=False)
    assert heard.status == status
    assert heard.values == {"status": "failure", "error": error}
    exchange = caller.get("/_plum/exchanges").values["exchanges"][0]
    assert (exchange["answer"]["status"], exchange["answer"]["body"]) == (status, heard.body.decode())
    assert ("its answer lost, this error instead" in exchange["outcome"]) == kept
    assert len(caller.get("/_plum/messages").values["messages"]) == kept


@pytest.mark.parametrize("service", ["status", "messages", "conversation"])
def test_every_service_has_its_faults(caller: Caller, service: str) -> None:
    caller.send_json("POST", "/_plum/rules", {"when": {"operation": service}, "then": {"http_status": 503}})
    heard = caller.get(f"/ws/sms/{service}.json", described=False)
    assert (heard.status, heard.header("Content-Type")) == (503, "text/plain")
    assert caller.queue(FIELDS).error == ""
    assert caller.get(f"/ws/sms/{service}.json", login=None).status == 401


def test_a_body_can_take_its_time(caller: Caller) -> None:
    """It comes whole in the end."""
    caller.send_json("POST", "/_plum/rules", {"then": {"slow_body": 0.02}})
    heard = caller.queue(FIELDS)
    assert (heard.status, len(heard.rows)) == (200, 1)
    outcome = caller.get("/_plum/exchanges").values["exchanges"][0]["outcome"]
    assert outcome == "ok; a body that takes 0.02 s by rule rule-1"


def test_another_accounts_rules_do_nothing_here(caller: Caller) -> None:
    caller.send_json("POST", "/_plum/rules?account=second", {"then": {"reset": True}})
    assert caller.queue(FIELDS).error == ""


def test_a_head_has_no_body_by_a_rule_either(caller: Caller) -> None:
    caller.send_json("POST", "/_plum/rules", {"when": {"operation": "messages"}, "then": {"http_status": 503}})
    heard = caller.call("HEAD", "/ws/sms/messages.json", described=False)
    assert (heard.status, heard.body) == (503, b"")


@pytest.mark.parametrize("then", [{"outcome": "failed"}, {"callbacks": "drop"}, {"sent_after": 5}], ids=str)
def test_a_rule_about_the_message_leaves_the_answer_as_it_is(then: dict[str, Any]) -> None:
    assert altered(MEANT, _then(then)) == MEANT


def test_the_date_stays_and_nothing_else_of_the_head() -> None:
    sent = altered(MEANT, _then({"http_status": 503}))
    assert (sent.status, sent.headers, sent.fault) == (503, PLAIN, None)


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 1000])
def test_a_slow_body_comes_whole_in_at_most_20_pieces(length: int) -> None:
    """After its head, and with an end."""
    body = bytes(n % 251 for n in range(length))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody is asked")

    answer = Answer()
    answer.status, answer.headers, answer.body = 200, [(b"x", b"y")], body
    transport = asyncio.Transport()
    asyncio.run(Slow(0.001).happen(answer, transport, receive, send))
    head, *pieces = sent
    assert head == {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]}
    assert b"".join(piece["body"] for piece in pieces) == body
    assert len(pieces) <= 21
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]


def test_what_is_refused_for_the_rate_is_an_error_of_plums(caller: Caller) -> None:
    caller.send_json("PUT", "/_plum/clock", "manual")
    caller.send_json("POST", "/_plum/rules", {"then": {"rate_limit": {"per_second": 1, "excess": "refused"}}})
    assert [caller.queue(FIELDS).error for _ in range(2)] == ["", "Error sending sms request"]


def _then(written: dict[str, Any]) -> Any:
    return read_rule({"then": written}, id="r").then


def test_a_house_without_rules_answers_as_ever(house: House, caller: Caller) -> None:
    caller.queue(FIELDS)
    assert caller.get("/_plum/exchanges").values["exchanges"][0]["rules"] == []
    assert house.emulator.rules.of(house.account) == []
