"""The plan of a message: which statuses it will have and when, or that it is refused (clauses 5 and 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from plum_emulator.model.accounts import OptedOutMode
from plum_emulator.model.messages import BAD, Status
from plum_emulator.model.texts import OPTED_OUT_NOTIFICATION, landline_notification
from plum_emulator.scenario.effects import NOTHING, Effects
from plum_emulator.scenario.magic import Fate
from plum_emulator.scenario.rules import Outcome

SENDING_ERROR = "Error sending sms request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Milliseconds from `queued` to `sent`, and from `sent` to the final status."""

    sent_after: int
    received_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A status that a message will have, so many milliseconds after it was queued."""

    after: int
    status: Status
    notification: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will happen: `error` and its reason when the queue service refuses, else the steps."""

    steps: tuple[Step, ...] = ()
    error: str = ""
    reason: str = ""


def plan(
    *, to: str, fate: Fate, delays: Delays, opted_out: bool, mode: OptedOutMode, effects: Effects = NOTHING
) -> Plan:
    """The plan for a message to this recipient. What rules say counts before the recipient's fate and opt-out.

    The error of a rule is not the plan's: it is answered without one.
    """
    if effects:
        return _ruled(to, fate, delays, effects, opted_out=opted_out, mode=mode)
    return _fated(to, fate, delays, opted_out=opted_out, mode=mode)


def _fated(to: str, fate: Fate, delays: Delays, *, opted_out: bool, mode: OptedOutMode) -> Plan:
    if fate.error:
        return Plan(error=fate.error, reason=f"the magic number {to} {fate.means}")
    if opted_out or fate.opted_out:
        return _to_opted_out(delays, mode, f"{to} has opted out of this number")
    if fate.landline:
        return _undelivered(delays, landline_notification(to))
    return _through(fate, delays, f"the magic number {to} {fate.means}" if fate.ends_badly else None)


def _ruled(to: str, fate: Fate, delays: Delays, effects: Effects, *, opted_out: bool, mode: OptedOutMode) -> Plan:
    if effects.refused:
        return Plan(error=SENDING_ERROR, reason=effects.refused)
    then = effects.then
    if then.final_after is not None:
        fate = replace(fate, received_after=None)
    delays = Delays(
        sent_after=(delays.sent_after if then.sent_after is None else then.sent_after) + effects.wait,
        received_after=delays.received_after if then.final_after is None else then.final_after,
    )
    if then.outcome is None:
        return _fated(to, fate, delays, opted_out=opted_out, mode=mode)
    return _as_told(to, then.outcome, delays, mode, effects.rules)


def _as_told(to: str, outcome: Outcome, delays: Delays, mode: OptedOutMode, rules: tuple[str, ...]) -> Plan:
    who = f"rule {rules[0]}" if len(rules) == 1 else f"rules {', '.join(rules)}"
    if outcome == "opted_out":
        return _to_opted_out(delays, mode, f"{who}: {to} counts as opted out", told=True)
    if outcome == "landline":
        return _undelivered(delays, landline_notification(to), f"{who}: {to} counts as a landline")
    reason = f"{who}: the outcome is {outcome[-1]}" if outcome else None
    return _steps(outcome, delays.sent_after, delays.received_after, reason)


def _to_opted_out(delays: Delays, mode: OptedOutMode, reason: str, *, told: bool = False) -> Plan:
    if mode == "generic":
        return Plan(error=SENDING_ERROR, reason=reason)
    if mode == "detailed":
        return Plan(error=OPTED_OUT_NOTIFICATION, reason=reason)
    return _undelivered(delays, OPTED_OUT_NOTIFICATION, reason if told else None)


def _undelivered(delays: Delays, notification: str, reason: str | None = None) -> Plan:
    return Plan(steps=(Step(after=delays.sent_after, status="undelivered", notification=notification, reason=reason),))


@lru_cache(maxsize=256)
def _through(fate: Fate, delays: Delays, reason: str | None) -> Plan:
    final = delays.received_after if fate.received_after is None else round(fate.received_after * 1000)
    return _steps(fate.steps, delays.sent_after, final, reason)


def _steps(statuses: tuple[Status, ...], sent_after: int, final_after: int, reason: str | None) -> Plan:
    return Plan(
        steps=tuple(
            Step(
                after=sent_after + (final_after if place else 0),
                status=status,
                reason=reason if status in BAD else None,
            )
            for place, status in enumerate(statuses)
        )
    )
