"""The agenda: whatever happens later is one row here, due at an instant of its account's clock.

A row is `scheduled` until it falls due, `in hand` while a request for it is out, and `behind` while an earlier
callback of the same message has not ended. A callback is `held` until somebody lets it go, and `kept back` when a
rule wants it to come after the next one of its message. What is in hand when the process dies is scheduled again.
What would fall due after the latest instant that there is falls due then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple

from sqlite_utils import Database

from plum_emulator.clock import LATEST
from plum_emulator.model.messages import Status

Kind = Literal["status", "callback", "inbound", "release"]
State = Literal["scheduled", "in hand", "behind", "held", "kept back"]


class Due(NamedTuple):
    """A row of the agenda. `rules` are the ids of the rules that made it what it is."""

    id: int
    account: int
    due_at: int
    kind: Kind
    message: int
    status: Status | None = None
    notification: str | None = None
    reason: str | None = None
    attempt: int = 1
    rules: str = ""
    state: State = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCallback:
    """A status that a result URL is to be told of, `delay` milliseconds after it happened at `at`."""

    account: int
    message: int
    status: Status
    at: int
    delay: int = 0
    held: bool = False
    release_at: int | None = None
    kept_back: bool = False
    rules: str = ""


Planned = tuple[int, Status, str | None, str | None]

_COLUMNS = "id, account, due_at, kind, message, status, notification, reason, attempt, rules, state"
_INSERT = (
    "INSERT INTO agenda (id, account, due_at, kind, state, message, status, notification, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_CALLBACK = (
    "INSERT INTO agenda (id, account, due_at, kind, state, message, status, rules) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

_NEAR = 10_000
_OF_MESSAGE = (
    f"SELECT {_COLUMNS} FROM agenda WHERE message = :message AND kind = 'callback'"
    + "".join(
        f" UNION ALL SELECT * FROM (SELECT {_COLUMNS} FROM agenda WHERE account = :account AND state = '{state}' "
        "AND due_at >= :since ORDER BY due_at, id LIMIT :near) WHERE message = :message AND kind <> 'callback'"
        for state in ("scheduled", "in hand")
    )
    + " ORDER BY due_at, id"
)


class Agenda:
    def __init__(self, db: Database) -> None:
        self._db = db
        # Counted here and never used again, so that the end of a request cannot strike out another's row.
        self._ids = count(
            db.execute(
                "SELECT 1 + coalesce(max(id), 0) FROM (SELECT id FROM agenda UNION ALL SELECT id FROM saved_agenda)"
            ).fetchone()[0]
        )

    def add_statuses(self, *, account: int, message: int, statuses: Iterable[Planned]) -> None:
        """The statuses that the message will have, each with its instant."""
        self._db.conn.executemany(
            _INSERT,
            [
                (
                    next(self._ids),
                    account,
                    min(at, LATEST),
                    "status",
                    "scheduled",
                    message,
                    status,
                    notification,
                    reason,
                )
                for at, status, notification, reason in statuses
            ],
        )

    def add_inbound(self, *, account: int, message: int, due_at: int, rules: str = "") -> None:
        """An inbound message that is to be posted to its application."""
        row = (next(self._ids), account, min(due_at, LATEST), "inbound", "scheduled", message, None, rules)
        self._db.execute(_INSERT_CALLBACK, row)

    def add_callback(self, new: NewCallback) -> Due | None:
        """A status that the result URL is to be told of: in hand, or None when it does not go out at once."""
        state = self._state_of(new)
        due_at = min(_held_until(new.release_at) if state == "held" else new.at + new.delay, LATEST)
        id_ = next(self._ids)
        self._db.execute(
            _INSERT_CALLBACK, (id_, new.account, due_at, "callback", state, new.message, new.status, new.rules)
        )
        if state == "held" and new.release_at is not None:
            self._add_release(new.account, new.message, at=new.release_at)
        if state != "in hand":
            return None
        return Due(id_, new.account, due_at, "callback", new.message, new.status, rules=new.rules, state=state)

    def _state_of(self, new: NewCallback) -> State:
        if new.held:
            return "held"
        if new.kept_back:
            return "kept back"
        earlier = self._db.execute(
            "SELECT 1 FROM agenda WHERE message = ? AND kind = 'callback' "
            "AND state NOT IN ('kept back', 'held') LIMIT 1",
            (new.message,),
        ).fetchone()
        if earlier:
            return "behind"
        return "scheduled" if new.delay else "in hand"

    def due(self, account: int, now: int, *, limit: int) -> list[Due]:
        """What the account's clock has reached, in order."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM agenda WHERE account = ? AND state = 'scheduled' AND due_at <= ? "
            "ORDER BY due_at, id LIMIT ?",
            (account, now, limit),
        )
        return [Due._make(row) for row in rows]

    def take(self, due: Due) -> None:
        """A request for this row is going out."""
        self._db.execute("UPDATE agenda SET state = 'in hand' WHERE id = ?", (due.id,))

    def try_again(self, due: Due, *, at: int) -> bool:
        """The attempt failed; there is another one, later. False when the row has gone, as with a reset."""
        cursor = self._db.execute(
            "UPDATE agenda SET state = 'scheduled', due_at = ?, attempt = attempt + 1 WHERE id = ?",
            (min(at, LATEST), due.id),
        )
        return cursor.rowcount > 0

    def done(self, due: Due) -> bool:
        """Strike it out. False when it had gone already, with a reset for example."""
        return self._db.execute("DELETE FROM agenda WHERE id = ?", (due.id,)).rowcount > 0

    def release_next(self, due: Due, *, at: int) -> int | None:
        """After a callback's last attempt, schedule the next one of the same message, if one waits; when it is due."""
        row = self._db.execute(
            "UPDATE agenda SET state = 'scheduled', due_at = max(due_at, ?) WHERE id = (SELECT id FROM agenda "
            "WHERE message = ? AND kind = 'callback' AND state IN ('behind', 'kept back') "
            "ORDER BY state = 'kept back', id LIMIT 1) RETURNING due_at",
            (at, due.message),
        ).fetchone()
        return row[0] if row else None

    def has_front(self, message: int) -> bool:
        """Whether a callback of the message is there that the others wait for."""
        row = self._db.execute(
            "SELECT 1 FROM agenda WHERE message = ? AND kind = 'callback' "
            "AND state IN ('scheduled', 'in hand', 'held') LIMIT 1",
            (message,),
        ).fetchone()
        return row is not None

    def hold(self, due: Due, *, release_at: int | None) -> None:
        """Hold a callback back that was about to go out."""
        self._db.execute("UPDATE agenda SET state = 'held', due_at = ? WHERE id = ?", (_held_until(release_at), due.id))
        if release_at is not None:
            self._add_release(due.account, due.message, at=release_at)

    def _add_release(self, account: int, message: int, *, at: int) -> None:
        row = (next(self._ids), account, min(at, LATEST), "release", "scheduled", message, None, "")
        self._db.execute(_INSERT_CALLBACK, row)

    def forget_releases(self, account: int, message: int) -> None:
        """When nothing of the message is held any more, nothing is left to be released by itself."""
        self._db.execute(
            "DELETE FROM agenda WHERE account = ? AND state = 'scheduled' AND kind = 'release' AND message = ? "
            "AND NOT EXISTS (SELECT 1 FROM agenda AS held WHERE held.message = ? AND held.kind = 'callback' "
            "AND held.state = 'held')",
            (account, message, message),
        )

    def held_of(self, message: int, *, until: int) -> list[Due]:
        """The message's callbacks that are held back no longer than until then, oldest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM agenda WHERE message = ? AND kind = 'callback' AND state = 'held' "
            "AND due_at <= ? ORDER BY id",
            (message, until),
        )
        return [Due._make(row) for row in rows]

    def callbacks(self, account: int, *, state: State | None = None) -> list[Due]:
        """The account's callbacks that have not ended, in the order they were made."""
        which = " AND state = :state" if state else ""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM agenda WHERE account = :account AND kind = 'callback'{which} ORDER BY id",
            {"account": account, "state": state},
        )
        return [Due._make(row) for row in rows]

    def callback(self, account: int, id_: int) -> Due | None:
        """The account's callback with this id, if it has not ended."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM agenda WHERE id = ? AND account = ? AND kind = 'callback'", (id_, account)
        ).fetchone()
        return Due._make(row) if row else None

    def duplicate(self, due: Due) -> Due:
        """Another callback that says the same, in the same state; its row."""
        copy = due._replace(id=next(self._ids), attempt=1)
        self._db.execute(
            _INSERT_CALLBACK,
            (copy.id, copy.account, copy.due_at, copy.kind, copy.state, copy.message, copy.status, copy.rules),
        )
        return copy

    def page(self, account: int, *, limit: int) -> list[Due]:
        """What comes next for the account."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM agenda WHERE account = ? ORDER BY due_at, id LIMIT ?", (account, limit)
        )
        return [Due._make(row) for row in rows]

    def of_message(self, account: int, message: int, *, since: int) -> list[Due]:
        """What comes next for a message that was asked for at the instant `since`.

        Of an agenda that is very long, only what follows that instant next is looked at.
        """
        rows = self._db.execute(_OF_MESSAGE, {"account": account, "message": message, "since": since, "near": _NEAR})
        return [Due._make(row) for row in rows]

    def next_due(self, account: int) -> int | None:
        """The instant of the account's next row that falls due by itself."""
        row = self._db.execute(
            "SELECT min(due_at) FROM agenda WHERE account = ? AND state = 'scheduled'", (account,)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def recover(self) -> None:
        """After a restart: what was in hand is to be done again."""
        self._db.execute("UPDATE agenda SET state = 'scheduled' WHERE state = 'in hand'")

    def move_up(self, low: int, high: int) -> int:
        """Rows with these ids are brought in; how far the ids move up, so that no request under way strikes one out."""
        first = next(self._ids)
        self._ids = count(first + high - low + 1)
        return int(first - low)

    def delete_all(self, account: int) -> None:
        """Nothing is left to happen for the account."""
        self._db.execute("DELETE FROM agenda WHERE account = ?", (account,))


def _held_until(release_at: int | None) -> int:
    return LATEST if release_at is None else min(release_at, LATEST)
