"""Empties the agenda: takes what is due, lets it happen, and keeps what came of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.answers import orders_in, send_reply
from plum_emulator.engine.lifecycle import NOT_POSTED, Lifecycle
from plum_emulator.engine.ticker import Ticker
from plum_emulator.engine.transport import Transport
from plum_emulator.errors import BadAnswer, StorageFailed
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
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
    """The one that makes due rows happen. `take_due` and everything after it may run in any thread."""

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
        self._told: list[Delivery] = []
        self._out: Counter[int] = Counter()
        self._lives: Counter[int] = Counter()
        self._unsettled: deque[Callable[[], None]] = deque()
        self._keeping_up = threading.Lock()

    def recover(self) -> None:
        """After a start: do again what was in hand, and hear of everything that is due."""
        with self._store.transaction():
            self._store.agenda.recover()
            for account in self._accounts:
                self.hear_next(account.id)

    def run_due(self, account: int) -> None:
        """Let everything happen that the account's clock has reached, all at once."""
        if self._accounts.clock(account).manual:
            return  # it was set so after the alarm
        for delivery in self.take_due(account):
            self.send(delivery, self.ended)

    def take_due(self, account: int, *, until: int | None = None) -> list[Delivery]:
        """Let happen what the account's clock has reached, a hundred rows at the most; what is to be sent for it.

        With `until`, a manual clock is moved there first, and both are kept together.
        """
        deliveries: list[Delivery] = []
        with (
            self._store.reading(),
            self._accounts.changing_clock(account) as clock,
            self._lifecycle.transaction(),
        ):
            if until is not None and clock.manual and until > clock.now():
                clock.move_to(until)
                self._store.accounts.keep_timing(account, clock.timing)
            now = clock.now()
            for due in self._store.agenda.due(account, now, limit=_AT_A_TIME):
                deliveries += self._happen(due, now)
            self.hear_next(account)
        return deliveries

    def begin_anew(self, account: int) -> None:
        """The account's agenda and journal are others now: what was made of the old ones comes to nothing."""
        self._lives[account] += 1
        self._ticker.forget(account)

    def is_past(self, delivery: Delivery) -> bool:
        """Whether the account was reset, restored or ended since the delivery was made."""
        account = delivery.due.account
        return delivery.life != self._lives[account] or self._accounts_or_none(account) is None

    def out(self, account: int) -> int:
        """How many requests are out for the account whose end is not kept yet."""
        return self._out[account]

    def _happen(self, due: Due, now: int) -> Iterable[Delivery]:
        if due.kind == "release":
            self._store.agenda.done(due)
            return self._taken(self._store.agenda.held_of(due.message, until=due.due_at))
        if due.kind == "status":
            changed = self._lifecycle.change_status(due, now=now)
            if changed is None or changed[1] is None:
                return ()
            return (self._delivery(changed[1], changed[0]),)
        message = self._store.messages.by_seq(due.message)
        if message is None:
            self._store.agenda.done(due)
            return ()
        if due.kind == "inbound" and not self._application_url(message):
            self._store.agenda.done(due)
            self._store.messages.set_reason(message.seq, NOT_POSTED)
            return ()
        holding = self._accounts.by_id(due.account).holding
        if due.kind == "callback" and holding:
            release_at = None if holding.timeout is None else now + holding.timeout
            self._store.agenda.hold(due, release_at=release_at)
            return ()
        self._store.agenda.take(due)
        return (self._delivery(due, message),)

    def take(self, callbacks: Iterable[Due]) -> list[Delivery]:
        """Take these callbacks, whatever they wait for; what is to be sent for them."""
        with self._lifecycle.transaction():
            return self._taken(callbacks)

    def _taken(self, callbacks: Iterable[Due]) -> list[Delivery]:
        deliveries = []
        for due in callbacks:
            message = self._store.messages.by_seq(due.message)
            if message is not None:
                self._store.agenda.take(due)
                self._store.agenda.forget_releases(due.account, due.message)
                deliveries.append(self._delivery(due, message))
        return deliveries

    def _application_url(self, inbound: Message) -> str:
        number = self._accounts.by_id(inbound.account).numbers.get(inbound.to)
        return number.application_url if number else ""

    def _delivery(self, due: Due, message: Message) -> Delivery:
        return self.delivery(due, message, self.request_for(due, message))

    def delivery(self, due: Due, message: Message, request: OutgoingRequest) -> Delivery:
        """A delivery of this request."""
        return Delivery(due, message, request, life=self._lives[due.account])

    def request_for(self, due: Due, message: Message) -> OutgoingRequest:
        """The request that a row of the agenda becomes."""
        options = self._accounts.by_id(due.account).options
        if due.kind == "inbound":
            url, timeout = self._application_url(message), options.application_timeout
            usual = self._settings.application_timeout
            return inbound_post(message, url=self.full(url), timeout=usual if timeout is None else timeout)
        return status_callback(
            url=message.result_url,
            sms_message_id=message.sms_message_id,
            status=str(due.status),
            timeout=_or(options.callback_timeout, self._settings.callback_timeout),
        )

    def send(self, delivery: Delivery, ended: Callable[[Delivery], None]) -> None:
        """Send it; `ended` hears when it has come to its end, and has it settled."""
        self._out[delivery.due.account] += 1
        if self.is_past(delivery):
            ended(delivery)
            return
        account = self._accounts.by_id(delivery.due.account)
        account.exchanges += 1
        delivery.n = account.exchanges

        def came(outcome: Outcome) -> None:
            delivery.outcome = outcome
            ended(delivery)

        self._transport.send(delivery.request, came)

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

    def keep_up(self, more: Iterable[Callable[[], None]] = ()) -> None:
        """About once a second: do again what storage refused, and what is done behind the work."""
        if not self._keeping_up.acquire(blocking=False):
            return  # the last time is not over yet
        try:
            for _ in range(len(self._unsettled)):
                self._settle(self._unsettled.popleft())
            for work in more:
                work()
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

    def _callbacks_ended(self, told: list[Delivery]) -> None:
        """Keep what came of callbacks; of many in one transaction, when many ended together."""
        with self._lifecycle.transaction():
            for delivery in told:
                self._settle_callback(delivery)
        self._come_in(told)

    def _come_in(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            self._out[delivery.due.account] -= 1
            if not self._out[delivery.due.account]:
                del self._out[delivery.due.account]

    def _settle_callback(self, delivery: Delivery) -> None:
        due, outcome = delivery.due, delivery.outcome
        if self.is_past(delivery):
            return
        account = self._accounts.by_id(due.account)
        if due.id == REPLAYED:
            self._note(delivery, account, outcome.in_words(), self._accounts.clock(due.account).now())
            return
        again = not outcome.ok and due.attempt < _or(
            account.options.callback_attempts, self._settings.callback_attempts
        )
        now = self._accounts.clock(due.account).now()
        if again:
            backoff = _or(account.options.callback_backoff, self._settings.callback_backoff)
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
            if not self.is_past(delivery) and (due.id == REPLAYED or self._store.agenda.done(due)):
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
        self._come_in((delivery,))

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

    def hear_next(self, account: int) -> None:
        """Be woken for what is due next."""
        if self._accounts.clock(account).manual:
            return
        instant = self._store.agenda.next_due(account)
        if instant is not None:
            self._ticker.heard(account, instant)

    def hear_anew(self, account: int) -> None:
        """The same after a change of its clock or its agenda, when earlier alarms are wrong. Never fails."""
        self._ticker.forget(account)
        try:
            with self._store.reading():
                self.hear_next(account)
        except StorageFailed as error:
            _log.error("%s; looking again at once", error.one_line())
            self._ticker.heard(account, self._accounts.clock(account).now())

    def full(self, url: str) -> str:
        """A URL that can be posted to; those that begin with / are the emulator itself."""
        return self._own_address + url if is_own(url) else url

    def _accounts_or_none(self, id_: int) -> Account | None:
        try:
            return self._accounts.by_id(id_)
        except KeyError:
            return None  # it ended while a request was out


REPLAYED = 0


class Delivery:
    """A row of the agenda that became a request, its count in the journal, and then what came of it."""

    __slots__ = ("due", "life", "message", "n", "outcome", "request")

    def __init__(self, due: Due, message: Message, request: OutgoingRequest, *, life: int) -> None:
        self.due = due
        self.message = message
        self.request = request
        self.life = life
        self.n = 0
        self.outcome = Outcome(error="it has not ended")


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
