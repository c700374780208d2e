"""Rules and faults: one by one, or as scenarios."""

from __future__ import annotations

from flask import Response, request

from plum_emulator.engine.emulator import Emulator
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.scenario.scenarios import shipped
from plum_emulator.web.control.asking import Route, account_of, json_body
from plum_emulator.web.later import json_answer
from plum_emulator.web.views import rule_view

_EXAMPLE = '{"when": {"operation": "queue", "first": 1}, "then": {"answer_lost": true}}'
_SHIPPED = object()
_DOCUMENT = '{"title": "…", "rules": [{"when": {…}, "then": {…}}]}'


class RuleRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._rules = emulator.rules

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/rules", self.rules),
            ("POST", "/rules", self.add),
            ("DELETE", "/rules", self.clear),
            ("GET", "/rules/<id_>", self.rule),
            ("PUT", "/rules/<id_>", self.put),
            ("DELETE", "/rules/<id_>", self.remove),
            ("GET", "/scenarios", self.scenarios),
            ("PUT", "/scenarios/<name>", self.switch_on),
            ("DELETE", "/scenarios/<name>", self.switch_off),
        ]

    def rules(self) -> Response:
        """The account's rules with their counts; with `unused=1` only those that never fired."""
        found = self._rules.of(self._account())
        if request.args.get("unused") == "1":
            found = [live for live in found if not live[1].fired]
        return json_answer({"rules": [rule_view(*live) for live in found]})

    def add(self) -> Response:
        """Make a rule."""
        return json_answer(rule_view(*self._rules.put(self._account(), json_body(_EXAMPLE))), 201)

    def clear(self) -> Response:
        """Remove every rule."""
        account = self._account()
        self._rules.clear(account)
        return json_answer({"account": account.username, "status": "no rules"})

    def rule(self, id_: str) -> Response:
        """One rule with its counts."""
        return json_answer(rule_view(*self._rules.named(self._account(), id_)))

    def put(self, id_: str) -> Response:
        """Make the rule with this id, or another in its place; its counts begin anew."""
        return json_answer(rule_view(*self._rules.put(self._account(), json_body(_EXAMPLE), id_=id_)))

    def remove(self, id_: str) -> Response:
        """Remove one rule."""
        self._rules.remove(self._account(), id_)
        return json_answer({"rule": id_, "status": "removed"})

    def scenarios(self) -> Response:
        """The scenarios that come with the emulator, and which are on."""
        on = {rule.scenario for rule, _ in self._rules.of(self._account()) if rule.scenario}
        known = [
            {"name": name, "title": scenario.title, "description": scenario.description, "on": name in on}
            for name, scenario in shipped().items()
        ]
        own = [{"name": name, "title": "", "description": "", "on": True} for name in sorted(on - set(shipped()))]
        return json_answer({"scenarios": [*known, *own]})

    def switch_on(self, name: str) -> Response:
        """Add the rules of a scenario: of one that comes with the emulator, or of the one in the body."""
        account = self._account()
        document = json_body(_DOCUMENT, empty=_SHIPPED)
        if document is None:
            raise NotPossible("the body is JSON, but not an object", hint=f"send JSON: {_DOCUMENT}, or no body")
        scenario = self._rules.scenario(name, None if document is _SHIPPED else document)
        live = self._rules.switch_on(account, scenario)
        return json_answer({"scenario": name, "rules": [rule_view(*each) for each in live]})

    def switch_off(self, name: str) -> Response:
        """Remove the rules of a scenario."""
        self._rules.switch_off(self._account(), name)
        return json_answer({"scenario": name, "status": "off"})

    def _account(self) -> Account:
        return account_of(self._emulator.accounts)
