"""How things are shown outside of Plum's own services: plain values, ready for JSON."""

from __future__ import annotations

from typing import Any

from plum_emulator.clock import as_text
from plum_emulator.model.accounts import Number
from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.model.messages import Message
from plum_emulator.wire.curl import curl_line


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


def number_view(number: Number) -> dict[str, Any]:
    """A number of an account."""
    return {"number": number.number, "application_url": number.application_url, "pci": number.pci}


def exchange_view(exchange: Exchange, *, base: str, login: str | None) -> dict[str, Any]:
    """An exchange, request and answer whole. Bytes that are not UTF-8 are shown as Latin-1.

    `base` and `login` are for the curl line that makes the request once more: see `curl_line`.
    """
    return {
        "n": exchange.n,
        "at": as_text(exchange.at),
        "direction": exchange.direction,
        "operation": exchange.operation,
        "attempt": exchange.attempt,
        "outcome": exchange.outcome,
        "rules": exchange.rules.split(),
        "duration_ms": exchange.duration_ms,
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": _headers_view(exchange.request_headers),
            "body": body_text(exchange.request_body),
        },
        "answer": None
        if exchange.status is None
        else {
            "status": exchange.status,
            "headers": _headers_view(exchange.response_headers),
            "body": body_text(exchange.response_body),
        },
        "curl": curl_line(exchange, base=base, login=login),
    }


def body_text(body: bytes) -> str:
    """A body as text: UTF-8, or else Latin-1, where each character is one byte."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _headers_view(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]
