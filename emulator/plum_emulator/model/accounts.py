"""An account with its login, its numbers, and how it is treated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from plum_emulator.clock import Timing

Origin = Literal["file", "asked", "leased"]
OptedOutMode = Literal["undelivered", "generic", "detailed"]
OPTED_OUT_MODES: tuple[OptedOutMode, ...] = ("undelivered", "generic", "detailed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of an account. A PCI number never sends or receives texts."""

    number: str
    application_url: str = ""
    pci: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an account is treated, where it differs from the emulator's settings. Durations are seconds."""

    sent_after: float | None = None
    received_after: float | None = None
    callback_timeout: float | None = None
    application_timeout: float | None = None
    callback_attempts: int | None = None
    callback_backoff: float | None = None


ORDINARY = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An account as it was asked for: what a reset goes back to. `clock` is None where the emulator's own is meant."""

    username: str
    password: str
    demo: bool = False
    opted_out: OptedOutMode = "undelivered"
    numbers: tuple[Number, ...] = ()
    options: Options = ORDINARY
    clock: Timing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Callbacks are held back, each for this many milliseconds at the most; None for as long as nobody lets it go."""

    timeout: int | None = None


@dataclass(slots=True, kw_only=True)
class Account:
    """An account on the running emulator: its seed, its present numbers, its counts, and what is done with it.

    `issued` ids have been given; those up to `reserved` never are again, even after a kill. The ids follow from
    `ids_from`. A leased account ends at `expires_at`, an instant of the machine's clock.
    """

    id: int
    seed: Seed
    origin: Origin = "file"
    ids_from: str = ""
    expires_at: int | None = None
    holding: Holding | None = None
    numbers: dict[str, Number] = field(default_factory=dict)
    issued: int = 0
    reserved: int = 0
    exchanges: int = 0

    @property
    def username(self) -> str:
        return self.seed.username

    @property
    def options(self) -> Options:
        """How it is treated."""
        return self.seed.options

    def can_text(self, number: str) -> bool:
        """Whether the number is one of the account's SMS numbers."""
        mine = self.numbers.get(number)
        return mine is not None and not mine.pci

    def sms_numbers(self) -> list[str]:
        """The account's SMS numbers, in the seed's order."""
        return [number.number for number in self.numbers.values() if not number.pci]
