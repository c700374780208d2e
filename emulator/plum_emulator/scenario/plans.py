"""The plan of a message: which statuses it will have and when, or that it is refused (clauses 5 and 10)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from plum_emulator.model.accounts import OptedOutMode
from plum_emulator.model.messages import BAD, Status
from plum_emulator.model.texts import OPTED_OUT_NOTIFICATION, landline_notification
from plum_emulator.scenario.magic import Fate

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


def plan(*, to: str, fate: Fate, delays: Delays, opted_out: bool, mode: OptedOutMode) -> Plan:
    """The plan for a message to this recipient."""
    if fate.error:
        return Plan(error=fate.error, reason=f"the magic number {to} {fate.means}")
    if opted_out or fate.opted_out:
        return _to_opted_out(to, delays, mode)
    if fate.landline:
        return _undelivered(delays, landline_notification(to))
    return _through(fate, delays, f"the magic number {to} {fate.means}" if fate.ends_badly else None)


def _to_opted_out(to: str, delays: Delays, mode: OptedOutMode) -> Plan:
    reason = f"{to} has opted out of this number"
    if mode == "generic":
        return Plan(error=SENDING_ERROR, reason=reason)
    if mode == "detailed":
        return Plan(error=OPTED_OUT_NOTIFICATION, reason=reason)
    return _undelivered(delays, OPTED_OUT_NOTIFICATION)


def _undelivered(delays: Delays, notification: str) -> Plan:
    return Plan(steps=(Step(after=delays.sent_after, status="undelivered", notification=notification),))


@lru_cache(maxsize=256)
def _through(fate: Fate, delays: Delays, reason: str | None) -> Plan:
    final = delays.received_after if fate.received_after is None else round(fate.received_after * 1000)
    return Plan(
        steps=tuple(
            Step(
                after=delays.sent_after + (final if place else 0),
                status=status,
                reason=reason if status in BAD else None,
            )
            for place, status in enumerate(fate.steps)
        )
    )
