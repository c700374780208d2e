"""Copy as test: what was texted and queued since the last reset, as a test for pytest or as commands with curl."""

from __future__ import annotations

from flask import Response, request

from plum_emulator.engine.retelling import session_of
from plum_emulator.errors import NotFound
from plum_emulator.web.console.pages import Pages, RegionOf, Route
from plum_emulator.wire.as_script import shell_script
from plum_emulator.wire.as_test import pytest_file

_FORMATS = {"pytest": ("Test for pytest", "test_session.py"), "curl": ("Commands with curl", "session.sh")}


class RetoldPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [("GET", "/console/test", self.test), ("GET", "/console/test/<file>", self.file)]

    def regions(self) -> dict[str, RegionOf]:
        """None: a text that somebody copies does not change under their hands."""
        return {}

    def test(self) -> Response:
        """The session as a test, to be copied."""
        account = self._pages.account()
        chosen = request.args.get("format", "")
        format_ = chosen if chosen in _FORMATS else "pytest"
        handset = request.args.get("handset", "")
        handsets = self._pages.emulator.handsets.of(account)
        return self._pages.page(
            "test",
            account,
            format=format_,
            formats=_FORMATS,
            handset=handset,
            handsets=handsets,
            told=self._told(format_, handset),
        )

    def file(self, file: str) -> Response:
        """The same as a file, for those who save it."""
        format_ = next((name for name, (_, known) in _FORMATS.items() if known == file), None)
        if format_ is None:
            raise NotFound(f"there is no file {file[:40]!r}", hint="there are: test_session.py, session.sh")
        told = self._told(format_, request.args.get("handset", ""))
        return self._pages.as_it_is(told)

    def _told(self, format_: str, handset: str) -> str:
        account = self._pages.account()
        known = self._pages.emulator.handsets.named(account, handset).number if handset else ""
        base = request.host_url.rstrip("/")
        session = session_of(self._pages.emulator.platform, account, base=base, handset=known)
        if not session.messages:
            return ""
        return shell_script(session) if format_ == "curl" else pytest_file(session)
