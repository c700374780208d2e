"""Reads what people wrote as JSON or TOML, and says what is wrong with it: which name, what was seen, what is taken.

Every reader raises NotPossible. Unknown names are refused with the nearest known one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any

from plum_emulator.errors import NotPossible

_SHOWN = 60


class Values:
    """One JSON object or TOML table. `where` begins every error about it, `rule 2: when` for example."""

    def __init__(self, value: object, known: Iterable[str], *, where: str = "") -> None:
        self._known = tuple(known)
        self._where = f"{where}: " if where else ""
        if not isinstance(value, Mapping):
            raise NotPossible(f"{self._where}an object was expected, not {shown(value)}", hint=self._there_are())
        refuse_unknown(value, self._known, where=where)
        self._value = value

    def __contains__(self, name: str) -> bool:
        return name in self._value

    def __getitem__(self, name: str) -> Any:
        """The value as it was written; None when it was not."""
        return self._value.get(name)

    def required(self, *names: str) -> None:
        """Refuse when one of them is missing."""
        for name in names:
            if self._value.get(name) is None:
                raise NotPossible(f"{self._where}{name!r} is missing", hint=self._there_are())

    def text(self, name: str, default: str | None = None) -> str | None:
        """A string that can be stored."""
        value = self._value.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(name, "a string")
        if not storable(value):
            raise NotPossible(f"{self._where}{name!r} has half a surrogate pair in it", hint="send whole characters")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._value.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def whole(self, name: str, *, least: int = 0, most: int = 1_000_000_000) -> int | None:
        """A whole number in these bounds; None when there is none."""
        value = self._value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(name, f"a whole number from {least} to {most}")
        return value

    def number(self, name: str, *, least: float = 0, most: float = 1e9) -> float | None:
        """A number in these bounds; None when there is none."""
        value = self._value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(name, f"a number from {least:.15g} to {most:.15g}")
        return float(value)

    def milliseconds(self, name: str, *, most: float = 366 * 86400) -> int | None:
        """A duration that was written in seconds."""
        seconds = self.number(name, most=most)
        return None if seconds is None else round(seconds * 1000)

    def one_of(self, name: str, choices: Iterable[str]) -> str | None:
        """One of these words; None when there is none."""
        value, known = self._value.get(name), tuple(choices)
        if value is None:
            return None
        if not isinstance(value, str) or value not in known:
            raise NotPossible(
                f"{self._where}{name!r} is {shown(value)}, which is unknown", hint=did_you_mean(str(value), known)
            )
        return value

    def wrong(self, name: str, expected: str) -> NotPossible:
        """The error for a value of the wrong kind."""
        return NotPossible(
            f"{self._where}{name!r} is {shown(self._value.get(name))}, but {expected} was expected",
            hint=self._there_are(),
        )

    def _there_are(self) -> str:
        return f"there are: {', '.join(self._known)}"


def refuse_unknown(given: Iterable[object], known: Iterable[str], *, where: str = "") -> None:
    """Refuse the first name that is not known."""
    names = tuple(known)
    for name in given:
        if name not in names:
            begin = f"{where}: " if where else ""
            raise NotPossible(f"{begin}{shown(name)} is unknown", hint=did_you_mean(str(name), names))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A next step for somebody who wrote an unknown name."""
    names = tuple(known)
    near = difflib.get_close_matches(name[:_SHOWN], names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"


def shown(value: object) -> str:
    """A value as an error shows it: short, whatever it is."""
    if isinstance(value, str):
        return _cut(repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…"), 2 * _SHOWN)
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**18:
        return "a very large number"
    text = (
        {True: "true", False: "false", None: "null"}.get(value, "") if isinstance(value, bool | None) else repr(value)
    )
    return _cut(text, _SHOWN)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"


def storable(text: str) -> bool:
    """Whether the text has no half of a surrogate pair in it, which nothing could keep."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
