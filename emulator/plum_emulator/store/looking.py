"""Looks through the message log for what passes a filter: along the index that leads to the fewest, and not for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.listings import LogFilter, Page
from plum_emulator.model.messages import Message

LOOKED_AT = 10_000

_BEFORE = " AND (requested_at, seq) < ((SELECT requested_at FROM messages WHERE seq = :before), :before)"
_BY_DATE = " ORDER BY requested_at DESC, seq DESC LIMIT :limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What one index leads to. `but` is left out of it where another side has it already."""

    index: str
    where: str
    but: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lead:
    """The sides that are merged, and which fields of the filter need no other look then."""

    sides: tuple[_Side, ...]
    covers: frozenset[str] = frozenset()


_INBOUND = _Side(index="messages_inbound", where="type = 'inbound'")
_OUTBOUND = _Side(index="messages_outbound", where="type <> 'inbound'")
_REPLIES = _Side(index="messages_replies", where="type = 'reply'")
_ALL = _Lead(sides=(_INBOUND, _OUTBOUND))
_OF_TYPE = {
    "inbound": _Lead(sides=(_INBOUND,), covers=frozenset({"type"})),
    "outbound": _Lead(sides=(_OUTBOUND,)),
    "reply": _Lead(sides=(_REPLIES,), covers=frozenset({"type"})),
}
_OF_NUMBER = _Lead(
    sides=(
        _Side(index="messages_to", where='"to" = :number'),
        _Side(index="messages_from", where='"from" = :number', but=' AND "to" <> :number'),
    ),
    covers=frozenset({"number"}),
)
_OF_STATUS = {
    # Nothing that comes in is ever queued or sent.
    **dict.fromkeys(("queued", "sent"), _Lead(sides=(_OUTBOUND,))),
    **{
        status: _Lead(
            # SQLite takes the index only when it reads the index's own condition.
            sides=(
                _Side(index="messages_bad", where=f"status IN ('failed', 'undelivered') AND status = '{status}'"),
            ),
            covers=frozenset({"status"}),
        )
        for status in ("failed", "undelivered")
    },
}
_PASSES = {"type": " AND type = :type", "status": " AND status = :status", "number": ' AND :number IN ("to", "from")'}


