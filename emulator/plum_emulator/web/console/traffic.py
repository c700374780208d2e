"""Traffic: every exchange of an account, one of them whole, again or edited; and callbacks, held and let go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, request

from plum_emulator.clock import LATEST
from plum_emulator.engine.workbench import Edit, Pending
from plum_emulator.errors import NotFound, NotPossible, Refusal
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.values import Values, shown
from plum_emulator.web.console.bodies import editable, shown_body, visible, with_lf
from plum_emulator.web.console.pages import Pages, RegionOf, Route
from plum_emulator.wire.curl import curl_line
from plum_emulator.wire.forms import Fields

OPERATIONS = ("queue", "status", "messages", "conversation", "callback", "inbound")

_PAGE = 50
_LOOKED_THROUGH = 10_000
_CALLBACKS = 50
_MESSAGES = 20
_EDITABLE = 64 * 1024
_SECONDS_MOST = 366 * 86400
_NUMBER = "<int(max=999999999999999999):number>"
_FILTERS: dict[str, tuple[str, ...]] = {
    "operation": OPERATIONS,
    "direction": ("in", "out"),
    "bad": ("1",),
    "whose": ("nobody",),
}
_STATES = {
    "scheduled": "goes out by itself",
    "in hand": "on its way",
    "behind": "waits for the one before",
    "held": "held",
    "kept back": "waits for the next one",
}
_MESSAGE_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
# What was sent is data: whatever a browser makes of it, it may do nothing.
_AS_IT_CAME = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class TrafficPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._platform = pages.emulator.platform
        self._bench = pages.emulator.workbench

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        here, callback = "/console/traffic", f"/console/traffic/callbacks/{_NUMBER}"
        return [
            ("GET", here, self.traffic),
            ("GET", f"{here}/{_NUMBER}", self.exchange),
            ("GET", f"{here}/{_NUMBER}/<any(request, answer):side>", self.raw),
            ("POST", f"{here}/{_NUMBER}/replay", self.replay),
            ("POST", f"{here}/hold", self.hold),
            ("POST", f"{here}/let-go", self.let_go),
            ("POST", f"{here}/release", self.release_all),
            ("GET", callback, self.callback),
            ("POST", f"{callback}/release", self.release),
            ("POST", f"{callback}/duplicate", self.duplicate),
            ("POST", f"{callback}/drop", self.drop),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {"traffic": self._newest, "callbacks": self._callbacks}

    def traffic(self) -> Response:
        """Exchanges, the newest first, and what is done with callbacks."""
        account = self._pages.account()
        asked = _asked(request.args)
        before, after = _place("before"), _place("after")
        older = {} if before is after is None else self._listed(account, asked, before=before, after=after)
        values = {"asked": asked, "operations": OPERATIONS, "older": bool(older), **older}
        return self._pages.page("traffic", account, named=request.args.get("account", ""), **values)

    def exchange(self, number: int) -> Response:
        """One exchange, request and answer whole."""
        account = self._pages.account()
        exchange = self._found(account, number)
        login = f"{account.username}:{account.seed.password}" if exchange.account else None
        again = exchange.direction == "out" and exchange.message is not None
        return self._pages.page(
            "exchange",
            account,
            exchange=exchange,
            whose=_whose(),
            request_body=shown_body(exchange.request_body, exchange.request_headers),
            answer_body=shown_body(exchange.response_body, exchange.response_headers),
            status_line=_status_line(exchange),
            messages=self._messages_in(account, exchange) if exchange.account else [],
            curl=curl_line(exchange, base=request.host_url.rstrip("/"), login=login),
            again=again,
            body=_to_edit(exchange.request_body) if again else None,
            visible=visible,
        )

    def raw(self, number: int, side: str) -> Response:
        """A body as it came, all of it."""
        exchange = self._found(self._pages.account(), number)
        body = exchange.request_body if side == "request" else exchange.response_body
        return Response(body, headers=_AS_IT_CAME)

    def replay(self, number: int) -> Response:
        """Make a request once more, as it was or edited, and go on to what came of it."""
        account = self._pages.account()
        exchange = self._found(account, number)
        edit = _edit(self._pages.form(), url=exchange.url, body=exchange.request_body)

        async def work() -> Response:
            made = await self._bench.replay(account, number, edit=edit)
            return self._to_exchange(made)

        return self._pages.later(account, work)

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

        async def work() -> Response:
            await self._bench.release(account)
            return self._back()

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
            body=_to_edit(pending.request.body),
            visible=visible,
        )

    def release(self, number: int) -> Response:
        """Send one callback now; edited, and on to what came of it, when the form has fields to edit."""
        account, form = self._pages.account(), self._pages.form()
        edit = Edit()
        if "url" in form:
            request_now = self._pending(account, number).request
            edit = _edit(form, url=request_now.url, body=request_now.body)

        async def work() -> Response:
            sent = await self._bench.release(account, [number], edit=edit)
            return self._to_exchange(sent[0]) if sent and "url" in form else self._back()

        return self._pages.later(account, work)

    def duplicate(self, number: int) -> Response:
        """Hold another callback that says the same."""
        self._bench.duplicate(self._pages.account(), number)
        return self._back()

    def drop(self, number: int) -> Response:
        """Never send this callback."""
        self._bench.drop(self._pages.account(), number)
        return self._back()

    def _newest(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        return self._listed(account, _asked(arguments), before=None, after=None)

    def _listed(
        self, account: Account, asked: Mapping[str, str], *, before: int | None, after: int | None
    ) -> dict[str, Any]:
        page = self._platform.exchanges(
            None if "whose" in asked else account,
            limit=_PAGE,
            before=before,
            after=after,
            filter=ExchangeFilter(
                operation=asked.get("operation"),
                direction="in" if asked.get("direction") == "in" else "out" if "direction" in asked else None,
                bad="bad" in asked,
            ),
            through=_LOOKED_THROUGH,
        )
        return {"page": page, "asked": asked, "full": len(page.rows) == _PAGE, "visible": visible}

    def _callbacks(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        pending = self._bench.pending(account)
        return {
            "holding": account.holding,
            "rows": [(each, _STATES[each.due.state], _due(each)) for each in pending[:_CALLBACKS]],
            "more": max(0, len(pending) - _CALLBACKS),
            "held": sum(each.due.state == "held" for each in pending),
            "visible": visible,
        }

    def _found(self, account: Account, number: int) -> Exchange:
        nobodys = _whose() == "nobody"
        page = self._platform.exchanges(None if nobodys else account, limit=1, before=number + 1)
        if not page.rows or page.rows[0].n != number:
            whose = "logins that are nobody's have" if nobodys else f"account {account.username!r} has"
            raise NotFound(f"{whose} no exchange {number}", hint="Traffic lists those that there are")
        return page.rows[0]

    def _pending(self, account: Account, number: int) -> Pending:
        found = next((each for each in self._bench.pending(account) if each.due.id == number), None)
        if found is None:
            raise NotFound(
                f"account {account.username!r} has no callback {number} that has not ended",
                hint="Traffic lists those that there are",
            )
        return found

    def _messages_in(self, account: Account, exchange: Exchange) -> list[str]:
        """The account's messages that the exchange names, in its order."""
        texts = (exchange.url.encode(), exchange.request_body[:_EDITABLE], exchange.response_body[:_EDITABLE])
        named = dict.fromkeys(match.decode() for text in texts for match in _MESSAGE_ID.findall(text))
        return [id_ for id_ in list(named)[:_MESSAGES] if self._is_message(account, id_)]

    def _is_message(self, account: Account, sms_message_id: str) -> bool:
        try:
            self._platform.message(account, sms_message_id)
        except Refusal:
            return False
        return True

    def _to_exchange(self, exchange: Exchange) -> Response:
        return self._pages.to(f"/console/traffic/{exchange.n}")

    def _back(self) -> Response:
        return self._pages.to("/console/traffic")


