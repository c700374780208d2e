"""What the journeys share: a quick emulator for those that leave it as it was, and a result URL of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.programs import QUICK, Emulator, emulator
from helpers.receivers import Receiver, receiver


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys of a module, each with messages of its own."""
    with emulator(*QUICK) as running:
        yield running


@pytest.fixture
def results() -> Iterator[Receiver]:
    """A result URL that takes everything."""
    with receiver() as taker:
        yield taker
