"""The emulator that tests talk to: one in a thread of this process, or one that runs elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from plum_emulator.client import Client
from plum_emulator.errors import SettingsError
from plum_emulator.settings import DEFAULT_PORT, Settings
from plum_emulator.testing.applications import Applications
from plum_emulator.testing.plum import Plum

_LIFETIME = 86400


class PlumServer:
    """An emulator for many tests. Each test leases an account of its own on it.

    `url` names one that runs already, and `token` is what it wants to see if that is on another machine; without, one
    is started on a free port, in a thread of this process.
    """

    def __init__(self, url: str = "", *, token: str = "", settings: Settings | None = None) -> None:
        self._stack = contextlib.ExitStack()
        self.url = url.rstrip("/")
        if not url:
            self.url, token = self._started(settings or Settings(port=0))
        self._client = Client(url=self.url, token=token)
        self._stack.callback(self._client.close)
        self._applications: Applications | None = None
        if url and not self._client.ready():
            raise SettingsError(f"the emulator at {self.url} is not ready", hint="plum-emulator readyz --wait 10")

    def _started(self, settings: Settings) -> tuple[str, str]:
        from plum_emulator.server import running  # late: who uses one that runs already needs none of it

        if settings.port == DEFAULT_PORT:  # left to who runs the emulator by hand, and to one worker of four
            settings = replace(settings, port=0)
        server = self._stack.enter_context(running(settings))
        return server.address, server.token

    @property
    def client(self) -> Client:
        """A client of the emulator's first account."""
        return self._client

    @property
    def applications(self) -> Applications:
        """Where functions and WSGI applications of tests are served. Started when it is first asked for."""
        if self._applications is None:
            self._applications = Applications()
            self._stack.callback(self._applications.close)
        return self._applications

    @contextlib.contextmanager
    def leased(self, **wanted: Any) -> Iterator[Plum]:
        """A fresh account, which ends with the block; on a manual clock unless `clock` says otherwise.

        When the block is killed, the emulator ends it a day later.
        """
        wanted = {"clock": "manual", "lifetime": _LIFETIME, **wanted}
        with self._client.lease(**wanted) as lease:
            plum = Plum(lease, self, lifetime=wanted["lifetime"])
            try:
                yield plum
            finally:
                plum.close()

    def close(self) -> None:
        """Stop what was started here."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
