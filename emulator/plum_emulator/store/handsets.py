"""The handsets that people keep on the console, as rows. A reset and a restore leave them."""

from __future__ import annotations

from sqlite_utils import Database

from plum_emulator.model.handsets import Handset


class Handsets:
    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, account: int) -> list[Handset]:
        """The account's handsets, in the order in which they were added."""
        rows = self._db.execute("SELECT number, name, texts FROM handsets WHERE account = ? ORDER BY place", (account,))
        return [Handset(number=number, name=name, texts=texts) for number, name, texts in rows]

    def put(self, account: int, handset: Handset) -> None:
        """Add the handset, or change the one with its number, which keeps its place."""
        self._db.execute(
            "INSERT INTO handsets (account, number, place, name, texts) "
            "VALUES (:account, :number, (SELECT 1 + coalesce(max(place), 0) FROM handsets WHERE account = :account), "
            ":name, :texts) ON CONFLICT (account, number) DO UPDATE SET name = :name, texts = :texts",
            {"account": account, "number": handset.number, "name": handset.name, "texts": handset.texts},
        )

    def delete(self, account: int, number: str) -> None:
        """The account has no such handset any more. What it sent and received stays in the log."""
        self._db.execute("DELETE FROM handsets WHERE account = ? AND number = ?", (account, number))

    def delete_all(self, account: int) -> None:
        """The account has no handsets."""
        self._db.execute("DELETE FROM handsets WHERE account = ?", (account,))
