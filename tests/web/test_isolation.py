"""Accounts on one server never see each other: not in a service, not on the control surface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.caller import Caller
from helpers.house import APPLICATION, HANDSET, MINE, OTHER, House

SECOND = "second:secret"
SECRET = "a text that only the first account may see"


@pytest.fixture
def secret_id(house: House, caller: Caller) -> Iterator[str]:
    """The id of a message of the first account, which has been answered, called back and opted out of as well."""
    house.platform.receive(house.account, to=MINE, from_=HANDSET, body=SECRET)
    house.platform.receive(house.account, to=MINE, from_=HANDSET, body="STOP")
    fields = {"to": HANDSET, "from": MINE, "body": SECRET, "result_url": "http://127.0.0.1:8000/results"}
    id_: str = caller.queue(fields).rows[0]["sms_message_id"]
    house.advance(10_000)
    yield id_
    assert len(caller.get("/ws/sms/messages.json").rows) == 3, "the first account's messages are untouched"


@pytest.mark.usefixtures("secret_id")
@pytest.mark.parametrize("format_", ["json", "xml"])
@pytest.mark.parametrize(
    "question",
    [
        "messages.{}",
        f"messages.{{}}?phone_number={HANDSET}",
        f"messages.{{}}?phone_number={MINE}",
        f"messages.{{}}?phone_number={MINE}&phone_number_type=account&type=outbound",
        f"conversation.{{}}?account_number={OTHER}&customer_number={HANDSET}",
        f"conversation.{{}}?account_number={OTHER}&customer_number={MINE}",
    ],
)
def test_lists_hold_nothing_of_another_account(caller: Caller, question: str, format_: str) -> None:
    heard = caller.get("/ws/sms/" + question.format(format_), login=SECOND)
    assert (heard.status, heard.rows) == (200, [])


@pytest.mark.parametrize("form", ["status.json?sms_message_id={}", "status/{}.xml", "status.json/{}"])
def test_another_accounts_id_is_as_unknown_as_any(caller: Caller, secret_id: str, form: str) -> None:
    heard = caller.get("/ws/sms/" + form.format(secret_id), login=SECOND)
    unknown = caller.get("/ws/sms/" + form.format("0" * 32), login=SECOND)
    assert (heard.status, heard.body) == (unknown.status, unknown.body)
    assert heard.error == "Invalid 'sms_message_id'"


@pytest.mark.usefixtures("secret_id")
def test_another_accounts_numbers_have_no_conversation(caller: Caller) -> None:
    heard = caller.get(f"/ws/sms/conversation.json?account_number={MINE}&customer_number={HANDSET}", login=SECOND)
    assert heard.error == "Invalid 'account_number'"


@pytest.mark.usefixtures("secret_id")
def test_another_accounts_number_cannot_be_sent_from(caller: Caller) -> None:
    heard = caller.queue({"to": HANDSET, "from": MINE, "body": "x"}, login=SECOND)
    assert heard.error == "Invalid 'from' phone number"


def test_a_handset_that_opted_out_of_one_account_hears_the_other(house: House, caller: Caller, secret_id: str) -> None:
    id_ = caller.queue({"to": HANDSET, "from": OTHER, "body": "x"}, login=SECOND).rows[0]["sms_message_id"]
    house.advance(10_000)
    assert caller.get(f"/ws/sms/status/{id_}.json", login=SECOND).rows[0]["status"] == "received"
    assert caller.get(f"/ws/sms/status/{secret_id}.json").rows[0]["status"] == "undelivered"


@pytest.mark.usefixtures("secret_id")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/_plum/messages?account=second", {"messages": [], "before": None}),
        ("/_plum/messages?account=second&q=text", {"messages": [], "before": None}),
        ("/_plum/exchanges?account=second", {"exchanges": [], "before": None}),
        ("/_plum/exchanges?account=second&operation=queue", {"exchanges": [], "before": None}),
        ("/_plum/exchanges?nobody=1", {"exchanges": [], "before": None}),
        (
            "/_plum/numbers?account=second",
            {"numbers": [{"number": OTHER, "application_url": "", "pci": False}]},
        ),
    ],
)
def test_the_control_surface_shows_one_account_alone(caller: Caller, target: str, expected: object) -> None:
    assert caller.get(target).values == expected


@pytest.mark.parametrize("target", ["/_plum/messages/{}?account=second", "/_plum/messages?account=second&before={}"])
def test_the_control_surface_does_not_know_another_accounts_id(caller: Caller, secret_id: str, target: str) -> None:
    heard = caller.get(target.format(secret_id))
    assert (heard.status, heard.error) == (404, f"account 'second' has no message '{secret_id}'")


@pytest.mark.usefixtures("secret_id")
def test_a_handset_cannot_text_an_account_at_anothers_number(caller: Caller) -> None:
    heard = caller.send_json("POST", "/_plum/inbound?account=second", {"from": HANDSET, "to": MINE, "body": "x"})
    assert heard.status == 404
    assert heard.values == {
        "error": f"{MINE} is not a number of account 'second'",
        "hint": f"its SMS numbers are: {OTHER}",
    }


@pytest.mark.usefixtures("secret_id")
def test_another_accounts_application_cannot_be_changed(caller: Caller) -> None:
    heard = caller.send_json("PUT", f"/_plum/numbers/{MINE}?account=second", {"application_url": ""})
    assert (heard.status, heard.error) == (404, f"{MINE} is not a number of account 'second'")
    assert caller.get("/_plum/numbers").values["numbers"][0]["application_url"] == APPLICATION


@pytest.mark.usefixtures("secret_id")
def test_a_reset_leaves_other_accounts_alone(caller: Caller) -> None:
    """The fixture looks at the first account afterwards."""
    caller.queue({"to": HANDSET, "from": OTHER, "body": "x"}, login=SECOND)
    assert caller.post("/_plum/reset?account=second").values == {"account": "second", "status": "reset"}
    assert caller.get("/_plum/messages?account=second").values == {"messages": [], "before": None}
    assert len(caller.get("/_plum/exchanges").values["exchanges"]) > 0
