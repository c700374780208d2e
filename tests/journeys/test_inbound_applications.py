"""A handset texts a number, and the application behind it answers (clauses 7 and 10)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from helpers.applications import serving
from helpers.php import php_server
from helpers.programs import HANDSET, NUMBER, QUICK, QUIET_NUMBER, Emulator, emulator
from helpers.receivers import Answer, Hit, Receiver, closed_port, dead_receiver, receiver
from helpers.tools import tool
from helpers.watching import watching
from plum_emulator.client import Client

pytestmark = pytest.mark.journey
PHP = Path(__file__).parent / "php"
XML = {"Content-Type": "text/xml"}


@pytest.fixture
def client(shared: Emulator) -> Iterator[Client]:
    """The first account of the shared emulator, as the seed has it."""
    yield shared.client()
    shared.client().reset()


def texted(client: Client, body: str, *, url: str, number: str = QUIET_NUMBER) -> dict[str, Any]:
    """The whole story of a text to a number whose application is at this URL, once that has answered."""
    client.set_application(number, url)
    with watching(client) as watch:
        message = client.receive(from_=HANDSET, to=number, body=body)
        watch.answer(message["sms_message_id"])
    return client.story(message["sms_message_id"])


def answered(client: Client, document: str, *, status: int = 200, headers: dict[str, str] = XML) -> dict[str, Any]:
    """The story of a text that an application answers with this."""

    def answer(_hit: Hit) -> Answer:
        return Answer(status=status, body=document.encode(), headers=headers)

    with receiver(answer) as application:
        return texted(client, "Hello", url=f"{application.url}/sms")


def automatic(story: dict[str, Any]) -> str:
    """The one text that the carrier sent by itself."""
    [text] = story["automatic_texts"]
    return str(text["body"])


def in_short(message: dict[str, Any]) -> tuple[str, ...]:
    """Who, whom, what, how."""
    return message["from"], message["to"], message["body"], message["type"]


def test_a_flask_application_gets_the_text_and_its_answer_reaches_the_handset(client: Client) -> None:
    """The form has the id, both numbers in 11 digits and the body; the reply goes back to the sender by default."""
    forms = []
    app = Flask(__name__)

    @app.post("/sms")
    def sms() -> str:
        forms.append(request.form.to_dict())
        return f"<reply><sms_message>You said {request.form['body']}</sms_message></reply>"

    with serving(app) as site, watching(client) as watch:
        story = texted(client, "naïve, 1 + 1 = 2 \U0001f600", url=f"{site}/sms")
        [reply] = story["replies"]
        watch.status(reply["sms_message_id"], "received")

    assert forms == [
        {
            "sms_message_id": story["sms_message_id"],
            "to": QUIET_NUMBER,
            "from": HANDSET,
            "body": "naïve, 1 + 1 = 2 \U0001f600",
        }
    ]
    assert in_short(reply) == (QUIET_NUMBER, HANDSET, "You said naïve, 1 + 1 = 2 \U0001f600", "reply")
    assert (story["status"], story["reason"]) == ("received", None)


def test_a_php_application_answers(client: Client) -> None:
    """The same with nothing but PHP and its `$_POST`."""
    with php_server(tool("php"), PHP) as site:
        story = texted(client, "naïve & <b>", url=f"{site}/application.php")
    [reply] = story["replies"]
    assert in_short(reply) == (QUIET_NUMBER, HANDSET, f"naïve & <b>, said {HANDSET}", "reply")


def test_an_answer_may_name_recipient_sender_and_result_url(client: Client, results: Receiver) -> None:
    """`to`, `from` and `result_url` of an `<sms_message>` are used when they are there."""
    document = f"""<?xml version="1.0"?>
        <reply>
          <sms_message to="(212) 555-0147" from="{NUMBER}" result_url="{results.url}/r?x=1&amp;y=2">Other</sms_message>
          <sms_message>Back</sms_message>
        </reply>"""
    story = answered(client, document)
    first, second = story["replies"]
    assert in_short(first) == (NUMBER, "12125550147", "Other", "reply")
    assert in_short(second) == (QUIET_NUMBER, HANDSET, "Back", "reply")
    assert [(hit.path, *hit.status) for hit in results.wait_for(2)] == [
        ("/r?x=1&y=2", first["sms_message_id"], "sent"),
        ("/r?x=1&y=2", first["sms_message_id"], "received"),
    ]


def test_one_bad_message_of_an_answer_is_kept_as_failed_and_the_others_go_out(client: Client) -> None:
    """A recipient that is no number, a sender that is somebody else's, a text that is empty."""
    story = answered(
        client,
        '<reply><sms_message to="12">A</sms_message><sms_message from="12125550100">B</sms_message>'
        "<sms_message> </sms_message><sms_message>Good</sms_message></reply>",
    )
    assert [(reply["status"], reply["reason"]) for reply in story["replies"][:3]] == [
        ("failed", "to: '12' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123"),
        ("failed", f"from: 12125550100 is not one of the account's SMS numbers: {NUMBER}, {QUIET_NUMBER}"),
        ("failed", "the text of the sms_message is empty"),
    ]
    assert in_short(story["replies"][3]) == (QUIET_NUMBER, HANDSET, "Good", "reply")


