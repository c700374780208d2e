"""Accounts and their numbers, as rows."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from sqlite_utils import Database

from plum_emulator.errors import AccountsFileError
from plum_emulator.model.accounts import Account, Number, Seed


class Accounts:
    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> list[Account]:
        """Every account with its numbers, in the order they were made."""
        accounts = [
            Account(id=id_, seed=_seed(seed), issued=reserved, reserved=reserved)
            for id_, seed, reserved in self._db.execute("SELECT id, seed, reserved FROM accounts ORDER BY id")
        ]
        for account in accounts:
            account.numbers = self._numbers(account.id)
        return accounts

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
        present = self._numbers(account.id)
        if tuple(present.values()) != account.seed.numbers:
            self._put_numbers(account.id, account.seed.numbers)
            present = self._numbers(account.id)
        return present

    def set_application(self, number: str, url: str) -> None:
        """Where texts to this number are posted from now on; "" for nowhere."""
        self._db.execute("UPDATE numbers SET application_url = ? WHERE number = ?", (url, number))

    def reserve(self, account: int, ids: int) -> None:
        """Remember that the account's ids up to this count may have been given."""
        self._db.execute("UPDATE accounts SET reserved = ? WHERE id = ?", (ids, account))

    def _insert(self, seed: Seed) -> None:
        cursor = self._db.execute(
            "INSERT INTO accounts (username, seed) VALUES (?, ?)", (seed.username, json.dumps(asdict(seed)))
        )
        self._put_numbers(int(cursor.lastrowid or 0), seed.numbers)

    def _replant(self, old: Account, new: Seed) -> None:
        planted = {number.number: number.application_url for number in old.seed.numbers}
        numbers = [
            replace(number, application_url=old.numbers[number.number].application_url)
            if planted.get(number.number) == number.application_url
            else number
            for number in new.numbers
        ]
        self._db.execute("UPDATE accounts SET seed = ? WHERE id = ?", (json.dumps(asdict(new)), old.id))
        self._put_numbers(old.id, numbers)

    def _put_numbers(self, account: int, numbers: tuple[Number, ...] | list[Number]) -> None:
        self._db.execute("DELETE FROM numbers WHERE account = ?", (account,))
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

    def _numbers(self, account: int) -> dict[str, Number]:
        rows = self._db.execute(
            "SELECT number, application_url, pci FROM numbers WHERE account = ? ORDER BY place", (account,)
        )
        return {number: Number(number=number, application_url=url, pci=bool(pci)) for number, url, pci in rows}


def _seed(text: str) -> Seed:
    values = json.loads(text)
    numbers = tuple(Number(**number) for number in values.pop("numbers"))
    return Seed(numbers=numbers, **values)
