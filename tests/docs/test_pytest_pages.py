"""docs/pytest/ against the plugin. Its lists are held by test_tables.py, its examples by test_examples.py."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap

import pytest

from helpers.manual.pages import Page, page, pages
from plum_emulator import pytest_plugin
from plum_emulator.testing import Plum

PAGES = [page for page in pages() if page.name.startswith("docs/pytest/")]
REFERENCE = page("docs/pytest/fixtures.md")


def attributes() -> set[str]:
    """What a `Plum` is given when it is made, and shows to a test."""
    made = ast.parse(textwrap.dedent(inspect.getsource(Plum.__init__)))
    stored = [node for node in ast.walk(made) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    return {node.attr for node in stored if not node.attr.startswith("_")}


def test_every_attribute_of_the_account_is_told_of() -> None:
    """Attributes have no docstring: the page says itself what they are."""
    prose = REFERENCE.section("The account: `plum`").prose
    assert {name for name in attributes() if f"`plum.{name}`" in prose} == attributes() != set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_every_member_of_the_account_that_is_named_exists(page: Page) -> None:
    """In the prose too, where no example is run."""
    members = attributes() | {name for name in vars(Plum) if not name.startswith("_")}
    named = {name for code in page.code for name in re.findall(r"\bplum\.(\w+)", code)}
    assert named - members == set()


def test_every_fixture_of_the_plugin_is_listed() -> None:
    """Found in another way than the list is written: by the name that all of them begin with."""
    listed = {name for name in REFERENCE.section("Fixtures").bullets() if name.startswith("plum")}
    assert listed == {name for name in vars(pytest_plugin) if name.startswith("plum")}
