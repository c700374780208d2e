"""Accounts that come and go: made, leased, changed, ended, and brought from another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from plum_emulator.client.calls import Calls, Json, given, in_path, json_of
from plum_emulator.client.failures import BadCall

Numbers = Sequence[str | Mapping[str, Any]]
AnyClient = TypeVar("AnyClient", bound="AccountCalls")


class AccountCalls(Calls):
    """The accounts of the emulator, not only the client's own."""

    __slots__ = ()

    def accounts(self) -> list[Json]:
        """Every account."""
        found: list[Json] = self._control("GET", "/accounts")["accounts"]
        return found

    def account(self, username: str = "") -> Json:
        """One account: the client's own, or another."""
        return self._control("GET", _of(username or self.username))

    def make_account(
        self,
        username: str,
        *,
        password: str,
        numbers: Numbers,
        application_url: str | None = None,
        demo: bool | None = None,
        opted_out: str | None = None,
        clock: str | Mapping[str, Any] | None = None,
        seed: str | None = None,
        **options: float | None,
    ) -> Json:
        """Make an account with a login and numbers of your choice. `as_account` gives a client for it.

        `options` are how it is treated, `sent_after=5` for example, as in the accounts file.
        """
        login = {"username": username, "password": password, "numbers": list(numbers)}
        more = given(application_url=application_url, demo=demo, opted_out=opted_out, clock=clock, seed=seed)
        return self._control("POST", "/accounts", {**login, **more, **given(**options)})

    def lease(
        self,
        *,
        username: str | None = None,
        password: str | None = None,
        numbers: int | Numbers | None = None,
        application_url: str | None = None,
        demo: bool | None = None,
        opted_out: str | None = None,
        clock: str | Mapping[str, Any] | None = None,
        seed: str | None = None,
        lifetime: float | None = None,
        **options: float | None,
    ) -> Lease[Self]:
        """Make an account with a login and numbers that nobody else has, one number by default.

        In a `with` block it ends with the block; else with `end`, or after `lifetime` seconds.
        """
        own = given(username=username, password=password, numbers=numbers, application_url=application_url)
        more = given(demo=demo, opted_out=opted_out, clock=clock, seed=seed, lifetime=lifetime)
        details = self._control("POST", "/accounts/lease", {**own, **more, **given(**options)})
        return Lease(client=self.as_account(details["username"], password=details["password"]), details=details)

    def change_account(self, username: str = "", **options: float | None) -> Json:
        """Treat an account in another way from now on, `sent_after=5` for example; None is the emulator's own way."""
        return self._control("PATCH", _of(username or self.username), options)

    def end_account(self, username: str) -> None:
        """The account is no more, with everything that it owns."""
        self._control("DELETE", _of(username))

    def export_account(self) -> bytes:
        """The account with everything that it owns, as a file that `import_account` and `serve --database` take."""
        return self._asked("GET", "/export/account").body

    def import_account(self, file: bytes, *, username: str = "") -> Json:
        """Make the account that an exported file holds, under another name if you give one."""
        return json_of(self._asked("POST", "/accounts/import", file, query={"username": username}))

    def as_account(self, username: str, *, password: str) -> Self:
        """A client of another account of the same emulator."""
        other = replace(self, username=username, password=password)
        object.__setattr__(other, "_connections", self._connections)  # the emulator is the same
        return other


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease(Generic[AnyClient]):
    """An account of one's own. `details` is all that the emulator said of it; `client` is a client of it."""

    client: AnyClient
    details: Json

    @property
    def username(self) -> str:
        """Its login."""
        return self.client.username

    @property
    def password(self) -> str:
        """Its password."""
        return self.client.password

    @property
    def numbers(self) -> list[str]:
        """Its SMS numbers."""
        return list(self.details["numbers"])

    @property
    def number(self) -> str:
        """The first of its SMS numbers."""
        return self.numbers[0]

    @property
    def base_url(self) -> str:
        """Where Plum's services are: what the application under test is told."""
        return str(self.details["base_url"])

    @property
    def sink_url(self) -> str:
        """A result URL that takes everything, and keeps it."""
        return str(self.details["sink_url"])

    def end(self) -> None:
        """End the account, if it has not ended."""
        with suppress(BadCall):
            self.client.end_account(self.username)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _of(username: str) -> str:
    return f"/accounts/{in_path(username)}"
