"""Scenarios: rules that belong together under one name, written in TOML (`fixtures/scenarios/`)."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache

from plum_emulator import resources
from plum_emulator.errors import NotPossible
from plum_emulator.scenario.rules import Rule, read_rule
from plum_emulator.values import Values, shown

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,58}")  # a rule's id is the name with its place, in 64 characters
_MOST_RULES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Rules that are switched on and off together."""

    name: str
    title: str
    description: str
    rules: tuple[Rule, ...]


@cache
def shipped() -> dict[str, Scenario]:
    """The scenarios that come with the emulator, by name."""
    files = sorted(resources.fixture("scenarios").glob("*.toml"))
    return {file.stem: read_scenario(read_toml(file.read_text(encoding="utf-8")), name=file.stem) for file in files}


def read_toml(text: str) -> object:
    """The document that the text is. Raises NotPossible."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also endless integers, and arrays nested too deep
        raise NotPossible(
            f"the scenario is not TOML: {error}", hint="a title, then [[rules]] tables with when and then"
        ) from None


def read_scenario(value: object, *, name: str, chance_allowed: bool = False) -> Scenario:
    """The scenario that a parsed document describes. Raises NotPossible, naming the place."""
    if not _NAME.fullmatch(name):
        raise NotPossible(
            f"the scenario's name is {shown(name)}, but 1 to 58 letters, digits and _ . - were expected",
            hint="for example carrier-outage",
        )
    where = f"scenario {name}"
    values = Values(value, ("title", "description", "rules"), where=where)
    values.required("title", "rules")
    written = values["rules"]
    if not isinstance(written, list) or not 0 < len(written) <= _MOST_RULES:
        raise values.wrong("rules", f"a list of 1 to {_MOST_RULES} rules")
    rules = tuple(
        read_rule(
            rule,
            id=f"{name}-{place}",
            scenario=name,
            chance_allowed=chance_allowed,
            where=f"{where}: rule {place}",
        )
        for place, rule in enumerate(written, 1)
    )
    _no_twins(rules, where)
    return Scenario(
        name=name, title=values.text("title") or "", description=values.text("description") or "", rules=rules
    )


def _no_twins(rules: tuple[Rule, ...], where: str) -> None:
    for twin, times in Counter(rule.id for rule in rules).items():
        if times > 1:
            raise NotPossible(f"{where}: the rule id {twin!r} is there twice", hint="give each rule an id of its own")
