"""Traffic: every exchange of an account, and one of them whole, once more or edited."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response, request

from plum_emulator.errors import NotFound, NotPossible, Refusal
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.listings import LOOKED_THROUGH, ExchangeFilter
from plum_emulator.scenario.rules import SERVICES
from plum_emulator.values import Values
from plum_emulator.web.console.bodies import shown_body
from plum_emulator.web.console.edits import NUMBER, TRAFFIC, read_edit, to_edit, to_exchange
from plum_emulator.web.console.exchanges import about, what
from plum_emulator.web.console.pages import Pages, RegionOf, Route, View, status_line
from plum_emulator.wire.curl import curl_line

OPERATIONS = (*SERVICES, "callback", "inbound", "sink")

_PAGE = 50
_MESSAGES = 20
_SEARCHED = 64 * 1024
_FILTERS: dict[str, tuple[str, ...]] = {
    "operation": OPERATIONS,
    "direction": ("in", "out"),
    "bad": ("1",),
    "whose": ("nobody",),
}
_MESSAGE_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


class TrafficPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._platform = pages.emulator.platform
        self._bench = pages.emulator.workbench

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        one = f"{TRAFFIC}/{NUMBER}"
        return [
            ("GET", TRAFFIC, self.traffic),
            ("GET", one, self.exchange),
            ("GET", f"{one}/<any(request, answer):side>", self.raw),
            ("POST", f"{one}/replay", self.replay),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {"traffic": self._newest}

    def traffic(self) -> Response:
        """Exchanges, the newest first, below the callbacks."""
        account = self._pages.account()
        asked = _asked(request.args)
        before, after = _place("before"), _place("after")
        older = {} if before is after is None else self._listed(account, asked, before=before, after=after)
        values = {"asked": asked, "operations": OPERATIONS, "older": bool(older), **older}
        return self._pages.page("traffic", account, **values)

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
            words=what(exchange),
            replay_of=self._replayed(account, exchange),
            request_body=shown_body(exchange.request_body, exchange.request_headers),
            answer_body=shown_body(exchange.response_body, exchange.response_headers),
            status_line=status_line(exchange.status),
            messages=self._messages_in(account, exchange) if exchange.account else [],
            curl=curl_line(exchange, base=request.host_url.rstrip("/"), login=login),
            again=again,
            body=to_edit(exchange.request_body) if again else None,
        )

    def raw(self, number: int, side: str) -> Response:
        """A body as it came, all of it."""
        exchange = self._found(self._pages.account(), number)
        return self._pages.as_it_is(exchange.request_body if side == "request" else exchange.response_body)

    def replay(self, number: int) -> Response:
        """Make a request once more, as it was or edited, and go on to what came of it."""
        account = self._pages.account()
        exchange = self._found(account, number)
        edit = read_edit(self._pages.form(), url=exchange.url, body=exchange.request_body)

        async def work() -> View:
            made = await self._bench.replay(account, number, edit=edit)
            return partial(to_exchange, self._pages, made, replay_of=number)

        return self._pages.later(account, work)

    def _replayed(self, account: Account, exchange: Exchange) -> int | None:
        """The exchange that this one repeats, as the address has it; None when it cannot have been that."""
        text = request.args.get("replay_of", "")
        if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text) < exchange.n):
            return None
        page = self._platform.exchanges(account, limit=1, before=int(text) + 1)
        same = [(each.n, each.operation, each.message) for each in page.rows]
        return int(text) if same == [(int(text), exchange.operation, exchange.message)] else None

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
            through=LOOKED_THROUGH,
        )
        return {"page": page, "asked": asked, "full": len(page.rows) == _PAGE, "about": about}

    def _found(self, account: Account, number: int) -> Exchange:
        nobodys = _whose() == "nobody"
        page = self._platform.exchanges(None if nobodys else account, limit=1, before=number + 1)
        if not page.rows or page.rows[0].n != number:
            whose = "logins that are nobody's have" if nobodys else f"account {account.username!r} has"
            raise NotFound(f"{whose} no exchange {number}", hint="Traffic lists those that there are")
        return page.rows[0]

    def _messages_in(self, account: Account, exchange: Exchange) -> list[str]:
        """The account's messages that the exchange names, in its order."""
        texts = (exchange.url.encode(), exchange.request_body[:_SEARCHED], exchange.response_body[:_SEARCHED])
        named = dict.fromkeys(match.decode() for text in texts for match in _MESSAGE_ID.findall(text))
        return [id_ for id_ in list(named)[:_MESSAGES] if self._is_message(account, id_)]

    def _is_message(self, account: Account, sms_message_id: str) -> bool:
        try:
            self._platform.message(account, sms_message_id)
        except Refusal:
            return False
        return True


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
