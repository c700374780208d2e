"""What the tests of the client share: an emulator in a thread of this process, and an account of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plum_emulator.client import Client, Lease
from plum_emulator.server import running
from plum_emulator.settings import Settings


@pytest.fixture(scope="module")
def anybody() -> Iterator[Client]:
    """A client of the first account of an emulator that lives as long as the module."""
    with running(Settings(port=0)) as server:
        yield Client(url=server.address)


@pytest.fixture
def lease(anybody: Client) -> Iterator[Lease[Client]]:
    """An account whose clock stands still at noon until it is moved."""
    with anybody.lease(clock="manual@2026-01-31T12:00:00Z", sent_after=1, received_after=2) as lease:
        yield lease


@pytest.fixture
def client(lease: Lease[Client]) -> Client:
    """A client of that account."""
    return lease.client
