"""A shell line that makes the request of an exchange once more."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from plum_emulator.model.exchanges import Exchange

# The connection is curl's own, and the journal has no password.
_LEFT_OUT = frozenset(("authorization", "connection", "content-length", "host", "transfer-encoding"))
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\0\r\n]*")

_URL = re.compile(r"([^:/?#]+://[^/?#]*)([^#]*)", re.DOTALL)
# What every curl sends as it is written. It would undo dots in a path, and write other characters its own way.
_PLAIN_TARGET = re.compile(rb"(?!.*/(?:\.|%2E))/(?:[A-Za-z0-9/?&=+:;,@$!*'()._~-]|%[0-9A-F]{2})*")

_WORD_MAX = 64 * 1024  # Linux takes words up to 128 KiB
_EXPECT_FROM = 1024  # from here on, an older curl asks before it sends a body
_UNTYPED = {ord("%"): "%%", ord("\r"): r"\r", ord("\n"): r"\n", ord("\t"): r"\t", ord("'"): r"\047", ord("\\"): r"\134"}


def curl_line(exchange: Exchange, *, base: str, login: str | None) -> str:
    """One line for a shell, with curl in it: the same method, target, headers and body once more.

    A request that came in goes to `base`, as `login` (`username:password`), for the journal has no passwords. What no
    keyboard has, line ends and bytes that are not UTF-8 among it, is written with printf. A HEAD goes without a body.
    """
    origin, target = destination(exchange, base=base)
    piped, data = _data(exchange)
    words = ["curl", *_how(exchange, origin, carries=bool(data))]
    if login is not None and exchange.direction == "in":
        words += ["-u", _word(login.encode())]
    for header in _headers(exchange, carries=bool(data)):
        words += ["-H", _word(header)]
    return piped + " ".join([*words, *data, *_where(origin, target)])


def destination(exchange: Exchange, *, base: str) -> tuple[str, bytes]:
    """Where the request goes: scheme and host, and the target as it stood in the request line.

    The URL of a request that came in is its target, with bytes read as Latin-1; it is asked of `base`.
    """
    match = _URL.match(exchange.url) if exchange.direction == "out" else None
    if match is None:
        return base.rstrip("/"), _as_sent(exchange.url) or b"/"
    target = match[2].encode()
    return match[1], target if target.startswith(b"/") else b"/" + target


def _how(exchange: Exchange, origin: str, *, carries: bool) -> Iterator[str]:
    if exchange.method == "HEAD":
        yield "--head"
    elif exchange.method != ("POST" if carries else "GET"):
        yield from ("-X", _word(exchange.method.encode()))
    if origin[:5].lower() == "https":
        yield "--http1.1"


def _where(origin: str, target: bytes) -> Iterator[str]:
    if "[" in origin:
        yield "--globoff"
    if _PLAIN_TARGET.fullmatch(target):
        yield _word(origin.encode() + target)
    else:
        yield from ("--request-target", _word(target), _word(origin.encode() + b"/"))


def _headers(exchange: Exchange, *, carries: bool) -> Iterator[bytes]:
    """Headers as curl wants to be told: `Name: value`, `Name;` for an empty one, `Name:` to send none of its own."""
    for name, value in exchange.request_headers:
        header = _as_sent(f"{name}: {value}")
        if name.lower() not in _LEFT_OUT and _HEADER.fullmatch(header):
            yield header if value.strip() else _as_sent(name) + b";"
    given = {name.lower() for name, _ in exchange.request_headers}
    for name, unasked in (
        ("User-Agent", True),
        ("Accept", True),
        ("Content-Type", carries),
        ("Expect", carries and len(exchange.request_body) > _EXPECT_FROM),
    ):
        if unasked and name.lower() not in given:
            yield name.encode() + b":"


def _data(exchange: Exchange) -> tuple[str, list[str]]:
    """What stands before curl to bring it the body, and the words that tell it of one."""
    body = exchange.request_body
    if exchange.method == "HEAD" or not (body or exchange.method in ("POST", "PUT", "PATCH")):
        return "", []
    text = _typed(body)
    if text is None:
        return f"{_printf(body)} | ", ["--data-binary", "@-"]
    if text.startswith("@") or len(body) > _WORD_MAX:
        return f"printf %s {shlex.quote(text)} | ", ["--data-binary", "@-"]
    return "", ["--data-binary", shlex.quote(text)]


def _word(raw: bytes) -> str:
    text = _typed(raw)
    return shlex.quote(text) if text is not None else f'"$({_printf(raw)})"'


def _typed(raw: bytes) -> str | None:
    """The bytes as text that survives being pasted into a terminal, or None."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _printf(raw: bytes) -> str:
    written = [
        _UNTYPED.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F and (place or byte != ord("-")) else f"\\{byte:03o}")
        for place, byte in enumerate(raw)
    ]
    return f"printf '{''.join(written)}'"


def _as_sent(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
