"""What is taken out of a text that came: a code, a link, or what a regular expression finds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.messages import any_text
from plum_emulator.errors import NotPossible
from plum_emulator.model.urls import url_problem
from plum_emulator.scenario.extracts import Extract, read_extract

HINT = '"code", "link", a regular expression, or an object of such: {"otp": "code"}'


def taken(what: object, text: str) -> object:
    """What is taken out; None when it is not there."""
    return read_extract(what, "extract").taken(text)[0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 123456.", "123456"),
        ("G-123456 is your Google verification code.", "123456"),
        ("Your WhatsApp code: 123-456\nDon't share it", "123456"),
        ("<#> 4821 is your code. FA+9qCX9VSu", "4821"),
        ("Your code is 12345678, it expires in 10 minutes", "12345678"),
        ("123456", "123456"),
        ("PIN:0042", "0042"),
        ("(123456)", "123456"),
        ("Use code #998877!", "998877"),
        ("OTP-773311", "773311"),
        ("Your code is 123456.\n\n@example.com #123456", "123456"),
        ("Call 1-800-555-0123 if it wasn't you. Code: 4821", "4821"),
        ("Call (617) 555-0123 if it wasn't you. Code: 4821", "4821"),
        ("From +16175550101: 4821", "4821"),
        ("On 11/22/2026 or 2026-11-22 or 22.11.2026 use 4821", "4821"),
        ("You pay $1234.56 or €2345: confirm with 4821", "4821"),
        ("Card 4111111111111111, code 4821", "4821"),
        ("Go to https://example.com/98765/verify and enter 4821", "4821"),
        ("Go to https://example.com/verify?code=4821", "4821"),
        ("【公司】您的验证码是123456,5分钟内有效", "123456"),
        ("【公司】验证码\uff1a123456\uff0c请勿泄露", "123456"),
        ("Ваш код — 123456", "123456"),
        ("Your code \U0001f511 123456 \U0001f389", "123456"),
        ("Code\u00a0123456", "123456"),
        ("First 1111, then 2222", "1111"),
        ("Your code is 123", None),
        ("Your code is 123456789", None),
        ("Your code is 12345678-9", None),
        ("Your code is ABCDEF", None),
        ("١٢٣٤٥٦", None),
        ("", None),
    ],
)
def test_a_code_is_4_to_8_digits_that_stand_alone(text: str, code: str | None) -> None:
    """No piece of a phone number, a date, an amount or a longer number is one; one in a link is the last choice."""
    assert taken("code", text) == code


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("See https://example.com/a?b=c&d=%20#e", "https://example.com/a?b=c&d=%20#e"),
        ("See http://example.com.", "http://example.com"),
        ("HTTPS://EXAMPLE.COM/A!", "HTTPS://EXAMPLE.COM/A"),
        ("Is it https://x.co/1?", "https://x.co/1"),
        ("(see https://x.co/1)", "https://x.co/1"),
        ("(see https://x.co/1).", "https://x.co/1"),
        ("https://en.example.org/wiki/A_(b)", "https://en.example.org/wiki/A_(b)"),
        ("(https://en.example.org/wiki/A_(b)),", "https://en.example.org/wiki/A_(b)"),
        ("[https://x.co/1]", "https://x.co/1"),
        ('<a href="https://x.co/1">', "https://x.co/1"),
        ("'https://x.co/1'", "https://x.co/1"),
        ("“https://x.co/1”", "https://x.co/1"),
        ("https://x.co/1…", "https://x.co/1"),
        ("https://x.co/reset/aB3_-dQ_", "https://x.co/reset/aB3_-dQ_"),
        ("点击https://t.example/AbC。谢谢", "https://t.example/AbC"),
        ("详情\uff1ahttps://t.example/AbC\uff0c请勿泄露", "https://t.example/AbC"),
        ("https://bücher.example/ü\U0001f600 now", "https://bücher.example/ü\U0001f600"),
        ("http://localhost:8000/confirm?token=1,", "http://localhost:8000/confirm?token=1"),
        ("https://a.example\nhttps://b.example", "https://a.example"),
        ("http:// and https://... or http://host:0/ but https://b.example", "https://b.example"),
        ("https://host/" + "a" * 2100 + " https://b.example", "https://b.example"),
        ("https://b.example" + ")" * 100_000, "https://b.example"),
        ("www.example.com", None),
        ("ftp://example.com", None),
        ("https://", None),
        ("", None),
    ],
)
def test_a_link_is_the_first_http_url_without_the_end_of_its_sentence(text: str, link: str | None) -> None:
    assert taken("link", text) == link


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        (r"[A-Z]{6}", "Use QWERTY now", "QWERTY"),
        (r"ref ([a-z]+)-([0-9]+)", "ref ab-12", "ab"),
        (r"ref (?<name>[a-z]+)-(?P<n>[0-9]+)", "ref ab-12", {"name": "ab", "n": "12"}),
        (r"(?<a>x)|(?<b>y)", "y", {"a": None, "b": "y"}),
        (r"\p{Lu}\p{Ll}+", "früh Österreich", "Österreich"),
        (r"(code)", "the code", "code"),
        (r"Code", "Code", "Code"),
        (r"[A-Z]{6}", "Use qwerty now", None),
        (r"a(b)?", "a", None),
        (r"(?<a>b)?a", "a", None),
    ],
)
def test_any_other_string_is_a_regular_expression(expression: str, text: str, expected: object) -> None:
    """Named groups become an object, else the first group counts, else the whole match."""
    assert taken(expression, text) == expected


def test_an_object_takes_several_parts_out() -> None:
    text = "Hi Ann, use 4821 at https://x.co/1."
    wanted = {"otp": "code", "url": "link", "name": "Hi (\\w+)"}
    assert taken(wanted, text) == {"otp": "4821", "url": "https://x.co/1", "name": "Ann"}


def test_with_one_part_missing_nothing_is_taken() -> None:
    extract = read_extract({"otp": "code", "url": "link", "x": "z+"}, "extract")
    assert extract.taken("use 4821") == (None, ("url", "x"))
    assert [extract.wanted(name) for name in ("otp", "url", "x")] == ["code of 4 to 8 digits", "link", "match of 'z+'"]
    assert extract.in_words() == "a code of 4 to 8 digits and a link and a match of 'z+'"


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (5, "extract is 5, but something to take out was expected", HINT),
        (True, "extract is true, but something to take out was expected", HINT),
        ("", "extract is '', but something to take out was expected", HINT),
        (["code"], "extract is ['code'], but something to take out was expected", HINT),
        ({}, "extract says nothing", HINT),
        ({"": "code"}, "extract has a name that cannot be one", "a name is at least one whole character"),
        ({"\ud800": "code"}, "extract has a name that cannot be one", "a name is at least one whole character"),
        ({"a": {"b": "code"}}, "extract: 'a' is {'b': 'code'}, but something to take out was expected", HINT),
        ("a\ud800", "extract: half a surrogate pair is in it", "send whole characters"),
        ("(", "extract: '(' is not a regular expression: missing ) at position 1", ""),
        ({"a": "("}, "extract: 'a': '(' is not a regular expression: missing ) at position 1", ""),
        ("a" * 1001, "extract: a regular expression has at most 1000 characters", "write a shorter one"),
    ],
    ids=str,
)
def test_what_cannot_be_taken_out_is_refused(value: object, message: str, hint: str) -> None:
    with pytest.raises(NotPossible) as refused:
        read_extract(value, "extract")
    assert (refused.value.message, refused.value.hint) == (message, hint)


@pytest.mark.slow
def test_a_costly_expression_is_refused_within_a_second() -> None:
    extract = read_extract(r"(a|aa)+$", "extract")
    begun = time.process_time()
    with pytest.raises(NotPossible) as refused:
        extract.taken("a" * 100 + "b")
    assert refused.value.message == "the regular expression '(a|aa)+$' takes longer than 0.5 s"
    assert time.process_time() - begun < 1


@given(any_text, st.from_regex(r"[0-9]{4,8}", fullmatch=True), any_text)
def test_a_code_in_a_line_of_its_own_is_found_when_it_is_the_first_number(before: str, code: str, after: str) -> None:
    calm = "".join(character for character in before if not character.isascii() or character.isspace())
    assert taken("code", f"{calm}\n{code}\n{after}") == code


@given(any_text | st.text("htps:/.x()[]0123- ", max_size=60))
def test_what_is_taken_out_is_a_code_or_a_link_whatever_the_text(text: str) -> None:
    code, link = taken("code", text), taken("link", text)
    assert code is None or (isinstance(code, str) and code.isdecimal() and 4 <= len(code) <= 8)
    assert link is None or (isinstance(link, str) and link in text and url_problem(link) is None)


@given(st.dictionaries(st.text("abc", min_size=1), st.sampled_from(["code", "link", "[a-z]+"]), min_size=1), any_text)
def test_an_object_has_what_each_part_has_alone(wanted: dict[str, str], text: str) -> None:
    alone = {name: taken(what, text) for name, what in wanted.items()}
    missing = tuple(name for name, value in alone.items() if value is None)
    extract = read_extract(wanted, "extract")
    assert extract == Extract(parts=tuple(wanted.items()))
    assert extract.taken(text) == ((None, missing) if missing else (alone, ()))
