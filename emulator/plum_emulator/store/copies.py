"""Copies what an account owns, from table to table: for snapshots, and to and from files of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from plum_emulator.store.migrations import KEPT_IN_SNAPSHOTS

# These count by themselves, and nobody refers to them.
_COUNTED = {("exchanges", "id"), ("automatic_texts", "id")}
_PLACES = {"message", "in_reply_to", "seq"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy of everything that `source` of an account or a snapshot holds.

    `from_` and `into` make a table's name of its plain one. Places of the log and ids of the agenda are moved up by
    so many, so that they are nobody else's. The rows belong to `account` afterwards, and to `snapshot` if one is made.
    """

    where: str
    value: int
    account: int
    from_: str = "{}"
    into: str = "{}"
    places: int = 0
    rows: int = 0
    snapshot: int | None = None

    def run(self, db: Database) -> None:
        """Copy every table, in a transaction of the caller's."""
        for table in KEPT_IN_SNAPSHOTS:
            columns = [
                column
                for column in columns_of(db, table)
                if (table, column) not in _COUNTED or self.snapshot is not None
            ]
            names = ", ".join(f'"{column}"' for column in columns)
            values = ", ".join(self._value(table, column) for column in columns)
            ahead = ("snapshot, ", ":snapshot, ") if self.snapshot is not None else ("", "")
            in_order = "" if table in _WITHOUT_ROWID and "saved" not in self.from_ else " ORDER BY rowid"
            db.execute(
                f"INSERT INTO {self.into.format(table)} ({ahead[0]}{names}) SELECT {ahead[1]}{values} "
                f"FROM {self.from_.format(table)} WHERE {self.where} = :value{in_order}",
                {
                    "value": self.value,
                    "account": self.account,
                    "places": self.places,
                    "rows": self.rows,
                    "snapshot": self.snapshot,
                },
            )

    def _value(self, table: str, column: str) -> str:
        if column == "account":
            return ":account"
        if column in _PLACES:
            return f'"{column}" + :places'
        if (table, column) == ("agenda", "id"):
            return "id + :rows"
        if (table, column) == ("agenda", "state"):  # what was on its way when it was copied is to be done again
            return "CASE state WHEN 'in hand' THEN 'scheduled' ELSE state END"
        return f'"{column}"'


_WITHOUT_ROWID = {"numbers", "opt_outs", "rules", "sinks"}


def columns_of(db: Database, table: str) -> list[str]:
    """The names of a table's columns."""
    # Not `db[table].columns`, which looks for tables and views of this name first, each time.
    return [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
