"""HTTP by hand: exactly the bytes that a test wants to send, and the answers as they come."""

from __future__ import annotations

import base64
import http.client
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

DEADLINE = 15.0
LOGIN = "Authorization: Basic " + base64.b64encode(b"username:password").decode()


@dataclass(frozen=True, slots=True)
class Got:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """An open connection to the server."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._reader = _Reader(connection)

    def send(self, data: bytes) -> None:
        """Write these bytes."""
        self.socket.sendall(data)

    def answer(self, *, method: str = "GET") -> Got:
        """The next answer, to a request of this method."""
        answer = http.client.HTTPResponse(cast(socket.socket, self._reader), method=method)
        answer.begin()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def is_closed(self) -> bool:
        """Whether the server closes the connection, and sends nothing before that."""
        return self._reader.file.read() == b""


class _Reader:
    """Looks like a socket to HTTPResponse, and keeps what one answer leaves for the next."""

    def __init__(self, connection: socket.socket) -> None:
        self.file = _StaysOpen(socket.SocketIO(connection, "r"))

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self.file


class _StaysOpen(io.BufferedReader):
    def close(self) -> None:
        """The connection is closed by its owner."""


@contextmanager
def connected(url: str) -> Iterator[Wire]:
    """A connection to the server."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=DEADLINE) as connection:
        yield Wire(connection)


def ask(url: str, request: bytes, *, method: str = "GET") -> Got:
    """Send these bytes on a connection of their own; the answer."""
    with connected(url) as wire:
        wire.send(request)
        return wire.answer(method=method)


def queue_request(body: bytes, *headers: str, target: str = "/ws/sms/queue.json", login: str = LOGIN) -> bytes:
    """A post of this body to the queue service, with its length unless the headers say how long it is."""
    lengths = ("content-length", "transfer-encoding")
    said = any(header.lower().startswith(lengths) for header in headers)
    lines = [
        f"POST {target} HTTP/1.1",
        "Host: localhost",
        login,
        *([] if any(header.lower().startswith("content-type") for header in headers) else [FORM]),
        *headers,
        *([] if said else [f"Content-Length: {len(body)}"]),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


FORM = "Content-Type: application/x-www-form-urlencoded"
