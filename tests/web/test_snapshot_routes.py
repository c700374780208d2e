"""Snapshots over HTTP."""

from __future__ import annotations

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE

FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello"}
SAVED = {"name": "then", "at": "2023-11-14T22:13:20.000Z", "messages": 1}


def test_an_account_is_again_what_it_was(caller: Caller) -> None:
    """The answer has the cursor from which an expectation goes on."""
    caller.queue(FIELDS)
    heard = caller.call("PUT", "/_plum/snapshots/then")
    assert (heard.status, heard.values) == (200, SAVED)
    before = caller.get("/_plum/messages").values
    caller.queue({**FIELDS, "body": "later"})
    caller.send_json("POST", "/_plum/rules", {"then": {"outcome": "failed"}})
    heard = caller.post("/_plum/snapshots/then/restore")
    assert (heard.status, heard.values) == (200, {**SAVED, "cursor": "1.1"})
    assert caller.get("/_plum/messages").values == before
    assert caller.get("/_plum/rules").values == {"rules": []}


def test_snapshots_are_listed_replaced_and_deleted(caller: Caller) -> None:
    caller.call("PUT", "/_plum/snapshots/then")
    caller.call("PUT", "/_plum/snapshots/a.b-C_9")
    caller.queue(FIELDS)
    caller.call("PUT", "/_plum/snapshots/then")
    listed = caller.get("/_plum/snapshots").values["snapshots"]
    assert sorted((each["name"], each["messages"]) for each in listed) == [("a.b-C_9", 0), ("then", 1)]
    heard = caller.call("DELETE", "/_plum/snapshots/then")
    assert (heard.status, heard.values) == (200, {"snapshot": "then", "status": "deleted"})
    assert [each["name"] for each in caller.get("/_plum/snapshots").values["snapshots"]] == ["a.b-C_9"]
    assert caller.get("/_plum/snapshots?account=second").values == {"snapshots": []}


def test_a_reset_leaves_snapshots_alone(caller: Caller) -> None:
    caller.call("PUT", "/_plum/snapshots/then")
    caller.post("/_plum/reset")
    assert caller.post("/_plum/snapshots/then/restore").status == 200


@pytest.mark.parametrize(("method", "ending"), [("DELETE", ""), ("POST", "/restore")])
def test_a_snapshot_that_is_not_there_is_404(caller: Caller, method: str, ending: str) -> None:
    heard = caller.call(method, f"/_plum/snapshots/thn{ending}")
    assert (heard.status, heard.values) == (
        404,
        {
            "error": "account 'username' has no snapshot 'thn'",
            "hint": "there are none; PUT /_plum/snapshots/thn saves one",
        },
    )
    caller.call("PUT", "/_plum/snapshots/then")
    assert caller.call(method, f"/_plum/snapshots/thn{ending}").values["hint"] == "did you mean 'then'?"
    assert caller.call(method, f"/_plum/snapshots/then{ending}?account=second").status == 404


@pytest.mark.parametrize("name", ["a%20b", "%00", "%0A", "a%C3%A9", "%F0%9F%98%80", "x" * 65, "a%22", "%FF"])
def test_a_name_is_letters_digits_and_little_else(onlooker: Caller, name: str) -> None:
    heard = onlooker.call("PUT", f"/_plum/snapshots/{name}")
    assert (heard.status, heard.values["hint"]) == (400, "1 to 64 letters, digits, dots, - and _")
    assert heard.error.endswith("is not a name for a snapshot")
    assert onlooker.call("DELETE", f"/_plum/snapshots/{name}").status == 404


def test_there_are_at_most_100(caller: Caller) -> None:
    for n in range(100):
        assert caller.call("PUT", f"/_plum/snapshots/{n}").status == 200
    heard = caller.call("PUT", "/_plum/snapshots/100")
    assert (heard.status, heard.values) == (
        400,
        {"error": "an account has at most 100 snapshots", "hint": "DELETE one first"},
    )
    assert caller.call("PUT", "/_plum/snapshots/7").status == 200
    assert len(caller.get("/_plum/snapshots").values["snapshots"]) == 100
