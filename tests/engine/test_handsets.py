"""Handsets: the phones on the console's screen, and what is to be read on each."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.house import HANDSET, MINE, OTHER, PCI, House
from plum_emulator.engine.handsets import Handsets
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account, Number, Seed
from plum_emulator.model.handsets import Handset
from plum_emulator.model.texts import AUTOMATIC_TEXTS
from plum_emulator.scenario.wanted import read_account

FIRST = "16175550123"


@pytest.fixture
def account(house: House) -> Account:
    return house.accounts.named("")


@pytest.fixture
def handsets(house: House) -> Handsets:
    return house.emulator.handsets


def test_an_account_without_handsets_shows_one_that_texts_its_first_number(
    handsets: Handsets, account: Account
) -> None:
    assert handsets.of(account) == [Handset(number=FIRST, name="Handset 1", texts=MINE)]


def test_an_account_without_an_sms_number_shows_none() -> None:
    house = House(seeds=[Seed(username="pci", password="p", numbers=(Number(number=PCI, pci=True),))])
    assert house.emulator.handsets.of(house.accounts.named("")) == []
    with pytest.raises(NotPossible, match="no SMS number to text"):
        house.emulator.handsets.add(house.accounts.named(""), "")
    house.close()


def test_the_first_handset_has_a_number_that_is_nobodys() -> None:
    house = House(seeds=[Seed(username="u", password="p", numbers=(Number(number=FIRST),))])
    assert [each.number for each in house.emulator.handsets.of(house.accounts.named(""))] == ["16175550124"]
    house.close()


def test_adding_one_keeps_the_one_that_was_there(handsets: Handsets, account: Account) -> None:
    added = handsets.add(account, "(212) 555-0123", name="  Bob\n the  builder ", texts="+" + MINE)
    assert added == Handset(number=HANDSET, name="Bob the builder", texts=MINE)
    assert handsets.of(account) == [Handset(number=FIRST, name="Handset 1", texts=MINE), added]


def test_added_without_a_number_it_gets_a_free_one(handsets: Handsets, account: Account) -> None:
    assert [handsets.add(account, "").number for _ in range(2)] == ["16175550124", "16175550125"]


@pytest.mark.parametrize(
    ("number", "name", "texts", "words"),
    [
        (FIRST, "", "", "is on the screen already"),
        (MINE, "", "", "is a number of account 'username', and not a handset's"),
        (OTHER, "", "", "is a number of account 'second'"),
        ("12345", "", "", "'12345' is not a phone number"),
        ("\x00" * 1000, "", "", "is not a phone number"),
        ("", "x" * 41, "", "at most 40 characters"),
        ("", "", PCI, "is not an SMS number of account 'username'"),
        ("", "", HANDSET, "is not an SMS number of account 'username'"),
    ],
)
def test_what_cannot_be_added_is_refused(
    handsets: Handsets, account: Account, number: str, name: str, texts: str, words: str
) -> None:
    with pytest.raises(NotPossible, match=words):
        handsets.add(account, number, name=name, texts=texts)
    assert [each.number for each in handsets.of(account)] == [FIRST]


def test_there_are_at_most_twelve(handsets: Handsets, account: Account) -> None:
    for _ in range(11):
        handsets.add(account, "")
    with pytest.raises(NotPossible, match="there are 12 handsets already"):
        handsets.add(account, "")


def test_changing_keeps_its_place(handsets: Handsets, account: Account) -> None:
    handsets.add(account, HANDSET, name="Bob")
    handsets.change(account, FIRST, name="", texts=MINE)
    assert [each.name for each in handsets.of(account)] == ["+1 617 555 0123", "Bob"]


def test_removed_it_is_gone_and_its_texts_stay(house: House, handsets: Handsets, account: Account) -> None:
    handsets.add(account, HANDSET)
    house.platform.receive(account, to=MINE, from_=HANDSET, body="Hello")
    handsets.remove(account, HANDSET)
    assert [each.number for each in handsets.of(account)] == [FIRST]
    assert handsets.others(account) == [HANDSET]
    assert [bubble.body for bubble in handsets.conversation(account, HANDSET)] == ["Hello"]


def test_a_number_that_was_never_added_can_be_shown(handsets: Handsets, account: Account) -> None:
    assert handsets.named(account, HANDSET) == Handset(number=HANDSET, name="+1 212 555 0123", texts=MINE)
    with pytest.raises(NotPossible):
        handsets.named(account, "nobody")


def test_accounts_have_handsets_of_their_own(house: House, handsets: Handsets, account: Account) -> None:
    other = house.accounts.named("second")
    handsets.add(account, HANDSET, name="Bob")
    assert handsets.of(other) == [Handset(number=FIRST, name="Handset 1", texts=OTHER)]
    handsets.add(other, HANDSET, name="Bob's other side")
    assert [each.name for each in handsets.of(account)] == ["Handset 1", "Bob"]


def test_a_reset_and_a_restore_leave_the_handsets(house: House, handsets: Handsets, account: Account) -> None:
    house.emulator.snapshots.save(account, "before")
    handsets.add(account, HANDSET, name="Bob")
    house.emulator.snapshots.restore(account, "before")
    house.emulator.snapshots.reset(account)
    assert [each.name for each in handsets.of(account)] == ["Handset 1", "Bob"]


def test_an_account_that_ends_takes_its_handsets_along(house: House) -> None:
    wanted = read_account({"username": "clinic", "password": "secret", "numbers": ["16465550188"]})
    account = house.emulator.leases.make(wanted)
    house.emulator.handsets.add(account, HANDSET)
    house.emulator.leases.end(account)
    assert [each.name for each in house.emulator.handsets.of(house.emulator.leases.make(wanted))] == ["Handset 1"]


def test_a_conversation_has_both_sides_and_the_carriers_texts_in_order(
    house: House, handsets: Handsets, account: Account
) -> None:
    """What goes out is there at once, with its status; the carrier's own texts come after what they answer."""
    house.queue(body="Are you there?")
    house.advance(5000)
    house.platform.receive(account, to=MINE, from_=HANDSET, body="Yes I am")
    house.platform.receive(account, to=MINE, from_=HANDSET, body="STOP")
    shown = [
        (bubble.mine, bubble.other, bubble.body, bubble.message.status if bubble.message else None)
        for bubble in handsets.conversation(account, HANDSET)
    ]
    assert shown == [
        (False, MINE, "Are you there?", "received"),
        (True, MINE, "Yes I am", "received"),
        (True, MINE, "STOP", "received"),
        (False, MINE, AUTOMATIC_TEXTS["stop"], None),
    ]