def _asked(arguments: Mapping[str, str]) -> dict[str, str]:
    """The filters that are set. Raises NotPossible for a word that none takes."""
    given = {name: arguments[name] for name in _FILTERS if arguments.get(name)}
    values = Values(given, _FILTERS)
    for name, choices in _FILTERS.items():
        values.one_of(name, choices)
    return given


def _whose() -> str:
    return _asked({"whose": request.args.get("whose", "")}).get("whose", "")


def _place(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotPossible(f"{name} = {text[:40]!r} is no place in the traffic", hint="begin anew at Traffic")
    return int(text)


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


def _to_edit(body: bytes) -> str | None:
    """A body as its text field has it; None for one that is too long for that."""
    return editable(body) if len(body) <= _EDITABLE else None


def _edit(form: Fields, *, url: str, body: bytes) -> Edit:
    """What the form makes different from this URL and body."""
    written, was = with_lf(form.get("body", "")), _to_edit(body)
    changed = "body" in form and written != was
    return Edit(
        url=form["url"].strip() if "url" in form and form["url"] != url else None,
        body=(written.replace("\n", "\r\n") if b"\r\n" in body else written) if changed else None,
        headers=_headers(form.get("headers", "")),
    )


def _headers(text: str) -> Headers:
    """Headers, one on each line: `Name: value`."""
    lines = [line for line in with_lf(text).split("\n") if line.strip()]
    pairs = [line.partition(":") for line in lines]
    for line, (_, colon, _value) in zip(lines, pairs, strict=True):
        if not colon:
            raise NotPossible(f"{line[:40]!r} is not a header", hint="write one on each line, as in X-Retry: 1")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _due(pending: Pending) -> int | None:
    """When it goes out by itself; None when that depends on something else."""
    due = pending.due
    return due.due_at if due.state in ("scheduled", "held") and due.due_at < LATEST else None


def _status_line(exchange: Exchange) -> str:
    if exchange.status is None:
        return ""
    try:
        return f"{exchange.status} {HTTPStatus(exchange.status).phrase}"
    except ValueError:
        return str(exchange.status)
