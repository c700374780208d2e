"""`expect`: what should have come has come, or the exit code is 1 and the reasons are there."""

from __future__ import annotations

import json

import pytest

from helpers.commands import Ran, Run
from helpers.programs import HANDSET
from plum_emulator.client import Client, Lease

OTHER = "12125550123"


def queued(lease: Lease[Client], body: str, *, to: str = HANDSET, result_url: str = "") -> str:
    """The id of a message that was queued."""
    [part] = lease.client.queue(to=to, from_=lease.number, body=body, result_url=result_url)
    return str(part["sms_message_id"])


def test_expect_shows_what_came_and_where_to_go_on(run_leased: Run, lease: Lease[Client]) -> None:
    id_ = queued(lease, "Hello")
    cursor = lease.client.expect()["cursor"]
    assert run_leased("expect", "--to", HANDSET, "--body", "Hello") == Ran(
        0,
        out=f"{id_}  outbound  queued       {lease.number} > {HANDSET}  Hello\n",
        err=f"plum-emulator: at least 1 message was expected, 1 came; cursor {cursor}\n",
    )
    assert run_leased("expect", "--since", cursor, "--count", "0").code == 0


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        pytest.param(wanted, code, id=" ".join(wanted))
        for wanted, code in (
            (["--body-contains", "tomorrow"], 0),
            (["--body-contains", "today"], 1),
            (["--body-matches", "at [0-9]+"], 0),
            (["--body-matches", "^at"], 1),
            (["--body-matches", "[0-9]", "--body-contains", "today"], 1),
            (["--to", "617-555-0123"], 0),
            (["--to", OTHER], 1),
            (["--from", OTHER], 1),
            (["--type", "outbound"], 0),
            (["--type", "inbound"], 1),
            (["--status", "queued"], 0),
            (["--status", "received"], 1),
            (["--count", "1"], 0),
            (["--count", "0"], 1),
            (["--count", "2"], 1),
            (["--at-least", "1", "--at-most", "1"], 0),
            (["--at-most", "0"], 1),
            (["--nothing-else"], 0),
            (["--body-contains", "today", "--at-most", "0", "--nothing-else"], 1),
        )
    ],
)
def test_expect_passes_every_wish_on(run_leased: Run, lease: Lease[Client], wanted: list[str], code: int) -> None:
    queued(lease, "See you tomorrow at 9")
    assert run_leased("expect", *wanted, "--timeout", "0").code == code


def test_what_is_missing_is_told_with_what_came_nearest_and_what_happened(
    run_leased: Run, lease: Lease[Client]
) -> None:
    """In short lines, on stderr."""
    id_ = queued(lease, "Hello")
    arrow = f"{lease.number} > {HANDSET}"
    assert run_leased("expect", "--to", HANDSET, "--body", "Goodbye", "--timeout", "0") == Ran(
        1,
        err="plum-emulator: at least 1 message was expected, 0 came\n"
        "nearest:\n"
        f"  {id_}  outbound  queued       {arrow}  Hello\n"
        "    body: wanted is 'Goodbye', seen 'Hello'\n"
        "what happened:\n"
        f"  12:00:00.000  {id_[:8]}  outbound queued      {arrow}  Hello\n",
    )


def test_what_is_too_much_is_shown(run_leased: Run, lease: Lease[Client]) -> None:
    id_ = queued(lease, "Hello")
    arrow = f"{lease.number} > {HANDSET}"
    assert run_leased("expect", "--count", "0") == Ran(
        1,
        err="plum-emulator: 0 messages were expected, 1 came\n"
        "what came:\n"
        f"  {id_}  outbound  queued       {arrow}  Hello\n"
        "what happened:\n"
        f"  12:00:00.000  {id_[:8]}  outbound queued      {arrow}  Hello\n",
    )


def test_where_nothing_happened_that_is_told(run_leased: Run) -> None:
    assert run_leased("expect", "--timeout", "0") == Ran(
        1, err="plum-emulator: at least 1 message was expected, 0 came\nnothing came\nnothing has happened\n"
    )


def test_a_hostile_body_does_not_act(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.receive(from_=HANDSET, to=lease.number, body="\x1b[31m\r\n\u202e")
    for wanted in (["--body", "x", "--timeout", "0"], ["--type", "inbound"], ["--extract", "(?s).+"]):
        ran = run_leased("expect", *wanted)
        assert not {"\x1b", "\r", "\u202e"} & set(ran.out + ran.err)


@pytest.mark.parametrize(
    ("extract", "printed"),
    [
        pytest.param("code", "123456", id="code"),
        pytest.param("link", "https://a.test/b", id="link"),
        pytest.param("[A-Z][a-z]+", "Code", id="regular expression"),
        pytest.param("(?P<word>[A-Z][a-z]+) (?P<number>[0-9]+)", '{"word": "Code", "number": "123456"}', id="groups"),
    ],
)
def test_an_extract_is_printed_alone(run_leased: Run, lease: Lease[Client], extract: str, printed: str) -> None:
    """So that a script can take it: `code=$(plum-emulator expect --extract code)`."""
    queued(lease, "Code 123456 or https://a.test/b.")
    assert run_leased("expect", "--extract", extract) == Ran(0, out=f"{printed}\n")


def test_callbacks_are_expected_too(run_leased: Run, lease: Lease[Client]) -> None:
    sink = lease.client.sink_url()
    id_ = queued(lease, "Hello", result_url=sink)
    lease.client.advance(until="idle")
    ran = run_leased("expect", "--callbacks", "--status", "received", "--to", HANDSET)
    assert (ran.code, ran.out.partition("  ")[2]) == (0, f"callback {id_} received > {sink}: ok (200)\n")
    failed = run_leased("expect", "--callbacks", "--status", "failed", "--timeout", "0")
    assert (failed.code, failed.out) == (1, "")
    assert f"callback {id_} received > {sink}: ok (200)\n    status: wanted is 'failed', seen " in failed.err


def test_posts_to_applications_are_expected_too(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.set_application(lease.number, lease.client.sink_url("sms"))
    lease.client.receive(from_=HANDSET, to=lease.number, body="Code 4711")
    assert run_leased("expect", "--inbound", "--from", HANDSET, "--extract", "code") == Ran(0, out="4711\n")
    assert run_leased("expect", "--inbound", "--count", "2", "--timeout", "0").code == 1


@pytest.mark.parametrize(("body", "code"), [("Hello", 0), ("Goodbye", 1)], ids=["holds", "fails"])
def test_as_json_the_whole_answer_is_one_line(run_leased: Run, lease: Lease[Client], body: str, code: int) -> None:
    queued(lease, "Hello")
    ran = run_leased("expect", "--body", body, "--timeout", "0", "--json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["holds"], len(ran.out.splitlines()), len(ran.err.splitlines())) == (
        code,
        not code,
        1,
        code,
    )
