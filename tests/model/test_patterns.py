"""Patterns: equal, contains, matches; and regular expressions that never hold anybody up."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plum_emulator.errors import NotPossible
from plum_emulator.model.patterns import Pattern, found, read_pattern


@given(st.text(), st.text())
def test_a_plain_value_means_equal(wanted: str, seen: str) -> None:
    assert read_pattern(wanted, "body") == Pattern(equals=wanted)
    assert read_pattern(wanted, "body").holds(seen) is (wanted == seen)


@given(st.text(), st.text(), st.text())
def test_contains_holds_for_a_part_anywhere(before: str, part: str, after: str) -> None:
    assert read_pattern({"contains": part}, "body").holds(before + part + after)


def test_matches_finds_the_expression_anywhere() -> None:
    pattern = read_pattern({"matches": "[0-9]{6}"}, "body")
    assert pattern.holds("your code is 123456.")
    assert not pattern.holds("your code is 12345.")


def test_all_that_is_said_has_to_hold() -> None:
    pattern = read_pattern({"contains": "code", "matches": "^your"}, "body")
    assert [pattern.holds(text) for text in ("your code", "my code", "your mode")] == [True, False, False]
    assert pattern.in_words() == "contains 'code' and matches '^your'"


def test_a_phone_number_may_be_written_in_any_form() -> None:
    assert read_pattern("617-555-0101", "to", phone=True) == Pattern(equals="16175550101")
    assert read_pattern({"equals": "+16175550101"}, "to", phone=True) == Pattern(equals="16175550101")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(5, "body is 5, but a string or an object was expected", id="a number"),
        pytest.param({}, "body says nothing", id="an empty object"),
        pytest.param({"contain": "x"}, "body: 'contain' is unknown", id="an unknown name"),
        pytest.param({"contains": 1}, "body: 'contains' is 1, but a string was expected", id="contains a number"),
        pytest.param({"matches": "("}, "body: '(' is not a regular expression: missing ) at position 1", id="no regex"),
        pytest.param(
            {"matches": "x" * 1001}, "body: a regular expression has at most 1000 characters", id="a long regex"
        ),
        pytest.param("a\ud800", "body: half a surrogate pair is in it", id="half a character"),
    ],
)
def test_what_is_no_pattern_is_refused(value: Any, message: str) -> None:
    with pytest.raises(NotPossible) as caught:
        read_pattern(value, "body")
    assert caught.value.message == message


def test_a_bad_phone_number_is_refused() -> None:
    with pytest.raises(NotPossible, match="to: '12' is not a phone number"):
        read_pattern("12", "to", phone=True)


@pytest.mark.slow
def test_a_costly_expression_is_refused_within_a_second() -> None:
    start = time.monotonic()
    with pytest.raises(NotPossible) as caught:
        found("(a|aa)+$", "a" * 60 + "b")
    assert caught.value.message == "the regular expression '(a|aa)+$' takes longer than 0.5 s"
    assert time.monotonic() - start < 5
