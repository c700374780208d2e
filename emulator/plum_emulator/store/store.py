"""All tables of one database, and the transactions that hold them together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plum_emulator.errors import StorageFailed
from plum_emulator.store.accounts import Accounts
from plum_emulator.store.agenda import Agenda
from plum_emulator.store.database import Connect, Database
from plum_emulator.store.journal import Journal
from plum_emulator.store.messages import Messages
from plum_emulator.store.opt_outs import OptOuts


@contextmanager
def _failures_in_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
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
        self.agenda = Agenda(db)
        self.journal = Journal(db)
        self.opt_outs = OptOuts(db)

    @contextmanager
    def transaction(self, *, journal: bool = True) -> Iterator[None]:
        """All rows written inside, and with `journal` the entries that were waiting, or none of them."""
        committed = False
        with self.database.lock, _failures_in_words():
            try:
                with self.database.transaction():
                    yield
                    if journal or self.journal.crowded:
                        self.journal.write_waiting()
                committed = True
            finally:
                self.journal.transaction_ended(committed=committed)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads inside see no other thread's half-done work."""
        with self.database.lock, _failures_in_words():
            yield

    def keep_up(self) -> None:
        """What is done behind the work: write waiting journal entries, index new bodies for search."""
        with self.reading():
            behind = self.journal.waiting or self.messages.unindexed()
        if behind:
            with self.transaction():
                self.messages.index_bodies()

    def secret(self, name: str, default: str) -> str:
        """A value that this database keeps for good, set to `default` the first time."""
        db = self.database.db
        db.execute("INSERT OR IGNORE INTO emulator (name, value) VALUES (?, ?)", (name, default))
        return str(db.execute("SELECT value FROM emulator WHERE name = ?", (name,)).fetchone()[0])

    def close(self) -> None:
        """Bring everything up to date and let go of the file."""
        try:
            if not self.database.temporary:
                self.keep_up()
        finally:
            self.database.close()
