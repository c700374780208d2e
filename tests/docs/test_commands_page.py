"""docs/commands.md, where it is not written from the code: exit codes, and what --json prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from helpers.manual import tables
from helpers.manual.pages import page
from plum_emulator import errors

PAGE = page("docs/commands.md")
COMMANDS = tables.commands()


def test_every_command_has_its_section_in_the_order_of_the_help() -> None:
    assert [heading for heading in PAGE.headings if heading in COMMANDS] == list(COMMANDS)


def test_every_exit_code_is_explained_and_none_besides() -> None:
    """0, what an error becomes, and Ctrl-C."""
    codes = {int(row["Code"]) for row in PAGE.section("Exit codes").table}
    assert codes == {0, 130} | {error.exit_code for error in _all_errors(errors.PlumEmulatorError)}


def _all_errors(error: type[errors.PlumEmulatorError]) -> Iterator[type[errors.PlumEmulatorError]]:
    yield error
    for below in error.__subclasses__():
        yield from _all_errors(below)


def test_every_command_with_json_is_in_the_table_and_none_besides() -> None:
    told = [name for row in PAGE.section("With --json").table for name in re.findall(r"`([^`]+)`", row["Command"])]
    assert sorted(told) == sorted([name for name in COMMANDS if "--json" in _options(name)])


def test_only_serve_and_init_ask_no_running_emulator() -> None:
    assert [name for name in COMMANDS if "--url" not in _options(name)] == ["serve", "init"]
    assert "Every command but `serve` and `init` asks a running emulator" in PAGE.prose


def _options(name: str) -> set[str]:
    return {option.opts[0] for option in tables.options(COMMANDS[name])}
