"""Accounts over HTTP: made, leased, changed, ended, and brought from another machine."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House
from helpers.tables import tables

OPTIONS = {
    "sent_after": None,
    "received_after": None,
    "callback_timeout": None,
    "application_timeout": None,
    "callback_attempts": None,
    "callback_backoff": None,
}
CLINIC = {"username": "clinic", "password": "secret", "numbers": ["16175550177"]}


def test_an_account_is_made_as_it_was_asked_for(caller: Caller) -> None:
    """Numbers are taken in every usual form; those that say nothing else get the account's Application URL."""
    asked = {
        "username": "clinic",
        "password": "se:cret",
        "numbers": [
            "(617) 555-0177",
            {"number": "16175550178", "application_url": ""},
            {"number": "16175550179", "pci": True},
        ],
        "application_url": "/demo",
        "demo": True,
        "opted_out": "detailed",
        "clock": {"mode": "manual", "now": "2026-01-31T12:00:00Z"},
        "seed": "my own",
        "sent_after": 0,
        "callback_attempts": 3,
    }
    heard = caller.send_json("POST", "/_plum/accounts", asked)
    assert heard.status == 201
    assert heard.values == {
        "username": "clinic",
        "password": "se:cret",
        "numbers": ["16175550177", "16175550178"],
        "base_url": "http://127.0.0.1:7586",
        "sink_url": "http://127.0.0.1:7586/_plum/sink/results?account=clinic",
        "origin": "asked",
        "clock": "manual",
        "now": "2026-01-31T12:00:00.000Z",
        "expires_at": None,
        "demo": True,
        "opted_out": "detailed",
        "options": {**OPTIONS, "sent_after": 0.0, "callback_attempts": 3},
    }
    assert caller.get("/_plum/accounts/clinic").values == heard.values
    assert caller.get("/_plum/numbers?account=clinic").values["numbers"] == [
        {"number": "16175550177", "application_url": "/demo", "pci": False},
        {"number": "16175550178", "application_url": "", "pci": False},
        {"number": "16175550179", "application_url": "", "pci": True},
    ]
    fields = {"to": HANDSET, "from": "16175550177", "body": "x"}
    assert caller.queue(fields, login="clinic:se:cret").error == ""


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_lease_needs_nothing(caller: Caller, body: bytes) -> None:
    leases = [caller.post("/_plum/accounts/lease", body=body).values for _ in range(3)]
    assert [(each["username"], each["origin"], each["clock"]) for each in leases] == [
        (f"lease-{n}", "leased", "real") for n in (1, 2, 3)
    ]
    numbers = [number for each in leases for number in each["numbers"]]
    assert len(set(numbers)) == 3
    assert len({each["password"] for each in leases}) == 3
    for each in leases:
        fields = {"to": HANDSET, "from": each["numbers"][0], "body": "x"}
        assert caller.queue(fields, login=f"{each['username']}:{each['password']}").error == ""


def test_a_lease_gets_what_it_asks_for(caller: Caller) -> None:
    asked = {"numbers": 100, "application_url": "/demo", "lifetime": 60, "username": "mine", "password": ""}
    lease = caller.send_json("POST", "/_plum/accounts/lease", asked).values
    assert (lease["username"], len(set(lease["numbers"])), lease["expires_at"]) == (
        "mine",
        100,
        "2023-11-14T22:14:20.000Z",
    )
    shown = caller.get("/_plum/numbers?account=mine").values["numbers"]
    assert {each["application_url"] for each in shown} == {"/demo"}


def test_the_same_seed_gives_the_same_numbers_and_ids(caller: Caller) -> None:
    def leased() -> tuple[Any, ...]:
        lease = caller.send_json(
            "POST", "/_plum/accounts/lease", {"username": "x", "seed": "mine", "numbers": 3}
        ).values
        fields = {"to": HANDSET, "from": lease["numbers"][0], "body": "x"}
        rows = caller.queue(fields, login=f"x:{lease['password']}").rows
        caller.call("DELETE", "/_plum/accounts/x")
        return lease["numbers"], rows[0]["sms_message_id"]

    assert leased() == leased()


