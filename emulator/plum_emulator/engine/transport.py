"""The only way out: requests that the emulator makes, over libcurl, all in one event loop.

A thousand slow receivers cost a thousand sockets and no thread. One URL that does not answer holds back only the
requests to that URL.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import pycurl

from plum_emulator.clock import stopwatch
from plum_emulator.engine.egress import Egress
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.settings import ANSWER_BODY_LIMIT

Done = Callable[[Outcome], None]

_TARGET = re.compile(r"[^:/?#]+://[^/?#]*([^#]*)")

_AT_ONCE = 512
_AT_ONCE_PER_URL = 128
_AT_ONCE_AT_MOST = 1024


class Transport(Protocol):
    """Makes requests. `done` is called once for each, never before `send` has returned."""

    def send(self, request: OutgoingRequest, done: Done) -> None: ...

    def close(self) -> None: ...


class CurlTransport:
    """The real one. Lives in one event loop; `send` may be called from any thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        egress: Egress,
        *,
        at_once: int = _AT_ONCE,
        at_once_per_url: int = _AT_ONCE_PER_URL,
    ) -> None:
        self._loop = loop
        self._egress = egress
        self._at_once = at_once
        self._at_once_per_url = at_once_per_url
        self._closed = False
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._timer: asyncio.TimerHandle | None = None
        self._watched: set[int] = set()
        self._idle: list[pycurl.Curl] = []
        self._flying: dict[pycurl.Curl, _Flight] = {}
        self._per_url: defaultdict[str, int] = defaultdict(int)
        self._waiting: defaultdict[str, deque[_Flight]] = defaultdict(deque)

    def send(self, request: OutgoingRequest, done: Done) -> None:
        self._loop.call_soon_threadsafe(self._start_or_wait, _Flight(request, done))

    def close(self) -> None:
        """Drop what is under way; nobody is told."""
        self._closed = True
        for handle in self._flying:
            self._multi.remove_handle(handle)
            handle.close()
        self._flying.clear()
        self._waiting.clear()
        for fd in list(self._watched):
            self._unwatch(fd)
        if self._timer:
            self._timer.cancel()
        for handle in self._idle:
            handle.close()
        self._multi.close()

    def _start_or_wait(self, flight: _Flight) -> None:
        if self._closed:
            return
        if self._room_for(flight.lane):
            self._start(flight)
        else:
            self._waiting[flight.lane].append(flight)

    def _room_for(self, lane: str) -> bool:
        if len(self._flying) < self._at_once:
            return self._per_url[lane] < self._at_once_per_url
        # Many URLs that do not answer fill the common room: every other URL still has a place of its own.
        return not self._per_url[lane] and len(self._flying) < _AT_ONCE_AT_MOST

    def _start(self, flight: _Flight) -> None:
        handle = self._idle.pop() if self._idle else pycurl.Curl()
        self._per_url[flight.lane] += 1
        self._flying[handle] = flight
        try:
            flight.prepare(handle, self._egress)
            self._multi.add_handle(handle)
        except (pycurl.error, ValueError, UnicodeError) as error:
            self._land(handle, f"the request could not be made: {error}", remove=False)

    def _watch(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        self._unwatch(fd)
        if what == pycurl.POLL_REMOVE:
            return
        self._watched.add(fd)
        if what & pycurl.POLL_IN:
            self._loop.add_reader(fd, self._on_socket, fd, pycurl.CSELECT_IN)
        if what & pycurl.POLL_OUT:
            self._loop.add_writer(fd, self._on_socket, fd, pycurl.CSELECT_OUT)

    def _unwatch(self, fd: int) -> None:
        if fd in self._watched:
            self._watched.discard(fd)
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)

    def _set_timer(self, milliseconds: int) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._on_socket, pycurl.SOCKET_TIMEOUT, 0)

    def _on_socket(self, fd: int, mask: int) -> None:
        self._multi.socket_action(fd, mask)
        while True:
            left, through, failed = self._multi.info_read()
            for handle in through:
                self._land(handle, "")
            for handle, number, words in failed:
                self._land(handle, self._flying[handle].in_words(number, words))
            if not left:
                break

    def _land(self, handle: pycurl.Curl, error: str, *, remove: bool = True) -> None:
        flight = self._flying.pop(handle)
        self._per_url[flight.lane] -= 1
        if remove:
            self._multi.remove_handle(handle)
        outcome = flight.outcome(handle, error)
        handle.reset()
        self._idle.append(handle)
        self._start_waiting(flight.lane)
        self._loop.call_soon(flight.done, outcome)

    def _start_waiting(self, lane: str) -> None:
        if not self._per_url[lane] and not self._waiting[lane]:
            del self._per_url[lane], self._waiting[lane]
        for other in [lane, *self._waiting]:
            if len(self._flying) >= _AT_ONCE_AT_MOST:
                break
            while self._waiting.get(other) and self._room_for(other):
                self._start(self._waiting[other].popleft())


