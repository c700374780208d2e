"""Bodies as people read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plum_emulator.web.console.bodies import LINES, SHOWN, Body, editable, indented, shown_body, visible

FORM = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)
JSON = (("Content-Type", "application/json"),)
XML = (("Content-Type", "text/xml"),)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)

BODIES = {
    "nothing": (b"", FORM, Body(size=0, kind="form", lines=("",))),
    "a form": (
        b"to=1&body=a+%3Cb%3E%00",
        FORM,
        Body(size=22, kind="form", lines=("to=1&body=a+%3Cb%3E%00",), fields=(("to", "1"), ("body", "a <b>␀"))),
    ),
    "json": (
        b'{"a":[1.50,{}],"b":"x, y"}',
        JSON,
        Body(
            size=26, kind="JSON, indented", lines=("{", '  "a": [', "    1.50,", "    {}", "  ],", '  "b": "x, y"', "}")
        ),
    ),
    "json that is none": (b'{"a":', JSON, Body(size=5, kind="text", lines=('{"a":',))),
    "json nested too deep": (b"[" * 60_000, JSON, Body(size=60_000, kind="text", lines=("[" * 60_000,))),
    "xml": (b"<reply>\r\n <x/>\n</reply>\n", XML, Body(size=24, kind="XML", lines=("<reply>", " <x/>", "</reply>"))),
    "xml by its looks": (b"\n<a/>", (), Body(size=5, kind="XML", lines=("", "<a/>"))),
    "text": ("Grüße\x07".encode(), (), Body(size=8, kind="text", lines=("Grüße␇",))),
    "bytes": (b"\xff<", XML, Body(size=2, kind="not UTF-8, shown as Latin-1", lines=("ÿ<",))),
    "a long text": (b"a" * (SHOWN + 1), (), Body(size=SHOWN + 1, kind="text", lines=("a" * SHOWN,), whole=False)),
    "a character cut through": (
        b"a" + "é".encode() * SHOWN,
        (),
        Body(size=2 * SHOWN + 1, kind="text", lines=("a" + "é" * (SHOWN // 2 - 1),), whole=False),
    ),
    "many lines": (
        b"a\n" * (LINES + 1),
        (),
        Body(size=2 * LINES + 2, kind="text", lines=("a",) * LINES, whole=False),
    ),
}


@pytest.mark.parametrize(("body", "headers", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_is_shown_as_what_it_is(body: bytes, headers: tuple[tuple[str, str], ...], expected: Body) -> None:
    """Its type is believed, where the bytes agree; lines are counted as a reader of XML counts them."""
    assert shown_body(body, headers) == expected


@given(ANY_JSON, st.sampled_from([None, 1]))
def test_indented_json_is_the_same_json(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert json.loads(indented(text)) == value
    assert indented(text) == json.dumps(value, indent=2)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '["\\ud800"]', "[1e400]", "[1.10]"])
def test_nothing_is_written_another_way(text: str) -> None:
    """A name that comes twice, half a character, and numbers stay as they were written."""
    assert "".join(indented(text).split()) == "".join(text.split())


def test_of_wide_and_deep_json_no_more_is_made_than_is_shown() -> None:
    """64 KiB of it, indented as deep as they say, would be a hundred megabytes."""
    text = "[" * 900 + "1," * 30_000 + "1" + "]" * 900
    body = shown_body(text.encode(), ())
    assert (body.kind, len(body.lines), body.whole) == ("JSON, indented", LINES, False)
    assert sum(map(len, body.lines)) < 200_000
    assert len(indented(text, lines=LINES)) < 200_000


@given(st.binary(max_size=200), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_anything_can_be_shown(body: bytes, headers: list[tuple[str, str]]) -> None:
    shown = shown_body(body, tuple(headers))
    text = "\n".join([*shown.lines, *map("".join, shown.fields)])
    assert not [character for character in text if character < " " and character not in "\t\n\r"]
    assert visible(text) == text


@given(st.binary(max_size=200))
def test_what_can_be_edited_is_what_a_browser_brings_back(body: bytes) -> None:
    """A text field has no NUL, and LF alone at the ends of its lines."""
    text = editable(body)
    assert "\r" not in text
    assert "\0" not in text
    assert editable(text.encode()) == text
