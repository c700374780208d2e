"""What no decent client does to the control surface: each is answered in words, and everybody else goes on."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from helpers.leases import Leased, call, lease, quoted
from helpers.programs import Emulator, emulator
from helpers.raw import ask
from helpers.receivers import Answer, Hit, receiver

pytestmark = pytest.mark.journey
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}
HOSTILE = "(a|aa)+$"
LONG = "a" * 150 + "!"


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the attacks; it has nothing to complain of, and is there to the end."""
    with emulator() as running:
        yield running
        assert running.process.poll() is None


@pytest.fixture
def account(shared: Emulator) -> Iterator[Leased]:
    """The account that is attacked. After the attack it works, and so does a neighbour."""
    attacked, neighbour = (lease(shared.url, clock=MANUAL) for _ in range(2))
    yield attacked
    for each in (attacked, neighbour):
        each.told("POST", "/reset")
        each.queue("Still here")
        assert each.advance(until="idle")["stopped"] is None
        assert each.expect(body="Still here", status="received").status_code == 200


# Every route that reads JSON.
READERS = [
    ("POST", "/accounts"),
    ("POST", "/accounts/lease"),
    ("PATCH", "/accounts/{username}"),
    ("PUT", "/clock"),
    ("POST", "/clock/advance"),
    ("POST", "/expect"),
    ("POST", "/expect/callbacks"),
    ("POST", "/expect/inbound"),
    ("POST", "/rules"),
    ("PUT", "/rules/one"),
    ("PUT", "/scenarios/one"),
    ("PUT", "/callbacks"),
    ("POST", "/callbacks/release"),
    ("PUT", "/sinks/one"),
    ("POST", "/inbound"),
]
DEEP = 100_000
BODIES: dict[str, bytes] = {
    "not JSON": b"{",
    "not UTF-8": b'{"body": "\xff\xfe"}',
    "null": b"null",
    "a number": b"1e400",
    "a list": b"[]",
    "NaN": b'{"seconds": NaN, "timeout": NaN, "delay": NaN, "lifetime": NaN, "callback_backoff": NaN, "rate": NaN}',
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"when":' * DEEP + b"1" + b"}" * DEEP,
    "a huge number": b'{"seconds": ' + b"9" * 5000 + b"}",
    "unknown names": json.dumps({f"name{n}": n for n in range(10_000)}).encode(),
    "UTF-16": '{"seconds": 1, "nonsense": 1}'.encode("utf-16"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_nothing_is_refused_in_words(account: Leased, name: str) -> None:
    """400 with an error and a hint, at every route that reads one."""
    for method, path in READERS:
        answer = account.ask(method, path.format(username=account.username), data=BODIES[name])
        assert (path, answer.status_code) == (path, 400), answer.text
        assert answer.json()["error"]
        assert set(answer.json()) == {"error", "hint"}
        assert len(answer.content) < 2000


WRONG: list[Any] = [-1, 2**70, 1e308, True, "x", "", "\ud800", "a\0b", [], [[]], {}, {"a": {}}, "x" * 500_000]
FIELDS = {
    ("POST", "/accounts/lease"): ["username", "numbers", "clock", "seed", "lifetime", "demo", "callback_attempts"],
    ("PATCH", "/accounts/{username}"): ["sent_after", "callback_timeout", "callback_attempts", "callback_backoff"],
    ("PUT", "/clock"): ["mode", "rate", "now"],
    ("POST", "/clock/advance"): ["seconds", "until", "most"],
    ("POST", "/expect"): ["to", "body", "status", "count", "since", "timeout", "extract", "nothing_else"],
    ("POST", "/expect/callbacks"): ["sms_message_id", "http_status", "attempt", "url"],
    ("POST", "/rules"): ["id", "when", "then"],
    ("PUT", "/callbacks"): ["hold", "timeout"],
    ("POST", "/callbacks/release"): ["ids"],
    ("PUT", "/sinks/one"): ["statuses", "delay", "body", "content_type"],
    ("POST", "/inbound"): ["to", "from", "body"],
}


@pytest.mark.parametrize(("method", "path"), FIELDS)
def test_a_value_of_a_wrong_kind_is_never_a_bug(account: Leased, method: str, path: str) -> None:
    """Every field with every value: taken or refused, but understood."""
    needed = {"timeout": 0} if path.startswith("/expect") else {}
    for field in FIELDS[method, path]:
        for value in WRONG:
            body = json.dumps({**needed, field: value}).encode()
            answer = account.ask(method, path.format(username=account.username), data=body)
            assert answer.status_code in (200, 201, 400, 417), (field, value, answer.status_code)
            if answer.status_code == 201 and "lease" in path:
                call("DELETE", f"{account.url}/_plum/accounts/{quoted(answer.json()['username'])}")
    account.told("POST", "/reset")
    account.told("PATCH", f"/accounts/{account.username}", {"callback_attempts": None, "sent_after": None})


def test_a_body_of_two_megabytes_is_refused(account: Leased) -> None:
    """At every route, with the bound in the hint."""
    for method, path in READERS:
        answer = account.ask(method, path.format(username=account.username), data=b" " * 2 * 1024 * 1024)
        assert (answer.status_code, answer.json()["error"]) == (400, "the request body is too large")


NAMES = [
    *("a/b", "a b", "50%", "%00", "\0", "naïve", "日本", "../../etc/passwd", "'; DROP TABLE rules; --"),
    "x" * 5000,
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/snapshots/{name}"),
        ("POST", "/snapshots/{name}/restore"),
        ("DELETE", "/snapshots/{name}"),
        ("PUT", "/rules/{name}"),
        ("GET", "/rules/{name}"),
        ("DELETE", "/rules/{name}"),
        ("PUT", "/scenarios/{name}"),
        ("DELETE", "/scenarios/{name}"),
        ("GET", "/accounts/{name}"),
        ("DELETE", "/accounts/{name}"),
        ("GET", "/messages/{name}"),
        ("PUT", "/numbers/{name}"),
    ],
)
def test_a_strange_name_in_a_path_is_refused_or_unknown(shared: Emulator, method: str, path: str, name: str) -> None:
    """400 or 404 in words; nothing is made of it."""
    target = f"/_plum{path.format(name=quoted(name))}"
    body = b'{"then": {"reset": true}}' if path.startswith("/rules") else b""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    got = ask(shared.url, head.encode() + body)
    assert got.status in (400, 404, 405), got.body
    assert json.loads(got.body)["error"]
    default = Leased(url=shared.url)
    assert default.told("GET", "/rules")["rules"] == []
    assert default.told("GET", "/snapshots")["snapshots"] == []


def test_an_account_may_have_any_name_and_is_found_by_it(shared: Emulator) -> None:
    """In a query and in a path."""
    for name in ("a b", "50%", "naïve", "?&=#", "'; DROP TABLE accounts; --"):
        account = lease(shared.url, username=name)
        account.queue()
        assert account.told("GET", "/messages")["messages"][0]["body"] == "Hello"
        assert account.ask("GET", "/export/account").headers["Content-Disposition"].isascii()
        ended = call("DELETE", f"{shared.url}/_plum/accounts/{quoted(name)}")
        assert ended.status_code == (404 if "/" in name else 200), ended.text


def test_a_thousand_rules_are_taken_and_the_next_one_is_not(account: Leased) -> None:
    """A bound in words; messages are still queued at once."""
    rules = [{"when": {"body": f"text {n}"}, "then": {"reset": True}} for n in range(999)]
    account.told("PUT", "/scenarios/many", {"title": "Many", "rules": rules})
    account.rule({"outcome": "failed"})
    refused = account.ask("POST", "/rules", {"then": {"reset": True}})
    many = account.ask("PUT", "/scenarios/more", {"title": "More", "rules": rules * 10})
    assert (refused.status_code, many.status_code) == (400, 400)
    begin = time.monotonic()
    for _ in range(20):
        account.queue()
    assert time.monotonic() - begin < 3


def test_a_hostile_regular_expression_is_given_up_in_time(account: Leased) -> None:
    """In an expectation it is refused; in a rule it does not fire."""
    account.queue(LONG)
    begin = time.monotonic()
    refused = account.expect(body={"matches": HOSTILE})
    assert (refused.status_code, "takes longer" in refused.json()["error"]) == (400, True)
    extracted = account.expect(extract=HOSTILE)
    assert (extracted.status_code, "takes longer" in extracted.json()["error"]) == (400, True)
    rule = account.rule({"outcome": "failed"}, body={"matches": HOSTILE})
    account.queue(LONG)
    assert time.monotonic() - begin < 30  # it would take years
    assert account.told("GET", f"/rules/{rule}")["fired"] == 0
    for expression in (
        "(" * 900,
        "a{99999999}",
        "(?:(?:a{999}){999}){999}",
        "(a{9999999}){2}",
        "(?P<x>a)(?P=y)",
        "[",
        "x" * 2000,
    ):
        assert account.expect(body={"matches": expression}).status_code in (400, 417)


def twice(work: Callable[[], int], times: int = 8) -> Counter[int]:
    """The statuses that so many get who ask the same at once."""
    gate = threading.Barrier(times)

    def together(_: int) -> int:
        gate.wait(10)
        return work()

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(together, range(times)))


