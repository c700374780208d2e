"""The log of events, so that a listener who was away, or a restart, misses none. Written behind."""

from __future__ import annotations

import json
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.events import Event, as_of
from plum_emulator.model.messages import Message
from plum_emulator.store.behind import Behind
from plum_emulator.store.messages import COLUMNS

_INSERT = "INSERT INTO events (id, account, at, kind, message, status, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
# Those that a kill kept from being written: their numbers are not used again either.
_ROUND = 100_000
Numbered = tuple[int, Event]


class Events(Behind[Numbered]):
    def __init__(self, db: Database) -> None:
        super().__init__(db, _INSERT, row=_row)

    def first_free(self) -> int:
        """A number that no event has had."""
        last = int(self._db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])
        return (last // _ROUND + 1) * _ROUND if last else 0

    def since(self, account: int, number: int, *, limit: int) -> list[Numbered]:
        """The account's written events after this number, oldest first."""
        rows = self._db.execute(
            f"{_SELECT} ORDER BY events.id LIMIT ?",
            (account, number, limit),
        )
        return [_numbered(account, row) for row in rows]

    def newest(self, account: int, *, limit: int, after: int = 0) -> list[Numbered]:
        """The account's last written events after this number, oldest first."""
        rows = self._db.execute(
            f"{_SELECT} ORDER BY events.id DESC LIMIT ?",
            (account, after, limit),
        )
        return [_numbered(account, row) for row in rows][::-1]

    def delete_all(self, account: int) -> None:
        """Forget what happened to the account."""
        self.write_waiting(but=lambda numbered: numbered[1].account == account)
        self._db.execute("DELETE FROM events WHERE account = ?", (account,))


_MESSAGE = ", ".join(f"messages.{column}" for column in COLUMNS.split(", "))
_SELECT = (
    f"SELECT events.id, at, kind, events.status, data, {_MESSAGE} FROM events LEFT JOIN messages "
    "ON seq = message AND messages.account = events.account WHERE events.account = ? AND events.id > ?"
)


def _row(numbered: Numbered) -> tuple[Any, ...]:
    number, event = numbered
    message = event.message
    return (
        number,
        event.account,
        event.at,
        event.kind,
        message.seq if message else None,
        message.status if message else None,
        json.dumps(event.data) if event.data else "{}",
    )


def _numbered(account: int, row: tuple[Any, ...]) -> Numbered:
    number, at, kind, status, data, *message = row
    kept = as_of(Message._make(message), status) if message[0] is not None else None
    return number, Event(account=account, at=at, kind=kind, message=kept, data=json.loads(data))
