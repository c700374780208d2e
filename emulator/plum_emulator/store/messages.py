"""The message log, as rows, with the queries that the services make of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.listings import Conversation, Listing, LogFilter, Page, Part, page_of
from plum_emulator.model.messages import BAD, Draft, Message, Status
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
_STATUS, _NUMBER = " AND status = :status", ' AND :number IN ("to", "from")'
_IS_BAD = " AND status IN ('failed', 'undelivered')"
_SINCE, _UNTIL = " AND requested_at >= :since", " AND requested_at < :until"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A key of an index, and what is left out of its rows as another side has it."""

    index: str
    key: str
    but: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lead:
    """The sides that are merged to all that is looked for, and what their rows still have to pass."""

    sides: tuple[_Side, ...]
    passes: str


_OF_NUMBER = (
    _Side(index="messages_to", key=' AND "to" = :number'),
    _Side(index="messages_from", key=' AND "from" = :number', but=' AND "to" <> :number'),
)
_SIDE_OF: dict[str | None, _Side] = {
    "inbound": _Side(index="messages_inbound", key=_OF_TYPE["inbound"]),
    "reply": _Side(index="messages_replies", key=" AND type = 'reply'"),
}


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

    def log(self, account: int, asked: LogFilter, part: Part[int]) -> Page[Message, int]:
        """A page of what passes the filter: by date, or by place where words are asked for.

        Only words of bodies that are indexed are found: call `Store.index_bodies` first.
        """
        phrase = _phrase(asked.words)
        values: dict[str, Any] = {
            "account": account,
            "type": asked.type,
            "status": asked.status,
            "number": asked.number,
            "since": asked.since,
            "until": asked.until,
            "phrase": phrase,
            "start": part.start,
            "through": part.through,
            "limit": part.limit + 1,
        }
        return self._with_words(asked, part, values) if phrase else self._by_date(asked, part, values)

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

    def _with_words(self, asked: LogFilter, part: Part[int], values: dict[str, Any]) -> Page[Message, int]:
        # The index of words leads, and the log follows, some places at a time: the planner would do it the other way
        # round. The index is asked once, as it takes its time to begin.
        order, beyond = ("DESC", "<") if part.after is None else ("ASC", ">")
        further = f" AND rowid {beyond} :start" if part.start is not None else ""
        places = self._db.execute(
            f"SELECT rowid FROM messages_fts WHERE messages_fts MATCH :phrase{further} "
            f"ORDER BY rowid {order} LIMIT :most",
            {**values, "most": -1 if part.through is None else part.through},
        )
        found: list[Message] = []
        looked_at, at_once, last = 0, part.limit + 1, None
        while len(found) <= part.limit and (some := [row[0] for row in places.fetchmany(at_once)]):
            found += self._those_at(some, asked, values, newest_first=part.after is None)
            looked_at, at_once, last = looked_at + len(some), 4 * at_once, some[-1]
        places.close()
        return page_of(found, _place, part, edge=last if looked_at == part.through else None)

    def _those_at(
        self, places: list[int], asked: LogFilter, values: dict[str, Any], *, newest_first: bool
    ) -> list[Message]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM (SELECT value AS place FROM json_each(:places)) CROSS JOIN messages ON seq = place "
            f"WHERE account = :account{_passes(asked)}",
            {**values, "places": json.dumps(places)},
        )
        return sorted(map(Message._make, rows), key=_place, reverse=newest_first)

    def _by_date(self, asked: LogFilter, part: Part[int], values: dict[str, Any]) -> Page[Message, int]:
        # Each side is read along its own index, and the sides are merged: no side is read to its end.
        lead = self._shortest(_leads(asked), values)
        order = "DESC" if part.after is None else "ASC"
        in_order = f"ORDER BY requested_at {order}, seq {order}"
        near, far, start_at = self._ends(asked, part)
        values["start_at"] = start_at

        def merged(columns: str, spans: list[str], besides: str = "") -> str:
            return " UNION ALL ".join(
                f"SELECT {columns} FROM messages INDEXED BY {side.index} WHERE account = :account{side.key}{span}{but}"
                for side in lead.sides
                for span in spans
                for but in (f"{side.but}{besides}" if columns == COLUMNS else "",)
            )

        edge_at, edge = None, None
        if lead.passes and part.through is not None:
            keys = merged("requested_at, seq", _spans(part, near, far, start_at=start_at))
            farthest = f"{keys} {in_order} LIMIT 1 OFFSET :through - 1"
            edge_at, edge = self._db.execute(farthest, values).fetchone() or (None, None)
        values.update(edge_at=edge_at, edge=edge)
        found = merged(COLUMNS, _spans(part, near, far, start_at=start_at, edge_at=edge_at), lead.passes)
        rows = self._db.execute(f"{found} {in_order} LIMIT :limit", values)
        return page_of([Message._make(row) for row in rows], _place, part, edge=edge)

    def _shortest(self, leads: list[_Lead], values: dict[str, Any]) -> _Lead:
        # One that is not too long to be read to its end; which of two others is shorter nobody knows.
        if values["through"] is None:
            return leads[0]
        return next((lead for lead in leads if len(leads) > 1 and not self._too_long(lead, values)), leads[0])

    def _too_long(self, lead: _Lead, values: dict[str, Any]) -> bool:
        sides = " UNION ALL ".join(
            f"SELECT 1 FROM messages INDEXED BY {side.index} WHERE account = :account{side.key}" for side in lead.sides
        )
        return self._db.execute(f"{sides} LIMIT 1 OFFSET :through", values).fetchone() is not None

    def _ends(self, asked: LogFilter, part: Part[int]) -> tuple[str, str, int | None]:
        # One bound at either end, as an index is read along one; and the instant of the start, where that bounds.
        since = _SINCE if asked.since is not None else ""
        until = _UNTIL if asked.until is not None else ""
        at = None
        if part.start is not None:
            at = self._db.execute("SELECT requested_at FROM messages WHERE seq = ?", (part.start,)).fetchone()[0]
        if part.after is None:
            beyond = at is not None and asked.until is not None and asked.until <= at
            return until, since, None if beyond else at
        beyond = at is not None and asked.since is not None and asked.since > at
        return since, until, None if beyond else at


