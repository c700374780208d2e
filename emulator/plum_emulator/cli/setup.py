"""`readyz`: is it up? `init`: an accounts file to begin with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import click

from plum_emulator import resources
from plum_emulator.cli.options import Seconds, client_of, client_options
from plum_emulator.clock import stopwatch
from plum_emulator.errors import CallFailed, ServerUnreachable, SettingsError

_LOOK_EVERY = 0.05


@click.command()
@click.option("--wait", type=Seconds(), default=0.0, help="Seconds to wait for it.")
@client_options
def readyz(*, wait: float, **options: Any) -> None:
    """Exit with 0 when the emulator is ready, else with 1. Fit for a container's health check."""
    client, elapsed, pause = client_of(options, timeout=max(wait, 1.0)), stopwatch(), threading.Event()
    while not _is_ready(client.ready):
        if elapsed() >= wait * 1000:
            raise CallFailed(f"no emulator is ready at {client.url}", hint="start one with: plum-emulator serve")
        pause.wait(_LOOK_EVERY)
    click.echo("ready")


def _is_ready(ask: Any) -> bool:
    try:
        return bool(ask())
    except ServerUnreachable:
        return False


@click.command()
@click.argument("file", default="plum-accounts.toml", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(*, file: Path, force: bool) -> None:
    """Write a commented accounts file; `-` prints it."""
    template = resources.fixture("accounts-template.toml").read_text(encoding="utf-8")
    if str(file) == "-":
        click.echo(template, nl=False)
        return
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(template)
    except FileExistsError:
        raise SettingsError(f"{file} is there already", hint="name another, or write over it with --force") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}", hint="name another file") from None
    click.echo(f"{file} is written; start with: plum-emulator serve --accounts {file}")
