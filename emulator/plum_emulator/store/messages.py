"""The message log, as rows, with the queries that the services make of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.listings import Conversation, Listing
from plum_emulator.model.messages import Draft, Message, Status
from plum_emulator.model.patterns import Pattern
from plum_emulator.store.marks import Marks

# In the order of Message's fields.
COLUMNS = (
    'seq, sms_message_id, account, type, "to", "from", body, result_url, status, '
    "requested_at, sent_at, settled_at, notification, reason, exchange, in_reply_to"
)
_INSERT = (
    'INSERT INTO messages (seq, sms_message_id, account, type, "to", "from", body, result_url, status, '
    "requested_at, settled_at, reason, exchange, in_reply_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_BY_ID = f"SELECT {COLUMNS} FROM messages WHERE sms_message_id = ? AND account = ?"
_BY_SEQ = f"SELECT {COLUMNS} FROM messages WHERE seq = ?"
_SENT = f"UPDATE messages SET status = 'sent', sent_at = ? WHERE seq = ? AND status = 'queued' RETURNING {COLUMNS}"
_SETTLED = (
    "UPDATE messages SET status = ?, settled_at = ?, notification = ?, reason = ? "
    f"WHERE seq = ? AND settled_at IS NULL RETURNING {COLUMNS}"
)

_COMPARED = ("to", "from", "body", "type", "status")
_COLUMN_OF = {"account": ("to", "from"), "customer": ("from", "to")}
_INDEXED_AT_ONCE = 500
_NEAR = 1000
_INDEXED, _GIVEN = "bodies indexed up to", "places given up to"
_OF_TYPE = {"all": "", "inbound": " AND type = 'inbound'", "outbound": " AND type <> 'inbound'"}


class Messages:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._marks = Marks(db)
        # A place is never used again, so that nothing that was kept about one message can be read as another's.
        # Neither is one that a snapshot may bring back, nor one that a restore took away.
        saved = db.execute("SELECT coalesce(max(seq), 0) FROM saved_messages").fetchone()[0]
        self._seqs = count(max(self.last(), self._indexed(), saved, self._marks.at(_GIVEN)) + 1)
        # Of accounts that were asked about. A rollback may leave a place here that nothing is at, and nothing will be.
        self._last_of: dict[int, int] = {}

    def insert(
        self,
        draft: Draft,
        *,
        account: int,
        sms_message_id: str,
        at: int,
        status: Status = "queued",
        reason: str | None = None,
        exchange: int | None = None,
    ) -> Message:
        """Keep a message, and give back what was kept."""
        settled_at = None if status == "queued" else at
        seq = next(self._seqs)
        if account in self._last_of:
            self._last_of[account] = seq
        self._db.execute(
            _INSERT,
            (
                seq,
                sms_message_id,
                account,
                draft.type,
                draft.to,
                draft.from_,
                draft.body,
                draft.result_url,
                status,
                at,
                settled_at,
                reason,
                exchange,
                draft.in_reply_to,
            ),
        )
        return Message(
            seq=seq,
            sms_message_id=sms_message_id,
            account=account,
            type=draft.type,
            to=draft.to,
            from_=draft.from_,
            body=draft.body,
            result_url=draft.result_url,
            status=status,
            requested_at=at,
            settled_at=settled_at,
            reason=reason,
            exchange=exchange,
            in_reply_to=draft.in_reply_to,
        )

    def move(
        self, seq: int, status: Status, *, at: int, notification: str | None = None, reason: str | None = None
    ) -> Message | None:
        """Give it its next status; None when it has had that one already, or has gone."""
        if status == "sent":
            row = self._db.execute(_SENT, (at, seq)).fetchone()
        else:
            row = self._db.execute(_SETTLED, (status, at, notification, reason, seq)).fetchone()
        return Message._make(row) if row else None

    def set_reason(self, seq: int, reason: str) -> None:
        """Remember why something about it went wrong."""
        self._db.execute("UPDATE messages SET reason = ? WHERE seq = ?", (reason, seq))

    def by_id(self, account: int, sms_message_id: str) -> Message | None:
        """The account's message with this id."""
        row = self._db.execute(_BY_ID, (sms_message_id, account)).fetchone()
        return Message._make(row) if row else None

    def by_seq(self, seq: int) -> Message | None:
        """The message at this place of the log."""
        row = self._db.execute(_BY_SEQ, (seq,)).fetchone()
        return Message._make(row) if row else None

    def replies_to(self, seq: int) -> list[Message]:
        """What the application answered an inbound message with."""
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM messages WHERE in_reply_to = ? ORDER BY seq",
            (seq,),
        )
        return [Message._make(row) for row in rows]

    def page(self, account: int, listing: Listing) -> list[Message]:
        """A page of the account's log, by date."""
        of_type = _OF_TYPE[listing.type]
        if listing.number is None:
            filters = [of_type] if of_type else [_OF_TYPE["inbound"], _OF_TYPE["outbound"]]
        elif listing.side == "either":
            filters = [f' AND "to" = :number{of_type}', f' AND "from" = :number AND "to" <> :number{of_type}']
        else:
            column = _COLUMN_OF[listing.side][listing.type == "outbound"]
            filters = [f' AND "{column}" = :number{of_type}']
        return self._page(account, listing, filters, {"number": listing.number})

    def conversation(self, account: int, asked: Conversation) -> list[Message]:
        """A page of what two numbers exchanged, by date."""
        # The + keeps the planner on the index that leads with the customer, who has fewer messages.
        filters = [
            ' AND "to" = :customer AND +"from" = :mine',
            ' AND "from" = :customer AND +"to" = :mine AND :customer <> :mine',
        ]
        numbers = {"mine": asked.account_number, "customer": asked.customer_number}
        return self._page(account, asked.page, filters, numbers)

    def index_some(self) -> None:
        """Bring the full-text index some messages nearer to the end of the log.

        It follows behind, so that accepting a message stays cheap.
        """
        indexed = self._indexed()
        last = self._db.execute(
            "SELECT max(seq) FROM (SELECT seq FROM messages WHERE seq > ? ORDER BY seq LIMIT ?)",
            (indexed, _INDEXED_AT_ONCE),
        ).fetchone()[0]
        if last is None:
            return
        self._db.execute(
            "INSERT INTO messages_fts (rowid, body) SELECT seq, body FROM messages WHERE seq > ? AND seq <= ?",
            (indexed, last),
        )
        self._marks.put(_INDEXED, last)

    def unindexed(self) -> bool:
        """Whether the full-text index is behind the log."""
        return self._indexed() < self.last()

    def last(self) -> int:
        """The newest place of the log, 0 when it is empty."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()[0])

    def since(self, account: int, place: int, *, limit: int, like: Sequence[tuple[str, Pattern]] = ()) -> list[Message]:
        """The account's newest messages after this place of the log, oldest first.

        With `like`, those alone whose columns of these names are equal to, and contain, what the patterns say: SQLite
        finds them many times faster than all are looked at. Regular expressions are left to the caller.
        """
        values: dict[str, str | int] = {"account": account, "place": place, "limit": limit}
        like_these = ""
        for column, pattern in like:
            if column in _COMPARED and pattern.equals is not None:
                like_these += f' AND "{column}" = :equal_{column}'
                values[f"equal_{column}"] = pattern.equals
            if column in _COMPARED and pattern.contains is not None:
                like_these += f' AND instr("{column}", :part_{column}) > 0'
                values[f"part_{column}"] = pattern.contains
        if self.last() - place <= _NEAR:  # the end of the log is shorter than the account's index may be
            rows = self._db.execute(
                f"SELECT {COLUMNS} FROM messages WHERE seq > :place AND +account = :account{like_these}", values
            )
            return sorted(map(Message._make, rows), key=lambda message: (message.requested_at, message.seq))[-limit:]
        # Each side is read along its own index, newest first, and the sides are merged.
        sides = " UNION ALL ".join(
            f"SELECT {COLUMNS} FROM messages WHERE account = :account AND seq > :place{of_type}{like_these}"
            for of_type in (_OF_TYPE["inbound"], _OF_TYPE["outbound"])
        )
        rows = self._db.execute(f"{sides} ORDER BY requested_at DESC, seq DESC LIMIT :limit", values)
        return [Message._make(row) for row in rows][::-1]

    def after(self, account: int, place: int, *, limit: int) -> list[Message]:
        """The account's next messages after this place of the log."""
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM messages WHERE account = ? AND seq > ? ORDER BY seq LIMIT ?",
            (account, place, limit),
        )
        return [Message._make(row) for row in rows]

    def by_seqs(self, places: set[int]) -> dict[int, Message]:
        """The messages at these places of the log."""
        found = (self.by_seq(place) for place in places)
        return {message.seq: message for message in found if message is not None}

    def last_of(self, account: int) -> int:
        """The account's newest place of the log, 0 when it has none."""
        if account not in self._last_of:
            row = self._db.execute(
                "SELECT coalesce(max(seq), 0) FROM messages WHERE account = ?", (account,)
            ).fetchone()
            self._last_of[account] = int(row[0])
        return self._last_of[account]

    def restored(self, account: int) -> None:
        """Rows were brought back: those in the indexed part of the log are found again."""
        self._last_of.pop(account, None)
        self._marks.put(_GIVEN, next(self._seqs))
        self._db.execute(
            "INSERT INTO messages_fts (rowid, body) SELECT seq, body FROM messages WHERE account = ? AND seq <= ?",
            (account, self._indexed()),
        )

    def move_up(self, low: int, high: int) -> int:
        """Messages with these places are brought in; how far the places move up, so that they are nobody else's."""
        first = next(self._seqs)
        self._seqs = count(first + high - low + 1)
        return int(first - low)

    def delete_all(self, account: int) -> None:
        """Forget every message of the account."""
        self._last_of.pop(account, None)
        if self._has_only(account):  # SQLite drops whole tables hundreds of times faster than their rows
            self._db.execute("INSERT INTO messages_fts (messages_fts) VALUES ('delete-all')")
            self._db.execute("DELETE FROM messages")
            return
        self._db.execute(
            "INSERT INTO messages_fts (messages_fts, rowid, body) "
            "SELECT 'delete', seq, body FROM messages WHERE account = ? AND seq <= ?",
            (account, self._indexed()),
        )
        self._db.execute("DELETE FROM messages WHERE account = ?", (account,))

    def _has_only(self, account: int) -> bool:
        others = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE account < :account) "
            "OR EXISTS (SELECT 1 FROM messages WHERE account > :account)",
            {"account": account},
        )
        return not others.fetchone()[0]

    def _indexed(self) -> int:
        return self._marks.at(_INDEXED)

    def _page(self, account: int, listing: Listing, filters: list[str], values: dict[str, Any]) -> list[Message]:
        # Each side is read along its own index, and the sides are merged: no side is read to its end.
        where = "account = :account"
        if listing.start is not None:
            where += " AND requested_at >= :start"
        if listing.end is not None:
            where += " AND requested_at < :end"
        sides = " UNION ALL ".join(f"SELECT {COLUMNS} FROM messages WHERE {where}{filter_}" for filter_ in filters)
        order = "DESC" if listing.newest_first else "ASC"
        rows = self._db.execute(
            f"{sides} ORDER BY requested_at {order}, seq {order} LIMIT :limit OFFSET :offset",
            {
                **values,
                "account": account,
                "start": listing.start,
                "end": listing.end,
                "limit": listing.limit,
                "offset": listing.offset,
            },
        )
        return [Message._make(row) for row in rows]
