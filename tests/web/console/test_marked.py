"""Texts with something marked in them."""

from __future__ import annotations

import codecs
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.messages import any_text, xml_text
from plum_emulator.errors import BadAnswer
from plum_emulator.web.console.bodies import LINES, SHOWN, visible
from plum_emulator.web.console.marked import Line, MarkedAnswer, Piece, Problem, excerpt, marked_answer, problem_in
from plum_emulator.wire.answers import read_answer, warm_up

VALID = "not valid against the SMS Reply Schema: "
FORMED = "not well-formed XML: "
REPLY = "expected <reply> without attributes, holding nothing but <sms_message> elements"


@pytest.fixture(scope="module", autouse=True)
def _schema_is_built() -> None:
    warm_up()


def marked(document: bytes) -> MarkedAnswer:
    """A bad answer, with what its reader has against it."""
    with pytest.raises(BadAnswer) as caught:
        read_answer(document)
    return marked_answer(document, caught.value.one_line())


def test_the_place_of_an_error_is_marked_with_its_words_and_what_was_expected() -> None:
    """The element that the schema does not know is marked where it begins."""
    assert marked(b"<reply>\n  <sms>Hi</sms>\n</reply>\n") == MarkedAnswer(
        lines=(
            Line(before="<reply>"),
            Line(before="  ", marked="<sms>", after="Hi</sms>"),
            Line(before="</reply>"),
        ),
        whole=True,
        problem=Problem(words=f"{VALID}Unexpected child with tag 'sms' at position 1", hint=REPLY, line=2, column=3),
    )


PLACES = {
    "an ampersand alone": (b"<reply>\n<sms_message>Tom & Jerry</sms_message></reply>", 2, "&"),
    "an entity that nobody knows": (b"<reply><sms_message>&nbsp;</sms_message></reply>", 1, "&nbsp;"),
    "another end": (b"<reply>\n</rply>", 2, "rply"),
    "no end": (b"<reply>\n<sms_message>hi</sms_message>\n", 3, ""),
    "a word": (b"Thank you", 1, "Thank"),
    "something behind": (b"<reply/>\n<reply/>", 2, "<reply/>"),
    "a line before": (b'\n<?xml version="1.0"?><reply/>', 2, '<?xml version="1.0"?>'),
    "a document type": (b"<!DOCTYPE reply>\n<reply/>", 1, "<!DOCTYPE reply>"),
    "a document type with entities": (
        b"<!DOCTYPE reply [<!ENTITY a 'b'>]><reply/>",
        1,
        "<!DOCTYPE reply [<!ENTITY a 'b'>",
    ),
    "an attribute": (b'<reply>\r\n<sms_message\n lang="en">hi</sms_message></reply>', 2, "<sms_message"),
    "lines ended by CR": (b"<reply>\r\r<x/></reply>", 3, "<x/>"),
    "behind a byte order mark": (codecs.BOM_UTF8 + b"<reply><x/></reply>", 1, "<x/>"),
    "in UTF-16": ("<reply><!--é😀--><x/></reply>".encode("utf-16"), 1, "<x/>"),
    "in Latin-1": ('<?xml version="1.0" encoding="ISO-8859-1"?><reply><é/></reply>'.encode("latin-1"), 1, "<é/>"),
    "no UTF-8": (b"<reply>\xff</reply>", 1, "\ufffd"),
    "a control character": (b"<reply>\x01</reply>", 1, "\u2401"),
}


@pytest.mark.parametrize(("document", "line", "culprit"), PLACES.values(), ids=PLACES)
def test_what_is_wrong_is_marked_wherever_it_is(document: bytes, line: int, culprit: str) -> None:
    answer = marked(document)
    assert answer.is_marked
    assert [(number, each.marked) for number, each in enumerate(answer.lines, 1) if each.marked is not None] == [
        (line, culprit)
    ]


@given(texts=st.lists(xml_text, max_size=4), ends=st.sampled_from(["", "\n", "\r\n", "\r", "\t "]))
def test_the_marked_place_is_the_wrong_element_whatever_stands_before_it(texts: list[str], ends: str) -> None:
    """Lines and columns are counted as XML counts them: by characters, and not by separators of other standards."""
    before = "".join(f"<sms_message>{escape(text)}</sms_message>{ends}" for text in texts)
    answer = marked(f"<reply>{before}<wrong/></reply>".encode())
    assert [line.marked for line in answer.lines if line.marked is not None] == ["<wrong/>"]


