"""Calls a whole emulator through its gateway, in this process: the requests a server would hand over, and no socket.

Every answer under `/ws/sms/` and `/_plum/` is held against its description on the way.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from urllib.parse import unquote, urlencode

from helpers import openapi
from helpers.house import House
from helpers.xml_answers import checked_values
from plum_emulator.web.app import build_app
from plum_emulator.web.gateway import CONNECTION, Gateway
from plum_emulator.web.guard import Guard

P = ParamSpec("P")
T = TypeVar("T")
Headers = Iterable[tuple[str, str]]

LOGIN = "username:password"
HERE = "127.0.0.1:7586"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
_DEADLINE = 10.0
_TURN = 0.001


class InlinePool(Executor):
    """A pool without threads: work is done when it is handed in."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The header's only value, or "" when it is not there."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else ""

    @property
    def values(self) -> Any:
        """The body as values, whichever format it has."""
        if self.header("Content-Type").startswith("text/xml"):
            return checked_values(self.body)
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The messages of a service's answer."""
        rows: list[dict[str, Any]] = self.values["result"]["sms_messages"]
        return rows

    @property
    def error(self) -> str:
        """The error of an envelope, or of the control surface."""
        error: str = self.values["error"]
        return error


class Caller:
    """Somebody who talks HTTP to one emulator."""

    def __init__(
        self,
        house: House,
        *,
        allow_hosts: tuple[str, ...] = ("127.0.0.1",),
        ready: Callable[[], bool] = lambda: True,
        token: str = "",
        network_url: str = "",
    ) -> None:
        guard = Guard(allow_hosts, token=token)
        app = build_app(
            house.emulator,
            guard=guard,
            ready=ready,
            network_url=network_url,
            pool=InlinePool(),
        )
        app.config["PROPAGATE_EXCEPTIONS"] = True  # a surprise is the test's to see, with its traceback
        self.app = app
        self.gateway = Gateway(app.wsgi_app, pool=InlinePool(), when_kept=house.platform.when_kept, trusts=guard.trusts)
        self._transport = house.transport
        self._runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)

    def call(
        self,
        method: str,
        target: str | bytes,
        *,
        login: str | None = LOGIN,
        host: str | None = HERE,
        headers: Headers = (),
        body: bytes = b"",
        chunks: Iterator[bytes] | None = None,
        described: bool = True,
        peer: str = "127.0.0.1",
        own: str = "127.0.0.1",
    ) -> Heard:
        """One request and its answer. The login is shown to Plum's services only; `chunks` is a body in pieces.

        `peer` is the address that asks, `own` the address of the emulator that is asked.

        With `described=False` the answer need not be one that the description has. One that never came has the status
        0, and what was written in its place as body.
        """
        scope = _scope(method, target, _headers(target, login, host, headers, body if chunks is None else None))
        scope["client"], scope["server"] = (peer, 50000), (own, 7586)
        connection = scope[CONNECTION] = Connection()
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        receive = _Body(iter((body,)) if chunks is None else chunks, connection)
        self._runner.run(_bounded(self._answered(self.gateway(scope, receive, send))))
        heard = _heard(sent) if sent else Heard(status=0, headers=(), body=bytes(connection.written))
        if described and heard.status:
            _check(method, scope["path"], heard)
        return heard

    def get(self, target: str, **more: Any) -> Heard:
        return self.call("GET", target, **more)

    def post(self, target: str, **more: Any) -> Heard:
        return self.call("POST", target, **more)

    def queue(self, fields: Mapping[str, str], *, format_: str = "json", **more: Any) -> Heard:
        """Send a message, as a form."""
        return self.post(f"/ws/sms/queue.{format_}", headers=[FORM], body=urlencode(fields).encode(), **more)

    def send_json(self, method: str, target: str, value: Any, **more: Any) -> Heard:
        """Ask something of the control surface."""
        headers = [("Content-Type", "application/json")]
        return self.call(method, target, headers=headers, body=json.dumps(value).encode(), **more)

    @contextmanager
    def listening(self, target: str = "/_plum/events", *, headers: Headers = ()) -> Iterator[Listener]:
        """Listen to a stream until the block ends."""
        listener = Listener(self._runner, self.gateway, _scope("GET", target, _headers(target, None, HERE, headers)))
        try:
            yield listener
        finally:
            listener.leave()

    def close(self) -> None:
        self._runner.close()

    async def _answered(self, call: Coroutine[Any, Any, None]) -> None:
        """Wait for the end of a call, and answer what the emulator asks others meanwhile."""
        task = asyncio.ensure_future(call)
        try:
            while not task.done():
                self._transport.deliver()
                await asyncio.wait((task,), timeout=_TURN)
        finally:
            task.cancel()
        await task


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One server-sent event."""

    id: int
    event: str
    data: dict[str, Any]


class Listener:
    """Somebody who listens to the events of an account."""

    def __init__(self, runner: asyncio.Runner, gateway: Gateway, scope: dict[str, Any]) -> None:
        self._runner = runner
        self._gone = asyncio.Event()
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self._call = runner.get_loop().create_task(self._listen(gateway, scope))
        head = self._next_message()
        self.status: int = head["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in head["headers"]}
        assert self._next_message() == {"type": "http.response.body", "body": b"", "more_body": True}

    def block(self) -> bytes:
        """The next bytes of the stream, or b"" when it has ended."""
        message = self._next_message()
        assert message["more_body"] is (message["body"] != b"")
        body: bytes = message["body"]
        return body

    def next(self) -> Told:
        """The next event."""
        lines = self.block().decode().split("\n")
        names = [line.partition(": ")[0] for line in lines]
        assert names == ["id", "event", "data", "", ""], lines
        id_, event, data = (line.partition(": ")[2] for line in lines[:3])
        value = json.loads(data)
        assert value["event"] == event
        openapi.control().validate(value, {"$ref": "#/components/schemas/Event"})
        return Told(id=int(id_), event=event, data=value)

    def is_quiet(self) -> bool:
        """Whether nothing waits to be read, once everything that can happen by itself has happened."""

        async def settle() -> None:
            for _ in range(10):
                await asyncio.sleep(0)

        self._runner.run(settle())
        return self._sent.empty()

    def leave(self) -> None:
        """Close the connection, and see the emulator let go of it."""
        self._gone.set()
        self._runner.run(_bounded(self._call))

    async def _listen(self, gateway: Gateway, scope: dict[str, Any]) -> None:
        body = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            message = next(body, None)
            if message is None:
                await self._gone.wait()
                message = {"type": "http.disconnect"}
            return message

        await gateway(scope, receive, self._sent.put)

    def _next_message(self) -> Any:
        async def read() -> Any:
            return await self._sent.get()

        return self._runner.run(_bounded(read()))


class Connection:
    """A connection whose other end stays, until this one closes it."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.gone = asyncio.Event()

    def get_extra_info(self, _name: str) -> None:
        """There is no socket."""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.gone.set()

    abort = close


