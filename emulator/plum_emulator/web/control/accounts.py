"""Accounts that come and go: made, leased, changed, ended, and brought from another machine."""

from __future__ import annotations

from dataclasses import fields, replace

from flask import Response, request

from plum_emulator.engine.emulator import Emulator
from plum_emulator.model.accounts import Options
from plum_emulator.scenario.wanted import OPTIONS, read_account, read_lease, read_options
from plum_emulator.web.control.asking import Route, base, json_body, refuse_large, values_of
from plum_emulator.web.gateway import BODY
from plum_emulator.web.later import json_answer
from plum_emulator.web.views import account_view

_EXAMPLE = '{"username": "clinic", "password": "secret", "numbers": ["16175550101"]}'


class AccountRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._accounts = emulator.accounts

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/accounts", self.accounts),
            ("POST", "/accounts", self.make),
            ("POST", "/accounts/lease", self.lease),
            ("POST", "/accounts/import", self.import_account),
            ("GET", "/accounts/<username>", self.account),
            ("PATCH", "/accounts/<username>", self.change),
            ("DELETE", "/accounts/<username>", self.end),
        ]

    def accounts(self) -> Response:
        """Every account."""
        shown = [account_view(account, self._accounts, base=base()) for account in self._accounts]
        return json_answer({"accounts": shown})

    def make(self) -> Response:
        """Make an account with a login and numbers of the caller's choice."""
        account = self._emulator.leases.make(read_account(json_body(_EXAMPLE)))
        return json_answer(account_view(account, self._accounts, base=base()), 201)

    def lease(self) -> Response:
        """Make an account with a login and numbers that nobody else has."""
        account = self._emulator.leases.lease(read_lease(json_body('{"clock": "manual"}', empty={})))
        return json_answer(account_view(account, self._accounts, base=base()), 201)

    def import_account(self) -> Response:
        """Make the account that an exported file holds."""
        refuse_large("256 MiB")
        account = self._emulator.snapshots.read(request.environ[BODY], username=request.args.get("username", ""))
        return json_answer(account_view(account, self._accounts, base=base()), 201)

    def account(self, username: str) -> Response:
        """One account."""
        return json_answer(account_view(self._accounts.named(username), self._accounts, base=base()))

    def change(self, username: str) -> Response:
        """Treat the account in another way from now on; null is the emulator's own setting."""
        account = self._accounts.named(username)
        values = values_of('{"callback_attempts": 3}', OPTIONS)
        said = read_options(values)
        options = replace(
            account.options,
            **{field.name: getattr(said, field.name) for field in fields(Options) if field.name in values},
        )
        self._emulator.leases.change(account, options)
        return json_answer(account_view(account, self._accounts, base=base()))

    def end(self, username: str) -> Response:
        """The account is no more, with everything that it owns."""
        self._emulator.leases.end(self._accounts.named(username))
        return json_answer({"account": username, "status": "ended"})
