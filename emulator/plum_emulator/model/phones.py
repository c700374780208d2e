"""North American phone numbers, kept as 11 digits with a leading 1 (clauses 4 and 7)."""

from __future__ import annotations

import re
from functools import lru_cache

from plum_emulator.errors import InvalidNumber

_PUNCTUATION = str.maketrans("", "", " \t-.()/")
_SHAPE = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})", re.ASCII)


@lru_cache(maxsize=4096)
def normalized(text: str) -> str:
    """The number as 11 digits, from 10 digits, 11 digits, `+1…`, with the usual punctuation.

    Raises InvalidNumber for anything else.
    """
    match = _SHAPE.fullmatch(text.translate(_PUNCTUATION)) if len(text) <= 40 else None
    if match is None:
        raise InvalidNumber(
            f"{text[:40]!r} is not a phone number",
            hint="write 10 digits, or 11 with a leading 1: 16175550123",
        )
    return "1" + match[1]


def is_number(text: str) -> bool:
    """Whether `normalized` would take it."""
    try:
        normalized(text)
    except InvalidNumber:
        return False
    return True


def pretty(number: str) -> str:
    """An 11-digit number for people: `+1 617 555 0123`."""
    return f"+1 {number[1:4]} {number[4:7]} {number[7:]}"
