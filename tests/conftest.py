"""Fixtures that every room's tests may use."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import pytest

from helpers import laws as laws  # pytest is told of a profile that has to be known by then
from helpers.house import House


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay until the end: the collector of cycles, which would look at all of them again and again
    and take a fifth of the time, does not begin before they are there, and leaves them alone then."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture
def house() -> Iterator[House]:
    """An emulator without sockets, on a manual clock."""
    house = House()
    yield house
    house.close()
