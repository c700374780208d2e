"""Rules and scenarios: what is to go wrong, with how often it did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask import Response, request

from plum_emulator.engine.rules import Live
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.scenario.rules import Operation, Then, When
from plum_emulator.scenario.scenarios import shipped
from plum_emulator.web.console.pages import Pages, RegionOf, Route

_SHOWN = 200
_HAPPENS: dict[Operation, str] = {
    "queue": "a message is queued",
    "status": "the status service is asked",
    "messages": "the messages service is asked",
    "conversation": "the conversation service is asked",
    "inbound": "a handset's text is posted",
    "callback": "a status is told",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A rule to begin with."""

    name: str
    title: str
    rule: Mapping[str, Any]


EXAMPLES = (
    Example(
        name="busy",
        title="The first two messages to a number meet a server that is busy",
        rule={"id": "busy", "when": {"to": "16175550123", "first": 2}, "then": {"http_status": 503}},
    ),
    Example(
        name="answer-lost",
        title="The answer to the first message is lost, though it is queued",
        rule={"id": "answer-lost", "when": {"operation": "queue", "nth": 1}, "then": {"answer_lost": True}},
    ),
    Example(
        name="late-news",
        title="The result URL hears of the final status 30 seconds late",
        rule={
            "id": "late-news",
            "when": {"operation": "callback", "status": "received"},
            "then": {"callbacks": {"delay": 30}},
        },
    ),
)


class RulePages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._rules = pages.emulator.rules

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/console/rules", self.rules),
            ("GET", "/console/rules/write", self.write),
            ("POST", "/console/rules/write", self.put),
            ("POST", "/console/rules/remove", self.remove),
            ("POST", "/console/rules/clear", self.clear),
            ("POST", "/console/rules/scenarios/on", self.switch_on),
            ("POST", "/console/rules/scenarios/off", self.switch_off),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {"rules": self._listed, "scenarios": self._scenarios}

    def rules(self) -> Response:
        """The account's rules, and the scenarios that there are."""
        account = self._pages.account()
        return self._pages.page("rules", account, told=self._told(account), some=bool(self._rules.of(account)))

    def write(self) -> Response:
        """Write a rule: from nothing, from an example, or from one that is there."""
        account = self._pages.account()
        id_, example = request.args.get("id", ""), request.args.get("example", "")
        text = _text(_as_written(self._rules.named(account, id_))) if id_ else _example(example)
        return self._form(account, text)

    def put(self) -> Response:
        """Make the rule that was written. When it cannot be one, say why, and keep what was typed."""
        account = self._pages.account()
        text = self._pages.text("rule")
        try:
            rule, _ = self._rules.put(account, _read(text))
        except NotPossible as error:
            return self._form(account, text, error=error)
        return self._to(made=rule.id)

    def remove(self) -> Response:
        """Remove one rule."""
        self._rules.remove(self._pages.account(), self._pages.form().get("id", ""))
        return self._to()

    def clear(self) -> Response:
        """Remove every rule."""
        self._rules.clear(self._pages.account())
        return self._to()

    def switch_on(self) -> Response:
        """Add the rules of a scenario that comes with the emulator, fresh when it was on already."""
        account = self._pages.account()
        self._rules.switch_on(account, self._rules.scenario(self._pages.form().get("name", "")))
        return self._to()

    def switch_off(self) -> Response:
        """Remove the rules of a scenario."""
        self._rules.switch_off(self._pages.account(), self._pages.form().get("name", ""))
        return self._to()

    def _to(self, **done: str) -> Response:
        return self._pages.to("/console/rules", **done)

    def _form(self, account: Account, text: str, *, error: NotPossible | None = None) -> Response:
        return self._pages.page(
            "rule",
            account,
            status=400 if error else 200,
            text=text,
            error=error,
            examples=EXAMPLES,
            conditions=("operation", *(field.name.rstrip("_") for field in fields(When))),
            effects=[field.name for field in fields(Then)],
        )

    def _told(self, account: Account) -> str:
        made = request.args.get("made", "")
        return f"Rule {made} is there." if made in {rule.id for rule, _ in self._rules.of(account)} else ""

    def _listed(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        live = self._rules.of(account)
        return {"rows": [_row(each) for each in live[:_SHOWN]], "more": max(0, len(live) - _SHOWN)}

    def _scenarios(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        on: dict[str, list[Live]] = {}
        for live in self._rules.of(account):
            if live[0].scenario:
                on.setdefault(live[0].scenario, []).append(live)
        known = [
            _entry(name, on.get(name, []), title=scenario.title, description=scenario.description)
            for name, scenario in shipped().items()
        ]
        own = [_entry(name, on[name], title=name, description="") for name in sorted(on.keys() - shipped().keys())]
        return {"scenarios": [*own, *known]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A rule as it is shown."""

    id: str
    scenario: str
    happens: str
    conditions: list[str]
    effects: list[str]
    matches: int
    fired: int
    last_fired_at: int | None


def _row(live: Live) -> _Row:
    rule, count = live
    return _Row(
        id=rule.id,
        scenario=rule.scenario,
        happens=_HAPPENS[rule.operation],
        conditions=_said({name: value for name, value in rule.written["when"].items() if name != "operation"}),
        effects=_said(rule.written["then"]),
        matches=count.matches,
        fired=count.fired,
        last_fired_at=count.last_fired_at,
    )


def _said(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A scenario as it is shown."""

    name: str
    title: str
    description: str
    on: bool
    matches: int
    fired: int


def _entry(name: str, live: list[Live], *, title: str, description: str) -> _Entry:
    return _Entry(
        name=name,
        title=title,
        description=description,
        on=bool(live),
        matches=sum(count.matches for _, count in live),
        fired=sum(count.fired for _, count in live),
    )


def _example(name: str) -> str:
    if not name:
        return ""
    for example in EXAMPLES:
        if example.name == name:
            return _text(example.rule)
    raise NotFound(f"there is no example {name[:40]!r}", hint=f"there are: {', '.join(each.name for each in EXAMPLES)}")


def _as_written(live: Live) -> dict[str, Any]:
    return {"id": live[0].id, **live[0].written}


def _text(rule: Mapping[str, Any]) -> str:
    return json.dumps(rule, indent=2, ensure_ascii=False)


def _read(text: str) -> object:
    hint = f"for example {json.dumps(EXAMPLES[0].rule)}"
    try:
        return json.loads(text)
    except RecursionError:
        raise NotPossible("the rule is JSON nested too deep", hint=hint) from None
    except ValueError as error:
        raise NotPossible(f"the rule is not JSON: {error}", hint=hint) from None
