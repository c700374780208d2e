"""An event: one thing that happened to an account. Watchers are told, and the log of events keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from plum_emulator.model.messages import FINAL, Message, Status

Kind = Literal["status", "callback", "answer", "text", "rule", "clock", "restore", "reset", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to an account, at an instant of its clock."""

    account: int
    at: int
    kind: Kind
    message: Message | None = None
    data: dict[str, Any] = field(default_factory=dict)


def as_of(message: Message, status: Status) -> Message:
    """The message as it was when it had this status."""
    if message.status == status or message.type == "inbound":
        return message
    sent_at = message.sent_at if status != "queued" else None
    settled_at = message.settled_at if status in FINAL else None
    return message._replace(status=status, sent_at=sent_at, settled_at=settled_at, notification=None, reason=None)
