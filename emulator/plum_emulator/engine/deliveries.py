"""Deliveries: rows of the agenda that become requests, sent, and known until what came of them is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.transport import Transport
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.messages import Message
from plum_emulator.model.urls import is_own
from plum_emulator.settings import Settings
from plum_emulator.store.agenda import Due
from plum_emulator.wire.posts import inbound_post, status_callback

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


class Deliveries:
    """Makes deliveries, and sends them. `own_address` is where the emulator itself can be posted to."""

    def __init__(self, *, accounts: Accounts, transport: Transport, settings: Settings, own_address: str) -> None:
        self._accounts = accounts
        self._transport = transport
        self._settings = settings
        self._own_address = own_address
        self._out: Counter[int] = Counter()
        self._lives: Counter[int] = Counter()

    def of(self, due: Due, message: Message) -> Delivery:
        """The delivery that a row of the agenda becomes."""
        return self.made(due, message, self.request_for(due, message))

    def made(self, due: Due, message: Message, request: OutgoingRequest) -> Delivery:
        """A delivery of this request."""
        return Delivery(due, message, request, life=self._lives[due.account])

    def request_for(self, due: Due, message: Message) -> OutgoingRequest:
        """The request that a row of the agenda becomes."""
        options = self._accounts.by_id(due.account).options
        if due.kind == "inbound":
            return inbound_post(
                message,
                url=self.full(self.application_url(message)),
                timeout=either(options.application_timeout, self._settings.application_timeout),
            )
        return status_callback(
            url=message.result_url,
            sms_message_id=message.sms_message_id,
            status=str(due.status),
            timeout=either(options.callback_timeout, self._settings.callback_timeout),
        )

    def application_url(self, inbound: Message) -> str:
        """Where an inbound message is posted to; "" for nowhere."""
        number = self._accounts.by_id(inbound.account).numbers.get(inbound.to)
        return number.application_url if number else ""

    def full(self, url: str) -> str:
        """A URL that can be posted to; those that begin with / are the emulator itself."""
        return self._own_address + url if is_own(url) else url

    def send(self, delivery: Delivery, ended: Callable[[Delivery], None]) -> None:
        """Send it; `ended` hears when it has come to its end, and has what came of it kept."""
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

    def came_in(self, deliveries: Iterable[Delivery]) -> None:
        """What came of these is kept."""
        for delivery in deliveries:
            self._out[delivery.due.account] -= 1
            if not self._out[delivery.due.account]:
                del self._out[delivery.due.account]

    def out(self, account: int) -> int:
        """How many requests are out for the account whose end is not kept yet."""
        return self._out[account]

    def begin_anew(self, account: int) -> None:
        """The account's agenda and journal are others now: what was made of the old ones comes to nothing."""
        self._lives[account] += 1

    def is_past(self, delivery: Delivery) -> bool:
        """Whether the account was reset, restored or ended since the delivery was made."""
        account = delivery.due.account
        return delivery.life != self._lives[account] or not self._accounts.is_there(account)


def either(value: float | None, usual: float) -> float:
    """The account's own value, or the emulator's."""
    return usual if value is None else value
