"""How much is measured: the whole run, or a quick look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How often, how long and how large."""

    rounds: int
    load_seconds: int
    lives_seconds: int
    starts: int
    commands: int
    resets: int
    expects: int
    leased: int
    tests: int
    few: int
    many: int
    pages: int
    requests_served: int


FULL = Effort(
    rounds=5,
    load_seconds=2,
    lives_seconds=3,
    starts=10,
    commands=20,
    resets=20,
    expects=50,
    leased=200,
    tests=500,
    few=1_000,
    many=1_000_000,
    pages=40,
    requests_served=2_000,
)
QUICK = Effort(
    rounds=3,
    load_seconds=1,
    lives_seconds=1,
    starts=3,
    commands=5,
    resets=5,
    expects=20,
    leased=200,
    tests=100,
    few=1_000,
    many=50_000,
    pages=10,
    requests_served=500,
)
