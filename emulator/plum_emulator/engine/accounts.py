"""The accounts of the running emulator: who may log in, whose a number is, and what time it is for each."""

from __future__ import annotations

from collections.abc import Iterator

from plum_emulator.clock import Clock
from plum_emulator.errors import NotFound
from plum_emulator.model.accounts import Account
from plum_emulator.wire.forms import read_basic

_LOGINS_KEPT = 1024


class Accounts:
    """Kept in memory beside the tables, because every request asks."""

    def __init__(self, accounts: list[Account], *, clock: Clock) -> None:
        self._clock = clock
        self._clocks: dict[int, Clock] = {}
        self._by_id = {account.id: account for account in accounts}
        self._by_username = {account.username: account for account in accounts}
        self._by_number = {number: account for account in accounts for number in account.numbers}
        self._logins: dict[str, Account | None] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def login(self, authorization: str) -> Account | None:
        """Whose Basic authorization header this is; None when it is nobody's."""
        try:
            return self._logins[authorization]
        except KeyError:
            account = self._checked(authorization)
        if len(self._logins) >= _LOGINS_KEPT:
            self._logins.clear()
        self._logins[authorization] = account
        return account

    def named(self, username: str) -> Account:
        """The account of this name, or the first one for "". Raises NotFound."""
        if not username:
            return next(iter(self._by_id.values()))
        account = self._by_username.get(username)
        if account is None:
            raise NotFound(f"there is no account {username!r}", hint=f"there are: {', '.join(self._by_username)}")
        return account

    def by_id(self, id_: int) -> Account:
        """The account with this internal id."""
        return self._by_id[id_]

    def owner(self, number: str) -> Account | None:
        """Who has this SMS number; None when it is a handset's, or a PCI number."""
        account = self._by_number.get(number)
        return account if account and account.can_text(number) else None

    def clock(self, account: int) -> Clock:
        """The account's clock."""
        return self._clocks.get(account, self._clock)

    def forget_reserved(self) -> None:
        """After a rollback nobody knows which ids are reserved: reserve anew before the next one."""
        for account in self._by_id.values():
            account.reserved = 0

    def _checked(self, authorization: str) -> Account | None:
        login = read_basic(authorization)
        account = self._by_username.get(login[0]) if login else None
        return account if account and login and account.seed.password == login[1] else None
