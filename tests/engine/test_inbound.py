"""An inbound message is posted to the application, and its answer is acted on (clause 7)."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, PCI, RESULTS, STRANGER, House
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.model.messages import Message

HOUR = 3_600_000


def answering(house: House, document: str | bytes) -> None:
    """Let the application answer with this."""
    body = document.encode() if isinstance(document, str) else document
    house.transport.answer = lambda _request: Outcome(status=200, body=body)


def received(house: House, document: str | bytes, text: str = "hello") -> Message:
    """A text that comes while the application answers with this, and that is answered at once."""
    answering(house, document)
    message = house.receive(text)
    house.advance()
    return house.now(message)


def replies(house: House) -> list[Message]:
    return [message for message in house.log() if message.type == "reply"]


def facts(message: Message) -> tuple[str, str, str, str, str, str | None]:
    return message.to, message.from_, message.body, message.result_url, message.status, message.reason


def journal(house: House) -> list[tuple[str, int | None, str]]:
    """What is kept of the posts to the application: its answer and what came of it."""
    kept = house.platform.exchanges(house.account, limit=100, filter=ExchangeFilter(operation="inbound")).rows
    return [(exchange.url, exchange.status, exchange.outcome) for exchange in reversed(kept)]


def test_text_is_posted_as_a_form_at_once(house: House) -> None:
    message = house.receive("héllo & wörld\r\n\U0001f600")
    house.advance()
    (request,) = house.transport.sent
    assert (request.method, request.url, request.timeout, parse_qsl(request.body.decode(), strict_parsing=True)) == (
        "POST",
        APPLICATION,
        15.0,
        [
            ("sms_message_id", message.sms_message_id),
            ("to", MINE),
            ("from", HANDSET),
            ("body", "héllo & wörld\r\n\U0001f600"),
        ],
    )
    assert journal(house) == [(APPLICATION, 200, "ok")]
    assert house.log() == [message]


def test_without_an_application_url_the_text_is_kept_and_says_so(house: House) -> None:
    message = house.receive(account=house.second)
    house.advance(HOUR)
    assert (message.status, message.reason) == (
        "received",
        "the number has no Application URL, so nothing was posted",
    )
    assert (house.log(house.second), house.transport.sent) == ([message], [])


def test_each_sms_message_of_the_answer_becomes_a_reply_with_its_own_life(house: House) -> None:
    message = received(
        house,
        f'<reply><sms_message>one</sms_message><sms_message result_url="{RESULTS}">two</sms_message></reply>',
    )
    assert [facts(reply) for reply in replies(house)] == [
        (HANDSET, MINE, "one", "", "queued", None),
        (HANDSET, MINE, "two", RESULTS, "queued", None),
    ]
    assert [reply.in_reply_to for reply in replies(house)] == [message.seq] * 2
    house.advance(HOUR)
    one, two = replies(house)
    assert [house.history(reply) for reply in (one, two)] == [[("queued", 0), ("sent", 1000), ("received", 3000)]] * 2
    assert (house.callbacks(one), house.callbacks(two)) == ([], ["sent", "received"])
    assert house.platform.story(house.account, message.sms_message_id).replies == [one, two]


def test_reply_goes_where_its_attributes_say(house: House) -> None:
    received(house, f'<reply><sms_message to="(310) 555-0111" from="+{MINE}"> text </sms_message></reply>')
    assert [facts(reply) for reply in replies(house)] == [(STRANGER, MINE, " text ", "", "queued", None)]


def test_long_reply_is_cut_into_parts(house: House) -> None:
    received(house, f"<reply><sms_message>{'a' * 160}{'b' * 10}</sms_message></reply>")
    assert [(reply.body, reply.in_reply_to) for reply in replies(house)] == [("a" * 160, 1), ("b" * 10, 1)]


BAD_TO = "write 10 digits, or 11 with a leading 1: 16175550123"


@pytest.mark.parametrize(
    ("attributes", "text", "to", "from_", "reason"),
    [
        ('to="12"', "x", "12", MINE, f"to: '12' is not a phone number; {BAD_TO}"),
        ('to=""', "x", "", MINE, f"to: '' is not a phone number; {BAD_TO}"),
        ('from="nobody"', "x", HANDSET, "nobody", f"from: 'nobody' is not a phone number; {BAD_TO}"),
        (
            f'from="{OTHER}"',
            "x",
            HANDSET,
            OTHER,
            f"from: {OTHER} is not one of the account's SMS numbers: {MINE}",
        ),
        (f'from="{PCI}"', "x", HANDSET, PCI, f"from: {PCI} is not one of the account's SMS numbers: {MINE}"),
        ("", "", HANDSET, MINE, "the text of the sms_message is empty"),
        ("", " \n\t", HANDSET, MINE, "the text of the sms_message is empty"),
        (
            'result_url="ftp://x/"',
            "x",
            HANDSET,
            MINE,
            "result_url: an http:// or https:// URL with a host was expected",
        ),
        (
            'to="12125550158"',
            "x",
            "12125550158",
            MINE,
            "Error sending sms request: the magic number 12125550158 is refused by the queue service",
        ),
    ],
)
def test_sms_message_that_cannot_be_sent_is_kept_as_failed_and_the_others_go_out(
    house: House, attributes: str, text: str, to: str, from_: str, reason: str
) -> None:
    message = received(
        house,
        f"<reply><sms_message>before</sms_message><sms_message {attributes}>{text}</sms_message>"
        "<sms_message>after</sms_message></reply>",
    )
    before, bad, after = replies(house)
    assert (bad.to, bad.from_, bad.status, bad.reason, bad.settled_at) == (to, from_, "failed", reason, NOW)
    assert bad.history() == [("queued", NOW), ("failed", NOW)]
    assert (message.reason, journal(house)) == (None, [(APPLICATION, 200, "ok")])
    house.advance(HOUR)
    assert [house.now(reply).status for reply in (before, after)] == ["received", "received"]
    assert house.now(bad) == bad


def test_reply_that_cannot_be_sent_is_not_told_to_its_result_url(house: House) -> None:
    """It is failed as soon as it is there: nothing changes later that could be told."""
    received(house, f'<reply><sms_message to="12" result_url="{RESULTS}">x</sms_message></reply>')
    house.advance(HOUR)
    assert [reply.status for reply in replies(house)] == ["failed"]
    assert [request.url for request in house.transport.sent] == [APPLICATION]


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml; charset=utf-8", "text/html", "image/png", "", None]
)
def test_content_type_of_the_answer_does_not_matter(house: House, content_type: str | None) -> None:
    headers = () if content_type is None else (("Content-Type", content_type),)
    body = b"<reply><sms_message>hi</sms_message></reply>"
    house.transport.answer = lambda _request: Outcome(status=200, headers=headers, body=body)
    house.receive()
    house.advance()
    assert [reply.body for reply in replies(house)] == ["hi"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (
            Outcome(status=500, body=b"<reply/>"),
            "the application's answer is not used: answered 500, a 2xx was expected",
        ),
        (
            Outcome(status=302, body=b"<reply><sms_message>x</sms_message></reply>"),
            "the application's answer is not used: answered 302, a 2xx was expected",
        ),
        (Outcome(error="no answer within 15 s"), "the application's answer is not used: no answer within 15 s"),
        (
            Outcome(status=200, body=b"<reply/>", error="the answer is larger than 1048576 bytes"),
            "the application's answer is not used: the answer is larger than 1048576 bytes",
        ),
    ],
    ids=["500", "302", "late", "large"],
)
def test_answer_that_is_no_success_is_not_used_and_the_reason_kept(house: House, outcome: Outcome, reason: str) -> None:
    house.transport.answer = lambda _request: outcome
    message = house.receive()
    house.advance()
    now = house.now(message)
    assert (now.status, now.reason, replies(house)) == ("received", reason, [])
    assert journal(house) == [(APPLICATION, outcome.status, reason)]


@pytest.mark.parametrize(
    ("document", "beginning"),
    [
        (b"", "the answer is empty; "),
        (b"thanks", "line 1, column 1: not well-formed XML: "),
        (b"<reply>\n<sms_message>a</reply>", "line 2, column 17: not well-formed XML: mismatched tag"),
        (b"<reply>\n  <message>a</message></reply>", "line 2, column 3: not valid against the SMS Reply Schema: "),
        (b"<reply><sms_message bcc='1'>a</sms_message></reply>", "line 1, column 8: not valid against the SMS Reply"),
        (b"<html/>", "line 1, column 1: not valid against the SMS Reply Schema: "),
        (b"<!DOCTYPE reply><reply/>", "line 1, column "),
        (b"\xff\xfe<reply/>", "line 1, column "),
    ],
    ids=["empty", "text", "broken", "unknown element", "unknown attribute", "other root", "doctype", "bytes"],
)
def test_answer_that_is_no_valid_reply_sends_nothing_and_says_where_and_why(
    house: House, document: bytes, beginning: str
) -> None:
    message = received(house, document)
    assert message.reason is not None
    assert message.reason.startswith(beginning)
    assert (message.status, replies(house)) == ("received", [])
    assert journal(house) == [(APPLICATION, 200, message.reason)]


def test_answer_nested_too_deep_is_refused_like_any_other(house: House) -> None:
    depth = 20_000
    message = received(house, b"<reply>" + b"<sms_message>" * depth + b"</sms_message>" * depth + b"</reply>")
    assert message.reason is not None
    assert message.reason.startswith("line 1, column 8: not valid against the SMS Reply Schema: ")


def test_post_goes_to_the_url_that_the_number_has_then(house: House) -> None:
    message = house.receive()
    house.platform.set_application(house.account, MINE, "http://127.0.0.1:8000/newer")
    house.advance()
    assert [request.url for request in house.transport.sent] == ["http://127.0.0.1:8000/newer"]
    assert house.now(message).reason is None


def test_nothing_is_posted_when_the_url_has_been_taken_away_meanwhile(house: House) -> None:
    message = house.receive()
    house.platform.set_application(house.account, MINE, "")
    house.advance(HOUR)
    assert house.transport.sent == []
    assert house.now(message).reason == "the number has no Application URL, so nothing was posted"


def test_url_that_begins_with_a_slash_is_the_emulator_itself(house: House) -> None:
    house.platform.set_application(house.account, MINE, "/demo?x=1")
    house.receive()
    house.advance()
    assert [request.url for request in house.transport.sent] == ["http://127.0.0.1:7586/demo?x=1"]


def test_slow_application_delays_no_other_text(house: House) -> None:
    slow, quick = house.receive("slow"), house.receive("quick")
    house.worker.run_due(house.account.id)
    (_, slow_ended), (_, quick_ended) = house.transport.waiting
    house.transport.waiting.clear()
    quick_ended(Outcome(status=200, body=b"<reply><sms_message>first</sms_message></reply>"))
    house.advance(HOUR)
    slow_ended(Outcome(status=200, body=b"<reply><sms_message>second</sms_message></reply>"))
    assert [(reply.body, reply.in_reply_to, reply.requested_at - NOW) for reply in replies(house)] == [
        ("first", quick.seq, 0),
        ("second", slow.seq, HOUR),
    ]


@pytest.mark.parametrize(
    ("to", "from_", "body", "error"),
    [
        (OTHER, HANDSET, "x", f"{OTHER} is not a number of account 'username'"),
        ("12", HANDSET, "x", "to: '12' is not a phone number"),
        (MINE, "12", "x", "from: '12' is not a phone number"),
        (MINE, HANDSET, "", "the body is empty"),
        (MINE, MINE, "x", f"{MINE} cannot text itself"),
        (PCI, HANDSET, "x", f"{PCI} is a PCI number, which cannot receive texts"),
    ],
)
def test_text_that_cannot_be_is_refused_with_a_hint(house: House, to: str, from_: str, body: str, error: str) -> None:
    with pytest.raises(NotPossible) as refused:
        house.receive(body, to=to, from_=from_)
    assert refused.value.message == error
    assert refused.value.hint
    assert isinstance(refused.value, NotFound) == (to == OTHER)
    assert house.log() == []


def test_numbers_of_a_text_may_be_written_in_any_usual_form(house: House) -> None:
    message = house.receive(to="(617) 555-0100", from_="212-555-0123")
    assert (message.to, message.from_) == (MINE, HANDSET)
