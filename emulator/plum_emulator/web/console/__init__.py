"""The console at `/` and under `/console/`: the emulator for people, in a browser.

Every action is a form whose view does it and answers 303 to a page, so that all works without a script. With the
script forms answer in place, and regions of a page are live. One module for each page.
"""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

from flask import Blueprint, Response, request

from plum_emulator.engine.emulator import Emulator
from plum_emulator.errors import PlumEmulatorError
from plum_emulator.web.console.applications import ApplicationPages
from plum_emulator.web.console.callbacks import CallbackPages
from plum_emulator.web.console.clock import ClockPage
from plum_emulator.web.console.connect import ConnectPages
from plum_emulator.web.console.live import Live
from plum_emulator.web.console.logs import LogPages
from plum_emulator.web.console.pages import Page, Pages
from plum_emulator.web.console.phones import PhonePages
from plum_emulator.web.console.retold import RetoldPages
from plum_emulator.web.console.rules import RulePages
from plum_emulator.web.console.traffic import TrafficPages
from plum_emulator.web.gateway import ACCOUNT
from plum_emulator.web.guard import SAFE, Guard

_CHANGE_NOTHING = ("/console/segments", "/_plum/sink/")  # but for the journal, which is looked at all the time
_STATIC = Path(__file__).parent.parent / "static"


class Console:
    """The console of one emulator. `network_url` is its address for other machines, "" when it listens here alone."""

    def __init__(self, emulator: Emulator, *, guard: Guard, pool: Executor | None, network_url: str) -> None:
        pages = Pages(emulator, guard, pool=pool)
        self._guard = guard
        self._phones = PhonePages(pages, network_url=network_url)
        self._pages: tuple[Page, ...] = (
            self._phones,
            LogPages(pages),
            ApplicationPages(pages),
            ClockPage(pages),
            RulePages(pages),
            TrafficPages(pages),
            CallbackPages(pages),
            RetoldPages(pages),
            ConnectPages(pages),
        )
        pages.know({name: region for page in self._pages for name, region in page.regions().items()})
        self._live = Live(pages, pool=pool)
        pages.tell(self._live.placed)
        self._shared = pages

    def blueprint(self) -> Blueprint:
        """The Flask side of it."""
        blueprint = Blueprint("console", __name__, static_folder=str(_STATIC), static_url_path="/static")
        routes = [route for page in self._pages for route in page.routes()]
        for methods, path, view in (*routes, *self._live.routes()):
            blueprint.add_url_rule(path, f"{methods} {path}", view, methods=methods.split())
        blueprint.add_url_rule("/console/<path:rest>", view_func=self._shared.missing)
        blueprint.before_request(lambda: self._guard.check(request, also=self._phones.has_pass))
        blueprint.after_request(self.told)
        blueprint.register_error_handler(PlumEmulatorError, self._shared.error)
        return blueprint

    def told(self, response: Response) -> Response:
        """What somebody did with this request, everybody who looks on sees."""
        if request.method not in SAFE and not request.path.startswith(_CHANGE_NOTHING):
            self._live.touch(request.environ.get(ACCOUNT))
        return response
