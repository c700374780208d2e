"""What rules make of a service's answer: another one, none at all, or one that takes its time."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass, replace

from werkzeug.http import HTTP_STATUS_CODES

from plum_emulator.model.exchanges import Headers
from plum_emulator.scenario.rules import Then
from plum_emulator.web.gateway import Answer, Fault, Receive, Send, disconnected

_GARBAGE = b"\x00\x1f\x8b{[<\xff\xfe?>]}\x00" * 16
_RESET = struct.pack("ii", 1, 0)
_PIECES = 20
_PLAIN: Headers = (("Content-Type", "text/plain"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer as it leaves; `status` is None when none does. `fault` is how, and `words` say it for the journal."""

    status: int | None
    headers: Headers
    body: bytes
    fault: Fault | None = None
    words: str = ""


def altered(sent: Sent, then: Then) -> Sent:
    """The answer as the rules want it."""
    made = _made(sent, then)
    if not then.answer_lost:
        return made
    if then.error:
        return replace(sent, status=then.http_status or sent.status, words="its answer lost, this error instead")
    if made is sent:
        return _without(Reset(), "its answer lost, the connection reset")
    return replace(made, words=f"its answer lost, {made.words} instead")


def _made(sent: Sent, then: Then) -> Sent:
    if then.reset:
        return _without(Reset(), "the connection reset")
    if then.empty == "connection" or then.garbage == "connection":
        return _without(Raw(_GARBAGE if then.garbage else b""), _closed(then))
    if then.empty:
        return replace(sent, body=b"", words="an empty answer")
    if then.garbage:
        return replace(sent, body=_GARBAGE, words="garbage answered")
    if then.http_status is not None and not then.error:
        line = f"{then.http_status} {HTTP_STATUS_CODES.get(then.http_status, 'Error')}\n"
        return replace(
            sent, status=then.http_status, headers=_dated(sent.headers), body=line.encode(), words=line.strip()
        )
    if then.slow_body:
        seconds = then.slow_body / 1000
        return replace(sent, fault=Slow(seconds), words=f"a body that takes {seconds:g} s")
    return sent


def _closed(then: Then) -> str:
    return "bytes that are not HTTP" if then.garbage else "the connection closed without an answer"


def _without(fault: Fault, words: str) -> Sent:
    return Sent(status=None, headers=(), body=b"", fault=fault, words=words)


def _dated(headers: Headers) -> Headers:
    return (*_PLAIN, *(pair for pair in headers if pair[0] == "Date"))


class Reset:
    """The connection is reset: the peer sees an error, and no answer."""

    async def happen(self, _answer: Answer, connection: asyncio.Transport, receive: Receive, _send: Send) -> None:
        peer = connection.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.abort()
        await disconnected(receive)


class Raw:
    """Some bytes that are not an answer, then the end of the connection."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def happen(self, _answer: Answer, connection: asyncio.Transport, receive: Receive, _send: Send) -> None:
        if self._data:
            connection.write(self._data)
        connection.close()
        await disconnected(receive)


class Slow:
    """The head comes at once, and the body in pieces, over so many real seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def happen(self, answer: Answer, _connection: asyncio.Transport, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        size = max(1, -(-len(answer.body) // _PIECES))
        pieces = [answer.body[start : start + size] for start in range(0, len(answer.body), size)] or [b""]
        for piece in pieces:
            await asyncio.sleep(self._seconds / len(pieces))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
