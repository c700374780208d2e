"""Empties the agenda: takes what is due, lets it happen, and keeps what came of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.answers import orders_in, send_reply
from plum_emulator.engine.feed import Event
from plum_emulator.engine.lifecycle import NOT_POSTED, Lifecycle
from plum_emulator.engine.ticker import Ticker
from plum_emulator.engine.transport import Transport
from plum_emulator.errors import BadAnswer, StorageFailed
from plum_emulator.model.exchanges import Exchange, Outcome, OutgoingRequest
from plum_emulator.model.messages import Message
from plum_emulator.model.urls import is_own
from plum_emulator.settings import Settings
from plum_emulator.store.agenda import Due
from plum_emulator.store.store import Store
from plum_emulator.wire.answers import Order
from plum_emulator.wire.posts import inbound_post, status_callback

_AT_A_TIME = 100
_log = logging.getLogger("plum_emulator")


class Elsewhere(Protocol):
    """Runs a slow piece of work where it holds up nobody."""

    def __call__(self, work: Callable[[], None], /) -> object: ...


class Worker:
    """The one that makes due rows happen. `run_due` and everything after it may run in any thread."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        transport: Transport,
        ticker: Ticker,
        settings: Settings,
        own_address: str,
        elsewhere: Elsewhere,
        soon: Elsewhere,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._transport = transport
        self._ticker = ticker
        self._settings = settings
        self._own_address = own_address
        self._elsewhere = elsewhere
        self._soon = soon
        self._told: list[_Delivery] = []
        self._unsettled: deque[Callable[[], None]] = deque()
        self._keeping_up = threading.Lock()

    def recover(self) -> None:
        """After a start: do again what was in hand, and hear of everything that is due."""
        with self._store.transaction():
            self._store.agenda.recover()
            for account in self._accounts:
                self._hear_next(account.id)

    def run_due(self, account: int) -> None:
        """Let everything happen that the account's clock has reached."""
        now = self._accounts.clock(account).now()
        deliveries: list[_Delivery] = []
        with self._lifecycle.transaction():
            for due in self._store.agenda.due(account, now, limit=_AT_A_TIME):
                delivery = self._happen(due, now)
                if delivery:
                    deliveries.append(delivery)
            self._hear_next(account)
        for delivery in deliveries:
            self._transport.send(delivery.request, delivery.ended)

    def _happen(self, due: Due, now: int) -> _Delivery | None:
        if due.kind == "status":
            changed = self._lifecycle.change_status(due, now=now)
            if changed is None or changed[1] is None:
                return None
            return self._delivery(changed[1], changed[0])
        message = self._store.messages.by_seq(due.message)
        if message is None:
            self._store.agenda.done(due)
            return None
        if due.kind == "inbound" and not self._application_url(message):
            self._store.agenda.done(due)
            self._store.messages.set_reason(message.seq, NOT_POSTED)
            return None
        self._store.agenda.take(due)
        return self._delivery(due, message)

    def _application_url(self, inbound: Message) -> str:
        number = self._accounts.by_id(inbound.account).numbers.get(inbound.to)
        return number.application_url if number else ""

    def _delivery(self, due: Due, message: Message) -> _Delivery:
        if due.kind == "inbound":
            url = self._application_url(message)
            request = inbound_post(message, url=self._full(url), timeout=self._settings.application_timeout)
            return _Delivery(self, due, message, request)
        request = status_callback(
            url=message.result_url,
            sms_message_id=message.sms_message_id,
            status=str(due.status),
            timeout=self._settings.callback_timeout,
        )
        return _Delivery(self, due, message, request)

    def ended(self, delivery: _Delivery) -> None:
        """A request came to its end."""
        if delivery.due.kind == "inbound":
            self._elsewhere(lambda: self._settle(lambda: self._answered(delivery)))
            return
        self._told.append(delivery)
        if len(self._told) == 1:
            self._soon(self._settle_told)

    def keep_up(self) -> None:
        """About once a second: do again what storage refused, and what is done behind the work."""
        if not self._keeping_up.acquire(blocking=False):
            return  # the last time is not over yet
        try:
            for _ in range(len(self._unsettled)):
                self._settle(self._unsettled.popleft())
            self._store.keep_up()
        except StorageFailed as error:
            _log.error("%s", error.one_line())
        except Exception:  # nobody looks at what comes of work done elsewhere
            _log.exception("a bug of the emulator")
        finally:
            self._keeping_up.release()

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

    def _callbacks_ended(self, told: list[_Delivery]) -> None:
        """Keep what came of callbacks; of many in one transaction, when many ended together."""
        with self._lifecycle.transaction():
            for delivery in told:
                self._settle_callback(delivery)

    def _settle_callback(self, delivery: _Delivery) -> None:
        due, outcome = delivery.due, delivery.outcome
        again = not outcome.ok and due.attempt < self._settings.callback_attempts
        now = self._accounts.clock(due.account).now()
        if again:
            pause = self._settings.callback_backoff * 2 ** (due.attempt - 1)
            at = now + round(pause * 1000)
            if not self._store.agenda.try_again(due, at=at):
                return
            self._ticker.heard(due.account, at)
        elif not self._store.agenda.done(due):
            return  # the account was reset meanwhile
        elif self._store.agenda.release_next(due, at=now):
            self._ticker.heard(due.account, now)
        self._note(delivery, "callback", outcome.in_words(), now)

    def _answered(self, delivery: _Delivery) -> None:
        """Act on what the application answered to an inbound message (clause 7)."""
        orders: list[Order] = []
        reason = ""
        try:
            orders = orders_in(delivery.outcome)
        except BadAnswer as error:
            reason = error.one_line()
        due, inbound = delivery.due, delivery.message
        with self._lifecycle.transaction():
            if not self._store.agenda.done(due):
                return  # the account was reset meanwhile
            now = self._accounts.clock(due.account).now()
            n = self._note(delivery, "inbound", reason or "ok", now)
            if reason:
                self._store.messages.set_reason(inbound.seq, reason)
            account = self._accounts.by_id(due.account)
            for order in orders:
                send_reply(self._lifecycle, account, inbound, order, exchange=n)

    def _note(self, delivery: _Delivery, operation: str, outcome: str, now: int) -> int:
        due, request, came = delivery.due, delivery.request, delivery.outcome
        account = self._accounts.by_id(due.account)
        account.exchanges += 1
        self._store.journal.write(
            Exchange(
                account=account.id,
                n=account.exchanges,
                at=now,
                direction="out",
                operation=operation,
                method=request.method,
                url=request.url,
                request_headers=request.headers,
                request_body=request.body,
                status=came.status,
                response_headers=came.headers,
                response_body=came.body,
                duration_ms=came.duration_ms,
                outcome=outcome,
                message=delivery.message.seq,
                attempt=due.attempt,
            )
        )
        self._lifecycle.tell(
            Event(
                account=account.id,
                at=now,
                kind="answer" if operation == "inbound" else "callback",
                message=delivery.message,
                data={
                    "url": request.url,
                    "status": due.status,
                    "http_status": came.status,
                    "outcome": outcome,
                },
            )
        )
        return account.exchanges

    def _hear_next(self, account: int) -> None:
        instant = self._store.agenda.next_due(account)
        if instant is not None:
            self._ticker.heard(account, instant)

    def _full(self, url: str) -> str:
        return self._own_address + url if is_own(url) else url


class _Delivery:
    """A row of the agenda that became a request, and then what came of it."""

    __slots__ = ("_worker", "due", "message", "outcome", "request")

    outcome: Outcome

    def __init__(self, worker: Worker, due: Due, message: Message, request: OutgoingRequest) -> None:
        self._worker = worker
        self.due = due
        self.message = message
        self.request = request

    def ended(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._worker.ended(self)
