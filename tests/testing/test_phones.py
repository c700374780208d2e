"""Phones: texts from a person, and what arrives on the handset."""

from __future__ import annotations

import pytest

from helpers.programs import HANDSET
from plum_emulator.errors import InvalidNumber
from plum_emulator.testing import InboundText, Phone, Plum, PlumFailure

OTHER = "16175550124"


def send(plum: Plum, body: str, *, to: str = HANDSET) -> None:
    """Queue a message, as an application does."""
    plum.client.queue(to=to, from_=plum.number, body=body)


@pytest.fixture
def phone(plum: Plum) -> Phone:
    """A handset."""
    return plum.phone(HANDSET)


@pytest.mark.parametrize("written", ["16175550123", "6175550123", "+1 (617) 555-0123"])
def test_a_number_is_written_in_any_usual_way(plum: Plum, written: str) -> None:
    """They are all the same handset."""
    assert plum.phone(written).number == HANDSET


def test_what_is_no_number_is_refused(plum: Plum) -> None:
    """At once, and not when it receives nothing."""
    with pytest.raises(InvalidNumber, match="'911' is not a phone number"):
        plum.phone("911")


def test_a_text_reaches_the_application_before_the_next_line(plum: Plum, phone: Phone) -> None:
    """On a manual clock the application has answered when `texts` returns; time has not moved."""
    heard: list[InboundText] = []
    plum.application(heard.append)
    before = plum.now

    message = phone.texts("Hello & <goodbye> \N{PILE OF POO}")

    expected = InboundText(id=message.id, to=plum.number, from_=HANDSET, body="Hello & <goodbye> \N{PILE OF POO}")
    assert heard == [expected]
    assert (message.type, message.to, str(message), plum.now) == ("inbound", plum.number, expected.body, before)


def test_a_text_may_be_left_under_way(plum: Plum, phone: Phone) -> None:
    """With `settle=False` it is posted when the clock is asked next."""
    heard: list[InboundText] = []
    plum.application(heard.append)

    phone.texts("Hello", settle=False)
    before = list(heard)
    plum.settle()

    assert (before, [text.body for text in heard]) == ([], ["Hello"])


@pytest.mark.plum(numbers=2)
def test_a_text_goes_to_the_number_that_it_names(plum: Plum, phone: Phone) -> None:
    """The first by default."""
    second = plum.numbers[1]

    assert (phone.texts("Hi").to, phone.texts("Hi", to=second).to) == (plum.number, second)


def test_the_inbox_has_what_was_delivered_and_nothing_else(plum: Plum, phone: Phone) -> None:
    """Not what is under way, nor what failed, nor what went to another handset."""
    send(plum, "Before")
    send(plum, "For another", to=OTHER)
    under_way = phone.inbox
    plum.advance("5s")
    plum.fail_to(HANDSET)
    send(plum, "Lost")
    plum.advance("5s")

    assert (under_way, [text.body for text in phone.inbox]) == ([], ["Before"])
    assert (phone.last.body, phone.last.from_, phone.last.to) == ("Before", plum.number, HANDSET)
    assert str(phone.last) == "Before"


def test_the_inbox_has_the_carriers_own_texts(plum: Plum, phone: Phone) -> None:
    """STOP and START are answered by the platform."""
    phone.texts("STOP")
    phone.texts("START")

    assert [(text.automatic, text.from_, text.body.partition(" ")[0]) for text in phone.inbox] == [
        (True, plum.number, "You"),
        (True, plum.number, "You"),
    ]


def test_the_last_text_of_an_empty_inbox_is_a_failure(phone: Phone) -> None:
    """With what to do about it."""
    with pytest.raises(PlumFailure, match=r"nothing has arrived on the phone 16175550123; move the clock"):
        _ = phone.last


def test_waiting_for_a_text_delivers_it(plum: Plum, phone: Phone) -> None:
    """On a manual clock what is under way is delivered first."""
    send(plum, "Your code is 123456")
    send(plum, "Other", to=OTHER)

    message = phone.wait_for("code", extract="code")

    assert (message.extracted, message.status, phone.last.body) == ("123456", "received", "Your code is 123456")


def test_waiting_for_a_text_that_does_not_come_tells_the_nearest(plum: Plum, phone: Phone) -> None:
    """It fails like any expectation."""
    send(plum, "Your cod is 123456")

    with pytest.raises(PlumFailure, match=r"nearest:\n .*Your cod is 123456"):
        phone.wait_for("code", timeout=0)


def test_waiting_in_real_time_waits(plum_real_time: Plum) -> None:
    """There the clock is nobody's."""
    send(plum_real_time, "Hello")

    assert plum_real_time.phone(HANDSET).wait_for(body="Hello").status == "received"


def test_a_conversation_goes_both_ways(plum: Plum, phone: Phone) -> None:
    """Each line of it, whatever became of it, and no other handset's."""
    plum.application(lambda text: [f"first to {text}", f"second to {text}"])
    phone.texts("A")
    plum.phone(OTHER).texts("B")
    plum.advance("5s")

    assert [text.body for text in phone.conversation] == ["A", "first to A", "second to A"]


def test_several_phones_have_an_inbox_each(plum: Plum) -> None:
    """Twenty people talk at once, and each reads answers to their own words alone."""
    plum.application(lambda text: f"{text}, {text.from_}")
    phones = [plum.phone(f"1617555{n:04}") for n in range(200, 220)]

    for phone in phones:
        phone.texts("Hello", settle=False)
    plum.deliver()

    assert [[text.body for text in phone.inbox] for phone in phones] == [[f"Hello, {phone.number}"] for phone in phones]
