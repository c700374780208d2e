"""What the four services are asked for. Anything wrong becomes a Refusal with Plum's own error text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from plum_emulator.errors import InvalidNumber, Refusal
from plum_emulator.model.listings import LIMIT_MAX, LIMIT_MIN, Conversation, Listing, Side, TypeFilter
from plum_emulator.model.phones import normalized
from plum_emulator.model.urls import url_problem
from plum_emulator.wire.forms import Fields

_ALIASES: dict[str, tuple[str, ...]] = {
    "offset": ("offset", "skip"),
    "limit": ("limit",),
    "sort": ("sort", "order", "sort_order"),
    "start_timestamp": ("start_timestamp", "start"),
    "end_timestamp": ("end_timestamp", "end"),
    "type": ("type", "message_type"),
    "phone_number": ("phone_number", "number"),
    "phone_number_type": ("phone_number_type", "phone_type", "number_type"),
    "account_number": ("account_number", "phone_number_1", "from"),
    "customer_number": ("customer_number", "phone_number_2", "to"),
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}", re.ASCII)
_HUGE = 10**15  # beyond every place and every second; larger numbers mean the same


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A message to queue: `to` and `from_` as they came, and the numbers they mean."""

    to: str
    from_: str
    to_number: str
    from_number: str
    body: str
    result_url: str


def read_send(fields: Fields, *, can_text: Callable[[str], bool]) -> SendRequest:
    """A message to queue, checked in Plum's order: to, from, body, result_url (clause 4)."""
    to, from_ = fields.get("to", ""), fields.get("from", "")
    to_number = _number(to, "to", "Invalid 'to' phone number")
    from_number = _number(from_, "from", "Invalid 'from' phone number")
    if not can_text(from_number):
        raise Refusal("Invalid 'from' phone number", reason=f"{from_number} is not one of the account's SMS numbers")
    body = fields.get("body", "")
    if not body:
        raise Refusal("Invalid 'body'", reason="the body is empty or missing")
    return SendRequest(
        to=to,
        from_=from_,
        to_number=to_number,
        from_number=from_number,
        body=body,
        result_url=read_result_url(fields.get("result_url", "")),
    )


def read_result_url(value: str) -> str:
    """A result URL, or "" for none. Path and query are kept untouched."""
    url = value.strip()
    if url:
        problem = url_problem(url)
        if problem:
            raise Refusal("Invalid 'result_url'", reason=problem)
    return url


def read_message_id(fields: Fields) -> str:
    """The id that a status request asks for, in any case of its digits."""
    return fields.get("sms_message_id", "").strip().lower()


def read_listing(fields: Fields) -> Listing:
    """A page of the log (clause 8)."""
    type_ = _choice(fields, "type", ("inbound", "outbound", "all"), blank="all")
    number = _field(fields, "phone_number")
    side: Side = "either"
    if number and type_ != "all":
        side = cast(Side, _choice(fields, "phone_number_type", ("account", "customer")))
    return _page(
        fields,
        newest_first=True,
        type_=cast(TypeFilter, type_),
        number=_number(number, "phone_number", "Invalid 'phone_number'") if number else None,
        side=side,
    )


def read_conversation(fields: Fields, *, owns: Callable[[str], bool]) -> Conversation:
    """A page of a conversation; the two numbers may come in either order (clause 9)."""
    first, second = (
        _number(_field(fields, name), name, f"Invalid '{name}'") for name in ("account_number", "customer_number")
    )
    if not owns(first):
        first, second = second, first
    if not owns(first):
        raise Refusal("Invalid 'account_number'", reason="neither number is one of the account's SMS numbers")
    page = _page(fields, newest_first=False, type_="all", number=None, side="either")
    return Conversation(account_number=first, customer_number=second, page=page)


def _page(fields: Fields, *, newest_first: bool, type_: TypeFilter, number: str | None, side: Side) -> Listing:
    offset = _integer(fields, "offset", 0)
    if offset is None or offset < 0:
        raise Refusal("Invalid 'offset'", reason="an offset counts from 0")
    limit = _integer(fields, "limit", LIMIT_MAX) or 0
    start, end = _integer(fields, "start_timestamp"), _integer(fields, "end_timestamp")
    if start is not None and end is not None and end <= start:
        raise Refusal("Invalid 'end_timestamp'", reason="the end is not after the start")
    sort = _choice(fields, "sort", ("asc", "desc"), blank="desc" if newest_first else "asc")
    return Listing(
        offset=min(offset, _HUGE),
        limit=min(max(limit, LIMIT_MIN), LIMIT_MAX),
        newest_first=sort == "desc",
        start=_milliseconds(start),
        end=_milliseconds(end),
        type=type_,
        number=number,
        side=side,
    )


def _field(fields: Fields, name: str) -> str:
    for alias in _ALIASES[name]:
        value = fields.get(alias, "").strip()
        if value:
            return value
    return ""


def _number(value: str, name: str, error: str) -> str:
    try:
        return normalized(value)
    except InvalidNumber as problem:
        raise Refusal(error, reason=f"{name}: {problem.one_line()}") from None


def _choice(fields: Fields, name: str, choices: tuple[str, ...], *, blank: str | None = None) -> str:
    value = _field(fields, name).lower()
    if not value and blank is not None:
        return blank
    if value not in choices:
        raise Refusal(f"Invalid '{name}'", reason=f"{value or 'nothing'!r}; one of {', '.join(choices)} was expected")
    return value


def _integer(fields: Fields, name: str, default: int | None = None) -> int | None:
    value = _field(fields, name)
    if not value:
        return default
    if not _INTEGER.fullmatch(value):
        raise Refusal(f"Invalid '{name}'", reason=f"{value[:40]!r}; a whole number was expected")
    return int(value)


def _milliseconds(seconds: int | None) -> int | None:
    if seconds is None:
        return None
    return max(-_HUGE, min(seconds, _HUGE)) * 1000