def test_eight_of_everything_at_once_leave_one(account: Leased, shared: Emulator) -> None:
    """One wins, the others are told; or all are the same."""
    url, rule = shared.url, {"then": {"outcome": "failed"}}
    same = {"username": "the same", "password": "x", "numbers": ["16175558801"]}
    assert twice(lambda: call("POST", f"{url}/_plum/accounts", json=same).status_code) == {201: 1, 400: 7}
    assert twice(lambda: call("DELETE", f"{url}/_plum/accounts/the same").status_code) == {200: 1, 404: 7}
    assert twice(lambda: account.ask("PUT", "/rules/same", rule).status_code) == {200: 8}
    assert len(account.told("GET", "/rules")["rules"]) == 1
    assert twice(lambda: account.ask("DELETE", "/rules/same").status_code) == {200: 1, 404: 7}
    assert twice(lambda: account.ask("PUT", "/snapshots/same").status_code) == {200: 8}
    assert len(account.told("GET", "/snapshots")["snapshots"]) == 1
    account.queue()
    assert twice(lambda: account.ask("POST", "/snapshots/same/restore").status_code) == {200: 8}
    assert twice(lambda: account.ask("DELETE", "/snapshots/same").status_code) == {200: 1, 404: 7}
    assert twice(lambda: account.ask("POST", "/reset").status_code) == {200: 8}
    assert account.messages() == []
    ids = twice(lambda: hash(account.rule({"outcome": "failed"}) + account.told("GET", "/health")["status"]))
    assert set(ids.values()) == {1}, "two rules have one id"
    assert twice(lambda: account.ask("DELETE", f"/accounts/{account.username}").status_code)[200] == 1
    again = {"username": account.username, "password": account.password, "numbers": [account.number], "clock": MANUAL}
    assert call("POST", f"{url}/_plum/accounts", json=again).status_code == 201


