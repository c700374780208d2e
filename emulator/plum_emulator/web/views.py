"""How the control surface shows what the engine knows: plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from plum_emulator.clock import LATEST, AccountClock, as_text
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.advance import Report
from plum_emulator.engine.expecting import Answer
from plum_emulator.engine.platform import Story
from plum_emulator.engine.workbench import Pending
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.model.messages import Message
from plum_emulator.scenario.effects import Count
from plum_emulator.scenario.rules import Rule
from plum_emulator.store.agenda import Due
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.snapshots import Snapshot
from plum_emulator.wire.views import body_text, exchange_view, message_view


def story_view(story: Story, *, base: str, login: str | None) -> dict[str, Any]:
    """A message with everything that is known about it. `base` and `login` are for curl lines: see `exchange_view`."""
    return {
        **message_view(story.message),
        "replies": [message_view(reply) for reply in story.replies],
        "automatic_texts": [_automatic_view(text) for text in story.automatic_texts],
        "exchanges": [exchange_view(exchange, base=base, login=login) for exchange in story.exchanges],
    }


def _automatic_view(text: AutomaticText) -> dict[str, Any]:
    return {"to": text.handset, "from": text.number, "body": text.body, "at": as_text(text.at)}


def is_about_nothing(event: Event) -> bool:
    """Whether a restore took away the message that the event is about, so that nothing can be told of it."""
    return event.message is None and event.kind in ("status", "callback", "answer", "text")


def event_view(event: Event) -> dict[str, Any]:
    """An event in one short line: what a report or a timeline lists."""
    message = event.message
    view: dict[str, Any] = {"at": as_text(event.at), "event": event.kind}
    if message is not None:
        view |= {"sms_message_id": message.sms_message_id, "type": message.type, "to": message.to}
        view |= {"from": message.from_}
    if message is not None and event.kind == "status":
        view |= {"body": message.body, "status": message.status}
        view |= {"notification": message.notification, "reason": message.reason}
    return view | event.data


def report_view(report: Report) -> dict[str, Any]:
    """What an advance did."""
    of_kind: dict[str, list[dict[str, Any]]] = {"status": [], "callback": [], "answer": []}
    for event in report.events:
        if event.kind in of_kind:
            of_kind[event.kind].append(event_view(event))
    return {
        "now": as_text(report.now),
        "joined": report.joined,
        "stopped": report.stopped or None,
        "statuses": of_kind["status"],
        "callbacks": of_kind["callback"],
        "inbound": of_kind["answer"],
    }


def missed_view(answer: Answer, shown: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Why an expectation does not hold: what came nearest, field by field, and what happened last."""
    return {
        "misses": [
            {
                "item": shown(miss.item.shown),
                "fields": [{"field": name, "wanted": wanted, "seen": seen} for name, wanted, seen in miss.fields],
            }
            for miss in answer.verdict.misses
        ],
        "timeline": [event_view(event) for event in answer.timeline if not is_about_nothing(event)],
    }


def clock_view(clock: AccountClock, *, following: int | None) -> dict[str, Any]:
    """How a clock goes, and when the next thing happens by itself."""
    timing = clock.timing
    return {
        "mode": timing.mode,
        "rate": None if timing.mode == "manual" else timing.rate,
        "now": as_text(clock.now()),
        "next": None if following is None else as_text(following),
    }


def due_view(due: Due, message: Message | None) -> dict[str, Any]:
    """Something that will happen."""
    return {
        "due_at": _when(due),
        "what": due.kind,
        "state": due.state,
        "sms_message_id": message.sms_message_id if message else None,
        "status": due.status,
        "attempt": due.attempt,
        "rules": due.rules.split(),
    }


def account_view(account: Account, accounts: Accounts, *, base: str) -> dict[str, Any]:
    """An account: everything that an application under test has to be told, and how it is treated."""
    clock = accounts.clock(account.id)
    return {
        "username": account.username,
        "password": account.seed.password,
        "numbers": account.sms_numbers(),
        "base_url": base,
        "sink_url": f"{base}/_plum/sink/results?{urlencode({'account': account.username})}",
        "origin": account.origin,
        "clock": clock_view(clock, following=None)["mode"],
        "now": as_text(clock.now()),
        "expires_at": None if account.expires_at is None else as_text(account.expires_at),
        "demo": account.seed.demo,
        "opted_out": account.seed.opted_out,
        "options": asdict(account.options),
    }


def rule_view(rule: Rule, count: Count) -> dict[str, Any]:
    """A rule, and what it has done."""
    return {
        "id": rule.id,
        **rule.written,
        "scenario": rule.scenario or None,
        "matches": count.matches,
        "fired": count.fired,
        "last_fired_at": None if count.last_fired_at is None else as_text(count.last_fired_at),
    }


def pending_view(pending: Pending) -> dict[str, Any]:
    """A callback that has not ended."""
    due, request = pending.due, pending.request
    return {
        "id": due.id,
        "sms_message_id": pending.message.sms_message_id,
        "status": due.status,
        "state": due.state,
        "due_at": _when(due),
        "attempt": due.attempt,
        "rules": due.rules.split(),
        "url": request.url,
        "body": body_text(request.body),
    }


def snapshot_view(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot."""
    return {"name": snapshot.name, "at": as_text(snapshot.made_at), "messages": snapshot.messages}


def _when(due: Due) -> str | None:
    """When it happens; None for what is held until somebody lets it go."""
    return None if due.due_at >= LATEST else as_text(due.due_at)
