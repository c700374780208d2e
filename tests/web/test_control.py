"""The control surface: what tests and people ask of the emulator itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import APPLICATION, HANDSET, MINE, OTHER, PCI, House
from plum_emulator import __version__
from plum_emulator.model.exchanges import Outcome, OutgoingRequest

INSTANT = "2023-11-14T22:13:20.000Z"


def test_health_says_that_the_process_is_there(onlooker: Caller) -> None:
    heard = onlooker.get("/_plum/health")
    assert (heard.status, heard.values) == (200, {"status": "ok", "version": __version__})


def test_ready_lists_the_accounts(onlooker: Caller) -> None:
    heard = onlooker.get("/_plum/ready")
    assert (heard.status, heard.values) == (200, {"status": "ready", "accounts": ["username", "second"]})


def test_not_ready_is_503(house: House) -> None:
    """While the emulator starts or stops."""
    caller = Caller(house, ready=lambda: False)
    heard = caller.get("/_plum/ready")
    caller.close()
    assert (heard.status, heard.values["status"]) == (503, "not ready")


def test_the_description_is_served(onlooker: Caller) -> None:
    heard = onlooker.get("/_plum/openapi.yaml")
    assert (heard.status, heard.header("Content-Type")) == (200, "application/yaml")
    assert heard.body.startswith(b"openapi: 3.1.0\n")


def test_a_text_from_a_handset_is_kept_and_shown(caller: Caller) -> None:
    """201, with the message as it was stored; numbers are taken in every usual form."""
    sent = {"from": "+1 (212) 555-0123", "to": "617.555.0100", "body": " Hello\n"}
    heard = caller.send_json("POST", "/_plum/inbound", sent)
    id_ = heard.values["sms_message_id"]
    assert heard.status == 201
    assert heard.values == {
        "sms_message_id": id_,
        "type": "inbound",
        "to": MINE,
        "from": HANDSET,
        "body": " Hello\n",
        "status": "received",
        "request_timestamp": 1_700_000_000,
        "result_url": "",
        "statuses": [{"status": "received", "at": INSTANT}],
        "notification": None,
        "reason": None,
    }
    assert caller.get("/_plum/messages").values == {"messages": [heard.values], "before": None}


def test_a_text_reaches_the_named_account(caller: Caller) -> None:
    heard = caller.send_json("POST", "/_plum/inbound?account=second", {"from": HANDSET, "to": OTHER, "body": "x"})
    assert heard.status == 201
    assert heard.values["reason"] == "the number has no Application URL, so nothing was posted"


def test_a_message_is_shown_with_everything_about_it(house: House, caller: Caller) -> None:
    """Its statuses, the request that made it, and every callback."""
    fields = {"to": HANDSET, "from": MINE, "body": "Hello", "result_url": "http://127.0.0.1:8000/results"}
    id_ = caller.queue(fields).rows[0]["sms_message_id"]
    house.advance(3000)
    story = caller.get(f"/_plum/messages/{id_}").values
    assert story["statuses"] == [
        {"status": "queued", "at": INSTANT},
        {"status": "sent", "at": "2023-11-14T22:13:21.000Z"},
        {"status": "received", "at": "2023-11-14T22:13:23.000Z"},
    ]
    kept = [(exchange["operation"], exchange["request"]["body"][-12:]) for exchange in story["exchanges"]]
    assert kept == [
        ("queue", "8000%2Fresults"[-12:]),
        ("callback", "&status=sent"),
        ("callback", "tus=received"),
    ]
    assert (story["replies"], story["automatic_texts"]) == ([], [])


def test_an_inbound_message_is_shown_with_its_replies(house: House, caller: Caller) -> None:
    house.transport.answer = _answering(
        b"<reply><sms_message>One.</sms_message><sms_message to='7'>Two.</sms_message></reply>"
    )
    inbound = caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"}).values
    house.advance()
    story = caller.get(f"/_plum/messages/{inbound['sms_message_id']}").values
    replies = [
        (reply["type"], reply["to"], reply["from"], reply["body"], reply["status"]) for reply in story["replies"]
    ]
    assert replies == [("reply", HANDSET, MINE, "One.", "queued"), ("reply", "7", MINE, "Two.", "failed")]
    assert story["replies"][1]["reason"].startswith("to: '7' is not a phone number")
    (exchange,) = story["exchanges"]
    assert (exchange["operation"], exchange["request"]["url"]) == ("inbound", APPLICATION)
    assert exchange["answer"]["status"] == 200


def test_a_failed_reply_is_valid_in_every_service(house: House, caller: Caller) -> None:
    """What an application wrote is kept as it is, even when it is no number and no URL."""
    house.transport.answer = _answering("<reply><sms_message to='böse' result_url='x y'/></reply>".encode())
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"})
    house.advance()
    in_json, in_xml = (caller.get(f"/ws/sms/messages.{format_}?sort=desc").rows[0] for format_ in ("json", "xml"))
    assert in_json == in_xml
    assert (in_json["to"], in_json["body"], in_json["result_url"], in_json["status"]) == ("böse", "", "x y", "failed")


def test_an_answer_that_cannot_be_used_leaves_its_reason(house: House, caller: Caller) -> None:
    house.transport.answer = _answering(b"<reply>\n<sms/></reply>")
    inbound = caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"}).values
    house.advance()
    story = caller.get(f"/_plum/messages/{inbound['sms_message_id']}").values
    assert story["replies"] == []
    assert story["reason"].startswith("line 2, column 1: not valid against the SMS Reply Schema")
    assert story["exchanges"][0]["outcome"] == story["reason"]


def test_an_application_that_does_not_answer_has_no_answer(house: House, caller: Caller) -> None:
    house.transport.answer = lambda _request: Outcome(error="the connection was refused")
    inbound = caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"}).values
    house.advance()
    (exchange,) = caller.get(f"/_plum/messages/{inbound['sms_message_id']}").values["exchanges"]
    assert exchange["answer"] is None
    assert "the connection was refused" in exchange["outcome"]


def test_an_automatic_text_is_shown_with_the_keyword(caller: Caller) -> None:
    """It went to the handset, and is not in the account's log."""
    inbound = caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": " stop "}).values
    story = caller.get(f"/_plum/messages/{inbound['sms_message_id']}").values
    assert story["automatic_texts"] == [
        {
            "to": HANDSET,
            "from": MINE,
            "body": (
                "You have successfully been unsubscribed. You will not receive any more messages from this number. "
                "Reply START to resubscribe."
            ),
            "at": INSTANT,
        }
    ]
    assert len(caller.get("/_plum/messages").values["messages"]) == 1