class _Body:
    """Hands over a body, one piece a time, and then the end of the connection."""

    def __init__(self, chunks: Iterator[bytes], connection: Connection) -> None:
        self._chunks = chunks
        self._connection = connection
        self._next = next(chunks, b"")
        self._ended = False

    async def __call__(self) -> dict[str, Any]:
        if self._ended:
            await self._connection.gone.wait()
            return {"type": "http.disconnect"}
        piece, following = self._next, next(self._chunks, None)
        self._ended = following is None
        self._next = following or b""
        return {"type": "http.request", "body": piece, "more_body": not self._ended}


async def _bounded(what: Any) -> Any:
    async with asyncio.timeout(_DEADLINE):
        return await what


def basic(login: str) -> str:
    """The Authorization header of a login."""
    return "Basic " + base64.b64encode(login.encode()).decode()


def _headers(
    target: str | bytes, login: str | None, host: str | None, more: Headers, body: bytes | None = b""
) -> list[tuple[bytes, bytes]]:
    headers = [] if host is None else [("Host", host)]
    is_plums = target[:8] in ("/ws/sms/", b"/ws/sms/")
    if login is not None and is_plums:
        headers.append(("Authorization", basic(login)))
    headers += more
    if body:
        headers.append(("Content-Length", str(len(body))))
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _scope(method: str, target: str | bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """What uvicorn makes of a request."""
    raw = target.encode("ascii") if isinstance(target, str) else target
    path, _, query = raw.partition(b"?")
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "server": ("127.0.0.1", 7586),
        "client": ("127.0.0.1", 50000),
    }


def _heard(sent: list[Any]) -> Heard:
    start, *pieces = sent
    assert start["type"] == "http.response.start"
    assert [(piece["type"], piece["more_body"]) for piece in pieces] == [
        ("http.response.body", number < len(pieces)) for number in range(1, len(pieces) + 1)
    ]
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    return Heard(status=start["status"], headers=headers, body=b"".join(piece["body"] for piece in pieces))


def _check(method: str, path: str, heard: Heard) -> None:
    """Hold an answer against the description of its surface."""
    if path.startswith("/ws/sms/"):
        description = openapi.plum_sms()
    elif path.startswith("/_plum/"):
        description = openapi.control()
    else:
        return
    if method == "OPTIONS" and heard.status == 200:
        return  # Flask's own answer
    content_type = heard.header("Content-Type")
    anything = path.startswith("/_plum/sink/") and path != "/_plum/sink/"  # whatever its script says
    readable = not anything and method != "HEAD" and content_type.partition(";")[0] in ("application/json", "text/xml")
    value = heard.values if readable else None
    description.check(method=method, path=path, status=heard.status, content_type=content_type, value=value)