def _spans(part: Part[int], near: str, far: str, *, start_at: int | None, edge_at: int | None = None) -> list[str]:
    """What is between the start and the edge, in spans that an index is read along from end to end.

    Many messages may be of one instant, when the clock stands still: a row value would read all of them.
    """
    beyond, within = ("<", ">") if part.after is None else (">", "<")
    started, ended = f" AND seq {beyond} :start", f" AND seq {within}= :edge"
    if start_at is not None and start_at == edge_at:
        return [f" AND requested_at = :start_at{started}{ended}"]
    spans = []
    if edge_at is not None:
        spans.append(f" AND requested_at = :edge_at{ended}")
        far = f" AND requested_at {within} :edge_at"
    if start_at is not None:
        # The + keeps the planner on the one instant and the places in it.
        spans.append(f" AND requested_at = :start_at{started}{far.replace('requested_at', '+requested_at')}")
        near = f" AND requested_at {beyond} :start_at"
    return [*spans, near + far]


def _place(message: Message) -> int:
    return message.seq


def _leads(asked: LogFilter) -> list[_Lead]:
    """The ways to what is looked for, each of which leads to all of it; first what is most likely the shortest."""
    status = _STATUS if asked.status is not None else ""
    type_ = " AND type = :type" if asked.type is not None else ""
    number = _NUMBER if asked.number is not None else ""
    leads = []
    if asked.status in BAD:
        leads.append(_Lead(sides=(_Side(index="messages_bad", key=f"{_IS_BAD}{status}"),), passes=type_ + number))
    if asked.number is not None:
        leads.append(_Lead(sides=_OF_NUMBER, passes=type_ + status))
    if asked.type in _SIDE_OF:
        leads.append(_Lead(sides=(_SIDE_OF[asked.type],), passes=status + number))
    if leads:
        return leads
    outbound = _Side(index="messages_outbound", key=_OF_TYPE["outbound"])
    return [_Lead(sides=(outbound,) if asked.type else (_SIDE_OF["inbound"], outbound), passes=type_ + status)]


def _passes(asked: LogFilter) -> str:
    clauses = {
        " AND type = :type": asked.type,
        _STATUS: asked.status,
        _NUMBER: asked.number,
        _SINCE: asked.since,
        _UNTIL: asked.until,
    }
    return "".join(clause for clause, value in clauses.items() if value is not None)


def _phrase(words: str) -> str:
    # SQLite reads the phrase up to its first NUL.
    return " ".join('"' + word.replace('"', '""') + '"*' for word in words.replace("\0", " ").split())