def test_everything_at_once_for_a_while_is_never_a_bug(account: Leased) -> None:
    """Queue, advance, reset, snapshot, restore, hold, release and expect from eight threads: no answer 500."""
    account.told("PUT", "/snapshots/start")
    sink = f"{account.url}/_plum/sink/all?account={account.username}"
    work: list[Callable[[], int]] = [
        lambda: account.ask_queue(result_url=sink).status_code,
        lambda: account.ask("POST", "/clock/advance", {"until": "idle"}).status_code,
        lambda: account.ask("POST", "/clock/advance", {"seconds": 1}).status_code,
        lambda: account.ask("POST", "/reset").status_code,
        lambda: account.ask("POST", "/snapshots/start/restore").status_code,
        lambda: account.ask("PUT", "/callbacks", {"hold": True}).status_code,
        lambda: account.ask("POST", "/callbacks/release").status_code,
        lambda: account.expect("callbacks", timeout=0).status_code,
        lambda: account.ask("PUT", "/callbacks", {"hold": False}).status_code,
        lambda: account.ask("GET", "/export", params={"format": "har"}).status_code,
        lambda: account.ask("GET", "/export/account").status_code,
    ]

    def some(place: int) -> Counter[int]:
        return Counter(work[(place + n * (place + 1)) % len(work)]() for n in range(40))

    with ThreadPoolExecutor(8) as pool:
        seen = sum(pool.map(some, range(8)), Counter[int]())
    assert set(seen) <= {200, 202, 400, 417}, seen
    account.told("PUT", "/callbacks", {"hold": False})