def test_of_a_long_conversation_the_end_is_shown(house: House, handsets: Handsets, account: Account) -> None:
    for number in range(60):
        house.platform.receive(account, to=MINE, from_=HANDSET, body=str(number))
    assert [bubble.body for bubble in handsets.conversation(account, HANDSET)] == [str(n) for n in range(10, 60)]


def test_others_are_the_latest_numbers_that_are_not_on_the_screen(
    house: House, handsets: Handsets, account: Account
) -> None:
    for number in ("12125550111", FIRST, "12125550112", "12125550111"):
        house.platform.receive(account, to=MINE, from_=number, body="Hello")
        house.advance(1)
    assert handsets.others(account) == ["12125550111", "12125550112"]


def test_a_number_that_has_become_an_accounts_is_no_handset_any_more(
    house: House, handsets: Handsets, account: Account
) -> None:
    handsets.add(account, HANDSET)
    house.emulator.leases.make(read_account({"username": "late", "password": "p", "numbers": [HANDSET]}))
    assert [handset.number for handset in handsets.of(account)] == [FIRST]


def test_a_number_that_the_account_lost_is_texted_no_more() -> None:
    house = House()
    account = house.accounts.named("")
    house.emulator.handsets.add(account, HANDSET, texts=MINE)
    account.numbers = {OTHER: Number(number=OTHER)}
    assert {each.texts for each in house.emulator.handsets.of(account)} == {OTHER}
    house.close()


def test_kept_handsets_are_there_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.emulator.handsets.add(house.account, HANDSET, name="Bob")
    again = house.reopened()
    assert [each.name for each in again.emulator.handsets.of(again.account)] == ["Handset 1", "Bob"]
    again.close()


def test_nobody_is_found_by_an_account_that_is_not_there(handsets: Handsets, account: Account) -> None:
    with pytest.raises(NotFound):
        handsets.change(account, FIRST, name="x", texts="16465550188")


def test_a_handset_that_is_not_on_the_screen_cannot_be_changed(handsets: Handsets, account: Account) -> None:
    with pytest.raises(NotFound, match="is not on the screen"):
        handsets.change(account, HANDSET, name="Bob", texts=MINE)
