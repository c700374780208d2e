"""What `queue` is asked for (clause 4)."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points
from plum_emulator.errors import Refusal
from plum_emulator.wire.requests import SendRequest, read_result_url, read_send

MINE = "12435678910"
SAMPLE = {
    "to": "19998881234",
    "from": "2435678910",
    "body": "Hello World",
    "result_url": "http://myserver.com/storesmsresults.php",
}
# One bad value a field, and Plum's words for it, in the order in which the fields are checked.
BROKEN = {
    "to": ("123", "Invalid 'to' phone number"),
    "from": ("16175550101", "Invalid 'from' phone number"),
    "body": ("", "Invalid 'body'"),
    "result_url": ("ftp://myserver.com", "Invalid 'result_url'"),
}


def can_text(number: str) -> bool:
    """An account with one SMS number."""
    return number == MINE


def refused(fields: dict[str, str]) -> tuple[str, str, int]:
    """The error of a request that is refused, with the reason for the developer, and the HTTP status."""
    with pytest.raises(Refusal) as caught:
        read_send(fields, can_text=can_text)
    return caught.value.message, caught.value.reason, caught.value.http_status


def test_plums_sample_is_read() -> None:
    assert read_send(SAMPLE, can_text=can_text) == SendRequest(
        to="19998881234",
        from_="2435678910",
        to_number="19998881234",
        from_number="12435678910",
        body="Hello World",
        result_url="http://myserver.com/storesmsresults.php",
    )


def test_numbers_are_kept_as_sent_beside_what_they_mean() -> None:
    """The answer echoes `to` and `from` as they came."""
    asked = read_send({**SAMPLE, "to": " +1 (999) 888-1234", "from": "243.567.8910 "}, can_text=can_text)
    assert (asked.to, asked.to_number) == (" +1 (999) 888-1234", "19998881234")
    assert (asked.from_, asked.from_number) == ("243.567.8910 ", "12435678910")


def test_a_result_url_is_optional_and_unknown_fields_are_nothing() -> None:
    asked = read_send({"to": SAMPLE["to"], "from": SAMPLE["from"], "body": "x", "unknown": "y"}, can_text=can_text)
    assert asked == SendRequest(
        to=SAMPLE["to"], from_=SAMPLE["from"], to_number="19998881234", from_number=MINE, body="x", result_url=""
    )


@pytest.mark.parametrize("body", [" ", "\n", "\0", "  Hello  ", "é€\U0001f600", "x" * 100_000])
def test_a_body_is_taken_as_it_is(body: str) -> None:
    assert read_send({**SAMPLE, "body": body}, can_text=can_text).body == body


ALL_WAYS = [names for size in range(1, 5) for names in combinations(BROKEN, size)]


@pytest.mark.parametrize("names", ALL_WAYS, ids=map("+".join, ALL_WAYS))
def test_the_first_bad_field_is_named(names: tuple[str, ...]) -> None:
    """Checked in the order to, from, body, result_url."""
    fields = {**SAMPLE, **{name: BROKEN[name][0] for name in names}}
    assert refused(fields)[::2] == (BROKEN[names[0]][1], 200)


@pytest.mark.parametrize("name", ["to", "from", "body"])
def test_a_missing_field_is_a_bad_field(name: str) -> None:
    fields = {key: value for key, value in SAMPLE.items() if key != name}
    assert refused(fields)[::2] == (BROKEN[name][1], 200)


def test_nothing_at_all_is_a_bad_to() -> None:
    hint = "write 10 digits, or 11 with a leading 1: 16175550123"
    assert refused({}) == ("Invalid 'to' phone number", f"to: '' is not a phone number; {hint}", 200)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("to", "٦١٧", "to: '٦١٧' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123"),
        ("from", "no", "from: 'no' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123"),
        ("from", "6175550199", "16175550199 is not one of the account's SMS numbers"),
        ("body", "", "the body is empty or missing"),
        ("result_url", "myserver.com", "an http:// or https:// URL with a host was expected"),
        ("result_url", "http://a b/", "the URL has a blank or a control character in it; write %20 for a blank"),
    ],
)
def test_the_developer_is_told_why(field: str, value: str, reason: str) -> None:
    assert refused({**SAMPLE, field: value}) == (BROKEN[field][1], reason, 200)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", ""),
        ("   ", ""),
        ("\r\n", ""),
        (" http://host/ \n", "http://host/"),
        ("http://host/Pfad/%7Eme/../x?b=2&a=1&empty=#part", "http://host/Pfad/%7Eme/../x?b=2&a=1&empty=#part"),
        ("HTTPS://Host:8443", "HTTPS://Host:8443"),
        ("http://host/é?€", "http://host/é?€"),
    ],
)
def test_a_result_url_is_kept_untouched_without_space_around(value: str, url: str) -> None:
    assert read_result_url(value) == url


_values = st.one_of(any_code_points, st.sampled_from([*SAMPLE.values()]))


@given(st.dictionaries(st.sampled_from([*SAMPLE, "other"]), _values))
@examples(80)
def test_any_fields_are_a_message_or_refused_in_plums_words(fields: dict[str, str]) -> None:
    asked = read_or_error(fields)
    if isinstance(asked, str):
        assert asked in {error for _, error in BROKEN.values()}
    else:
        assert (asked.from_number, asked.body) == (MINE, fields["body"])


def read_or_error(fields: dict[str, str]) -> SendRequest | str:
    """The message to queue, or the error."""
    try:
        return read_send(fields, can_text=can_text)
    except Refusal as refusal:
        return refusal.message
