"""The accounts of the running emulator: who may log in, whose a number is, and what time it is for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from plum_emulator.clock import AccountClock, Clock, Timing
from plum_emulator.errors import NotFound
from plum_emulator.model.accounts import Account
from plum_emulator.values import did_you_mean, shown
from plum_emulator.wire.forms import read_basic

_LOGINS_KEPT = 1024
_LOGIN_LENGTH = 1000
_NO_TIMINGS: Mapping[int, Timing] = {}


class Accounts:
    """Kept in memory beside the tables, because every request asks. `timing` is how clocks go that were not set."""

    def __init__(
        self,
        accounts: list[Account],
        *,
        machine: Clock,
        timing: Timing | None = None,
        timings: Mapping[int, Timing] = _NO_TIMINGS,
    ) -> None:
        self.machine = machine
        first = AccountClock(machine)
        first.resume(timing or Timing())
        self._timing = first.timing  # with the instant at which it began: a reset goes back there
        self._nobodys = AccountClock(machine)
        self._clocks: dict[int, AccountClock] = {}
        self._by_id: dict[int, Account] = {}
        self._by_username: dict[str, Account] = {}
        self._by_number: dict[str, Account] = {}
        self._logins: dict[str, Account | None] = {}
        for account in accounts:
            self.add(account, timings.get(account.id))

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, account: Account, timing: Timing | None = None) -> None:
        """There is another account. Without a timing its clock begins as the seed says."""
        clock = AccountClock(self.machine, timing)
        if timing is None or timing.since is None:  # not yet begun, or left by another emulator
            clock.resume(timing or self.first_timing(account))
        self._clocks[account.id] = clock
        self._by_id[account.id] = account
        self._by_username[account.username] = account
        for number in account.numbers:
            self._by_number[number] = account
        self._logins = {}

    def remove(self, account: Account) -> None:
        """The account has ended."""
        del self._by_id[account.id], self._by_username[account.username], self._clocks[account.id]
        for number in account.numbers:
            self._by_number.pop(number, None)
        self._logins = {}

    def first_timing(self, account: Account) -> Timing:
        """How the account's clock goes when it begins, and after a reset."""
        return account.seed.clock or self._timing

    def login(self, authorization: str) -> Account | None:
        """Whose Basic authorization header this is; None when it is nobody's."""
        logins = self._logins
        try:
            return logins[authorization]
        except KeyError:
            account = self._checked(authorization)
        if len(logins) >= _LOGINS_KEPT:
            logins.clear()
        if len(authorization) <= _LOGIN_LENGTH:
            logins[authorization] = account
        return account

    def named(self, username: str) -> Account:
        """The account of this name, or the first one for "". Raises NotFound."""
        if not username:
            return next(iter(self._by_id.values()))
        account = self._by_username.get(username)
        if account is None:
            raise NotFound(f"there is no account {shown(username)}", hint=self._which(username))
        return account

    def has(self, username: str) -> bool:
        """Whether there is an account of this name."""
        return username in self._by_username

    def by_id(self, id_: int) -> Account:
        """The account with this internal id."""
        return self._by_id[id_]

    def is_there(self, id_: int) -> bool:
        """Whether the account with this internal id has not ended."""
        return id_ in self._by_id

    def holder(self, number: str) -> Account | None:
        """Whose number this is, also a PCI number."""
        return self._by_number.get(number)

    def owner(self, number: str) -> Account | None:
        """Who has this SMS number; None when it is a handset's, or a PCI number."""
        account = self._by_number.get(number)
        return account if account and account.can_text(number) else None

    def clock(self, account: int) -> AccountClock:
        """The account's clock."""
        return self._clocks.get(account, self._nobodys)

    def duration(self, account: Account | None, milliseconds: float) -> float:
        """How long something took in the account's time: on a clock that stands still, no time at all.

        So the same run leaves the same journal.
        """
        return 0.0 if account and self.clock(account.id).manual else milliseconds

    @contextmanager
    def changing_clock(self, account: int) -> Iterator[AccountClock]:
        """The account's clock; it goes on as before when the block fails. Inside `Store.reading()`."""
        clock = self.clock(account)
        before = clock.timing
        try:
            yield clock
        except BaseException:
            clock.timing = before
            raise

    def forget_reserved(self) -> None:
        """After a rollback nobody knows which ids are reserved: reserve anew before the next one."""
        for account in self:
            account.reserved = 0

    def _which(self, username: str) -> str:
        if len(self._by_username) > 10:
            return did_you_mean(username, list(self._by_username)[:1000])[:200]
        return f"there are: {', '.join(self._by_username)}"

    def _checked(self, authorization: str) -> Account | None:
        login = read_basic(authorization)
        account = self._by_username.get(login[0]) if login else None
        return account if account and login and account.seed.password == login[1] else None
