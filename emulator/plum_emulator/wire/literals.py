"""Texts as they are written in Python."""

from __future__ import annotations

from plum_emulator.wire.sessions import Mine, Words

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def written(words: Words) -> str:
    """The words as Python has them; with a number of the account in them, an f-string."""
    if not any(isinstance(word, Mine) for word in words):
        return literal("".join(str(word) for word in words))
    quote = _quote("".join(word for word in words if isinstance(word, str)))
    pieces = (
        f"{{plum.numbers[{word.place}]{'[1:]' if word.bare else ''}}}"
        if isinstance(word, Mine)
        else _escaped(word, quote).replace("{", "{{").replace("}", "}}")
        for word in words
    )
    return f"f{quote}{''.join(pieces)}{quote}"


def literal(text: str) -> str:
    """The text as a Python literal, in the quotes of which fewer have to be escaped."""
    quote = _quote(text)
    return f"{quote}{_escaped(text, quote)}{quote}"


def _quote(text: str) -> str:
    return "'" if text.count('"') > text.count("'") else '"'


def _escaped(text: str, quote: str) -> str:
    return "".join(_character(character, quote) for character in text)


def _character(character: str, quote: str) -> str:
    if character == quote:
        return f"\\{quote}"
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
