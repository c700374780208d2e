"""docs/jobs/: a page for each job, with curl and in Python."""

from __future__ import annotations

import pytest

from helpers.manual.pages import Page, page, pages

INDEX = page("docs/jobs/README.md")
PAGES = [page for page in pages() if page.name.startswith("docs/jobs/") and page != INDEX]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)


@each_page
def test_a_job_is_shown_with_curl_and_in_python(page: Page) -> None:
    """Whoever has another language reads the curl."""
    assert [block for block in page.blocks if block.language in ("sh", "console") and "curl" in block.text]
    python = [block.text for block in page.blocks if block.language == "python"]
    assert [text for text in python if "from plum_emulator.client import" in text]


@each_page
def test_a_job_in_python_claims_something(page: Page) -> None:
    """An example that asserts nothing would show nothing."""
    python = "".join(block.text for block in page.blocks if block.language == "python")
    assert "assert " in python or ".expect" in python


def test_the_index_names_every_job_once_and_nothing_else() -> None:
    named = [link for link in INDEX.links if "/" not in link]
    assert sorted(named) == sorted(f"{page.path.name}" for page in PAGES)
