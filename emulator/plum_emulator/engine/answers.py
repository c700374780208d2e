"""Acts on what an application answered to an inbound message: one reply for each `sms_message` (clause 7)."""

from __future__ import annotations

from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.errors import BadAnswer, InvalidNumber
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.messages import Draft, Message
from plum_emulator.model.phones import normalized
from plum_emulator.model.urls import url_problem
from plum_emulator.scenario.effects import NOTHING
from plum_emulator.wire.answers import Order, read_answer


def orders_in(outcome: Outcome) -> list[Order]:
    """What the application asks for. Raises BadAnswer when there is no answer that can be used."""
    if not outcome.ok:
        raise BadAnswer(f"the application's answer is not used: {outcome.in_words()}")
    return read_answer(outcome.body)


def drafted(account: Account, inbound: Message, order: Order) -> tuple[Draft, str]:
    """The reply that is asked for, and why it cannot be sent; "" when it can."""
    to = inbound.from_ if order.to is None else order.to
    from_ = inbound.to if order.from_ is None else order.from_
    draft = Draft(
        type="reply",
        to=_number_or_text(to),
        from_=_number_or_text(from_),
        body=order.body,
        result_url=(order.result_url or "").strip(),
        in_reply_to=inbound.seq,
    )
    return draft, _problem(account, order, to, from_)


def send_reply(
    lifecycle: Lifecycle, account: Account, inbound: Message, order: Order, *, exchange: int
) -> tuple[str, ...]:
    """Accept one reply, or keep it as failed with the reason; the rules that fired. Inside a transaction."""
    draft, problem = drafted(account, inbound, order)
    effects = NOTHING
    if not problem:
        effects = lifecycle.effects_on(account, draft)
        planned = lifecycle.plan_for(account, to=draft.to, from_=draft.from_, effects=effects)
        if not planned.error:
            lifecycle.accept(account, draft, planned, exchange=exchange, effects=effects)
            return effects.rules
        problem = f"{planned.error}: {planned.reason}"
    lifecycle.record_failed(account, draft, problem, exchange=exchange)
    return effects.rules


def _problem(account: Account, order: Order, to: str, from_: str) -> str:
    """Why this reply cannot be sent; "" when it can."""
    try:
        normalized(to)
    except InvalidNumber as error:
        return f"to: {error.one_line()}"
    try:
        mine = normalized(from_)
    except InvalidNumber as error:
        return f"from: {error.one_line()}"
    if not account.can_text(mine):
        return f"from: {mine} is not one of the account's SMS numbers: {', '.join(account.sms_numbers())}"
    if not order.body.strip():
        return "the text of the sms_message is empty"
    if order.result_url and order.result_url.strip():
        problem = url_problem(order.result_url.strip())
        return f"result_url: {problem}" if problem else ""
    return ""


def _number_or_text(text: str) -> str:
    try:
        return normalized(text)
    except InvalidNumber:
        return text
