"""Phone numbers, from every form that Plum's documents show (clauses 4 and 7)."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points
from plum_emulator.errors import InvalidNumber
from plum_emulator.model.phones import is_number, normalized, pretty

NUMBER = "16175550123"
numbers = st.from_regex(r"1[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)


@pytest.mark.parametrize(
    "form",
    [
        "6175550123",
        "16175550123",
        "+16175550123",
        "(617) 555-0123",
        "1 (617) 555-0123",
        "+1 (617) 555-0123",
        "617-555-0123",
        "617.555.0123",
        "617/555-0123",
        "1-617-555-0123",
        "+1.617.555.0123",
        "  617 555 0123  ",
        "\t6175550123",
        "6-1-7-5-5-5-0-1-2-3",
    ],
)
def test_a_number_in_any_usual_form_is_the_same_11_digits(form: str) -> None:
    """A number has 10 digits, or 11 with a leading 1, or begins with +1; usual punctuation is dropped."""
    assert normalized(form) == NUMBER
    assert is_number(form)


@pytest.mark.parametrize(
    "form",
    [
        "2002000000",
        "9999999999",
        "19998881234",
        "12435678910",
        "15005550009",
    ],
)
def test_the_first_digit_of_area_and_exchange_goes_from_2_to_9(form: str) -> None:
    assert normalized(form) == "1" + form[-10:]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param("-", id="punctuation alone"),
        pytest.param("+", id="plus alone"),
        pytest.param("617555012", id="9 digits"),
        pytest.param("61755501234", id="11 digits without a leading 1"),
        pytest.param("161755501234", id="12 digits"),
        pytest.param("5550123", id="7 digits"),
        pytest.param("12345", id="short code"),
        pytest.param("0175550123", id="area code begins with 0"),
        pytest.param("1175550123", id="area code begins with 1"),
        pytest.param("6170550123", id="exchange begins with 0"),
        pytest.param("6171550123", id="exchange begins with 1"),
        pytest.param("+6175550123", id="plus without the 1"),
        pytest.param("++16175550123", id="two pluses"),
        pytest.param("1+6175550123", id="plus inside"),
        pytest.param("16175550123+", id="plus behind"),
        pytest.param("0016175550123", id="00 in front"),
        pytest.param("+446175550123", id="another country"),
        pytest.param("116175550123", id="two leading 1"),
        pytest.param("617555O123", id="letter O"),
        pytest.param("1-800-FLOWERS", id="letters"),
        pytest.param("6175550123x9", id="extension"),
        pytest.param("tel:+16175550123", id="tel URI"),
        pytest.param("6175550123,6175550124", id="two numbers"),
        pytest.param("6175550123\n", id="newline behind"),
        pytest.param("6175550123\0", id="NUL behind"),
        pytest.param("6175550123\n6175550124", id="two lines"),
        pytest.param("٦١٧٥٥٥٠١٢٣", id="arabic digits"),
        pytest.param("６１７５５５０１２３", id="full-width digits"),  # noqa: RUF001 # digits, but not ours
        pytest.param("617555012³", id="superscript digit"),
        pytest.param("617\u2013555\u20130123", id="en dashes"),
        pytest.param("6175550123" + " " * 31, id="41 characters"),
    ],
)
def test_anything_else_is_not_a_number(form: str) -> None:
    with pytest.raises(InvalidNumber) as caught:
        normalized(form)
    assert caught.value.message == f"{form[:40]!r} is not a phone number"
    assert caught.value.hint == "write 10 digits, or 11 with a leading 1: 16175550123"
    assert not is_number(form)


def test_a_huge_text_is_refused_in_few_words() -> None:
    with pytest.raises(InvalidNumber) as caught:
        normalized("6" * 1_000_000)
    assert len(caught.value.one_line()) < 200


@given(numbers, st.lists(st.sampled_from([" ", "-", ".", "(", ")", "/", "\t"]), max_size=8), st.randoms())
@examples(50)
def test_punctuation_changes_nothing_wherever_it_stands(number: str, marks: list[str], chance: Random) -> None:
    form = list(number)
    for mark in marks:
        form.insert(chance.randint(0, len(form)), mark)
    assert normalized("".join(form)) == number


@given(st.one_of(any_code_points, st.text("0123456789+-() ", max_size=45)))
@examples(50)
def test_any_text_is_11_digits_or_refused(text: str) -> None:
    if is_number(text):
        assert re.fullmatch(r"1[2-9][0-9]{2}[2-9][0-9]{6}", normalized(text), re.ASCII)
        assert normalized(normalized(text)) == normalized(text)
    else:
        with pytest.raises(InvalidNumber):
            normalized(text)


def test_a_number_for_people_is_grouped() -> None:
    assert pretty(NUMBER) == "+1 617 555 0123"


@given(numbers)
@examples(50)
def test_a_number_for_people_is_still_that_number(number: str) -> None:
    assert normalized(pretty(number)) == number
