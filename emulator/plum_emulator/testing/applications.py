"""Applications without a server of their own: a function, or a WSGI application, that answers inbound texts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = str | Iterable[str] | None
Function = Callable[["InboundText"], Answer]

_XML = [("Content-Type", "text/xml; charset=utf-8")]
_LAST_REQUESTS = 2.0  # a thread that is stuck in a test's function is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundText:
    """A text as Plum posts it to an application."""

    id: str
    to: str
    from_: str
    body: str

    def __str__(self) -> str:
        return self.body


class Applications:
    """Serves any number of applications on one loopback port, each at a URL of its own, each request in a thread."""

    def __init__(self) -> None:
        self._served: dict[str, Wsgi] = {}
        self._count = count(1)
        self._answering: list[threading.Thread] = []
        self._server = _server(self._dispatch, self._answering)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="plum-applications")
        self._thread.start()

    def add(self, application: Wsgi) -> str:
        """Serve it; its URL."""
        name = f"/{next(self._count)}"
        self._served[name] = application
        return f"http://127.0.0.1:{self._server.server_port}{name}"

    def remove(self, url: str) -> None:
        """Serve it no more."""
        self._served.pop(url[url.rindex("/") :], None)

    def close(self) -> None:
        """Serve nothing any more; requests that are being answered are waited for, a few seconds at the most."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for thread in self._answering:
            thread.join(_LAST_REQUESTS)

    def _dispatch(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        head, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
        application = self._served.get(f"/{head}")
        if application is None:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no application of a test is here (any more)\n"]
        return application({**environ, "SCRIPT_NAME": f"/{head}", "PATH_INFO": f"/{rest}"}, start)


class FunctionApplication:
    """A function as a WSGI application. What it raises is kept for the test, and the text gets no answer."""

    def __init__(self, function: Function, *, raised: Callable[[BaseException], None]) -> None:
        self._function = function
        self._raised = raised

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        posted = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        text = InboundText(
            id=posted.get("sms_message_id", ""),
            to=posted.get("to", ""),
            from_=posted.get("from", ""),
            body=posted.get("body", ""),
        )
        try:
            answer = as_xml(self._function(text))
        except BaseException as error:  # it is the test's, and is raised there
            self._raised(error)
            start("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [f"{type(error).__name__}: {error}\n".encode()]
        start("200 OK", _XML)
        return [answer.encode()]


def as_xml(answer: Answer) -> str:
    """What a function answered, as Plum's reply XML: nothing, a text, several texts, or XML of its own."""
    if answer is None:
        return "<reply/>"
    if isinstance(answer, str):
        if answer.lstrip().startswith("<"):
            return answer
        answer = [answer]
    messages = "".join(f"<sms_message>{escape(body)}</sms_message>" for body in answer)
    return f"<reply>{messages}</reply>"


def _server(application: Wsgi, answering: list[threading.Thread]) -> Any:
    """A server for it, which puts the threads that answer just now into the list."""
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Quiet(WSGIRequestHandler):
        # No protocol_version of 1.1: a connection that is kept would hold its thread after the test.

        def log(self, *_: Any, **__: Any) -> None:
            """Tests have the journal."""

    class Server(ThreadedWSGIServer):
        def process_request(self, request: Any, client_address: Any) -> None:
            thread = threading.Thread(
                target=self.process_request_thread, args=(request, client_address), name="plum-answer", daemon=True
            )
            answering[:] = [each for each in answering if each.is_alive()]
            answering.append(thread)
            thread.start()

    return Server("127.0.0.1", 0, application, Quiet)
