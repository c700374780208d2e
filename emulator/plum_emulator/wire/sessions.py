"""What was done in a session, and what came of it, step by step: what a test needs that does the same once more.

What may come differently the next time is said in a remark, and nothing of it is expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plum_emulator.model.accounts import ORDINARY, Number, OptedOutMode, Options
from plum_emulator.model.messages import Message, Status
from plum_emulator.model.phones import is_number

OWN_SINK = "sink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as it was kept. `messages` are the account's, oldest first; the mappings go by a message's `seq`.

    `automatic` has what the carrier sent by itself after an inbound text, `doubts` why something may come of a message
    the next time that did not come of it now, and `notes` what else was different. `elsewhere` are the numbers of
    other accounts. `base` is the emulator's address. Of a session that `went_on`, the rest is not here.
    """

    base: str
    numbers: tuple[Number, ...]
    messages: tuple[Message, ...]
    automatic: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    doubts: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    demo: bool = False
    opted_out: OptedOutMode = "undelivered"
    options: Options = ORDINARY
    went_on: bool = False


@dataclass(frozen=True, slots=True)
class Mine:
    """A number of the account in a text: the one at this place of those that are used. `bare`: without the 1."""

    place: int
    bare: bool = False


Words = tuple[str | Mine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A message that came of a step, and how it ended."""

    to: str
    from_: int
    body: Words
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A handset texts the number at this place, or with `queued` a message to the handset is queued.

    When `sure` is False, the outcomes are not what has to come the next time. `outcomes` has a queued message too.
    """

    queued: bool = False
    handset: str
    number: int
    body: str
    result_url: str = ""
    automatic: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    remarks: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was left out here, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retelling:
    """The steps of a session, and the account that they need: one with so many numbers.

    `applications` has the Application URL of each, "" for none; `options` what else is asked of an account.
    """

    applications: tuple[str, ...]
    options: Mapping[str, Any]
    notes: tuple[str, ...]
    steps: tuple[Step | LeftOut, ...]

    @property
    def handsets(self) -> list[str]:
        """The phones of the session, each once, in the order in which they appear."""
        seen = (
            number
            for step in self.steps
            if isinstance(step, Step)
            for number in (step.handset, *(outcome.to for outcome in step.outcomes))
        )
        return [number for number in dict.fromkeys(seen) if is_number(number)]

    def urls(self) -> list[str]:
        """The applications of the session, each once."""
        return [url for url in dict.fromkeys(self.applications) if url]

    def result_urls(self) -> list[str]:
        """The result URLs of queued messages that are not the emulator's own, each once."""
        urls = (step.result_url for step in self.steps if isinstance(step, Step))
        return [url for url in dict.fromkeys(urls) if url not in ("", OWN_SINK)]
