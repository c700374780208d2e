"""A database whose Nth statement fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any


class Trap:
    """Give `connect` to a house; after `arm(n)` the nth statement from then on fails, once or `for_good`."""

    def __init__(self) -> None:
        self.sprung = False
        self._left = 0
        self._for_good = False

    def arm(self, n: int, *, for_good: bool = False) -> None:
        """Let the nth statement from now on fail; `for_good`: and all after it."""
        self.sprung, self._left, self._for_good = False, n, for_good

    def disarm(self) -> None:
        """Let nothing fail from now on."""
        self._left, self._for_good = 0, False

    def connect(self, path: str, **options: Any) -> sqlite3.Connection:
        """Connect to the database of this path."""
        trap = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                trap.step(sql)
                return super().execute(sql, parameters)

            def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
                trap.step(sql)
                return super().executemany(sql, parameters)

        return sqlite3.connect(path, factory=Connection, **options)

    def step(self, sql: str) -> None:
        """One statement is about to be executed."""
        if sql.startswith("ROLLBACK") or not self._left:
            return
        self._left -= 1
        if not self._left:
            self.sprung = True
            self._left = 1 if self._for_good else 0
            raise sqlite3.OperationalError("database or disk is full")
