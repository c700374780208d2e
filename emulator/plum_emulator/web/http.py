"""The HTTP server: uvicorn, with httptools, on a socket of ours. It lives here alone."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plum_emulator.errors import PortTaken, SettingsError
from plum_emulator.web.gateway import CONNECTION, Gateway


class HttpServer(uvicorn.Server):
    """The HTTP server, with its signals left to us. `up` is called once it takes connections.

    It ends when it is told to. uvicorn would look every tenth of a second whether it was, and take two more to close
    its connections, which is longer than most tests last that have an emulator of their own.
    """

    def __init__(self, app: Gateway, up: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Http1,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
            )
        )
        self._up = up
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Take no more connections, and let `serve` return when those that are at work have been answered."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or ():
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while (self.server_state.connections or self.server_state.tasks) and not self.force_exit:
            await asyncio.sleep(_LOOK_AGAIN)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def give_up(self) -> None:
        """Wait no longer for requests that do not end."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self.force_exit = True


_LOOK_AGAIN = 0.005
_HEAD_MOST = 64 * 1024
_TOO_LONG_WORDS = b"the head of a request has at most 64 KiB\n"
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_TOO_LONG_WORDS), _TOO_LONG_WORDS)
)


class _Http1(HttpToolsProtocol):
    """HTTP/1.1 that does not hear of other protocols.

    Java's client offers HTTP/2 with a POST, and the parser would then take the body for the first bytes of that.
    """

    # The parser has no limit, keeps what is not whole, and takes its time with it.
    _head = 0  # bytes of the request's head, and of what comes as headers after its body
    _since = 0  # bytes since the parser last had something whole
    _in_head = True
    _refused = False

    def on_message_begin(self) -> None:
        self._head, self._in_head = 0, True
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[CONNECTION] = self.transport  # a rule may want it reset

    def on_url(self, url: bytes) -> None:
        self._since = 0
        self._head += len(url)
        if self._head <= _HEAD_MOST:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._since = 0
        self._head += len(name) + len(value) + 4
        if self._in_head and self._head <= _HEAD_MOST:  # nobody asks for those that come after a body
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head > _HEAD_MOST:
            self._refuse()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._since = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._since = 0
        if not self._refused:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if b"pgrade" in data and (self.cycle is None or not self.cycle.more_body):
            head, end, body = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(rb"\1", head) + end + body
        self._since += len(data)
        super().data_received(data)
        if (self._head > _HEAD_MOST or self._since > _HEAD_MOST) and not self._refused:
            self._refuse()

    def _refuse(self) -> None:
        self._refused = True
        if self.cycle is None or self.cycle.response_complete:  # else an answer is due, and this would be taken for it
            self.transport.write(_TOO_LONG)
        self.transport.close()


_OFFER = re.compile(rb"(\r\nconnection:[^\r\n]*?)\bupgrade\b[ \t]*,?", re.IGNORECASE)


def listening_at(host: str, port: int) -> socket.socket:
    """A socket that listens there; 0 for any free port. Raises PortTaken or SettingsError."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"cannot listen at {host!r}: {error}", hint="choose another with --host") from None
    # With the protocol named, asyncio turns Nagle's algorithm off; without, each answer takes 40 ms longer.
    listening = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"cannot listen at {host} port {port}: {error.strerror}",
            hint="choose another with --port or PLUM_EMULATOR_PORT (0 for any free one)",
        ) from None
    listening.setblocking(False)
    return listening


def address_of(host: str, port: int) -> str:
    """The URL at which an emulator that listens there can be reached from this machine."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 # compared with, not bound to
        host = "127.0.0.1" if host != "::" else "::1"
    return _url(host, port)


def network_address() -> str | None:
    """This machine's address on its network, the one from which it would call far away; None when it is on none."""
    for family, far in _FAR:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as calling:
            calling.connect((far, 9))  # nothing is sent: this only asks which way it would go
            address = str(calling.getsockname()[0])
            if not ip_address(address).is_loopback:
                return address
    return None


_FAR = ((socket.AF_INET, "203.0.113.1"), (socket.AF_INET6, "2001:db8::1"))  # addresses for examples: nobody's


def address_for_others(bound: str, port: int) -> str | None:
    """The URL at which other machines reach an emulator that is bound to this address; None when they cannot."""
    if is_loopback(bound):
        return None
    host = network_address() if ip_address(bound).is_unspecified else bound
    return None if host is None else _url(host, port)


def is_loopback(bound: str) -> bool:
    """Whether what is bound to this address can be reached from this machine alone."""
    return ip_address(bound).is_loopback


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
