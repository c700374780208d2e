"""`--version` and `--help`: at once, and without what they do not need."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from helpers.commands import Ran, Run
from plum_emulator import __version__
from plum_emulator.cli import plum_emulator


def names_below(group: click.Group, *above: str) -> list[str]:
    """The commands of a group, and theirs."""
    context, names = click.Context(group), []
    for name in group.list_commands(context):
        names.append(" ".join((*above, name)))
        below = group.get_command(context, name)
        if isinstance(below, click.Group):
            names += names_below(below, *above, name)
    return names


COMMANDS = names_below(plum_emulator)
GROUPS = ["clock", "accounts", "rules", "scenario", "callbacks", "snapshot", "export"]
HEAVY = {"flask", "sqlite_utils", "sqlite3", "xmlschema", "uvicorn", "apscheduler", "pycurl", "asyncio"}
LOADED = """
import json, sys
from plum_emulator.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def command(name: str) -> click.Command:
    """The command of this name."""
    found: click.Command | None = plum_emulator
    for word in name.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None
    return found


def test_the_version_is_one_line(run: Run) -> None:
    assert run("--version") == Ran(0, out=f"plum-emulator {__version__}\n")


@pytest.mark.journey
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--version"], id="version"),
        pytest.param(["serve", "--help"], id="help"),
        pytest.param(["messages", "--url", "http://127.0.0.1:1"], id="a command that calls"),
        pytest.param(["expect", "--url", "http://127.0.0.1:1"], id="a command of the control surface"),
        pytest.param(["rules", "add", "--help"], id="help below a command"),
        pytest.param(["init", "-"], id="init"),
    ],
)
def test_nothing_heavy_is_loaded_for_what_does_not_serve(arguments: list[str]) -> None:
    """Web, storage, XML and scheduler are loaded by `serve` alone."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, timeout=30, check=True
    )
    assert HEAVY & set(json.loads(ran.stderr.splitlines()[-1])) == set()


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    """As it is, not as an error."""
    assert run() == run("--help")
    assert run().code == 0


def test_a_command_with_commands_of_its_own_shows_them(run: Run) -> None:
    """As it is, not as an error."""
    assert [name for name in COMMANDS if isinstance(command(name), click.Group)] == GROUPS
    for name in GROUPS:
        assert run(name) == run(name, "--help")
        assert run(name).code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    """`-h` is short for `--help`; every option says what it is for."""
    short, long = run(*name.split(), "-h"), run(*name.split(), "--help")
    assert short == long
    assert (long.code, long.err) == (0, "")
    assert long.out.startswith(f"Usage: plum-emulator {name} ")
    assert command(name).help
    for param in command(name).params:
        if isinstance(param, click.Option):
            assert param.help, f"{name} {param.opts[0]} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_lasting_choice_has_its_environment_variable(name: str) -> None:
    """The option's name in capitals after PLUM_EMULATOR_. What a call is about, and how it is shown, has none."""
    lasting = {"url", "username", "password"} if name != "serve" else None
    for param in command(name).params:
        option = param.opts[-1].removeprefix("--")
        if isinstance(param, click.Option) and option != "json" and (lasting is None or option in lasting):
            assert param.envvar == "PLUM_EMULATOR_" + option.upper().replace("-", "_")
