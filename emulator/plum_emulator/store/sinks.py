"""Sinks: paths of the emulator that take anything, with what they answer, as rows."""

from __future__ import annotations

import json
from typing import Any

from sqlite_utils import Database


class Sinks:
    def __init__(self, db: Database) -> None:
        self._db = db

    def script(self, account: int, path: str) -> tuple[dict[str, Any], int]:
        """What the path answers, and how often it has by that script; nothing in particular without one."""
        row = self._db.execute(
            "SELECT script, answered FROM sinks WHERE account = ? AND path = ?", (account, path)
        ).fetchone()
        return (json.loads(row[0]), int(row[1])) if row else ({}, 0)

    def paths(self, account: int) -> list[str]:
        """The account's paths that have a script."""
        return [row[0] for row in self._db.execute("SELECT path FROM sinks WHERE account = ?", (account,))]

    def put_script(self, account: int, path: str, script: dict[str, Any]) -> None:
        """What the path answers from now on."""
        self._db.execute(
            "INSERT OR REPLACE INTO sinks (account, path, script) VALUES (?, ?, ?)", (account, path, json.dumps(script))
        )

    def answered(self, account: int, path: str) -> None:
        """It has answered once more."""
        self._db.execute("UPDATE sinks SET answered = answered + 1 WHERE account = ? AND path = ?", (account, path))

    def delete(self, account: int, path: str) -> None:
        """The path answers nothing in particular again."""
        self._db.execute("DELETE FROM sinks WHERE account = ? AND path = ?", (account, path))

    def delete_all(self, account: int) -> None:
        """No path of the account answers anything in particular."""
        self._db.execute("DELETE FROM sinks WHERE account = ?", (account,))
