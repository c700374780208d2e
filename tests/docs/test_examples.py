"""Every example of the manual does what the manual says."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.manual.examples import stage
from helpers.manual.pages import Page, pages
from helpers.tools import tool

WITH_EXAMPLES = [page for page in pages() if page.blocks]


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_the_examples_of_a_page_work(page: Page, tmp_path: Path) -> None:
    """A reader may paste every example, in the order of the page."""
    tool("curl")
    with stage(tmp_path) as played:
        played.play(page)


def test_there_are_examples() -> None:
    """An example that is not found would be an example that is not played."""
    fences = sum(line.startswith("```") for page in pages() for line in page.text.splitlines())
    assert fences == 2 * sum(len(page.blocks) for page in WITH_EXAMPLES) > 0
