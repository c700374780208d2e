"""Texts between emulated numbers, and the demo application."""

from __future__ import annotations

import pytest

from helpers.programs import HANDSET, NUMBER, QUIET_NUMBER, Emulator, emulator, run
from helpers.watching import watching

pytestmark = pytest.mark.journey
DEMO_ACCOUNTS_NUMBER = "12125550100"


def test_a_text_from_one_number_to_another_arrives_and_is_answered(shared: Emulator) -> None:
    """Out as `outbound`, in as `inbound`, back as `reply`, in again."""
    client = shared.client()
    with watching(client) as watch:
        client.queue(to=NUMBER, from_=QUIET_NUMBER, body="HELLO")
        watch.until(
            lambda event: (
                event["event"] == "status"
                and event["message"]["type"] == "inbound"
                and event["message"]["to"] == QUIET_NUMBER
            ),
            "the reply arrives",
        )
    log = [(message["type"], message["from"], message["to"], message["body"]) for message in reversed(client.log())]
    hello = "Hello! Text MENU to see what I know."
    assert log == [
        ("outbound", QUIET_NUMBER, NUMBER, "HELLO"),
        ("inbound", QUIET_NUMBER, NUMBER, "HELLO"),
        ("reply", NUMBER, QUIET_NUMBER, hello),
        ("inbound", NUMBER, QUIET_NUMBER, hello),
    ]


def test_two_demo_applications_do_not_text_each_other_for_ever() -> None:
    """Both numbers have the demo application behind them; an echo is not echoed."""
    with emulator("--sent-after", "0", "--received-after", "0") as running:
        mine, theirs = running.client(), running.client("demo", "demo")
        with watching(mine) as watch:
            mine.queue(to=DEMO_ACCOUNTS_NUMBER, from_=NUMBER, body="Anybody?")
            watch.until(lambda event: event["event"] == "answer", "the answer to the echo")
        texts = [(message["type"], message["body"]) for message in (*mine.log(), *theirs.log())]
    echo = "You said: Anybody?. Text MENU to see what I know."
    assert sorted(texts) == sorted(
        [("outbound", "Anybody?"), ("inbound", "Anybody?"), ("reply", echo), ("inbound", echo)]
    )


@pytest.mark.parametrize(
    ("text", "code", "output"),
    [
        pytest.param("HELLO", 0, f"{NUMBER}: Hello! Text MENU to see what I know.", id="a reply"),
        pytest.param("TWICE", 0, f"{NUMBER}: One.\n{NUMBER}: Two.", id="two replies"),
        pytest.param("NOTHING", 0, "The application answered with no message.", id="none"),
        pytest.param("HELP", 0, f"{NUMBER}: Reply STOP to unsubscribe. Msg&Data Rates May Apply", id="a keyword"),
        pytest.param(
            "BROKEN",
            1,
            "plum-emulator: no reply: line 2, column 3: not valid against the SMS Reply Schema: Unexpected child with "
            "tag 'sms' at position 1; expected <reply> without attributes, holding nothing but <sms_message> elements",
            id="a bad answer",
        ),
    ],
)
def test_the_demo_application_answers_a_handset_in_the_terminal(
    shared: Emulator, text: str, code: int, output: str
) -> None:
    """`plum-emulator receive` is a handset: it shows what comes back."""
    ran = run("receive", text, "--from", HANDSET, "--url", shared.url)
    assert (ran.returncode, ran.stdout + ran.stderr) == (code, output + "\n")


def test_a_long_reply_reaches_the_handset_in_parts(shared: Emulator) -> None:
    """Each part is a text of its own."""
    lines = run("receive", "LONG", "--from", HANDSET, "--url", shared.url).stdout.splitlines()
    texts = [line.removeprefix(f"{NUMBER}: ") for line in lines]
    assert [len(text) for text in texts] == [160, 55]
    assert "".join(texts) == ("Words upon words. " * 12).strip()
