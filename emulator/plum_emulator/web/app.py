"""The Flask application: the services, the control surface, the demo application and the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, jsonify, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import MapAdapter

from plum_emulator.engine.platform import Platform
from plum_emulator.errors import FromElsewhere, NotFound, PlumEmulatorError, StorageFailed
from plum_emulator.web import demo
from plum_emulator.web.api import Services
from plum_emulator.web.control import Control
from plum_emulator.web.guard import Guard
from plum_emulator.web.home import Home


def build_app(platform: Platform, *, allow_hosts: tuple[str, ...], ready: Callable[[], bool]) -> Flask:
    """The application of one platform. It keeps nothing of its own."""
    app = _App(__name__, static_folder=None)
    app.session_interface = _NoSessions()
    app.url_map.redirect_defaults = False
    app.url_map.merge_slashes = False  # a path that is not ours is not found; it is not sent elsewhere
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    guard = Guard(allow_hosts)
    app.register_blueprint(Services(platform).blueprint())

    def dated(response: Response) -> Response:
        response.headers["Date"] = http_date(platform.now(None) / 1000)
        return response

    for blueprint in (Control(platform, ready=ready).blueprint(), Home(platform).blueprint()):
        blueprint.before_request(lambda: guard.check(request))
        blueprint.after_request(dated)
        app.register_blueprint(blueprint)
    app.register_blueprint(demo.blueprint())
    app.register_error_handler(PlumEmulatorError, _in_words)
    app.register_error_handler(HTTPException, _http_in_words)

    return app


class _App(Flask):
    """Flask, without what no view here needs: each costs the services a tenth of their time."""

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


def _in_words(error: PlumEmulatorError) -> tuple[Response, int]:
    status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 400)
    return jsonify(error=error.message, hint=error.hint), status


def _http_in_words(error: HTTPException) -> Response:
    response = jsonify(error=error.description or error.name, hint=_HINTS.get(error.code or 500, ""))
    response.status_code = error.code or 500
    allow = getattr(error, "valid_methods", None)
    if allow:
        response.headers["Allow"] = ", ".join(sorted(allow))
    return response


_STATUSES = {FromElsewhere: 403, NotFound: 404, StorageFailed: 500}
_HINTS = {
    404: "Plum's services are under /ws/sms/, the control surface under /_plum/ (see /_plum/openapi.yaml)",
    405: "see the Allow header, and /_plum/openapi.yaml",
    500: "this is a bug of the emulator; its log has the traceback",
}
