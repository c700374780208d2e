"""A message, its statuses, and the moves between them that are allowed (clauses 3 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Status = Literal["queued", "sent", "received", "failed", "undelivered"]
Type = Literal["inbound", "outbound", "reply"]

BAD: frozenset[Status] = frozenset(("failed", "undelivered"))
FINAL: frozenset[Status] = frozenset(("received", *BAD))

_BEFORE: dict[Status, tuple[Status, ...]] = {
    "queued": (),
    "sent": ("queued",),
    "received": ("sent",),
    "failed": ("queued", "sent"),
    "undelivered": ("queued", "sent"),
}


def may_become(before: Status, after: Status) -> bool:
    """Whether a message that goes out may move from one status to the other."""
    return before in _BEFORE[after]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message that is about to be accepted: all but its id, its time and its place in the log."""

    type: Type
    to: str
    from_: str
    body: str
    result_url: str = ""
    in_reply_to: int | None = None


class Message(NamedTuple):
    """One message of an account's log. Instants are in the account's clock.

    A tuple and not a dataclass: a listing makes a thousand of them.
    """

    seq: int
    sms_message_id: str
    account: int
    type: Type
    to: str
    from_: str
    body: str
    result_url: str
    status: Status
    requested_at: int
    sent_at: int | None = None
    settled_at: int | None = None
    notification: str | None = None
    reason: str | None = None
    exchange: int | None = None
    in_reply_to: int | None = None

    @property
    def request_timestamp(self) -> int:
        """When it was asked for, in unix seconds, as Plum shows it."""
        return self.requested_at // 1000

    def history(self) -> list[tuple[Status, int]]:
        """Every status it has had, each with its instant, oldest first."""
        steps: list[tuple[Status, int]] = []
        if self.type != "inbound":
            steps.append(("queued", self.requested_at))
        if self.sent_at is not None:
            steps.append(("sent", self.sent_at))
        if self.settled_at is not None:
            steps.append((self.status, self.settled_at))
        return steps