def test_accounts_are_listed(caller: Caller) -> None:
    made = caller.send_json("POST", "/_plum/accounts", CLINIC).values
    listed = caller.get("/_plum/accounts").values["accounts"]
    assert [(each["username"], each["origin"]) for each in listed] == [
        ("username", "file"),
        ("second", "file"),
        ("clinic", "asked"),
    ]
    assert listed[2] == made


def test_options_are_changed_one_by_one(caller: Caller) -> None:
    """What is left out stays, null is the emulator's own, and a reset keeps them."""
    for asked in ({"sent_after": 5, "callback_attempts": 3}, {"sent_after": None, "callback_backoff": 0.5}, {}):
        heard = caller.send_json("PATCH", "/_plum/accounts/username", asked)
    caller.post("/_plum/reset")
    expected = {**OPTIONS, "callback_attempts": 3, "callback_backoff": 0.5}
    assert (heard.status, heard.values["options"]) == (200, expected)
    assert caller.get("/_plum/accounts/username").values["options"] == expected


def test_an_ended_account_is_nobody(house: House, caller: Caller) -> None:
    """Its login, its name and its numbers are free, and nothing of it is left."""
    before = tables(house)
    caller.send_json("POST", "/_plum/accounts", CLINIC)
    caller.queue({"to": HANDSET, "from": "16175550177", "body": "x"}, login="clinic:secret")
    caller.call("PUT", "/_plum/snapshots/x?account=clinic")
    heard = caller.call("DELETE", "/_plum/accounts/clinic")
    assert (heard.status, heard.values) == (200, {"account": "clinic", "status": "ended"})
    assert caller.get("/ws/sms/messages.json", login="clinic:secret").status == 401
    assert caller.get("/_plum/accounts/clinic").status == 404
    assert {name: rows for name, rows in tables(house).items() if name != "exchanges"} == {
        name: rows for name, rows in before.items() if name != "exchanges"
    }
    assert caller.send_json("POST", "/_plum/accounts", CLINIC).status == 201


def test_an_account_of_the_file_stays(caller: Caller) -> None:
    heard = caller.call("DELETE", "/_plum/accounts/username")
    assert (heard.status, heard.values) == (
        400,
        {"error": "account 'username' comes from the accounts file and stays", "hint": "POST /_plum/reset empties it"},
    )


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"username": None}, "'username' is missing"),
        ({"password": None}, "'password' is missing"),
        ({"numbers": None}, "'numbers' is missing"),
        (
            {"username": "a:b"},
            "'username' is 'a:b', but a login of at most 100 characters without colon, slash or control characters was",
        ),
        ({"username": "a" * 101}, "'username' is 'aaaaa"),
        ({"username": ""}, "'username' is '', but a login was expected"),
        ({"username": 5}, "'username' is 5, but a string was expected"),
        ({"username": "\ud800"}, "'username' has half a surrogate pair in it"),
        ({"username": "username"}, "there is an account 'username' already"),
        ({"numbers": 3}, "'numbers' is 3, but a list of numbers was expected"),
        ({"numbers": []}, "'numbers' is [], but how many, or a list of 1 to 100 numbers, was expected"),
        ({"numbers": ["16175550177"] * 101}, "'numbers' is ['16175550177', "),
        ({"numbers": ["555"]}, "number 1: '555' is not a phone number"),
        ({"numbers": [5]}, "number 1: an object was expected, not 5"),
        ({"numbers": [{"nmber": "1"}]}, "number 1: 'nmber' is unknown"),
        ({"numbers": [{"pci": True}]}, "number 1: 'number' is missing"),
        ({"numbers": ["16175550177", "6175550177"]}, "number 16175550177 is there twice"),
        ({"numbers": [{"number": "16175550177", "pci": True}]}, "all numbers are PCI numbers"),
        ({"numbers": [MINE]}, f"{MINE} belongs to account 'username' already"),
        ({"application_url": "x"}, "application_url is 'x': an http:// or https:// URL with a host was expected"),
        ({"demo": "yes"}, "'demo' is 'yes', but true or false was expected"),
        ({"opted_out": "detailled"}, "'opted_out' is 'detailled', which is unknown"),
        ({"clock": "60"}, "'60' is not a clock"),
        ({"clock": {"mode": "scaled"}}, "a scaled clock needs a rate"),
        ({"sent_after": -1}, "'sent_after' is -1, but a number from 0 to 31622400 was expected"),
        ({"callback_attempts": 21}, "'callback_attempts' is 21, but a whole number from 1 to 20 was expected"),
        ({"callback_attempts": 1.5}, "'callback_attempts' is 1.5, but a whole number from 1 to 20 was expected"),
        ({"lifetime": 5}, "'lifetime' is unknown"),
        ({"usernam": "x"}, "'usernam' is unknown"),
    ],
    ids=str,
)
def test_an_account_that_cannot_be_says_why(house: House, caller: Caller, changed: dict[str, Any], error: str) -> None:
    """And nothing is left of it."""
    before = tables(house)
    heard = caller.send_json("POST", "/_plum/accounts", {**CLINIC, **changed})
    assert heard.status == 400
    assert heard.error.startswith(error)
    assert len(heard.error) < 200
    assert tables(house) == before


