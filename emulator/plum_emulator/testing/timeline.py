"""The story of an account for a failing test's report: short, in order, with the account's own time, without colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from plum_emulator.client import Json
from plum_emulator.client.lines import event_line, in_one_line
from plum_emulator.errors import PlumEmulatorError
from plum_emulator.testing.unhandled import unhandled_line

if TYPE_CHECKING:
    from plum_emulator.testing.plum import Plum

_LINES = 60
_WIDTH = 160


def timeline(plum: Plum) -> str:
    """What happened, what was refused, which rules never fired, and who asked under a login that nobody has."""
    try:
        return "\n".join(_shortened(in_one_line(line)) for line in _lines(plum))
    except PlumEmulatorError as error:
        return f"the emulator does not tell: {error.one_line()}"


def _lines(plum: Plum) -> Iterator[str]:
    clock = plum.client.clock()
    yield f"account {plum.username}, numbers {', '.join(plum.numbers)}, {clock['mode']} clock at {clock['now']}"
    happened = [*plum.client.timeline(limit=_LINES), *_refused(plum)]
    happened.sort(key=lambda event: str(event["at"]))
    if not happened:
        yield "nothing has happened: did the application call plum.base_url, as plum.username?"
    yield from (_line(event) for event in happened[-_LINES:])
    if clock["next"]:
        yield f"due next at {clock['next'][11:23]}, when the clock gets there: plum.advance(until='next')"
    for rule in plum.unused_rules():
        yield f"rule {rule['id']} never fired: when {rule['when']} then {rule['then']}"
    for each in plum.nobodys_requests():
        yield f"nobody's request:{unhandled_line(each, plum.username)}"


def _refused(plum: Plum) -> list[Json]:
    found = plum.client.exchanges(limit=_LINES)
    return [each for each in found if each["direction"] == "in" and each["outcome"] != "ok"]


def _line(event: Json) -> str:
    if "request" not in event:
        return event_line(event)
    request: dict[str, Any] = event["request"]
    return f"{_moment(event)}  {request['method']} {request['url']}: {event['outcome']}"


def _moment(event: Json) -> str:
    return str(event["at"])[11:23]


def _shortened(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
