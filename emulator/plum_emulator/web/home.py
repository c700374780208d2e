"""The page at `/`: what this is, and what to type next. It works without a script."""

from __future__ import annotations

import shlex

from flask import Blueprint, Response, render_template, request

from plum_emulator import __version__
from plum_emulator.engine.platform import Platform
from plum_emulator.settings import DEFAULT_URL

_SHOWN = 50
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
        # Leased accounts come and go by the hundred, and are those of programs.
        accounts = [account for account in self._platform.accounts if account.origin != "leased"][:_SHOWN]
        url = request.host_url.rstrip("/")
        first = accounts[0]
        page = render_template(
            "home.html",
            accounts=accounts,
            url=url,
            version=__version__,
            login=shlex.quote(f"{first.username}:{first.seed.password}"),
            number=first.sms_numbers()[0],
            options=_options(url, first.username),
        )
        return Response(page, headers={"Content-Security-Policy": _POLICY})


def _options(url: str, username: str) -> str:
    """What a pasted command needs, so that it finds this emulator and this account."""
    where = "" if url == DEFAULT_URL else f" --url {url}"
    return where if username == "username" else f"{where} --username {shlex.quote(username)}"
