"""One SQLite file: how it is opened, locked, migrated, and how a transaction on it begins and ends."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlite_utils

from plum_emulator.errors import DatabaseUnusable
from plum_emulator.store.migrations import known_names, migrations

Connect = Callable[..., sqlite3.Connection]


class Database:
    """A database file of this emulator alone, or a temporary one that goes when it is closed.

    One connection serves every thread, one at a time: two would only wait for each other.
    """

    def __init__(self, path: Path | None = None, *, connect: Connect = sqlite3.connect) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="plum-emulator-") if path is None else None
        self.path = path or Path(self._folder.name if self._folder else "", "plum.db")
        self.temporary = path is None
        self._unlock = _locked(self.path) if path is not None else _nothing
        self.lock = threading.RLock()
        try:
            self.db = self._opened(connect)
        except BaseException:
            self._leave()
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
            self._leave()

    def _leave(self) -> None:
        self._unlock()
        if self._folder:
            self._folder.cleanup()

    def _opened(self, connect: Connect) -> sqlite_utils.Database:
        try:
            connection = connect(str(self.path), check_same_thread=False, timeout=5, cached_statements=256)
            db = sqlite_utils.Database(connection, execute_plugins=False)
            try:
                self._prepare(db)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise DatabaseUnusable(
                f"the database {self.path} cannot be used: {error}", hint="name another file with --database"
            ) from error
        return db

    def _prepare(self, db: sqlite_utils.Database) -> None:
        self._refuse_strangers(db)
        # After a kill of the process both lose nothing; a power cut may cost NORMAL the last commits.
        db.execute(f"PRAGMA synchronous = {'OFF' if self.temporary else 'NORMAL'}")
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA temp_store = MEMORY")
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
