"""Rules: what can be said in one, which of them fire, and what comes of several together."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points, any_text
from plum_emulator.errors import NotPossible
from plum_emulator.model.patterns import Pattern
from plum_emulator.scenario.effects import NOTHING, Count, Effects, Facts, fire, merged
from plum_emulator.scenario.rules import (
    OPERATIONS,
    OUTCOMES,
    SERVICES,
    UNSAID,
    Callbacks,
    Operation,
    RateLimit,
    Rule,
    Then,
    When,
    clash,
    read_rule,
)

TO, FROM = "12125550123", "16175550100"
FAILED: dict[str, Any] = {"then": {"outcome": "failed"}}


def rule(value: dict[str, Any], id: str = "r", *, chance: bool = False) -> Rule:  # noqa: A002 # as read_rule has it
    """The rule that is written so."""
    return read_rule(value, id=id, chance_allowed=chance)


def when(**value: Any) -> Rule:
    """A rule about a message that is queued, under these conditions."""
    return rule({"when": value, **FAILED}, chance=True)


def refused(value: object, **options: Any) -> tuple[str, str]:
    """Why this is no rule, and what to try."""
    with pytest.raises(NotPossible) as caught:
        read_rule(value, **{"id": "r", **options})
    return caught.value.message, caught.value.hint


def facts(operation: Operation = "queue", **changes: Any) -> Facts:
    """A message that is queued at instant 0."""
    return Facts(**{"operation": operation, "at": 0, "to": TO, "from_": FROM, "body": "Hello World", **changes})


def fires(rule: Rule, *events: Facts, seed: str = "seed") -> list[bool]:
    """For each event in turn, whether the rule fires; it was made at instant 0."""
    count = Count(made_at=0)
    return [bool(fire([(rule, count)], event, seed=seed)) for event in events]


# What is read


@pytest.mark.parametrize(
    ("value", "then"),
    [
        *(({"outcome": word}, Then(outcome=outcome)) for word, outcome in OUTCOMES.items()),
        ({"outcome": []}, Then(outcome=())),
        ({"outcome": ["failed"]}, Then(outcome=("failed",))),
        ({"outcome": ["sent", "undelivered"]}, Then(outcome=("sent", "undelivered"))),
        ({"sent_after": 0}, Then(sent_after=0)),
        ({"sent_after": 1.5, "final_after": 60}, Then(sent_after=1500, final_after=60_000)),
        ({"error": "Error sending sms request"}, Then(error="Error sending sms request")),
        ({"http_status": 503}, Then(http_status=503)),
        ({"http_status": 500, "error": "no"}, Then(http_status=500, error="no")),
        ({"reset": True}, Then(reset=True)),
        ({"empty": True}, Then(empty="body")),
        ({"empty": "connection"}, Then(empty="connection")),
        ({"garbage": True}, Then(garbage="body")),
        ({"garbage": "connection"}, Then(garbage="connection")),
        ({"slow_body": 2}, Then(slow_body=2000)),
        ({"slow_body": 2, "error": "no"}, Then(slow_body=2000, error="no")),
        ({"answer_lost": True}, Then(answer_lost=True)),
        ({"answer_lost": True, "http_status": 504}, Then(answer_lost=True, http_status=504)),
        ({"answer_lost": True, "empty": True, "outcome": []}, Then(answer_lost=True, empty="body", outcome=())),
        ({"rate_limit": 1}, Then(rate_limit=RateLimit(per_second=1))),
        ({"rate_limit": {"per_second": 0.5}}, Then(rate_limit=RateLimit(per_second=0.5))),
        (
            {"rate_limit": {"per_second": 10, "excess": "refused"}},
            Then(rate_limit=RateLimit(per_second=10, excess="refused")),
        ),
        ({"outcome": "sent", "callbacks": "double"}, Then(outcome=("sent",), callbacks=Callbacks(double=True))),
    ],
    ids=str,
)
def test_what_comes_of_a_message_that_is_queued(value: dict[str, Any], then: Then) -> None:
    """Without an operation, a rule is about messages that are queued."""
    assert rule({"then": value}) == Rule(
        id="r", operation="queue", when=When(), then=then, written={"when": {}, "then": value}
    )


@pytest.mark.parametrize(
    ("value", "callbacks"),
    [
        ("drop", Callbacks(drop=True)),
        ("double", Callbacks(double=True)),
        ("reorder", Callbacks(reorder=True)),
        ({"drop": True, "double": False}, Callbacks(drop=True)),
        ({"delay": 0.25}, Callbacks(delay=250)),
        ({"double": True, "reorder": True, "delay": 1}, Callbacks(double=True, reorder=True, delay=1000)),
    ],
    ids=str,
)
def test_callbacks_alone_are_about_callbacks(value: object, callbacks: Callbacks) -> None:
    read = rule({"then": {"callbacks": value}})
    assert (read.operation, read.then) == ("callback", Then(callbacks=callbacks))
    assert rule({"when": {"operation": "queue"}, "then": {"callbacks": value}}).operation == "queue"


def test_an_inbound_post_that_is_made_twice_is_about_texts_that_come_in() -> None:
    read = rule({"when": {"body": "STOP"}, "then": {"inbound_twice": True}})
    assert (read.operation, read.when, read.then) == (
        "inbound",
        When(body=Pattern(equals="STOP")),
        Then(inbound_twice=True),
    )


@pytest.mark.parametrize("operation", SERVICES)
def test_every_service_can_be_made_to_fail(operation: Operation) -> None:
    assert rule({"when": {"operation": operation}, "then": {"http_status": 503}}).operation == operation


def test_every_condition_is_read() -> None:
    value = {
        "operation": "callback",
        "to": "(212) 555-0123",
        "from": {"matches": "^1617"},
        "body": {"contains": "World"},
        "status": "received",
        "nth": 2,
        "after": 1.5,
        "probability": 0.5,
    }
    assert rule({"when": value, "then": {"callbacks": "drop"}}, chance=True).when == When(
        to=Pattern(equals=TO),
        from_=Pattern(matches="^1617"),
        body=Pattern(contains="World"),
        status="received",
        nth=2,
        after=1500,
        probability=0.5,
    )
    assert when(first=3).when == When(first=3)


def test_a_rule_keeps_what_was_written_and_where_it_belongs() -> None:
    value = {"id": "own.id_1-A", "when": {"nth": 1}, "then": {"reset": True, "empty": False}}
    assert read_rule(value, id="given", scenario="s") == Rule(
        id="own.id_1-A",
        operation="queue",
        when=When(nth=1),
        then=Then(reset=True),
        written={"when": {"nth": 1}, "then": {"reset": True, "empty": False}},
        scenario="s",
    )


@pytest.mark.parametrize("name", [field.name for field in fields(Then)])
@pytest.mark.parametrize("value", [None, False, ""], ids=["null", "false", "empty text"])
def test_what_is_switched_off_is_not_there(name: str, value: object) -> None:
    other = "reset" if name == "http_status" else "http_status"
    assert rule({"then": {other: EVERYTHING[other], name: value}}).then.said() == [other]


# What is refused

THEN = ", ".join(field.name for field in fields(Then))
WHEN = "there are: operation, to, from, body, status, nth, first, after, probability"
WAYS = 'for example [], ["sent"], ["sent", "received"] or ["failed"]'
LEAVE_OUT = "leave one of them out"
OR_NOT_QUEUED = "say answer_lost = true too, or no message is queued"
IDS = "but 1 to 64 letters, digits and _ . - were expected"


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (5, "rule: an object was expected, not 5", "there are: id, when, then"),
        (None, "rule: an object was expected, not null", "there are: id, when, then"),
        ({}, "rule: 'then' is missing", "there are: id, when, then"),
        ({"than": {}}, "rule: 'than' is unknown", "did you mean 'then'?"),
        ({**FAILED, "id": "a b"}, f"rule: the id is 'a b', {IDS}", "for example carrier-outage-1"),
        ({**FAILED, "id": ""}, f"rule: the id is '', {IDS}", "for example carrier-outage-1"),
        ({**FAILED, "id": "a\n"}, f"rule: the id is 'a\\n', {IDS}", "for example carrier-outage-1"),
        ({**FAILED, "id": 7}, f"rule: the id is 7, {IDS}", "for example carrier-outage-1"),
        ({**FAILED, "id": "a" * 65}, f"rule: the id is '{'a' * 60}…', {IDS}", "for example carrier-outage-1"),
        ({**FAILED, "when": []}, "rule: when: an object was expected, not []", WHEN),
        ({**FAILED, "when": {"too": 1}}, "rule: when: 'too' is unknown", "did you mean 'to'?"),
        ({**FAILED, "when": {"operation": "que"}}, "rule: when: 'operation' is 'que', which is unknown",
         "did you mean 'queue'?"),
        ({**FAILED, "when": {"to": "911"}}, "rule: when: to: '911' is not a phone number",
         "write 10 digits, or 11 with a leading 1: 16175550123"),
        ({**FAILED, "when": {"body": 5}}, "rule: when: body is 5, but a string or an object was expected",
         'for example "hello", {"contains": "tomorrow"} or {"matches": "[0-9]{6}"}'),
        ({**FAILED, "when": {"from": {"begins": "1"}}}, "rule: when: from: 'begins' is unknown",
         "there are: equals, contains, matches"),
        ({**FAILED, "when": {"status": "sent"}}, "rule: when: 'status' does not go with the operation 'queue'",
         "it goes with: callback"),
        ({"when": {"status": "queued"}, "then": {"callbacks": "drop"}},
         "rule: when: 'status' is 'queued', which is unknown",
         "there are: sent, received, failed, undelivered"),
        *(({"when": {"operation": "status", name: "2125550123"}, "then": {"reset": True}},
           f"rule: when: {name!r} does not go with the operation 'status'", "it goes with: queue, inbound, callback")
          for name in ("to", "from", "body")),
        ({**FAILED, "when": {"nth": 0}},
         "rule: when: 'nth' is 0, but a whole number from 1 to 1000000000 was expected", WHEN),
        ({**FAILED, "when": {"first": True}},
         "rule: when: 'first' is true, but a whole number from 1 to 1000000000 was expected", WHEN),
        ({**FAILED, "when": {"nth": 1, "first": 1}}, "rule: when: 'nth' and 'first' do not go together", LEAVE_OUT),
        ({**FAILED, "when": {"after": -1}},
         "rule: when: 'after' is -1, but a number from 0 to 31622400 was expected", WHEN),
        ({**FAILED, "when": {"probability": 0.5}}, "rule: when: 'probability' is for soak runs only",
         "start the emulator with --soak"),
        ({**FAILED, "when": {"probability": 1.5}},
         "rule: when: 'probability' is 1.5, but a number from 0 to 1 was expected", WHEN),
        ({"then": {}}, "rule: then says nothing", f"there are: {THEN}"),
        ({"then": {"reset": False, "error": "", "callbacks": {"double": False}}}, "rule: then says nothing",
         f"there are: {THEN}"),
        ({"then": "failed"}, "rule: then: an object was expected, not 'failed'", f"there are: {THEN}"),
        ({"then": {"outcom": False}}, "rule: then: 'outcom' is unknown", "did you mean 'outcome'?"),
        ({"then": {"outcome": "fail"}}, "rule: then: 'outcome' is 'fail', which is unknown", "did you mean 'failed'?"),
        ({"then": {"outcome": 5}}, "rule: then: 'outcome' is 5, which is unknown",
         f"there are: {', '.join(OUTCOMES)}"),
        ({"then": {"outcome": ["landline"]}}, "rule: then: 'outcome' has 'landline' in it, which is no status",
         "there are: sent, received, failed, undelivered"),
        ({"then": {"outcome": [["sent"]]}}, "rule: then: 'outcome' has ['sent'] in it, which is no status",
         "did you mean 'sent'?"),
        ({"then": {"outcome": ["received"]}}, "rule: then: 'outcome': 'received' cannot follow 'queued'", WAYS),
        ({"then": {"outcome": ["queued", "sent"]}}, "rule: then: 'outcome': 'queued' cannot follow 'queued'", WAYS),
        ({"then": {"outcome": ["failed", "sent"]}}, "rule: then: 'outcome': 'sent' cannot follow 'failed'", WAYS),
        ({"then": {"sent_after": "1"}},
         "rule: then: 'sent_after' is '1', but a number from 0 to 31622400 was expected", f"there are: {THEN}"),
        ({"then": {"error": 5}}, "rule: then: 'error' is 5, but a string was expected", f"there are: {THEN}"),
        ({"then": {"error": "\ud800"}}, "rule: then: 'error' has half a surrogate pair in it",
         "send whole characters"),
        *(({"then": {"http_status": status}},
           f"rule: then: 'http_status' is {status}, but a whole number from 400 to 599 was expected",
           f"there are: {THEN}") for status in (0, 200, 399, 600)),
        ({"then": {"reset": 1}}, "rule: then: 'reset' is 1, but true or false was expected", f"there are: {THEN}"),
        ({"then": {"empty": "body"}}, "rule: then: 'empty' is 'body', but true or \"connection\" was expected",
         f"there are: {THEN}"),
        ({"then": {"garbage": 1}}, "rule: then: 'garbage' is 1, but true or \"connection\" was expected",
         f"there are: {THEN}"),
        ({"then": {"slow_body": 601}}, "rule: then: 'slow_body' is 601, but a number from 0 to 600 was expected",
         f"there are: {THEN}"),
        *(({"then": {one: values[one], other: values[other]}},
           f"rule: then: {one!r} and {other!r} do not go together", LEAVE_OUT)
          for values in [{"http_status": 500, "reset": True, "empty": True, "garbage": True, "error": "no",
                          "slow_body": 1, "answer_lost": True}]
          for one, other in [("http_status", "reset"), ("http_status", "empty"), ("http_status", "garbage"),
                             ("reset", "empty"), ("reset", "garbage"), ("empty", "garbage"), ("error", "reset"),
                             ("error", "empty"), ("error", "garbage"), ("slow_body", "reset"), ("slow_body", "empty"),
                             ("slow_body", "answer_lost")]),
        ({"then": {"outcome": "failed", "error": "no"}}, "rule: then: 'outcome' and 'error' do not go together",
         OR_NOT_QUEUED),
        ({"then": {"rate_limit": 1, "http_status": 500}},
         "rule: then: 'rate_limit' and 'http_status' do not go together", OR_NOT_QUEUED),
        ({"then": {"callbacks": "drop", "reset": True}}, "rule: then: 'callbacks' and 'reset' do not go together",
         OR_NOT_QUEUED),
        ({"then": {"rate_limit": 0}},
         "rule: then: rate_limit: 'per_second' is 0, but a number from 0.001 to 1000 was expected",
         "there are: per_second, excess"),
        ({"then": {"rate_limit": {}}}, "rule: then: rate_limit: 'per_second' is missing",
         "there are: per_second, excess"),
        ({"then": {"rate_limit": {"per_second": 1, "excess": "queue"}}},
         "rule: then: rate_limit: 'excess' is 'queue', which is unknown", "did you mean 'queued'?"),
        ({"then": {"callbacks": "dropped"}}, "rule: then: 'callbacks' is 'dropped', which is unknown",
         "did you mean 'drop'?"),
        ({"then": {"callbacks": True}}, "rule: then: callbacks: an object was expected, not true",
         "there are: drop, double, reorder, delay"),
        ({"then": {"callbacks": {"dely": 1}}}, "rule: then: callbacks: 'dely' is unknown", "did you mean 'delay'?"),
        *(({"then": {"callbacks": {"drop": True, name: True if name != "delay" else 1}}},
           "rule: then: callbacks: 'drop' goes with nothing else", "what is dropped is never posted")
          for name in ("double", "reorder", "delay")),
        ({"then": {"inbound_twice": True, "outcome": "sent"}},
         "rule: then: 'outcome' does not go with the operation 'inbound'", "it goes with: queue"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_the_place_and_a_next_step(value: object, message: str, hint: str) -> None:
    assert refused(value) == (message, hint)


EVERYTHING: dict[str, Any] = {
    "outcome": "failed",
    "sent_after": 1,
    "final_after": 1,
    "error": "no",
    "http_status": 500,
    "reset": True,
    "empty": True,
    "garbage": True,
    "slow_body": 1,
    "answer_lost": True,
    "rate_limit": 1,
    "callbacks": "double",
    "inbound_twice": True,
}
TAKEN = {
    "queue": set(EVERYTHING) - {"inbound_twice"},
    **{service: {"error", "http_status", "reset", "empty", "garbage", "slow_body"} for service in SERVICES[1:]},
    "inbound": {"inbound_twice"},
    "callback": {"callbacks"},
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", EVERYTHING)
def test_an_effect_goes_with_its_operations_only(name: str, operation: Operation) -> None:
    value = {"when": {"operation": operation}, "then": {name: EVERYTHING[name]}}
    if name in TAKEN[operation]:
        assert rule(value).then.said() == [name]
    else:
        goes_with = ", ".join(other for other in OPERATIONS if name in TAKEN[other])
        assert refused(value) == (
            f"rule: then: {name!r} does not go with the operation {operation!r}",
            f"it goes with: {goes_with}",
        )


def test_an_error_begins_with_the_place_that_it_was_given() -> None:
    assert refused({}, where="scenario x: rule 3")[0] == "scenario x: rule 3: 'then' is missing"


def test_an_id_that_is_given_is_checked_as_well() -> None:
    assert refused(FAILED, id="a/b")[0] == f"rule: the id is 'a/b', {IDS}"


_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 600), st.floats(), any_code_points,
              st.sampled_from([*OUTCOMES, *OPERATIONS, "drop", "connection", "refused", TO])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["contains", "matches", "per_second", "excess", "drop", "delay"]), inner),
    ),
    max_leaves=4,
)  # fmt: skip
_names = st.sampled_from(["operation", "to", "from", "body", "status", "nth", "first", "after", "probability"])
_good_thens = st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in EVERYTHING.items()})
_thens = st.one_of(
    _good_thens, st.dictionaries(st.sampled_from(list(EVERYTHING)), _values, min_size=1, max_size=3), _values
)


@given(when=st.one_of(st.dictionaries(_names, _values, max_size=2), _values), then=_thens, chance=st.booleans())
@examples(300)
@pytest.mark.slow
def test_anything_is_a_rule_that_can_be_kept_or_one_clear_error(when: Any, then: Any, chance: bool) -> None:
    read = rule_or_error({"when": when, "then": then}, chance=chance)
    if isinstance(read, NotPossible):
        assert read.message.startswith("rule")
        assert len(read.one_line().splitlines()) == 1
        return
    assert read.then.said()
    assert clash(read.then.said()) is None
    assert rule(json.loads(json.dumps(read.written, allow_nan=False)), chance=chance) == read


def rule_or_error(value: dict[str, Any], *, chance: bool) -> Rule | NotPossible:
    """The rule, or why it is none."""
    try:
        return rule(value, chance=chance)
    except NotPossible as error:
        return error


@pytest.mark.parametrize("name", ["error", "http_status", "reset", "empty", "garbage"])
def test_a_service_that_fails_does_nothing_unless_only_its_answer_is_lost(name: str) -> None:
    assert rule({"then": {name: EVERYTHING[name]}}).then.instead
    assert not rule({"then": {name: EVERYTHING[name], "answer_lost": True}}).then.instead


@pytest.mark.parametrize("name", ["outcome", "slow_body", "answer_lost", "rate_limit"])
def test_all_else_lets_a_service_do_its_operation(name: str) -> None:
    assert not rule({"then": {name: EVERYTHING[name]}}).then.instead


# Which rules fire


@pytest.mark.parametrize(
    ("condition", "event", "fired"),
    [
        ({}, facts(), True),
        ({}, facts("status"), False),
        ({"to": "+1 212 555 0123"}, facts(), True),
        ({"to": "2125550124"}, facts(), False),
        ({"to": {"contains": "555"}}, facts(), True),
        ({"from": FROM}, facts(), True),
        ({"from": TO}, facts(), False),
        ({"body": "Hello World"}, facts(), True),
        ({"body": "Hello"}, facts(), False),
        ({"body": {"matches": "(?i)^hello"}}, facts(), True),
        ({"body": {"contains": "World"}, "to": FROM}, facts(), False),
        ({"after": 1}, facts(at=999), False),
        ({"after": 1}, facts(at=1000), True),
    ],
    ids=str,
)
def test_a_rule_fires_when_all_of_its_conditions_hold(condition: dict[str, Any], event: Facts, fired: bool) -> None:
    assert fires(when(**condition), event) == [fired]


def test_a_rule_about_a_status_fires_for_its_callback() -> None:
    read = rule({"when": {"status": "sent"}, "then": {"callbacks": "drop"}})
    assert fires(read, facts("callback", status="sent"), facts("callback", status="received"), facts()) == [
        True,
        False,
        False,
    ]


def test_nth_is_one_match_and_first_the_first_so_many() -> None:
    events = [facts()] * 4
    assert fires(when(nth=2), *events) == [False, True, False, False]
    assert fires(when(first=2), *events) == [True, True, False, False]


def test_only_matches_are_counted() -> None:
    """What another number sent, or what came before its time, is no match."""
    read = when(nth=2, body="this", after=1)
    events = [facts(at=0, body="this"), facts(at=1000, body="this"), facts(at=1000), facts(at=1000, body="this")]
    assert fires(read, *events) == [False, False, False, True]


def test_a_match_counts_whether_the_rule_fires_or_not() -> None:
    count = Count(made_at=0)
    read = when(first=1)
    for at in (10, 20, 30):
        fire([(read, count)], facts(at=at), seed="seed")
    assert count == Count(made_at=0, matches=3, fired=1, last_fired_at=10)


def test_after_counts_from_when_the_rule_was_made() -> None:
    count = Count(made_at=5000)
    assert [bool(fire([(when(after=2), count)], facts(at=at), seed="s")) for at in (6999, 7000)] == [False, True]


def test_when_nothing_matches_nothing_comes_of_it() -> None:
    count = Count(made_at=0)
    assert fire([], facts(), seed="s") is NOTHING
    assert fire([(when(body="other"), count)], facts(), seed="s") is NOTHING
    assert not NOTHING
    assert count == Count(made_at=0)


@pytest.mark.slow
def test_a_regular_expression_that_takes_too_long_does_not_hold() -> None:
    """A request never fails because of it."""
    endless, body = "^(a|aa)+$", "a" * 60 + "!"
    with pytest.raises(NotPossible):
        Pattern(matches=endless).holds(body)
    assert fires(when(body={"matches": endless}), facts(body=body)) == [False]


def test_a_count_can_be_kept() -> None:
    count = Count(made_at=1, matches=2, fired=1, last_fired_at=7, next_free={FROM: 8})
    kept = json.loads(json.dumps(count.as_dict()))
    again = Count.from_dict(kept)
    assert again == count
    again.next_free[TO] = 9
    assert kept["next_free"] == {FROM: 8}


# Probability


def test_probability_0_never_fires_and_1_always_does() -> None:
    events = [facts()] * 50
    assert fires(when(probability=0), *events) == [False] * 50
    assert fires(when(probability=1), *events) == [True] * 50


def test_probability_is_certain_given_the_seed() -> None:
    """The same seed fires for the same matches, another seed for others; another rule too."""
    events = [facts()] * 100
    read = when(probability=0.5)
    other = rule({"id": "other", "when": {"probability": 0.5}, **FAILED}, chance=True)
    assert fires(read, *events) == fires(read, *events)
    assert fires(read, *events) != fires(read, *events, seed="another")
    assert fires(read, *events) != fires(other, *events)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_probability_is_about_how_many_fire(probability: float) -> None:
    fired = sum(fires(when(probability=probability), *[facts()] * 4000))
    assert abs(fired / 4000 - probability) < 0.04


# What comes of several


def test_of_two_rules_that_say_the_same_the_earlier_one_counts() -> None:
    one = rule({"then": {"outcome": "failed", "sent_after": 1, "callbacks": "drop"}}, "one")
    two = rule({"then": {"outcome": "sent", "final_after": 2, "callbacks": {"delay": 5}, "slow_body": 1}}, "two")
    pairs = [(one, Count(made_at=0)), (two, Count(made_at=0))]
    assert fire(pairs, facts(), seed="s") == Effects(
        rules=("one", "two"),
        then=Then(
            outcome=("sent", "failed"),
            sent_after=1000,
            final_after=2000,
            callbacks=Callbacks(drop=True),
            slow_body=1000,
        ),
    )
    assert [count for _, count in pairs] == [Count(made_at=0, matches=1, fired=1, last_fired_at=0)] * 2


def test_an_answer_that_contradicts_an_earlier_rule_is_left_out() -> None:
    assert merged(Then(reset=True), Then(http_status=503, outcome=("failed",))) == Then(reset=True, outcome=("failed",))
    assert merged(Then(error="no"), Then(http_status=503)) == Then(error="no", http_status=503)


ANSWERS: list[dict[str, Any]] = [
    {},
    {"error": "a"},
    {"error": "b", "http_status": 500},
    {"http_status": 503},
    {"reset": True},
    {"empty": "body"},
    {"empty": "connection"},
    {"garbage": "body", "slow_body": 1},
    {"garbage": "connection"},
    {"slow_body": 1},
    {"slow_body": 2, "error": "a"},
    {"slow_body": 2, "http_status": 500},
    {"answer_lost": True},
    {"answer_lost": True, "reset": True},
    {"answer_lost": True, "empty": "body"},
    {"answer_lost": True, "error": "b", "http_status": 500},
]
_others: dict[str, st.SearchStrategy[Any]] = {
    "outcome": st.sampled_from([None, *OUTCOMES.values()]),
    "sent_after": st.sampled_from([None, 0, 1]),
    "final_after": st.sampled_from([None, 0, 1]),
    "rate_limit": st.sampled_from([None, RateLimit(per_second=1), RateLimit(per_second=2)]),
    "callbacks": st.builds(Callbacks, drop=st.booleans(), delay=st.integers(0, 1)),
    "inbound_twice": st.booleans(),
}
thens = st.builds(
    lambda answer, others: Then(**answer, **others), st.sampled_from(ANSWERS), st.fixed_dictionaries(_others)
)


def test_the_strategy_above_knows_every_field_and_makes_what_a_rule_can_say() -> None:
    assert {name for answer in ANSWERS for name in answer} | set(_others) == {field.name for field in fields(Then)}
    assert all(clash(answer) is None for answer in ANSWERS)


@given(thens, thens)
@examples(300)
@pytest.mark.slow
def test_the_law_of_merging(earlier: Then, later: Then) -> None:
    """All that the earlier rule says stays; the rest is the later one's, unless it contradicts; nothing else comes."""
    both = merged(earlier, later)
    assert clash(both.said()) is None
    for name in both.said():
        assert getattr(both, name) == getattr(earlier if name in earlier.said() else later, name)
    assert set(earlier.said()) <= set(both.said())
    for name in set(later.said()) - set(both.said()):
        assert clash((*both.said(), name)) is not None
    assert merged(UNSAID, later) == merged(later, UNSAID) == merged(later, later) == later


