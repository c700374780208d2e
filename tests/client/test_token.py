"""A client of an emulator on another machine: it shows the token where that is asked for, and nowhere else."""

from __future__ import annotations

import copy
import pickle
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress

import pytest

from helpers.receivers import Answer, Hit, receiver
from plum_emulator.client import Client
from plum_emulator.errors import CallFailed, SettingsError

TOKEN = "sixteen-at-least"


def _events(client: Client) -> None:
    with client.events():
        """The stream ends at once."""


def _of_another_account(client: Client) -> None:
    client.as_account("second", password="secret").numbers()


CALLS: dict[str, Callable[[Client], object]] = {
    "health": Client.health,
    "ready": Client.ready,
    "accounts": Client.accounts,
    "export": Client.export,
    "events": _events,
    "another account": _of_another_account,
    "a copy": lambda client: copy.copy(client).health(),
    "a pickle": lambda client: pickle.loads(pickle.dumps(client)).health(),  # noqa: S301 # our own
}


def _asked(call: Callable[[Client], object], token: str) -> list[str | None]:
    """The Authorization headers that an emulator saw."""
    with receiver(lambda _hit: Answer(body=b'{"accounts": [], "numbers": []}')) as server:
        client = Client(url=server.url, token=token)
        with suppress(CallFailed):
            call(client)
        client.close()
    return [hit.headers.get("Authorization") for hit in server.hits]


@pytest.mark.parametrize("name", CALLS)
def test_the_control_surface_is_shown_the_token(name: str) -> None:
    assert _asked(CALLS[name], TOKEN) == [f"Bearer {TOKEN}"]
    assert _asked(CALLS[name], "") == [None]


def test_plums_services_are_shown_the_login() -> None:
    """Theirs is Basic authorization, as at Plum."""
    [authorization] = _asked(Client.messages, TOKEN)
    assert authorization is not None
    assert b64decode(authorization.removeprefix("Basic ")) == b"username:password"


def test_the_token_is_not_shown_in_what_is_printed() -> None:
    assert TOKEN not in repr(Client(token=TOKEN))


@pytest.mark.parametrize("token", ["short", "with a blank in it", "with-a-line\r\nX-Evil: 1", "sixteen-at-l\xe9ast"])
def test_a_token_that_cannot_be_one_is_not_sent(token: str) -> None:
    with receiver() as server, pytest.raises(SettingsError, match=r"^a token has 16 to 256 characters"):
        Client(url=server.url, token=token).health()
    assert server.hits == []


def _refuses(_hit: Hit) -> Answer:
    return Answer(status=401, body=b'{"error": "no", "hint": "none"}')


@pytest.mark.parametrize("call", [Client.health, Client.ready, Client.export, Client.advance, _events])
@pytest.mark.parametrize(("token", "wanted"), [("", "a token"), (TOKEN, "another token than this one")])
def test_who_is_not_let_in_hears_what_to_give(call: Callable[[Client], object], token: str, wanted: str) -> None:
    with receiver(_refuses) as server, pytest.raises(SettingsError) as failed:
        call(Client(url=server.url, token=token))
    assert failed.value.one_line() == (
        f"the emulator at {server.url} wants {wanted}; "
        "give it with --token or PLUM_EMULATOR_TOKEN; the emulator's banner shows it"
    )
