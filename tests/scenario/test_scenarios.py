"""Scenarios: the ones that come with the emulator, and what makes a file one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from plum_emulator import resources
from plum_emulator.errors import NotPossible
from plum_emulator.scenario.rules import Callbacks, Operation, RateLimit, Rule, Then, When
from plum_emulator.scenario.scenarios import Scenario, read_scenario, read_toml, shipped

NAMES = sorted(file.stem for file in resources.fixture("scenarios").iterdir())
FAILED: dict[str, Any] = {"then": {"outcome": "failed"}}
LINES = "a title, then [[rules]] tables with when and then"

SHIPPED: dict[str, list[tuple[Operation, When, Then]]] = {
    "callbacks-out-of-order": [("callback", When(), Then(callbacks=Callbacks(reorder=True)))],
    "carrier-outage": [("queue", When(), Then(outcome=("sent", "failed")))],
    "doubled-callbacks": [("callback", When(), Then(callbacks=Callbacks(double=True)))],
    "dropped-callbacks": [("callback", When(), Then(callbacks=Callbacks(drop=True)))],
    "landlines": [("queue", When(), Then(outcome="landline"))],
    "lost-answers": [
        ("queue", When(nth=1), Then(answer_lost=True)),
        ("queue", When(nth=3), Then(answer_lost=True, http_status=504)),
    ],
    "plum-down": [
        ("queue", When(), Then(http_status=503)),
        ("status", When(), Then(http_status=503)),
        ("messages", When(), Then(http_status=503)),
        ("conversation", When(), Then(http_status=503)),
    ],
    "rate-limited-long-code": [("queue", When(), Then(rate_limit=RateLimit(per_second=1)))],
    "slow-carrier": [("queue", When(), Then(sent_after=10_000, final_after=60_000))],
}


def refused(value: object, name: str = "s") -> tuple[str, str]:
    """Why this is no scenario, and what to try."""
    with pytest.raises(NotPossible) as caught:
        read_scenario(value, name=name)
    return caught.value.message, caught.value.hint


def test_every_file_is_a_scenario_under_its_name() -> None:
    assert list(shipped()) == NAMES
    assert {
        name: [(rule.operation, rule.when, rule.then) for rule in scenario.rules]
        for name, scenario in shipped().items()
    } == SHIPPED


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_that_comes_with_the_emulator_says_what_it_does(name: str) -> None:
    """In its title, in its description, and in comments at the head of its file."""
    scenario = shipped()[name]
    assert scenario.name == name
    assert scenario.title
    assert scenario.description.endswith(".")
    head = resources.fixture("scenarios").joinpath(f"{name}.toml").read_text(encoding="utf-8").partition("\n\n")[0]
    assert all(line.startswith("# ") for line in head.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_its_rules_know_their_scenario_and_are_counted_from_1(name: str) -> None:
    rules = shipped()[name].rules
    assert [(rule.id, rule.scenario) for rule in rules] == [(f"{name}-{n}", name) for n in range(1, len(rules) + 1)]


def test_no_two_rules_that_come_with_the_emulator_have_the_same_id() -> None:
    ids = [rule.id for scenario in shipped().values() for rule in scenario.rules]
    assert len(set(ids)) == len(ids)


def test_a_scenario_is_read() -> None:
    text = """
        title = "Now and then"
        description = "Two rules."

        [[rules]]
        when = { nth = 2 }
        then = { outcome = "failed" }

        [[rules]]
        id = "twice"
          [rules.then]
          inbound_twice = true
    """
    assert read_scenario(read_toml(text), name="mine") == Scenario(
        name="mine",
        title="Now and then",
        description="Two rules.",
        rules=(
            Rule(
                id="mine-1",
                operation="queue",
                when=When(nth=2),
                then=Then(outcome=("sent", "failed")),
                written={"when": {"nth": 2}, "then": {"outcome": "failed"}},
                scenario="mine",
            ),
            Rule(
                id="twice",
                operation="inbound",
                when=When(),
                then=Then(inbound_twice=True),
                written={"when": {}, "then": {"inbound_twice": True}},
                scenario="mine",
            ),
        ),
    )


def test_chance_is_for_those_who_allow_it() -> None:
    value = {"title": "t", "rules": [{"when": {"probability": 0.5}, **FAILED}]}
    assert read_scenario(value, name="s", chance_allowed=True).rules[0].when == When(probability=0.5)
    assert refused(value) == (
        "scenario s: rule 1: when: 'probability' is for soak runs only",
        "start the emulator with --soak",
    )


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (5, "scenario s: an object was expected, not 5", "there are: title, description, rules"),
        ({}, "scenario s: 'title' is missing", "there are: title, description, rules"),
        ({"title": "t"}, "scenario s: 'rules' is missing", "there are: title, description, rules"),
        ({"title": "t", "rule": []}, "scenario s: 'rule' is unknown", "did you mean 'rules'?"),
        (
            {"title": 5, "rules": [FAILED]},
            "scenario s: 'title' is 5, but a string was expected",
            "there are: title, description, rules",
        ),
        (
            {"title": "t", "rules": []},
            "scenario s: 'rules' is [], but a list of 1 to 1000 rules was expected",
            "there are: title, description, rules",
        ),
        (
            {"title": "t", "rules": 1},
            "scenario s: 'rules' is 1, but a list of 1 to 1000 rules was expected",
            "there are: title, description, rules",
        ),
        (
            {"title": "t", "rules": [FAILED, {"them": {}}]},
            "scenario s: rule 2: 'them' is unknown",
            "did you mean 'then'?",
        ),
        (
            {"title": "t", "rules": [{"id": "s-2", **FAILED}, FAILED]},
            "scenario s: the rule id 's-2' is there twice",
            "give each rule an id of its own",
        ),
    ],
    ids=str,
)
def test_what_is_no_scenario_is_refused_with_the_place_and_a_next_step(value: object, message: str, hint: str) -> None:
    assert refused(value) == (message, hint)


@pytest.mark.parametrize("name", ["", "a b", "../accounts", "é", "s\n", "a" * 59])
def test_a_name_that_rules_could_not_bear_is_refused(name: str) -> None:
    assert refused({"title": "t", "rules": [FAILED]}, name) == (
        f"the scenario's name is {name!r}, but 1 to 58 letters, digits and _ . - were expected",
        "for example carrier-outage",
    )


def test_a_scenario_with_the_longest_name_may_have_a_thousand_rules() -> None:
    rules = read_scenario({"title": "t", "rules": [FAILED] * 1000}, name="a" * 58).rules
    assert (len(rules), rules[-1].id) == (1000, "a" * 58 + "-1000")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[[rules]\n", id="bracket missing"),
        pytest.param("title = x", id="quotes missing"),
        pytest.param('{"title": "t"}', id="JSON"),
        pytest.param("n = " + "9" * 5000, id="an endless integer"),
        pytest.param("n = " + "[" * 100_000, id="arrays nested too deep"),
    ],
)
def test_what_is_not_toml_is_told_so(text: str) -> None:
    with pytest.raises(NotPossible) as caught:
        read_toml(text)
    assert caught.value.message.startswith("the scenario is not TOML: ")
    assert caught.value.hint == LINES


@given(st.text(alphabet='[]{}="\n rulestitlewhen.#01', max_size=60))
@examples(100)
def test_any_text_is_a_scenario_or_one_clear_error(text: str) -> None:
    read = scenario_or_error(text)
    if isinstance(read, NotPossible):
        assert read.hint
        assert len(read.one_line().splitlines()) == 1
        return
    assert read.rules


def scenario_or_error(text: str) -> Scenario | NotPossible:
    """What the text says, or why it says nothing."""
    try:
        return read_scenario(read_toml(text), name="s")
    except NotPossible as error:
        return error
