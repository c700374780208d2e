"""Small servers that stand for result URLs and applications: they keep what arrives, and can be waited for."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

DEADLINE = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """The form in its body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body)))

    @property
    def status(self) -> tuple[str, str]:
        """Message id and status, when it is a callback."""
        return self.fields["sms_message_id"], self.fields["status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver answers with."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def yes(_hit: Hit) -> Answer:
    """Take everything."""
    return Answer()


class Receiver:
    """Keeps requests in the order of their arrival."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.hits: list[Hit] = []
        self._news = threading.Condition()

    def keep(self, hit: Hit) -> None:
        """A request has arrived."""
        with self._news:
            self.hits.append(hit)
            self._news.notify_all()

    def wait_for(self, count: int) -> list[Hit]:
        """The first `count` requests, once they are all there."""
        self.wait_until(lambda hits: len(hits) >= count, f"{count} requests were expected")
        return self.hits[:count]

    def wait_until(self, met: Callable[[list[Hit]], bool], expected: str) -> None:
        """Return when the requests so far are what was expected."""
        with self._news:
            assert self._news.wait_for(lambda: met(self.hits), DEADLINE), f"{expected}; there were {self.hits}"


@contextmanager
def receiver(answer: Callable[[Hit], Answer] = yes, *, certificate: Path | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of this machine; over https with this certificate, and its key, in one file."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            hit = Hit(method="POST", path=self.path, headers=dict(self.headers), body=self.rfile.read(length))
            taker.keep(hit)
            answered = answer(hit)
            self.send_response(answered.status)
            for name, value in {**answered.headers, "Content-Length": str(len(answered.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answered.body)

        do_GET = do_PUT = do_POST  # noqa: N815 # the base class finds methods by these names

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        taker = Receiver(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}")
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield taker
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = False

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone: that is what many a test wants."""

    def server_close(self) -> None:
        # Kept connections would hold their threads, and so this server, until the emulator goes.
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


@contextmanager
def dead_receiver() -> Iterator[str]:
    """The address of a server that takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