def test_a_slow_receiver_during_an_advance_costs_its_time_out_and_no_more(shared: Emulator) -> None:
    """The advance goes on when the receiver has had its time; its message lives."""
    release = threading.Event()

    def slow(_hit: Hit) -> Answer:
        release.wait(15)
        return Answer()

    account = lease(shared.url, clock=MANUAL, callback_timeout=0.3)
    with receiver(slow) as results:
        account.queue(result_url=results.url)
        begin = time.monotonic()
        report = account.advance(until="idle")
        took = time.monotonic() - begin
        release.set()
    assert [event["http_status"] for event in report["callbacks"]] == [None, None]
    assert 0.5 < took < 5
    assert [message["status"] for message in account.messages()] == ["received"]


def changed(file: bytes, folder: Path, *statements: str) -> bytes:
    """An exported account, after somebody has been at it."""
    path = folder / "changed.db"
    path.write_bytes(file)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            db.execute(statement)
        db.commit()
    return path.read_bytes()


def something_else(folder: Path) -> bytes:
    """A database of another program."""
    with closing(sqlite3.connect(folder / "else.db")) as db:
        db.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)")
        db.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY)")
        db.commit()
    return (folder / "else.db").read_bytes()


Damage = Callable[[bytes, Path], bytes]
HARMLESS = {"untouched", "a status that there is not", "a kind that there is not"}
DAMAGES: dict[str, Damage] = {
    "untouched": lambda file, _folder: file,
    "nothing": lambda _file, _folder: b"",
    "truncated": lambda file, _folder: file[: len(file) // 2],
    "a header only": lambda file, _folder: file[:100],
    "not SQLite": lambda _file, _folder: b"GIF89a" + b"\0" * 5000,
    "another program's": lambda _file, folder: something_else(folder),
    "overwritten pages": lambda file, _folder: file[:8192] + b"\xff" * (len(file) - 8192),
    "no tables": lambda file, folder: changed(file, folder, "DROP TABLE agenda"),
    "a trigger": lambda file, folder: changed(
        file,
        folder,
        "CREATE TRIGGER evil AFTER INSERT ON messages BEGIN DELETE FROM accounts; END",
        "CREATE TRIGGER worse AFTER UPDATE ON accounts BEGIN DELETE FROM messages; END",
    ),
    "a view for a table": lambda file, folder: changed(
        file,
        folder,
        "ALTER TABLE messages RENAME TO kept_messages",
        "CREATE VIEW messages AS SELECT * FROM kept_messages",
    ),
    "an endless view": lambda file, folder: changed(
        file,
        folder,
        "DROP TABLE opt_outs",
        "CREATE VIEW opt_outs AS WITH RECURSIVE n(account) AS (SELECT 1 UNION ALL SELECT account FROM n) "
        "SELECT account, '16175550123' AS handset, '1' AS number, 1 AS at FROM n",
    ),
    "two accounts": lambda file, folder: changed(
        file,
        folder,
        "INSERT INTO accounts (id, username, seed, reserved, origin) "
        "SELECT id + 1, 'other', seed, 0, origin FROM accounts",
    ),
    "no account": lambda file, folder: changed(file, folder, "DELETE FROM accounts"),
    "a seed of nonsense": lambda file, folder: changed(file, folder, "UPDATE accounts SET seed = '[1]'"),
    "a clock of nonsense": lambda file, folder: changed(file, folder, "UPDATE accounts SET clock = '{\"mode\": 7}'"),
    "a clock beyond all years": lambda file, folder: changed(
        file, folder, "UPDATE accounts SET clock = json_set(clock, '$.instant', 9e17)"
    ),
    "a rule of nonsense": lambda file, folder: changed(file, folder, "UPDATE rules SET written = '{\"then\": 7}'"),
    "places beyond all": lambda file, folder: changed(file, folder, "UPDATE messages SET seq = 9223372036854775807"),
    "text for a number": lambda file, folder: changed(file, folder, "UPDATE messages SET requested_at = 'soon'"),
    "instants beyond all years": lambda file, folder: changed(
        file, folder, "UPDATE messages SET requested_at = 900000000000000000"
    ),
    "agenda beyond all years": lambda file, folder: changed(
        file, folder, "UPDATE agenda SET due_at = 900000000000000000"
    ),
    "a status that there is not": lambda file, folder: changed(file, folder, "UPDATE messages SET status = 'eaten'"),
    "a kind that there is not": lambda file, folder: changed(file, folder, "UPDATE agenda SET kind = 'explode'"),
    "a text that is not UTF-8": lambda file, folder: changed(
        file, folder, "UPDATE messages SET body = CAST(x'fffe00' AS TEXT)"
    ),
    "bytes for a text": lambda file, folder: changed(file, folder, "UPDATE messages SET body = x'fffe00'"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_hostile_file_is_refused_or_harmless(shared: Emulator, tmp_path: Path, name: str) -> None:
    """400 in words and nothing of it is there; or it is taken, and what is taken can be used."""
    source = lease(shared.url, clock=MANUAL, username=f"source of {name}")
    source.rule({"outcome": "failed"}, body="fail")
    source.queue()
    source.advance(1)
    file = DAMAGES[name](source.export("account"), tmp_path)
    source.told("DELETE", f"/accounts/{quoted(source.username)}")
    before = [each["username"] for each in source.told("GET", "/accounts", params={"account": ""})["accounts"]]
    answer = call("POST", f"{shared.url}/_plum/accounts/import", params={"username": f"target {name}"}, data=file)
    after = [each["username"] for each in source.told("GET", "/accounts", params={"account": ""})["accounts"]]
    assert (name, answer.status_code) == (name, 201 if name in HARMLESS else 400), answer.text
    if answer.status_code == 400:
        assert set(answer.json()) == {"error", "hint"}
        assert after == before
    else:
        assert after == [*before, f"target {name}"]
        target = Leased(url=shared.url, username=f"target {name}", password=source.password, number=source.number)
        for path in ("/messages", "/exchanges", "/agenda", "/clock", "/rules", "/callbacks", "/export/messages"):
            assert (path, target.ask("GET", path).status_code) == (path, 200)
        assert target.ask("POST", "/clock/advance", {"until": "idle"}).status_code == 200
        assert target.ask_queue().status_code == 200
        target.told("DELETE", f"/accounts/{quoted(target.username)}")
    assert lease(shared.url).queue()["status"] == "queued"


def test_an_export_of_a_newer_emulator_is_refused(shared: Emulator, tmp_path: Path) -> None:
    """It says so: nobody has to guess."""
    account = lease(shared.url)
    newer = (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "SELECT migration_set, 'm9999_tomorrow', applied_at FROM _sqlite_migrations LIMIT 1"
    )
    file = changed(account.export("account"), tmp_path, newer)
    answer = call("POST", f"{shared.url}/_plum/accounts/import", params={"username": "newer"}, data=file)
    assert answer.status_code == 400
    assert "written by a newer plum-emulator (m9999_tomorrow)" in answer.json()["error"]