def test_an_empty_reply_sends_nothing_and_is_no_error(client: Client) -> None:
    """The minimum is an empty `<reply/>`."""
    story = answered(client, "<reply/>")
    assert (story["status"], story["reason"], story["replies"]) == ("received", None, [])


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(
            "<reply>\n  <sms_message>Hi</sms>\n</reply>",
            "line 2, column 20: not well-formed XML: mismatched tag; an answer is an XML document, at least <reply/>",
            id="mismatched tag",
        ),
        pytest.param(
            "<reply>\n  <sms>Hi</sms>\n</reply>",
            "line 2, column 3: not valid against the SMS Reply Schema: Unexpected child with tag 'sms' at position 1; "
            "expected <reply> without attributes, holding nothing but <sms_message> elements",
            id="unknown element",
        ),
        pytest.param(
            "Thank you!",
            "line 1, column 1: not well-formed XML: syntax error; plain text was answered; "
            "an answer is an XML document, at least <reply/>",
            id="plain text",
        ),
        pytest.param("", "the answer is empty; an answer is an XML document, at least <reply/>", id="nothing"),
        pytest.param(
            '<!DOCTYPE reply [<!ENTITY x SYSTEM "file:///etc/passwd">]><reply><sms_message>&x;</sms_message></reply>',
            "line 1, column 17: the answer has a document type declaration (<!DOCTYPE …>); "
            "leave it out: declarations and entity definitions are refused",
            id="entity definition",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_leaves_a_reason_to_act_on(client: Client, document: str, reason: str) -> None:
    """Nothing is sent, the inbound message stays `received`, and the reason says where and why."""
    story = answered(client, document)
    assert (story["status"], story["reason"], story["replies"]) == ("received", reason, [])
    assert story["exchanges"][0]["answer"]["body"] == document


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_an_answer_other_than_2xx_is_not_used(client: Client, status: int) -> None:
    """However good its XML is; and a redirect is not followed."""
    headers = {"Location": "/elsewhere"} if status == 302 else {}
    story = answered(client, "<reply><sms_message>Hi</sms_message></reply>", status=status, headers=headers)
    reason = f"the application's answer is not used: answered {status}, a 2xx was expected"
    assert (story["reason"], story["replies"]) == (reason, [])


def test_an_application_that_is_not_there_leaves_a_reason(client: Client) -> None:
    """The reason names the address that did not answer."""
    port = closed_port()
    reason = texted(client, "Hello", url=f"http://127.0.0.1:{port}/sms")["reason"]
    assert reason.startswith("the application's answer is not used: ")
    assert f"127.0.0.1:{port}" in reason


def test_an_application_that_is_too_slow_leaves_a_reason_and_delays_no_other() -> None:
    """After the time-out nothing that it answers is used; meanwhile the other number's application answers."""
    with dead_receiver() as slow, emulator(*QUICK, "--application-timeout", "0.6") as running:
        client = running.client()
        client.set_application(QUIET_NUMBER, f"{slow}/sms")
        with watching(client) as watch:
            first = client.receive(from_=HANDSET, to=NUMBER, body="HELLO")["sms_message_id"]
            watch.answer(first)  # the first answer waits for the schema to be loaded
            stuck = client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Hello")["sms_message_id"]
            quick = client.receive(from_=HANDSET, to=NUMBER, body="HELLO")["sms_message_id"]
            watch.answer(stuck)
        order = [event["message"]["sms_message_id"] for event in watch.seen if event["event"] == "answer"]
        assert order == [first, quick, stuck]
        assert client.story(stuck)["reason"] == "the application's answer is not used: no answer within 0.6 s"


def test_stop_start_and_help_do_what_carriers_do(client: Client) -> None:
    """STOP and START are forwarded to the application, HELP is not; in between, texts are undelivered."""
    bodies = []
    app = Flask(__name__)

    @app.post("/sms")
    def sms() -> str:
        bodies.append(request.form["body"])
        return "<reply/>"

    def sent() -> tuple[str, str | None]:
        with watching(client) as watch:
            [message] = client.queue(to=HANDSET, from_=QUIET_NUMBER, body="Hello")
            end = watch.until(
                lambda event: (
                    event["event"] == "status"
                    and event["message"]["sms_message_id"] == message["sms_message_id"]
                    and event["message"]["status"] in ("received", "undelivered")
                ),
                "the final status",
            )
        return end["message"]["status"], end["message"]["notification"]

    with serving(app) as site:
        stop = texted(client, " stop ", url=f"{site}/sms")
        while_out = sent()
        start = texted(client, "Unstop", url=f"{site}/sms")
        help_ = client.receive(from_=HANDSET, to=QUIET_NUMBER, body="HELP")

    assert bodies == [" stop ", "Unstop"]
    assert while_out == ("undelivered", "Attempt to send to unsubscribed recipient")
    assert sent() == ("received", None)
    assert automatic(stop) == (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    )
    assert automatic(start) == (
        "You have successfully been re-subscribed to messages from this number. "
        "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    )
    assert automatic(client.story(help_["sms_message_id"])) == "Reply STOP to unsubscribe. Msg&Data Rates May Apply"