def test_numbers_are_listed_in_the_order_of_the_accounts_file(onlooker: Caller) -> None:
    assert onlooker.get("/_plum/numbers").values == {
        "numbers": [
            {"number": MINE, "application_url": APPLICATION, "pci": False},
            {"number": PCI, "application_url": "", "pci": True},
        ]
    }


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/x?a=1#b", "https://plum.test", "/demo", ""])
@pytest.mark.parametrize("number", [MINE, "6175550100", "+1%20(617)%20555-0100"])
def test_an_application_url_can_be_changed(caller: Caller, number: str, url: str) -> None:
    heard = caller.send_json("PUT", f"/_plum/numbers/{number}", {"application_url": url})
    expected = {"number": MINE, "application_url": url, "pci": False}
    assert (heard.status, heard.values) == (200, expected)
    assert caller.get("/_plum/numbers").values["numbers"][0] == expected


def test_texts_go_to_the_application_as_changed(house: House, caller: Caller) -> None:
    caller.send_json("PUT", f"/_plum/numbers/{MINE}", {"application_url": "http://127.0.0.1:9000/new"})
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "Hello"})
    house.advance()
    assert [request.url for request in house.transport.sent] == ["http://127.0.0.1:9000/new"]


def test_reset_brings_the_account_back_to_its_seed(house: House, caller: Caller) -> None:
    """Messages, exchanges, opt-outs, what is due, and changed Application URLs: all gone."""
    caller.send_json("PUT", f"/_plum/numbers/{MINE}", {"application_url": ""})
    caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "STOP"})
    first = caller.queue({"to": HANDSET, "from": MINE, "body": "x", "result_url": "http://127.0.0.1:8000/r"}).rows[0]
    heard = caller.post("/_plum/reset")
    assert (heard.status, heard.values) == (200, {"account": "username", "status": "reset"})
    assert caller.get("/_plum/messages").values == {"messages": [], "before": None}
    assert caller.get("/_plum/exchanges").values == {"exchanges": [], "before": None}
    assert caller.get("/_plum/numbers").values["numbers"][0]["application_url"] == APPLICATION
    house.advance(10_000)
    assert house.transport.sent == []
    again = caller.queue({"to": HANDSET, "from": MINE, "body": "x"}).rows[0]
    house.advance(10_000)
    row = caller.get(f"/ws/sms/status/{again['sms_message_id']}.json").rows[0]
    assert (row["status"], first["sms_message_id"] == again["sms_message_id"]) == ("received", False)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("table", ["the table is ready", "Your Table, please"]),
        ("TAB", ["the table is ready", "Your Table, please"]),
        ("ready+the", ["the table is ready"]),
        ("cafe", ["ein Café: \N{HOT BEVERAGE}"]),
        ("%F0%9F%98%80", []),
        ("able", []),
        ("%22table+is%22", ["the table is ready"]),
        ("NOT", []),
        ("table+OR+caf%C3%A9", []),
        ("tab*", ["the table is ready", "Your Table, please"]),
        ("body:table", []),
        ("-", []),
        ("%22", []),
        ("nul%00byte", ["nul\0byte"]),
        ("'", []),
        ("(", []),
        ("+".join(["table"] * 500), ["the table is ready", "Your Table, please"]),
    ],
)
def test_messages_are_found_by_the_beginnings_of_words(searched: Caller, words: str, found: list[str]) -> None:
    """All of the words, in any order, whatever their case and accents. Nothing in them is an operator."""
    messages = searched.get(f"/_plum/messages?q={words}").values["messages"]
    assert [message["body"] for message in messages] == found