@pytest.mark.parametrize("numbers", [0, 101, True, 1.0, "1"])
def test_a_lease_has_1_to_100_numbers(onlooker: Caller, numbers: object) -> None:
    heard = onlooker.send_json("POST", "/_plum/accounts/lease", {"numbers": numbers})
    assert heard.status == 400
    assert heard.error.startswith("'numbers' is ")


def test_an_account_comes_from_another_machine(house: House, caller: Caller) -> None:
    """With its messages, under its name or another."""
    caller.send_json("POST", "/_plum/accounts", CLINIC)
    caller.queue({"to": HANDSET, "from": "16175550177", "body": "x"}, login="clinic:secret")
    before = caller.get("/_plum/messages?account=clinic").values
    file = caller.get("/_plum/export/account?account=clinic").body
    caller.call("DELETE", "/_plum/accounts/clinic")
    heard = caller.post("/_plum/accounts/import?username=moved", body=file)
    assert (heard.status, heard.values["username"], heard.values["origin"]) == (201, "moved", "asked")
    assert caller.get("/_plum/messages?account=moved").values == before
    assert house.accounts.named("moved").seed.password == "secret"


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (b"", "the file has 0 accounts, and one was expected"),
        (b"SQLite format 3\0" + b"\0" * 100, "this is not an exported account: "),
        (b'{"username": "x"}' * 100, "this is not an exported account: "),
    ],
    ids=["empty", "cut off", "JSON"],
)
def test_what_is_no_account_is_not_brought_in(house: House, caller: Caller, file: bytes, error: str) -> None:
    before = tables(house)
    heard = caller.post("/_plum/accounts/import", body=file)
    assert (heard.status, heard.values["hint"] != "") == (400, True)
    assert heard.error.startswith(error)
    assert tables(house) == before


def test_an_account_that_is_here_already_is_not_brought_in(caller: Caller) -> None:
    file = caller.get("/_plum/export/account").body
    heard = caller.post("/_plum/accounts/import", body=file)
    assert (heard.status, heard.values) == (
        400,
        {"error": "there is an account 'username' already", "hint": "give it another name with ?username="},
    )
    heard = caller.post("/_plum/accounts/import?username=moved", body=file)
    assert (heard.status, heard.error) == (400, f"{MINE} belongs to account 'username' already")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", ["nobody", "%00", "a%20b", "%F0%9F%98%80", "a" * 5000])
def test_an_account_that_is_not_there_is_404(onlooker: Caller, method: str, name: str) -> None:
    heard = onlooker.call(method, f"/_plum/accounts/{name}", body=b"{}")
    assert (heard.status, heard.values["hint"]) == (404, "there are: username, second")
