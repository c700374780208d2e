"""`rules` and `scenario`: faults, one by one or several under one name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from plum_emulator.cli.options import (
    Document,
    Family,
    as_json_option,
    client_of,
    client_options,
    read_document,
    show,
)

_RULE = """'{"when": {"nth": 1}, "then": {"answer_lost": true}}'"""


@click.group(cls=Family)
def rules() -> None:
    """List, add and remove the account's rules."""


@rules.command("list")
@click.option("--unused", is_flag=True, help="Only those that never fired.")
@client_options
@as_json_option
def list_rules(*, unused: bool, as_json: bool, **options: Any) -> None:
    """Show the rules, and how often each matched and fired."""
    for rule in client_of(options).rules(unused=unused):
        show(rule, as_json=as_json, line=_line(rule))


@rules.command("add", help=f"Make a rule, {_RULE}; or @FILE, JSON or TOML.")
@click.argument("rule", type=Document())
@click.option("--id", "id_", help="Its id; one that is there is replaced, and counted anew.")
@client_options
@as_json_option
def add_rule(*, rule: dict[str, Any], id_: str | None, as_json: bool, **options: Any) -> None:
    client = client_of(options)
    made = client.put_rule(id_, **rule) if id_ else client.add_rule(**rule)
    show(made, as_json=as_json, line=_line(made))


@rules.command("remove")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@client_options
@as_json_option
def remove_rules(*, ids: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Remove rules."""
    client = client_of(options)
    for id_ in ids:
        client.remove_rule(id_)
        show({"rule": id_, "status": "removed"}, as_json=as_json, line=f"{id_} is removed")


@rules.command("clear")
@client_options
@as_json_option
def clear_rules(*, as_json: bool, **options: Any) -> None:
    """Remove every rule, those of scenarios too."""
    client = client_of(options)
    client.clear_rules()
    show({"account": client.username, "status": "no rules"}, as_json=as_json, line="no rules are left")


@click.group(cls=Family)
def scenario() -> None:
    """Switch scenarios on and off."""


@scenario.command("list")
@client_options
@as_json_option
def list_scenarios(*, as_json: bool, **options: Any) -> None:
    """Show the scenarios that there are."""
    for each in client_of(options).scenarios():
        show(each, as_json=as_json, line=f"{'on ' if each['on'] else 'off'}  {each['name']:<22}  {each['description']}")


@scenario.command("on")
@click.argument("scenario_", metavar="NAME|FILE.toml")
@click.option("--as", "name", help="The name that a file's scenario gets; by default the file's.")
@client_options
@as_json_option
def switch_on(*, scenario_: str, name: str | None, as_json: bool, **options: Any) -> None:
    """Switch on a scenario: one that comes with the emulator, or one of your own in a file."""
    document = None
    if scenario_.endswith(".toml"):
        document = _read(scenario_)
        name = name or Path(scenario_).stem
    elif name:
        raise click.UsageError("--as goes with a file.")
    for rule in client_of(options).switch_on(name or scenario_, document):
        show(rule, as_json=as_json, line=_line(rule))


@scenario.command("off")
@click.argument("name")
@client_options
@as_json_option
def switch_off(*, name: str, as_json: bool, **options: Any) -> None:
    """Remove the rules of a scenario."""
    client_of(options).switch_off(name)
    show({"scenario": name, "status": "off"}, as_json=as_json, line=f"{name} is off")


def _read(file: str) -> dict[str, Any]:
    try:
        return read_document(file)
    except ValueError as error:
        raise click.UsageError(f"{file}: {error}.") from None


def _line(rule: dict[str, Any]) -> str:
    counted = f"matched {rule['matches']}, fired {rule['fired']}"
    when = f"when {json.dumps(rule['when'])} " if rule["when"] else ""
    return f"{rule['id']}  {counted}  {when}then {json.dumps(rule['then'])}"
