"""What somebody expects to have come, and whether it did."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plum_emulator.errors import NotPossible
from plum_emulator.model.patterns import Pattern
from plum_emulator.scenario.expectations import FIELDS, Expectation, Item, Kind, Miss, in_words, judge, read_expectation
from plum_emulator.scenario.extracts import Extract

TO, OTHER, FROM = "16175550101", "16175550102", "12125550100"


def message(body: str = "Hello", **changes: str | int | None) -> Item:
    """An outbound message that was received, with these changes."""
    fields = {"to": TO, "from": FROM, "body": body, "type": "outbound", "status": "received"}
    return Item(fields={**fields, **changes}, shown=body)


def messages(**written: Any) -> Expectation:
    """An expectation about messages."""
    return read_expectation({name.rstrip("_"): value for name, value in written.items()}, "messages")


def callback(**changes: str | int | None) -> Item:
    """A callback that was taken, with these changes."""
    fields: dict[str, str | int | None] = {
        "sms_message_id": "a1",
        "status": "sent",
        "url": "http://host/",
        "to": TO,
        "from": FROM,
        "outcome": "ok",
        "http_status": 200,
        "attempt": 1,
    }
    return Item(fields={**fields, **changes}, shown=None)


def test_all_that_can_be_said_about_messages() -> None:
    written = {
        "to": "(617) 555-0101",
        "from": {"matches": "^1212"},
        "body": {"contains": "tomorrow"},
        "type": "outbound",
        "status": {"equals": "sent"},
        "at_least": 2,
        "at_most": 3,
        "since": "c12",
        "timeout": 1.5,
        "nothing_else": True,
        "extract": {"otp": "code"},
    }
    assert read_expectation(written, "messages") == Expectation(
        kind="messages",
        wanted=(
            ("to", Pattern(equals=TO)),
            ("from", Pattern(matches="^1212")),
            ("body", Pattern(contains="tomorrow")),
            ("type", Pattern(equals="outbound")),
            ("status", Pattern(equals="sent")),
        ),
        at_least=2,
        at_most=3,
        since="c12",
        timeout=1.5,
        nothing_else=True,
        extract=Extract(parts=(("otp", "code"),)),
    )


def test_all_that_can_be_said_about_callbacks() -> None:
    written = {
        "sms_message_id": "a1",
        "status": "failed",
        "url": {"contains": "host"},
        "to": TO,
        "from": FROM,
        "outcome": "ok",
        "http_status": [200, 204],
        "attempt": 2,
        "count": 1,
    }
    assert read_expectation(written, "callbacks") == Expectation(
        kind="callbacks",
        wanted=(
            ("sms_message_id", Pattern(equals="a1")),
            ("status", Pattern(equals="failed")),
            ("url", Pattern(contains="host")),
            ("to", Pattern(equals=TO)),
            ("from", Pattern(equals=FROM)),
            ("outcome", Pattern(equals="ok")),
            ("http_status", (200, 204)),
            ("attempt", (2,)),
        ),
        at_least=1,
        at_most=1,
    )


def test_all_that_can_be_said_about_inbound_posts() -> None:
    written = {
        "sms_message_id": "a1",
        "to": TO,
        "from": FROM,
        "body": "Hi",
        "url": "http://host/",
        "outcome": {"contains": "500"},
        "http_status": 500,
        "extract": "link",
    }
    assert read_expectation(written, "inbound") == Expectation(
        kind="inbound",
        wanted=(
            ("sms_message_id", Pattern(equals="a1")),
            ("to", Pattern(equals=TO)),
            ("from", Pattern(equals=FROM)),
            ("body", Pattern(equals="Hi")),
            ("url", Pattern(equals="http://host/")),
            ("outcome", Pattern(contains="500")),
            ("http_status", (500,)),
        ),
        extract=Extract(parts=(("", "link"),)),
    )


@pytest.mark.parametrize(
    ("written", "bounds"),
    [
        ({}, (1, None)),
        ({"count": None, "to": None, "extract": None}, (1, None)),
        ({"count": 0}, (0, 0)),
        ({"count": 3}, (3, 3)),
        ({"at_least": 0}, (0, None)),
        ({"at_least": 2}, (2, None)),
        ({"at_most": 2}, (0, 2)),
        ({"at_least": 2, "at_most": 2}, (2, 2)),
    ],
    ids=str,
)
def test_at_least_one_is_expected_when_nobody_says_how_many(
    written: dict[str, object], bounds: tuple[int, int | None]
) -> None:
    read = read_expectation(written, "messages")
    assert read == Expectation(kind="messages", at_least=bounds[0], at_most=bounds[1])
    assert read.absence is (bounds[0] == 0)


MESSAGES = "to, from, body, type, status, count, at_least, at_most, since, timeout, nothing_else, extract"
PATTERNS = 'for example "hello", {"contains": "tomorrow"} or {"matches": "[0-9]{6}"}'
HTTP = "but a whole number from 100 to 599, or a list of such, was expected"
ALONE = "count is exactly so many; give it alone"


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ([], "an object was expected, not []", f"there are: {MESSAGES}"),
        (None, "an object was expected, not null", f"there are: {MESSAGES}"),
        ({"cuont": 1}, "'cuont' is unknown", "did you mean 'count'?"),
        ({"http_status": 1}, "'http_status' is unknown", "did you mean 'status'?"),
        ({"body": 5}, "body is 5, but a string or an object was expected", PATTERNS),
        ({"body": {"contians": "a"}}, "body: 'contians' is unknown", "did you mean 'contains'?"),
        ({"body": {"matches": "("}}, "body: '(' is not a regular expression: missing ) at position 1", ""),
        (
            {"to": "abc"},
            "to: 'abc' is not a phone number",
            "write 10 digits, or 11 with a leading 1: 16175550123",
        ),
        ({"type": "outbond"}, "'type' is 'outbond', which is unknown", "did you mean 'outbound'?"),
        ({"type": {"equals": "in"}}, "'type' is 'in', which is unknown", "there are: inbound, outbound, reply"),
        ({"status": "receive"}, "'status' is 'receive', which is unknown", "did you mean 'received'?"),
        (
            {"count": -1},
            "'count' is -1, but a whole number from 0 to 1000000000 was expected",
            f"there are: {MESSAGES}",
        ),
        (
            {"at_least": True},
            "'at_least' is true, but a whole number from 0 to 1000000000 was expected",
            f"there are: {MESSAGES}",
        ),
        ({"count": 1, "at_least": 1}, "'count' does not go with 'at_least' or 'at_most'", ALONE),
        ({"count": 1, "at_most": 0}, "'count' does not go with 'at_least' or 'at_most'", ALONE),
        ({"at_least": 3, "at_most": 2}, "'at_least' is 3, but 'at_most' is 2", "the first is not the greater"),
        ({"since": 5}, "'since' is 5, but a string was expected", f"there are: {MESSAGES}"),
        ({"timeout": 601}, "'timeout' is 601, but a number from 0 to 600 was expected", f"there are: {MESSAGES}"),
        (
            {"timeout": float("nan")},
            "'timeout' is not a finite number, but a number from 0 to 600 was expected",
            f"there are: {MESSAGES}",
        ),
        ({"nothing_else": "yes"}, "'nothing_else' is 'yes', but true or false was expected", f"there are: {MESSAGES}"),
        (
            {"extract": {}},
            "extract says nothing",
            '"code", "link", a regular expression, or an object of such: {"otp": "code"}',
        ),
        (
            {"extract": "code", "count": 0},
            "'extract' needs something to come, but nothing has to",
            "expect at least one: at_least: 1",
        ),
        (
            {"extract": "code", "at_most": 2},
            "'extract' needs something to come, but nothing has to",
            "expect at least one: at_least: 1",
        ),
    ],
    ids=str,
)
def test_an_expectation_that_cannot_be_is_refused(written: object, message: str, hint: str) -> None:
    with pytest.raises(NotPossible) as refused:
        read_expectation(written, "messages")
    assert (refused.value.message, refused.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("kind", "written", "message", "hint"),
    [
        ("callbacks", {"extract": "code"}, "'extract' is unknown", None),
        ("callbacks", {"body": "x"}, "'body' is unknown", None),
        ("callbacks", {"status": "snet"}, "'status' is 'snet', which is unknown", "did you mean 'sent'?"),
        ("callbacks", {"attempt": 0}, "'attempt' is 0, but a whole number from 1 to 1000000000 was expected", None),
        ("callbacks", {"http_status": "200"}, f"'http_status' is '200', {HTTP}", "for example 500 or [500, 503]"),
        ("callbacks", {"http_status": []}, f"'http_status' is [], {HTTP}", "for example 500 or [500, 503]"),
        ("callbacks", {"http_status": 600}, f"'http_status' is 600, {HTTP}", "for example 500 or [500, 503]"),
        ("callbacks", {"http_status": True}, f"'http_status' is true, {HTTP}", "for example 500 or [500, 503]"),
        ("inbound", {"http_status": [200, 99]}, f"'http_status' is [200, 99], {HTTP}", "for example 500 or [500, 503]"),
        ("inbound", {"attempt": 1}, "'attempt' is unknown", None),
        ("inbound", {"type": "reply"}, "'type' is unknown", None),
    ],
    ids=str,
)
def test_each_kind_has_its_own_fields(kind: Kind, written: object, message: str, hint: str | None) -> None:
    with pytest.raises(NotPossible) as refused:
        read_expectation(written, kind)
    assert refused.value.message == message
    assert hint is None or refused.value.hint == hint


@pytest.mark.parametrize(
    ("written", "bodies", "holds", "decided", "why"),
    [
        ({}, [], False, False, "at least 1 message was expected, 0 came"),
        ({}, ["x"], True, True, "at least 1 message was expected, 1 came"),
        ({}, ["x", "x"], True, True, "at least 1 message was expected, 2 came"),
        ({"at_least": 2}, ["x"], False, False, "at least 2 messages were expected, 1 came"),
        ({"count": 1}, [], False, False, "1 message was expected, 0 came"),
        ({"count": 1}, ["x"], True, True, "1 message was expected, 1 came"),
        ({"count": 1}, ["x", "y", "x", "x"], False, True, "1 message was expected, 3 came"),
        ({"count": 2}, ["x"], False, False, "2 messages were expected, 1 came"),
        ({"count": 0}, [], True, False, "0 messages were expected, 0 came"),
        ({"count": 0}, ["y"], True, False, "0 messages were expected, 0 came"),
        ({"count": 0}, ["x"], False, True, "0 messages were expected, 1 came"),
        ({"at_most": 1}, ["x"], True, False, "at most 1 message was expected, 1 came"),
        ({"at_most": 1}, ["x", "x"], False, True, "at most 1 message was expected, 2 came"),
        ({"at_least": 1, "at_most": 2}, [], False, False, "1 to 2 messages were expected, 0 came"),
        ({"at_least": 1, "at_most": 2}, ["x"] * 3, False, True, "1 to 2 messages were expected, 3 came"),
        ({"nothing_else": True}, ["x"], True, True, "at least 1 message was expected, 1 came"),
        ({"nothing_else": True}, ["y"], False, True, "at least 1 message was expected, 0 came"),
        ({"nothing_else": True}, ["y", "x", "y"], False, True, "besides the 1 expected, 2 others came"),
        ({"nothing_else": True}, ["x", "y", "x"], False, True, "besides the 2 expected, 1 other came"),
        ({"count": 0, "nothing_else": True}, [], True, False, "0 messages were expected, 0 came"),
        ({"count": 0, "nothing_else": True}, ["y"], False, True, "no other message was expected, 1 came"),
    ],
    ids=str,
)
def test_so_many_are_expected_and_so_many_came(
    written: dict[str, object], bodies: list[str], holds: bool, decided: bool, why: str
) -> None:
    """It is decided when too much came, or when it holds and something was expected to come."""
    verdict = judge(messages(body="x", **written), [message(body) for body in bodies])
    assert (verdict.holds, verdict.decided, verdict.why) == (holds, decided, why)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("callbacks", "2 callbacks were expected, 0 came"),
        ("inbound", "2 inbound posts were expected, 0 came"),
    ],
)
def test_a_verdict_says_what_did_not_come(kind: Kind, why: str) -> None:
    assert judge(read_expectation({"count": 2}, kind), []).why == why


@pytest.mark.parametrize(
    ("written", "status", "decided"),
    [
        ({"status": "received", "nothing_else": True}, "sent", False),
        ({"status": "received", "nothing_else": True}, "failed", True),
        ({"status": "sent", "count": 0}, "sent", False),
        ({"status": "failed", "count": 0}, "failed", True),
        ({"body": "Hello", "count": 0}, "sent", True),
        ({"body": "x", "status": "received", "nothing_else": True}, "sent", True),
    ],
    ids=str,
)
def test_a_message_that_may_yet_change_decides_nothing(written: dict[str, Any], status: str, decided: bool) -> None:
    """What is sent now may be received soon: it is then no longer too much, or no longer something else."""
    verdict = judge(messages(**written), [message(status=status)])
    assert (verdict.holds, verdict.decided) == (False, decided)


def test_a_callback_that_was_made_does_not_change() -> None:
    expectation = read_expectation({"status": "sent", "count": 0}, "callbacks")
    assert judge(expectation, [callback()]).decided


@pytest.mark.parametrize(
    ("written", "changes", "holds"),
    [
        ({"http_status": [200, 204]}, {"http_status": 204}, True),
        ({"http_status": 500}, {"http_status": 204}, False),
        ({"http_status": 500}, {"http_status": None}, False),
        ({"attempt": 2}, {"attempt": 2}, True),
        ({"outcome": "ok"}, {}, True),
        ({"outcome": {"matches": "refused|timed out"}}, {"outcome": "timed out"}, True),
        ({"url": {"contains": ""}}, {"url": None}, False),
        ({"sms_message_id": "7"}, {"sms_message_id": 7}, True),
    ],
    ids=str,
)
def test_a_field_is_compared_as_what_it_is(
    written: dict[str, object], changes: dict[str, str | int | None], holds: bool
) -> None:
    assert judge(read_expectation(written, "callbacks"), [callback(**changes)]).holds is holds


def test_what_was_found_is_told_with_the_rest_and_what_was_taken_out_of_the_newest() -> None:
    first, other, last = message("code 1111"), message("code 9999", to=OTHER), message("code 2222")
    verdict = judge(messages(to=TO, extract="code"), [first, other, last])
    assert (verdict.found, verdict.others, verdict.extracted, verdict.misses) == ((first, last), (other,), "2222", ())


@pytest.mark.parametrize(
    ("written", "decided", "why", "fields"),
    [
        (
            {"extract": "code"},
            False,
            "at least 1 message was expected, 2 came, but in the newest, 'Hello', is no code of 4 to 8 digits",
            (("extract", "a code of 4 to 8 digits", "'Hello'"),),
        ),
        (
            {"extract": {"url": "link", "hi": "Hel", "x": "z+"}, "count": 2},
            True,
            "2 messages were expected, 2 came, but in the newest, 'Hello', is no link and no match of 'z+'",
            (("extract.url", "a link", "'Hello'"), ("extract.x", "a match of 'z+'", "'Hello'")),
        ),
    ],
    ids=["one", "several"],
)
def test_it_does_not_hold_when_nothing_can_be_taken_out_of_the_newest(
    written: dict[str, Any], decided: bool, why: str, fields: tuple[tuple[str, str, str], ...]
) -> None:
    items = [message("code 1111 https://x.co zz"), message("Hello")]
    verdict = judge(messages(**written), items)
    assert (verdict.holds, verdict.decided, verdict.why) == (False, decided, why)
    assert verdict.extracted is None
    assert verdict.misses == (Miss(item=items[1], fields=fields),)


def test_the_nearest_misses_come_first() -> None:
    """Fewest differing fields first, then the most alike texts, then the newest; three at most."""
    far = message("Bye", to=OTHER)
    near = message("See you tomorow")
    farther = message("See you tomorow", to=OTHER)
    strange = message("Zzz")
    twin = message("See you tomorow")
    expectation = messages(to=TO, body="See you tomorrow", type={"contains": "out"})
    assert judge(expectation, [far, near, farther, strange, twin]).misses == (
        Miss(item=twin, fields=(("body", "is 'See you tomorrow'", "'See you tomorow'"),)),
        Miss(item=near, fields=(("body", "is 'See you tomorrow'", "'See you tomorow'"),)),
        Miss(item=strange, fields=(("body", "is 'See you tomorrow'", "'Zzz'"),)),
    )
    assert judge(expectation, [far, farther, strange]).misses == (
        Miss(item=strange, fields=(("body", "is 'See you tomorrow'", "'Zzz'"),)),
        Miss(
            item=farther,
            fields=(("to", f"is '{TO}'", f"'{OTHER}'"), ("body", "is 'See you tomorrow'", "'See you tomorow'")),
        ),
        Miss(item=far, fields=(("to", f"is '{TO}'", f"'{OTHER}'"), ("body", "is 'See you tomorrow'", "'Bye'"))),
    )


def test_a_miss_tells_numbers_and_what_is_not_there() -> None:
    expectation = read_expectation({"http_status": [500, 503], "outcome": {"matches": "^a"}, "attempt": 2}, "callbacks")
    item = callback(http_status=None)
    assert judge(expectation, [item]).misses == (
        Miss(
            item=item,
            fields=(
                ("outcome", "matches '^a'", "'ok'"),
                ("http_status", "is 500 or 503", "nothing"),
                ("attempt", "is 2", "1"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("kind", "written", "words"),
    [
        ("messages", {}, "a message"),
        (
            "messages",
            {"to": TO, "body": {"contains": "tomorrow"}},
            "a message to 16175550101 whose body contains 'tomorrow'",
        ),
        (
            "messages",
            {"from": {"matches": "^1617"}, "count": 2},
            "exactly 2 messages from a number that matches '^1617'",
        ),
        ("messages", {"count": 1}, "exactly 1 message"),
        ("messages", {"count": 0}, "no message"),
        ("messages", {"at_most": 0, "to": TO}, "no message to 16175550101"),
        ("messages", {"at_least": 2, "type": "reply"}, "at least 2 messages whose type is 'reply'"),
        ("messages", {"at_most": 1}, "at most 1 message"),
        ("messages", {"at_least": 1, "at_most": 3}, "1 to 3 messages"),
        (
            "messages",
            {"body": {"contains": "a", "matches": "b"}, "status": "sent", "extract": "code", "nothing_else": True},
            (
                "a message whose body contains 'a' and matches 'b' and status is 'sent', "
                "with a code of 4 to 8 digits in it, and nothing else"
            ),
        ),
        (
            "callbacks",
            {"http_status": [500, 503], "attempt": 2},
            "a callback whose http_status is 500 or 503 and attempt is 2",
        ),
        ("inbound", {"outcome": "ok"}, "an inbound post whose outcome is 'ok'"),
    ],
    ids=str,
)
def test_an_expectation_can_be_told_to_people(kind: Kind, written: object, words: str) -> None:
    assert in_words(read_expectation(written, kind)) == words


def test_ten_thousand_items_are_judged_at_once() -> None:
    """Only the last 200 that do not match are compared for nearness."""
    old = message("See you tomorrow!")
    items = [old, *(message(f"Your order {n} is on its way " + f"{n:x}" * 20, to=OTHER) for n in range(10_000))]
    expectation = messages(from_=FROM, body="See you tomorrow", to={"matches": "2$"})
    begun = time.process_time()
    verdict = judge(expectation, items)
    assert time.process_time() - begun < 2
    assert len(verdict.others) == 10_001
    assert len(verdict.misses) == 3
    assert all(miss.item in items[-200:] for miss in verdict.misses)


@pytest.mark.parametrize("written", [{"body": {"matches": "(a|aa)+$"}}, {"extract": "(a|aa)+$"}], ids=str)
@pytest.mark.slow
def test_a_costly_expression_is_refused_within_a_second(written: dict[str, Any]) -> None:
    begun = time.process_time()
    with pytest.raises(NotPossible) as refused:
        judge(messages(**written), [message("a" * 100 + "b")] * 100)
    assert refused.value.message == "the regular expression '(a|aa)+$' takes longer than 0.5 s"
    assert time.process_time() - begun < 1


texts = st.text("ab", max_size=3)
numbers = st.sampled_from([200, 404, 500])
items = st.builds(
    callback,
    sms_message_id=texts,
    url=texts | st.none(),
    outcome=texts,
    http_status=numbers | st.none(),
    attempt=st.integers(1, 3),
)
written_fields = st.fixed_dictionaries(
    {},
    optional={
        "sms_message_id": texts,
        "url": st.builds(dict, contains=texts),
        "outcome": st.builds(dict, matches=st.sampled_from(["a", "^b", "ab?$"])),
        "http_status": numbers | st.lists(numbers, min_size=1),
        "attempt": st.integers(1, 3),
    },
)
counts: st.SearchStrategy[dict[str, int]] = st.one_of(
    st.builds(dict),
    st.builds(dict, count=st.integers(0, 4)),
    st.builds(dict, at_least=st.integers(0, 4)),
    st.builds(dict, at_least=st.integers(0, 2), at_most=st.integers(2, 4)),
)


def differing(expectation: Expectation, item: Item) -> list[str]:
    """The fields that are not as wanted, said a second time: the code is not asked."""
    wrong = []
    for name, wanted in expectation.wanted:
        seen = item.fields[name]
        if isinstance(wanted, Pattern):
            if not (isinstance(seen, str) and wanted.holds(seen)):
                wrong.append(name)
        elif seen not in wanted:
            wrong.append(name)
    return wrong


@given(items)
def test_an_item_is_found_by_all_its_own_fields(item: Item) -> None:
    written = {name: value for name, value in item.fields.items() if value is not None}
    verdict = judge(read_expectation(written, "callbacks"), [item])
    assert (verdict.holds, verdict.found, verdict.others) == (True, (item,), ())


@given(written_fields, counts, st.booleans(), st.lists(items, max_size=6))
def test_what_matches_is_found_counted_and_told_apart(
    written: dict[str, object], count: dict[str, int], alone: bool, came: list[Item]
) -> None:
    expectation = read_expectation({**written, **count, "nothing_else": alone}, "callbacks")
    verdict = judge(expectation, came)
    assert list(verdict.found) == [item for item in came if not differing(expectation, item)]
    assert list(verdict.others) == [item for item in came if differing(expectation, item)]
    low = count.get("count", count.get("at_least", 1))
    high = count.get("count", count.get("at_most", len(came)))
    assert verdict.holds is (low <= len(verdict.found) <= high and not (alone and verdict.others))


@given(written_fields, counts, st.booleans(), st.lists(items, max_size=6), st.lists(items, max_size=3))
def test_what_is_decided_and_does_not_hold_never_holds_again(
    written: dict[str, object], count: dict[str, int], alone: bool, came: list[Item], later: list[Item]
) -> None:
    expectation = read_expectation({**written, **count, "nothing_else": alone}, "callbacks")
    verdict = judge(expectation, came)
    if verdict.decided and not verdict.holds:
        assert not judge(expectation, [*came, *later]).holds


@given(written_fields, st.lists(items, min_size=1, max_size=6))
def test_misses_name_exactly_the_fields_that_differ_fewest_first(written: dict[str, object], came: list[Item]) -> None:
    expectation = read_expectation({**written, "at_least": 100}, "callbacks")
    verdict = judge(expectation, came)
    for miss in verdict.misses:
        assert [name for name, _, _ in miss.fields] == differing(expectation, miss.item)
    told = [len(miss.fields) for miss in verdict.misses]
    assert told == sorted(len(differing(expectation, item)) for item in verdict.others)[:3]


@given(written_fields, st.lists(items, max_size=6))
def test_a_verdict_that_holds_has_no_misses(written: dict[str, object], came: list[Item]) -> None:
    assert judge(read_expectation({**written, "at_least": 0}, "callbacks"), came).misses == ()


@pytest.mark.parametrize("kind", FIELDS)
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4), st.data()
)
def test_whatever_is_written_is_read_or_refused_in_words(kind: Kind, value: object, data: st.DataObject) -> None:
    names = (*FIELDS[kind], "count", "at_least", "at_most", "since", "timeout", "nothing_else", "extract", "x")
    name = data.draw(st.sampled_from(names))
    try:
        expectation = read_expectation({name: value}, kind)
    except NotPossible as refused:
        words = refused.message
    else:
        words = in_words(expectation)
        judge(expectation, [])
    assert words
