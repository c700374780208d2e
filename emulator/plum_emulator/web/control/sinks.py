"""The sink: takes whatever arrives and answers as scripted; for who has no application yet, and as a result URL."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, unquote, urlencode

from flask import Response, request

from plum_emulator.clock import stopwatch
from plum_emulator.engine.emulator import Emulator
from plum_emulator.engine.sinks import Script, read_script
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.web.control.asking import Route, account_of, base, json_body, limit, login
from plum_emulator.web.gateway import BODY
from plum_emulator.web.journal import kept_headers
from plum_emulator.web.later import json_answer, later
from plum_emulator.wire.views import exchange_view

OPERATION = "sink"
# What was scripted is for programs; a browser takes it for no page of ours.
_HARMLESS = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
_SINKS = ExchangeFilter(operation=OPERATION)
_METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS"


class SinkRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._sinks = emulator.sinks

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            (_METHODS, "/sink/<path:path>", self.take_anything),
            ("GET", "/sinks/<path:path>", self.arrived),
            ("PUT", "/sinks/<path:path>", self.put_script),
            ("DELETE", "/sinks/<path:path>", self.remove_script),
        ]

    def take_anything(self, path: str) -> Response:
        """Keep what arrived, and answer as scripted."""
        account = account_of(self._emulator.accounts)
        status, script = self._sinks.answer(account, path)
        answer = Response(script.body, status, headers=_HARMLESS, content_type=script.content_type)
        self._note(account, answer, script)
        if not script.delay:
            return answer

        async def work() -> Response:
            await asyncio.sleep(script.delay)
            return answer

        return later(work, now=lambda: self._emulator.platform.now(account))

    def arrived(self, path: str) -> Response:
        """What arrived at the path, newest first, and what it answers."""
        account = account_of(self._emulator.accounts)
        found = self._emulator.platform.exchanges(account, limit=1000, filter=_SINKS).rows
        here = [each for each in found if _path_of(each) == path][: limit()]
        return json_answer(
            {
                "path": path,
                "url": f"{base()}/_plum/sink/{quote(path)}?{urlencode({'account': account.username})}",
                "script": self._sinks.script(account, path).as_dict(),
                "arrived": [exchange_view(each, base=base(), login=login(account)) for each in here],
            }
        )

    def put_script(self, path: str) -> Response:
        """Script what the path answers: HTTP statuses in turn, a delay, a body."""
        account = account_of(self._emulator.accounts)
        script = read_script(json_body('{"statuses": [500, 500, 200]}'))
        self._sinks.put_script(account, path, script)
        return json_answer({"path": path, "script": script.as_dict()})

    def remove_script(self, path: str) -> Response:
        """The path answers 200 to everything again."""
        self._sinks.remove_script(account_of(self._emulator.accounts), path)
        return json_answer({"path": path, "script": Script().as_dict()})

    def _note(self, account: Account, answer: Response, script: Script) -> None:
        platform = self._emulator.platform
        elapsed = stopwatch()
        platform.note(
            Exchange(
                account=account.id,
                n=platform.next_exchange(account),
                at=platform.now(account),
                direction="in",
                operation=OPERATION,
                method=request.method,
                url=request.environ["REQUEST_URI"],
                request_headers=kept_headers(request.environ),
                request_body=request.environ[BODY],
                status=answer.status_code,
                response_headers=(("Content-Type", script.content_type),),
                response_body=script.body.encode(),
                duration_ms=platform.accounts.duration(account, elapsed()),
                outcome="ok",
            )
        )


def _path_of(exchange: Exchange) -> str:
    return unquote(exchange.url.partition("?")[0].removeprefix("/_plum/sink/"))
