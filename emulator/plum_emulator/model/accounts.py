"""An account with its login, its numbers, and how it is treated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

OptedOutMode = Literal["undelivered", "generic", "detailed"]
OPTED_OUT_MODES: tuple[OptedOutMode, ...] = ("undelivered", "generic", "detailed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of an account. A PCI number never sends or receives texts."""

    number: str
    application_url: str = ""
    pci: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An account as the accounts file describes it: what a reset goes back to."""

    username: str
    password: str
    demo: bool = False
    opted_out: OptedOutMode = "undelivered"
    numbers: tuple[Number, ...] = ()


@dataclass(slots=True, kw_only=True)
class Account:
    """An account on the running emulator: its seed, its present numbers, and its counts.

    `issued` ids have been given; those up to `reserved` never are again, even after a kill.
    """

    id: int
    seed: Seed
    numbers: dict[str, Number] = field(default_factory=dict)
    issued: int = 0
    reserved: int = 0
    exchanges: int = 0

    @property
    def username(self) -> str:
        return self.seed.username

    def can_text(self, number: str) -> bool:
        """Whether the number is one of the account's SMS numbers."""
        mine = self.numbers.get(number)
        return mine is not None and not mine.pci

    def sms_numbers(self) -> list[str]:
        """The account's SMS numbers, in the seed's order."""
        return [number.number for number in self.numbers.values() if not number.pci]
