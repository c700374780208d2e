"""docs/control.md against the routes, and against the reference in schemas/."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from helpers import openapi
from helpers.house import House
from helpers.manual.pages import page, unquoted
from plum_emulator.engine.feed import Kind
from plum_emulator.web.app import build_app

PAGE = page("docs/control.md")
BRACES = str.maketrans("<>", "{}")
ROUTES = [unquoted(heading) for heading in PAGE.headings if "/_plum/" in heading]


def test_every_route_has_its_section_and_there_is_no_other(house: House) -> None:
    app = build_app(house.platform, allow_hosts=(), ready=lambda: True)
    routes = [
        f"{method} {rule.rule.translate(BRACES)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/_plum/")
    ]
    assert sorted(ROUTES) == sorted(routes)


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_has_an_example(route: str) -> None:
    """One curl that asks just this, and its answer."""
    method, _, path = route.partition(" ")
    asked = [block.text for block in PAGE.section(f"`{route}`").blocks if "curl" in block.text]
    pattern = re.sub(r"\\\{[^}]+\\\}", r"[^/?\\s]+", re.escape(f"http://127.0.0.1:7586{path}"))
    assert [text for text in asked if re.search(rf"{pattern}(['\"?\s]|$)", text)], f"{asked} do not ask for {path}"
    if method == "PUT":
        assert "-X PUT" in asked[0]


@pytest.mark.parametrize("route", ROUTES)
def test_every_parameter_is_explained_and_none_besides(route: str) -> None:
    """`account` is explained once, for all."""
    method, _, path = route.partition(" ")
    description = openapi.control()
    operation = next(each for each in description.operations if (each.method, each.path) == (method, path))
    parameters = [description.resolved(parameter) for parameter in operation.node.get("parameters", [])]
    named = [each["name"] for each in parameters if each["in"] != "path" and each["name"] != "account"]
    assert PAGE.section(f"`{route}`").bullets() == named


def test_every_kind_of_event_is_explained_and_none_besides() -> None:
    kinds = [unquoted(row["Event"]) for row in PAGE.section("`GET /_plum/events`").table]
    assert sorted(kinds) == sorted(get_args(Kind))
