"""Who has opted out of which number, and the automatic texts that handsets got (clause 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticText:
    """A text that the carrier sent to a handset by itself. It is not in the account's log."""

    message: int
    handset: str
    number: str
    body: str
    at: int


_COLUMNS = "message, handset, number, body, at"


class OptOuts:
    def __init__(self, db: Database) -> None:
        self._db = db
        # Most logs never see a STOP: as long as none did, there is no need to ask.
        self._ever = bool(db.execute("SELECT EXISTS (SELECT 1 FROM opt_outs)").fetchone()[0])

    def has(self, account: int, *, number: str, handset: str) -> bool:
        """Whether the handset wants no more texts from the number."""
        return self._ever and bool(
            self._db.execute(
                "SELECT 1 FROM opt_outs WHERE account = ? AND number = ? AND handset = ?",
                (account, number, handset),
            ).fetchone()
        )

    def opt_out(self, account: int, *, number: str, handset: str, at: int) -> None:
        """The handset wants no more texts from the number."""
        self._ever = True
        self._db.execute(
            "INSERT OR IGNORE INTO opt_outs (account, number, handset, since) VALUES (?, ?, ?, ?)",
            (account, number, handset, at),
        )

    def opt_in(self, account: int, *, number: str, handset: str) -> None:
        """The handset takes texts from the number again."""
        self._db.execute(
            "DELETE FROM opt_outs WHERE account = ? AND number = ? AND handset = ?",
            (account, number, handset),
        )

    def add_text(self, account: int, text: AutomaticText) -> None:
        """Keep an automatic text."""
        self._db.execute(
            "INSERT INTO automatic_texts (account, message, handset, number, body, at) VALUES (?, ?, ?, ?, ?, ?)",
            (account, text.message, text.handset, text.number, text.body, text.at),
        )

    def texts_after(self, message: int) -> list[AutomaticText]:
        """The automatic texts that an inbound message brought."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM automatic_texts WHERE message = ? ORDER BY id", (message,))
        return [_text(row) for row in rows]

    def texts_to(self, account: int, handset: str, *, limit: int) -> list[AutomaticText]:
        """The newest automatic texts that the handset got from the account's numbers, oldest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM automatic_texts WHERE account = ? AND handset = ? ORDER BY id DESC LIMIT ?",
            (account, handset, limit),
        )
        return [_text(row) for row in rows][::-1]

    def restored(self) -> None:
        """Rows were written by others: look again whether there is any."""
        self._ever = bool(self._db.execute("SELECT EXISTS (SELECT 1 FROM opt_outs)").fetchone()[0])

    def delete_all(self, account: int) -> None:
        """Nobody has opted out of the account's numbers, and nobody got a text."""
        self._db.execute("DELETE FROM opt_outs WHERE account = ?", (account,))
        self._db.execute("DELETE FROM automatic_texts WHERE account = ?", (account,))


def _text(row: tuple[Any, ...]) -> AutomaticText:
    message, handset, number, body, at = row
    return AutomaticText(message=message, handset=handset, number=number, body=body, at=at)
