"""Tries an application: a sample text is posted as Plum posts it, and its answer judged. Nothing is kept or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.answers import drafted, orders_in
from plum_emulator.engine.deliveries import REPLAYED, Deliveries
from plum_emulator.engine.lifecycle import NOT_FORWARDED, Lifecycle
from plum_emulator.engine.transport import Transport
from plum_emulator.errors import BadAnswer, InvalidNumber, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.messages import Draft, Message
from plum_emulator.model.phones import normalized
from plum_emulator.model.texts import keyword, parts
from plum_emulator.store.agenda import Due
from plum_emulator.store.store import Store
from plum_emulator.wire.answers import Order

SAMPLE_ID = "0" * 32  # no message has it

_REPLIES = 100

T = TypeVar("T")


class InPool(Protocol):
    """Does slow work where it holds up nobody."""

    def __call__(self, work: Callable[[], T], /) -> asyncio.Future[T]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply that an answer asks for, with the texts it would be cut into.

    `problem` is why it would be kept as failed, and not sent; `note` what would become of it on its way, where that is
    not that it arrives. Rules are not asked.
    """

    draft: Draft
    texts: tuple[str, ...]
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was posted, what came back, and what would come of it: replies, or the error of an answer that is not used.

    Of the `asked` replies only the first 100 are looked at.
    """

    request: OutgoingRequest
    outcome: Outcome
    error: BadAnswer | None = None
    asked: int = 0
    replies: tuple[Reply, ...] = ()


class Trying:
    """Tries the applications of every account."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        deliveries: Deliveries,
        transport: Transport,
        in_pool: InPool,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._deliveries = deliveries
        self._transport = transport
        self._in_pool = in_pool

    async def post(self, account: Account, *, to: str, from_: str, body: str) -> Trial:
        """Post a text to the Application URL of `to`, one of the account's numbers. Raises NotPossible."""
        sample = self._sample(account, to=to, from_=from_, body=body)
        due = Due(REPLAYED, account.id, sample.requested_at, "inbound", sample.seq)
        request = self._deliveries.request_for(due, sample)
        outcome = await self._sent(request)
        return await self._in_pool(lambda: self._judged(account, sample, request, outcome))

    def _sample(self, account: Account, *, to: str, from_: str, body: str) -> Message:
        try:
            handset = normalized(from_)
        except InvalidNumber as error:
            raise NotPossible(f"from: {error.message}", hint=error.hint) from None
        if handset == to:
            raise NotPossible(f"{to} cannot text itself", hint="let a handset be 'from': 16175550123")
        if not body:
            raise NotPossible("the text is empty", hint="a text has at least one character")
        if keyword(body) == "help":
            raise NotPossible(NOT_FORWARDED, hint="try another text")
        number = account.numbers.get(to)
        if number is None or not number.application_url:
            raise NotPossible(f"{to} has no Application URL, so there is nothing to try", hint="save one first")
        return Message(
            seq=0,
            sms_message_id=SAMPLE_ID,
            account=account.id,
            type="inbound",
            to=to,
            from_=handset,
            body=body,
            result_url="",
            status="received",
            requested_at=self._accounts.clock(account.id).now(),
        )

    async def _sent(self, request: OutgoingRequest) -> Outcome:
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def end(outcome: Outcome) -> None:
            if not ended.done():
                ended.set_result(outcome)

        self._transport.send(request, end)
        return await ended

    def _judged(self, account: Account, sample: Message, request: OutgoingRequest, outcome: Outcome) -> Trial:
        try:
            orders = orders_in(outcome)
        except BadAnswer as error:
            return Trial(request=request, outcome=outcome, error=error)
        replies = tuple(self._reply(account, sample, order) for order in orders[:_REPLIES])
        return Trial(request=request, outcome=outcome, asked=len(orders), replies=replies)

    def _reply(self, account: Account, sample: Message, order: Order) -> Reply:
        draft, problem = drafted(account, sample, order)
        if problem:
            return Reply(draft=draft, texts=(draft.body,), problem=problem)
        with self._store.reading():
            planned = self._lifecycle.plan_for(account, to=draft.to, from_=draft.from_)
        if planned.error:
            return Reply(draft=draft, texts=(draft.body,), problem=f"{planned.error}: {planned.reason}")
        last = planned.steps[-1] if planned.steps else None
        note = (last.notification or last.reason or "") if last else ""
        return Reply(draft=draft, texts=tuple(parts(draft.body)), note=note)
