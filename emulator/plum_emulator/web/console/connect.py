"""Connect: what an application is told, so that it finds the emulator, and commands to paste."""

from __future__ import annotations

import shlex

from flask import Response, request

from plum_emulator.settings import DEFAULT_URL
from plum_emulator.web.console.pages import Pages, RegionOf, Route


class ConnectPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [("GET", "/console/connect", self.connect)]

    def regions(self) -> dict[str, RegionOf]:
        """None: nothing here changes by itself."""
        return {}

    def connect(self) -> Response:
        """Address, login, numbers, and commands that work when they are pasted."""
        account = self._pages.account()
        url = request.host_url.rstrip("/")
        numbers = account.sms_numbers()
        return self._pages.page(
            "connect",
            account,
            url=url,
            login=shlex.quote(f"{account.username}:{account.seed.password}"),
            number=numbers[0] if numbers else "",
            options=_options(url, account.username),
        )


def _options(url: str, username: str) -> str:
    """What a pasted command needs, so that it finds this emulator and this account."""
    where = "" if url == DEFAULT_URL else f" --url {url}"
    return where if username == "username" else f"{where} --username {shlex.quote(username)}"
