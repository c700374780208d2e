"""Exports over HTTP: in pieces, with a name for the file."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House
from plum_emulator.model.accounts import Number, Seed

FIELDS = {"to": HANDSET, "from": MINE, "body": 'Grüße, "du"\n', "result_url": "http://127.0.0.1:8000/results"}
FORMATS = {
    "export?format=har": ("application/json", "username-journal.har"),
    "export?format=jsonl": ("application/jsonl; charset=utf-8", "username-journal.jsonl"),
    "export?format=csv": ("text/csv; charset=utf-8; header=present", "username-journal.csv"),
    "export": ("application/json", "username-journal.har"),
    "export/messages?format=jsonl": ("application/jsonl; charset=utf-8", "username-messages.jsonl"),
    "export/messages?format=csv": ("text/csv; charset=utf-8; header=present", "username-messages.csv"),
    "export/messages": ("application/jsonl; charset=utf-8", "username-messages.jsonl"),
    "export/account": ("application/vnd.sqlite3", "username-account.db"),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("question", "said"), FORMATS.items(), ids=FORMATS)
def test_an_export_says_what_it_is(caller: Caller, method: str, question: str, said: tuple[str, str]) -> None:
    caller.queue(FIELDS)
    heard = caller.call(method, f"/_plum/{question}")
    assert (heard.status, heard.header("Content-Type")) == (200, said[0])
    assert heard.header("Content-Disposition") == f'attachment; filename="{said[1]}"'
    assert (heard.body == b"") == (method == "HEAD")


@pytest.mark.parametrize("question", FORMATS)
def test_an_account_without_anything_can_be_exported(onlooker: Caller, question: str) -> None:
    assert onlooker.get(f"/_plum/{question}").status == 200


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 650])
@pytest.mark.slow
def test_everything_is_there_once_and_in_order(caller: Caller, count: int) -> None:
    """However many pieces it takes, in every format."""
    for n in range(count):
        caller.queue({**FIELDS, "body": f"text {n}"})
    journal = [json.loads(line) for line in caller.get("/_plum/export?format=jsonl").body.splitlines()]
    assert [each["n"] for each in journal] == list(range(1, count + 1))
    entries = json.loads(caller.get("/_plum/export").body)["log"]["entries"]
    assert [each["_n"] for each in entries] == list(range(1, count + 1))
    table = list(csv.DictReader(io.StringIO(caller.get("/_plum/export?format=csv").body.decode())))
    assert [int(row["n"]) for row in table] == list(range(1, count + 1))
    messages = [json.loads(line) for line in caller.get("/_plum/export/messages").body.splitlines()]
    assert [each["body"] for each in messages] == [f"text {n}" for n in range(count)]


def test_a_line_is_what_is_shown_elsewhere(house: House, caller: Caller) -> None:
    caller.queue(FIELDS)
    house.advance(1000)
    shown = caller.get("/_plum/exchanges").values["exchanges"]
    lines = caller.get("/_plum/export?format=jsonl").body.splitlines()
    assert [json.loads(line) for line in lines] == shown[::-1]
    shown = caller.get("/_plum/messages").values["messages"]
    lines = caller.get("/_plum/export/messages").body.splitlines()
    assert [json.loads(line) for line in lines] == shown[::-1]
    (row,) = csv.DictReader(io.StringIO(caller.get("/_plum/export/messages?format=csv").body.decode(), newline=""))
    assert row["body"] == FIELDS["body"]


def test_only_the_own_account_is_exported(caller: Caller) -> None:
    caller.queue(FIELDS)
    assert caller.get("/_plum/export?format=jsonl&account=second").body == b""
    assert caller.get("/_plum/export/messages?account=second").body == b""


def test_the_accounts_file_is_a_database(caller: Caller, tmp_path: Path) -> None:
    """With this account alone in it."""
    caller.queue(FIELDS)
    path = tmp_path / "account.db"
    path.write_bytes(caller.get("/_plum/export/account").body)
    other = House(path)
    assert [message.body for message in other.log(other.accounts.named("username"))] == [FIELDS["body"]]
    other.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize(
    ("question", "error", "hint"),
    [
        ("export?format=hra", "'format' is 'hra', which is unknown", "did you mean 'har'?"),
        ("export?format=", "'format' is '', which is unknown", "there are: har, jsonl, csv"),
        ("export/messages?format=har", "'format' is 'har', which is unknown", "there are: jsonl, csv"),
        ("export/account?format=csv", "'format' is unknown", "there are: account"),
        ("export?fromat=csv", "'fromat' is unknown", "did you mean 'format'?"),
    ],
)
def test_an_unknown_format_is_refused(onlooker: Caller, question: str, error: str, hint: str) -> None:
    heard = onlooker.get(f"/_plum/{question}")
    assert (heard.status, heard.values) == (400, {"error": error, "hint": hint})


@pytest.mark.parametrize(
    ("username", "named"),
    [
        ('a"b', "a_b"),
        ("a/../b", "a_.._b"),
        ("\N{GRINNING FACE}", "_"),
        ("a\r\nX: y".replace(":", ""), "a__X_y"),
        ("n" * 100, "n" * 64),
    ],
)
def test_a_strange_login_makes_a_plain_file_name(username: str, named: str) -> None:
    house = House(seeds=[Seed(username=username, password="x", numbers=(Number(number=MINE),))])
    caller = Caller(house)
    heard = caller.get("/_plum/export")
    caller.close()
    house.close()
    assert heard.header("Content-Disposition") == f'attachment; filename="{named}-journal.har"'
