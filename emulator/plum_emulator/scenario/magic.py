"""Magic numbers: recipients whose number chooses the outcome (`fixtures/magic-numbers.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from plum_emulator import resources
from plum_emulator.model.messages import BAD, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a recipient brings on a message."""

    means: str = "ordinary"
    steps: tuple[Status, ...] = ("sent", "received")
    received_after: float | None = None
    opted_out: bool = False
    landline: bool = False
    error: str = ""

    @property
    def ends_badly(self) -> bool:
        """Whether the last status is one that wants an explanation."""
        return bool(self.steps) and self.steps[-1] in BAD


ORDINARY = Fate()


class MagicNumbers:
    """The table of fates; every number that is not in it is ordinary."""

    def __init__(self, *, lines: dict[str, Fate], numbers: dict[str, Fate]) -> None:
        self.lines = lines
        self.numbers = numbers

    @classmethod
    def load(cls) -> MagicNumbers:
        """The table that comes with the emulator."""
        document = tomllib.loads(resources.fixture("magic-numbers.toml").read_text(encoding="utf-8"))
        return cls(
            lines={line: _fate(entry) for line, entry in document["lines"].items()},
            numbers={number: _fate(entry) for number, entry in document["numbers"].items()},
        )

    def fate_of(self, number: str) -> Fate:
        """What the recipient, in 11 digits, brings on a message."""
        if number[4:7] == "555":
            return self.lines.get(number[7:]) or self.numbers.get(number, ORDINARY)
        return self.numbers.get(number, ORDINARY)


def _fate(entry: dict[str, Any]) -> Fate:
    if "steps" in entry:
        entry = {**entry, "steps": tuple(entry["steps"])}
    return Fate(**entry)
