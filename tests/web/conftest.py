"""Fixtures of the web room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.caller import Caller
from helpers.house import House


@pytest.fixture
def caller(house: House) -> Iterator[Caller]:
    """Somebody who talks to the emulator `house`."""
    caller = Caller(house)
    yield caller
    caller.close()


@pytest.fixture(scope="module")
def onlooker() -> Iterator[Caller]:
    """Somebody who only asks, of an emulator that nobody changes: no message is ever sent or received there."""
    house = House()
    caller = Caller(house)
    yield caller
    caller.close()
    house.close()
    assert house.events == [], "a test has changed what others only look at"
