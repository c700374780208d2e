"""The page at `/`: what this is, and what to type next. It works without a script."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from plum_emulator import __version__
from plum_emulator.engine.platform import Platform

_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Home:
    """The first page of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def blueprint(self) -> Blueprint:
        """The Flask side of it."""
        home = Blueprint(
            "home", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
        )
        home.add_url_rule("/", view_func=self.page)
        return home

    def page(self) -> Response:
        """Address, logins, numbers, and commands that work when they are pasted."""
        accounts = list(self._platform.accounts)
        page = render_template(
            "home.html", accounts=accounts, first=accounts[0], url=request.host_url, version=__version__
        )
        return Response(page, headers={"Content-Security-Policy": _POLICY})
