"""Keeps what came of deliveries: callbacks taken or tried again, applications' answers acted on, all in the journal."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.answers import orders_in, send_reply
from plum_emulator.engine.deliveries import REPLAYED, Deliveries, Delivery, either
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.engine.ticker import Ticker
from plum_emulator.errors import BadAnswer, StorageFailed
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Exchange
from plum_emulator.settings import Settings
from plum_emulator.store.store import Store
from plum_emulator.wire.answers import Order

_log = logging.getLogger("plum_emulator")


class Elsewhere(Protocol):
    """Runs a slow piece of work where it holds up nobody."""

    def __call__(self, work: Callable[[], None], /) -> object: ...


class Settling:
    """May be called from any thread, but `settle` from the event loop."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        deliveries: Deliveries,
        ticker: Ticker,
        settings: Settings,
        elsewhere: Elsewhere,
        soon: Elsewhere,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._deliveries = deliveries
        self._ticker = ticker
        self._settings = settings
        self._elsewhere = elsewhere
        self._soon = soon
        self._told: list[Delivery] = []
        self._unsettled: deque[Callable[[], None]] = deque()

    def ended(self, delivery: Delivery) -> None:
        """A request came to its end on a clock that goes by itself."""
        if delivery.due.kind == "inbound":
            self._elsewhere(lambda: self._settle(lambda: self._answered(delivery)))
            return
        self._told.append(delivery)
        if len(self._told) == 1:
            self._soon(self._settle_told)

    async def settle(self, deliveries: list[Delivery]) -> None:
        """Keep what came of these, in their order; it is kept when this returns, unless storage fails."""
        loop = asyncio.get_running_loop()
        kept = loop.create_future()

        def done() -> None:
            if not kept.done():
                kept.set_result(None)

        def work() -> None:
            self._settle(lambda: self._kept(deliveries))
            loop.call_soon_threadsafe(done)

        if any(delivery.due.kind == "inbound" for delivery in deliveries):
            self._elsewhere(work)  # XML answers are checked there, where that holds up nobody
            await kept
        elif deliveries:
            self._settle(lambda: self._kept(deliveries))

    def _kept(self, deliveries: list[Delivery]) -> None:
        callbacks = [delivery for delivery in deliveries if delivery.due.kind == "callback"]
        if callbacks:
            self._callbacks_ended(callbacks)
        for delivery in deliveries:
            if delivery.due.kind == "inbound":
                self._answered(delivery)

    def try_again(self) -> None:
        """Keep what storage refused to keep."""
        for _ in range(len(self._unsettled)):
            self._settle(self._unsettled.popleft())

    def _settle(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StorageFailed as error:
            _log.error("%s; trying again in a second", error.one_line())
            self._unsettled.append(work)
        except Exception:  # nobody looks at what comes of work done elsewhere
            _log.exception("a bug of the emulator; what came of a request is not kept")

    def _settle_told(self) -> None:
        told, self._told = self._told, []
        self._settle(lambda: self._callbacks_ended(told))

    def _callbacks_ended(self, told: list[Delivery]) -> None:
        """Keep what came of callbacks; of many in one transaction, when many ended together."""
        with self._lifecycle.transaction():
            for delivery in told:
                self._settle_callback(delivery)
        self._deliveries.came_in(told)

    def _settle_callback(self, delivery: Delivery) -> None:
        due, outcome = delivery.due, delivery.outcome
        if self._deliveries.is_past(delivery):
            return
        account = self._accounts.by_id(due.account)
        if due.id == REPLAYED:
            self._note(delivery, account, outcome.in_words(), self._accounts.clock(due.account).now())
            return
        again = not outcome.ok and due.attempt < either(
            account.options.callback_attempts, self._settings.callback_attempts
        )
        now = self._accounts.clock(due.account).now()
        if again:
            backoff = either(account.options.callback_backoff, self._settings.callback_backoff)
            at = now + round(backoff * 2 ** (due.attempt - 1) * 1000)
            if not self._store.agenda.try_again(due, at=at):
                return
            self._ticker.heard(due.account, at)
        elif not self._store.agenda.done(due):
            return  # the account was reset meanwhile
        else:
            following = self._store.agenda.release_next(due, at=now)
            if following is not None:
                self._ticker.heard(due.account, following)
        self._note(delivery, account, outcome.in_words(), now)

    def _answered(self, delivery: Delivery) -> None:
        """Act on what the application answered to an inbound message (clause 7)."""
        orders: list[Order] = []
        reason = ""
        try:
            orders = orders_in(delivery.outcome)
        except BadAnswer as error:
            reason = error.one_line()
        due, inbound = delivery.due, delivery.message
        with self._lifecycle.transaction():
            # A replay never was on the agenda.
            if not self._deliveries.is_past(delivery) and (due.id == REPLAYED or self._store.agenda.done(due)):
                account = self._accounts.by_id(due.account)
                now = self._accounts.clock(due.account).now()
                self._tell(delivery, reason or "ok", now)
                if reason:
                    self._store.messages.set_reason(inbound.seq, reason)
                fired = [
                    rule
                    for order in orders
                    for rule in send_reply(self._lifecycle, account, inbound, order, exchange=delivery.n)
                ]
                self._write(delivery, account, reason or "ok", now, fired=fired)
        self._deliveries.came_in((delivery,))

    def _note(self, delivery: Delivery, account: Account, outcome: str, now: int) -> None:
        self._tell(delivery, outcome, now)
        self._write(delivery, account, outcome, now)

    def _write(
        self, delivery: Delivery, account: Account, outcome: str, now: int, *, fired: Iterable[str] = ()
    ) -> None:
        due, request, came = delivery.due, delivery.request, delivery.outcome
        self._store.journal.write(
            Exchange(
                account=account.id,
                n=delivery.n,
                at=now,
                direction="out",
                operation=due.kind,
                method=request.method,
                url=request.url,
                request_headers=request.headers,
                request_body=request.body,
                status=came.status,
                response_headers=came.headers,
                response_body=came.body,
                duration_ms=self._accounts.duration(account, came.duration_ms),
                outcome=outcome,
                message=delivery.message.seq,
                attempt=due.attempt,
                rules=" ".join(dict.fromkeys((*due.rules.split(), *fired))),
            )
        )

    def _tell(self, delivery: Delivery, outcome: str, now: int) -> None:
        due = delivery.due
        self._lifecycle.tell(
            Event(
                account=due.account,
                at=now,
                kind="answer" if due.kind == "inbound" else "callback",
                message=delivery.message,
                data={
                    "url": delivery.request.url,
                    "status": due.status,
                    "http_status": delivery.outcome.status,
                    "outcome": outcome,
                    "attempt": due.attempt,
                },
            )
        )
