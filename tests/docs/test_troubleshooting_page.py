"""docs/troubleshooting.md names what is really said."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House
from helpers.manual.pages import page
from plum_emulator.engine.lifecycle import NOT_POSTED
from plum_emulator.errors import PlumEmulatorError
from plum_emulator.model.exchanges import Outcome
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.server import Server
from plum_emulator.settings import Settings
from plum_emulator.store.store import Store

PAGE = page("docs/troubleshooting.md")


def names(section: str, said: str) -> bool:
    """Whether a row of the section's table begins with these words, `…` standing for anything."""
    rows = ["".join(re.findall("`([^`]+)`", next(iter(row.values())))) for row in PAGE.section(section).table]
    return any(re.fullmatch(".*".join(map(re.escape, row.split("…"))), said) for row in rows if row)


@pytest.fixture
def caller(house: House) -> Iterator[Caller]:
    caller = Caller(house)
    yield caller
    caller.close()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("Authorization", "Bearer token")], id="not Basic"),
        pytest.param([("Authorization", "Basic dXNlcm5hbWU6c2VjcmV0")], id="wrong password"),
    ],
)
def test_every_cause_of_a_401_is_named(caller: Caller, headers: list[tuple[str, str]]) -> None:
    assert caller.get("/ws/sms/messages.json", login=None, headers=headers).status == 401
    outcome = caller.get("/_plum/exchanges?nobody=1").values["exchanges"][0]["outcome"]
    assert names("401 from a service", outcome.partition(": ")[2])


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(status=200),
        Outcome(status=500),
        Outcome(error=f"no answer within {Settings().callback_timeout:g} s"),
    ],
    ids=Outcome.in_words,
)
def test_every_end_of_a_callback_is_named(outcome: Outcome) -> None:
    assert names("My callback did not arrive", outcome.in_words())


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        pytest.param("HELP", Outcome(status=200), id="a HELP word"),
        pytest.param("Hello", Outcome(status=500), id="an application that fails"),
        pytest.param(
            "Hello", Outcome(status=200, body=b"<reply>\n  <sms/>\n</reply>"), id="an answer that is not valid"
        ),
    ],
)
def test_every_reason_for_no_reply_is_named(house: House, body: str, answer: Outcome) -> None:
    house.transport.answer = lambda _request: answer
    message = house.platform.receive(house.account, to=MINE, from_=HANDSET, body=body)
    house.advance()
    reason = house.platform.message(house.account, message.sms_message_id).reason
    assert names("My reply was not sent", reason or "")


def test_number_without_an_application_is_named() -> None:
    assert names("My reply was not sent", NOT_POSTED)


def test_every_reason_not_to_start_is_named(tmp_path: Path) -> None:
    for error in (*_no_port(), *_no_database(tmp_path / "plum.db"), *_no_accounts(tmp_path / "missing.toml")):
        assert names("It does not start", error.message), error.message


def _no_port() -> Iterator[PlumEmulatorError]:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PlumEmulatorError) as caught:
        Server(Settings(port=taken.getsockname()[1]))
    yield caught.value


def _no_database(path: Path) -> Iterator[PlumEmulatorError]:
    store = Store(path)
    with pytest.raises(PlumEmulatorError) as caught:
        Store(path)
    yield caught.value
    store.database.db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('plum_emulator', '9999', '')"
    )
    store.close()
    with pytest.raises(PlumEmulatorError) as caught:
        Store(path)
    yield caught.value


def _no_accounts(path: Path) -> Iterator[PlumEmulatorError]:
    with pytest.raises(PlumEmulatorError) as caught:
        read_seeds(path)
    yield caught.value
