"""Rules with their counts, as rows; and which of them treat the callbacks of which message."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

Kept = tuple[str, str, dict[str, Any], dict[str, Any]]


class Rules:
    def __init__(self, db: Database) -> None:
        self._db = db
        # Most logs never see a rule for callbacks: as long as none did, there is no need to ask.
        self._ever = bool(db.execute("SELECT EXISTS (SELECT 1 FROM treatments)").fetchone()[0])

    def of(self, account: int) -> list[Kept]:
        """The account's rules in their order: id, scenario, the rule as it was written, its count."""
        rows = self._db.execute(
            "SELECT id, scenario, written, count FROM rules WHERE account = ? ORDER BY place", (account,)
        )
        return [(id_, scenario, json.loads(written), json.loads(count)) for id_, scenario, written, count in rows]

    def accounts(self) -> list[int]:
        """The accounts that have rules."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT account FROM rules")]

    def put_all(self, account: int, rules: Iterable[Kept]) -> None:
        """Keep these rules, and no others, in this order."""
        self._db.execute("DELETE FROM rules WHERE account = ?", (account,))
        self._db.conn.executemany(
            "INSERT INTO rules (account, id, place, scenario, written, count) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (account, id_, place, scenario, json.dumps(written), json.dumps(count))
                for place, (id_, scenario, written, count) in enumerate(rules)
            ],
        )

    def keep_counts(self, account: int, counts: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Keep how often they matched and fired."""
        self._db.conn.executemany(
            "UPDATE rules SET count = ? WHERE account = ? AND id = ?",
            [(json.dumps(count), account, id_) for id_, count in counts],
        )

    def treat(self, *, account: int, message: int, rules: str, callbacks: dict[str, Any]) -> None:
        """Remember how the message's callbacks are to be treated, and because of which rules."""
        self._ever = True
        self._db.execute(
            "INSERT INTO treatments (message, account, rules, callbacks) VALUES (?, ?, ?, ?)",
            (message, account, rules, json.dumps(callbacks)),
        )

    def treatment(self, message: int) -> tuple[str, dict[str, Any]] | None:
        """The rules that treat the message's callbacks, and how."""
        if not self._ever:
            return None
        row = self._db.execute("SELECT rules, callbacks FROM treatments WHERE message = ?", (message,)).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def restored(self) -> None:
        """Rows were written by others: look again whether there is any treatment."""
        self._ever = bool(self._db.execute("SELECT EXISTS (SELECT 1 FROM treatments)").fetchone()[0])

    def delete_all(self, account: int) -> None:
        """Forget the account's rules."""
        self._db.execute("DELETE FROM rules WHERE account = ?", (account,))
        self._db.execute("DELETE FROM treatments WHERE account = ?", (account,))