_rules = st.sampled_from(
    [
        when(),
        when(body={"matches": "[^a]+$"}),
        when(to={"contains": "5"}),
        when(probability=0.5),
        rule({"then": {"rate_limit": {"per_second": 3, "excess": "refused"}}}),
        rule({"then": {"rate_limit": 3}}),
        rule({"then": {"callbacks": "double"}}),
        rule({"then": {"inbound_twice": True}}),
    ]
)


@given(
    st.lists(_rules, max_size=4),
    st.sampled_from(OPERATIONS),
    st.tuples(any_code_points, any_code_points, any_code_points, any_code_points),
    any_code_points,
)
@example([when(probability=0.5)], "queue", ("", "", "", ""), "\ud800")
@examples(150)
def test_no_text_makes_firing_fail(
    rules: list[Rule], operation: Operation, texts: tuple[str, str, str, str], seed: str
) -> None:
    to, from_, body, status = texts
    event = Facts(operation=operation, at=0, to=to, from_=from_, body=body, status=status)
    effects = fire([(rule, Count(made_at=0)) for rule in rules], event, seed=seed)
    assert bool(effects) == (effects.rules != ())
    assert (effects.then == UNSAID) == (not effects)


# Rate limits


def limited(per_second: float, *events: Facts, excess: str = "queued") -> list[Effects]:
    """What comes of each event in turn under one rate limit."""
    read = rule({"then": {"rate_limit": {"per_second": per_second, "excess": excess}}})
    count = Count(made_at=0)
    return [fire([(read, count)], event, seed="s") for event in events]


