"""The built-in demo application answers like an application should, except where it is asked not to."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.caller import FORM, Caller
from helpers.house import HANDSET, MINE, House
from plum_emulator.errors import BadAnswer
from plum_emulator.wire.answers import read_answer


def _answer(caller: Caller, text: str) -> bytes:
    fields = {"sms_message_id": "0" * 32, "to": MINE, "from": HANDSET, "body": text}
    heard = caller.post("/demo", headers=[FORM], body=urlencode(fields).encode())
    assert (heard.status, heard.header("Content-Type")) == (200, "text/xml; charset=utf-8")
    return heard.body


@pytest.mark.parametrize(
    ("text", "replies"),
    [
        ("MENU", ["This is the demo application. Text HELLO, TWICE, LONG, BROKEN or NOTHING, or anything else."]),
        (" hello\n", ["Hello! Text MENU to see what I know."]),
        ("Twice", ["One.", "Two."]),
        ("NOTHING", []),
        ("a <b> & c", ["You said: a <b> & c. Text MENU to see what I know."]),
        ("", ["You said: . Text MENU to see what I know."]),
    ],
)
def test_it_answers_its_words(onlooker: Caller, text: str, replies: list[str]) -> None:
    orders = read_answer(_answer(onlooker, text))
    assert [order.body for order in orders] == replies
    assert {(order.to, order.from_, order.result_url) for order in orders} <= {(None, None, None)}


def test_its_long_answer_takes_more_than_one_message(onlooker: Caller) -> None:
    (order,) = read_answer(_answer(onlooker, "LONG"))
    assert len(order.body) > 160


def test_its_broken_answer_is_not_valid(onlooker: Caller) -> None:
    with pytest.raises(BadAnswer, match="line 2, column 3: not valid against the SMS Reply Schema"):
        read_answer(_answer(onlooker, "BROKEN"))


@given(text=st.text())
@example(text="\0\x08\ud7ff\ufffe\uffff\U0001ffff\x7f\x85\u2028<![CDATA[]]>&amp;")
@example(text="]]>" * 50)
def test_every_other_answer_is_valid(onlooker: Caller, text: str) -> None:
    """Whatever is said to it."""
    if text.strip().upper() != "BROKEN":
        read_answer(_answer(onlooker, text))


def test_it_says_what_it_is(onlooker: Caller) -> None:
    heard = onlooker.get("/demo")
    assert (heard.status, heard.body) == (200, b"The demo application: post an inbound message here.\n")


@pytest.mark.parametrize("body", [b"", b"&&&", b"body", b"\xff\xfe", b"body=" + quote("é").encode() + b"\xff"])
def test_it_takes_any_bytes(onlooker: Caller, body: bytes) -> None:
    assert onlooker.post("/demo", headers=[FORM], body=body).status == 200


def test_it_takes_a_body_that_was_too_large(onlooker: Caller) -> None:
    heard = onlooker.post("/demo", headers=[FORM], body=b"a" * (1024 * 1024 + 1))
    assert read_answer(heard.body)


def test_a_number_can_use_it_as_its_application(house: House, caller: Caller) -> None:
    """A path as Application URL is one of the emulator's own."""
    caller.send_json("PUT", f"/_plum/numbers/{MINE}", {"application_url": "/demo"})
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "x"})
    house.advance()
    assert [request.url for request in house.transport.sent] == ["http://127.0.0.1:7586/demo"]
