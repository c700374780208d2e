"""What is taken out of a text: a code, a link, or what a regular expression finds.

The words `code` and `link`, written exactly so, have a meaning of their own; any other string is a regular expression.
Who wants the very word writes `(code)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plum_emulator.errors import NotPossible
from plum_emulator.model.patterns import compiled, found
from plum_emulator.model.urls import url_problem
from plum_emulator.values import shown, storable

_HINT = '"code", "link", a regular expression, or an object of such: {"otp": "code"}'

# Four to eight digits, or 123-456. No piece of a phone number, a date, an amount or a longer run is one.
_CODE = re.compile(r"(?<![0-9])(?<![0-9][-./])(?<![$€£])([0-9]{3}-[0-9]{3}|[0-9]{4,8})(?![0-9])(?![-./][0-9])")
# Up to a blank, a quotation mark, or Chinese and Japanese punctuation, which follow without one.
_LINK = re.compile(
    r"https?://[^\s\x00-\x20\x7f<>\"`«»\u2018-\u201f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]{1,2100}",
    re.IGNORECASE,
)
_ENDS = ".,;:!?'…"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What to take out of a text; of each part its name, which is empty for one that stands alone."""

    parts: tuple[tuple[str, str], ...]

    def taken(self, text: str) -> tuple[object, tuple[str, ...]]:
        """What was taken, and the names of the parts that are not in the text. With one missing, nothing is taken.

        Raises NotPossible when a regular expression takes too long.
        """
        values = {name: _one(what, text) for name, what in self.parts}
        missing = tuple(name for name, value in values.items() if value is None)
        if missing:
            return None, missing
        return values.get("", values), ()

    def wanted(self, name: str) -> str:
        """One part for a person: `code of 4 to 8 digits`."""
        what = dict(self.parts)[name]
        return _IN_WORDS.get(what, f"match of {shown(what)}")

    def in_words(self) -> str:
        """All parts for a person."""
        return " and ".join(f"a {self.wanted(name)}" for name, _ in self.parts)


_IN_WORDS = {"code": "code of 4 to 8 digits", "link": "link"}


def read_extract(value: object, where: str) -> Extract:
    """An extract as it was written: a string, or an object from names to strings. Raises NotPossible."""
    if not isinstance(value, dict):
        return Extract(parts=(("", _read_one(value, where)),))
    if not value:
        raise NotPossible(f"{where} says nothing", hint=_HINT)
    if not all(isinstance(name, str) and name and storable(name) for name in value):
        raise NotPossible(f"{where} has a name that cannot be one", hint="a name is at least one whole character")
    return Extract(parts=tuple((name, _read_one(what, f"{where}: {shown(name)}")) for name, what in value.items()))


def _read_one(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise NotPossible(f"{where} is {shown(value)}, but something to take out was expected", hint=_HINT)
    if not storable(value):
        raise NotPossible(f"{where}: half a surrogate pair is in it", hint="send whole characters")
    if value not in _IN_WORDS:
        compiled(value, where)
    return value


def _one(what: str, text: str) -> object:
    if what == "code":
        return _code(text)
    if what == "link":
        return next(_links(text), None)
    return _of_expression(what, text)


def _code(text: str) -> str | None:
    """The first code outside of links; when there is none, the first in one."""
    match = _CODE.search(_LINK.sub(" ", text)) or _CODE.search(text)
    return match[1].replace("-", "") if match else None


def _links(text: str) -> Iterator[str]:
    for match in _LINK.finditer(text):
        link = _without_end(match[0])
        if url_problem(link) is None:
            yield link


def _without_end(link: str) -> str:
    """The link without what ends its sentence: punctuation, and a bracket that opened before it."""
    while True:
        link = link.rstrip(_ENDS)
        opening = _BRACKETS.get(link[-1:])
        if opening is None or link.count(opening) >= link.count(link[-1]):
            return link
        link = link[:-1]


def _of_expression(expression: str, text: str) -> object:
    """Named groups as an object, else the first group, else the whole match; None when there is nothing."""
    match = found(expression, text)
    if match is None:
        return None
    named = match.groupdict()
    if named:
        return named if any(value is not None for value in named.values()) else None
    return match[1] if match.re.groups else match[0]
