"""The journal and the log as files for other programs: HAR 1.2, JSON lines and CSV.

Each comes in pieces, one per exchange or message, so that a large journal never has to be in memory as a whole. The
same exchanges always give the same text. JSON is ASCII, with escapes for the rest.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes

from werkzeug.http import parse_date

from plum_emulator.clock import as_text
from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.model.messages import Message
from plum_emulator.wire.curl import destination
from plum_emulator.wire.views import body_text, exchange_view, message_view

_HTTP_VERSION = "HTTP/1.1"  # what the emulator speaks in both directions
_IN_URLS = "!$%&'()*+,/:;=?@[]~"

_JOURNAL_COLUMNS = (
    *("n", "at", "direction", "operation", "attempt", "outcome", "rules", "duration_ms", "method", "url"),
    *("request_headers", "request_body", "status", "response_headers", "response_body"),
)
_MESSAGE_COLUMNS = (
    *("sms_message_id", "type", "to", "from", "body", "status", "request_timestamp", "result_url"),
    *("requested_at", "sent_at", "settled_at", "notification", "reason"),
)


def har(exchanges: Iterable[Exchange], *, base: str, version: str) -> Iterator[str]:
    """A HAR 1.2 document, entries in the order of the exchanges. `base` is the emulator's address, `version` its own.

    What HAR has no place for is in fields of ours: `_n`, `_direction`, `_operation`, `_attempt`, `_outcome`, `_rules`.
    An exchange without an answer has status 0 and the reason in `_error`. A request body that is not UTF-8 is Latin-1
    in `text`, and exact in `_textBase64`.
    """
    creator = _json({"name": "plum-emulator", "version": version})
    yield f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": ['
    between = "\n"
    for exchange in exchanges:
        yield between + _json(_entry(exchange, base))
        between = ",\n"
    yield "\n]}}\n"


def journal_lines(exchanges: Iterable[Exchange], *, base: str, login: str | None) -> Iterator[str]:
    """One exchange a line, as the control surface shows it. `base` and `login` are for its curl line."""
    return (_json(exchange_view(exchange, base=base, login=login)) + "\n" for exchange in exchanges)


def message_lines(messages: Iterable[Message]) -> Iterator[str]:
    """One message a line, as the control surface shows it."""
    return (_json(message_view(message)) + "\n" for message in messages)


def journal_csv(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """The journal as CSV (RFC 4180), names first.

    Headers are lines of `Name: value`, bodies text as in `exchange_view`; what an exchange has not is empty. Data stays
    data: a body that begins with = + - or @ is not altered, and a spreadsheet may take it for a formula.
    """
    return _csv(_JOURNAL_COLUMNS, map(_journal_row, exchanges))


def messages_csv(messages: Iterable[Message]) -> Iterator[str]:
    """The log as CSV (RFC 4180), names first. What a message has not is empty; data stays data, as in `journal_csv`."""
    return _csv(_MESSAGE_COLUMNS, map(_message_row, messages))


_json = json.JSONEncoder(check_circular=False).encode


def _entry(exchange: Exchange, base: str) -> dict[str, Any]:
    attempt = f", attempt {exchange.attempt}" if exchange.attempt is not None else ""
    return {
        "startedDateTime": as_text(exchange.at),
        "time": exchange.duration_ms,
        "request": _har_request(exchange, base),
        "response": _har_response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": exchange.duration_ms, "receive": 0},
        "comment": f"{exchange.operation}{attempt}: {exchange.outcome}",
        "_n": exchange.n,
        "_direction": exchange.direction,
        "_operation": exchange.operation,
        "_attempt": exchange.attempt,
        "_outcome": exchange.outcome,
        "_rules": exchange.rules.split(),
        "_resourceType": "fetch",  # readers that know browsers want it of entries with fields of their own
    }


def _har_request(exchange: Exchange, base: str) -> dict[str, Any]:
    origin, target = destination(exchange, base=base)
    slash = b"" if target.startswith(b"/") else b"/"
    request = {
        "method": exchange.method,
        "url": quote_from_bytes(origin.encode() + slash + target, _IN_URLS),
        "httpVersion": _HTTP_VERSION,
        "cookies": list(_cookies_sent(exchange.request_headers)),
        "headers": _har_headers(exchange.request_headers),
        "queryString": _query_string(target),
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        request["postData"] = _post_data(exchange)
    return request


def _query_string(target: bytes) -> list[dict[str, str]]:
    query = quote_from_bytes(target.partition(b"?")[2], _IN_URLS)
    return [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)]


def _post_data(exchange: Exchange) -> dict[str, str]:
    body = exchange.request_body
    data = {"mimeType": _value(exchange.request_headers, "content-type"), "text": body_text(body)}
    if not _is_utf8(body):
        data["_textBase64"] = base64.b64encode(body).decode()
    return data


def _har_response(exchange: Exchange) -> dict[str, Any]:
    answered = exchange.status is not None
    response = {
        "status": exchange.status or 0,
        "statusText": _reason(exchange.status),
        "httpVersion": _HTTP_VERSION if answered else "",
        "cookies": list(_cookies_set(exchange.response_headers)),
        "headers": _har_headers(exchange.response_headers),
        "content": _content(exchange),
        "redirectURL": _value(exchange.response_headers, "location"),
        "headersSize": -1,
        "bodySize": len(exchange.response_body) if answered else -1,
    }
    return response if answered else {**response, "_error": exchange.outcome}


def _content(exchange: Exchange) -> dict[str, Any]:
    body = exchange.response_body
    content = {"size": len(body), "mimeType": _value(exchange.response_headers, "content-type")}
    if _is_utf8(body):
        return {**content, "text": body.decode()}
    return {**content, "text": base64.b64encode(body).decode(), "encoding": "base64"}


def _cookies_sent(headers: Headers) -> Iterator[dict[str, Any]]:
    for line in _values(headers, "cookie"):
        yield from (_named(pair) for pair in line.split(";") if "=" in pair)


def _cookies_set(headers: Headers) -> Iterator[dict[str, Any]]:
    for line in _values(headers, "set-cookie"):
        first, *rest = line.split(";")
        attributes = {name.strip().lower(): value.strip() for name, _, value in (part.partition("=") for part in rest)}
        cookie = {**_named(first), "httpOnly": "httponly" in attributes, "secure": "secure" in attributes}
        cookie |= {name: attributes[name] for name in ("path", "domain") if attributes.get(name)}
        expires = parse_date(attributes.get("expires"))
        yield {**cookie, "expires": expires.isoformat()} if expires else cookie


def _named(pair: str) -> dict[str, Any]:
    name, _, value = pair.partition("=")
    return {"name": name.strip(), "value": value.strip()}


def _reason(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""


def _har_headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _values(headers: Headers, wanted: str) -> list[str]:
    return [value for name, value in headers if name.lower() == wanted]


def _value(headers: Headers, wanted: str) -> str:
    return next(iter(_values(headers, wanted)), "")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _csv(names: Iterable[str], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    piece = io.StringIO(newline="")
    writer = csv.writer(piece)
    for row in chain((names,), rows):
        writer.writerow(row)
        yield piece.getvalue()
        piece.seek(0)
        piece.truncate()


def _journal_row(exchange: Exchange) -> tuple[object, ...]:
    return (
        exchange.n,
        as_text(exchange.at),
        exchange.direction,
        exchange.operation,
        exchange.attempt,
        exchange.outcome,
        exchange.rules,
        exchange.duration_ms,
        exchange.method,
        exchange.url,
        _header_lines(exchange.request_headers),
        body_text(exchange.request_body),
        exchange.status,
        _header_lines(exchange.response_headers),
        body_text(exchange.response_body),
    )


def _header_lines(headers: Headers) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers)


def _message_row(message: Message) -> tuple[object, ...]:
    return (
        message.sms_message_id,
        message.type,
        message.to,
        message.from_,
        message.body,
        message.status,
        message.request_timestamp,
        message.result_url,
        *(None if at is None else as_text(at) for at in (message.requested_at, message.sent_at, message.settled_at)),
        message.notification,
        message.reason,
    )
