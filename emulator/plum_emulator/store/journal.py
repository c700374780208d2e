"""The journal: every exchange, in and out. Requests that come in are written behind."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.model.listings import ExchangeFilter, Page, Part, page_of
from plum_emulator.store.behind import Behind

# In the order of Exchange's fields.
_COLUMNS = (
    "account, n, at, direction, operation, method, url, request_headers, request_body, status, "
    "response_headers, response_body, duration_ms, outcome, message, attempt, rules"
)
_ALL = "exchanges INDEXED BY exchanges_account WHERE account IS :account"
_BAD = "exchanges INDEXED BY exchanges_bad WHERE account IS :account AND outcome <> 'ok'"
_INSERT = f"INSERT INTO exchanges ({_COLUMNS}) VALUES ({', '.join('?' * 17)})"
_REQUEST_HEADERS, _REQUEST_BODY, _RESPONSE_HEADERS, _RESPONSE_BODY = map(
    Exchange._fields.index, ("request_headers", "request_body", "response_headers", "response_body")
)


class Journal(Behind[Exchange]):
    def __init__(self, db: Database) -> None:
        super().__init__(db, _INSERT, row=_row)

    def keep(self, exchange: Exchange) -> None:
        """Keep it, a little later. Needs no transaction."""
        self.note(exchange, size=len(exchange.request_body) + len(exchange.response_body))

    def write(self, exchange: Exchange) -> None:
        """Keep it now, with everything else that the transaction keeps."""
        self._db.execute(_INSERT, _row(exchange))

    def last_n(self, account: int | None) -> int:
        """The count of the account's newest exchange, also of one that a kill kept from being written."""
        row = self._db.execute(
            "SELECT max(coalesce((SELECT max(n) FROM exchanges WHERE account IS :account), 0), "
            "coalesce((SELECT exchange FROM messages WHERE account = :account AND type <> 'inbound' "
            "AND exchange IS NOT NULL ORDER BY requested_at DESC, seq DESC LIMIT 1), 0))",
            {"account": account},
        ).fetchone()
        return int(row[0])

    def page(self, account: int | None, asked: ExchangeFilter, part: Part[int]) -> Page[Exchange, int]:
        """A page of the exchanges of the account, or of nobody, that pass the filter."""
        order, within, beyond = ("DESC", ">=", "<") if part.after is None else ("ASC", "<=", ">")
        source = _BAD if asked.bad else _ALL
        source += f" AND n {beyond} :start" if part.start is not None else ""
        passes = " AND operation = :operation" if asked.operation is not None else ""
        passes += " AND direction = :direction" if asked.direction is not None else ""
        values: dict[str, Any] = {
            "account": account,
            "operation": asked.operation,
            "direction": asked.direction,
            "start": part.start,
            "through": part.through,
            "limit": part.limit + 1,
        }
        edge = None
        if passes and part.through is not None:
            farthest = f"SELECT n FROM {source} ORDER BY n {order} LIMIT 1 OFFSET :through - 1"
            (edge,) = self._db.execute(farthest, values).fetchone() or (None,)
        if edge is not None:
            values["edge"] = edge
            passes += f" AND n {within} :edge"
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM {source}{passes} ORDER BY n {order} LIMIT :limit", values)
        return page_of([_exchange(row) for row in rows], lambda exchange: exchange.n, part, edge=edge)

    def since(self, account: int, n: int, *, operation: str | None, limit: int) -> list[Exchange]:
        """The account's newest exchanges after the count `n`, oldest first; all, or those of one operation."""
        which = " AND operation = :operation" if operation is not None else ""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM exchanges WHERE account = :account AND n > :n{which} ORDER BY n DESC LIMIT :limit",
            {"account": account, "n": n, "operation": operation, "limit": limit},
        )
        return [_exchange(row) for row in rows][::-1]

    def after(self, account: int, n: int, *, limit: int) -> list[Exchange]:
        """The account's next exchanges after the count `n`, oldest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM exchanges WHERE account = ? AND n > ? ORDER BY n LIMIT ?", (account, n, limit)
        )
        return [_exchange(row) for row in rows]

    def numbered(self, account: int, n: int) -> Exchange | None:
        """The account's exchange with this count."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM exchanges WHERE account = ? AND n = ?", (account, n)).fetchone()
        return _exchange(row) if row else None

    def of_message(self, account: int, *, seq: int, asked_by: int | None) -> list[Exchange]:
        """What was exchanged about a message: the request that made it, and what was posted because of it."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM exchanges WHERE message = ? "
            f"UNION SELECT {_COLUMNS} FROM exchanges WHERE account = ? AND n = ? ORDER BY n",
            (seq, account, asked_by),
        )
        return [_exchange(row) for row in rows]

    def delete_all(self, account: int) -> None:
        """Forget the account's exchanges."""
        self.write_waiting(but=lambda exchange: exchange.account == account)
        others = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM exchanges WHERE account < :account) "
            "OR EXISTS (SELECT 1 FROM exchanges WHERE account > :account) "
            "OR EXISTS (SELECT 1 FROM exchanges WHERE account IS NULL)",
            {"account": account},
        ).fetchone()[0]
        if others:
            self._db.execute("DELETE FROM exchanges WHERE account = ?", (account,))
        else:  # SQLite drops a whole table hundreds of times faster than its rows
            self._db.execute("DELETE FROM exchanges")


def _row(exchange: Exchange) -> Exchange:
    return exchange._replace(
        request_headers=_headers_text(exchange.request_headers),  # type: ignore[arg-type] # as the table has it
        request_body=_text_or_bytes(exchange.request_body),  # type: ignore[arg-type] # the same
        response_headers=_headers_text(exchange.response_headers),  # type: ignore[arg-type] # the same
        response_body=_text_or_bytes(exchange.response_body),  # type: ignore[arg-type] # the same
        duration_ms=round(exchange.duration_ms, 3),
    )


@lru_cache(maxsize=512)
def _headers_text(headers: Headers) -> str:
    return json.dumps(headers)


def _text_or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _exchange(row: tuple[Any, ...]) -> Exchange:
    kept = Exchange._make(row)
    return kept._replace(
        request_headers=_headers(row[_REQUEST_HEADERS]),
        request_body=_bytes(row[_REQUEST_BODY]),
        response_headers=_headers(row[_RESPONSE_HEADERS]),
        response_body=_bytes(row[_RESPONSE_BODY]),
    )


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _headers(text: str) -> Headers:
    return tuple((name, value) for name, value in json.loads(text))
