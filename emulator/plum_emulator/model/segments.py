"""Segments: what a carrier makes of a text. Which alphabet it goes in, how many parts, and what room is left.

The alphabet is the default one of 3GPP TS 23.038 (6.2.1) with its extension table; a text with any other character
goes as UCS-2. A part carries 140 octets: 160 septets, or 70 units of UCS-2. Where there are several, each begins with
the 6 octets that join them (TS 23.040, 9.2.3.24.1), and 153 or 67 are left. Plum has cut a long body before into
messages of 160 characters (`texts.parts`); this counts what one of them becomes on its way.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import AnyStr, Literal

Encoding = Literal["GSM-7", "UCS-2"]

_ALONE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}
_JOINED: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}
_ESCAPE = "\x1b"
_SHORT = 1000  # characters; a page asks again and again for texts like these, and longer ones would fill the memory

# As much as fits, less one where that would tear a pair: an escape and what it escapes, two halves of a surrogate pair.
_SEPTETS = re.compile(r"(?s).{1,153}(?<!\x1b)")
_FIRST_OCTETS = re.compile(rb"(?s).{1,67}(?!(?<=[\xd8-\xdb])[\xdc-\xdf])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """A text as a carrier counts it. `units` are septets, or code units of UTF-16; `room` is what the last part still
    takes. Of a text in UCS-2, `forced_by` is the first character that GSM-7 lacks, and `forced_at` its place."""

    encoding: Encoding
    units: int
    parts: int
    room: int
    forced_by: str | None
    forced_at: int | None


def segments(body: str) -> Segments:
    """How a carrier sends the text, whatever is in it. An empty text is one part, as an empty message is still one."""
    return _remembered(body) if len(body) <= _SHORT else _measured(body)


def named(character: str) -> str:
    """The character for a person: `U+2019 RIGHT SINGLE QUOTATION MARK`; without a name, the number alone."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _measured(body: str) -> Segments:
    foreign, escaped = _alphabet()
    forced = foreign.search(body)
    if forced is None:
        for character in escaped:
            body = body.replace(character, _ESCAPE + character)
        return _counted("GSM-7", body, _SEPTETS)
    # The first octet of each unit tells whether it is half a pair.
    octets = body.encode("utf-16-be", "surrogatepass")[::2]
    return _counted("UCS-2", octets, _FIRST_OCTETS, forced)


_remembered = lru_cache(maxsize=1024)(_measured)


def _counted(
    encoding: Encoding, units: AnyStr, part: re.Pattern[AnyStr], forced: re.Match[str] | None = None
) -> Segments:
    parts, room = 1, _ALONE[encoding] - len(units)
    if room < 0:
        cut = part.findall(units)
        parts, room = len(cut), _JOINED[encoding] - len(cut[-1])
    return Segments(
        encoding=encoding,
        units=len(units),
        parts=parts,
        room=room,
        forced_by=forced[0] if forced else None,
        forced_at=forced.start() if forced else None,
    )


@cache
def _alphabet() -> tuple[re.Pattern[str], str]:
    """What finds a character that GSM-7 lacks, and the characters that it has behind an escape."""
    from gsm0338 import Codec  # type: ignore[import-untyped] # it has no types; late: most never need it

    codec = Codec()

    def decoded(code: bytes) -> str:
        character: str = codec.decode(code, "ignore")[0]
        return character

    plain = "".join(decoded(bytes((code,))) for code in range(128))  # an escape alone is no character
    escaped = "".join(decoded(bytes((ord(_ESCAPE), code))) for code in range(128))
    return re.compile(f"[^{re.escape(plain + escaped)}]"), escaped
