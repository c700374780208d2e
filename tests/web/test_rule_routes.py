"""Rules and scenarios over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House
from plum_emulator.scenario.scenarios import shipped
from plum_emulator.settings import Settings

AT = "2023-11-14T22:13:20.000Z"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello"}
FAILS = {"when": {"to": HANDSET, "first": 1}, "then": {"outcome": "failed"}}
NEW = {"scenario": None, "matches": 0, "fired": 0, "last_fired_at": None}


def test_a_rule_is_made_shown_counted_and_removed(caller: Caller) -> None:
    made = caller.send_json("POST", "/_plum/rules", FAILS)
    assert (made.status, made.values) == (201, {"id": "rule-1", **FAILS, **NEW})
    caller.queue(FIELDS)
    caller.queue(FIELDS)
    counted = {**made.values, "matches": 2, "fired": 1, "last_fired_at": AT}
    assert caller.get("/_plum/rules").values == {"rules": [counted]}
    assert caller.get("/_plum/rules/rule-1").values == counted
    exchanges = caller.get("/_plum/exchanges").values["exchanges"]
    assert [each["rules"] for each in exchanges] == [[], ["rule-1"]]
    heard = caller.call("DELETE", "/_plum/rules/rule-1")
    assert (heard.status, heard.values) == (200, {"rule": "rule-1", "status": "removed"})
    assert caller.get("/_plum/rules").values == {"rules": []}


def test_a_rule_is_put_in_the_place_of_another(caller: Caller) -> None:
    """It keeps its place, and counts anew."""
    for id_ in ("one", "two"):
        assert caller.send_json("PUT", f"/_plum/rules/{id_}", FAILS).status == 200
    caller.queue(FIELDS)
    other = {"id": "one", "when": {}, "then": {"sent_after": 5}}
    heard = caller.send_json("PUT", "/_plum/rules/one", other)
    assert (heard.status, heard.values) == (200, {**other, **NEW})
    assert [rule["id"] for rule in caller.get("/_plum/rules").values["rules"]] == ["one", "two"]


def test_rules_that_never_fired_can_be_asked_for(caller: Caller) -> None:
    caller.send_json("PUT", "/_plum/rules/used", FAILS)
    caller.send_json("PUT", "/_plum/rules/unused", FAILS)
    caller.queue(FIELDS)
    caller.send_json("PUT", "/_plum/rules/unused", {"when": {"body": "never"}, "then": {"outcome": "failed"}})
    assert [rule["id"] for rule in caller.get("/_plum/rules?unused=1").values["rules"]] == ["unused"]
    assert len(caller.get("/_plum/rules?unused=0").values["rules"]) == 2


def test_all_rules_go_at_once(caller: Caller) -> None:
    """Those of the account alone."""
    for question in ("", "", "?account=second"):
        caller.send_json("POST", f"/_plum/rules{question}", FAILS)
    heard = caller.call("DELETE", "/_plum/rules")
    assert (heard.status, heard.values) == (200, {"account": "username", "status": "no rules"})
    assert caller.get("/_plum/rules").values == {"rules": []}
    assert len(caller.get("/_plum/rules?account=second").values["rules"]) == 1


@pytest.mark.parametrize(
    "then",
    [
        {"outcome": []},
        {"outcome": ["sent", "undelivered"]},
        {"outcome": "opted_out", "final_after": 0.25},
        {"error": "no", "http_status": 503},
        {"reset": True},
        {"empty": True},
        {"garbage": "connection"},
        {"slow_body": 600},
        {"answer_lost": True, "error": "no", "outcome": "failed"},
        {"rate_limit": 0.001},
        {"rate_limit": {"per_second": 1000, "excess": "refused"}},
        {"callbacks": "double"},
        {"callbacks": {"delay": 5, "reorder": True}},
        {"inbound_twice": True},
    ],
    ids=str,
)
def test_a_rule_is_shown_as_it_was_written(caller: Caller, then: dict[str, Any]) -> None:
    heard = caller.send_json("POST", "/_plum/rules", {"then": then})
    assert (heard.status, heard.values["then"]) == (201, then)
    assert caller.get("/_plum/rules/rule-1").values == heard.values


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        ({}, "rule: 'then' is missing", "there are: id, when, then"),
        ({"then": {}}, "rule: then says nothing", "there are: outcome, "),
        ({"then": {"outcme": "failed"}}, "rule: then: 'outcme' is unknown", "did you mean 'outcome'?"),
        ({"then": {"outcome": "fail"}}, "rule: then: 'outcome' is 'fail', which is unknown", "did you mean 'failed'?"),
        (
            {"then": {"outcome": ["received"]}},
            "rule: then: 'outcome': 'received' cannot follow 'queued'",
            "for example ",
        ),
        ({"then": {"outcome": [5]}}, "rule: then: 'outcome' has 5 in it, which is no status", "there are: sent, "),
        (
            {"then": {"http_status": 200}},
            "rule: then: 'http_status' is 200, but a whole number from 400 to 599",
            "there are: ",
        ),
        ({"then": {"reset": "yes"}}, "rule: then: 'reset' is 'yes', but true or false was expected", "there are: "),
        ({"then": {"empty": 1}}, "rule: then: 'empty' is 1, but true or \"connection\" was expected", "there are: "),
        (
            {"then": {"slow_body": 601}},
            "rule: then: 'slow_body' is 601, but a number from 0 to 600 was expected",
            "there are: ",
        ),
        (
            {"then": {"reset": True, "empty": True}},
            "rule: then: 'reset' and 'empty' do not go together",
            "leave one of them out",
        ),
        (
            {"then": {"rate_limit": 0}},
            "rule: then: rate_limit: 'per_second' is 0, but a number from 0.001 to 1000",
            "there are: ",
        ),
        (
            {"then": {"callbacks": {"drop": True, "double": True}}},
            "rule: then: callbacks: 'drop' goes with nothing else",
            "what is dropped",
        ),
        (
            {"id": "a b", "then": {"reset": True}},
            "rule: the id is 'a b', but 1 to 64 letters, digits",
            "for example carrier-outage-1",
        ),
        (
            {"id": 5, "then": {"reset": True}},
            "rule: the id is 5, but 1 to 64 letters, digits",
            "for example carrier-outage-1",
        ),
        ({"when": [], "then": {"reset": True}}, "rule: when: an object was expected, not []", "there are: operation, "),
        (
            {"when": {"operaton": "queue"}, "then": {"reset": True}},
            "rule: when: 'operaton' is unknown",
            "did you mean 'operation'?",
        ),
        (
            {"when": {"nth": 1, "first": 1}, "then": {"reset": True}},
            "rule: when: 'nth' and 'first' do not go together",
            "leave one of them out",
        ),
        (
            {"when": {"probability": 0.5}, "then": {"reset": True}},
            "rule: when: 'probability' is for soak runs only",
            "start the emulator with --soak",
        ),
        (
            {"when": {"operation": "status"}, "then": {"outcome": "failed"}},
            "rule: then: 'outcome' does not go with the operation 'status'",
            "it goes with: queue",
        ),
        (
            {"when": {"body": {"matches": "("}}, "then": {"reset": True}},
            "rule: when: body: '(' is not a regular expression",
            "",
        ),
    ],
)
def test_a_rule_that_cannot_be_says_why(onlooker: Caller, asked: dict[str, Any], error: str, hint: str) -> None:
    """Whether it is made or put; and there is no rule afterwards."""
    for method, target in (("POST", "/_plum/rules"), ("PUT", "/_plum/rules/a")):
        heard = onlooker.send_json(method, target, asked)
        assert heard.status == 400
        assert heard.error.startswith(error)
        assert heard.values["hint"].startswith(hint)
    assert onlooker.get("/_plum/rules").values == {"rules": []}


def test_another_id_than_the_one_in_the_path_is_refused(onlooker: Caller) -> None:
    heard = onlooker.send_json("PUT", "/_plum/rules/a", {"id": "b", **FAILS})
    assert (heard.status, heard.values) == (
        400,
        {"error": "the rule's id is 'b', but 'a' was named", "hint": "leave one of them out"},
    )


@pytest.mark.parametrize("id_", ["a%20b", "%00", "%F0%9F%98%80", "a" * 65])
def test_an_id_that_cannot_be_is_refused(onlooker: Caller, id_: str) -> None:
    assert onlooker.send_json("PUT", f"/_plum/rules/{id_}", FAILS).status == 400
    assert onlooker.get(f"/_plum/rules/{id_}").status == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_rule_that_is_not_there_is_404(caller: Caller, method: str) -> None:
    heard = caller.call(method, "/_plum/rules/outge")
    assert (heard.status, heard.values) == (
        404,
        {"error": "account 'username' has no rule 'outge'", "hint": "there are none; POST /_plum/rules makes one"},
    )
    caller.send_json("PUT", "/_plum/rules/outage", FAILS)
    assert caller.call(method, "/_plum/rules/outge").values["hint"] == "did you mean 'outage'?"
    assert caller.call(method, "/_plum/rules/outage?account=second").status == 404


def test_chance_is_taken_by_an_emulator_for_soak_runs() -> None:
    house = House(settings=Settings(soak=True))
    caller = Caller(house)
    heard = caller.send_json("POST", "/_plum/rules", {"when": {"probability": 0.5}, "then": {"reset": True}})
    caller.close()
    house.close()
    assert heard.status == 201


def test_the_shipped_scenarios_are_listed_with_those_that_are_on(caller: Caller) -> None:
    """One's own too, while they are on."""
    caller.call("PUT", "/_plum/scenarios/landlines")
    caller.send_json("PUT", "/_plum/scenarios/my.own", {"title": "Mine", "rules": [FAILS]})
    listed = caller.get("/_plum/scenarios").values["scenarios"]
    assert listed == [
        *(
            {"name": name, "title": each.title, "description": each.description, "on": name == "landlines"}
            for name, each in shipped().items()
        ),
        {"name": "my.own", "title": "", "description": "", "on": True},
    ]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_can_be_switched_on_and_off(caller: Caller, name: str) -> None:
    on = caller.call("PUT", f"/_plum/scenarios/{name}")
    assert (on.status, on.values["scenario"]) == (200, name)
    assert [(rule["id"], rule["scenario"]) for rule in on.values["rules"]] == [
        (rule.id, name) for rule in shipped()[name].rules
    ]
    assert caller.get("/_plum/rules").values["rules"] == on.values["rules"]
    off = caller.call("DELETE", f"/_plum/scenarios/{name}")
    assert (off.status, off.values) == (200, {"scenario": name, "status": "off"})
    assert caller.get("/_plum/rules").values == {"rules": []}


