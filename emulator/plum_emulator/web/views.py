"""How the control surface shows things: plain values, ready for JSON."""

from __future__ import annotations

from typing import Any

from plum_emulator.clock import as_text
from plum_emulator.engine.platform import Story
from plum_emulator.model.accounts import Number
from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.model.messages import Message
from plum_emulator.store.opt_outs import AutomaticText


def message_view(message: Message) -> dict[str, Any]:
    """A message with its statuses so far."""
    return {
        "sms_message_id": message.sms_message_id,
        "type": message.type,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
        "status": message.status,
        "request_timestamp": message.request_timestamp,
        "result_url": message.result_url,
        "statuses": [{"status": status, "at": as_text(at)} for status, at in message.history()],
        "notification": message.notification,
        "reason": message.reason,
    }


def story_view(story: Story) -> dict[str, Any]:
    """A message with everything that is known about it."""
    return {
        **message_view(story.message),
        "replies": [message_view(reply) for reply in story.replies],
        "automatic_texts": [_automatic_view(text) for text in story.automatic_texts],
        "exchanges": [exchange_view(exchange) for exchange in story.exchanges],
    }


def number_view(number: Number) -> dict[str, Any]:
    """A number of an account."""
    return {"number": number.number, "application_url": number.application_url, "pci": number.pci}


def exchange_view(exchange: Exchange) -> dict[str, Any]:
    """An exchange, request and answer whole. Bytes that are not UTF-8 are shown as Latin-1."""
    return {
        "n": exchange.n,
        "at": as_text(exchange.at),
        "direction": exchange.direction,
        "operation": exchange.operation,
        "attempt": exchange.attempt,
        "outcome": exchange.outcome,
        "duration_ms": exchange.duration_ms,
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": _headers_view(exchange.request_headers),
            "body": _text(exchange.request_body),
        },
        "answer": None
        if exchange.status is None
        else {
            "status": exchange.status,
            "headers": _headers_view(exchange.response_headers),
            "body": _text(exchange.response_body),
        },
    }


def _automatic_view(text: AutomaticText) -> dict[str, Any]:
    return {"to": text.handset, "from": text.number, "body": text.body, "at": as_text(text.at)}


def _headers_view(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")