class Looking:
    """Looks at no more than so many messages at a time, where no index knows which of them pass."""

    def __init__(self, db: Database, columns: str, *, at_most: int = LOOKED_AT) -> None:
        self._db = db
        self._columns = columns
        self.at_most = at_most

    def page(self, account: int, asked: LogFilter, *, limit: int, before: int | None) -> Page[Message, str]:
        """The newest messages that pass, before the one at the place `before`."""
        values = {**_values(account, asked), "before": before, "limit": limit + 1}
        given = _given(asked)
        earlier = "" if before is None else _BEFORE
        lead = self._shortest(_leads(asked), earlier, values)
        edge = None if given <= lead.covers else self._edge(lead, earlier, values)
        passes = "".join(_PASSES[name] for name in sorted(given - lead.covers))
        if edge is not None:
            passes += " AND (requested_at, seq) >= (:edge_at, :edge)"
            values["edge_at"], values["edge"] = edge
        sides = " UNION ALL ".join(
            f"SELECT {self._columns} {_from(side, earlier)}{side.but}{passes}" for side in lead.sides
        )
        found = [Message._make(row) for row in self._db.execute(sides + _BY_DATE, values)]
        if len(found) > limit:
            return Page(rows=found[:limit], more=found[limit - 1].sms_message_id)
        return Page(rows=found, more=None if edge is None else self._id_at(edge[1]))

    def with_words(
        self, account: int, phrase: str, asked: LogFilter, *, limit: int, before: int | None
    ) -> Page[Message, str]:
        """The newest messages whose body has the phrase and that pass, at places before the place `before`.

        `more` is a place where all that were looked at are over, as the last of them may be another account's.
        """
        places = self._places(phrase, before)
        passes = "".join(_PASSES[name] for name in sorted(_given(asked)))
        found: list[Message] = []
        looked_at, at_once = 0, limit + 1
        while looked_at < len(places) and len(found) <= limit:
            found += self._at(places[looked_at : looked_at + at_once], passes, _values(account, asked))
            looked_at, at_once = looked_at + at_once, 4 * at_once
        if len(found) > limit:
            return Page(rows=found[:limit], more=found[limit - 1].sms_message_id)
        return Page(rows=found, more=str(places[-1]) if len(places) == self.at_most else None)

    def _places(self, phrase: str, before: int | None) -> list[int]:
        earlier = "" if before is None else " AND rowid < :before"
        rows = self._db.execute(
            f"SELECT rowid FROM messages_fts WHERE messages_fts MATCH :phrase{earlier} ORDER BY rowid DESC LIMIT :most",
            {"phrase": phrase, "before": before, "most": self.at_most},
        )
        return [row[0] for row in rows]

    def _at(self, places: Sequence[int], passes: str, values: dict[str, Any]) -> list[Message]:
        rows = self._db.execute(
            f"SELECT {self._columns} FROM json_each(:places) CROSS JOIN messages ON seq = value "
            f"WHERE account = :account{passes}",
            {**values, "places": json.dumps(places)},
        )
        return sorted(map(Message._make, rows), key=lambda message: -message.seq)

    def _shortest(self, leads: list[_Lead], earlier: str, values: dict[str, Any]) -> _Lead:
        if len(leads) == 1:
            return leads[0]
        return min(leads, key=lambda lead: self._length(lead, earlier, values))

    def _length(self, lead: _Lead, earlier: str, values: dict[str, Any]) -> int:
        # Longer ones are all the same: too long to be read to their end.
        counted = (
            self._db.execute(
                f"SELECT count(*) FROM (SELECT 1 {_from(side, earlier)} LIMIT :most)", {**values, "most": self.at_most}
            )
            for side in lead.sides
        )
        return sum(count.fetchone()[0] for count in counted)

    def _edge(self, lead: _Lead, earlier: str, values: dict[str, Any]) -> tuple[int, int] | None:
        """The last message that is looked at, its instant and its place; None when the lead ends before."""
        sides = " UNION ALL ".join(f"SELECT requested_at, seq {_from(side, earlier)}" for side in lead.sides)
        row = self._db.execute(
            f"{sides}{_BY_DATE} OFFSET :but_one", {**values, "limit": 1, "but_one": self.at_most - 1}
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def _id_at(self, place: int) -> str:
        row = self._db.execute("SELECT sms_message_id FROM messages WHERE seq = ?", (place,)).fetchone()
        return str(row[0])


def phrase_of(words: str) -> str:
    """What the full-text index is asked for: all these beginnings of words; "" when there is none."""
    # SQLite reads the phrase up to its first NUL.
    return " ".join('"' + word.replace('"', '""') + '"*' for word in words.replace("\0", " ").split())


def _given(asked: LogFilter) -> frozenset[str]:
    return frozenset(name for name in _PASSES if getattr(asked, name) is not None)


def _values(account: int, asked: LogFilter) -> dict[str, Any]:
    return {"account": account, "type": asked.type, "status": asked.status, "number": asked.number}


def _leads(asked: LogFilter) -> list[_Lead]:
    """Ways to what is looked for, each of which leads to all of it."""
    leads = [] if asked.number is None else [_OF_NUMBER]
    if asked.type is not None:
        leads.append(_OF_TYPE[asked.type])
    if asked.status in _OF_STATUS:
        leads.append(_OF_STATUS[asked.status])
    return leads or [_ALL]


def _from(side: _Side, earlier: str) -> str:
    return f"FROM messages INDEXED BY {side.index} WHERE account = :account AND {side.where}{earlier}"
