"""The command `plum-emulator`. Each command is loaded when it is called for, so that `--version` is quick."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from plum_emulator import __version__
from plum_emulator.errors import PlumEmulatorError

_COMMANDS = {
    "serve": "plum_emulator.cli.serve",
    "send": "plum_emulator.cli.texts",
    "receive": "plum_emulator.cli.texts",
    "status": "plum_emulator.cli.log",
    "messages": "plum_emulator.cli.log",
    "conversation": "plum_emulator.cli.log",
    "tail": "plum_emulator.cli.log",
    "expect": "plum_emulator.cli.expect",
    "clock": "plum_emulator.cli.time",
    "advance": "plum_emulator.cli.time",
    "lease": "plum_emulator.cli.accounts",
    "accounts": "plum_emulator.cli.accounts",
    "rules": "plum_emulator.cli.rules",
    "scenario": "plum_emulator.cli.rules",
    "callbacks": "plum_emulator.cli.callbacks",
    "replay": "plum_emulator.cli.callbacks",
    "snapshot": "plum_emulator.cli.snapshots",
    "reset": "plum_emulator.cli.snapshots",
    "export": "plum_emulator.cli.exports",
    "readyz": "plum_emulator.cli.setup",
    "init": "plum_emulator.cli.setup",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="plum-emulator", message="%(prog)s %(version)s")
@click.pass_context
def plum_emulator(context: click.Context) -> None:
    """A full local emulator of the Plum Voice SMS platform."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. The border where errors become one line each; only a bug shows a traceback."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = plum_emulator.main(arguments, prog_name="plum-emulator", standalone_mode=False)
        if sys.stdout is not None:  # as it is when a shell closes it: >&-
            sys.stdout.flush()
    except PlumEmulatorError as error:
        return _say(error.one_line(), error.exit_code)
    except click.ClickException as error:
        return _say(f"{error.format_message()} {_see_help(error)}", 2)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except (BrokenPipeError, SystemExit):  # click makes the one of the other, in what it writes itself
        # Who read our output has gone, `head` for example. Nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _say(line: str, code: int) -> int:
    from plum_emulator.cli.options import in_one_line  # late: it brings the client, which --version does not need

    click.echo(f"plum-emulator: {in_one_line(_one_line(line))}", err=True)
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _see_help(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"(see: {context.command_path if context else 'plum-emulator'} --help)"
