"""Texts with something marked in them: an application's answer where it is wrong, and words that were looked for.

Places in an answer are those that `wire/answers` names: lines and columns as XML counts them, a byte order mark being
a column of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from plum_emulator.web.console.bodies import LINES, SHOWN, lines_of, visible


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

    before: str
    marked: str | None = None
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedAnswer:
    """An answer for people. Not `whole` when it goes on after the last line; `problem` is None when it was used."""

    lines: tuple[Line, ...]
    whole: bool
    problem: Problem | None

    @property
    def is_marked(self) -> bool:
        """Whether the place of the problem is among the lines."""
        return any(line.marked is not None for line in self.lines)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a text, and whether it is what was looked for."""

    text: str
    found: bool = False


def problem_in(outcome: str) -> Problem | None:
    """What the outcome of an inbound post has against the answer, as `BadAnswer.one_line` wrote it."""
    if outcome == "ok":
        return None
    match = _PLACED.fullmatch(outcome)
    words, _, hint = (match[3] if match else outcome).partition("; ")
    if match is None:
        return Problem(words=words, hint=hint)
    return Problem(words=words, hint=hint, line=int(match[1]), column=int(match[2]))


def marked_answer(document: bytes, outcome: str) -> MarkedAnswer:
    """The answer line by line, the first 64 KiB and 2000 lines of it, with the place marked where it is wrong."""
    problem = problem_in(outcome)
    texts = lines_of(_text(document[:SHOWN])) if document else []
    if problem and problem.line == len(texts) + 1 and len(document) <= SHOWN:
        texts.append("")  # where the document ended too early
    lines = [Line(before=visible(text)) for text in texts[:LINES]]
    if problem and problem.line and problem.column and 0 < problem.line <= len(lines):
        text, start = texts[problem.line - 1], problem.column - 1
        if start < len(text) or len(document) <= SHOWN:
            lines[problem.line - 1] = _marked(text, start)
    return MarkedAnswer(lines=tuple(lines), whole=len(document) <= SHOWN and len(texts) <= LINES, problem=problem)


def excerpt(body: str, words: str) -> list[Piece]:
    """A part of the body with words that begin as those that were looked for; its beginning where there are none.

    Without regard to case and accents, as the full-text search does it.
    """
    sought = tuple(_folded(word) for word in _SOUGHT.findall(words))
    first = next(_hits(body, sought), None)
    start = max(0, first.start() - _BEFORE) if first else 0
    part = body[start : start + _EXCERPT]
    pieces, end = [Piece("…" if start else "")], 0
    for hit in _hits(part, sought):
        pieces += [Piece(part[end : hit.start()]), Piece(hit[0], found=True)]
        end = hit.end()
    pieces += [Piece(part[end:]), Piece("…" if len(body) > start + _EXCERPT else "")]
    return [Piece(visible(piece.text), piece.found) for piece in pieces if piece.text]


_PLACED = re.compile(r"line ([0-9]{1,9}), column ([0-9]{1,9}): (.*)", re.DOTALL)
_TAG = re.compile("<[^>]*>?")
_WORD = re.compile(r"&?\w+;?|.", re.DOTALL)

_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,30})["']""")
_ONE_BYTE = re.compile("us-ascii|latin-?1|iso-8859-[0-9]{1,2}|(?:windows-|cp)125[0-9]", re.IGNORECASE)
_UTF_16 = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

_SOUGHT = re.compile(r"[^\W_]+")
_BEFORE, _EXCERPT = 60, 200


def _marked(text: str, start: int) -> Line:
    start = min(start, len(text))
    if text[start - 1 : start] == "&":  # the parser stumbles behind it
        start -= 1
    elif text[start : start + 1] in (">", "["):  # it has read a declaration before it refuses it
        opening = text.rfind("<", 0, start)
        start = start if opening < 0 else opening
    culprit = _TAG.match(text, start) or _WORD.match(text, start)
    end = culprit.end() if culprit else start
    return Line(before=visible(text[:start]), marked=visible(text[start:end]), after=visible(text[end:]))


def _text(document: bytes) -> str:
    """The document as XML reads it; bytes that are no characters are replaced."""
    declared = _DECLARED.match(document)
    name = declared[1].decode() if declared else ""
    encoding = name if _ONE_BYTE.fullmatch(name) else "utf-8"
    encoding = next((utf_16 for mark, utf_16 in _UTF_16 if document.startswith(mark)), encoding)
    try:
        return document.decode(encoding, "replace")
    except LookupError:
        return document.decode("utf-8", "replace")


def _hits(text: str, sought: tuple[str, ...]) -> Iterator[re.Match[str]]:
    return (word for word in _SOUGHT.finditer(text) if sought and _folded(word[0]).startswith(sought))


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    return "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each)).casefold()
