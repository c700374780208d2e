"""The manual's tables say what the code says. Write them anew with: pytest tests/docs --write-tables"""

from __future__ import annotations

import pytest

from helpers.manual import reference, tables
from helpers.manual.pages import Page, pages

WITH_TABLES = [page for page in pages() if tables.names(page.text)]


@pytest.mark.parametrize("page", WITH_TABLES, ids=lambda page: page.name)
def test_a_table_that_is_written_from_the_code_is_as_the_code_is(page: Page, request: pytest.FixtureRequest) -> None:
    """Commands, their options, defaults and environment variables, magic numbers, fixtures and their members."""
    written = tables.written(page.text)
    if request.config.getoption("--write-tables", default=False):
        page.path.write_text(written, encoding="utf-8")
        return
    assert page.text == written, "write it anew with: .venv/bin/python -m pytest tests/docs --write-tables"


def test_every_table_has_its_place() -> None:
    """No command, and no table, is left out of the manual."""
    places = [name for page in WITH_TABLES for name in tables.names(page.text)]
    assert sorted(places) == sorted([*tables.commands(), "common options", "magic numbers", *reference.LISTS])
