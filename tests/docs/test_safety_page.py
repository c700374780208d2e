"""docs/safety.md against what is let in and let out."""

from __future__ import annotations

import pytest

from helpers.manual.pages import page, unquoted
from plum_emulator.engine.egress import Egress
from plum_emulator.settings import ANSWER_BODY_LIMIT, DEFAULT_HOST, REQUEST_BODY_LIMIT

PAGE = page("docs/safety.md")


@pytest.mark.parametrize("row", PAGE.section("Where requests may go").table, ids=lambda row: unquoted(row["Address"]))
def test_address_is_reached_or_not_as_the_table_says(row: dict[str, str]) -> None:
    address = unquoted(row["Address"])
    reached = {
        "Without `--egress`": Egress().refusal("host.test", address) is None,
        "`--egress any`": Egress(("any",)).refusal("host.test", address) is None,
    }
    assert reached == {head: row[head] == "yes" for head in reached}


def test_the_caps_are_those_of_the_settings() -> None:
    """One MiB, both ways."""
    assert (REQUEST_BODY_LIMIT, ANSWER_BODY_LIMIT) == (1024 * 1024, 1024 * 1024)
    bullets = [line for line in PAGE.section("How much it takes").prose.splitlines() if "1 MiB" in line]
    assert len(bullets) == 2


def test_it_listens_where_the_page_says() -> None:
    assert f"It listens at {DEFAULT_HOST} unless" in PAGE.prose
