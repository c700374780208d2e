"""The workbench for callbacks: hold, release, edit, duplicate, drop, replay."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from plum_emulator.engine.emulator import Emulator
from plum_emulator.engine.workbench import Edit
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.values import Values, shown
from plum_emulator.web.control.asking import Route, account_of, base, login, values_of
from plum_emulator.web.later import json_answer, later
from plum_emulator.web.views import pending_view
from plum_emulator.wire.views import exchange_view

_EDIT = ("url", "body", "headers")
_EDITED = '{"url": "…", "body": "…", "headers": {"X-Name": "value"}}, each if it is to be different'
_SENT = 50
_CALLBACKS = ExchangeFilter(operation="callback")


class CallbackRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._bench = emulator.workbench

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/callbacks", self.callbacks),
            ("PUT", "/callbacks", self.hold),
            ("POST", "/callbacks/release", self.release_many),
            ("POST", "/callbacks/<int:id_>/release", self.release),
            ("POST", "/callbacks/<int:id_>/duplicate", self.duplicate),
            ("DELETE", "/callbacks/<int:id_>", self.drop),
            ("POST", "/exchanges/<int:n>/replay", self.replay),
        ]

    def callbacks(self) -> Response:
        """Whether callbacks are held, those that have not ended, and the newest attempts."""
        return json_answer(self._shown(self._account()))

    def hold(self) -> Response:
        """Hold callbacks back from now on, or no more."""
        account = self._account()
        values = values_of('{"hold": true, "timeout": 30}', ("hold", "timeout"))
        values.required("hold")
        timeout = values.milliseconds("timeout")
        if values.flag("hold"):
            self._bench.hold(account, timeout=timeout)
        elif timeout is not None:
            raise NotPossible("'timeout' goes with 'hold': true", hint='for example {"hold": true, "timeout": 30}')
        else:
            self._bench.let_go(account)
        return json_answer(self._shown(account))

    def release_many(self) -> Response:
        """Send held callbacks now, in the order of `ids`, or all; what came of each."""
        values = values_of('{"ids": [3, 1]}, or nothing for all', ("ids",), empty={})
        return self._release(_ids(values), Edit())

    def release(self, id_: int) -> Response:
        """Send one held callback now, as it is or edited."""
        return self._release([id_], _edit(values_of(_EDITED, _EDIT, empty={})))

    def duplicate(self, id_: int) -> Response:
        """Hold another callback that says the same."""
        account = self._account()
        copy = self._bench.duplicate(account, id_)
        pending = next(each for each in self._bench.pending(account) if each.due.id == copy.id)
        return json_answer(pending_view(pending), 201)

    def drop(self, id_: int) -> Response:
        """Never send this callback."""
        self._bench.drop(self._account(), id_)
        return json_answer({"callback": id_, "status": "dropped"})

    def replay(self, n: int) -> Response:
        """Make a callback or an inbound post of the journal again, as it was or edited."""
        account, edit = self._account(), _edit(values_of(_EDITED, _EDIT, empty={}))
        url, with_login = base(), login(account)

        async def work() -> Response:
            exchange = await self._bench.replay(account, n, edit=edit)
            return json_answer(exchange_view(exchange, base=url, login=with_login))

        return later(work, now=lambda: self._emulator.platform.now(account))

    def _release(self, ids: Sequence[int] | None, edit: Edit) -> Response:
        account = self._account()
        url, with_login = base(), login(account)

        async def work() -> Response:
            sent = await self._bench.release(account, ids, edit=edit)
            return json_answer({"callbacks": [exchange_view(each, base=url, login=with_login) for each in sent]})

        return later(work, now=lambda: self._emulator.platform.now(account))

    def _shown(self, account: Account) -> dict[str, object]:
        holding = account.holding
        sent = self._emulator.platform.exchanges(account, limit=_SENT, filter=_CALLBACKS).rows
        return {
            "hold": holding is not None,
            "timeout": None if holding is None or holding.timeout is None else holding.timeout / 1000,
            "pending": [pending_view(pending) for pending in self._bench.pending(account)],
            "attempts": [exchange_view(each, base=base(), login=login(account)) for each in sent],
        }

    def _account(self) -> Account:
        return account_of(self._emulator.accounts)


def _ids(values: Values) -> list[int] | None:
    ids = values["ids"]
    if ids is None:
        return None
    if not isinstance(ids, list) or not all(type(id_) is int and 0 < id_ < 2**63 for id_ in ids):
        raise values.wrong("ids", "a list of ids of callbacks")
    return ids


def _edit(values: Values) -> Edit:
    headers = values["headers"]
    if headers is None:
        headers = {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise NotPossible(
            f"'headers' is {shown(headers)}, but an object of strings was expected", hint='for example {"X-Retry": "1"}'
        )
    return Edit(url=values.text("url"), body=values.text("body"), headers=tuple(headers.items()))