def test_a_scenario_of_ones_own_is_in_the_body(caller: Caller) -> None:
    """Also under the name of one that comes with the emulator, and again, when it begins anew."""
    for _ in range(2):
        heard = caller.send_json("PUT", "/_plum/scenarios/landlines", {"title": "Mine", "rules": [FAILS]})
        caller.queue(FIELDS)
    assert heard.values == {
        "scenario": "landlines",
        "rules": [{"id": "landlines-1", **FAILS, **NEW, "scenario": "landlines"}],
    }
    assert [rule["fired"] for rule in caller.get("/_plum/rules").values["rules"]] == [1]


@pytest.mark.parametrize(
    ("name", "asked", "error", "hint"),
    [
        ("a", {"rules": [FAILS]}, "scenario a: 'title' is missing", "there are: title, description, rules"),
        ("a", {"title": "A", "rules": []}, "scenario a: 'rules' is [], but a list of 1 to 1000 rules", "there are: "),
        (
            "a",
            {"title": "A", "rules": [FAILS, {}]},
            "scenario a: rule 2: 'then' is missing",
            "there are: id, when, then",
        ),
        (
            "a",
            {"title": "A", "rules": [{"id": "x", **FAILS}] * 2},
            "scenario a: the rule id 'x' is there twice",
            "give each",
        ),
        (
            "a%20b",
            {"title": "A", "rules": [FAILS]},
            "the scenario's name is 'a b', but 1 to 58",
            "for example carrier-outage",
        ),
        ("a", 5, "scenario a: an object was expected, not 5", "there are: "),
        ("a", None, "the body is JSON, but not an object", "send JSON: "),
    ],
)
def test_a_scenario_that_cannot_be_says_why(onlooker: Caller, name: str, asked: Any, error: str, hint: str) -> None:
    heard = onlooker.send_json("PUT", f"/_plum/scenarios/{name}", asked)
    assert heard.status == 400
    assert heard.error.startswith(error)
    assert heard.values["hint"].startswith(hint)


