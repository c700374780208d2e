"""Accounts and their numbers, as rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import count
from typing import Any

from sqlite_utils import Database

from plum_emulator.clock import Timing
from plum_emulator.errors import AccountsFileError
from plum_emulator.model.accounts import Account, Holding, Number, Options, Seed
from plum_emulator.store.marks import Marks

_ENDED = "accounts ended up to"


class Accounts:
    def __init__(self, db: Database) -> None:
        self._db = db
        # Never used again, so that nobody who still asks about an account that has ended hears of another.
        self._marks = Marks(db)
        last = db.execute("SELECT coalesce(max(id), 0) FROM accounts").fetchone()[0]
        self._ids = count(max(last, self._marks.at(_ENDED)) + 1)

    def load(self) -> list[Account]:
        """Every account with its numbers, in the order they were made."""
        rows = self._db.execute(
            "SELECT id, seed, origin, ids_from, expires_at, holding, reserved FROM accounts ORDER BY id"
        )
        accounts = [
            Account(
                id=id_,
                seed=_seed(seed),
                origin=origin,
                ids_from=ids_from,
                expires_at=expires_at,
                holding=Holding(**json.loads(holding)) if holding else None,
                issued=reserved,
                reserved=reserved,
            )
            for id_, seed, origin, ids_from, expires_at, holding, reserved in rows
        ]
        for account in accounts:
            account.numbers = self.numbers(account.id)
        return accounts

    def timings(self) -> dict[int, Timing]:
        """How the clocks go that were set, by account."""
        rows = self._db.execute("SELECT id, clock FROM accounts WHERE clock IS NOT NULL")
        return {id_: Timing(**json.loads(clock)) for id_, clock in rows}

    def insert(self, account: Account) -> Account:
        """Keep an account that was made while running; the account with its id."""
        account.id = self._insert(account.seed)
        self._db.execute(
            "UPDATE accounts SET origin = ?, ids_from = ?, expires_at = ?, reserved = ? WHERE id = ?",
            (account.origin, account.ids_from, account.expires_at, account.reserved, account.id),
        )
        return account

    def give_up_numbers(self, account: int) -> None:
        """Take the account's numbers away, before others are put in their place."""
        self._db.execute("DELETE FROM numbers WHERE account = ?", (account,))

    def delete(self, account: int) -> None:
        """Forget the account itself; what it owns is to be gone already."""
        self.give_up_numbers(account)
        self._db.execute("DELETE FROM accounts WHERE id = ?", (account,))
        self._marks.put(_ENDED, max(account, self._marks.at(_ENDED)))

    def keep_seed(self, account: int, seed: Seed) -> None:
        """What a reset goes back to from now on."""
        self._db.execute("UPDATE accounts SET seed = ? WHERE id = ?", (json.dumps(asdict(seed)), account))

    def keep_timing(self, account: int, timing: Timing) -> None:
        """How the account's clock goes."""
        self._db.execute("UPDATE accounts SET clock = ? WHERE id = ?", (json.dumps(timing.as_dict()), account))

    def keep_holding(self, account: int, holding: Holding | None) -> None:
        """Whether the account's callbacks are held back."""
        kept = json.dumps(asdict(holding)) if holding else None
        self._db.execute("UPDATE accounts SET holding = ? WHERE id = ?", (kept, account))

    def plant(self, seeds: list[Seed]) -> None:
        """Make these accounts be there, with what they own kept.

        A number keeps the Application URL it was given while running, unless the seed itself changed it.
        """
        planted = {account.username: account for account in self.load()}
        changed = [seed for seed in seeds if seed.username not in planted or planted[seed.username].seed != seed]
        for seed in changed:  # all give up their numbers before one takes any: a number may move between accounts
            if seed.username in planted:
                self._db.execute("DELETE FROM numbers WHERE account = ?", (planted[seed.username].id,))
        for seed in changed:
            if seed.username in planted:
                self._replant(planted[seed.username], seed)
            else:
                self._insert(seed)

    def reset(self, account: Account) -> dict[str, Number]:
        """Give the numbers back the Application URLs of the seed; the numbers as they are then."""
        present = self.numbers(account.id)
        if tuple(present.values()) != account.seed.numbers:
            self._put_numbers(account.id, account.seed.numbers)
            present = self.numbers(account.id)
        return present

    def set_application(self, number: str, url: str) -> None:
        """Where texts to this number are posted from now on; "" for nowhere."""
        self._db.execute("UPDATE numbers SET application_url = ? WHERE number = ?", (url, number))

    def reserve(self, account: int, ids: int) -> None:
        """Remember that the account's ids up to this count may have been given."""
        self._db.execute("UPDATE accounts SET reserved = ? WHERE id = ?", (ids, account))

    def numbers(self, account: int) -> dict[str, Number]:
        """The account's numbers as they are now."""
        rows = self._db.execute(
            "SELECT number, application_url, pci FROM numbers WHERE account = ? ORDER BY place", (account,)
        )
        return {number: Number(number=number, application_url=url, pci=bool(pci)) for number, url, pci in rows}

    def _insert(self, seed: Seed) -> int:
        id_ = int(next(self._ids))
        self._db.execute(
            "INSERT INTO accounts (id, username, seed) VALUES (?, ?, ?)", (id_, seed.username, json.dumps(asdict(seed)))
        )
        self._put_numbers(id_, seed.numbers)
        return id_

    def _replant(self, old: Account, new: Seed) -> None:
        planted = {number.number: number.application_url for number in old.seed.numbers}
        numbers = [
            replace(number, application_url=old.numbers[number.number].application_url)
            if planted.get(number.number) == number.application_url
            else number
            for number in new.numbers
        ]
        self.keep_seed(old.id, new)
        self._put_numbers(old.id, numbers)

    def _put_numbers(self, account: int, numbers: Sequence[Number]) -> None:
        self.give_up_numbers(account)
        for place, number in enumerate(numbers):
            taken = self._db.execute(
                "SELECT username FROM numbers JOIN accounts ON id = account WHERE number = ?",
                (number.number,),
            ).fetchone()
            if taken:
                raise AccountsFileError(
                    f"number {number.number} already belongs to account {taken[0]!r} in the database",
                    hint="choose another number, or another file with --database",
                )
            self._db.execute(
                "INSERT INTO numbers (number, account, place, application_url, pci) VALUES (?, ?, ?, ?, ?)",
                (number.number, account, place, number.application_url, number.pci),
            )


def _seed(text: str) -> Seed:
    values: dict[str, Any] = json.loads(text)
    numbers = tuple(Number(**number) for number in values.pop("numbers"))
    options = Options(**values.pop("options", {}))
    clock = values.pop("clock", None)
    return Seed(numbers=numbers, options=options, clock=Timing(**clock) if clock else None, **values)
