"""Options that several commands share, and how their output is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from plum_emulator.settings import DEFAULT_URL

if TYPE_CHECKING:
    from plum_emulator.client import Client

# Control characters, line breaks, marks that turn the direction of writing, and halves of characters.
_ACTS_ON_TERMINALS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

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
        if not 0 <= seconds <= 366 * 86400:
            self.fail(f"{value!r} is not a number of seconds from 0 up.", param, ctx)
        return seconds


def client_options(function: Function) -> Function:
    """`--url`, `--username` and `--password`: which emulator, and as whom."""
    for option in (
        click.option("--password", envvar="PLUM_EMULATOR_PASSWORD", default="password", help="Its password."),
        click.option("--username", envvar="PLUM_EMULATOR_USERNAME", default="username", help="The account's login."),
        click.option(
            "--url", envvar="PLUM_EMULATOR_URL", default=DEFAULT_URL, show_default=True, help="Where the emulator is."
        ),
    ):
        function = option(function)
    return function


def client_of(options: dict[str, Any], *, timeout: float | None = 30.0) -> Client:
    """The client that the options ask for."""
    from plum_emulator.client import Client  # late: `serve` does without

    return Client(
        url=options["url"].rstrip("/"),
        username=options["username"],
        password=options["password"],
        timeout=timeout,
    )


def show(value: dict[str, Any], *, as_json: bool, line: str) -> None:
    """One line of output: the value as JSON, or the line for people."""
    click.echo(json.dumps(value) if as_json else in_one_line(line))


def in_one_line(text: str) -> str:
    """Text as a person can read it in a terminal: one line, and nothing in it that acts on the terminal."""
    return _ACTS_ON_TERMINALS.sub("\N{REPLACEMENT CHARACTER}", text)
