"""One SQLite file: how it is opened, locked, migrated, and how a transaction on it begins and ends."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlite_utils

from plum_emulator.errors import DatabaseUnusable
from plum_emulator.store.migrations import known_names, migrations

Connect = Callable[..., sqlite3.Connection]


class Database:
    """A database file of this emulator alone, or a temporary one without a name, of which nothing is left.

    One connection serves every thread, one at a time: two would only wait for each other.
    """

    def __init__(self, path: Path | None = None, *, connect: Connect = sqlite3.connect) -> None:
        self.path = path
        self._unlock = _nothing if path is None else _locked(path)
        self.lock = threading.RLock()
        try:
            self.db = self._opened(connect)
        except BaseException:
            self._unlock()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept together, or none of it. Other threads wait."""
        with self.lock, self.db.atomic():
            yield

    def close(self) -> None:
        """Put everything into the one file and let go of it."""
        with self.lock:
            self.db.close()
            self._unlock()

    def _opened(self, connect: Connect) -> sqlite_utils.Database:
        try:
            # Under the name "" SQLite keeps a file that it has unlinked already, and writes to it only what its
            # memory does not hold: a row takes a third of the time, and nothing is left even by a kill.
            connection = connect(str(self.path or ""), check_same_thread=False, timeout=5, cached_statements=256)
            db = sqlite_utils.Database(connection, execute_plugins=False)
            try:
                self._prepare(db)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise DatabaseUnusable(
                f"the database {self.path or 'without a file'} cannot be used: {error}",
                hint="name another file with --database",
            ) from error
        return db

    def _prepare(self, db: sqlite_utils.Database) -> None:
        self._refuse_strangers(db)
        db.execute("PRAGMA temp_store = MEMORY")
        if self.path is None:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("PRAGMA journal_mode = MEMORY").fetchone()
        else:
            # A kill of the process loses nothing; a power cut may cost the last commits.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            # Four times SQLite's own: most pages of the log are written to again before they are moved to the file.
            db.execute("PRAGMA wal_autocheckpoint = 4000")
        migrations.apply(db)
        with db.atomic():  # fails now, and not at the first message, when the file may only be read
            db.execute("DELETE FROM emulator WHERE name IS NULL")

    def _refuse_strangers(self, db: sqlite_utils.Database) -> None:
        applied = {migration.name for migration in migrations.applied(db)}
        newer = applied - known_names()
        if newer:
            raise DatabaseUnusable(
                f"the database {self.path} was written by a newer plum-emulator ({', '.join(sorted(newer))})",
                hint="upgrade plum-emulator, or name another file with --database",
            )
        if not applied and db.table_names():
            raise DatabaseUnusable(
                f"{self.path} is a database of something else ({', '.join(db.table_names()[:3])}, …)",
                hint="name another file with --database",
            )


def _nothing() -> None:
    pass


def _locked(path: Path) -> Callable[[], None]:
    from filelock import FileLock, Timeout

    if not path.parent.is_dir():
        raise DatabaseUnusable(f"the folder {path.parent} of the database does not exist", hint="make it first")
    # Not the thread's own: a server is made in one thread and closed in another.
    lock = FileLock(f"{path}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise DatabaseUnusable(
            f"the database {path} is in use by another emulator",
            hint="stop that one, or name another file with --database",
        ) from None
    except OSError as error:
        raise DatabaseUnusable(
            f"the database {path} cannot be used: {error.strerror}", hint="name another file with --database"
        ) from None
    return lock.release
