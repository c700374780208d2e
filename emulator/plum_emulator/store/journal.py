"""The journal: every exchange, in and out.

Requests that come in are written behind: with a transaction that has time for them, before the next look at the
journal, or within a second. A message never waits for its journal entry, and a kill costs at most that second's.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from plum_emulator.model.exchanges import Exchange, Headers

_COLUMNS = (
    "account, n, at, direction, operation, method, url, request_headers, request_body, status, "
    "response_headers, response_body, duration_ms, outcome, message, attempt"
)
_INSERT = f"INSERT INTO exchanges ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_WAITING_MAX = 10_000
_CROWD = 256


class Journal:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[Exchange] = []
        self._written = 0

    def note(self, exchange: Exchange) -> None:
        """Keep it, a little later. Needs no transaction."""
        if len(self._waiting) < _WAITING_MAX:  # only a database that cannot be written to lets them pile up
            self._waiting.append(exchange)

    @property
    def waiting(self) -> int:
        """How many are noted and not yet written."""
        return len(self._waiting)

    def write(self, exchange: Exchange) -> None:
        """Keep it now, with everything else that the transaction keeps."""
        self._db.execute(_INSERT, _row(exchange))

    @property
    def crowded(self) -> bool:
        """Whether so many wait that even a hurried transaction should take them along."""
        return len(self._waiting) >= _CROWD

    @property
    def a_crowd_more(self) -> bool:
        """The same, once for every so many that wait: where writing fails, it is not tried with each of them."""
        return len(self._waiting) % _CROWD == 0

    def write_waiting(self) -> None:
        """Write what is noted. It goes on waiting until `transaction_ended` says how that went."""
        fresh = self._waiting[self._written :]
        if fresh:
            self._db.conn.executemany(_INSERT, [_row(exchange) for exchange in fresh])
        self._written += len(fresh)

    def transaction_ended(self, *, committed: bool) -> None:
        """What was written waits no longer, or waits for the next transaction."""
        if committed:
            del self._waiting[: self._written]
        self._written = 0

    def last_n(self, account: int | None) -> int:
        """The count of the account's newest exchange, also of one that a kill kept from being written."""
        row = self._db.execute(
            "SELECT max(coalesce((SELECT max(n) FROM exchanges WHERE account IS :account), 0), "
            "coalesce((SELECT exchange FROM messages WHERE account = :account AND type <> 'inbound' "
            "AND exchange IS NOT NULL ORDER BY requested_at DESC, seq DESC LIMIT 1), 0))",
            {"account": account},
        ).fetchone()
        return int(row[0])

    def page(self, account: int | None, *, limit: int, before: int | None, operation: str | None) -> list[Exchange]:
        """The newest exchanges of the account, or of nobody, before the count `before`."""
        filters = " AND n < :before" if before is not None else ""
        filters += " AND operation = :operation" if operation is not None else ""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM exchanges WHERE account IS :account{filters} ORDER BY n DESC LIMIT :limit",
            {"account": account, "before": before, "limit": limit, "operation": operation},
        )
        return [_exchange(row) for row in rows]

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
        self.write_waiting()
        self._db.execute("DELETE FROM exchanges WHERE account = ?", (account,))


def _row(exchange: Exchange) -> tuple[Any, ...]:
    return (
        exchange.account,
        exchange.n,
        exchange.at,
        exchange.direction,
        exchange.operation,
        exchange.method,
        exchange.url,
        _headers_text(exchange.request_headers),
        _text_or_bytes(exchange.request_body),
        exchange.status,
        _headers_text(exchange.response_headers),
        _text_or_bytes(exchange.response_body),
        round(exchange.duration_ms, 3),
        exchange.outcome,
        exchange.message,
        exchange.attempt,
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
    (
        account,
        n,
        at,
        direction,
        operation,
        method,
        url,
        request_headers,
        request_body,
        status,
        response_headers,
        response_body,
        duration_ms,
        outcome,
        message,
        attempt,
    ) = row
    return Exchange(
        account=account,
        n=n,
        at=at,
        direction=direction,
        operation=operation,
        method=method,
        url=url,
        request_headers=_headers(request_headers),
        request_body=request_body.encode() if isinstance(request_body, str) else request_body,
        status=status,
        response_headers=_headers(response_headers),
        response_body=response_body.encode() if isinstance(response_body, str) else response_body,
        duration_ms=duration_ms,
        outcome=outcome,
        message=message,
        attempt=attempt,
    )


def _headers(text: str) -> Headers:
    return tuple((name, value) for name, value in json.loads(text))
