"""Bodies of exchanges as people read them: form fields one by one, JSON indented, everything else as it came."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from operator import itemgetter

from plum_emulator.model.exchanges import Headers
from plum_emulator.wire.forms import read_form
from plum_emulator.wire.views import body_text

SHOWN, LINES = 64 * 1024, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is shown of a body of `size` bytes, and what it was read as. `whole` is false when something is left out."""

    size: int
    kind: str
    lines: tuple[str, ...]
    fields: tuple[tuple[str, str], ...] = ()
    whole: bool = True


def shown_body(body: bytes, headers: Headers) -> Body:
    """A body that came with these headers, as it is shown: at most its first 64 KiB, and 2000 lines of it."""
    type_ = next((value for name, value in headers if name.lower() == "content-type"), "").lower()
    text = _text(body)
    is_text = text is not None
    text = body[:SHOWN].decode("latin-1") if text is None else text
    kind, text = _read(text, type_, whole=len(body) <= SHOWN) if is_text else ("not UTF-8, shown as Latin-1", text)
    lines = lines_of(text)
    return Body(
        size=len(body),
        kind=kind,
        lines=tuple(visible(line) for line in lines[:LINES]),
        fields=_fields(body, type_),
        whole=len(body) <= SHOWN and len(lines) <= LINES,
    )


def visible(text: str) -> str:
    """Text in which control characters are seen, by their pictures: NUL is ␀.

    Those that would show the text after them in another order, as if something else stood there, by their number.
    """
    return text.translate(_PICTURES)


def lines_of(text: str) -> list[str]:
    """The lines as a reader of XML counts them. An end of line at the very end begins no other."""
    lines = _LINE_END.split(text)
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def editable(body: bytes) -> str:
    """A body as a form's text field would bring it back, its lines ended by LF; what none can hold is replaced."""
    return with_lf(body_text(body)).replace("\0", "\ufffd")


def with_lf(text: str) -> str:
    """The text with LF alone at the ends of its lines."""
    return _LINE_END.sub("\n", text)


def indented(text: str, *, lines: int | None = None) -> str:
    """JSON, indented, every string and number as it was written; not much more than so many lines of it.

    Raises ValueError for what is none.
    """
    json.loads(text)
    written: list[str] = []
    depth, before, ends = 0, "", 0
    for token in map(itemgetter(0), _TOKEN.finditer(text)):
        depth -= token in _CLOSES
        if before == "," or (before in _OPENS) != (token in _CLOSES):
            ends += 1
            if lines is not None and ends > lines:
                break
            written.append("\n" + "  " * min(depth, _DEEPEST))
        written.append(_SPACED.get(token, token))
        depth += token in _OPENS
        before = token
    return "".join(written)


_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_OPENS, _CLOSES = ("{", "["), ("}", "]")
_DEEPEST = 40  # levels that are indented: what is deeper was made to be wide
_SPACED = {":": ": "}
_REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_PICTURES: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20) if code not in b"\t\n\r"},
    0x7F: 0x2421,
    **{code: f"⟨U+{code:04X}⟩" for code in _REORDERING},
}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _text(body: bytes) -> str | None:
    """The beginning of a body in UTF-8, without a character that would be cut through; None for a body that is not."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return None
    return body[:SHOWN].decode(errors="ignore")


def _read(text: str, type_: str, *, whole: bool) -> tuple[str, str]:
    if whole and ("json" in type_ or text[:1] in ("{", "[")):
        try:
            return "JSON, indented", indented(text, lines=LINES)
        except (ValueError, RecursionError):
            return "text", text
    if type_.startswith(_FORMS):
        return "form", text
    return ("XML", text) if "xml" in type_ or text.lstrip()[:1] == "<" else ("text", text)


def _fields(body: bytes, type_: str) -> tuple[tuple[str, str], ...]:
    if not type_.startswith(_FORMS):
        return ()
    return tuple((visible(name), visible(value)) for name, value in read_form(body[:SHOWN], type_).items())
