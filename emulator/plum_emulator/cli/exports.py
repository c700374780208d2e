"""`export`: the journal and the messages for other people's tools, and the account for another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from plum_emulator.cli.options import Family, Function, client_of, client_options, said
from plum_emulator.errors import SettingsError


def _output_option(function: Function) -> Function:
    return click.option(
        "--output",
        "-o",
        type=click.Path(path_type=Path, allow_dash=True),
        default="-",
        help="The file to write; without it, the output.",
    )(function)


@click.group(cls=Family)
def export() -> None:
    """Export the journal, the messages, or the whole account."""


@export.command("journal")
@click.option(
    "--format", "format_", type=click.Choice(["har", "jsonl", "csv"]), default="har", show_default=True, help="How."
)
@_output_option
@client_options
def export_journal(*, format_: Literal["har", "jsonl", "csv"], output: Path, **options: Any) -> None:
    """Export every exchange, oldest first."""
    _write(output, client_of(options).export(format_))


@export.command("messages")
@click.option(
    "--format", "format_", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True, help="How."
)
@_output_option
@client_options
def export_messages(*, format_: Literal["jsonl", "csv"], output: Path, **options: Any) -> None:
    """Export every message, oldest first."""
    _write(output, client_of(options).export_messages(format_))


@export.command("account")
@_output_option
@client_options
def export_account(*, output: Path, **options: Any) -> None:
    """Export the account as a file for `accounts import` and `serve --database`."""
    _write(output, client_of(options).export_account())


def _write(output: Path, exported: bytes) -> None:
    if str(output) == "-":
        click.echo(exported, nl=False)
        return
    try:
        output.write_bytes(exported)
    except OSError as error:
        raise SettingsError(f"{output} cannot be written: {error.strerror}", hint="name another file") from None
    said(f"{output} is written, {len(exported)} bytes")
