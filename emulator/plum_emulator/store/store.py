"""All tables of one database, and the transactions that hold them together."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from plum_emulator.errors import StorageFailed
from plum_emulator.store.accounts import Accounts
from plum_emulator.store.agenda import Agenda
from plum_emulator.store.database import Connect, Database
from plum_emulator.store.events import Events
from plum_emulator.store.handsets import Handsets
from plum_emulator.store.journal import Journal
from plum_emulator.store.messages import Messages
from plum_emulator.store.opt_outs import OptOuts
from plum_emulator.store.portable import Portable
from plum_emulator.store.rules import Rules
from plum_emulator.store.searching import Search
from plum_emulator.store.sinks import Sinks
from plum_emulator.store.snapshots import Snapshots

Ended = Callable[[bool], None]

_log = logging.getLogger("plum_emulator")


class _Reading:
    """Holds the lock; SQLite's failures come out as ours. A class, as it is entered several times for each message."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._lock.release()
        if isinstance(error, sqlite3.Error):
            raise StorageFailed(
                f"the database could not be used: {error}", hint="is the disk full, or the file gone?"
            ) from error


class Store:
    """Everything that an emulator keeps."""

    def __init__(self, path: Path | None = None, *, connect: Connect = sqlite3.connect) -> None:
        self.database = Database(path, connect=connect)
        db = self.database.db
        self.accounts = Accounts(db)
        self.messages = Messages(db)
        self.search = Search(db)
        self.agenda = Agenda(db)
        self.journal = Journal(db)
        self.events = Events(db)
        self.opt_outs = OptOuts(db)
        self.rules = Rules(db)
        self.sinks = Sinks(db)
        self.handsets = Handsets(db)
        self.snapshots = Snapshots(db)
        self.portable = Portable(db, self.accounts)
        self._reading = _Reading(self.database.lock)
        self._group: list[Ended] | None = None
        self._last_seen = -1

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All rows written inside, and the journal entries that were waiting, or none of them."""
        committed = False
        with self._reading:
            self.end_group()
            try:
                with self.database.transaction():
                    yield
                    self._write_behind()
                committed = True
            finally:
                self._ended(committed=committed)

    @property
    def grouping(self) -> bool:
        """Whether a group is open."""
        return self._group is not None

    def join_group(self) -> bool:
        """Begin a transaction that others may join, or join the one that is open; whether it was begun.

        The lock is held until the group ends, so all of a group must run in one thread.
        """
        if self._group is not None:
            return False
        self.database.lock.acquire()
        try:
            with self._reading:
                self.database.db.begin()
        except BaseException:
            self.database.lock.release()
            raise
        self._group = []
        return True

    def when_group_ends(self, ended: Ended) -> bool:
        """Call `ended` with whether the open group was committed. False, and no call, when none is open."""
        if self._group is None:
            return False
        self._group.append(ended)
        return True

    def end_group(self, *, commit: bool = True) -> None:
        """Commit what the group has written, or drop it, and tell its members. Nothing happens without a group."""
        group = self._group
        if group is None:
            return
        self._group = None
        kept = False
        try:
            if commit:
                with self._reading:
                    if self.journal.crowded:
                        self._write_behind()
                    self.database.db.commit()
                kept = True
        except StorageFailed as error:
            _log.error("%s; what was to be kept is refused", error.one_line())
        finally:
            try:
                if not kept:
                    self.database.db.rollback()
            finally:
                self._ended(committed=kept)
                self._tell(group, kept=kept)
                self.database.lock.release()

    @staticmethod
    def _tell(group: list[Ended], *, kept: bool) -> None:
        for ended in group:
            try:
                ended(kept)
            except Exception:  # the others have to hear of it too
                _log.exception("a bug of the emulator")

    def _write_behind(self) -> None:
        self.journal.write_waiting()
        self.events.write_waiting()

    def _ended(self, *, committed: bool) -> None:
        self.journal.transaction_ended(committed=committed)
        self.events.transaction_ended(committed=committed)

    def reading(self) -> AbstractContextManager[None]:
        """Reads inside see no other thread's half-done work."""
        return self._reading

    def catch_up(self) -> None:
        """Write the journal entries and the events that wait."""
        if self.journal.waiting or self.events.waiting:
            with self.transaction():
                pass

    def keep_up(self) -> None:
        """What is done behind the work: write what waits and, in a quiet moment, index new bodies."""
        self.catch_up()
        with self.reading():
            last = self.messages.last()
        if last == self._last_seen:
            self.index_bodies()
        self._last_seen = last

    def index_bodies(self) -> None:
        """Bring the full-text index up to date, a little at a time, so that nobody waits long for the database."""
        more = True
        while more:
            with self.reading():
                more = self.messages.unindexed()
            if more:
                with self.transaction():
                    self.messages.index_some()

    def empty(self, account: int) -> None:
        """The account owns nothing but its numbers and its snapshots: no message, no journal, nothing due, no rule."""
        self.agenda.delete_all(account)
        self.opt_outs.delete_all(account)
        self.journal.delete_all(account)
        self.messages.delete_all(account)
        self.rules.delete_all(account)
        self.sinks.delete_all(account)

    def restored(self, account: int) -> None:
        """Rows of the account were written by copying: what is remembered of the tables is looked at again."""
        self.messages.restored(account)
        self.opt_outs.restored()
        self.rules.restored()

    def secret(self, name: str, default: str) -> str:
        """A value that this database keeps for good, set to `default` the first time."""
        db = self.database.db
        db.execute("INSERT OR IGNORE INTO emulator (name, value) VALUES (?, ?)", (name, default))
        return str(db.execute("SELECT value FROM emulator WHERE name = ?", (name,)).fetchone()[0])

    def close(self) -> None:
        """Bring everything up to date and let go of the file."""
        try:
            if self.database.path is not None:
                self.catch_up()
                self.index_bodies()
        finally:
            self.database.close()
