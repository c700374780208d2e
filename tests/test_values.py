"""Reading what people wrote: what is taken, and what each mistake is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plum_emulator.errors import NotPossible
from plum_emulator.values import Values, did_you_mean, refuse_unknown, shown, storable

KNOWN = ("name", "count", "seconds", "on", "mode")
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


def told(work: Callable[[], object]) -> tuple[str, str]:
    """The words of the refusal, and its next step."""
    with pytest.raises(NotPossible) as caught:
        work()
    return caught.value.message, caught.value.hint


def test_values_are_given_as_they_were_written() -> None:
    values = Values({"name": "a", "count": 2, "seconds": 1.5, "on": True, "mode": "fast"}, KNOWN)
    assert (values.text("name"), values.whole("count"), values.number("seconds")) == ("a", 2, 1.5)
    assert (values.flag("on"), values.one_of("mode", ("slow", "fast"))) == (True, "fast")
    assert values.milliseconds("seconds") == 1500


def test_what_is_not_there_or_null_is_none_or_the_default() -> None:
    values = Values({"name": None}, KNOWN)
    assert (values.text("name"), values.text("name", "x"), values.whole("count"), values.number("seconds")) == (
        None,
        "x",
        None,
        None,
    )
    assert (values.flag("on"), values.flag("on", default=True), values.one_of("mode", ())) == (False, True, None)
    assert values.milliseconds("seconds") is None


THERE = "there are: name, count, seconds, on, mode"


@pytest.mark.parametrize(
    ("value", "read", "message", "hint"),
    [
        pytest.param([], lambda v: v, "rule: an object was expected, not []", THERE, id="a list"),
        pytest.param({"nam": 1}, lambda v: v, "rule: 'nam' is unknown", "did you mean 'name'?", id="nearly a name"),
        pytest.param({"zzz": 1}, lambda v: v, "rule: 'zzz' is unknown", THERE, id="no name"),
        pytest.param({}, lambda v: v.required("name"), "rule: 'name' is missing", THERE, id="missing"),
        pytest.param(
            {"name": 1}, lambda v: v.text("name"), "rule: 'name' is 1, but a string was expected", THERE, id="no text"
        ),
        pytest.param(
            {"name": "a\ud800"},
            lambda v: v.text("name"),
            "rule: 'name' has half a surrogate pair in it",
            "send whole characters",
            id="half a character",
        ),
        pytest.param(
            {"count": True},
            lambda v: v.whole("count", most=9),
            "rule: 'count' is true, but a whole number from 0 to 9 was expected",
            THERE,
            id="true is no number",
        ),
        pytest.param(
            {"count": 10**40},
            lambda v: v.whole("count", most=9),
            "rule: 'count' is a very large number, but a whole number from 0 to 9 was expected",
            THERE,
            id="too large",
        ),
        pytest.param(
            {"seconds": float("nan")},
            lambda v: v.number("seconds", most=9),
            "rule: 'seconds' is not a finite number, but a number from 0 to 9 was expected",
            THERE,
            id="not a number",
        ),
        pytest.param(
            {"seconds": -1},
            lambda v: v.milliseconds("seconds", most=31622400),
            "rule: 'seconds' is -1, but a number from 0 to 31622400 was expected",
            THERE,
            id="negative",
        ),
        pytest.param(
            {"on": "yes"},
            lambda v: v.flag("on"),
            "rule: 'on' is 'yes', but true or false was expected",
            THERE,
            id="a word is no flag",
        ),
        pytest.param(
            {"mode": "fas"},
            lambda v: v.one_of("mode", ("slow", "fast")),
            "rule: 'mode' is 'fas', which is unknown",
            "did you mean 'fast'?",
            id="nearly a word",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_next_step(
    value: object, read: Callable[[Values], Any], message: str, hint: str
) -> None:
    assert told(lambda: read(Values(value, KNOWN, where="rule"))) == (message, hint)


@given(ANY_JSON, st.sampled_from(("text", "whole", "number", "flag", "milliseconds")))
def test_whatever_is_written_is_taken_or_refused_in_short(value: object, kind: str) -> None:
    values = Values({"name": value}, KNOWN)
    message = ""
    try:
        getattr(values, kind)("name")
    except NotPossible as error:
        message = error.message
    assert len(message) < 200


@given(st.text())
def test_a_storable_text_can_be_written_as_utf_8(text: str) -> None:
    assert storable(text)
    assert text.encode().decode() == text


@given(st.text(min_size=1, max_size=3))
def test_a_text_with_half_a_pair_is_not_storable(text: str) -> None:
    assert not storable(f"{text}\udfff")


def test_a_long_value_is_cut_where_it_is_shown() -> None:
    assert shown("x" * 100) == repr("x" * 60 + "…")
    assert len(shown(list(range(1000)))) == 61


def test_unknown_names_are_refused_one_by_one() -> None:
    refuse_unknown(["a", "b"], ("a", "b"))
    assert told(lambda: refuse_unknown(["a", "c"], ("a", "bb"))) == ("'c' is unknown", "there are: a, bb")


def test_the_nearest_name_is_meant() -> None:
    assert did_you_mean("cuont", KNOWN) == "did you mean 'count'?"
