"""`clock`: how an account's time goes. `advance`: move a manual clock, and see what ran."""

from __future__ import annotations

from typing import Any, Literal

import click

from plum_emulator.cli.options import (
    Duration,
    Family,
    as_json_option,
    client_of,
    client_options,
    said,
    show,
)
from plum_emulator.client.lines import event_line


@click.group(cls=Family)
def clock() -> None:
    """Show or set the account's clock."""


@clock.command("show")
@client_options
@as_json_option
def show_clock(*, as_json: bool, **options: Any) -> None:
    """Show how the clock goes, what time it is, and when the next thing happens."""
    _show(client_of(options).clock(), as_json=as_json)


@clock.command("set")
@click.argument("clock_", metavar="CLOCK")
@client_options
@as_json_option
def set_clock(*, clock_: str, as_json: bool, **options: Any) -> None:
    """Make the clock real, manual, or 60x: sixty times as fast. `manual@2026-01-31T12:00:00Z` begins there."""
    _show(client_of(options).set_clock(clock_), as_json=as_json)


@click.command()
@click.argument("duration", type=Duration(), required=False)
@click.option("--until", type=click.Choice(["next", "idle"]), help="To what is due next, or until nothing is.")
@click.option("--most", type=click.IntRange(1, 1_000_000), help="How many events may run at the most.")
@client_options
@as_json_option
def advance(
    *, duration: float | None, until: Literal["next", "idle"] | None, most: int | None, as_json: bool, **options: Any
) -> None:
    """Move a manual clock on by a duration, 5 or 2m, and show what ran."""
    if (duration is None) == (until is None):
        raise click.UsageError("One of DURATION and --until is needed.")
    report = client_of(options).advance(duration, until=until, most=most)
    if as_json:
        show(report, as_json=True, line="")
        return
    ran = [*report["statuses"], *report["callbacks"], *report["inbound"]]
    for event in sorted(ran, key=lambda event: str(event["at"])):
        said(event_line(event))
    joined = ", added to an advance that is on its way" if report["joined"] else ""
    stopped = f", stopped: {report['stopped']}" if report["stopped"] else ""
    said(f"it is {report['now']}{joined}{stopped}")


def _show(clock_: dict[str, Any], *, as_json: bool) -> None:
    rate = f" {clock_['rate']:g}x" if clock_["mode"] == "scaled" else ""
    following = f"  next at {clock_['next']}" if clock_["next"] else "  nothing is due"
    show(clock_, as_json=as_json, line=f"{clock_['mode']}{rate}  {clock_['now']}{following}")
