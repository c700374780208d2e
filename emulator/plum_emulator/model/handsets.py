"""A handset: a phone on the console's screen, with which a person texts an account's numbers."""

from __future__ import annotations

from dataclasses import dataclass

from plum_emulator.model.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """A phone number that is nobody's here, the name that people gave it, and the number of the account it texts."""

    number: str
    name: str
    texts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One text on a handset's screen.

    `message` is None for an automatic text, which is not in the account's log; `seq` is then that of the message which
    it answers.
    """

    at: int
    mine: bool
    other: str
    body: str
    seq: int
    message: Message | None = None
