"""`send` and `receive`: a text out of an account, and a text from a handset into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from plum_emulator.cli.options import Seconds, as_json_option, client_of, client_options, show
from plum_emulator.client import Client
from plum_emulator.errors import CallFailed, NotPossible


@click.command()
@click.argument("body")
@click.option("--to", required=True, help="The recipient.")
@click.option("--from", "from_", help="One of the account's SMS numbers; by default its first.")
@click.option("--result-url", default="", help="Where status changes are to be posted.")
@client_options
@as_json_option
def send(*, body: str, to: str, from_: str | None, result_url: str, as_json: bool, **options: Any) -> None:
    """Queue a message, as an application does."""
    client = client_of(options)
    parts = client.queue(to=to, from_=from_ or _first_number(client), body=body, result_url=result_url)
    for part in parts:
        show(part, as_json=as_json, line=f"{part['status']} {part['sms_message_id']} to {part['to']}")


@click.command()
@click.argument("body")
@click.option("--from", "from_", required=True, help="The handset that texts.")
@click.option("--to", help="One of the account's SMS numbers; by default its first.")
@click.option("--timeout", type=Seconds(), default=20.0, show_default=True, help="Seconds to wait for the answer.")
@client_options
@as_json_option
def receive(*, body: str, from_: str, to: str | None, timeout: float, as_json: bool, **options: Any) -> None:
    """Let a handset text one of your numbers, and show what it gets back."""
    client = client_of(options)
    with client.events(within=timeout) as events:
        message = client.receive(from_=from_, to=to or _first_number(client), body=body)
        if message["reason"] is None and client.clock()["mode"] == "manual":
            client.advance(0)  # on a manual clock nothing is posted before it is told to
        if message["reason"] is None:
            _wait_for_answer(events, message["sms_message_id"])
    story = client.story(message["sms_message_id"])
    texts = (*story["automatic_texts"], *story["replies"])
    for text in texts:
        show(text, as_json=as_json, line=_bubble(text))
    if story["reason"] and not texts:
        raise CallFailed(f"no reply: {story['reason']}")
    if not texts and not as_json:
        click.echo("The application answered with no message.")


def _first_number(client: Client) -> str:
    for number in client.numbers():
        if not number["pci"]:
            return str(number["number"])
    raise NotPossible(f"account {client.username!r} has no SMS number")


def _wait_for_answer(events: Iterator[dict[str, Any]], sms_message_id: str) -> None:
    try:
        for event in events:
            if event["event"] == "answer" and event["message"]["sms_message_id"] == sms_message_id:
                return
    except TimeoutError:
        raise CallFailed("the application has not answered yet", hint="wait longer with --timeout") from None
    raise CallFailed("the emulator stopped before the application's answer came")


def _bubble(text: dict[str, Any]) -> str:
    reason = f"  (failed: {text['reason']})" if text.get("reason") else ""
    return f"{text['from']}: {text['body']}{reason}"
