"""`expect`: whether what should have come has come, for shell scripts and CI."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from plum_emulator.cli.options import (
    Seconds,
    as_json_option,
    client_of,
    client_options,
    in_one_line,
    said,
    show,
    written,
)
from plum_emulator.client import Client, ExpectationFailed
from plum_emulator.client.lines import item_line

_STRAY = {"callbacks": ("body", "type", "extract"), "inbound": ("type", "status"), None: ()}


@click.command()
@click.option("--to", help="The number it goes to.")
@click.option("--from", "from_", help="The number it comes from.")
@click.option("--body", help="The whole body.")
@click.option("--body-contains", help="A piece of the body.")
@click.option("--body-matches", help="A regular expression that is found in the body.")
@click.option("--type", "type_", help="Of messages: inbound, outbound or reply.")
@click.option("--status", help="The status that it has, or that a callback told.")
@click.option("--count", type=click.IntRange(0), help="Exactly so many; by default at least one.")
@click.option("--at-least", type=click.IntRange(0), help="So many or more.")
@click.option("--at-most", type=click.IntRange(0), help="So many or fewer.")
@click.option("--since", help="Only what came after this cursor.")
@click.option("--timeout", type=Seconds(), help="Seconds to wait for it; 1, or 0 for what can hold with nothing.")
@click.option("--nothing-else", is_flag=True, help="Nothing else may have come.")
@click.option("--extract", help="Print only this of the newest body: code, link, or what a regular expression finds.")
@click.option("--callbacks", "kind", flag_value="callbacks", help="Expect status changes told to result URLs.")
@click.option("--inbound", "kind", flag_value="inbound", help="Expect texts posted to applications.")
@client_options
@as_json_option
@click.pass_context
def expect(context: click.Context, /, *, kind: str | None, as_json: bool, **options: Any) -> None:
    """Exit with 0 when messages like this are there or come in time, else with 1 and the nearest misses."""
    client, wanted = client_of(options), _wanted(options)
    for name in _STRAY[kind]:
        if name in wanted:
            raise click.UsageError(f"--{name} does not go with --{kind}.")
    try:
        answer = _asking(client, kind)(**wanted)
    except ExpectationFailed as failed:
        _explain(failed, as_json=as_json)
        context.exit(1)
    if as_json:
        show(answer, as_json=True, line="")
    elif "extract" in wanted:
        said(_text(answer["extracted"]))
    else:
        for item in answer[kind or "messages"]:
            said(item_line(item))
        click.echo(f"plum-emulator: {in_one_line(answer['why'])}; cursor {answer['cursor']}", err=True)


def _asking(client: Client, kind: str | None) -> Callable[..., dict[str, Any]]:
    if kind == "callbacks":
        return client.expect_callbacks
    return client.expect_inbound if kind == "inbound" else client.expect


def _wanted(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say, as the client takes it."""
    names = ("to", "from_", "status", "count", "at_least", "at_most", "since", "timeout", "nothing_else", "extract")
    like = {"contains": options["body_contains"], "matches": options["body_matches"]}
    body = written(equals=options["body"], **like) or None
    return written(body=body, type=options["type_"], **{name: options[name] for name in names})


def _explain(failed: ExpectationFailed, *, as_json: bool) -> None:
    if as_json:
        show(failed.details, as_json=True, line="")
    click.echo(f"plum-emulator: {in_one_line(failed.message)}", err=True)
    if not as_json:
        click.echo("\n".join(failed.lines()), err=True)


def _text(extracted: object) -> str:
    return extracted if isinstance(extracted, str) else json.dumps(extracted)
