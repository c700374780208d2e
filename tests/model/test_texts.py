"""Parts of a text, and the words that carriers act on (clauses 4 and 10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points
from plum_emulator.model.texts import (
    AUTOMATIC_TEXTS,
    OPTED_OUT_NOTIFICATION,
    Keyword,
    keyword,
    landline_notification,
    parts,
)

WORDS: dict[str, Keyword] = {
    "STOP": "stop",
    "CANCEL": "stop",
    "END": "stop",
    "QUIT": "stop",
    "STOPALL": "stop",
    "UNSUBSCRIBE": "stop",
    "START": "start",
    "YES": "start",
    "UNSTOP": "start",
    "HELP": "help",
    "INFO": "help",
}


@pytest.mark.parametrize("word", WORDS)
def test_a_keyword_is_known_in_any_case_with_space_around(word: str) -> None:
    """The whole message counts, without regard to case and surrounding space."""
    forms = (word, word.lower(), word.capitalize(), word.swapcase(), f"  {word}", f"{word}\r\n", f"\t{word.lower()} ")
    assert [keyword(form) for form in forms] == [WORDS[word]] * len(forms)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "STOP please",
        "please STOP",
        "STOP.",
        '"STOP"',
        "S TOP",
        "ST\nOP",
        "STOPP",
        "STOP STOP",
        "NO",
        "YES!",
        "HELPME",
        "UNSUBSCRIBED",
        "STOP\0",
        "\N{ZERO WIDTH SPACE}STOP",
    ],
)
def test_a_keyword_inside_something_else_is_an_ordinary_text(body: str) -> None:
    assert keyword(body) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("\N{LATIN SMALL LETTER LONG S}top", id="long s"),
        pytest.param("\N{LATIN SMALL LIGATURE ST}op", id="ligature"),
        pytest.param("qu\N{LATIN SMALL LETTER DOTLESS I}t", id="dotless i"),
        pytest.param("\N{LATIN SMALL LETTER DOTLESS I}nfo", id="dotless i in front"),
        pytest.param("ＳＴＯＰ", id="full-width"),  # noqa: RUF001 # letters, but not ours
    ],
)
def test_letters_that_only_become_a_keyword_by_case_folding_are_ordinary(body: str) -> None:
    assert keyword(body) is None


@given(any_code_points)
@examples(50)
def test_any_other_text_is_no_keyword(body: str) -> None:
    assert keyword(body) is None or body.strip().upper() in WORDS


def test_automatic_texts_are_plums_words() -> None:
    assert AUTOMATIC_TEXTS == {
        "stop": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe.",
        "start": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
        "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
        "help": "Reply STOP to unsubscribe. Msg&Data Rates May Apply",
    }


def test_notifications_are_plums_words() -> None:
    assert OPTED_OUT_NOTIFICATION == "Attempt to send to unsubscribed recipient"
    assert landline_notification("16175550123") == "To number: +16175550123, is not a mobile number"


@pytest.mark.parametrize(
    ("length", "lengths"),
    [
        (1, [1]),
        (159, [159]),
        (160, [160]),
        (161, [160, 1]),
        (320, [160, 160]),
        (321, [160, 160, 1]),
        (1600, [160] * 10),
    ],
)
def test_a_body_is_cut_after_each_160_characters(length: int, lengths: list[int]) -> None:
    """A body of more than 160 characters becomes several messages."""
    body = "".join(chr(ord("a") + place % 26) for place in range(length))
    assert list(map(len, parts(body))) == lengths
    assert "".join(parts(body)) == body


def test_characters_are_counted_not_bytes() -> None:
    assert parts("é" * 160) == ["é" * 160]
    assert parts("\U0001f600" * 161) == ["\U0001f600" * 160, "\U0001f600"]


def test_a_body_that_is_not_cut_is_handed_on_as_it_is() -> None:
    body = "Hello " * 20
    assert parts(body)[0] is body


@given(st.text(min_size=1, max_size=700))
@examples(50)
def test_parts_make_up_the_body_again(body: str) -> None:
    cut = parts(body)
    assert "".join(cut) == body
    assert all(len(part) == 160 for part in cut[:-1])
    assert 1 <= len(cut[-1]) <= 160
