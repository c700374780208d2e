"""Tables of the manual that are written from the code. They stand between `<!-- table: NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import click

from helpers.manual import reference
from plum_emulator.cli import plum_emulator
from plum_emulator.model.phones import pretty
from plum_emulator.scenario.magic import Fate, MagicNumbers
from plum_emulator.scenario.plans import Delays, plan
from plum_emulator.settings import Settings

_PLACE = re.compile(r"^<!-- table: (?P<name>.+) -->\n(?P<table>(?:(?!<!--).*\n)*)<!-- end -->$", re.MULTILINE)
_COMMON = ("url", "token", "username", "password")


def commands() -> dict[str, click.Command]:
    """Every command of the command line; one in a family by both words, `snapshot save`."""
    return dict(_commands_of(plum_emulator))


def _commands_of(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands_of(command, (*words, name))
        elif command is not None:
            yield " ".join((*words, name)), command


def options(command: click.Command) -> list[click.Option]:
    """The command's options, without --help."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


def environment_of(option: click.Option) -> str:
    """The environment variable that stands for an option, or ""."""
    return option.envvar if isinstance(option.envvar, str) else ""


def written(text: str) -> str:
    """The page's text with every table written anew."""
    return _PLACE.sub(lambda match: f"<!-- table: {match['name']} -->\n{_table(match['name'])}\n<!-- end -->", text)


def names(text: str) -> list[str]:
    """The tables that a page has a place for."""
    return [match["name"] for match in _PLACE.finditer(text)]


def _table(name: str) -> str:
    return _TABLES[name]() if name in _TABLES else _of_command(name)


def _of_command(name: str) -> str:
    command = commands()[name]
    own = [option for option in options(command) if option.name not in _COMMON]
    common = [f"`{option.opts[0]}`" for option in options(command) if option.name in _COMMON]
    usage = command.collect_usage_pieces(click.Context(command))
    return "\n\n".join(
        (
            (command.help or "").strip(),
            f"`plum-emulator {' '.join((name, *usage))}`",
            *([_of_options(own)] if own else []),
            *([f"And {_which(common)}[common options](#common-options)."] if common else []),
        )
    )


def _which(common: list[str]) -> str:
    """The common options that a command takes, if not all."""
    return "the " if len(common) == len(_COMMON) else f"{', '.join(common)} of the "


def _common() -> str:
    return _of_options(option for option in options(commands()["send"]) if option.name in _COMMON)


def _of_options(shown: Iterable[click.Option]) -> str:
    return _lines(
        ("Option", "Default", "Environment", "Meaning"),
        (
            (
                _code(option.opts[0]),
                _default(option),
                _code(environment_of(option)),
                f"{option.help}{_bounds(option)}",
            )
            for option in shown
        ),
    )


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    default = option.to_info_dict()["default"]
    if default in (None, "", (), []) or option.is_flag:
        return ""
    return _code(f"{default:g}" if isinstance(default, float) else str(default))


def _bounds(option: click.Option) -> str:
    kind = option.type
    if isinstance(kind, click.Choice):
        return f" One of {', '.join(_code(choice) for choice in kind.choices)}."
    if isinstance(kind, click.IntRange):
        return f" From {kind.min}{'' if kind.max is None else f' to {kind.max}'}."
    return ""


def _magic() -> str:
    magic = MagicNumbers.load()
    numbers = {f"NXX-555-{line}": (fate, f"1617555{line}") for line, fate in magic.lines.items()}
    numbers |= {pretty(number): (fate, number) for number, fate in magic.numbers.items()}
    return _lines(
        ("Recipient", "Meaning", "Statuses, each with its second", "Plum's words"),
        ((_code(shown), fate.means, *_planned(fate, number)) for shown, (fate, number) in numbers.items()),
    )


def _planned(fate: Fate, number: str) -> tuple[str, str]:
    settings = Settings()
    delays = Delays(sent_after=round(settings.sent_after * 1000), received_after=round(settings.received_after * 1000))
    planned = plan(to=number, fate=fate, delays=delays, opted_out=False, mode="undelivered")
    if planned.error:
        return "none", _code(planned.error)
    steps = ["`queued` 0", *(f"`{step.status}` {step.after / 1000:g}" for step in planned.steps)]
    words = [step.notification for step in planned.steps if step.notification]
    return ", ".join(steps), _code("".join(words))


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table, without the columns in which there is nothing."""
    columns = [(name, column) for name, *column in zip(head, *rows, strict=True) if any(column)]
    lines = zip(*((name, "---", *column) for name, column in columns), strict=True)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


_TABLES: dict[str, Callable[[], str]] = {
    "common options": _common,
    "magic numbers": _magic,
    **reference.LISTS,
}