@given(document=st.binary(max_size=80) | any_text.map(str.encode), outcome=any_text | st.just("line 2, column 9: x"))
def test_any_answer_with_any_outcome_can_be_shown(document: bytes, outcome: str) -> None:
    for line in marked_answer(document, outcome).lines:
        for text in (line.before, line.marked or "", line.after):
            assert visible(text) == text


OUTCOMES = {
    "taken": ("ok", None),
    "a place": (
        f"line 12, column 3: {FORMED}mismatched tag; an answer is an XML document; at least <reply/>",
        Problem(
            words=f"{FORMED}mismatched tag", hint="an answer is an XML document; at least <reply/>", line=12, column=3
        ),
    ),
    "no place": (
        "the answer is empty; an answer is an XML document, at least <reply/>",
        Problem(words="the answer is empty", hint="an answer is an XML document, at least <reply/>"),
    ),
    "no answer that counts": (
        "the application's answer is not used: answered 500, a 2xx was expected",
        Problem(words="the application's answer is not used: answered 500, a 2xx was expected"),
    ),
    "lines enough for no document": ("line 9999999999, column 1: x", Problem(words="line 9999999999, column 1: x")),
}


@pytest.mark.parametrize(("outcome", "problem"), OUTCOMES.values(), ids=OUTCOMES)
def test_an_outcome_says_what_was_wrong_and_where(outcome: str, problem: Problem | None) -> None:
    assert problem_in(outcome) == problem


def test_an_answer_that_was_taken_has_no_mark() -> None:
    answer = marked_answer(b"<reply/>", "ok")
    assert answer == MarkedAnswer(lines=(Line(before="<reply/>"),), whole=True, problem=None)
    assert not answer.is_marked


def test_an_empty_answer_has_no_lines() -> None:
    assert marked(b"").lines == ()


@pytest.mark.parametrize(
    ("document", "lines"),
    [(b"<reply>" + b"x" * SHOWN, 1), (b"<reply>" + b"\n" * LINES + b"x", LINES)],
    ids=["bytes", "lines"],
)
def test_of_a_huge_answer_the_beginning_is_shown(document: bytes, lines: int) -> None:
    """What is wrong may be beyond that."""
    answer = marked(document)
    assert (len(answer.lines), answer.whole, answer.is_marked) == (lines, False, False)
    assert sum(len(line.before) for line in answer.lines) <= SHOWN


LONG = "lunch " + "x " * 200 + "dinner at eight " + "y " * 200
EXCERPTS = {
    "a beginning of a word": ("Lunch at noon", "lun", [("Lunch", True), (" at noon", False)]),
    "no middle of one": ("brunch", "unch", [("brunch", False)]),
    "another case and no accent": ("Zwei CAFÉS", "cafe", [("Zwei ", False), ("CAFÉS", True)]),
    "several words": (
        "a b a_b",
        "A b",
        [("a", True), (" ", False), ("b", True), (" ", False), ("a", True), ("_", False), ("b", True)],
    ),
    "signs alone": ("a & b", "&", [("a & b", False)]),
    "far behind": (
        LONG,
        "din",
        [("…", False), ("x " * 30, False), ("dinner", True), (" at eight " + "y " * 62, False), ("…", False)],
    ),
    "markup": ("<b>hi</b>", "hi", [("<b>", False), ("hi", True), ("</b>", False)]),
    "no body": ("", "hi", []),
}


@pytest.mark.parametrize(("body", "words", "pieces"), EXCERPTS.values(), ids=EXCERPTS)
def test_words_that_were_looked_for_are_marked(body: str, words: str, pieces: list[tuple[str, bool]]) -> None:
    assert excerpt(body, words) == [Piece(text, found) for text, found in pieces]


@given(body=any_text, words=any_text)
def test_an_excerpt_of_a_short_body_is_all_of_it(body: str, words: str) -> None:
    assert "".join(piece.text for piece in excerpt(body, words)) == visible(body)
