"""`snapshot`: put the account aside, and bring it back. `reset`: back to the seed."""

from __future__ import annotations

from typing import Any

import click

from plum_emulator.cli.options import Family, as_json_option, client_of, client_options, show


@click.group(cls=Family)
def snapshot() -> None:
    """Save, list, restore and delete snapshots of the account."""


@snapshot.command("save")
@click.argument("name")
@client_options
@as_json_option
def save(*, name: str, as_json: bool, **options: Any) -> None:
    """Put everything that the account owns aside under a name."""
    saved = client_of(options).save(name)
    show(saved, as_json=as_json, line=_line(saved))


@snapshot.command("list")
@client_options
@as_json_option
def list_snapshots(*, as_json: bool, **options: Any) -> None:
    """Show the snapshots, oldest first."""
    for each in client_of(options).snapshots():
        show(each, as_json=as_json, line=_line(each))


@snapshot.command("restore")
@click.argument("name")
@client_options
@as_json_option
def restore(*, name: str, as_json: bool, **options: Any) -> None:
    """Make the account what it was then."""
    restored = client_of(options).restore(name)
    show(restored, as_json=as_json, line=_line(restored))


@snapshot.command("delete")
@click.argument("name")
@client_options
@as_json_option
def delete(*, name: str, as_json: bool, **options: Any) -> None:
    """Forget a snapshot."""
    client_of(options).delete(name)
    show({"snapshot": name, "status": "deleted"}, as_json=as_json, line=f"{name} is deleted")


@click.command()
@client_options
@as_json_option
def reset(*, as_json: bool, **options: Any) -> None:
    """Bring the account back to its seed. Snapshots stay."""
    client = client_of(options)
    client.reset()
    show({"account": client.username, "status": "reset"}, as_json=as_json, line=f"{client.username} is reset")


def _line(snapshot_: dict[str, Any]) -> str:
    count = snapshot_["messages"]
    return f"{snapshot_['name']}  {snapshot_['at']}  {count} message{'' if count == 1 else 's'}"
