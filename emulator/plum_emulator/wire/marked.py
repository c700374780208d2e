"""Texts with something marked in them: an application's answer where it is wrong, and words that were looked for.

The places are those that `wire/answers` names: lines and columns as XML counts them, a byte order mark being one column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

SHOWN_BYTES = 64 * 1024
SHOWN_LINES = 1000

_PLACED = re.compile(r"line ([0-9]{1,9}), column ([0-9]{1,9}): (.*)", re.DOTALL)
_LINE_END = re.compile("\r\n|\r|\n")
_TAG = re.compile("<[^>]*>?")
_WORD = re.compile(r"\w+|.", re.DOTALL)

_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,30})["']""")
_KNOWN_ENCODING = re.compile(r"(?:utf-?8|us-ascii|latin-?1|iso-8859-[0-9]{1,2}|(?:windows-|cp)125[0-9])", re.IGNORECASE)

_INVISIBLE = {code: chr(0x2400 + code) for code in range(0x20) if code != 0x09} | {0x7F: "\u2421"}
_INVISIBLE |= {
    code: f"[U+{code:04X}]"
    for code in (
        *range(0x80, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    )
}

_SOUGHT = re.compile(r"[^\W_]+")
_BEFORE, _EXCERPT = 60, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an answer was not used, and what was expected. `line` and `column` begin at 1; None where it has no place."""

    words: str
    hint: str = ""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an answer. `marked` is what is wrong in it, "" where something is missing; None: nothing is."""

    number: int
    before: str
    marked: str | None = None
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedAnswer:
    """An answer for people. `cut` when it goes on after the last line; `problem` is None when it was used."""

    lines: list[Line]
    cut: bool
    problem: Problem | None

    @property
    def is_marked(self) -> bool:
        """Whether the place of the problem is among the lines."""
        return any(line.marked is not None for line in self.lines)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a text, and whether it is what was looked for."""

    text: str
    found: bool


def problem_in(outcome: str) -> Problem | None:
    """What the outcome of an inbound post says against the answer, as `BadAnswer.one_line` wrote it."""
    if outcome == "ok":
        return None
    match = _PLACED.fullmatch(outcome)
    words, _, hint = (match[3] if match else outcome).partition("; ")
    if match is None:
        return Problem(words=words, hint=hint)
    return Problem(words=words, hint=hint, line=int(match[1]), column=int(match[2]))


def marked_answer(document: bytes, outcome: str) -> MarkedAnswer:
    """The answer line by line, the first 64 KiB of it, with the place marked where it could not be used."""
    problem = problem_in(outcome)
    texts = _LINE_END.split(_text(document[:SHOWN_BYTES]))
    if texts[-1] == "" and not (problem and problem.line == len(texts)):
        texts.pop()  # the end of the last line begins no other
    return MarkedAnswer(
        lines=[_line(number, text, problem) for number, text in enumerate(texts[:SHOWN_LINES], 1)],
        cut=len(document) > SHOWN_BYTES or len(texts) > SHOWN_LINES,
        problem=problem,
    )


def visible(text: str) -> str:
    """The text with controls, and whatever turns the direction of writing, as something to be seen."""
    return text.translate(_INVISIBLE)


def excerpt(body: str, words: str) -> list[Piece]:
    """A part of the body with words that begin as those that were looked for; its beginning where there are none.

    Without regard to case and accents, as the full-text search does.
    """
    sought = tuple(_folded(word) for word in _SOUGHT.findall(words))
    first = next(_hits(body, sought), None)
    start = max(0, first.start() - _BEFORE) if first else 0
    part = body[start : start + _EXCERPT]
    pieces = [Piece("…", found=False)] if start else []
    end = 0
    for hit in _hits(part, sought):
        pieces += [Piece(part[end : hit.start()], found=False), Piece(hit[0], found=True)]
        end = hit.end()
    pieces.append(Piece(part[end:] + ("…" if len(body) > start + _EXCERPT else ""), found=False))
    return [piece for piece in pieces if piece.text]


def _line(number: int, text: str, problem: Problem | None) -> Line:
    if problem is None or problem.column is None or problem.line != number:
        return Line(number=number, before=visible(text))
    start = min(problem.column - 1, len(text))
    if start and text[start - 1] == "&":  # the parser stumbles behind it
        start -= 1
    culprit = _TAG.match(text, start) or _WORD.match(text, start)
    end = culprit.end() if culprit else start
    return Line(
        number=number,
        before=visible(text[:start]),
        marked=visible(text[start:end]),
        after=visible(text[end:]),
    )


def _text(document: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if document.startswith(mark):
            return document.decode(encoding, "replace")
    declared = _DECLARED.match(document)
    name = declared[1].decode() if declared else "utf-8"
    try:
        return document.decode(name if _KNOWN_ENCODING.fullmatch(name) else "utf-8", "replace")
    except LookupError:
        return document.decode("utf-8", "replace")


def _hits(text: str, sought: tuple[str, ...]) -> Iterator[re.Match[str]]:
    return (word for word in _SOUGHT.finditer(text) if sought and _folded(word[0]).startswith(sought))


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    return "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each)).casefold()
