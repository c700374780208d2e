"""Accounts that come and go."""

from __future__ import annotations

import pytest

from helpers.programs import HANDSET
from plum_emulator.client import BadCall, Client, Lease
from plum_emulator.client.accounts import Numbers
from plum_emulator.errors import SettingsError


def test_a_lease_is_an_account_of_ones_own_as_long_as_its_block(anybody: Client) -> None:
    with anybody.lease(numbers=2, clock="manual", callback_attempts=3) as lease:
        details = anybody.account(lease.username)
        assert (lease.details, lease.client.account()) == (details, details)
        assert (lease.numbers, lease.number) == (details["numbers"], details["numbers"][0])
        assert (lease.base_url, lease.sink_url) == (anybody.url, lease.client.sink_url())
        assert details["options"]["callback_attempts"] == 3
        assert lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")[0]["status"] == "queued"
        assert lease.password not in repr(lease.client)
    assert lease.username not in [account["username"] for account in anybody.accounts()]
    with pytest.raises(SettingsError):
        lease.client.messages()


def test_a_lease_that_has_ended_already_ends_without_a_word(anybody: Client) -> None:
    with anybody.lease() as lease:
        lease.end()
        anybody.lease(username=lease.username).end()


def test_a_lease_ends_when_its_block_fails(anybody: Client) -> None:
    with pytest.raises(ZeroDivisionError), anybody.lease() as lease:
        raise ZeroDivisionError
    assert lease.username not in [account["username"] for account in anybody.accounts()]


def test_two_leases_know_nothing_of_each_other(anybody: Client) -> None:
    with anybody.lease() as one, anybody.lease() as other:
        one.client.queue(to=HANDSET, from_=one.number, body="Hello")
        assert (len(one.client.messages()), other.client.messages()) == (1, [])


def test_an_account_is_made_and_ended(anybody: Client) -> None:
    numbers: Numbers = [{"number": "16175550188", "application_url": "http://127.0.0.1:1/"}, "16175550189"]
    made = anybody.make_account("a b", password="secret", numbers=numbers, demo=True, sent_after=5)
    assert (made["numbers"], made["options"]["sent_after"]) == (["16175550188", "16175550189"], 5.0)
    client = anybody.as_account("a b", password="secret")
    assert [number["application_url"] for number in client.numbers()] == ["http://127.0.0.1:1/", ""]
    anybody.end_account("a b")
    with pytest.raises(SettingsError):
        client.numbers()


def test_an_account_is_treated_in_another_way_and_in_the_emulators_own_again(lease: Lease[Client]) -> None:
    assert lease.client.change_account(callback_timeout=3)["options"]["callback_timeout"] == 3.0
    assert lease.client.change_account(lease.username, callback_timeout=None)["options"]["callback_timeout"] is None


def test_an_account_that_is_not_there_is_told_by_its_name(anybody: Client) -> None:
    """Also when the client's own account is not there: it is the other that was asked for."""
    for client in (anybody, anybody.as_account("nobody", password="")):
        with pytest.raises(BadCall) as failed:
            client.end_account("gone")
        assert failed.value.message == "there is no account 'gone'"


def test_an_own_account_is_found_among_many(anybody: Client) -> None:
    """Its name is asked for; it need not be among the first hundred."""
    leases = [anybody.lease() for _ in range(101)]
    try:
        with pytest.raises(BadCall, match="has no message 'nonsense'"):
            leases[-1].client.story("nonsense")
    finally:
        for lease in leases:
            lease.end()


def test_an_account_moves_with_everything_that_it_owns(anybody: Client, lease: Lease[Client]) -> None:
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    file = lease.client.export_account()
    lease.end()
    assert anybody.import_account(file, username="moved")["username"] == "moved"
    moved = anybody.as_account("moved", password=lease.password)
    assert [message["body"] for message in moved.messages()] == ["Hello"]
    anybody.end_account("moved")
