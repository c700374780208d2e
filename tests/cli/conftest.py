"""What the tests of the command line share: commands run in this process, and an emulator in a thread of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from helpers.commands import Ran, Run
from plum_emulator.cli import main
from plum_emulator.client import Client, Lease
from plum_emulator.server import running
from plum_emulator.settings import Settings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has set for an emulator of their own is not meant here."""
    for name in [name for name in os.environ if name.startswith("PLUM_EMULATOR_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, as its entry point does."""

    def run_(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return Ran(ended.value.code, *capsys.readouterr())

    return run_


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """The first account of an emulator with the default seed, which lives as long as the module."""
    with running(Settings(port=0, sent_after=0.02, received_after=0.02)) as server:
        yield Client(url=server.address)


@pytest.fixture
def run_there(run: Run, client: Client) -> Iterator[Run]:
    """Run a command against that emulator, and bring it back to its seed afterwards."""

    def run_(*arguments: str) -> Ran:
        return run(*arguments, "--url", client.url)

    yield run_
    client.reset()


@pytest.fixture
def lease(client: Client) -> Iterator[Lease[Client]]:
    """An account of the test's own, whose clock stands still at noon until it is moved."""
    with client.lease(clock="manual@2026-01-31T12:00:00Z", sent_after=1, received_after=2) as lease:
        yield lease


@pytest.fixture
def run_leased(run: Run, lease: Lease[Client]) -> Run:
    """Run a command as that account."""

    def run_(*arguments: str) -> Ran:
        login = ("--username", lease.username, "--password", lease.password)
        return run(*arguments, "--url", lease.client.url, *login)

    return run_