def test_what_is_too_much_for_a_second_stays_queued_longer() -> None:
    """Two a second are one every 500 milliseconds, for each number by itself; a number at rest gains nothing."""
    other = facts(at=0, from_="12435678910")
    events = [facts(at=0), facts(at=0), other, facts(at=100), facts(at=1500), facts(at=9000), facts(at=9000)]
    assert [each.wait for each in limited(2, *events)] == [0, 500, 0, 900, 0, 0, 500]


def test_what_is_too_much_for_a_second_is_refused_when_the_rule_says_so() -> None:
    """What is refused takes nobody's slot."""
    events = [facts(at=0), facts(at=499), facts(at=499), facts(at=500)]
    reason = f"rule r: {FROM} sends at most 2 messages a second"
    assert [(each.refused, each.wait) for each in limited(2, *events, excess="refused")] == [
        ("", 0),
        (reason, 0),
        (reason, 0),
        ("", 0),
    ]


@pytest.mark.parametrize(("per_second", "spacing"), [(1, 1000), (3, 334), (100, 10), (1000, 1), (0.5, 2000)])
def test_slots_lie_so_far_apart_that_they_are_never_too_many(per_second: float, spacing: int) -> None:
    assert [each.wait for each in limited(per_second, facts(), facts())] == [0, spacing]


