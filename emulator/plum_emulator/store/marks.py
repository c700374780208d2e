"""High-water marks: how far something was counted, kept where its rows may have gone."""

from __future__ import annotations

from sqlite_utils import Database


class Marks:
    def __init__(self, db: Database) -> None:
        self._db = db

    def at(self, name: str) -> int:
        """How far it was counted; 0 when it never was."""
        row = self._db.execute("SELECT value FROM emulator WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def put(self, name: str, count: int) -> None:
        """It was counted so far."""
        self._db.execute("INSERT OR REPLACE INTO emulator (name, value) VALUES (?, ?)", (name, str(count)))
