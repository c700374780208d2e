"""One account as a database file of its own: written for another machine, and read from one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from plum_emulator.clock import LATEST, Timing
from plum_emulator.errors import DatabaseUnusable, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.store.accounts import Accounts
from plum_emulator.store.copies import Copy, columns_of
from plum_emulator.store.database import Database
from plum_emulator.store.migrations import KEPT_IN_SNAPSHOTS

_HIGHEST = 10**12
_ACCOUNT = "id, username, seed, reserved, origin, ids_from, clock, holding, expires_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file holds: one account, how its clock goes, and the extent of its log and of its agenda."""

    account: Account
    timing: Timing | None
    places: tuple[int, int]
    rows: tuple[int, int]


class Portable:
    """Copies between an emulator's database and files. Each call is made with the database's lock held, and outside
    of a transaction."""

    def __init__(self, db: sqlite_utils.Database, accounts: Accounts) -> None:
        self._db = db
        self._accounts = accounts

    def write(self, account: int, path: Path, *, issued: int, timing: Timing) -> None:
        """Write the account, with everything that it owns and its snapshots, to a new database file.

        There so many ids have been given, and the clock goes so.
        """
        Database(path).close()
        with self._attached(path):
            self._db.execute(
                f"INSERT INTO other.accounts ({_ACCOUNT}) SELECT {_ACCOUNT} FROM accounts WHERE id = ?", (account,)
            )
            self._db.execute(
                "UPDATE other.accounts SET reserved = ?, clock = ?", (issued, json.dumps(timing.as_dict()))
            )
            Copy(where="account", value=account, account=account, into="other.{}").run(self._db)
            self._db.execute("INSERT INTO other.snapshots SELECT * FROM snapshots WHERE account = ?", (account,))
            for (snapshot,) in self._db.execute("SELECT id FROM snapshots WHERE account = ?", (account,)).fetchall():
                Copy(
                    where="snapshot",
                    value=snapshot,
                    account=account,
                    from_="saved_{}",
                    into="other.saved_{}",
                    snapshot=snapshot,
                ).run(self._db)
        with sqlite_utils.Database(str(path)) as alone:  # one file, without helpers beside it
            alone.execute("PRAGMA journal_mode = DELETE").fetchone()
            alone.execute("VACUUM")

    def look(self, path: Path) -> Found:
        """What is in the file. Raises NotPossible when it is not an exported account."""
        try:
            other = Database(path)
            try:
                accounts = Accounts(other.db)
                self._same_columns(other.db)
                found, timings = accounts.load(), accounts.timings()
                places = _extent(other.db, ("messages", "saved_messages"), "seq")
                rows = _extent(other.db, ("agenda", "saved_agenda"), "id")
                _check_rows(other.db)
            finally:
                other.close()
        except (DatabaseUnusable, sqlite3.Error, ValueError, TypeError, KeyError, AttributeError) as error:
            raise not_exported(error) from None
        if len(found) != 1:
            raise NotPossible(
                f"the file has {len(found)} accounts, and one was expected",
                hint="start an emulator with this file: plum-emulator serve --database FILE",
            )
        for low, high in (places, rows):
            if low < 1 or high > _HIGHEST:
                raise not_exported("its places are out of range")
        return Found(account=found[0], timing=timings.get(found[0].id), places=places, rows=rows)

    def _same_columns(self, other: sqlite_utils.Database) -> None:
        for table in KEPT_IN_SNAPSHOTS:
            for name in (table, f"saved_{table}"):
                if columns_of(other, name) != columns_of(self._db, name):
                    raise ValueError(f"its table {name} is another")

    @contextmanager
    def read(self, path: Path, account: Account, *, theirs: int, places: int, rows: int) -> Iterator[None]:
        """Make the account, with everything that account `theirs` of the file owns, and its snapshots.

        It is kept when the block ends without an error. Raises NotPossible.
        """
        with self._attached(path):
            try:
                self._read(account, theirs=theirs, places=places, rows=rows)
            except (sqlite3.IntegrityError, sqlite3.OperationalError, OverflowError) as error:
                raise not_exported(error) from None
            yield

    def _read(self, account: Account, *, theirs: int, places: int, rows: int) -> None:
        account.id = self._accounts.insert(account).id
        self._accounts.give_up_numbers(account.id)
        Copy(where="account", value=theirs, account=account.id, from_="other.{}", places=places, rows=rows).run(
            self._db
        )
        snapshots = self._db.execute("SELECT id, name, made_at, state FROM other.snapshots").fetchall()
        for id_, name, made_at, state in snapshots:
            cursor = self._db.execute(
                "INSERT INTO snapshots (account, name, made_at, state) VALUES (?, ?, ?, ?)",
                (account.id, name, made_at, state),
            )
            Copy(
                where="snapshot",
                value=id_,
                account=account.id,
                from_="other.saved_{}",
                into="saved_{}",
                places=places,
                rows=rows,
                snapshot=int(cursor.lastrowid or 0),
            ).run(self._db)

    @contextmanager
    def _attached(self, path: Path) -> Iterator[None]:
        self._db.execute("ATTACH ? AS other", (str(path),))
        try:
            with self._db.atomic():
                yield
        finally:
            self._db.execute("DETACH other")


def _check_rows(db: sqlite_utils.Database) -> None:
    """Refuse what would be copied and could not be used."""
    for name, kind in db.execute("SELECT name, type FROM sqlite_master WHERE type IN ('trigger', 'view')"):
        if name != _OWN_VIEW:  # which is for people, and is not read
            raise ValueError(f"it has a {kind} {name!r}")
    for table in KEPT_IN_SNAPSHOTS:
        for each in (table, f"saved_{table}"):
            for _ in db.execute(f"SELECT * FROM {each}"):
                pass  # a text that cannot be read is found now
    for table in ("messages", "saved_messages"):
        texts = ("body", '"to"', '"from"', "result_url", "status", "type", "sms_message_id")
        wrong = " OR ".join(f"typeof({column}) <> 'text'" for column in texts)
        if db.execute(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1").fetchone():
            raise ValueError("a message has bytes where a text was expected")
    _check_instants(db)


def _check_instants(db: sqlite_utils.Database) -> None:
    for table, columns in _INSTANTS.items():
        for each in (table, f"saved_{table}") if table in KEPT_IN_SNAPSHOTS else (table,):
            for column in columns:
                wrong = db.execute(
                    f"SELECT {column} FROM {each} WHERE {column} IS NOT NULL "
                    f"AND (typeof({column}) <> 'integer' OR {column} NOT BETWEEN 0 AND ?) LIMIT 1",
                    (LATEST,),
                ).fetchone()
                if wrong:
                    raise ValueError(f"{column} of {table} has {wrong[0]!r}, which is no instant")


_OWN_VIEW = "messages_readable"
_INSTANTS = {
    "messages": ("requested_at", "sent_at", "settled_at"),
    "agenda": ("due_at",),
    "automatic_texts": ("at",),
    "exchanges": ("at",),
    "opt_outs": ("since",),
    "events": ("at",),
    "snapshots": ("made_at",),
}


def not_exported(why: object) -> NotPossible:
    """The error for a file that cannot be read in."""
    return NotPossible(f"this is not an exported account: {why}", hint="send what GET /_plum/export/account answered")


def _extent(db: sqlite_utils.Database, tables: tuple[str, str], column: str) -> tuple[int, int]:
    both = " UNION ALL ".join(f"SELECT {column} AS each FROM {table}" for table in tables)
    row = db.execute(f"SELECT coalesce(min(each), 1), coalesce(max(each), 0) FROM ({both})").fetchone()
    return int(row[0]), int(row[1])
