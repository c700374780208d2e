"""A result URL that costs next to nothing: keeps the body of every POST, and answers 204 at once.

`GET /count` says how many came, `GET /bodies` gives all of them, a line each, in the order they came.
A program: `python -m bench.sink PORT`.
"""

from __future__ import annotations

import asyncio
import sys

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink(asyncio.Protocol):
    """One connection. All of them fill the same list."""

    def __init__(self, bodies: list[bytes]) -> None:
        self._bodies = bodies
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while True:
            head, blank, rest = self._waiting.partition(b"\r\n\r\n")
            length = _length(head)
            if not blank or len(rest) < length:
                return
            self._waiting = rest[length:]
            self._transport.write(self.answer(head, rest[:length]))

    def answer(self, head: bytes, body: bytes) -> bytes:
        """The whole answer to one request."""
        if head.startswith(b"POST"):
            self._bodies.append(body)
            return _TAKEN
        shown = b"%d" % len(self._bodies) if b"/count" in head else b"\n".join(self._bodies)
        return found(shown)


def found(shown: bytes) -> bytes:
    """An answer with something in it."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(shown), shown)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def main(port: int, protocol: type[Sink] = Sink) -> None:
    """Take posts until the process is ended."""
    bodies: list[bytes] = []
    server = await asyncio.get_running_loop().create_server(lambda: protocol(bodies), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
