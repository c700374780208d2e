"""Snapshots over HTTP, accounts that move to another machine, and exports that other programs read."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hario_core.parse import parse

from helpers.leases import Leased, call, lease, leased, statuses
from helpers.programs import HANDSET, Emulator, emulator, plain_environment
from helpers.receivers import Answer, Receiver, receiver
from helpers.tools import tool

pytestmark = pytest.mark.journey
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}
HARD = 'naïve, "quoted"\r\nnew line 日本 \U0001f600 =1+1'


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys, each with a lease of its own."""
    with emulator() as running:
        yield running


def half_way(url: str, result_url: str) -> Leased:
    """An account in the middle of a life: a message on its way, a rule, an opt-out, held callbacks, a script."""
    account = lease(url, clock=MANUAL, seed="half way")
    account.told("POST", "/rules", {"id": "second", "when": {"nth": 2}, "then": {"outcome": "failed"}})
    account.told("PUT", "/sinks/own", {"statuses": [500, 200]})
    account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "STOP"})
    account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "START"})
    account.queue(HARD, result_url=result_url)
    account.advance(1)
    return account


def rest(account: Leased, result_url: str) -> object:
    """What comes of it from there on, without what belongs to the machine."""
    account.queue("Second", result_url=result_url)
    report = account.advance(until="idle")
    return (
        [(event["sms_message_id"], event["status"], event["at"]) for event in report["statuses"]],
        [(message["sms_message_id"], message["body"], message["status"]) for message in account.messages()],
        account.told("GET", "/rules")["rules"],
        [exchange["n"] for exchange in account.journal()],
        account.now(),
    )


def test_a_restored_account_lives_the_same_again(shared: Emulator, results: Receiver) -> None:
    """Messages, ids, counts, clock, journal: twice the same, as often as one likes."""
    account = half_way(shared.url, results.url)
    saved = account.told("PUT", "/snapshots/half-way")
    lives = [rest(account, results.url)]
    for _ in range(2):
        account.told("POST", "/snapshots/half-way/restore")
        lives.append(rest(account, results.url))
    assert (saved["name"], saved["messages"]) == ("half-way", 3)
    assert lives[1:] == lives[:1] * 2
    account.told("DELETE", "/snapshots/half-way")
    assert account.ask("POST", "/snapshots/half-way/restore").status_code == 404


def test_an_account_goes_on_on_another_machine(shared: Emulator, results: Receiver) -> None:
    """Export, import: what comes of it is the same here and there, also from its snapshot."""
    account = half_way(shared.url, results.url)
    account.told("PUT", "/snapshots/half-way")
    file = account.export("account")
    here = rest(account, results.url)
    with emulator() as other:
        answer = call("POST", f"{other.url}/_plum/accounts/import", data=file)
        assert answer.status_code == 201, answer.text
        moved = leased(answer.json())
        assert (moved.username, moved.password, moved.number) == (account.username, account.password, account.number)
        there = rest(moved, results.url)
        moved.told("POST", "/snapshots/half-way/restore")
        assert there == here == rest(moved, results.url)
        again = call("POST", f"{other.url}/_plum/accounts/import", data=file)
        assert (again.status_code, again.json()["error"]) == (400, f"there is an account {account.username!r} already")


def test_an_emulator_starts_with_an_exported_account(shared: Emulator, results: Receiver, tmp_path: Path) -> None:
    """`serve --database account.db`: with an accounts file of nobody, it is there with all that it had."""
    account = half_way(shared.url, results.url)
    file = tmp_path / "account.db"
    file.write_bytes(account.export("account"))
    here = rest(account, results.url)
    with emulator("--database", str(file)) as other:
        moved = Leased(url=other.url, username=account.username, password=account.password, number=account.number)
        assert rest(moved, results.url) == here
    with emulator("--database", str(file)) as again:
        kept = Leased(url=again.url, username=account.username, password=account.password, number=account.number)
        assert {message["status"] for message in kept.messages()} == {"received", "failed"}


def test_an_exported_account_is_a_file_for_sqlite(shared: Emulator, results: Receiver, tmp_path: Path) -> None:
    """Somebody else's SQLite finds it sound, and the texts in it."""
    file = tmp_path / "account.db"
    file.write_bytes(half_way(shared.url, results.url).export("account"))
    asked = "PRAGMA integrity_check; SELECT count(*) FROM messages; SELECT count(*) FROM accounts;"
    ran = subprocess.run(
        [tool("sqlite3"), str(file), asked],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env=plain_environment(),
    )
    assert ran.stdout.split() == ["ok", "3", "1"]
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT body FROM messages WHERE type = 'outbound'").fetchall() == [(HARD,)]


def test_the_journal_is_read_by_other_programs(shared: Emulator) -> None:
    """HAR by hario-core, JSON lines by json, CSV by csv: the same exchanges in each."""
    with receiver(lambda _hit: Answer(status=500, body="naïve\n".encode())) as failing:
        account = half_way(shared.url, failing.url)
        account.advance(until="idle")
    har = parse(account.export(format="har"))
    lines = [json.loads(line) for line in account.export(format="jsonl").splitlines()]
    rows = list(csv.DictReader(io.StringIO(account.export(format="csv").decode(), newline="")))
    assert lines == account.journal()
    assert len(har.entries) == len(rows) == len(lines) == 3
    for entry, row, line in zip(har.entries, rows, lines, strict=True):
        assert entry.request.method == row["method"] == line["request"]["method"]
        assert (entry.request.postData.text if entry.request.postData else "") == line["request"]["body"]
        assert row["request_body"] == line["request"]["body"]
        assert str(entry.response.status) == row["status"] == str(line["answer"]["status"])
        assert row["response_body"] == line["answer"]["body"]


def test_the_messages_are_read_by_other_programs(shared: Emulator, results: Receiver) -> None:
    """CSV and JSON lines: every character of the text is there."""
    account = half_way(shared.url, results.url)
    rows = list(csv.DictReader(io.StringIO(account.export("messages", format="csv").decode(), newline="")))
    lines = [json.loads(line) for line in account.export("messages", format="jsonl").splitlines()]
    assert [row["body"] for row in rows] == [line["body"] for line in lines] == ["STOP", "START", HARD]
    assert [row["sent_at"] for row in rows] == ["", "", "2026-01-31T12:00:01.000Z"]


def test_a_restore_while_a_callback_is_out_forgets_it(shared: Emulator, results: Receiver) -> None:
    """Whatever the order, what is told is told once."""
    account = half_way(shared.url, results.url)
    account.told("PUT", "/snapshots/half-way")
    account.advance(until="idle")
    account.told("POST", "/snapshots/half-way/restore")
    account.advance(until="idle")
    assert statuses(results.hits) == ["sent", "received", "received"]
