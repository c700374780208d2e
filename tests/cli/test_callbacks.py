"""`callbacks` and `replay`: callbacks in any order, as they were or edited."""

from __future__ import annotations

import json

import pytest

from helpers.commands import Ran, Run
from helpers.programs import HANDSET
from plum_emulator.client import Client, Lease


@pytest.fixture
def held(lease: Lease[Client]) -> list[int]:
    """The ids of two callbacks of one message that are held: sent, received."""
    lease.client.hold()
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello", result_url=lease.client.sink_url())
    lease.client.advance(until="idle")
    return [pending["id"] for pending in lease.client.callbacks()["pending"]]


def statuses(ran: Ran) -> list[str]:
    """The status that each line tells of."""
    assert (ran.code, ran.err) == (0, "")
    return [line.partition(" > ")[0].rpartition(" ")[2] for line in ran.out.splitlines()]


def bodies(lease: Lease[Client]) -> list[str]:
    """What arrived at the sink, oldest first."""
    return [each["request"]["body"] for each in reversed(lease.client.sink()["arrived"])]


def test_callbacks_are_held_listed_and_released_in_any_order(
    run_leased: Run, lease: Lease[Client], held: list[int]
) -> None:
    listed = run_leased("callbacks", "list")
    assert listed.out.startswith("callbacks are held\n")
    [sent, received] = listed.out.splitlines()[1:]
    assert sent.split()[:4] == [str(held[0]), "held", "until", "released"]
    assert sent.endswith(f" sent > {lease.client.sink_url()}")
    assert received.endswith(f" received > {lease.client.sink_url()}")
    assert statuses(run_leased("callbacks", "release", str(held[1]), str(held[0]))) == ["received", "sent"]
    assert [body.rpartition("=")[2] for body in bodies(lease)] == ["received", "sent"]
    assert run_leased("callbacks", "list") == Ran(0, out="callbacks are held\n")


def test_all_are_released_when_none_is_named(run_leased: Run, held: list[int]) -> None:
    assert statuses(run_leased("callbacks", "release")) == ["sent", "received"]
    assert len(held) == 2
    assert run_leased("callbacks", "release") == Ran(0)


def test_one_is_released_edited(run_leased: Run, lease: Lease[Client], held: list[int]) -> None:
    edited = ("--body", "status=lost", "--header", "X-Mine: a: b", "--to-url", lease.client.sink_url("other"))
    ran = run_leased("callbacks", "release", str(held[0]), *edited, "--json")
    exchange = json.loads(ran.out)
    assert (exchange["request"]["url"], exchange["request"]["body"]) == (lease.client.sink_url("other"), "status=lost")
    assert ["X-Mine", "a: b"] in exchange["request"]["headers"]
    [arrived] = lease.client.sink("other")["arrived"]
    assert arrived["request"]["body"] == "status=lost"


def test_a_callback_is_duplicated_and_dropped(run_leased: Run, lease: Lease[Client], held: list[int]) -> None:
    copy = json.loads(run_leased("callbacks", "duplicate", str(held[0]), "--json").out)
    assert copy["status"] == "sent"
    assert run_leased("callbacks", "drop", str(held[0]), str(held[1])) == Ran(
        0, out=f"{held[0]} is dropped\n{held[1]} is dropped\n"
    )
    assert [pending["id"] for pending in lease.client.callbacks()["pending"]] == [copy["id"]]
    assert run_leased("callbacks", "duplicate", str(copy["id"])).out.endswith(f" sent > {lease.client.sink_url()}\n")


def test_holding_may_end_by_itself_and_ends_when_it_is_told_to(run_leased: Run, lease: Lease[Client]) -> None:
    assert run_leased("callbacks", "hold", "--timeout", "2m") == Ran(
        0, out="callbacks are held, each for 120 s at the most\n"
    )
    assert lease.client.callbacks()["timeout"] == 120
    assert run_leased("callbacks", "let-go") == Ran(0, out="callbacks are sent when they are due\n")
    assert lease.client.callbacks()["hold"] is False


def test_as_json_everything_about_callbacks_is_one_line(run_leased: Run, lease: Lease[Client], held: list[int]) -> None:
    assert json.loads(run_leased("callbacks", "list", "--json").out) == lease.client.callbacks()
    assert len(held) == 2


def test_an_exchange_is_replayed_as_it_was_and_edited(run_leased: Run, lease: Lease[Client], held: list[int]) -> None:
    lease.client.release(held)
    [newest, _] = lease.client.exchanges(operation="callback")
    assert statuses(run_leased("replay", str(newest["n"]))) == ["received"]
    again = json.loads(run_leased("replay", str(newest["n"]), "--body", "x=1", "--json").out)
    assert again["request"]["body"] == "x=1"
    assert bodies(lease)[1:] == [newest["request"]["body"]] * 2 + ["x=1"]
