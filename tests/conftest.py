"""Fixtures that every room's tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.house import House


@pytest.fixture
def house() -> Iterator[House]:
    """An emulator without sockets, on a manual clock."""
    house = House()
    yield house
    house.close()
