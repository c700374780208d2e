"""What the emulator answers, in one line for a person: a message, an exchange, an event."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

Json = dict[str, Any]

# Control characters, line breaks, marks that turn the direction of writing, and halves of characters.
_ACTS_ON_TERMINALS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def in_one_line(text: str) -> str:
    """Text as a person can read it in a terminal: one line, and nothing in it that acts on the terminal."""
    return _ACTS_ON_TERMINALS.sub("\N{REPLACEMENT CHARACTER}", text)


def item_line(item: Json) -> str:
    """A message or an exchange."""
    return exchange_line(item) if "operation" in item else message_line(item)


def message_line(message: Json) -> str:
    """A message, with the status that it has."""
    return (
        f"{message['sms_message_id']}  {message['type']:<8}  {message['status']:<11}  "
        f"{message['from']} > {message['to']}  {message['body']}"
    )


def exchange_line(exchange: Json) -> str:
    """An exchange of the journal: what was posted where, and what came of it."""
    posted = parse_qs(exchange["request"]["body"])
    about = " ".join(word for name in ("sms_message_id", "status") for word in posted.get(name, ())[:1])
    answer = exchange["answer"]
    status = f" ({answer['status']})" if answer else ""
    head = " ".join(word for word in (f"{exchange['n']} ", exchange["operation"], about) if word)
    return f"{head} > {exchange['request']['url']}: {exchange['outcome']}{status}"


def event_line(event: Json) -> str:
    """An event: when, and what happened. Takes the long form of a stream and the short one of a timeline."""
    return f"{event['at'][11:23]}  {_happened({**(event.get('message') or {}), **event})}"


def _happened(event: Json) -> str:
    kind = str(event["event"])
    if "sms_message_id" not in event:
        return _by_itself(event, kind)
    short = event["sms_message_id"][:8]
    if kind == "callback":
        return f"{short}  callback {event['status']} > {event['url']}: {event['outcome']}"
    if kind == "answer":
        return f"{short}  inbound  > {event['url']}: {event['outcome']}"
    if kind == "text":
        return f"{short}  automatic text to {event['from']}: {event['body']}"
    arrow = f"{event['from']} > {event['to']}"
    body = f"  {event['body']}" if "body" in event else ""
    why = event["notification"] or event["reason"]
    because = f"  ({why})" if why else ""
    return f"{short}  {event['type']:<8} {event['status']:<11} {arrow}{body}{because}"


def _by_itself(event: Json, kind: str) -> str:
    """An event that is about no message."""
    if kind == "rule":
        return f"rule {event['rule']} fired: {event['operation']}"
    if kind == "clock":
        return f"clock {event['mode']}"
    if kind == "restore":
        return f"restore {event['snapshot']}"
    return kind