def test_a_scenario_that_is_too_large_does_not_switch_the_shipped_one_on(onlooker: Caller) -> None:
    heard = onlooker.call("PUT", "/_plum/scenarios/landlines", body=b" " * (1024 * 1024 + 1))
    assert (heard.status, heard.error) == (400, "the request body is too large")
    assert onlooker.get("/_plum/rules").values == {"rules": []}


def test_a_scenario_that_is_not_there_is_404(onlooker: Caller) -> None:
    heard = onlooker.call("PUT", "/_plum/scenarios/landline")
    assert (heard.status, heard.values) == (
        404,
        {"error": "there is no scenario 'landline'", "hint": "did you mean 'landlines'?"},
    )
    heard = onlooker.call("DELETE", "/_plum/scenarios/landlines")
    assert (heard.status, heard.values) == (
        404,
        {"error": "scenario 'landlines' is not on", "hint": "on are: none"},
    )


@pytest.mark.slow
def test_there_are_at_most_1000_rules(caller: Caller) -> None:
    rules = [FAILS] * 1000
    assert caller.send_json("PUT", "/_plum/scenarios/a", {"title": "A", "rules": rules}).status == 200
    heard = caller.send_json("POST", "/_plum/rules", FAILS)
    assert (heard.status, heard.values) == (
        400,
        {"error": "an account has at most 1000 rules", "hint": "DELETE /_plum/rules removes all"},
    )
    assert len(caller.get("/_plum/rules").values["rules"]) == 1000
