"""Two applications, two logins, one server: neither ever sees the other's messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request

from helpers.applications import serving
from helpers.programs import HANDSET, QUICK, Emulator, emulator
from helpers.receivers import receiver
from helpers.watching import Watch, watching
from plum_emulator.client import Client
from plum_emulator.errors import CallFailed

pytestmark = pytest.mark.journey

ACCOUNTS = """
[[accounts]]
username = "anna"
password = "one"
  [[accounts.numbers]]
  number = "16175550101"
  application_url = "{site}/anna"

[[accounts]]
username = "bert"
password = "two"
  [[accounts.numbers]]
  number = "16175550102"
  application_url = "{site}/bert"
"""


@pytest.fixture
def site() -> Iterator[str]:
    """One web site with an application for each of them, which says whose it is."""
    app = Flask(__name__)

    @app.post("/<name>")
    def sms(name: str) -> str:
        return f"<reply><sms_message>{name} heard {request.form['body']}</sms_message></reply>"

    with serving(app) as address:
        yield address


@pytest.fixture
def both(site: str, tmp_path: Path) -> Iterator[Emulator]:
    """An emulator with these two accounts."""
    file = tmp_path / "accounts.toml"
    file.write_text(ACCOUNTS.format(site=site))
    with emulator(*QUICK, "--accounts", str(file)) as running:
        yield running


def live(client: Client, watch: Watch, *, number: str, result_url: str) -> set[str]:
    """Send one message, receive one, and wait for everything that follows; the ids of all three."""
    [sent] = client.queue(to=HANDSET, from_=number, body="Hello", result_url=result_url)
    came = client.receive(from_=HANDSET, to=number, body="Hi")
    watch.answer(came["sms_message_id"])
    [reply] = client.story(came["sms_message_id"])["replies"]
    watch.callback(sent["sms_message_id"], "received")
    watch.status(reply["sms_message_id"], "received")
    assert reply["body"] == f"{client.username} heard Hi"
    return {sent["sms_message_id"], came["sms_message_id"], reply["sms_message_id"]}


def seen(client: Client, number: str) -> list[set[str]]:
    """The ids that each way of looking shows."""
    views = (client.messages(), client.conversation(number, HANDSET), client.log())
    return [{message["sms_message_id"] for message in view} for view in views]


def test_two_applications_see_only_their_own_messages(both: Emulator) -> None:
    """Every service, the log, the journal, the events and the callbacks: each has its own and nothing else."""
    anna, bert = both.client("anna", "one"), both.client("bert", "two")
    with (
        receiver() as annas,
        receiver() as berts,
        watching(anna) as over_anna,
        watching(bert) as over_bert,
    ):
        hers = live(anna, over_anna, number="16175550101", result_url=annas.url)
        his = live(bert, over_bert, number="16175550102", result_url=berts.url)

    assert seen(anna, "16175550101") == [hers] * 3
    assert seen(bert, "16175550102") == [his] * 3
    for watch, own in ((over_anna, hers), (over_bert, his)):
        assert {event["message"]["sms_message_id"] for event in watch.seen} <= own
    assert {hit.fields["sms_message_id"] for hit in annas.hits} < hers
    assert {hit.fields["sms_message_id"] for hit in berts.hits} < his
    for stranger, id_ in ((anna, next(iter(his))), (bert, next(iter(hers)))):
        with pytest.raises(CallFailed, match="Invalid 'sms_message_id'"):
            stranger.status(id_)
        with pytest.raises(CallFailed, match="has no message"):
            stranger.story(id_)


def test_a_number_of_the_other_account_can_be_neither_sender_nor_recipient_of_a_handset(both: Emulator) -> None:
    """A sender is one of one's own numbers, and so is the number that a handset texts."""
    anna = both.client("anna", "one")
    with pytest.raises(CallFailed, match="Invalid 'from' phone number"):
        anna.queue(to=HANDSET, from_="16175550102", body="Hello")
    with pytest.raises(CallFailed, match="16175550102 is not a number of account 'anna'"):
        anna.receive(from_=HANDSET, to="16175550102", body="Hello")


def test_resetting_one_account_leaves_the_other_as_it_is(both: Emulator) -> None:
    """`POST /_plum/reset` is one account's."""
    anna, bert = both.client("anna", "one"), both.client("bert", "two")
    anna.queue(to=HANDSET, from_="16175550101", body="Hers")
    bert.queue(to=HANDSET, from_="16175550102", body="His")
    anna.reset()
    assert [message["body"] for message in (*anna.messages(), *bert.messages())] == ["His"]


def test_one_number_texts_the_other_and_its_application_answers(both: Emulator) -> None:
    """A message to an emulated number arrives there as inbound; the reply comes back the same way."""
    anna, bert = both.client("anna", "one"), both.client("bert", "two")
    with watching(bert) as over_bert, watching(anna) as over_anna:
        anna.queue(to="16175550102", from_="16175550101", body="Hello Bert")
        arrived = over_bert.until(lambda event: event["event"] == "answer", "Bert's application answers")
        back = over_anna.until(
            lambda event: event["event"] == "status" and event["message"]["type"] == "inbound", "the reply arrives"
        )
    assert [(arrived["message"][name]) for name in ("from", "to", "body")] == [
        "16175550101",
        "16175550102",
        "Hello Bert",
    ]
    assert [back["message"][name] for name in ("from", "to", "body")] == [
        "16175550102",
        "16175550101",
        "bert heard Hello Bert",
    ]
