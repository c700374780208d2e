"""`callbacks` and `replay`: hold callbacks back, and send them when and how you like."""

from __future__ import annotations

from typing import Any

import click

from plum_emulator.cli.options import (
    Duration,
    Family,
    Function,
    as_json_option,
    client_of,
    client_options,
    said,
    show,
    written,
)
from plum_emulator.client.lines import exchange_line


def _headers(context: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    parted = [value.partition(":") for value in values]
    for name, colon, _ in parted:
        if not colon or not name.strip():
            raise click.BadParameter("a header is written 'Name: value'.", ctx=context, param=param)
    return {name.strip(): value.strip() for name, _, value in parted} or None


def _edit_options(function: Function) -> Function:
    """What is to be different from the request as it was."""
    for option in (
        click.option(
            "--header", "headers", multiple=True, callback=_headers, help="A header of its own: 'Name: value'."
        ),
        click.option("--body", help="Another body."),
        click.option("--to-url", help="Another URL."),
    ):
        function = option(function)
    return function


@click.group(cls=Family)
def callbacks() -> None:
    """List, hold, release, drop and duplicate callbacks."""


@callbacks.command("list")
@client_options
@as_json_option
def list_callbacks(*, as_json: bool, **options: Any) -> None:
    """Show the callbacks that have not ended."""
    _show(client_of(options).callbacks(), as_json=as_json)


@callbacks.command("hold")
@click.option("--timeout", type=Duration(), help="Each is held so long at the most, in the account's time.")
@client_options
@as_json_option
def hold(*, timeout: float | None, as_json: bool, **options: Any) -> None:
    """Hold callbacks back from now on."""
    _show(client_of(options).hold(timeout=timeout), as_json=as_json)


@callbacks.command("let-go")
@client_options
@as_json_option
def let_go(*, as_json: bool, **options: Any) -> None:
    """Hold nothing back any more. What is held stays so until it is released."""
    _show(client_of(options).let_go(), as_json=as_json)


@callbacks.command("release")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1))
@_edit_options
@client_options
@as_json_option
def release(
    *,
    ids: tuple[int, ...],
    to_url: str | None,
    body: str | None,
    headers: dict[str, str] | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Send held callbacks now, in this order, or all of them. A single one may be edited."""
    edit = written(url=to_url, body=body, headers=headers)
    if edit and len(ids) != 1:
        raise click.UsageError("One ID is needed to edit a callback.")
    client = client_of(options)
    sent = client.release(ids[0], **edit) if edit else client.release(ids or None)
    for exchange in sent:
        show(exchange, as_json=as_json, line=exchange_line(exchange))


@callbacks.command("drop")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1))
@client_options
@as_json_option
def drop(*, ids: tuple[int, ...], as_json: bool, **options: Any) -> None:
    """Never send these callbacks."""
    client = client_of(options)
    for id_ in ids:
        client.drop(id_)
        show({"callback": id_, "status": "dropped"}, as_json=as_json, line=f"{id_} is dropped")


@callbacks.command("duplicate")
@click.argument("id_", metavar="ID", type=click.IntRange(1))
@client_options
@as_json_option
def duplicate(*, id_: int, as_json: bool, **options: Any) -> None:
    """Hold another callback that says the same."""
    copy = client_of(options).duplicate(id_)
    show(copy, as_json=as_json, line=_line(copy))


@click.command()
@click.argument("n", type=click.IntRange(1))
@_edit_options
@client_options
@as_json_option
def replay(
    *, n: int, to_url: str | None, body: str | None, headers: dict[str, str] | None, as_json: bool, **options: Any
) -> None:
    """Make a callback or an inbound post of the journal again, by its number there."""
    exchange = client_of(options).replay(n, url=to_url, body=body, headers=headers)
    show(exchange, as_json=as_json, line=exchange_line(exchange))


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show(answer, as_json=True, line="")
        return
    held = "callbacks are held" if answer["hold"] else "callbacks are sent when they are due"
    said(held if answer["timeout"] is None else f"{held}, each for {answer['timeout']:g} s at the most")
    for pending in answer["pending"]:
        said(_line(pending))


def _line(pending: dict[str, Any]) -> str:
    about = f"{pending['sms_message_id']} {pending['status']}"
    when = pending["due_at"] or "until released"
    return f"{pending['id']}  {pending['state']:<8}  {when}  {about} > {pending['url']}"
