"""Each command that calls an emulator: what a person reads, and what a program reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.commands import Ran, Run
from helpers.programs import HANDSET, NUMBER, QUIET_NUMBER
from helpers.receivers import dead_receiver
from helpers.watching import watching
from plum_emulator.client import Client


def values(ran: Ran) -> list[dict[str, Any]]:
    """JSON lines."""
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


def settled(client: Client, run: Run, *arguments: str) -> list[dict[str, Any]]:
    """What `send --json` shows, once each of these messages has its last status."""
    with watching(client) as watch:
        parts = values(run("send", *arguments, "--json"))
        for part in parts:
            watch.status(part["sms_message_id"], "received")
    return parts


def line_of(message: dict[str, Any]) -> str:
    """How a message is listed."""
    return (
        f"{message['sms_message_id']}  {message['type']:<8}  {message['status']:<11}  "
        f"{message['from']} > {message['to']}  {message['body']}"
    )


def test_send_queues_a_message_from_the_first_number(run_there: Run, client: Client) -> None:
    ran = run_there("send", "Hello", "--to", HANDSET)
    [message] = client.messages()
    assert ran == Ran(0, out=f"queued {message['sms_message_id']} to {HANDSET}\n")
    assert (message["from"], message["to"], message["body"]) == (NUMBER, HANDSET, "Hello")


def test_send_takes_another_number_and_a_result_url(run_there: Run) -> None:
    [part] = values(
        run_there(
            *("send", "Hello", "--to", "+1 (617) 555-0123", "--from", QUIET_NUMBER),
            *("--result-url", "http://127.0.0.1:1/r", "--json"),
        )
    )
    assert part == {
        "sms_message_id": part["sms_message_id"],
        "to": "+1 (617) 555-0123",
        "from": QUIET_NUMBER,
        "body": "Hello",
        "request_timestamp": part["request_timestamp"],
        "result_url": "http://127.0.0.1:1/r",
        "status": "queued",
    }


def test_send_shows_each_part_of_a_long_message(run_there: Run, client: Client) -> None:
    ran = run_there("send", "x" * 200, "--to", HANDSET)
    ids = [message["sms_message_id"] for message in client.messages(sort="asc")]
    assert ran == Ran(0, out="".join(f"queued {id_} to {HANDSET}\n" for id_ in ids))
    assert len(ids) == 2


def test_status_shows_one_message(run_there: Run, client: Client) -> None:
    [sent] = settled(client, run_there, "Hello", "--to", HANDSET)
    message = {**sent, "status": "received", "type": "outbound"}
    assert run_there("status", sent["sms_message_id"]) == Ran(0, out=line_of(message) + "\n")
    assert values(run_there("status", sent["sms_message_id"], "--json")) == [message]


def test_messages_lists_the_log_newest_first(run_there: Run, client: Client) -> None:
    settled(client, run_there, "First", "--to", HANDSET)
    client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Second")
    log = client.messages()
    assert [message["body"] for message in log] == ["Second", "First"]
    assert run_there("messages") == Ran(0, out="".join(line_of(message) + "\n" for message in log))
    assert values(run_there("messages", "--json")) == log


@pytest.mark.parametrize(
    ("filters", "bodies"),
    [
        (["--type", "inbound"], ["In"]),
        (["--type", "outbound", "--sort", "asc"], ["Out", "Other"]),
        (["--number", HANDSET], ["In", "Out"]),
        (["--number", QUIET_NUMBER, "--number-type", "account", "--type", "outbound"], ["Other"]),
        (["--offset", "2", "--limit", "50"], ["Out"]),
    ],
    ids=["type", "sort", "number", "number type", "offset"],
)
def test_messages_passes_its_filters_on(run_there: Run, client: Client, filters: list[str], bodies: list[str]) -> None:
    client.queue(to=HANDSET, from_=NUMBER, body="Out")
    client.queue(to="12125550123", from_=QUIET_NUMBER, body="Other")
    client.receive(from_=HANDSET, to=QUIET_NUMBER, body="In")
    assert [message["body"] for message in values(run_there("messages", *filters, "--json"))] == bodies


def test_conversation_shows_two_numbers_oldest_first(run_there: Run, client: Client) -> None:
    settled(client, run_there, "Hello", "--to", HANDSET, "--from", QUIET_NUMBER)
    client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Hi")
    client.receive(from_="12125550123", to=QUIET_NUMBER, body="Elsewhere")
    both = client.conversation(QUIET_NUMBER, HANDSET)
    assert [message["body"] for message in both] == ["Hello", "Hi"]
    assert run_there("conversation", QUIET_NUMBER, HANDSET) == Ran(
        0, out="".join(line_of(message) + "\n" for message in both)
    )
    assert values(run_there("conversation", HANDSET, QUIET_NUMBER, "--json")) == both


def test_receive_shows_what_the_handset_gets(run_there: Run, client: Client) -> None:
    assert run_there("receive", "TWICE", "--from", HANDSET) == Ran(0, out=f"{NUMBER}: One.\n{NUMBER}: Two.\n")
    texts = values(run_there("receive", "TWICE", "--from", HANDSET, "--json"))
    stories = [client.story(text["sms_message_id"]) for text in texts]
    assert [text["body"] for text in texts] == [story["body"] for story in stories] == ["One.", "Two."]


def test_receive_shows_an_automatic_text(run_there: Run) -> None:
    """STOP is answered by the carrier, and the demo application says nothing more."""
    bye = (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    )
    assert run_there("receive", "STOP", "--from", HANDSET) == Ran(0, out=f"{NUMBER}: {bye}\n")


def test_receive_says_that_the_application_said_nothing(run_there: Run) -> None:
    """As JSON, nothing is nothing."""
    assert run_there("receive", "NOTHING", "--from", HANDSET) == Ran(
        0, out="The application answered with no message.\n"
    )
    assert run_there("receive", "NOTHING", "--from", HANDSET, "--json") == Ran(0)


def test_receive_waits_no_longer_than_it_was_told_to(run_there: Run, client: Client) -> None:
    """The application has the text, and takes its time."""
    with dead_receiver() as slow:
        client.set_application(QUIET_NUMBER, slow)
        ran = run_there("receive", "Hello", "--from", HANDSET, "--to", QUIET_NUMBER, "--timeout", "0.3")
    why = "plum-emulator: the application has not answered yet; wait longer with --timeout\n"
    assert ran == Ran(1, err=why)


def test_readyz_says_so(run_there: Run) -> None:
    assert run_there("readyz") == Ran(0, out="ready\n")


def test_an_argument_that_is_not_utf_8_goes_out_with_its_bytes(run_there: Run, client: Client) -> None:
    """They are read as Windows-1252, like any client's."""
    assert run_there("send", "na\udcefve", "--to", HANDSET).code == 0
    assert [message["body"] for message in client.messages()] == ["naïve"]
