"""Makes accounts while the emulator runs, lends them out, and ends them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from plum_emulator.clock import AccountClock
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.engine.rules import Rules
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account, Number, Options, Origin, Seed
from plum_emulator.model.events import Event
from plum_emulator.scenario.wanted import Wanted
from plum_emulator.store.store import Store

_AREAS = [area for area in range(201, 990) if area % 100 != 11]
_EXCHANGES = [exchange for exchange in range(201, 1000) if exchange % 100 != 11 and exchange != 555]


class Leases:
    """The coming and going of accounts."""

    def __init__(self, *, store: Store, accounts: Accounts, lifecycle: Lifecycle, rules: Rules, ids: IdSource) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._rules = rules
        self._ids = ids
        self._leased = 0

    def make(self, wanted: Wanted) -> Account:
        """Make an account with the login and the numbers that were asked for. Raises NotPossible."""
        with self._store.reading():
            return self._made(wanted, wanted.seed, origin="asked")

    def lease(self, wanted: Wanted) -> Account:
        """Make an account with a login and numbers that nobody else has. Raises NotPossible."""
        with self._store.reading():
            seed = wanted.seed
            if not seed.username:
                seed = replace(seed, username=self._free_username())
            if not seed.password:
                password = (
                    self._ids.derived("password", seed.username) if self._ids.repeatable else secrets.token_hex(8)
                )
                seed = replace(seed, password=password[:16])
            if not seed.numbers:
                seed = replace(seed, numbers=self._free_numbers(seed, wanted))
            return self._made(wanted, seed, origin="leased")

    def change(self, account: Account, options: Options) -> None:
        """Treat the account in this way from now on, and after a reset too."""
        seed = replace(account.seed, options=options)
        with self._store.reading():
            with self._store.transaction():
                self._store.accounts.keep_seed(account.id, seed)
            account.seed = seed

    def end(self, account: Account) -> None:
        """The account is no more, with all that it owns.

        Raises NotPossible for one of the accounts file, and NotFound when it has ended already.
        """
        if account.origin == "file":
            raise NotPossible(
                f"account {account.username!r} comes from the accounts file and stays",
                hint="POST /_plum/reset empties it",
            )
        with self._store.reading():
            if self._accounts.named(account.username) is not account:
                raise NotFound(f"account {account.username!r} has ended already", hint="another has its name now")
            now = self._accounts.clock(account.id).now()
            with self._lifecycle.transaction():
                self._store.empty(account.id)
                self._store.events.delete_all(account.id)
                self._store.snapshots.delete_all(account.id)
                self._store.handsets.delete_all(account.id)
                self._store.accounts.delete(account.id)
                self._lifecycle.tell(Event(account=account.id, at=now, kind="end"))
            self._rules.forget(account.id)
            self._accounts.remove(account)

    def sweep(self) -> None:
        """End every leased account whose life-time is over."""
        now = self._accounts.machine.now()
        for account in self._accounts:
            if account.expires_at is not None and account.expires_at <= now:
                with suppress(NotFound):  # somebody was quicker
                    self.end(account)

    def _made(self, wanted: Wanted, seed: Seed, *, origin: Origin) -> Account:
        if self._accounts.has(seed.username):
            raise NotPossible(f"there is an account {seed.username!r} already", hint="choose another username")
        for number in seed.numbers:
            holder = self._accounts.holder(number.number)
            if holder:
                raise NotPossible(
                    f"{number.number} belongs to account {holder.username!r} already", hint="choose another number"
                )
        expires_at = None if wanted.lifetime is None else self._accounts.machine.now() + wanted.lifetime
        account = Account(id=0, seed=seed, origin=origin, ids_from=wanted.own_seed, expires_at=expires_at)
        clock = AccountClock(self._accounts.machine)
        clock.resume(self._accounts.first_timing(account))
        if seed.clock is not None:  # a reset goes back to the instant at which it begins
            account.seed = replace(seed, clock=clock.timing)
        with self._store.transaction():
            self._store.accounts.insert(account)
            self._store.accounts.keep_timing(account.id, clock.timing)
        account.numbers = {number.number: number for number in seed.numbers}
        self._accounts.add(account, clock.timing)
        return account

    def _free_username(self) -> str:
        while True:
            self._leased += 1
            if not self._accounts.has(f"lease-{self._leased}"):
                return f"lease-{self._leased}"

    def _free_numbers(self, seed: Seed, wanted: Wanted) -> tuple[Number, ...]:
        given: list[Number] = []
        for number in self._candidates(seed.username, wanted.own_seed):
            if not self._accounts.holder(number):
                given.append(Number(number=number, application_url=wanted.application_url))
            if len(given) >= wanted.count:
                break
        return tuple(given)

    def _candidates(self, username: str, own_seed: str) -> Iterator[str]:
        """Numbers that follow from the seed; none is in the exchange 555, where the magic numbers are."""
        place = 0
        while True:
            digits = int(self._ids.derived(f"number {place}", username, own_seed=own_seed), 16)
            digits, line = divmod(digits, 10_000)
            digits, exchange = divmod(digits, len(_EXCHANGES))
            yield f"1{_AREAS[digits % len(_AREAS)]}{_EXCHANGES[exchange]}{line:04d}"
            place += 1
