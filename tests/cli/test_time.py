"""`clock` and `advance`: an account's time, under one's own hands."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from helpers.commands import Ran, Run
from helpers.programs import HANDSET
from plum_emulator.client import Client, Lease

NOON = "2026-01-31T12:00:00.000Z"


def test_clock_shows_what_time_it_is_and_what_comes_next(run_leased: Run, lease: Lease[Client]) -> None:
    assert run_leased("clock", "show") == Ran(0, out=f"manual  {NOON}  nothing is due\n")
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    assert run_leased("clock", "show") == Ran(0, out=f"manual  {NOON}  next at 2026-01-31T12:00:01.000Z\n")
    assert json.loads(run_leased("clock", "show", "--json").out) == lease.client.clock()


@pytest.mark.parametrize(
    ("word", "mode", "rate"), [("real", "real", 1.0), ("60x", "scaled", 60.0), ("manual", "manual", None)]
)
def test_clock_is_set_in_one_word(
    run_leased: Run, lease: Lease[Client], word: str, mode: str, rate: float | None
) -> None:
    shown = json.loads(run_leased("clock", "set", word, "--json").out)
    now = lease.client.clock()
    assert (shown["mode"], shown["rate"], now["mode"], now["rate"]) == (mode, rate, mode, rate)


def test_clock_is_set_to_an_instant(run_leased: Run) -> None:
    assert run_leased("clock", "set", "manual@2027-02-28T00:00:00+01:00") == Ran(
        0, out="manual  2027-02-27T23:00:00.000Z  nothing is due\n"
    )


def test_a_scaled_clock_shows_how_fast_it_goes(run_leased: Run) -> None:
    assert run_leased("clock", "set", "0.5x").out.startswith("scaled 0.5x  2026-01-31T12:00:0")


def test_advance_shows_what_ran_and_what_time_it_is(run_leased: Run, lease: Lease[Client]) -> None:
    """Statuses, callbacks and posts to applications, in the order of their time."""
    sink = lease.client.sink_url("r")
    [part] = lease.client.queue(to=HANDSET, from_=lease.number, body="Hello", result_url=sink)
    short, arrow = part["sms_message_id"][:8], f"{lease.number} > {HANDSET}"
    assert run_leased("advance", "1") == Ran(
        0,
        out=f"12:00:01.000  {short}  outbound sent        {arrow}  Hello\n"
        f"12:00:01.000  {short}  callback sent > {sink}: ok\n"
        "it is 2026-01-31T12:00:01.000Z\n",
    )
    assert run_leased("advance", "--until", "idle") == Ran(
        0,
        out=f"12:00:03.000  {short}  outbound received    {arrow}  Hello\n"
        f"12:00:03.000  {short}  callback received > {sink}: ok\n"
        "it is 2026-01-31T12:00:03.000Z\n",
    )


def test_advance_shows_a_post_to_an_application(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.set_application(lease.number, "http://203.0.113.1/\x9b\u202e")
    text = lease.client.receive(from_=HANDSET, to=lease.number, body="Hello")
    out, lost = run_leased("advance", "0").out, "\N{REPLACEMENT CHARACTER}"
    [post] = lease.client.exchanges(operation="inbound")
    assert out == (
        f"12:00:00.000  {text['sms_message_id'][:8]}  inbound  > http://203.0.113.1/{lost}{lost}: {post['outcome']}\n"
        f"it is {NOON}\n"
    )


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("5", 5), ("0.5", 0.5), ("500ms", 0.5), ("7s", 7), ("2m", 120), ("1.5h", 5400), ("3d", 3 * 86400), ("0", 0)],
)
def test_a_duration_is_seconds_or_says_its_unit(run_leased: Run, duration: str, seconds: float) -> None:
    report = json.loads(run_leased("advance", duration, "--json").out)
    assert datetime.fromisoformat(report["now"]) == datetime.fromisoformat(NOON) + timedelta(seconds=seconds)


def test_advance_to_what_is_next_stops_there(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    report = json.loads(run_leased("advance", "--until", "next", "--json").out)
    assert (report["now"], [status["status"] for status in report["statuses"]]) == (
        "2026-01-31T12:00:01.000Z",
        ["sent"],
    )


def test_advance_says_when_it_stopped_early(run_leased: Run, lease: Lease[Client]) -> None:
    """After so many events as it was allowed, what is due stays so."""
    for body in ("One", "Two", "Three"):
        lease.client.queue(to=HANDSET, from_=lease.number, body=body)
    out = run_leased("advance", "--until", "idle", "--most", "1").out
    stopped = lease.client.advance(until="idle", most=1)["stopped"]
    assert out.splitlines()[-1].endswith(f", stopped: {stopped}")