def test_of_two_rate_limits_the_earlier_one_counts_and_the_other_keeps_its_slots() -> None:
    one, two = (rule({"then": {"rate_limit": per_second}}, str(per_second)) for per_second in (1, 2))
    counts = [Count(made_at=0), Count(made_at=0)]
    effects = fire(zip((one, two), counts, strict=True), facts(), seed="s")
    assert effects.then.rate_limit == RateLimit(per_second=1)
    assert [count.next_free for count in counts] == [{FROM: 1000}, {}]


def test_a_message_that_is_not_queued_takes_no_slot() -> None:
    count = Count(made_at=0)
    pairs = [(rule({"then": {"rate_limit": 1}}), count), (rule({"then": {"reset": True}}), Count(made_at=0))]
    assert fire(pairs, facts(), seed="s").wait == 0
    assert (count.matches, count.next_free) == (1, {})


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from([FROM, TO])), min_size=1, max_size=80),
    st.sampled_from(["queued", "refused"]),
)
@examples(150)
def test_a_number_never_sends_more_than_that_in_any_second(
    per_second: int, arrivals: list[tuple[int, str]], excess: str
) -> None:
    at, events = 0, []
    for later, number in arrivals:
        at += later
        events.append(facts(at=at, from_=number))
    effects = limited(per_second, *events, excess=excess)
    sent = [
        (event.from_, event.at + each.wait) for event, each in zip(events, effects, strict=True) if not each.refused
    ]
    for number, start in sent:
        in_a_second = Counter(other for other, instant in sent if start <= instant < start + 1000)
        assert in_a_second[number] <= per_second
    assert all(each.wait == 0 for each in effects) or excess == "queued"
    assert excess == "refused" or len(sent) == len(events)


@given(any_text)
@examples(30)
def test_a_body_that_is_written_is_the_body_that_matches(body: str) -> None:
    assert fires(when(body=body), facts(body=body), facts(body=body + "!")) == [True, False]
