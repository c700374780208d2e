"""A database that remembers every statement, and what SQLite would do for it."""

from __future__ import annotations

import sqlite3
from typing import Any


class Recorder:
    """Give `connect` to a store; `plans` explains every statement since `forget`."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, Any]] = []
        self._connection: sqlite3.Connection | None = None

    def connect(self, path: str, **options: Any) -> sqlite3.Connection:
        """Connect to the database of this path."""
        statements = self._statements

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                statements.append((sql, parameters))
                return super().execute(sql, parameters)

        self._connection = sqlite3.connect(path, factory=Connection, **options)
        return self._connection

    def forget(self) -> None:
        """Begin again."""
        self._statements.clear()

    def plans(self) -> list[tuple[str, list[str]]]:
        """Each statement with the steps of its plan."""
        assert self._connection is not None
        statements = [(sql, values) for sql, values in self._statements if sql.split()[0] in _EXPLAINED]
        return [
            (sql, [row[3] for row in sqlite3.Connection.execute(self._connection, f"EXPLAIN QUERY PLAN {sql}", values)])
            for sql, values in statements
        ]


_EXPLAINED = {"SELECT", "UPDATE", "DELETE", "INSERT", "WITH"}
