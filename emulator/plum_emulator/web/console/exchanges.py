"""Exchanges in words: what each was, which of its kind it is, what came back, and whether all went well."""

from __future__ import annotations

from http import HTTPStatus

from plum_emulator.model.exchanges import Exchange
from plum_emulator.web.console.pages import shown_number
from plum_emulator.wire.forms import read_form
from plum_emulator.wire.views import body_text

_READ_MOST = 16 * 1024  # bytes: of a longer request nobody reads the beginning in a list
_SHOWN = 1000
_WORDS = {
    "inbound": "Posted the text to its application",
    "callback": "Told the result URL of a status",
    "sink": "A sink of the emulator took it",
    "queue": "An application queued a message",
    "status": "An application asked for a status",
    "messages": "An application listed messages",
    "conversation": "An application listed a conversation",
}


def what(exchange: Exchange) -> str:
    """What was done, as a sentence without its end."""
    return _WORDS.get(exchange.operation, exchange.operation)


def about(exchange: Exchange) -> str:
    """Which of its kind an exchange is: who is texted by whom and what, or which status of which message is told."""
    type_ = next((value for name, value in exchange.request_headers if name.lower() == "content-type"), "")
    form = read_form(exchange.request_body, type_) if len(exchange.request_body) <= _READ_MOST else {}
    if exchange.operation == "queue":
        return f"to {shown_number(form.get('to', ''))}: {form.get('body', '')}" if form else ""
    if exchange.operation == "inbound":
        return f"from {shown_number(form.get('from', ''))}: {form.get('body', '')}" if form else ""
    if "status" in form and "sms_message_id" in form:
        return f"{form['status']}, message {form['sms_message_id'][:8]}"
    return ""


def answered(exchange: Exchange) -> str:
    """The beginning of what an application answered a text with, on one line; "" for other exchanges."""
    if exchange.operation != "inbound":
        return ""
    return " ".join(body_text(exchange.response_body)[:_SHOWN].split())


def went_well(exchange: Exchange) -> bool:
    """Whether it did, also for whoever was answered."""
    return exchange.outcome == "ok" and (exchange.status or 0) < HTTPStatus.BAD_REQUEST