@pytest.mark.parametrize("words", ["", "+", "%00", "%20%00%20"])
def test_a_search_for_nothing_lists_everything(searched: Caller, words: str) -> None:
    assert len(searched.get(f"/_plum/messages?q={words}").values["messages"]) == 4


def test_a_message_is_found_as_soon_as_it_is_there(caller: Caller) -> None:
    """The index follows behind, and is brought up to date by asking."""
    for count in range(1, 4):
        caller.queue({"to": HANDSET, "from": MINE, "body": f"word number {count}"})
        assert len(caller.get("/_plum/messages?q=word").values["messages"]) == count


@pytest.fixture(scope="module")
def searched() -> Iterator[Caller]:
    """An emulator with four texts in it. Only read it."""
    house = House()
    caller = Caller(house)
    for body in ("nul\0byte", "ein Café: \N{HOT BEVERAGE}", "Your Table, please", "the table is ready"):
        caller.queue({"to": HANDSET, "from": MINE, "body": body})
    yield caller
    caller.close()
    house.close()


@pytest.mark.parametrize("question", ["", "q=text&"], ids=["all", "search"])
@pytest.mark.parametrize(("count", "limit"), [(0, 3), (1, 3), (3, 3), (7, 3), (7, 1), (7, 100)])
def test_messages_are_paged_to_the_end(caller: Caller, question: str, count: int, limit: int) -> None:
    """Every message comes once, newest first, also when new ones arrive meanwhile."""
    ids = [
        caller.queue({"to": HANDSET, "from": MINE, "body": f"text {n}"}).rows[0]["sms_message_id"] for n in range(count)
    ]
    seen: list[str] = []
    before: Any = ""
    while before is not None:
        page = caller.get(f"/_plum/messages?{question}limit={limit}&before={before}").values
        seen += [message["sms_message_id"] for message in page["messages"]]
        before = page["before"]
        caller.queue({"to": HANDSET, "from": MINE, "body": "text that arrives meanwhile"})
    assert seen == ids[::-1]


@pytest.mark.parametrize(("count", "limit"), [(0, 3), (1, 3), (3, 3), (7, 3), (7, 1), (7, 100)])
def test_exchanges_are_paged_to_the_end(caller: Caller, count: int, limit: int) -> None:
    for _ in range(count):
        caller.get("/ws/sms/messages.json")
    seen: list[int] = []
    before: Any = ""
    while before is not None:
        page = caller.get(f"/_plum/exchanges?limit={limit}&before={before}").values
        seen += [exchange["n"] for exchange in page["exchanges"]]
        before = page["before"]
        caller.get("/ws/sms/messages.json")
    assert seen == list(range(count, 0, -1))


@pytest.mark.parametrize(("limit", "count"), [("0", 1), ("1", 1), ("50", 50), ("", 50), ("9" * 18, 1000)])
def test_a_page_has_between_1_and_1000_messages(long_log: Caller, limit: str, count: int) -> None:
    """Out of its bounds the nearer bound is taken; left out, it is 50."""
    page = long_log.get(f"/_plum/messages?limit={limit}", described=count < 1000).values
    assert len(page["messages"]) == count


@pytest.fixture(scope="module")
def long_log() -> Iterator[Caller]:
    """A log of 1001 messages. Only read it."""
    house = House()
    caller = Caller(house)
    caller.queue({"to": HANDSET, "from": MINE, "body": "x" * 160 * 1001}, described=False)
    yield caller
    caller.close()
    house.close()


@pytest.mark.parametrize(
    "target",
    ["/_plum/health", "/_plum/ready", "/_plum/messages", "/_plum/exchanges", "/_plum/events", "/_plum/openapi.yaml"],
)
def test_head_has_no_body(onlooker: Caller, target: str) -> None:
    """Even where GET would go on for ever."""
    heard = onlooker.call("HEAD", target)
    assert (heard.status, heard.body) == (200, b"")


def _answering(document: bytes) -> Any:
    def answer(_request: OutgoingRequest) -> Outcome:
        return Outcome(status=200, body=document)

    return answer
