"""The first page in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from helpers.browser import EACH_WAY, flaws

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@EACH_WAY
def test_the_first_page_keeps_nobody_out(page: Page) -> None:
    """It has no barrier, does not scroll sideways, and nothing jumps, light or dark, wide or narrow."""
    page.goto("/")
    assert flaws(page) == []


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])
def test_the_first_page_is_there_with_and_without_scripts(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
