"""Empties the agenda: takes what is due, and lets it happen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.deliveries import Deliveries, Delivery
from plum_emulator.engine.lifecycle import NOT_POSTED, Lifecycle
from plum_emulator.engine.settling import Settling
from plum_emulator.engine.ticker import Ticker
from plum_emulator.errors import StorageFailed
from plum_emulator.store.agenda import Due
from plum_emulator.store.store import Store

_AT_A_TIME = 100
_log = logging.getLogger("plum_emulator")


class Worker:
    """The one that makes due rows happen. May be called from any thread."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        deliveries: Deliveries,
        settling: Settling,
        ticker: Ticker,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._deliveries = deliveries
        self._settling = settling
        self._ticker = ticker
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
            self._deliveries.send(delivery, self._settling.ended)

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
        self._deliveries.begin_anew(account)
        self._ticker.forget(account)

    def _happen(self, due: Due, now: int) -> Iterable[Delivery]:
        if due.kind == "release":
            self._store.agenda.done(due)
            return self._taken(self._store.agenda.held_of(due.message, until=due.due_at))
        if due.kind == "status":
            changed = self._lifecycle.change_status(due, now=now)
            if changed is None or changed[1] is None:
                return ()
            return (self._deliveries.of(changed[1], changed[0]),)
        message = self._store.messages.by_seq(due.message)
        if message is None:
            self._store.agenda.done(due)
            return ()
        if due.kind == "inbound" and not self._deliveries.application_url(message):
            self._store.agenda.done(due)
            self._store.messages.set_reason(message.seq, NOT_POSTED)
            return ()
        holding = self._accounts.by_id(due.account).holding
        if due.kind == "callback" and holding:
            release_at = None if holding.timeout is None else now + holding.timeout
            self._store.agenda.hold(due, release_at=release_at)
            return ()
        self._store.agenda.take(due)
        return (self._deliveries.of(due, message),)

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
                deliveries.append(self._deliveries.of(due, message))
        return deliveries

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

    def keep_up(self, more: Iterable[Callable[[], None]] = ()) -> None:
        """About once a second: do again what storage refused, and what is done behind the work."""
        if not self._keeping_up.acquire(blocking=False):
            return  # the last time is not over yet
        try:
            self._settling.try_again()
            for work in more:
                work()
            self._store.keep_up()
        except StorageFailed as error:
            _log.error("%s", error.one_line())
        except Exception:  # nobody looks at what comes of work done elsewhere
            _log.exception("a bug of the emulator")
        finally:
            self._keeping_up.release()
