"""A command of ours that has run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended, and what it wrote."""

    code: int | str | None
    out: str = ""
    err: str = ""


Run = Callable[..., Ran]
