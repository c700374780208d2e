"""What a page shows, held against what was really said. `…` on a page stands for anything."""

from __future__ import annotations

import json
import re
from typing import Any


def shows(said: str, shown: list[str]) -> bool:
    """Whether all lines that are shown were said, in this order."""
    lines = iter(said.splitlines())
    return all(any(_like(line, spoken) for spoken in lines) for line in shown if line.strip())


def _like(shown: str, said: str) -> bool:
    """Whether a text on a page, where `…` stands for anything, is what was said."""
    pattern = ".*".join(map(re.escape, shown.strip().split("…")))
    return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def _json_values(text: str) -> list[Any]:
    """The JSON values in a text, whatever else stands between them."""
    values, place, decoder = [], 0, json.JSONDecoder()
    while (begin := re.search(r"[\[{]", text[place:])) is not None:
        try:
            value, place = decoder.raw_decode(text, place + begin.start())
            values.append(value)
        except ValueError:
            place += begin.end()
    return values


def difference(shown: Any, said: str) -> str:
    """How the last JSON value that was said differs from the one on the page; "" when it does not."""
    values = _json_values(said)
    try:
        assert values, f"a JSON answer was expected, and not {said!r}"
        _compare(shown, values[-1], "the answer")
    except AssertionError as problem:
        return str(problem)
    return ""


def _compare(shown: Any, said: Any, where: str) -> None:
    """Fails unless both have the same shape and texts. Numbers may differ; a list may be shown in part."""
    match shown, said:
        case dict(), dict():
            assert list(shown) == list(said), f"{where} has {list(said)}, and not {list(shown)}"
            for name, value in shown.items():
                _compare(value, said[name], f"{where}.{name}")
        case list(), list():
            assert len(shown) <= len(said), f"{where} has {len(said)} items, and not {len(shown)}"
            for place, value in enumerate(shown):
                _compare(value, said[place], f"{where}[{place}]")
        case str(), str():
            assert _like(shown, said), f"{where} is {said!r}, and not {shown!r}"
        case (bool() | None, _) | (_, bool() | None):
            assert shown is said, f"{where} is {said!r}, and not {shown!r}"
        case (int() | float(), int() | float()):
            pass
        case _:
            raise AssertionError(f"{where} is {said!r}, and not {shown!r}")


def error_in(said: str) -> bool:
    """Whether an answer of the emulator is an error, in either format."""
    envelopes = (value for value in _json_values(said) if isinstance(value, dict))
    return "<status>failure" in said or any(value.get("error") for value in envelopes)
