"""Options that several commands share, and how their output is written."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from plum_emulator.client import Client
from plum_emulator.client.lines import in_one_line
from plum_emulator.clock import read_duration
from plum_emulator.errors import NotPossible
from plum_emulator.settings import DEFAULT_URL

__all__ = ["in_one_line"]

_YEAR = 366 * 86400

Function = TypeVar("Function", bound=Callable[..., Any])

as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON lines in place of people's output.")


class Seconds(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on, and we take older ones
    """A duration: a number of seconds, not negative, at most a year."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= _YEAR:
            self.fail(f"{value!r} is not a number of seconds from 0 up.", param, ctx)
        return seconds


class Duration(click.ParamType):  # type: ignore[type-arg] # the same
    """A duration: `5` seconds, `500ms`, `2m`, `1.5h` or `3d`; at most 100 years."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):  # it was read already
            return value
        try:
            return read_duration(str(value))
        except NotPossible:
            self.fail(f"{value!r} is not a duration, as 5, 500ms, 2m, 1.5h or 3d are.", param, ctx)


class Document(click.ParamType):  # type: ignore[type-arg] # the same
    """A JSON object: as it is, or `@FILE` that holds it, in TOML where the name ends so; `@-` is the input."""

    name = "document"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, dict):  # it was read already
            return value
        try:
            return read_document(value[1:]) if value.startswith("@") else _object(value, "JSON", json.loads)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def read_document(file: str) -> dict[str, Any]:
    """The object that a file of JSON or TOML holds; `-` is the input. Raises ValueError, in words."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not text") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    return _object(text, "TOML", tomllib.loads) if file.endswith(".toml") else _object(text, "JSON", json.loads)


def _object(text: str, kind: str, read: Callable[[str], Any]) -> dict[str, Any]:
    try:
        value = read(text)
        json.dumps(value)
    except RecursionError:
        raise ValueError(f"this is {kind} nested too deep") from None
    except ValueError as error:
        raise ValueError(f"this is not {kind}: {error}") from None
    except TypeError:
        raise ValueError("there is a date or a time in it, which JSON has not") from None
    if not isinstance(value, dict):
        raise ValueError(f"an object was expected, not {text[:40]!r}")
    return value


class Family(click.Group):
    """A command that has commands of its own. Its help lists them in the order in which they were written."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.invoke_without_command, self.no_args_is_help = True, False

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        value = super().invoke(ctx)
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return value


def server_options(function: Function) -> Function:
    """`--url` and `--token`: which emulator, whoever asks."""
    for option in (
        click.option(
            "--token",
            envvar="PLUM_EMULATOR_TOKEN",
            default="",
            help="Its token, when it is on another machine; its banner shows it.",
        ),
        click.option(
            "--url", envvar="PLUM_EMULATOR_URL", default=DEFAULT_URL, show_default=True, help="Where the emulator is."
        ),
    ):
        function = option(function)
    return function


def client_options(function: Function) -> Function:
    """`--url`, `--token`, `--username` and `--password`: which emulator, and as whom."""
    for option in (
        click.option("--password", envvar="PLUM_EMULATOR_PASSWORD", default="password", help="Its password."),
        click.option("--username", envvar="PLUM_EMULATOR_USERNAME", default="username", help="The account's login."),
        server_options,
    ):
        function = option(function)
    return function


def client_of(options: dict[str, Any], *, timeout: float | None = 30.0) -> Client:
    """The client that the options ask for; nobody in particular, when they do not say who."""
    return Client(
        url=options["url"].rstrip("/"),
        username=options.get("username", ""),
        password=options.get("password", ""),
        token=options["token"],
        timeout=timeout,
    )


def written(**options: Any) -> dict[str, Any]:
    """The options that somebody wrote. What was not written is nothing, and so is a flag that is not up."""
    return {name: value for name, value in options.items() if value is not None and value is not False}


def show(value: dict[str, Any], *, as_json: bool, line: str) -> None:
    """One line of output: the value as JSON, or the line for people."""
    click.echo(json.dumps(value) if as_json else in_one_line(line))


def said(text: str) -> None:
    """One line for people, which a program does not want."""
    click.echo(in_one_line(text))
