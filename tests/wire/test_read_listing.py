"""What `messages`, `status` and `conversation` are asked for (clauses 8 and 9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points
from plum_emulator.errors import Refusal
from plum_emulator.model.listings import Conversation, Listing
from plum_emulator.wire.requests import read_conversation, read_listing, read_message_id

MINE, OTHER_MINE, HANDSET, STRANGER = "16175550100", "16175550101", "12125550123", "12125550124"
EVERYTHING = Listing()
Asked = TypeVar("Asked", Listing, Conversation)
ALIASES = {
    "offset": ("offset", "skip"),
    "limit": ("limit",),
    "sort": ("sort", "order", "sort_order"),
    "start_timestamp": ("start_timestamp", "start"),
    "end_timestamp": ("end_timestamp", "end"),
    "type": ("type", "message_type"),
    "phone_number": ("phone_number", "number"),
    "phone_number_type": ("phone_number_type", "phone_type", "number_type"),
}


def refused(fields: dict[str, str]) -> str:
    """The error of a listing that is refused."""
    with pytest.raises(Refusal) as caught:
        read_listing(fields)
    assert caught.value.http_status == 200
    return caught.value.message


def read_or_error(read: Callable[[dict[str, str]], Asked], fields: dict[str, str]) -> Asked | str:
    """What was asked, or the error."""
    try:
        return read(fields)
    except Refusal as refusal:
        return refusal.message


def owns(number: str) -> bool:
    """An account with two SMS numbers."""
    return number in (MINE, OTHER_MINE)


def test_nothing_asked_is_the_newest_thousand() -> None:
    """The default is no offset, a limit of 1000, newest first, all types."""
    assert read_listing({}) == Listing(
        offset=0, limit=1000, newest_first=True, start=None, end=None, type="all", number=None, side="either"
    )


@pytest.mark.parametrize("blank", ["", " ", "\t\r\n"])
def test_a_blank_value_is_no_value(blank: str) -> None:
    assert read_listing(dict.fromkeys([name for names in ALIASES.values() for name in names], blank)) == EVERYTHING


def test_unknown_names_are_nothing() -> None:
    assert read_listing({"page": "2", "Limit": "60", "l": "70"}) == EVERYTHING


@pytest.mark.parametrize(
    ("fields", "listing"),
    [
        ({"offset": "0"}, EVERYTHING),
        ({"offset": " 7 "}, Listing(offset=7)),
        ({"offset": "+7"}, Listing(offset=7)),
        ({"offset": "007"}, Listing(offset=7)),
        ({"offset": "-0"}, EVERYTHING),
        ({"offset": "9" * 30}, Listing(offset=10**15)),
        ({"limit": "50"}, Listing(limit=50)),
        ({"limit": "123"}, Listing(limit=123)),
        ({"limit": "1000"}, Listing(limit=1000)),
        ({"limit": "49"}, Listing(limit=50)),
        ({"limit": "1"}, Listing(limit=50)),
        ({"limit": "0"}, Listing(limit=50)),
        ({"limit": "-5"}, Listing(limit=50)),
        ({"limit": "1001"}, Listing(limit=1000)),
        ({"limit": "9" * 30}, Listing(limit=1000)),
        ({"limit": "-" + "9" * 30}, Listing(limit=50)),
        ({"sort": "asc"}, Listing(newest_first=False)),
        ({"sort": "desc"}, EVERYTHING),
        ({"sort": "ASC"}, Listing(newest_first=False)),
        ({"start_timestamp": "1700000000"}, Listing(start=1_700_000_000_000)),
        ({"end_timestamp": "1700000000"}, Listing(end=1_700_000_000_000)),
        ({"start_timestamp": "5", "end_timestamp": "6"}, Listing(start=5000, end=6000)),
        ({"start_timestamp": "0"}, Listing(start=0)),
        ({"start_timestamp": "-1"}, Listing(start=-1000)),
        ({"start_timestamp": "0", "end_timestamp": "9" * 30}, Listing(start=0, end=10**18)),
        ({"start_timestamp": "9" * 29, "end_timestamp": "9" * 30}, Listing(start=10**18, end=10**18)),
        ({"start_timestamp": "-" + "9" * 30}, Listing(start=-(10**18))),
        ({"type": "all"}, EVERYTHING),
        ({"type": "inbound"}, Listing(type="inbound")),
        ({"type": "outbound"}, Listing(type="outbound")),
        ({"type": "Outbound "}, Listing(type="outbound")),
        ({"phone_number": "(617) 555-0100"}, Listing(number=MINE)),
        ({"phone_number": HANDSET, "type": "all"}, Listing(number=HANDSET)),
        ({"phone_number": HANDSET, "phone_number_type": "customer"}, Listing(number=HANDSET)),
        ({"phone_number": HANDSET, "phone_number_type": "nonsense"}, Listing(number=HANDSET)),
        ({"type": "inbound", "phone_number_type": "nonsense"}, Listing(type="inbound")),
        (
            {"type": "inbound", "phone_number": HANDSET, "phone_number_type": "customer"},
            Listing(type="inbound", number=HANDSET, side="customer"),
        ),
        (
            {"type": "outbound", "phone_number": "6175550100", "phone_number_type": "Account"},
            Listing(type="outbound", number=MINE, side="account"),
        ),
    ],
    ids=str,
)
def test_a_listing_is_read(fields: dict[str, str], listing: Listing) -> None:
    """A limit outside 50 to 1000 is brought inside; with all types, a number matches either side."""
    assert read_listing(fields) == listing


@pytest.mark.parametrize("name", ["offset", "limit", "start_timestamp", "end_timestamp"])
@pytest.mark.parametrize(
    "value",
    ["x", "1.0", "1e3", "0x10", "1,000", "1 000", "1_000", "--1", "+", "-", "²", "٣", "3\0", "null", "2026-01-31"],
)
def test_what_is_no_integer_is_named(name: str, value: str) -> None:
    assert refused({name: value}) == f"Invalid '{name}'"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"offset": "-1"}, "Invalid 'offset'"),
        ({"offset": "-" + "9" * 30}, "Invalid 'offset'"),
        ({"limit": "9" * 5000}, "Invalid 'limit'"),
        ({"sort": "newest"}, "Invalid 'sort'"),
        ({"sort": "ascending"}, "Invalid 'sort'"),
        ({"start_timestamp": "6", "end_timestamp": "5"}, "Invalid 'end_timestamp'"),
        ({"start_timestamp": "5", "end_timestamp": "5"}, "Invalid 'end_timestamp'"),
        ({"start_timestamp": "9" * 30, "end_timestamp": "9" * 29}, "Invalid 'end_timestamp'"),
        ({"type": "reply"}, "Invalid 'type'"),
        ({"type": "in"}, "Invalid 'type'"),
        ({"phone_number": "123"}, "Invalid 'phone_number'"),
        ({"type": "inbound", "phone_number": HANDSET}, "Invalid 'phone_number_type'"),
        ({"type": "outbound", "phone_number": HANDSET}, "Invalid 'phone_number_type'"),
        ({"type": "inbound", "phone_number": HANDSET, "phone_number_type": " "}, "Invalid 'phone_number_type'"),
        ({"type": "inbound", "phone_number": HANDSET, "phone_number_type": "both"}, "Invalid 'phone_number_type'"),
        ({"type": "inbound", "phone_number": "1", "phone_number_type": "account"}, "Invalid 'phone_number'"),
    ],
    ids=str,
)
def test_what_cannot_be_listed_is_named(fields: dict[str, str], error: str) -> None:
    """`phone_number_type` is required when the type is inbound or outbound and a number is given."""
    assert refused(fields) == error


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"offset": "-1"}, "an offset counts from 0"),
        ({"limit": "many"}, "'many'; a whole number was expected"),
        ({"limit": "9" * 5000}, f"'{'9' * 40}'; a whole number was expected"),
        ({"sort": "Newest"}, "'newest'; one of asc, desc was expected"),
        ({"start": "5", "end": "5"}, "the end is not after the start"),
        ({"type": "reply"}, "'reply'; one of inbound, outbound, all was expected"),
        ({"type": "inbound", "number": HANDSET}, "'nothing'; one of account, customer was expected"),
        (
            {"number": "123"},
            "phone_number: '123' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123",
        ),
    ],
    ids=str,
)
def test_the_developer_is_told_why(fields: dict[str, str], reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_listing(fields)
    assert caught.value.reason == reason


VALUES = {
    "offset": ("7", Listing(offset=7)),
    "limit": ("60", Listing(limit=60)),
    "sort": ("asc", Listing(newest_first=False)),
    "start_timestamp": ("5", Listing(start=5000)),
    "end_timestamp": ("6", Listing(end=6000)),
    "type": ("inbound", Listing(type="inbound")),
    "phone_number": (HANDSET, Listing(number=HANDSET)),
}


@pytest.mark.parametrize(("name", "alias"), [(name, alias) for name in VALUES for alias in ALIASES[name]])
def test_every_alias_means_the_same(name: str, alias: str) -> None:
    value, listing = VALUES[name]
    assert read_listing({alias: value}) == listing
    assert read_listing({**dict.fromkeys(ALIASES[name], " "), alias: value}) == listing


@pytest.mark.parametrize("alias", ALIASES["phone_number_type"])
def test_every_alias_of_the_side_means_the_same(alias: str) -> None:
    fields = {"type": "inbound", "number": HANDSET, alias: "customer"}
    assert read_listing(fields) == Listing(type="inbound", number=HANDSET, side="customer")


@pytest.mark.parametrize(("name", "alias"), [(name, alias) for name in VALUES for alias in ALIASES[name]])
def test_an_error_names_the_field_whatever_alias_came(name: str, alias: str) -> None:
    assert refused({alias: "?"}) == f"Invalid '{name}'"


@pytest.mark.parametrize("name", VALUES)
def test_the_name_counts_before_its_aliases(name: str) -> None:
    value, listing = VALUES[name]
    assert read_listing({**dict.fromkeys(ALIASES[name], "?"), name: value}) == listing


_names = st.sampled_from([alias for aliases in ALIASES.values() for alias in aliases])
_values = st.one_of(
    any_code_points,
    st.integers().map(str),
    st.sampled_from(["asc", "desc", "inbound", "outbound", "all", "account", "customer", HANDSET, "5", "60"]),
)


@given(st.dictionaries(_names, _values))
@examples(100)
def test_any_query_is_a_page_within_bounds_or_names_a_field(fields: dict[str, str]) -> None:
    listing = read_or_error(read_listing, fields)
    if isinstance(listing, str):
        assert listing in {f"Invalid '{name}'" for name in ALIASES}
        return
    assert 50 <= listing.limit <= 1000
    assert 0 <= listing.offset < 2**63
    assert all(-(2**63) <= instant < 2**63 for instant in (listing.start, listing.end) if instant is not None)
    assert listing.number is None or re.fullmatch("1[0-9]{10}", listing.number)


def conversation(fields: dict[str, str]) -> Conversation:
    """A conversation of the account that owns MINE and OTHER_MINE."""
    return read_conversation(fields, owns=owns)


OLDEST_FIRST = Listing(newest_first=False)


@pytest.mark.parametrize(
    ("first", "second"),
    [("account_number", "customer_number"), ("phone_number_1", "phone_number_2"), ("from", "to")],
)
def test_the_two_numbers_come_in_either_order_under_any_alias(first: str, second: str) -> None:
    asked = Conversation(account_number=MINE, customer_number=HANDSET, page=OLDEST_FIRST)
    assert conversation({first: MINE, second: HANDSET}) == asked
    assert conversation({first: "(212) 555-0123", second: "+1 617 555 0100"}) == asked


def test_between_two_own_numbers_the_first_is_the_accounts() -> None:
    fields = {"account_number": OTHER_MINE, "customer_number": MINE}
    assert conversation(fields) == Conversation(account_number=OTHER_MINE, customer_number=MINE, page=OLDEST_FIRST)


def test_names_of_different_pairs_can_be_mixed() -> None:
    fields = {"phone_number_1": MINE, "to": HANDSET}
    assert conversation(fields) == Conversation(account_number=MINE, customer_number=HANDSET, page=OLDEST_FIRST)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"account_number": ""}, "Invalid 'account_number'"),
        ({"customer_number": " "}, "Invalid 'customer_number'"),
        ({"account_number": "123"}, "Invalid 'account_number'"),
        ({"customer_number": "123"}, "Invalid 'customer_number'"),
        ({"account_number": "", "customer_number": ""}, "Invalid 'account_number'"),
        ({"account_number": STRANGER}, "Invalid 'account_number'"),
        ({"offset": "x"}, "Invalid 'offset'"),
        ({"offset": "-1"}, "Invalid 'offset'"),
        ({"limit": "x"}, "Invalid 'limit'"),
        ({"sort": "x"}, "Invalid 'sort'"),
        ({"start": "x"}, "Invalid 'start_timestamp'"),
        ({"start": "5", "end": "5"}, "Invalid 'end_timestamp'"),
    ],
    ids=str,
)
def test_a_conversation_that_cannot_be_is_named(changes: dict[str, str], error: str) -> None:
    with pytest.raises(Refusal) as caught:
        conversation({"account_number": MINE, "customer_number": HANDSET, **changes})
    assert (caught.value.message, caught.value.http_status) == (error, 200)


@pytest.mark.parametrize(
    ("fields", "page"),
    [
        ({}, {}),
        ({"sort": ""}, {}),
        ({"sort": "desc"}, {"newest_first": True}),
        ({"order": "asc"}, {}),
        ({"skip": "3", "limit": "10"}, {"offset": 3, "limit": 50}),
        ({"start": "5", "end": "6"}, {"start": 5000, "end": 6000}),
        ({"type": "inbound", "phone_number": STRANGER}, {}),
    ],
    ids=str,
)
def test_a_conversation_is_paged_like_a_listing_but_oldest_first(fields: dict[str, str], page: dict[str, Any]) -> None:
    asked = conversation({"account_number": MINE, "customer_number": HANDSET, **fields})
    assert asked.page == Listing(**{"newest_first": False, **page})


@given(st.dictionaries(st.sampled_from(["account_number", "phone_number_2", "from", "to", "sort", "limit"]), _values))
@examples(60)
def test_any_query_is_a_conversation_or_names_a_field(fields: dict[str, str]) -> None:
    asked = read_or_error(conversation, fields)
    assert re.fullmatch("Invalid '[a-z_]+'", asked) if isinstance(asked, str) else owns(asked.account_number)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"sms_message_id": "5f0c7f6f2f0a4f0b9d1c3c8b7a6e5d4c"}, "5f0c7f6f2f0a4f0b9d1c3c8b7a6e5d4c"),
        ({"sms_message_id": " 5F0C7F6F2F0A4F0B9D1C3C8B7A6E5D4C\n"}, "5f0c7f6f2f0a4f0b9d1c3c8b7a6e5d4c"),
        ({"sms_message_id": ""}, ""),
        ({}, ""),
        ({"id": "5f0c7f6f2f0a4f0b9d1c3c8b7a6e5d4c"}, ""),
    ],
    ids=str,
)
def test_an_id_is_read_in_either_case_with_space_around(fields: dict[str, str], asked: str) -> None:
    assert read_message_id(fields) == asked
