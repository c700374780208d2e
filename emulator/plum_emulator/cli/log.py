"""`status`, `messages`, `conversation`: Plum's own look-ups. `tail`: everything that happens, live."""

from __future__ import annotations

from typing import Any

import click

from plum_emulator.cli.options import as_json_option, client_of, client_options, show
from plum_emulator.client.lines import event_line, message_line


@click.command()
@click.argument("sms_message_id")
@client_options
@as_json_option
def status(*, sms_message_id: str, as_json: bool, **options: Any) -> None:
    """Show one message."""
    message = client_of(options).status(sms_message_id)
    show(message, as_json=as_json, line=message_line(message))


@click.command()
@click.option("--type", "type_", type=click.Choice(["inbound", "outbound", "all"]), help="Only these.")
@click.option("--number", help="Only messages to or from this number.")
@click.option(
    "--number-type",
    type=click.Choice(["account", "customer"]),
    help="Which side the number is on; needed with --type inbound or outbound.",
)
@click.option("--sort", type=click.Choice(["asc", "desc"]), help="By date; newest first by default.")
@click.option("--offset", type=click.IntRange(0), help="How many to pass over.")
@click.option("--limit", type=click.IntRange(50, 1000), help="How many to show at the most.")
@client_options
@as_json_option
def messages(*, as_json: bool, type_: str | None, **options: Any) -> None:
    """List the account's messages."""
    filters = {
        "type": type_,
        "phone_number": options["number"],
        "phone_number_type": options["number_type"],
        "sort": options["sort"],
        "offset": options["offset"],
        "limit": options["limit"],
    }
    given = {name: value for name, value in filters.items() if value is not None}
    for message in client_of(options).messages(**given):
        show(message, as_json=as_json, line=message_line(message))


@click.command()
@click.argument("account_number")
@click.argument("customer_number")
@client_options
@as_json_option
def conversation(*, account_number: str, customer_number: str, as_json: bool, **options: Any) -> None:
    """Show what two numbers exchanged, oldest first."""
    for message in client_of(options).conversation(account_number, customer_number):
        show(message, as_json=as_json, line=message_line(message))


@click.command()
@client_options
@as_json_option
def tail(*, as_json: bool, **options: Any) -> None:
    """Show what happens to the account, live, until Ctrl-C."""
    client = client_of(options, timeout=None)
    with client.events() as events:
        click.echo(f"plum-emulator: listening at {client.url}; Ctrl-C ends it", err=True)
        for event in events:
            show(event, as_json=as_json, line=event_line(event))
