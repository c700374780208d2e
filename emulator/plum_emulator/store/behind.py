"""Rows that are written behind: with a transaction that has time for them, before somebody looks, or within a second.

What makes them never waits for them, and a kill costs at most the last second's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from sqlite_utils import Database

T = TypeVar("T")

_WAITING_MAX = 20_000
_WAITING_BYTES_MAX = 64 * 1024 * 1024
_CROWD = 256
_CROWD_BYTES = 1024 * 1024


class Behind(Generic[T]):
    """What waits to be inserted by one statement; `row` makes the statement's values of an item."""

    def __init__(self, db: Database, insert: str, *, row: Callable[[T], Iterable[Any]]) -> None:
        self._db = db
        self._insert = insert
        self._row = row
        self._waiting: list[tuple[T, int]] = []
        self._waiting_bytes = 0
        self._written = 0
        self._noted = 0
        self._noted_bytes = 0

    def note(self, item: T, *, size: int = 0) -> None:
        """Keep it, a little later. Needs no transaction."""
        # Only a database that cannot be written to lets them pile up.
        if len(self._waiting) < _WAITING_MAX and self._waiting_bytes + size < _WAITING_BYTES_MAX:
            self._waiting.append((item, size))
            self._waiting_bytes += size
            self._noted += 1
            self._noted_bytes += size

    @property
    def waiting(self) -> int:
        """How many are noted and not yet written."""
        return len(self._waiting)

    @property
    def crowded(self) -> bool:
        """Whether so many or so large ones were noted since the last attempt that they should be written now."""
        return self._noted >= _CROWD or self._noted_bytes >= _CROWD_BYTES

    def write_waiting(self, *, but: Callable[[T], bool] = lambda _item: False) -> None:
        """Write what is noted, `but` what would be deleted at once.

        All of it goes on waiting until `transaction_ended` says how that went.
        """
        self._noted = self._noted_bytes = 0
        fresh = self._waiting[self._written :]
        rows = [tuple(self._row(item)) for item, _ in fresh if not but(item)]
        if rows:
            self._db.conn.executemany(self._insert, rows)
        self._written += len(fresh)

    def transaction_ended(self, *, committed: bool) -> None:
        """What was written waits no longer, or waits for the next transaction."""
        if committed and self._written:
            del self._waiting[: self._written]
            self._waiting_bytes = sum(size for _, size in self._waiting)
        self._written = 0
