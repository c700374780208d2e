"""Named snapshots of an account."""

from __future__ import annotations

from flask import Response

from plum_emulator.engine.emulator import Emulator
from plum_emulator.model.accounts import Account
from plum_emulator.web.control.asking import Route, account_of
from plum_emulator.web.later import json_answer
from plum_emulator.web.views import snapshot_view


class SnapshotRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._snapshots = emulator.snapshots

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/snapshots", self.snapshots),
            ("PUT", "/snapshots/<name>", self.save),
            ("POST", "/snapshots/<name>/restore", self.restore),
            ("DELETE", "/snapshots/<name>", self.delete),
        ]

    def snapshots(self) -> Response:
        """The account's snapshots, oldest first."""
        return json_answer({"snapshots": [snapshot_view(each) for each in self._snapshots.of(self._account())]})

    def save(self, name: str) -> Response:
        """Put everything that the account owns aside under this name."""
        return json_answer(snapshot_view(self._snapshots.save(self._account(), name)))

    def restore(self, name: str) -> Response:
        """Make the account what it was then."""
        account = self._account()
        snapshot = self._snapshots.restore(account, name)
        return json_answer({**snapshot_view(snapshot), "cursor": self._emulator.expecting.cursor(account)})

    def delete(self, name: str) -> Response:
        """Forget a snapshot."""
        self._snapshots.delete(self._account(), name)
        return json_answer({"snapshot": name, "status": "deleted"})

    def _account(self) -> Account:
        return account_of(self._emulator.accounts)
