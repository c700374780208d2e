"""Message ids: 128 bits as 32 lower-case hex digits, the same again for the same seed (clause 3)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_text
from plum_emulator.ids import IdSource, any_seed


def first_ids(source: IdSource, account: str = "username", count: int = 3) -> list[str]:
    """The account's first ids."""
    return [source.message_id(account, n) for n in range(1, count + 1)]


@given(any_text, any_text, st.integers(0, 2**63))
@examples(60)
def test_an_id_is_32_lower_case_hex_digits(seed: str, account: str, count: int) -> None:
    assert re.fullmatch("[0-9a-f]{32}", IdSource(seed).message_id(account, count))


def test_the_same_seed_gives_the_same_ids_in_the_same_order() -> None:
    assert first_ids(IdSource("a seed")) == first_ids(IdSource("a seed"))


def test_ids_of_a_seed_stay_the_same_from_version_to_version() -> None:
    """People write these ids into their tests: they are part of what the emulator promises."""
    assert first_ids(IdSource("a seed"), count=1) == ["a2a1b8c8aa9cde4171b220ab5c5e5449"]


@pytest.mark.parametrize(("one", "other"), [("a seed", "another"), ("", " "), ("1", "01")])
def test_another_seed_gives_other_ids(one: str, other: str) -> None:
    assert not set(first_ids(IdSource(one))) & set(first_ids(IdSource(other)))


def test_an_accounts_ids_do_not_depend_on_its_neighbours() -> None:
    """The same operations give the same ids, whatever other accounts do in between."""
    source = IdSource("a seed")
    alone = first_ids(source, "first")
    mixed = [source.message_id(account, n) for n in range(1, 4) for account in ("second", "first")]
    assert mixed[1::2] == alone
    assert not set(mixed[::2]) & set(alone)


_accounts = st.one_of(any_text, st.text("u\x000123456789", max_size=4))


@given(st.sets(st.tuples(_accounts, st.integers(0, 300)), min_size=2))
@examples(60)
def test_no_two_messages_have_the_same_id(places: set[tuple[str, int]]) -> None:
    source = IdSource("a seed")
    assert len({source.message_id(account, count) for account, count in places}) == len(places)


def test_a_source_is_repeatable_unless_it_is_told_otherwise() -> None:
    assert IdSource("a seed").repeatable
    assert not IdSource(any_seed(), repeatable=False).repeatable


def test_a_seed_of_nobodys_choice_is_like_no_other() -> None:
    assert len({any_seed() for _ in range(100)}) == 100


def test_seed_of_its_own_gives_an_account_the_same_ids_whatever_its_name_and_the_emulators_seed() -> None:
    given = [
        [source.message_id(account, n, own_seed="mine") for n in (1, 2)]
        for source in (IdSource("a seed"), IdSource(any_seed(), repeatable=False))
        for account in ("username", "lease-7")
    ]
    assert given == [given[0]] * 4
    assert not set(given[0]) & set(first_ids(IdSource("a seed")))
    assert not set(given[0]) & set(first_ids(IdSource("mine")))


def test_what_else_follows_from_a_seed_is_the_same_again_and_no_id() -> None:
    source = IdSource("a seed")
    for own_seed in ("", "mine"):
        derived = source.derived("password", "username", own_seed=own_seed)
        assert re.fullmatch("[0-9a-f]{32}", derived)
        assert derived == IdSource("a seed").derived("password", "username", own_seed=own_seed)
        assert derived != source.derived("number 0", "username", own_seed=own_seed)
        assert derived not in [source.message_id("username", n, own_seed=own_seed) for n in range(100)]
    assert source.derived("password", "one") != source.derived("password", "other")
