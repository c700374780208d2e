"""Named snapshots of an account: everything that it owns, put aside in tables of the same shape."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from plum_emulator.store.copies import Copy
from plum_emulator.store.migrations import KEPT_IN_SNAPSHOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot; `state` is what the account itself was: its clock and its counts."""

    id: int
    name: str
    made_at: int
    messages: int
    state: dict[str, Any]


class Snapshots:
    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, account: int) -> list[Snapshot]:
        """The account's snapshots, oldest first."""
        rows = self._db.execute(
            "SELECT id, name, made_at, (SELECT count(*) FROM saved_messages WHERE snapshot = +id), state "
            "FROM snapshots WHERE account = ? ORDER BY id",
            (account,),
        )
        return [_snapshot(row) for row in rows]

    def named(self, account: int, name: str) -> Snapshot | None:
        """The account's snapshot of this name."""
        row = self._db.execute(
            "SELECT id, name, made_at, (SELECT count(*) FROM saved_messages WHERE snapshot = +id), state "
            "FROM snapshots WHERE account = ? AND name = ?",
            (account, name),
        ).fetchone()
        return _snapshot(row) if row else None

    def save(self, account: int, name: str, *, at: int, state: dict[str, Any]) -> None:
        """Put everything that the account owns aside, in place of an earlier snapshot of this name."""
        self.delete(account, name)
        cursor = self._db.execute(
            "INSERT INTO snapshots (account, name, made_at, state) VALUES (?, ?, ?, ?)",
            (account, name, at, json.dumps(state)),
        )
        Copy(where="account", value=account, account=account, into="saved_{}", snapshot=int(cursor.lastrowid or 0)).run(
            self._db
        )

    def agenda_ids(self, snapshot: Snapshot) -> tuple[int, int]:
        """The lowest and the highest id of the agenda that was put aside."""
        row = self._db.execute(
            "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM saved_agenda WHERE snapshot = ?", (snapshot.id,)
        ).fetchone()
        return int(row[0]), int(row[1])

    def bring_back(self, account: int, snapshot: Snapshot, *, rows: int) -> None:
        """Give an account that owns nothing what was put aside. Ids of the agenda move up by `rows`."""
        Copy(where="snapshot", value=snapshot.id, account=account, from_="saved_{}", rows=rows).run(self._db)

    def delete(self, account: int, name: str) -> bool:
        """Forget a snapshot; whether it was there."""
        found = self.named(account, name)
        if found:
            self._forget(found.id)
        return found is not None

    def delete_all(self, account: int) -> None:
        """Forget every snapshot of the account."""
        for (id_,) in self._db.execute("SELECT id FROM snapshots WHERE account = ?", (account,)).fetchall():
            self._forget(id_)

    def _forget(self, id_: int) -> None:
        for table in KEPT_IN_SNAPSHOTS:
            self._db.execute(f"DELETE FROM saved_{table} WHERE snapshot = ?", (id_,))
        self._db.execute("DELETE FROM snapshots WHERE id = ?", (id_,))


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    id_, name, made_at, messages, state = row
    return Snapshot(id=id_, name=name, made_at=made_at, messages=messages, state=json.loads(state))
