"""Server-sent events over broken connections and restarts: nothing is missed, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from helpers.leases import Leased, lease
from helpers.programs import Emulator, emulator
from helpers.streams import Told, events

pytestmark = pytest.mark.journey
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys, each with a lease of its own."""
    with emulator() as running:
        yield running


def words(told: list[Told]) -> list[str]:
    """What each event says, in short."""
    return [
        each.data["message"]["status"] if each.event == "status" else f"{each.event} {each.data['status']}"
        for each in told
    ]


def life(account: Leased) -> None:
    """A message from its beginning to its end; its result URL is the account's own sink."""
    account.queue(result_url=f"{account.url}/_plum/sink/results?account={account.username}")
    account.advance(until="idle")


LIFE = ["queued", "sent", "callback sent", "received", "callback received"]


def test_a_listener_hears_a_life_as_it_happens(shared: Emulator) -> None:
    """In order, with ids that go up and the account's own times."""
    account = lease(shared.url, clock=MANUAL)
    with events(account) as heard:
        life(account)
        told = list(islice(heard, 5))
    assert words(told) == LIFE
    assert [each.id for each in told] == sorted({each.id for each in told})
    assert [each.data["at"][17:19] for each in told] == ["00", "01", "01", "03", "03"]


def test_whoever_comes_back_hears_what_was_missed_and_then_what_happens(shared: Emulator) -> None:
    """Each place at which the connection may have broken."""
    account = lease(shared.url, clock=MANUAL)
    with events(account) as heard:
        life(account)
        told = list(islice(heard, 5))
    life(account)
    for place, last in enumerate(told, 1):
        with events(account, after=last.id) as heard:
            again = list(islice(heard, 10 - place))
            assert words(again) == [*LIFE[place:], *LIFE]
            assert again[: 5 - place] == told[place:]
    with events(account, after=again[-1].id) as heard:
        life(account)
        assert words(list(islice(heard, 5))) == LIFE


def test_many_reconnections_while_much_happens_leave_no_gap(shared: Emulator) -> None:
    """A listener that hears seven events at a time, under load, has heard each exactly once in the end."""
    account = lease(shared.url, clock="real", sent_after=0, received_after=0)
    heard_so_far: list[Told] = []
    with events(account, after=0), ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(account.queue, f"Message {n}") for n in range(150)]
        last = 0
        while len(heard_so_far) < 450:
            with events(account, after=last) as heard:
                heard_so_far += islice(heard, min(7, 450 - len(heard_so_far)))
            last = heard_so_far[-1].id
        ids = {each.result()["sms_message_id"] for each in sending}
    numbers = [each.id for each in heard_so_far]
    assert numbers == sorted(set(numbers))
    of_each: dict[str, list[str]] = {}
    for each in heard_so_far:
        of_each.setdefault(each.data["message"]["sms_message_id"], []).append(each.data["message"]["status"])
    assert of_each == {id_: ["queued", "sent", "received"] for id_ in ids}


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_is_nothing_to_a_listener_that_comes_back(tmp_path: Path, how: str) -> None:
    """With `--database`: what happened between its last event and the end, then what happened since the start."""
    options = ("--database", str(tmp_path / "plum.db"), "--clock", "manual@2026-01-31T12:00:00Z")
    with emulator(*options) as running:
        account = Leased(url=running.url)
        with events(account) as heard:
            life(account)
            told = list(islice(heard, 5))
        account.queue("Before the end")
        account.expect(body="Before the end")
        if how == "kill":
            account.told("PUT", "/snapshots/kept")  # what is behind has been written by now
            running.process.kill()
            running.process.wait()
        else:
            assert running.end().code == 0
    with emulator(*options) as running:
        account = Leased(url=running.url)
        with events(account, after=told[2].id) as heard:
            account.advance(until="idle")
            again = list(islice(heard, 5))
    assert words(again) == ["received", "callback received", "queued", "sent", "received"]
    assert [(each.id, each.data["at"]) for each in again[:2]] == [(each.id, each.data["at"]) for each in told[3:]]
    numbers = [each.id for each in (*told[:3], *again)]
    assert numbers == sorted(set(numbers))


def test_two_accounts_resume_each_with_its_own(shared: Emulator) -> None:
    """The number of a neighbour's event is a place in one's own stream as well."""
    one, other = (lease(shared.url, clock=MANUAL) for _ in range(2))
    for account in (one, other, one):
        life(account)
    with events(other, after=0) as heard:
        told = list(islice(heard, 5))
    with events(one, after=told[-1].id) as heard:
        assert words(list(islice(heard, 5))) == LIFE
