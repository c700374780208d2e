"""What stands in a house's tables, in a form in which two runs of the same story are equal."""

from __future__ import annotations

import json
from typing import Any

from helpers.house import House
from plum_emulator.clock import Timing

Row = dict[str, Any]

_TABLES = (
    *("accounts", "numbers", "messages", "agenda", "opt_outs", "automatic_texts", "exchanges"),
    *("rules", "treatments", "sinks", "snapshots"),
)
_LEFT_OUT = {"accounts": {"reserved"}, "exchanges": {"id"}, "messages": {"sms_message_id"}}
_REAL = json.dumps(Timing().as_dict())


def tables(house: House, *, incoming: bool = True) -> dict[str, list[Row]]:
    """Every row of every table. Counts that may have gaps after a failure are given as places without gaps.

    Without `incoming`, the requests that came in are left out: they are written behind the work.
    """
    with house.store.reading():
        found = {table: _rows(house, table) for table in _TABLES}
    if not incoming:
        found["exchanges"] = [row for row in found["exchanges"] if row["direction"] == "out"]
    message = _places([row["seq"] for row in found["messages"]])
    agenda = _places([row["id"] for row in found["agenda"]])
    exchange = {
        account.id: _places(
            [row["n"] for row in found["exchanges"] if row["account"] == account.id]
            + [row["exchange"] for row in found["messages"] if row["account"] == account.id]
        )
        for account in house.accounts
    }
    for row in found["messages"]:
        row["exchange"] = exchange[row["account"]][row["exchange"]]
        row["seq"], row["in_reply_to"] = message[row["seq"]], message[row["in_reply_to"]]
    for row in found["agenda"]:
        row["id"], row["message"] = agenda[row["id"]], message[row["message"]]
    for row in found["accounts"]:
        row["clock"] = row["clock"] or _REAL
    for row in (*found["automatic_texts"], *found["treatments"]):
        row["message"] = message[row["message"]]
    for row in found["exchanges"]:
        row["n"], row["message"] = exchange[row["account"]][row["n"]], message[row["message"]]
    found["exchanges"].sort(key=lambda row: (row["account"], row["n"]))
    return found


def _rows(house: House, table: str) -> list[Row]:
    cursor = house.store.database.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3")  # noqa: S608 # a constant
    names = [description[0] for description in cursor.description]
    left_out = _LEFT_OUT.get(table, set())
    return [{name: value for name, value in zip(names, row, strict=True) if name not in left_out} for row in cursor]


def _places(values: list[int | None]) -> dict[int | None, int | None]:
    known = sorted({value for value in values if value is not None})
    return {None: None, **{value: place for place, value in enumerate(known, 1)}}
