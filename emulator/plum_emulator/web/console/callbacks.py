"""Callbacks that have not ended: held and let go, and one of them edited, sent, doubled or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response

from plum_emulator.clock import LATEST
from plum_emulator.engine.workbench import Edit, Pending
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.values import shown
from plum_emulator.web.console.edits import NUMBER, TRAFFIC, read_edit, to_edit, to_exchange
from plum_emulator.web.console.pages import Pages, RegionOf, Route, View

_SHOWN = 50
_SECONDS_MOST = 366 * 86400
_STATES = {
    "scheduled": "goes out by itself",
    "in hand": "on its way",
    "behind": "waits for the one before",
    "held": "held",
    "kept back": "waits for the next one",
}


class CallbackPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._bench = pages.emulator.workbench

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        one = f"{TRAFFIC}/callbacks/{NUMBER}"
        return [
            ("POST", f"{TRAFFIC}/hold", self.hold),
            ("POST", f"{TRAFFIC}/let-go", self.let_go),
            ("POST", f"{TRAFFIC}/release", self.release_all),
            ("GET", one, self.callback),
            ("POST", f"{one}/release", self.release),
            ("POST", f"{one}/duplicate", self.duplicate),
            ("POST", f"{one}/drop", self.drop),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {"callbacks": self._callbacks}

    def hold(self) -> Response:
        """Hold callbacks back from now on."""
        account = self._pages.account()
        self._bench.hold(account, timeout=_milliseconds(self._pages.form().get("seconds", "")))
        return self._back()

    def let_go(self) -> Response:
        """Hold callbacks back no more."""
        self._bench.let_go(self._pages.account())
        return self._back()

    def release_all(self) -> Response:
        """Send everything that is held."""
        account = self._pages.account()

        async def work() -> View:
            await self._bench.release(account)
            return self._back

        return self._pages.later(account, work)

    def callback(self, number: int) -> Response:
        """One callback that has not ended, to be edited."""
        account = self._pages.account()
        pending = self._pending(account, number)
        return self._pages.page(
            "callback",
            account,
            pending=pending,
            state=_STATES[pending.due.state],
            due=_due(pending),
            body=to_edit(pending.request.body),
        )

    def release(self, number: int) -> Response:
        """Send one callback now; edited, and on to what came of it, when the form has fields to edit."""
        account, form = self._pages.account(), self._pages.form()
        edit = Edit()
        if "url" in form:
            request_now = self._pending(account, number).request
            edit = read_edit(form, url=request_now.url, body=request_now.body)

        async def work() -> View:
            sent = await self._bench.release(account, [number], edit=edit)
            return partial(to_exchange, self._pages, sent[0]) if sent and "url" in form else self._back

        return self._pages.later(account, work)

    def duplicate(self, number: int) -> Response:
        """Hold another callback that says the same."""
        self._bench.duplicate(self._pages.account(), number)
        return self._back()

    def drop(self, number: int) -> Response:
        """Never send this callback."""
        self._bench.drop(self._pages.account(), number)
        return self._back()

    def _callbacks(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        pending = self._bench.pending(account)
        return {
            "holding": account.holding,
            "rows": [(each, _STATES[each.due.state], _due(each)) for each in pending[:_SHOWN]],
            "more": max(0, len(pending) - _SHOWN),
            "held": sum(each.due.state == "held" for each in pending),
        }

    def _pending(self, account: Account, number: int) -> Pending:
        found = next((each for each in self._bench.pending(account) if each.due.id == number), None)
        if found is None:
            raise NotFound(
                f"account {account.username!r} has no callback {number} that has not ended",
                hint="Traffic lists those that there are",
            )
        return found

    def _back(self) -> Response:
        return self._pages.to(TRAFFIC)


def _milliseconds(seconds: str) -> int | None:
    """What a field for seconds says; None when it is empty."""
    if not seconds.strip():
        return None
    try:
        written = float(seconds)
    except ValueError:
        written = -1.0
    if not 0 <= written <= _SECONDS_MOST:
        raise NotPossible(
            f"{shown(seconds)} is no number of seconds from 0 to {_SECONDS_MOST}",
            hint="for example 30, or nothing for no limit",
        )
    return round(written * 1000)


def _due(pending: Pending) -> int | None:
    """When it goes out by itself; None when that depends on something else."""
    due = pending.due
    return due.due_at if due.state in ("scheduled", "held") and due.due_at < LATEST else None
