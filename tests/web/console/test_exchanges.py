"""Exchanges in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.exchanges import incoming, outgoing
from plum_emulator.model.exchanges import Exchange
from plum_emulator.web.console.exchanges import about, answered, went_well, what

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (incoming(operation="queue", request_body=b"to=16175550123&body=Hi"), "to +1 617 555 0123: Hi"),
        (
            outgoing(operation="inbound", request_headers=FORM, request_body=b"from=16175550123&to=1&body=Hi"),
            "from +1 617 555 0123: Hi",
        ),
        (
            outgoing(operation="callback", request_headers=FORM, request_body=b"sms_message_id=0c450324ab&status=sent"),
            "sent, message 0c450324",
        ),
        (outgoing(operation="callback", request_headers=FORM, request_body=b"edited"), ""),
        (incoming(operation="status", request_body=b""), ""),
        (incoming(operation="queue", request_body=b""), ""),
    ],
)
def test_it_is_said_who_was_told_what(exchange: Exchange, words: str) -> None:
    assert about(exchange) == words


@given(st.integers(min_value=0, max_value=3), st.integers(min_value=300, max_value=6000))
def test_no_character_is_cut_through(before: int, length: int) -> None:
    """Of something long the beginning is read, or nothing; never something else."""
    text = "x" * before + "\u65e5" * length
    body = outgoing(operation="inbound", request_headers=FORM, request_body=f"body={text}".encode())
    assert about(body) in ("", f"from : {text}")
    assert set(answered(outgoing(operation="inbound", response_body=text.encode()))) <= {"x", "\u65e5"}


def test_an_answer_of_an_application_is_told_on_one_line() -> None:
    assert (
        answered(outgoing(operation="inbound", response_body=b"<reply>\n  <x/>\n</reply>")) == "<reply> <x/> </reply>"
    )
    assert answered(outgoing(operation="callback", response_body=b"ok")) == ""


@pytest.mark.parametrize(
    ("outcome", "status", "well"),
    [("ok", 200, True), ("ok", 302, True), ("ok", None, True), ("ok", 500, False), ("refused", 200, False)],
)
def test_what_was_answered_with_an_error_did_not_go_well(outcome: str, status: int | None, well: bool) -> None:
    """A sink that was scripted to fail took what came, and whoever sent it was told otherwise."""
    assert went_well(outgoing(outcome=outcome, status=status)) is well


def test_an_operation_without_words_is_named() -> None:
    assert what(outgoing(operation="inbound")) == "Posted the text to its application"
    assert what(outgoing(operation="else")) == "else"
