"""`lease` and `accounts`: accounts that come and go."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.commands import Ran, Run
from helpers.programs import HANDSET
from plum_emulator.client import Client, Lease


def test_lease_prints_all_that_an_application_has_to_be_told(run_there: Run, client: Client) -> None:
    ran = run_there("lease", "--numbers", "2", "--clock", "manual@2026-01-31T12:00:00Z")
    account = client.accounts()[-1]
    name = account["username"]
    assert ran == Ran(
        0,
        out=f"login    {name}:{account['password']}\n"
        f"numbers  {', '.join(account['numbers'])}\n"
        "clock    manual, 2026-01-31T12:00:00.000Z\n"
        f"sink     {client.url}/_plum/sink/results?account={name}\n"
        f"ends     with: plum-emulator accounts end {name}\n",
    )
    assert len(account["numbers"]) == 2
    client.end_account(name)


def test_lease_passes_every_wish_on(run_there: Run, client: Client) -> None:
    """As JSON it is the whole account."""
    ran = run_there(
        *("lease", "--json", "--lifetime", "30m", "--clock", "manual", "--seed", "mine", "--demo"),
        *("--opted-out", "detailed", "--application-url", "http://127.0.0.1:1/sms", "--sent-after", "5"),
        *("--received-after", "6", "--callback-timeout", "7", "--application-timeout", "8"),
        *("--callback-attempts", "3", "--callback-backoff", "9"),
    )
    leased = json.loads(ran.out)
    assert leased == client.account(leased["username"])
    assert (leased["clock"], leased["demo"], leased["opted_out"], leased["origin"]) == (
        *("manual", True, "detailed", "leased"),
    )
    assert leased["options"] == {
        "sent_after": 5.0,
        "received_after": 6.0,
        "callback_timeout": 7.0,
        "application_timeout": 8.0,
        "callback_attempts": 3,
        "callback_backoff": 9.0,
    }
    assert leased["expires_at"] is not None
    account = client.as_account(leased["username"], password=leased["password"])
    assert [number["application_url"] for number in account.numbers()] == ["http://127.0.0.1:1/sms"]
    assert f"ends     {leased['expires_at']}\n" not in run_there("accounts", "list").out
    client.end_account(leased["username"])


def test_an_account_is_made_listed_and_ended(run_there: Run, client: Client) -> None:
    made = run_there(
        *("accounts", "make", "clinic:se:cret", "617-555-0188", "16175550189", "--clock", "manual@2026-01-31T12:00:00Z")
    )
    line = "clinic:se:cret  16175550188, 16175550189  manual clock, 2026-01-31T12:00:00.000Z  (asked)\n"
    assert made == Ran(0, out=line)
    listed = run_there("accounts", "list")
    assert line in listed.out.splitlines(keepends=True)
    assert [row.partition(":")[0] for row in listed.out.splitlines()] == ["username", "demo", "clinic"]
    as_json = [json.loads(row) for row in run_there("accounts", "list", "--json").out.splitlines()]
    assert [account["username"] for account in as_json] == ["username", "demo", "clinic"]
    assert client.as_account("clinic", password="se:cret").messages() == []
    assert run_there("accounts", "end", "clinic") == Ran(0, out="clinic has ended\n")
    assert [account["username"] for account in client.accounts()] == ["username", "demo"]


def test_an_exported_account_is_imported_under_another_name(
    run_leased: Run, run_there: Run, lease: Lease[Client], client: Client, tmp_path: Path
) -> None:
    """With everything that it owns."""
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    file = tmp_path / "account.db"
    written = run_leased("export", "account", "--output", str(file))
    assert written == Ran(0, out=f"{file} is written, {file.stat().st_size} bytes\n")
    lease.end()
    imported = json.loads(run_there("accounts", "import", str(file), "--as", "moved", "--json").out)
    assert (imported["username"], imported["numbers"]) == ("moved", lease.numbers)
    moved = client.as_account("moved", password=lease.password)
    assert [message["body"] for message in moved.messages()] == ["Hello"]
    client.end_account("moved")


def test_a_file_that_is_not_there_is_one_line(run_there: Run, tmp_path: Path) -> None:
    assert run_there("accounts", "import", str(tmp_path / "none")) == Ran(
        2, err=f"plum-emulator: {tmp_path}/none cannot be read: No such file or directory; name another file\n"
    )


def test_a_file_of_something_else_is_one_line(run_there: Run, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    file.write_bytes(b"something else")
    ran = run_there("accounts", "import", str(file))
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert ran.err.startswith("plum-emulator: this is not an exported account")
