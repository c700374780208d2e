"""The agenda: whatever happens later is one row here, due at an instant of its account's clock.

A row is `scheduled` until it falls due, `in hand` while a request for it is out, and `behind` while an earlier
callback of the same message has not ended. A row that is in hand when the process dies is scheduled again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from sqlite_utils import Database

from plum_emulator.model.messages import Status

Kind = Literal["status", "callback", "inbound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A row of the agenda that has been taken."""

    id: int
    account: int
    due_at: int
    kind: Kind
    message: int
    status: Status | None = None
    notification: str | None = None
    reason: str | None = None
    attempt: int = 1


Planned = tuple[int, Status, str | None, str | None]

_INSERT = (
    "INSERT INTO agenda (id, account, due_at, kind, state, message, status, notification, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Agenda:
    def __init__(self, db: Database) -> None:
        self._db = db
        # Counted here and never used again, so that the end of a request cannot strike out another's row.
        self._ids = count(db.execute("SELECT coalesce(max(id), 0) + 1 FROM agenda").fetchone()[0])

    def add_statuses(self, *, account: int, message: int, statuses: Iterable[Planned]) -> None:
        """The statuses that the message will have, each with its instant."""
        self._db.conn.executemany(
            _INSERT,
            [
                (next(self._ids), account, at, "status", "scheduled", message, status, notification, reason)
                for at, status, notification, reason in statuses
            ],
        )

    def add_inbound(self, *, account: int, message: int, due_at: int) -> None:
        """An inbound message that is to be posted to its application."""
        self._db.execute(_INSERT, (next(self._ids), account, due_at, "inbound", "scheduled", message, None, None, None))

    def add_callback(self, *, account: int, message: int, due_at: int, status: Status) -> Due | None:
        """A status that the result URL is to be told of: in hand, or None when it waits behind another."""
        earlier = self._db.execute(
            "SELECT 1 FROM agenda WHERE message = ? AND kind = 'callback' LIMIT 1", (message,)
        ).fetchone()
        state = "behind" if earlier else "in hand"
        id_ = next(self._ids)
        self._db.execute(_INSERT, (id_, account, due_at, "callback", state, message, status, None, None))
        if earlier:
            return None
        return Due(
            id=id_,
            account=account,
            due_at=due_at,
            kind="callback",
            message=message,
            status=status,
        )

    def due(self, account: int, now: int, *, limit: int) -> list[Due]:
        """What the account's clock has reached, in order."""
        rows = self._db.execute(
            "SELECT id, account, due_at, kind, message, status, notification, reason, attempt FROM agenda "
            "WHERE account = ? AND state = 'scheduled' AND due_at <= ? ORDER BY due_at, id LIMIT ?",
            (account, now, limit),
        )
        return [_due(row) for row in rows]

    def take(self, due: Due) -> None:
        """A request for this row is going out."""
        self._db.execute("UPDATE agenda SET state = 'in hand' WHERE id = ?", (due.id,))

    def try_again(self, due: Due, *, at: int) -> bool:
        """The attempt failed; there is another one, later. False when the row has gone, as with a reset."""
        cursor = self._db.execute(
            "UPDATE agenda SET state = 'scheduled', due_at = ?, attempt = attempt + 1 WHERE id = ?",
            (at, due.id),
        )
        return cursor.rowcount > 0

    def done(self, due: Due) -> bool:
        """Strike it out. False when it had gone already, with a reset for example."""
        return self._db.execute("DELETE FROM agenda WHERE id = ?", (due.id,)).rowcount > 0

    def release_next(self, due: Due, *, at: int) -> bool:
        """After a callback's last attempt, schedule the next one of the same message, if one waits."""
        cursor = self._db.execute(
            "UPDATE agenda SET state = 'scheduled', due_at = ? WHERE id = (SELECT min(id) FROM agenda "
            "WHERE message = ? AND kind = 'callback' AND state = 'behind')",
            (at, due.message),
        )
        return cursor.rowcount > 0

    def next_due(self, account: int) -> int | None:
        """The instant of the account's next row that falls due by itself."""
        row = self._db.execute(
            "SELECT min(due_at) FROM agenda WHERE account = ? AND state = 'scheduled'", (account,)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def recover(self) -> None:
        """After a restart: what was in hand is to be done again."""
        self._db.execute("UPDATE agenda SET state = 'scheduled' WHERE state = 'in hand'")

    def delete_all(self, account: int) -> None:
        """Nothing is left to happen for the account."""
        self._db.execute("DELETE FROM agenda WHERE account = ?", (account,))


def _due(row: tuple[Any, ...]) -> Due:
    id_, account, due_at, kind, message, status, notification, reason, attempt = row
    return Due(
        id=id_,
        account=account,
        due_at=due_at,
        kind=kind,
        message=message,
        status=status,
        notification=notification,
        reason=reason,
        attempt=attempt,
    )
