"""docs/control.md and docs/control/ against the routes, and against the reference in schemas/."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args

import pytest

from helpers import openapi
from helpers.house import House
from helpers.manual.pages import Page, page, pages, unquoted
from plum_emulator.clock import MODES
from plum_emulator.model.events import Kind
from plum_emulator.scenario.rules import Then, When
from plum_emulator.scenario.scenarios import shipped
from plum_emulator.web.app import build_app
from plum_emulator.web.guard import Guard

PAGES = [page for page in pages() if page.name.startswith("docs/control/")]
SECTIONS = {unquoted(heading): page for page in PAGES for heading in page.headings if "/_plum/" in heading}
ROUTES = list(SECTIONS)
ANY_METHOD = "/_plum/sink/{path}"
INDEX, RULES = page("docs/control.md"), page("docs/control/rules.md")
each_route = pytest.mark.parametrize("route", ROUTES)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)


def section(route: str) -> Page:
    """The route's section, on the page that has it."""
    return SECTIONS[route].section(f"`{route}`")


def operation(route: str) -> openapi.Node:
    """What the reference says about the route."""
    method, _, path = route.partition(" ")
    found = [each.node for each in openapi.control().operations if (each.method, each.path) == (method, path)]
    assert found, f"the reference has no {route}"
    return found[0]


def test_every_route_has_its_section_and_there_is_no_other(house: House) -> None:
    """A sink takes any method, and has one section for all."""
    app = build_app(house.emulator, guard=Guard(()), ready=lambda: True)
    routes = {
        "POST " + ANY_METHOD if path == ANY_METHOD else f"{method} {path}"
        for rule in app.url_map.iter_rules()
        for path in (re.sub(r"<(?:\w+:)?(\w+?)_?>", r"{\1}", rule.rule),)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/_plum/")
    }
    assert sorted(ROUTES) == sorted(routes)


@each_route
def test_a_route_is_on_the_page_of_its_tag(route: str) -> None:
    """As the reference groups them."""
    assert operation(route)["tags"] == [SECTIONS[route].path.stem]


@each_page
def test_every_page_is_in_the_index_with_its_routes(page: Page) -> None:
    rows = {row["Page"].partition("(")[2].rstrip(")"): row["Routes"] for row in INDEX.table}
    assert f"control/{page.path.stem}.md" in rows
    named = re.findall(r"`([^`]+)`", rows[f"control/{page.path.stem}.md"])
    paths = [route.partition(" ")[2] for route, its_page in SECTIONS.items() if its_page is page]
    assert [name for name in named if not any(path.startswith(name) for path in paths)] == []


@each_route
def test_every_route_has_an_example(route: str) -> None:
    """One curl that asks just this, and its answer."""
    method, _, path = route.partition(" ")
    asked = [block.text for block in section(route).blocks if "curl" in block.text]
    pattern = re.sub(r"\\\{[^}]+\\\}", r"[^/?\\s]+", re.escape(f"http://127.0.0.1:7586{path}"))
    words = {"GET": "curl", "POST": r"curl (?:-X POST|.*-d |.*--data-binary )"}.get(method, f"curl -X {method} ")
    lines = [line for text in asked for line in text.replace("\\\n", " ").splitlines() if re.search(words, line)]
    assert [line for line in lines if re.search(rf"{pattern}(['\"?\s]|$)", line)], f"{asked} do not ask for {path}"


@each_route
def test_every_parameter_is_explained_and_none_besides(route: str) -> None:
    """`account` is explained once, for all."""
    parameters = [openapi.control().resolved(parameter) for parameter in operation(route).get("parameters", [])]
    named = [each["name"] for each in parameters if each["in"] != "path" and each["name"] != "account"]
    assert section(route).bullets() == named


@each_page
def test_every_field_of_a_body_is_explained_and_none_besides(page: Page) -> None:
    """In a table, or in a sentence where there are few."""
    routes = [route for route, its_page in SECTIONS.items() if its_page is page]
    taken = {name for route in routes for name in _fields(operation(route).get("requestBody", {}))}
    named = {word for code in page.code for word in code.split()}
    assert taken - named == set()
    assert set(page.column("Field")) - taken == set()


def _fields(node: Any) -> Iterator[str]:
    """The names of an object in a request body, wherever the description has them."""
    node = openapi.control().resolved(node) if isinstance(node, Mapping) else {}
    for media in node.get("content", {}).values():
        yield from _fields(media.get("schema"))
    for group in ("allOf", "oneOf", "anyOf"):
        for inner in node.get(group, ()):
            yield from _fields(inner)
    yield from node.get("properties", ())


def test_every_kind_of_event_is_explained_and_none_besides() -> None:
    assert sorted(section("GET /_plum/events").column("Event")) == sorted(get_args(Kind))


def test_every_mode_of_a_clock_is_explained_and_none_besides() -> None:
    assert re.findall(r"^- \*\*(\w+)\*\*", page("docs/control/time.md").prose, re.MULTILINE) == list(MODES)


def test_everything_that_a_rule_may_say_is_explained_and_nothing_besides() -> None:
    told = {
        head: {name for cell in RULES.column(head) for name in re.findall(r"\w+", cell)}
        for head in ("`when`", "`then`")
    }
    assert told == {
        "`when`": {field.name.rstrip("_") for field in fields(When)} | {"operation"},
        "`then`": {field.name for field in fields(Then)},
    }


def test_every_scenario_that_comes_with_the_emulator_is_told_in_its_own_words() -> None:
    told = {unquoted(row["Scenario"]): row["What it does"] for row in section("GET /_plum/scenarios").table}
    assert told == {name: scenario.description for name, scenario in shipped().items()}
