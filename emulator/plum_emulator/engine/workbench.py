"""The workbench for callbacks: hold and let go, send again, send twice, drop, in any order, as they were or edited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.advance import Advances
from plum_emulator.engine.deliveries import REPLAYED, Deliveries, Delivery
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.engine.settling import Settling
from plum_emulator.engine.worker import Worker
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account, Holding
from plum_emulator.model.exchanges import Exchange, Headers, OutgoingRequest
from plum_emulator.model.messages import Message
from plum_emulator.model.urls import url_problem
from plum_emulator.settings import Settings
from plum_emulator.store.agenda import Due
from plum_emulator.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be different from the request as it was. Headers of a name that was there take its place."""

    url: str | None = None
    body: str | None = None
    headers: Headers = ()

    def applied(self, request: OutgoingRequest) -> OutgoingRequest:
        """The request, edited."""
        named = {name.lower() for name, _ in self.headers}
        kept = tuple(pair for pair in request.headers if pair[0].lower() not in named)
        return replace(
            request,
            url=request.url if self.url is None else self.url,
            body=request.body if self.body is None else self.body.encode(),
            headers=(*kept, *self.headers),
        )


AS_IT_WAS = Edit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A callback that has not ended: its row, its message, and the request that it will be."""

    due: Due
    message: Message
    request: OutgoingRequest


class Workbench:
    """The callbacks of every account, under somebody's hands."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        worker: Worker,
        deliveries: Deliveries,
        settling: Settling,
        advances: Advances,
        settings: Settings,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._worker = worker
        self._deliveries = deliveries
        self._settling = settling
        self._advances = advances
        self._settings = settings

    def pending(self, account: Account) -> list[Pending]:
        """The callbacks that have not ended, in the order they were made."""
        with self._store.reading():
            found = self._store.agenda.callbacks(account.id)
            messages = self._store.messages.by_seqs({due.message for due in found})
            return [
                Pending(due=due, message=message, request=self._deliveries.request_for(due, message))
                for due in found
                if (message := messages.get(due.message)) is not None
            ]

    def hold(self, account: Account, *, timeout: int | None) -> None:
        """Hold callbacks back from now on; each for so many milliseconds of the account's time at the most."""
        self._set(account, Holding(timeout=timeout))

    def let_go(self, account: Account) -> None:
        """Hold nothing back any more. What is held stays so until it is released."""
        self._set(account, None)

    async def release(
        self, account: Account, ids: Sequence[int] | None = None, *, edit: Edit = AS_IT_WAS
    ) -> list[Exchange]:
        """Send these callbacks now, one after the other in this order, or all that are held; what came of each.

        Raises NotFound when one of them has ended, and NotPossible when one is not held.
        """
        _check(edit)
        held = self._held(account, ids)
        deliveries = self._worker.take(held)
        for delivery in deliveries:
            delivery.request = edit.applied(delivery.request)
        return await self._sent(account, deliveries)

    def drop(self, account: Account, id_: int) -> None:
        """Never send it. Raises NotFound, and NotPossible when it is on its way."""
        with self._lifecycle.transaction():
            due = self._callback(account, id_)
            if due.state == "in hand":
                raise NotPossible(f"callback {id_} is on its way", hint="hold callbacks first: PUT /_plum/callbacks")
            self._store.agenda.done(due)
            self._store.agenda.forget_releases(account.id, due.message)
            if due.state in ("scheduled", "held") and not self._store.agenda.has_front(due.message):
                now = self._accounts.clock(account.id).now()
                self._store.agenda.release_next(due, at=now)
                self._worker.hear_next(account.id)

    def duplicate(self, account: Account, id_: int) -> Due:
        """Another callback that says the same, held as this one is. Raises NotFound and NotPossible."""
        with self._lifecycle.transaction():
            due = self._callback(account, id_)
            if due.state != "held":
                raise NotPossible(f"callback {id_} is not held, but {due.state}", hint=_HOLD)
            return self._store.agenda.duplicate(due)

    async def replay(self, account: Account, n: int, *, edit: Edit = AS_IT_WAS) -> Exchange:
        """Make a request of the journal again, as it was or edited. An application's answer is acted on anew.

        Raises NotFound, and NotPossible for a request that came in.
        """
        _check(edit)
        self._store.catch_up()
        with self._store.reading():
            exchange = self._store.journal.numbered(account.id, n)
            message = self._store.messages.by_seq(exchange.message) if exchange and exchange.message else None
        if exchange is None:
            raise NotFound(f"account {account.username!r} has no exchange {n}", hint="GET /_plum/exchanges lists them")
        if exchange.direction == "in" or message is None:
            raise NotPossible(
                f"exchange {n} is a request that came in", hint="only callbacks and inbound posts can be sent again"
            )
        return (await self._sent(account, [self._again(exchange, message, edit)]))[0]

    def _again(self, exchange: Exchange, message: Message, edit: Edit) -> Delivery:
        inbound = exchange.operation == "inbound"
        due = Due(
            REPLAYED,
            message.account,
            exchange.at,
            "inbound" if inbound else "callback",
            message.seq,
            attempt=exchange.attempt or 1,
            rules=exchange.rules,
        )
        timeout = self._settings.application_timeout if inbound else self._settings.callback_timeout
        request = OutgoingRequest(
            url=exchange.url,
            body=exchange.request_body,
            headers=exchange.request_headers,
            timeout=timeout,
            method=exchange.method,
        )
        return self._deliveries.made(due, message, edit.applied(request))

    async def _sent(self, account: Account, deliveries: list[Delivery]) -> list[Exchange]:
        for delivery in deliveries:
            await self._advances.sent(delivery)
            await self._settling.settle([delivery])
        self._worker.hear_anew(account.id)
        with self._store.reading():
            found = [self._store.journal.numbered(account.id, delivery.n) for delivery in deliveries]
        if None in found:
            raise NotPossible(
                "what came of it is not kept: the account was reset or ended meanwhile, or storage failed",
                hint="GET /_plum/callbacks shows what is there",
            )
        return [exchange for exchange in found if exchange is not None]

    def _held(self, account: Account, ids: Sequence[int] | None) -> list[Due]:
        with self._store.reading():
            if ids is None:
                return self._store.agenda.callbacks(account.id, state="held")
            found = [self._callback(account, id_) for id_ in dict.fromkeys(ids)]
        for due in found:
            if due.state != "held":
                raise NotPossible(f"callback {due.id} is not held, but {due.state}", hint=_HOLD)
        return found

    def _callback(self, account: Account, id_: int) -> Due:
        due = self._store.agenda.callback(account.id, id_)
        if due is None:
            raise NotFound(
                f"account {account.username!r} has no callback {id_} that has not ended",
                hint="GET /_plum/callbacks lists them",
            )
        return due

    def _set(self, account: Account, holding: Holding | None) -> None:
        with self._store.reading():
            with self._store.transaction():
                self._store.accounts.keep_holding(account.id, holding)
            account.holding = holding


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]{0,8192}")
_HOLD = 'hold them first: PUT /_plum/callbacks {"hold": true}'


def _check(edit: Edit) -> None:
    problem = url_problem(edit.url) if edit.url is not None else None
    if problem:
        raise NotPossible(f"url: {problem}", hint="for example http://127.0.0.1:8000/results")
    for name, value in edit.headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise NotPossible(f"{name[:40]!r} is not a header", hint='for example {"X-Retry": "1"}')
