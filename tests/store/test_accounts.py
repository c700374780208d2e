"""Accounts and their numbers: planted from seeds, changed while running, and planted again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from plum_emulator.errors import AccountsFileError
from plum_emulator.model.accounts import Account, Number, Seed
from plum_emulator.store.store import Store

A, B, C, D = "16175550100", "16175550101", "16175550102", "16175550103"
FILE = "http://127.0.0.1/file"
RUNNING = "http://127.0.0.1/running"
NEWER = "http://127.0.0.1/newer"

FIRST = Seed(
    username="first",
    password="one",
    numbers=(Number(number=A, application_url=FILE), Number(number=B), Number(number=C, pci=True)),
)
SECOND = Seed(username="second", password="two", demo=True, opted_out="detailed", numbers=(Number(number=D),))


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def planted(store: Store, *seeds: Seed) -> dict[str, Account]:
    with store.transaction():
        store.accounts.plant(list(seeds))
    return loaded(store)


def loaded(store: Store) -> dict[str, Account]:
    with store.reading():
        return {account.username: account for account in store.accounts.load()}


def numbers(account: Account) -> list[Number]:
    return list(account.numbers.values())


def set_running(store: Store, number: str, url: str = RUNNING) -> None:
    with store.transaction():
        store.accounts.set_application(number, url)


def test_seeds_become_accounts_in_their_order(store: Store) -> None:
    accounts = planted(store, FIRST, SECOND)
    assert [(account.id, account.seed) for account in accounts.values()] == [(1, FIRST), (2, SECOND)]
    assert [numbers(account) for account in accounts.values()] == [list(FIRST.numbers), list(SECOND.numbers)]
    assert [(account.issued, account.exchanges) for account in accounts.values()] == [(0, 0)] * 2


def test_planting_the_same_again_changes_nothing(store: Store) -> None:
    planted(store, FIRST, SECOND)
    set_running(store, A)
    with store.transaction():
        store.accounts.reserve(1, 5)
    before = loaded(store)
    assert planted(store, FIRST, SECOND) == before
    assert before["first"].numbers[A].application_url == RUNNING


def test_accounts_that_are_in_the_file_no_more_stay(store: Store) -> None:
    """Their messages are theirs."""
    before = planted(store, FIRST, SECOND)
    assert planted(store, SECOND) == before


@pytest.mark.parametrize(
    ("change", "url"),
    [
        (replace(FIRST, password="other"), RUNNING),
        (replace(FIRST, numbers=FIRST.numbers[:1]), RUNNING),
        (replace(FIRST, numbers=(Number(number=A, application_url=NEWER),)), NEWER),
        (replace(FIRST, numbers=(Number(number=A),)), ""),
    ],
    ids=["other password", "fewer numbers", "newer URL", "no URL"],
)
def test_url_that_was_set_while_running_stays_unless_the_file_changed_it(store: Store, change: Seed, url: str) -> None:
    planted(store, FIRST)
    set_running(store, A)
    account = planted(store, change)["first"]
    assert (account.seed, account.numbers[A].application_url) == (change, url)
    assert list(account.numbers) == [number.number for number in change.numbers]


def test_number_that_the_file_makes_a_pci_number_is_one(store: Store) -> None:
    planted(store, FIRST)
    change = replace(FIRST, numbers=(Number(number=A, application_url=FILE), Number(number=B, pci=True)))
    account = planted(store, change)["first"]
    assert (account.can_text(A), account.can_text(B)) == (True, False)


def test_numbers_follow_the_order_of_the_file(store: Store) -> None:
    planted(store, FIRST)
    turned = replace(FIRST, numbers=tuple(reversed(FIRST.numbers)))
    assert numbers(planted(store, turned)["first"]) == list(turned.numbers)


@pytest.mark.parametrize("order", [1, -1], ids=["giver first", "taker first"])
def test_number_may_move_to_another_account(store: Store, order: int) -> None:
    planted(store, FIRST, SECOND)
    set_running(store, A)
    fewer = replace(FIRST, numbers=FIRST.numbers[1:])
    more = replace(SECOND, numbers=(*SECOND.numbers, FIRST.numbers[0]))
    accounts = planted(store, *(fewer, more)[::order])
    assert numbers(accounts["first"]) == list(fewer.numbers)
    assert numbers(accounts["second"]) == list(more.numbers)


def test_accounts_may_swap_their_numbers(store: Store) -> None:
    planted(store, FIRST, SECOND)
    first, second = replace(FIRST, numbers=SECOND.numbers), replace(SECOND, numbers=FIRST.numbers)
    accounts = planted(store, first, second)
    assert [numbers(account) for account in accounts.values()] == [list(SECOND.numbers), list(FIRST.numbers)]


def test_number_may_move_to_a_new_account(store: Store) -> None:
    planted(store, FIRST)
    new = Seed(username="new", password="three", numbers=FIRST.numbers[:1])
    accounts = planted(store, new, replace(FIRST, numbers=FIRST.numbers[1:]))
    assert [list(account.numbers) for account in accounts.values()] == [[B, C], [A]]


def test_number_of_an_account_that_stays_is_refused_to_others(store: Store) -> None:
    before = planted(store, FIRST)
    with pytest.raises(AccountsFileError) as refused, store.transaction():
        store.accounts.plant([replace(SECOND, numbers=FIRST.numbers[:1])])
    assert (refused.value.message, refused.value.hint) == (
        f"number {A} already belongs to account 'first' in the database",
        "choose another number, or another file with --database",
    )
    assert loaded(store) == before


def test_reset_gives_back_the_urls_of_the_file(store: Store) -> None:
    account = planted(store, FIRST, SECOND)["first"]
    set_running(store, A)
    set_running(store, B)
    with store.transaction():
        assert list(store.accounts.reset(account).values()) == list(FIRST.numbers)
    assert numbers(loaded(store)["first"]) == list(FIRST.numbers)
    assert numbers(loaded(store)["second"]) == list(SECOND.numbers)


def test_an_id_is_never_used_again_not_even_by_the_next_start(tmp_path: Path) -> None:
    """What a request left behind that was still under way when its account ended is nobody's for good."""
    store = Store(tmp_path / "plum.db")
    with store.transaction():
        first = store.accounts.insert(Account(id=0, seed=ended_soon("one"))).id
        last = store.accounts.insert(Account(id=0, seed=ended_soon("two"))).id
        store.accounts.delete(last)
    store.close()
    again = Store(tmp_path / "plum.db")
    with again.transaction():
        later = again.accounts.insert(Account(id=0, seed=ended_soon("three"))).id
    again.close()
    assert (first, last, later) == (1, 2, 3)


def ended_soon(username: str) -> Seed:
    """An account without numbers."""
    return Seed(username=username, password="x")
