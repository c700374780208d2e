"""Patterns: what a text has to be. Written as a plain value (equal), `{"contains": …}` or `{"matches": regex}`.

Regular expressions are read and run by the `regex` library, with a time limit: a costly one is refused, and holds
up nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from plum_emulator.errors import InvalidNumber, NotPossible
from plum_emulator.model.phones import normalized
from plum_emulator.values import Values, shown, storable

if TYPE_CHECKING:
    import regex

_SECONDS = 0.5
_LENGTH = 1000
_SIZE = 100_000
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{([0-9]+)(?:,[0-9]*)?\}|.", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What a text has to be; of the three, those that are not None."""

    equals: str | None = None
    contains: str | None = None
    matches: str | None = None

    def holds(self, text: str) -> bool:
        """Whether the text is like this. Raises NotPossible when a regular expression takes too long."""
        if self.equals is not None and text != self.equals:
            return False
        if self.contains is not None and self.contains not in text:
            return False
        return self.matches is None or found(self.matches, text) is not None

    def in_words(self) -> str:
        """The pattern for a person: `contains 'tomorrow'`."""
        words = ((name, getattr(self, name)) for name in ("equals", "contains", "matches"))
        return " and ".join(f"{name} {text!r}" for name, text in words if text is not None)


def read_pattern(value: object, name: str, *, phone: bool = False) -> Pattern:
    """A pattern as it was written. With `phone`, an equal value is a phone number in any of its forms.

    Raises NotPossible.
    """
    if isinstance(value, str):
        if not storable(value):
            raise NotPossible(f"{name}: half a surrogate pair is in it", hint="send whole characters")
        return Pattern(equals=_phone(value, name) if phone else value)
    if not isinstance(value, dict):
        raise NotPossible(
            f"{name} is {shown(value)}, but a string or an object was expected",
            hint='for example "hello", {"contains": "tomorrow"} or {"matches": "[0-9]{6}"}',
        )
    values = Values(value, ("equals", "contains", "matches"), where=name)
    equals, matches = values.text("equals"), values.text("matches")
    if equals is None and matches is None and values.text("contains") is None:
        raise NotPossible(f"{name} says nothing", hint="there are: equals, contains, matches")
    if matches is not None:
        compiled(matches, name)
    return Pattern(
        equals=_phone(equals, name) if phone and equals is not None else equals,
        contains=values.text("contains"),
        matches=matches,
    )


def found(expression: str, text: str) -> regex.Match[str] | None:
    """Where the regular expression is found first in the text. Raises NotPossible when that takes too long."""
    try:
        return compiled(expression, "matches").search(text, concurrent=True, timeout=_SECONDS)
    except TimeoutError:
        raise NotPossible(
            f"the regular expression {shown(expression)} takes longer than {_SECONDS:g} s",
            hint="write one that repeats less: (a+)+ for example takes for ever",
        ) from None


@lru_cache(maxsize=256)
def compiled(expression: str, name: str) -> regex.Pattern[str]:
    """The regular expression, ready to use. Raises NotPossible when it is not one."""
    import regex  # late: 15 ms that most never need

    if len(expression) > _LENGTH:
        raise NotPossible(f"{name}: a regular expression has at most {_LENGTH} characters", hint="write a shorter one")
    if _size(expression) > _SIZE:
        raise NotPossible(f"{name}: {shown(expression)} repeats too much", hint="repeat less: {1000} for example")
    try:
        made: regex.Pattern[str] = regex.compile(expression)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise NotPossible(f"{name}: {shown(expression)} is not a regular expression: {error}", hint="") from None
    return made


def _size(expression: str) -> int:
    """About how long the expression is with each `{n}` written out, as the library does: that takes its time."""
    sizes, last = [0], 0
    for piece in _PIECE.finditer(expression):
        if piece[0] == "(":
            sizes.append(0)
        elif piece[1]:
            sizes[-1] += last * (int(piece[1]) - 1)
            last *= int(piece[1])
        else:
            last = sizes.pop() if piece[0] == ")" and len(sizes) > 1 else 1
            sizes[-1] += last
    return sum(sizes)


def _phone(text: str, name: str) -> str:
    try:
        return normalized(text)
    except InvalidNumber as error:
        raise NotPossible(f"{name}: {error.message}", hint=error.hint) from None