class _Flight:
    """One request under way."""

    def __init__(self, request: OutgoingRequest, done: Done) -> None:
        parts = urlsplit(request.url)
        self.request = request
        self.done = done
        self.lane = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._host = parts.hostname or ""
        self._refusal = ""
        self._too_large = False
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._elapsed = stopwatch()

    def prepare(self, handle: pycurl.Curl, egress: Egress) -> None:
        """Set the handle up for this request. Raises ValueError or pycurl.error where it cannot be made."""
        request, parts = self.request, urlsplit(self.request.url)
        port, target = parts.port or (443 if parts.scheme == "https" else 80), _target(request.url)
        path = target.decode().partition("?")[0]

        def open_socket(_purpose: int, address: Any) -> Any:
            self._refusal = egress.refusal(self._host, address.addr[0], address.addr[1], path) or ""
            if self._refusal:
                return pycurl.SOCKET_BAD
            return _Copied(socket.socket(address.family, address.socktype, address.protocol))

        for option, value in (
            (pycurl.URL, request.url.encode()),
            (pycurl.REQUEST_TARGET, target),
            (pycurl.CUSTOMREQUEST, request.method),
            (pycurl.POSTFIELDS, request.body),
            (pycurl.HTTPHEADER, [*(f"{name}: {value}" for name, value in request.headers), "Expect:"]),
            (pycurl.TIMEOUT_MS, round(request.timeout * 1000)),
            (pycurl.OPENSOCKETFUNCTION, open_socket),
            (pycurl.HEADERFUNCTION, self._take_header),
            (pycurl.WRITEFUNCTION, self._take_body),
            (pycurl.PATH_AS_IS, 1),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.PROXY, ""),
            (pycurl.NOSIGNAL, 1),
        ):
            handle.setopt(option, value)
        if egress.asks_itself(port, path):
            handle.setopt(pycurl.FRESH_CONNECT, 1)  # a kept connection would not be judged anew
        if request.url[:5].lower() == "https":
            _trust(handle)

    def in_words(self, number: int, words: str) -> str:
        """Why libcurl gave up, for a person."""
        if self._refusal:
            return f"refused: {self._refusal}"
        if self._too_large:
            return f"the answer is larger than {ANSWER_BODY_LIMIT} bytes"
        if number == pycurl.E_OPERATION_TIMEDOUT:
            return f"no answer within {self.request.timeout:g} s"
        return words or f"libcurl error {number}"

    def outcome(self, handle: pycurl.Curl, error: str) -> Outcome:
        """What came of it."""
        return Outcome(
            status=handle.getinfo(pycurl.RESPONSE_CODE) or None,
            headers=tuple(self._headers),
            body=bytes(self._body),
            error=error,
            duration_ms=self._elapsed(),
        )

    def _take_header(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):
            self._headers.clear()  # those of an interim answer, 100 Continue for example
        name, colon, value = line.partition(b":")
        if colon:
            self._headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))

    def _take_body(self, chunk: bytes) -> int:
        if len(self._body) + len(chunk) > ANSWER_BODY_LIMIT:
            self._too_large = True
            return 0
        self._body += chunk
        return len(chunk)


def _target(url: str) -> bytes:
    """Path and query as they are written: libcurl would write their escapes its own way."""
    match = _TARGET.match(url)
    target = match[1] if match else ""
    return (target if target.startswith("/") else "/" + target).encode()


class _Copied:
    """A socket that libcurl takes a copy of; ours is closed when it has."""

    def __init__(self, ours: socket.socket) -> None:
        self._ours = ours

    def fileno(self) -> int:
        return self._ours.fileno()

    def __del__(self) -> None:
        self._ours.close()


def _trust(handle: pycurl.Curl) -> None:
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        handle.setopt(pycurl.CAINFO, paths.cafile)
    if paths.capath:
        handle.setopt(pycurl.CAPATH, paths.capath)
