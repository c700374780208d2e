"""What is gathered of a session: everything that a test needs which does the same once more."""

from __future__ import annotations

import pytest

from helpers.house import HANDSET, MINE, OTHER, House
from plum_emulator.engine.retelling import session_of
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.messages import Message
from plum_emulator.model.texts import AUTOMATIC_TEXTS
from plum_emulator.wire.sessions import Session

BASE = "http://127.0.0.1:7586"
SECOND_HANDSET = "12125550124"


def gathered(house: House, handset: str = "") -> Session:
    return session_of(house.platform, house.account, base=BASE, handset=handset)


def delivered(house: House) -> None:
    """Everything that is under way happens."""
    while house.transport.deliver():
        house.advance(5_000)


def answering(house: House, body: str) -> None:
    """The application answers with a text from now on."""
    document = f"<reply><sms_message>{body}</sms_message></reply>".encode()
    house.transport.answer = lambda _request: Outcome(status=200, body=document)


def doubt(house: House, message: Message) -> str:
    return gathered(house).doubts.get(message.seq, "")


def test_a_session_has_its_messages_and_automatic_texts(house: House) -> None:
    """Oldest first; how they ended is in them."""
    answering(house, "Hello!")
    first = house.receive("HELLO")
    house.advance()
    delivered(house)
    stop = house.receive("STOP")
    house.advance()
    delivered(house)
    session = gathered(house)
    assert [(each.type, each.body, each.status) for each in session.messages] == [
        ("inbound", "HELLO", "received"),
        ("reply", "Hello!", "received"),
        ("inbound", "STOP", "received"),
        ("reply", "Hello!", "undelivered"),
    ]
    assert session.messages[1].in_reply_to == first.seq
    assert dict(session.automatic) == {stop.seq: (AUTOMATIC_TEXTS["stop"],)}
    assert (dict(session.doubts), session.notes, session.numbers) == ({}, (), tuple(house.account.numbers.values()))


def test_of_a_long_session_only_what_is_whole_is_there(house: House) -> None:
    """Where answers to a text, or parts of a message, come beyond the limit, it is not there, nor what follows it."""
    answering(house, "Hello!")
    for word in ("one", "two"):
        house.receive(word)
    house.advance()
    delivered(house)
    house.queue(body="x" * 400)

    def told(most: int) -> tuple[list[str], bool]:
        session = session_of(house.platform, house.account, base=BASE, most=most)
        return [each.body[:3] for each in session.messages], session.went_on

    assert told(7) == (["one", "two", "Hel", "Hel", "xxx", "xxx", "xxx"], False)
    assert told(6) == (["one", "two", "Hel", "Hel"], True)
    assert told(4) == (["one", "two", "Hel", "Hel"], True)
    assert told(3) == (["one", "Hel"], True)
    assert told(2) == ([], True)


def test_a_message_under_way_counts_as_what_it_is_going_to_be(house: House) -> None:
    """Nobody has to wait for its delivery; what stays as it is stays so."""
    house.queue("now")
    house.queue("never", to="16175550155")
    house.queue("fails", to="16175550151")
    assert [each.status for each in gathered(house).messages] == ["received", "queued", "failed"]


def test_a_text_that_is_not_answered_yet_is_in_doubt(house: House) -> None:
    message = house.receive("HELLO")
    assert doubt(house, message) == "the application had not answered yet"


def test_a_text_that_the_application_did_not_answer_is_in_doubt(house: House) -> None:
    house.transport.answer = lambda _request: Outcome(error="connection refused")
    message = house.receive("HELLO")
    house.advance()
    delivered(house)
    assert doubt(house, message) == "the application's answer is not used: connection refused"


def test_an_answer_that_cannot_be_used_is_in_no_doubt(house: House) -> None:
    """It is what the application answers, and nothing comes of it the next time either."""
    house.transport.answer = lambda _request: Outcome(status=200, body=b"<html/>")
    message = house.receive("HELLO")
    house.advance()
    delivered(house)
    assert doubt(house, message) == ""


def test_a_text_from_before_the_application_was_set_is_in_doubt(house: House) -> None:
    """The test sets it at the beginning."""
    house.platform.set_application(house.account, MINE, "")
    message = house.receive("HELLO")
    house.advance()
    assert doubt(house, message) == ""
    house.platform.set_application(house.account, MINE, "http://127.0.0.1:8000/other")
    assert doubt(house, message) == "it was not posted to an application"


def test_a_text_that_went_to_another_application_is_in_doubt(house: House) -> None:
    message = house.receive("HELLO")
    house.advance()
    delivered(house)
    house.platform.set_application(house.account, MINE, "http://127.0.0.1:8000/other")
    assert doubt(house, message) == "it was posted to http://127.0.0.1:8000/sms"


def test_help_is_in_no_doubt_though_nobody_was_asked(house: House) -> None:
    """The carrier answers it by itself."""
    assert doubt(house, house.receive("HELP")) == ""


@pytest.mark.parametrize("operation", ["queue", "inbound"])
def test_what_a_rule_had_a_hand_in_is_in_doubt(house: House, operation: str) -> None:
    then = {"outcome": "failed"} if operation == "queue" else {"inbound_twice": True}
    house.emulator.rules.put(house.account, {"when": {"operation": operation}, "then": then})
    answering(house, "Hello!")
    message = house.receive("HELLO")
    house.advance()
    delivered(house)
    assert doubt(house, message) == "it was changed by rule-1, and the test has no rules"


def test_a_session_may_be_one_handsets(house: House) -> None:
    """With what others got because of it."""
    document = f'<reply><sms_message to="{SECOND_HANDSET}">A guest.</sms_message></reply>'.encode()
    house.transport.answer = lambda _request: Outcome(status=200, body=document)
    house.receive("HELLO")
    house.advance()
    delivered(house)
    house.queue("to another", to=SECOND_HANDSET)
    assert [each.body for each in gathered(house, HANDSET).messages] == ["HELLO", "A guest."]


def test_numbers_of_other_accounts_are_told_apart(house: House) -> None:
    house.queue("over there", to=OTHER)
    house.queue("to a handset")
    assert gathered(house).elsewhere == frozenset([OTHER])


def test_callbacks_that_are_held_are_noted(house: House) -> None:
    house.emulator.workbench.hold(house.account, timeout=None)
    assert gathered(house).notes == ("Callbacks of the session were held; here they are sent at once.",)
