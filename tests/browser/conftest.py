"""What the tests in a browser share: an emulator, a page on it, and what that page looks like."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from helpers.browser import DEADLINE, WIDE, Chromium, Complaints, Theme, Windows
from plum_emulator.client import Client
from plum_emulator.server import running
from plum_emulator.settings import Settings

expect.set_options(timeout=DEADLINE * 1000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests of this process."""
    chromium = Chromium()
    yield chromium
    chromium.close()


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    """That browser, awake while the test lasts."""
    with chromium.awake() as browser:
        yield browser


@pytest.fixture
def clock() -> str:
    """How the emulator's clock goes. Parametrize it for one that goes by itself."""
    return "manual@2026-01-31T12:00:00Z"


@pytest.fixture
def console(clock: str) -> Iterator[Client]:
    """A client of an emulator of the test's own; `console.url` is where that is."""
    with running(Settings(port=0, clock=clock, seed="console")) as server:
        yield Client(url=server.address, timeout=20)


@pytest.fixture
def complaints(console: Client) -> Iterator[Complaints]:
    """What went wrong in the browser. The test fails at its end if anything did that it does not `expect`."""
    complaints = Complaints(console.url)
    yield complaints
    verdict = complaints.verdict()
    assert verdict == [], "\n".join(verdict)


@pytest.fixture
def windows(browser: Browser, complaints: Complaints) -> Iterator[Windows]:
    """Opens further windows, each with cookies and a storage of its own."""
    windows = Windows(browser, complaints)
    yield windows
    windows.close()


@pytest.fixture
def theme() -> Theme:
    """What the person prefers. Parametrize it for "dark"."""
    return "light"


@pytest.fixture
def width() -> int:
    """How wide the window is. Parametrize it for NARROW."""
    return WIDE


@pytest.fixture
def javascript() -> bool:
    """Whether the page's scripts run. Parametrize it for False."""
    return True


@pytest.fixture
def page(windows: Windows, theme: Theme, width: int, javascript: bool) -> Page:
    """An empty page in a window like that, on the emulator `console`: begin with `page.goto("/")`."""
    return windows.open(theme=theme, width=width, javascript=javascript)
