"""Accounts that are asked for while the emulator runs: what can be said, and what each mistake is told."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plum_emulator.clock import Timing
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Number, Options, Seed
from plum_emulator.scenario.wanted import Wanted, read_account, read_clock, read_lease

URL = "http://127.0.0.1:8000/sms"
USUAL = {"username": "clinic", "password": "secret", "numbers": ["617-555-0101"]}


def test_a_lease_may_leave_everything_out() -> None:
    assert read_lease({}) == Wanted(seed=Seed(username="", password=""))


def test_a_lease_may_say_everything() -> None:
    asked = {
        "username": "clinic",
        "password": "secret",
        "numbers": 3,
        "application_url": URL,
        "demo": True,
        "opted_out": "detailed",
        "clock": "manual",
        "seed": "a test",
        "lifetime": 1.5,
        "sent_after": 0,
        "received_after": 0.5,
        "callback_timeout": 3,
        "application_timeout": 4,
        "callback_attempts": 5,
        "callback_backoff": 6,
    }
    assert read_lease(asked) == Wanted(
        seed=Seed(
            username="clinic",
            password="secret",
            demo=True,
            opted_out="detailed",
            options=Options(
                sent_after=0.0,
                received_after=0.5,
                callback_timeout=3.0,
                application_timeout=4.0,
                callback_attempts=5,
                callback_backoff=6.0,
            ),
            clock=Timing(mode="manual"),
        ),
        count=3,
        application_url=URL,
        own_seed="a test",
        lifetime=1500,
    )


def test_numbers_may_be_words_or_objects() -> None:
    asked = {
        **USUAL,
        "application_url": URL,
        "numbers": [
            "617-555-0101",
            {"number": "16175550102", "application_url": ""},
            {"number": "16175550199", "pci": True},
        ],
    }
    assert read_account(asked).seed.numbers == (
        Number(number="16175550101", application_url=URL),
        Number(number="16175550102"),
        Number(number="16175550199", pci=True),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"username": None}, "'username' is missing", id="no login"),
        pytest.param({"numbers": 2}, "'numbers' is 2, but a list of numbers was expected", id="a count"),
        pytest.param({"numbers": []}, "'numbers' is [], but how many, or a list of 1 to 100 numbers,", id="no number"),
        pytest.param({"numbers": ["x"]}, "number 1: 'x' is not a phone number", id="not a number"),
        pytest.param({"numbers": [5]}, "number 1: an object was expected, not 5", id="a number as a number"),
        pytest.param(
            {"numbers": ["6175550101", "+16175550101"]}, "number 16175550101 is there twice", id="a number twice"
        ),
        pytest.param(
            {"numbers": [{"number": "6175550101", "pci": True}]}, "all numbers are PCI numbers", id="PCI numbers alone"
        ),
        pytest.param({"username": "a:b"}, "'username' is 'a:b', but a login of at most 100 characters", id="a colon"),
        pytest.param({"username": ""}, "'username' is '', but a login was expected", id="an empty login"),
        pytest.param({"username": "a/b"}, "'username' is 'a/b', but a login of at most 100 characters", id="a slash"),
        pytest.param({"username": ".."}, "'username' is '..', but a login of at most 100 characters", id="dots"),
        pytest.param({"application_url": "ftp://x"}, "application_url is 'ftp://x': an http://", id="no http"),
        pytest.param({"opted_out": "never"}, "'opted_out' is 'never', which is unknown", id="unknown mode"),
        pytest.param({"lifetime": 5}, "'lifetime' is unknown", id="only leases have a life-time"),
        pytest.param({"callback_attempt": 5}, "'callback_attempt' is unknown", id="nearly an option"),
        pytest.param(
            {"callback_attempts": 1.5}, "'callback_attempts' is 1.5, but a whole number", id="half an attempt"
        ),
    ],
)
def test_a_mistake_is_told(change: dict[str, Any], message: str) -> None:
    with pytest.raises(NotPossible) as caught:
        read_account({**USUAL, **change})
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("value", "timing"),
    [
        pytest.param("real", Timing(), id="real"),
        pytest.param("60x", Timing(mode="scaled", rate=60), id="scaled"),
        pytest.param({"mode": "manual", "now": 1.5}, Timing(mode="manual", instant=1500), id="from unix seconds on"),
        pytest.param(
            {"mode": "scaled", "rate": 0.5, "now": "1970-01-01T01:00:00+01:00"},
            Timing(mode="scaled", rate=0.5, instant=0),
            id="from an instant on",
        ),
    ],
)
def test_a_clock_is_a_word_or_an_object(value: object, timing: Timing) -> None:
    assert read_clock(value) == timing


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param("slow", "'slow' is not a clock", id="unknown word"),
        pytest.param("0x", "'0x' is not a clock", id="a clock that stands still is manual"),
        pytest.param({}, "clock: 'mode' is missing", id="no mode"),
        pytest.param({"mode": "scaled"}, "a scaled clock needs a rate", id="no rate"),
        pytest.param({"mode": "manual", "rate": 2}, "a manual clock has no rate", id="a rate too many"),
        pytest.param({"mode": "manual", "now": "today"}, "'today' is not an instant", id="no instant"),
        pytest.param(
            {"mode": "manual", "now": "2026-01-31T12:00:00"}, "'2026-01-31T12:00:00' has no zone", id="no zone"
        ),
        pytest.param({"mode": "manual", "now": -1}, "clock: 'now' is -1, but an instant", id="before 1970"),
        pytest.param({"mode": "manual", "now": True}, "clock: 'now' is true, but an instant", id="true"),
        pytest.param(7, "clock: an object was expected, not 7", id="a number"),
    ],
)
def test_what_is_no_clock_is_told(value: object, message: str) -> None:
    with pytest.raises(NotPossible) as caught:
        read_clock(value)
    assert caught.value.message.startswith(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(("username", "numbers", "clock", "lifetime", "sent_after", "seed")), JSON))
def test_whatever_is_asked_for_is_a_lease_or_refused(asked: dict[str, Any]) -> None:
    with contextlib.suppress(NotPossible):
        assert read_lease(asked).seed.username == (asked.get("username") or "")
