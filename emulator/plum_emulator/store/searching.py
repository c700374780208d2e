"""Finds messages of the log by filters and words, a page at a time, as quickly among a million as among a thousand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.listings import LogFilter, Page, Part, page_of
from plum_emulator.model.messages import BAD, Message
from plum_emulator.store.messages import COLUMNS

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
    "inbound": _Side(index="messages_inbound", key=" AND type = 'inbound'"),
    "reply": _Side(index="messages_replies", key=" AND type = 'reply'"),
}


class Search:
    def __init__(self, db: Database) -> None:
        self._db = db

    def page(self, account: int, asked: LogFilter, part: Part[int]) -> Page[Message, int]:
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
    outbound = _Side(index="messages_outbound", key=" AND type <> 'inbound'")
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
