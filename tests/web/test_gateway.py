"""Between the server and Flask: when an answer leaves, and what is made of odd requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from helpers.caller import InlinePool
from plum_emulator.web.gateway import IF_LOST, Gateway

Ended = Callable[[bool], None]


class _App:
    """A WSGI application that answers `here`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.asked.append(environ)
        environ[IF_LOST] = _lost
        start("200 OK", [("X-Here", "yes")])
        return _Chunks(self)


class _Chunks:
    def __init__(self, app: _App) -> None:
        self._app = app

    def __iter__(self) -> Any:
        return iter([b"he", b"re"])

    def close(self) -> None:
        self._app.closed += 1


def _lost(_environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("500 INTERNAL SERVER ERROR", [])
    return [b"lost"]


def _scope(path: str = "/ws/sms/queue.json", method: str = "POST", headers: Any = ()) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
    }


async def _call(gateway: Gateway, scope: dict[str, Any], messages: list[dict[str, Any]], sent: list[Any]) -> None:
    incoming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        sent.append(message)

    await gateway(scope, receive, send)


WHOLE: list[dict[str, Any]] = [{"type": "http.request", "body": b"x", "more_body": False}]
HERE: list[dict[str, Any]] = [
    {"type": "http.response.start", "status": 200, "headers": [(b"X-Here", b"yes")]},
    {"type": "http.response.body", "body": b"here", "more_body": False},
]
LOST: list[dict[str, Any]] = [
    {"type": "http.response.start", "status": 500, "headers": []},
    {"type": "http.response.body", "body": b"lost", "more_body": False},
]


@pytest.mark.parametrize(("committed", "answer"), [(True, HERE), (False, LOST)], ids=["committed", "lost"])
def test_an_answer_leaves_when_what_it_speaks_of_is_committed(committed: bool, answer: list[Any]) -> None:
    """And when the commit fails, the application hears of the failure, never of a success."""
    waiting: list[Ended] = []

    def when_kept(ended: Ended) -> bool:
        waiting.append(ended)
        return True

    async def story() -> list[Any]:
        sent: list[Any] = []
        gateway = Gateway(_App(), pool=InlinePool(), when_kept=when_kept)
        call = asyncio.ensure_future(_call(gateway, _scope(), WHOLE, sent))
        while not waiting:
            await asyncio.sleep(0)
        assert sent == []
        waiting[0](committed)
        await call
        return sent

    assert asyncio.run(story()) == answer


def test_an_answer_with_nothing_to_wait_for_leaves_at_once() -> None:
    sent: list[Any] = []
    asyncio.run(_call(Gateway(_App(), pool=InlinePool(), when_kept=lambda _ended: False), _scope(), WHOLE, sent))
    assert sent == HERE


def test_the_control_surface_waits_for_no_commit() -> None:
    """Its transactions are its own."""

    def when_kept(_ended: Ended) -> bool:
        raise AssertionError("nobody asked")

    sent: list[Any] = []
    asyncio.run(_call(Gateway(_App(), pool=InlinePool(), when_kept=when_kept), _scope("/_plum/reset"), WHOLE, sent))
    assert sent == HERE


def test_an_answer_is_closed_when_it_was_read() -> None:
    app = _App()
    asyncio.run(_call(Gateway(app, pool=InlinePool()), _scope(), WHOLE, []))
    assert app.closed == 1


def test_a_client_that_goes_before_its_body_is_whole_has_asked_nothing() -> None:
    """Half a form could be a whole message."""
    app, sent = _App(), list[Any]()
    half: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"to=1&body=Hel", "more_body": True},
        {"type": "http.disconnect"},
    ]
    asyncio.run(_call(Gateway(app, pool=InlinePool()), _scope(), half, sent))
    assert (app.asked, sent) == ([], [])


def test_what_is_not_http_is_left_alone() -> None:
    app, sent = _App(), list[Any]()
    asyncio.run(_call(Gateway(app, pool=InlinePool()), {"type": "lifespan"}, [], sent))
    assert (app.asked, sent) == ([], [])


def test_a_get_without_a_body_is_not_read() -> None:
    sent: list[Any] = []
    asyncio.run(_call(Gateway(_App(), pool=InlinePool()), _scope(method="GET"), [], sent))
    assert sent == HERE


def test_headers_become_wsgi_keys() -> None:
    """One that comes twice is one value with a comma."""
    app = _App()
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", b"1"),
        (b"x-a", b"1"),
        (b"x-a", b"2"),
        (b"accept", b"\xe9"),
    ]
    asyncio.run(_call(Gateway(app, pool=InlinePool()), _scope(headers=headers), WHOLE, []))
    (environ,) = app.asked
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/ws/sms/queue.json",
        "QUERY_STRING": "",
        "REQUEST_URI": "/ws/sms/queue.json",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "1",
        "HTTP_X_A": "1,2",
        "HTTP_ACCEPT": "\xe9",
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    assert {key: environ[key] for key in expected} == expected
    assert environ["wsgi.input"].read() == b"x"


def test_many_different_headers_are_not_all_remembered() -> None:
    """The memory of header names is bounded, and names beyond it work as well."""
    app = _App()
    gateway = Gateway(app, pool=InlinePool())
    headers = [(f"x-{number}".encode(), str(number).encode()) for number in range(300)]
    asyncio.run(_call(gateway, _scope(headers=headers), WHOLE, []))
    assert [app.asked[0][f"HTTP_X_{number}"] for number in range(300)] == [str(number) for number in range(300)]
