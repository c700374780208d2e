"""The Flask application: the services, the control surface, the console and the demo application."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Response as BaseResponse

from plum_emulator.engine.emulator import Emulator
from plum_emulator.errors import PlumEmulatorError
from plum_emulator.web import demo
from plum_emulator.web.api import Services
from plum_emulator.web.console import Console
from plum_emulator.web.control import control
from plum_emulator.web.gateway import ACCOUNT
from plum_emulator.web.guard import Guard
from plum_emulator.web.later import BUG, error_answer, json_answer


def build_app(
    emulator: Emulator,
    *,
    guard: Guard,
    ready: Callable[[], bool],
    network_url: str = "",
    pool: Executor | None = None,
) -> Flask:
    """The application of one emulator, for those whom the guard lets through. It keeps nothing of its own.

    `network_url` is the address that other machines reach it at, if they do; pages are made in `pool`.
    """
    app = _App(__name__, static_folder=None)
    app.session_interface = _NoSessions()
    app.url_map.redirect_defaults = False
    app.url_map.merge_slashes = False  # a path that is not ours is not found; it is not sent elsewhere
    app.register_blueprint(Services(emulator.platform, guard).blueprint())

    def dated(response: Response) -> Response:
        response.headers["Date"] = http_date(emulator.platform.now(request.environ.get(ACCOUNT)) / 1000)
        return response

    console = Console(emulator, guard=guard, pool=pool, network_url=network_url)
    surface = control(emulator, guard=guard, ready=ready)
    surface.after_request(console.told)
    for blueprint in (surface, console.blueprint()):
        blueprint.after_request(dated)
        app.register_blueprint(blueprint)
    app.register_blueprint(demo.blueprint())
    app.register_error_handler(PlumEmulatorError, _in_words)
    app.register_error_handler(HTTPException, _http_in_words)

    return app


class _Rule(Rule):
    """A rule that makes its builder of URLs when it is asked for a URL.

    Nearly none ever is, and the builders of all rules would take 12 of the 15 ms in which an application is made.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return Rule._compile_builder(rule, append_unknown)(rule, **values)

        return build


class _App(Flask):
    """Flask, without what no view here needs: each costs the services a tenth of their time."""

    url_rule_class = _Rule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func  # every view is a plain function; Flask would look at it again for each request

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return None
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        # No route depends on the host, and none redirects: Flask need not find out which host was asked.
        return self.url_map.bind("emulator", default_method=request.environ["REQUEST_METHOD"], path_info=path)


class _NoSessions(SessionInterface):
    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002 # as Flask calls it
        return _NOBODYS_SESSION


_NOBODYS_SESSION = NullSession()


def _in_words(error: PlumEmulatorError) -> BaseResponse:
    return error_answer(error)


def _http_in_words(error: HTTPException) -> BaseResponse:
    value = {"error": error.description or error.name, "hint": _HINTS.get(error.code or 500, "")}
    response = json_answer(value, error.code or 500)
    allow = getattr(error, "valid_methods", None)
    if allow:
        response.headers["Allow"] = ", ".join(sorted(allow))
    return response


_HINTS = {
    404: "Plum's services are under /ws/sms/, the control surface under /_plum/ (see /_plum/openapi.yaml)",
    405: "see the Allow header, and /_plum/openapi.yaml",
    500: BUG,
}
