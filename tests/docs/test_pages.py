"""What holds for every page: links lead somewhere, and what is named exists."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import chain
from urllib.parse import urlsplit

import pytest

from helpers.house import House
from helpers.manual import reference, tables
from helpers.manual.pages import ROOT, Page, page, pages
from plum_emulator.settings import ENVIRONMENT_PREFIX, Settings
from plum_emulator.web.app import build_app
from plum_emulator.web.guard import Guard

PAGES = pages()
README = page("README.md")
COMMANDS = tables.commands()
FAMILIES = {name.partition(" ")[0] for name in COMMANDS if " " in name}
OPTIONS = {name: set(chain.from_iterable(p.opts for p in command.params)) for name, command in COMMANDS.items()}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@each_page
def test_every_link_leads_somewhere(page: Page) -> None:
    """A relative link names a file, or a folder, of the checkout, and a heading that is there."""
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme in ("http", "https"), link
            continue
        target = (page.path.parent / parts.path) if parts.path else page.path
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        if parts.fragment:
            name = target.resolve().relative_to(ROOT).as_posix()
            anchors = Page(name, target.read_text(encoding="utf-8")).anchors
            assert parts.fragment in anchors, f"{page.name} links to {link}; {name} has {sorted(anchors)}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[str] = set()
    ways = ["README.md"]
    while ways:
        name = ways.pop()
        if name not in reached:
            reached.add(name)
            ways += _linked_pages(name)
    assert {page.name for page in PAGES} - reached == set()


def _linked_pages(name: str) -> list[str]:
    here = page(name)
    paths = [here.path.parent / urlsplit(link).path for link in here.links if not urlsplit(link).scheme]
    paths += [path / "README.md" for path in paths if path.is_dir()]
    return [path.resolve().relative_to(ROOT).as_posix() for path in paths if path.suffix == ".md" and path.is_file()]


@each_page
def test_every_command_and_option_that_is_named_exists(page: Page) -> None:
    for words in (code.split() for code in page.code if code.startswith("plum-emulator ")):
        command = _command_in(words[1:])
        assert command in ("", "…", *COMMANDS, *FAMILIES), f"{page.name}: there is no command in {' '.join(words)!r}"
        _expect_options(page, words, OPTIONS.get(command, {"--help", "--version"}) | {"--help"})
    everything = set(chain.from_iterable(OPTIONS.values())) | {
        "--help",
        "--version",
        "--write-tables",
        *reference.options(),
    }
    for words in (code.split() for code in page.code if code.startswith("--")):
        _expect_options(page, words, everything)


def _command_in(words: list[str]) -> str:
    """The command that is typed: two words where the first one names a family."""
    command = next((word for word in words if not word.startswith("-")), "")
    following = words[1] if len(words) > 1 and command == words[0] else ""
    return f"{command} {following}" if command in FAMILIES and following else command


def _expect_options(page: Page, words: list[str], known: set[str]) -> None:
    unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - known
    assert not unknown, f"{page.name}: {' '.join(words)!r} names {unknown}; there are {sorted(known)}"


def test_every_environment_variable_that_is_named_exists_and_each_is_named() -> None:
    named = set(chain.from_iterable(re.findall(rf"\b{ENVIRONMENT_PREFIX}\w+", page.text) for page in PAGES))
    all_options = chain.from_iterable(map(tables.options, COMMANDS.values()))
    assert named == {tables.environment_of(option) for option in all_options} - {""}


def test_every_field_of_the_settings_is_an_option_and_so_in_the_manual() -> None:
    """`serve` takes exactly what can be chosen when an emulator starts; its options are a table of the manual."""
    options = {option.name: option for option in tables.options(COMMANDS["serve"]) if option.name != "as_json"}
    assert set(options) == {field.name for field in fields(Settings)}
    missing = [option for option in options.values() if f"`{option.opts[0]}`" not in page("docs/commands.md").text]
    assert missing == []


@each_page
def test_every_path_of_the_control_surface_that_is_named_exists(page: Page, house: House) -> None:
    app = build_app(house.emulator, guard=Guard(()), ready=lambda: True)
    known = [re.sub("<[^>]+>", "[^/]+", rule.rule) for rule in app.url_map.iter_rules()]
    for code in (*page.code, *re.findall(r"http://127\.0\.0\.1:7586(/[^\s'\"`]*)", page.text)):
        path = code.removeprefix("GET ").removeprefix("POST ").removeprefix("PUT ").partition("?")[0]
        if path.startswith("/_plum/") and path != "/_plum/":
            assert any(re.fullmatch(rule, path) for rule in known), f"{page.name}: there is no {path}"


@each_page
def test_every_target_of_make_that_is_named_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {code.removeprefix("make ").split()[0] for code in page.code if code.startswith("make ")}
    assert named - targets == set()


def test_the_first_success_takes_at_most_twelve_lines() -> None:
    """Commands and words, from nothing to an answer."""
    lines = [line for line in README.section("First success").text.splitlines() if line and not line.startswith("```")]
    assert len(lines) <= 12


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert page("CHANGELOG.md").headings[:2] == ["Changes", "Unreleased"]
