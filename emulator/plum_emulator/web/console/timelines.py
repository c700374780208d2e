"""The timeline of a message: everything that happened to it, and what comes next, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from plum_emulator.clock import LATEST
from plum_emulator.engine.platform import Story
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.messages import Message, Status
from plum_emulator.store.agenda import Due
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.wire.forms import read_form

Kind = Literal["asked", "status", "text", "post", "callback", "reply", "due"]
# What happens at one instant, in the order of cause and effect.
_ORDER: dict[Kind, int] = {"asked": 0, "status": 1, "text": 2, "post": 3, "callback": 3, "reply": 4, "due": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened, or will; the fields that its kind has. `at` is None for what has no instant yet."""

    at: int | None
    kind: Kind
    status: Status | str | None = None
    exchange: Exchange | None = None
    message: Message | None = None
    text: AutomaticText | None = None
    due: Due | None = None

    @property
    def rules(self) -> list[str]:
        """The ids of the rules that made it what it is."""
        source = self.exchange or self.due
        return source.rules.split() if source else []


def timeline(story: Story) -> list[Moment]:
    """The story in the order of time; what is still to come after everything that has happened."""

    def place(moment: Moment) -> tuple[bool, int, int, int]:
        n = moment.exchange.n if moment.exchange else 0
        return (moment.kind == "due", LATEST if moment.at is None else moment.at, _ORDER[moment.kind], n)

    return sorted(_moments(story), key=place)


def rules_of(moments: list[Moment]) -> list[str]:
    """The ids of all rules that fired, each once."""
    return list(dict.fromkeys(rule for moment in moments for rule in moment.rules))


def _moments(story: Story) -> Iterator[Moment]:
    for status, at in story.message.history():
        yield Moment(at=at, kind="status", status=status)
    for exchange in story.exchanges:
        yield _exchanged(exchange, story.message)
    for text in story.automatic_texts:
        yield Moment(at=text.at, kind="text", text=text)
    for reply in story.replies:
        yield Moment(at=reply.requested_at, kind="reply", message=reply)
    for due in story.due:
        yield Moment(at=None if due.due_at >= LATEST else due.due_at, kind="due", status=due.status, due=due)


def _exchanged(exchange: Exchange, message: Message) -> Moment:
    if exchange.n == message.exchange:
        return Moment(at=exchange.at, kind="asked", exchange=exchange)
    if exchange.operation == "inbound":
        return Moment(at=exchange.at, kind="post", exchange=exchange)
    told = read_form(exchange.request_body, "").get("status", "")
    return Moment(at=exchange.at, kind="callback", status=told, exchange=exchange)
