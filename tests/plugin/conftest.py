"""What the tests of the plugin share: suites of a stranger, and an emulator for those that start none."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from helpers.suites import Suite
from plum_emulator.testing import PlumServer
from plum_emulator.wire.answers import warm_up

_LATE = (
    "apscheduler.executors.asyncio",
    "apscheduler.jobstores.memory",
    "apscheduler.schedulers.asyncio",
    "apscheduler.triggers.date",
    "regex",
    "werkzeug.serving",
)


@pytest.fixture(scope="session")
def loaded() -> None:
    """What an emulator loads late is there at once: pytester drops modules that come while it runs a suite, and would
    drop them under the feet of the emulator's threads."""
    for name in _LATE:
        import_module(name)
    warm_up()


@pytest.fixture
def suite(
    loaded: None,  # noqa: ARG001 # it has to be so
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    plum_server: PlumServer,
) -> Suite:
    """A suite as in an empty folder, whatever a developer has set. It shares our emulator: one takes long to start."""
    for name in [name for name in os.environ if name.startswith(("PLUM_EMULATOR_", "PYTEST_", "COV_"))]:
        if name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    with plum_server.leased():  # what the control surface loads late
        pass
    return Suite(pytester=pytester, url=plum_server.url)
