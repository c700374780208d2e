"""Is it there, and does it work?"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from plum_emulator import __version__, resources
from plum_emulator.engine.emulator import Emulator
from plum_emulator.web.control.asking import Route
from plum_emulator.web.later import json_answer

_LISTED = 100


class HealthRoutes:
    def __init__(self, emulator: Emulator, *, ready: Callable[[], bool]) -> None:
        self._accounts = emulator.accounts
        self._ready = ready

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/health", self.health),
            ("GET", "/ready", self.ready),
            ("GET", "/openapi.yaml", self.openapi),
        ]

    def health(self) -> Response:
        """The process is there."""
        return json_answer({"status": "ok", "version": __version__})

    def ready(self) -> Response:
        """Whether it takes messages: 200, or 503 while it starts or stops."""
        ready = self._ready()
        usernames = [account.username for account in self._accounts][:_LISTED]
        value = {"status": "ready" if ready else "not ready", "accounts": usernames}
        return json_answer(value, 200 if ready else 503)

    def openapi(self) -> Response:
        """The description of this surface."""
        return Response(resources.schema("control.openapi.yaml").read_bytes(), content_type="application/yaml")
