"""`lease`: an account of one's own, for as long as it is needed. `accounts`: those that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plum_emulator.cli.options import (
    Duration,
    Family,
    Function,
    Seconds,
    as_json_option,
    client_of,
    said,
    server_options,
    show,
    written,
)
from plum_emulator.errors import SettingsError


def _account_options(function: Function) -> Function:
    """How an account is to be treated, where something is said about it."""
    for option in (
        click.option("--callback-backoff", type=Seconds(), help="Seconds before the second attempt."),
        click.option("--callback-attempts", type=click.IntRange(1, 20), help="How often a callback is tried in all."),
        click.option("--application-timeout", type=Seconds(), help="Seconds that an Application URL has to answer."),
        click.option("--callback-timeout", type=Seconds(), help="Seconds that a result URL has to answer."),
        click.option("--received-after", type=Seconds(), help="Seconds from `sent` to the final status."),
        click.option("--sent-after", type=Seconds(), help="Seconds from `queued` to `sent`."),
        click.option("--seed", help="The same seed gives the same message ids, in order."),
        click.option("--clock", help="Its clock: real, manual, 60x, or manual@2026-01-31T12:00:00Z."),
        click.option(
            "--opted-out",
            type=click.Choice(["undelivered", "generic", "detailed"]),
            help="How a message to a handset that has opted out is answered.",
        ),
        click.option("--demo", is_flag=True, help="A demo account: its log pages show nothing; the services work."),
        click.option("--application-url", help="Where texts to its numbers are posted."),
    ):
        function = option(function)
    return function


@click.command()
@click.option("--numbers", type=click.IntRange(1, 100), help="How many numbers; 1 by default.")
@click.option("--lifetime", type=Duration(), help="It ends after so long: 90, 30m, 2h.")
@_account_options
@server_options
@as_json_option
def lease(*, url: str, token: str, as_json: bool, **options: Any) -> None:
    """Make an account with a login and numbers that nobody else has."""
    leased = client_of({"url": url, "token": token}).lease(**written(**options)).details
    if as_json:
        show(leased, as_json=True, line="")
        return
    said(f"login    {leased['username']}:{leased['password']}")
    said(f"numbers  {', '.join(leased['numbers'])}")
    said(f"clock    {leased['clock']}, {leased['now']}")
    said(f"sink     {leased['sink_url']}")
    said(f"ends     {leased['expires_at'] or 'with: plum-emulator accounts end ' + leased['username']}")


@click.group(cls=Family)
def accounts() -> None:
    """List, make, end and import accounts."""


@accounts.command("list")
@server_options
@as_json_option
def list_accounts(*, url: str, token: str, as_json: bool) -> None:
    """Show every account."""
    for account in client_of({"url": url, "token": token}).accounts():
        show(account, as_json=as_json, line=_line(account))


@accounts.command("make")
@click.argument("login", metavar="USERNAME:PASSWORD")
@click.argument("numbers", nargs=-1, required=True)
@_account_options
@server_options
@as_json_option
def make_account(*, login: str, numbers: tuple[str, ...], url: str, token: str, as_json: bool, **options: Any) -> None:
    """Make an account with a login and numbers of your choice."""
    username, colon, password = login.partition(":")
    if not colon:
        raise click.UsageError(f"USERNAME:PASSWORD is needed, not {login!r}.")
    client = client_of({"url": url, "token": token})
    made = client.make_account(username, password=password, numbers=numbers, **written(**options))
    show(made, as_json=as_json, line=_line(made))


@accounts.command("end")
@click.argument("username")
@server_options
@as_json_option
def end_account(*, username: str, url: str, token: str, as_json: bool) -> None:
    """End an account, with everything that it owns."""
    client_of({"url": url, "token": token}).end_account(username)
    show({"account": username, "status": "ended"}, as_json=as_json, line=f"{username} has ended")


@accounts.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "username", default="", help="The login that it gets; by default the one in the file.")
@server_options
@as_json_option
def import_account(*, file: Path, username: str, url: str, token: str, as_json: bool) -> None:
    """Make the account that a file of `export account` holds."""
    try:
        exported = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}", hint="name another file") from None
    made = client_of({"url": url, "token": token}).import_account(exported, username=username)
    show(made, as_json=as_json, line=_line(made))


def _line(account: dict[str, Any]) -> str:
    ends = f", until {account['expires_at']}" if account["expires_at"] else ""
    return (
        f"{account['username']}:{account['password']}  {', '.join(account['numbers'])}  "
        f"{account['clock']} clock, {account['now']}  ({account['origin']}{ends})"
    )
