"""Rules and faults: one by one, or as scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plum_emulator.client.calls import Calls, Json, in_path


class RuleCalls(Calls):
    """The account's rules."""

    __slots__ = ()

    def rules(self, *, unused: bool = False) -> list[Json]:
        """The rules with their counts; with `unused` only those that never fired."""
        found: list[Json] = self._control("GET", "/rules", query={"unused": 1} if unused else {})["rules"]
        return found

    def rule(self, id_: str) -> Json:
        """One rule with its counts."""
        return self._control("GET", _of(id_))

    def add_rule(self, /, **rule: Any) -> Json:
        """Make a rule: `then`, what comes of it; `when`, what has to be so; an `id`, if you want to choose it."""
        return self._control("POST", "/rules", rule)

    def put_rule(self, id_: str, /, **rule: Any) -> Json:
        """Make the rule with this id, or another in its place; its counts begin anew."""
        return self._control("PUT", _of(id_), rule)

    def remove_rule(self, id_: str) -> None:
        """Remove one rule."""
        self._control("DELETE", _of(id_))

    def clear_rules(self) -> None:
        """Remove every rule, those of scenarios too."""
        self._control("DELETE", "/rules")

    def scenarios(self) -> list[Json]:
        """The scenarios that come with the emulator, and which are on."""
        found: list[Json] = self._control("GET", "/scenarios")["scenarios"]
        return found

    def switch_on(self, scenario: str, document: Mapping[str, Any] | None = None) -> list[Json]:
        """Add the rules of a scenario: of one that comes with the emulator, or of the document, under this name."""
        rules: list[Json] = self._control("PUT", f"/scenarios/{in_path(scenario)}", document)["rules"]
        return rules

    def switch_off(self, scenario: str) -> None:
        """Remove the rules of a scenario."""
        self._control("DELETE", f"/scenarios/{in_path(scenario)}")


def _of(id_: str) -> str:
    return f"/rules/{in_path(id_)}"
