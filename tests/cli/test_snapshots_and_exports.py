"""`snapshot`, `reset` and `export`: what is put aside, and what is carried away."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest

from helpers.commands import Ran, Run
from helpers.programs import COMMAND, HANDSET, plain_environment
from plum_emulator.client import Client, Lease

NOON = "2026-01-31T12:00:00.000Z"


def test_a_snapshot_is_saved_listed_restored_and_deleted(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    line = Ran(0, out=f"before  {NOON}  1 message\n")
    assert run_leased("snapshot", "save", "before") == line
    lease.client.queue(to=HANDSET, from_=lease.number, body="More")
    assert run_leased("snapshot", "list") == line
    assert run_leased("snapshot", "restore", "before") == line
    assert [message["body"] for message in lease.client.messages()] == ["Hello"]
    restored = json.loads(run_leased("snapshot", "restore", "before", "--json").out)
    assert set(restored) == {"name", "at", "messages", "cursor"}
    assert run_leased("snapshot", "delete", "before") == Ran(0, out="before is deleted\n")
    assert lease.client.snapshots() == []


def test_a_reset_empties_the_account_and_leaves_its_snapshots(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    run_leased("snapshot", "save", "before")
    assert run_leased("reset") == Ran(0, out=f"{lease.username} is reset\n")
    assert (lease.client.messages(), len(lease.client.snapshots())) == ([], 1)
    assert json.loads(run_leased("reset", "--json").out) == {"account": lease.username, "status": "reset"}


@pytest.mark.parametrize("format_", ["har", "jsonl", "csv"])
def test_the_journal_is_exported(run_leased: Run, lease: Lease[Client], format_: str, tmp_path: Path) -> None:
    """To a file, or to the output."""
    lease.client.queue(to=HANDSET, from_=lease.number, body="naïve")
    file = tmp_path / "journal"
    written = run_leased("export", "journal", "--format", format_, "-o", str(file))
    assert written == Ran(0, out=f"{file} is written, {file.stat().st_size} bytes\n")
    assert run_leased("export", "journal", "--format", format_).out.encode() == file.read_bytes()
    if format_ == "har":
        assert len(json.loads(file.read_text())["log"]["entries"]) == 1


def test_the_messages_are_exported(run_leased: Run, lease: Lease[Client]) -> None:
    lease.client.queue(to=HANDSET, from_=lease.number, body='naïve, "quoted"')
    assert json.loads(run_leased("export", "messages").out)["body"] == 'naïve, "quoted"'
    [row] = csv.DictReader(run_leased("export", "messages", "--format", "csv").out.splitlines())
    assert row["body"] == 'naïve, "quoted"'


@pytest.mark.journey
def test_an_account_goes_out_byte_for_byte(lease: Lease[Client]) -> None:
    """Also through a pipe."""
    login = ("--url", lease.client.url, "--username", lease.username, "--password", lease.password)
    ran = subprocess.run(
        [*COMMAND, "export", "account", *login],
        capture_output=True,
        env=plain_environment(),
        timeout=30,
        check=True,
    )
    assert (ran.stdout[:16], ran.stderr) == (b"SQLite format 3\0", b"")
    assert len(ran.stdout) == len(lease.client.export_account())


def test_a_file_that_cannot_be_written_is_one_line(run_leased: Run, tmp_path: Path) -> None:
    assert run_leased("export", "journal", "-o", str(tmp_path)) == Ran(
        2, err=f"plum-emulator: {tmp_path} cannot be written: Is a directory; name another file\n"
    )
