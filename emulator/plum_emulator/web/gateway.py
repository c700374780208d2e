"""Between the server and Flask: an ASGI application that calls the WSGI one.

Plum's own services never block, so they are called inline, in the event loop: on few cores a hand-over between
threads costs more than the work. Their answers leave when what they speak of is committed. Everything else runs in
a small pool. Streams run in the loop and need no thread.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import Executor
from typing import Any, Protocol, cast

from plum_emulator.settings import IMPORT_LIMIT, REQUEST_BODY_LIMIT

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]

INLINE = "/ws/sms/"
STREAM = "plum_emulator.stream"
HEADERS = "plum_emulator.headers"
BODY = "plum_emulator.body"
TOO_LARGE = "plum_emulator.too_large"
IF_LOST = "plum_emulator.if_lost"
LATER = "plum_emulator.later"
WAITING = "plum_emulator.waiting"
FAULT = "plum_emulator.fault"
ACCOUNT = "plum_emulator.account"
CONNECTION = "plum_emulator.connection"
_LARGE = {"/_plum/accounts/import": IMPORT_LIMIT}

WhenKept = Callable[[Callable[[bool], None]], bool]
Trusts = Callable[[dict[str, Any]], bool]


def _at_once(_ended: Callable[[bool], None]) -> bool:
    return False


class Stream(Protocol):
    """What a view puts into its environ under STREAM, to go on sending after its answer's head."""

    def chunks(self) -> AsyncIterator[bytes]: ...


class Fault(Protocol):
    """What a view puts into its environ under FAULT, to happen in place of its answer's way home."""

    async def happen(self, answer: Answer, connection: asyncio.Transport, receive: Receive, send: Send) -> None: ...


class Gateway:
    """The ASGI application. `trusts` says of a request whether it may bring a large body, where such are taken."""

    def __init__(
        self, app: Wsgi, *, pool: Executor, when_kept: WhenKept = _at_once, trusts: Trusts = lambda _environ: True
    ) -> None:
        self._app = app
        self._pool = pool
        self._when_kept = when_kept
        self._trusts = trusts
        self._streaming: set[asyncio.Future[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        # A base URL that ends with a slash makes two of them: it is the same path, here and for Flask.
        path = "/" + scope["path"].lstrip("/")
        environ = _environ(scope, path)
        if not await _read_body(environ, scope, receive, self._limit(path, environ)):
            return
        answer = Answer()
        if path.startswith(INLINE):
            answer.take(self._app, environ)
            await self._hold(answer, environ)
        else:
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, answer.take, self._app, environ)
            except asyncio.CancelledError:
                return  # the emulator stops, and has given up on this connection
        later: Callable[[], Awaitable[Wsgi]] | None = environ.get(LATER)
        if later is not None:
            made = await self._made(later, receive, only_waits=environ[WAITING])
            if made is None:
                return
            answer.take(made, environ)
        fault: Fault | None = environ.get(FAULT)
        if fault is not None:
            await fault.happen(answer, scope[CONNECTION], receive, send)
            return
        stream: Stream | None = environ.get(STREAM)
        if stream is not None:
            answer.headers = [pair for pair in answer.headers if pair[0].lower() != b"content-length"]
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": stream is not None})
        if stream is not None:
            await self._stream(stream, receive, send)

    def _limit(self, path: str, environ: dict[str, Any]) -> int:
        """How large a body may be. Only who is trusted may send a large one, where such are taken."""
        return _LARGE[path] if path in _LARGE and self._trusts(environ) else REQUEST_BODY_LIMIT

    async def _hold(self, answer: Answer, environ: dict[str, Any]) -> None:
        """Let no answer leave before what it speaks of is committed; when that failed, say so instead."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def ended(committed: bool) -> None:
            if not kept.done():
                kept.set_result(committed)

        if self._when_kept(ended) and not await kept and IF_LOST in environ:
            answer.take(environ[IF_LOST], environ)

    async def _made(self, later: Callable[[], Awaitable[Wsgi]], receive: Receive, *, only_waits: bool) -> Wsgi | None:
        """The answer that came later. None when nobody is there any more to hear it."""
        making = asyncio.ensure_future(later())
        if not only_waits:
            try:
                return await making
            except asyncio.CancelledError:
                return None
        there = await self._while_there(making, receive)
        if making.cancelled():
            return _stopping if there else None
        return making.result()

    def end_streams(self) -> None:
        """Let everybody who listens or waits go home."""
        for task in self._streaming:
            task.cancel()

    async def _stream(self, stream: Stream, receive: Receive, send: Send) -> None:
        if await self._while_there(asyncio.ensure_future(_send_all(stream, send)), receive):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _while_there(self, task: asyncio.Future[Any], receive: Receive) -> bool:
        """Let the task come to its end, or cancel it when the client goes or streams end. Whether the client stayed."""
        self._streaming.add(task)
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (task, gone):
                each.cancel()
            await asyncio.wait((task, gone))
            self._streaming.discard(task)
        return gone.cancelled()


class Answer:
    """What the WSGI application answered, in the form that ASGI wants."""

    __slots__ = ("body", "headers", "status")

    def take(self, app: Wsgi, environ: dict[str, Any]) -> None:
        chunks = app(environ, self._start)
        try:
            self.body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        self.status = int(status[:3])
        self.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _environ(scope: Scope, path: str) -> dict[str, Any]:
    server = scope.get("server") or ("127.0.0.1", 80)
    client = scope.get("client") or ("", 0)
    query = scope["query_string"].decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": scope["raw_path"].decode("latin-1") + ("?" + query if query else ""),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/" + scope["http_version"],
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        HEADERS: scope["headers"],
    }
    for name, value in scope["headers"]:
        key = _KEYS.get(name) or _key(name)
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


_KEYS = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def _key(name: bytes) -> str:
    key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
    if len(_KEYS) < 200:
        _KEYS[name] = key
    return key


async def _read_body(environ: dict[str, Any], scope: Scope, receive: Receive, limit: int) -> bool:
    """Put the body into the environ. False when the client went before it was whole: then nothing was asked."""
    length = cast(str, environ.get("CONTENT_LENGTH", ""))
    body = b""
    if length.isdecimal() and int(length) > limit:
        environ[TOO_LARGE] = True
    elif scope["method"] not in ("GET", "HEAD") or length:
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            chunk = message.get("body", b"")
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                environ[TOO_LARGE] = True
                chunks = []
                break
            if not message.get("more_body", False):
                break
        body = b"".join(chunks)
    environ[BODY] = body
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return True


def _stopping(_environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("503 SERVICE UNAVAILABLE", [("Content-Type", "application/json"), ("Content-Length", str(len(_STOPPING)))])
    return [_STOPPING]


_STOPPING = b'{"error": "the emulator stops", "hint": "start it again, then ask again"}\n'


async def _send_all(stream: Stream, send: Send) -> None:
    async for chunk in stream.chunks():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(0)  # the client may have gone: in a long row of chunks that were there, nobody would notice


async def disconnected(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
