"""An account as a database file of its own: opened by another emulator, or read in beside others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from helpers.house import APPLICATION, HANDSET, NOW, RESULTS, House
from helpers.tables import tables
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account, Holding, Number, Seed
from plum_emulator.model.listings import LogFilter
from plum_emulator.scenario.wanted import Wanted
from plum_emulator.store.store import Store

HOUR = 3_600_000
THIRD = "12022010103"


def with_a_past(house: House) -> Account:
    """An account that can be ended, with something of everything."""
    seed = Seed(username="third", password="x", numbers=(Number(number=THIRD, application_url=APPLICATION),))
    account = house.emulator.leases.make(Wanted(seed=seed))
    house.emulator.rules.put(account, {"when": {"body": "twice"}, "then": {"callbacks": "double"}})
    house.queue("twice", account=account, url=RESULTS)
    house.receive("STOP", account=account)
    house.advance(1000)
    house.emulator.snapshots.save(account, "early")
    house.queue("later", account=account, to="12125550157", url=RESULTS)
    house.advance(1000)
    house.emulator.workbench.hold(account, timeout=5000)
    return account


def rows(house: House, account: Account) -> dict[str, Any]:
    """What the account owns, with places from 1 on."""
    places = sorted(message.seq for message in house.log(account))
    known = {seq: place for place, seq in enumerate(places, 1)}
    return {
        "messages": [message._replace(seq=known[message.seq], account=0) for message in house.log(account)],
        "journal": [
            exchange._replace(account=0, message=known.get(exchange.message or 0))
            for exchange in house.platform.journal(account)
        ],
        "agenda": [
            due._replace(id=0, account=0, message=known[due.message])
            for due, _ in house.platform.agenda(account, limit=100)
        ],
        "rules": [(rule, count.as_dict()) for rule, count in house.emulator.rules.of(account)],
        "snapshots": [(each.name, each.made_at, each.messages) for each in house.emulator.snapshots.of(account)],
        "account": (account.numbers, account.issued, account.exchanges, account.holding),
        "clock": house.platform.now(account),
    }


def test_file_is_a_database_that_an_emulator_can_be_started_with(house: House, tmp_path: Path) -> None:
    account = with_a_past(house)
    mine = rows(house, account)
    (tmp_path / "plum.db").write_bytes(house.emulator.snapshots.write(account))
    with House(tmp_path / "plum.db", seeds=[], now=house.clock.now()) as other:
        assert [account.username for account in other.accounts] == ["third"]
        assert rows(other, other.accounts.named("third")) == mine
    store = Store(tmp_path / "plum.db")
    store.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"plum.db", "plum.db.lock"}


@pytest.mark.parametrize("mode", ["manual", "scaled", "real"])
def test_clock_goes_on_from_what_it_showed(house: House, tmp_path: Path, mode: Any) -> None:
    account = with_a_past(house)
    house.platform.set_clock(account, mode, rate=60.0 if mode == "scaled" else 1.0, instant=NOW + HOUR)
    house.clock.move_to(house.clock.now() + 1000)
    shown = house.platform.now(account)
    file = house.emulator.snapshots.write(account)
    assert house.platform.now(account) == shown
    house.emulator.leases.end(account)
    house.clock.move_to(house.clock.now() + HOUR)
    (tmp_path / "plum.db").write_bytes(file)
    with House(tmp_path / "plum.db", seeds=[], now=house.clock.now()) as other:
        assert other.platform.now(other.accounts.named("third")) == shown
    assert house.platform.now(house.emulator.snapshots.read(file)) == shown


def test_writing_the_file_changes_nothing(house: House) -> None:
    account = with_a_past(house)
    before = tables(house)
    house.emulator.snapshots.write(account)
    assert tables(house) == before


def test_account_is_read_in_under_another_name_once_its_numbers_are_free(house: House) -> None:
    account = with_a_past(house)
    mine = rows(house, account)
    file = house.emulator.snapshots.write(account)
    neighbour = (house.queue(account=house.second), rows(house, house.second))[1]
    with pytest.raises(NotPossible) as refused:
        house.emulator.snapshots.read(file)
    assert refused.value.message == "there is an account 'third' already"
    with pytest.raises(NotPossible) as refused:
        house.emulator.snapshots.read(file, username="fourth")
    assert refused.value.message == f"{THIRD} belongs to account 'third' already"
    house.emulator.leases.end(account)
    again = house.emulator.snapshots.read(file, username="fourth")
    assert (rows(house, again), again.username) == (mine, "fourth")
    assert rows(house, house.second) == neighbour
    house.emulator.workbench.let_go(again)
    house.advance(HOUR)
    assert {message.status for message in house.log(again)} == {"received"}
    (stopped,) = house.queue(account=again, to=HANDSET)
    house.advance(HOUR)
    assert house.now(stopped).status == "undelivered"
    assert [
        len(house.platform.log(again, limit=10, filter=LogFilter(words=word)).rows) for word in ("twice", "later")
    ] == [1, 1]
    house.emulator.snapshots.restore(again, "early")
    assert [message.body for message in house.log(again)] == ["twice", "STOP"]


def test_places_and_agenda_ids_of_what_was_read_in_are_nobody_elses(house: House) -> None:
    account = with_a_past(house)
    file = house.emulator.snapshots.write(account)
    house.emulator.leases.end(account)
    for account in house.accounts:
        house.queue("x" * 1600, account=account, url=RESULTS)
    read = house.emulator.snapshots.read(file)
    house.queue("after", account=house.second)
    for table, column in (("messages", "seq"), ("agenda", "id")):
        found = house.store.database.db.execute(
            f"SELECT {column} FROM {table} UNION ALL SELECT {column} FROM saved_{table}"  # noqa: S608 # constants
        ).fetchall()
        ours = house.store.database.db.execute(
            f"SELECT {column} FROM {table} WHERE account = ? UNION SELECT {column} FROM saved_{table}",  # noqa: S608
            (read.id,),
        ).fetchall()
        others = house.store.database.db.execute(
            f"SELECT {column} FROM {table} WHERE account <> ?",  # noqa: S608 # constants
            (read.id,),
        ).fetchall()
        assert found
        assert not set(ours) & set(others)


def test_account_that_was_read_in_is_there_after_a_restart(tmp_path: Path) -> None:
    with House() as other:
        file = other.emulator.snapshots.write(with_a_past(other))
    house = House(tmp_path / "plum.db", now=NOW + 2000)
    account = house.emulator.snapshots.read(file)
    house.platform.set_clock(account, "scaled", rate=60.0, instant=None)
    mine = rows(house, account)
    assert account.holding == Holding(timeout=5000)
    with house.reopened() as again:
        assert rows(again, again.accounts.named("third")) == mine


def exported() -> bytes:
    with House() as house:
        return house.emulator.snapshots.write(with_a_past(house))


@pytest.fixture(scope="module")
def file() -> bytes:
    return exported()


def changed(file: bytes, folder: Path, *statements: str) -> bytes:
    """The file after these statements."""
    path = folder / "changed.db"
    path.write_bytes(file)
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path.read_bytes()


HOSTILE: dict[str, str] = {
    "no account": "DELETE FROM accounts",
    "two accounts": "INSERT INTO accounts (id, username, seed) SELECT 99, 'x', seed FROM accounts",
    "seed no JSON": "UPDATE accounts SET seed = '{'",
    "seed null": "UPDATE accounts SET seed = 'null'",
    "seed empty": "UPDATE accounts SET seed = '{}'",
    "seed a list": "UPDATE accounts SET seed = '[]'",
    "clock unknown": "UPDATE accounts SET clock = '{\"speed\": 1}'",
    "clock a number": "UPDATE accounts SET clock = '5'",
    "holding a list": "UPDATE accounts SET holding = '[1]'",
    "rule nonsense": 'UPDATE rules SET written = \'{"then": {"explode": true}}\'',
    "rule no JSON": "UPDATE rules SET written = 'x'",
    "rule count empty": "UPDATE rules SET count = '{}'",
    "snapshot state empty": "UPDATE snapshots SET state = '{}'",
    "snapshot clock unknown": 'UPDATE snapshots SET state = \'{"clock": {"a": 1}, "holding": null}\'',
    "sink nonsense": "INSERT INTO sinks (account, path, script) SELECT id, '/a', '{\"statuses\": 1}' FROM accounts",
    "places from below": "UPDATE messages SET seq = -5 WHERE seq = (SELECT min(seq) FROM messages)",
    "places without end": "UPDATE messages SET seq = 4611686018427387904 WHERE seq = (SELECT max(seq) FROM messages)",
    "agenda without end": "UPDATE agenda SET id = 9223372036854775807 WHERE id = (SELECT max(id) FROM agenda)",
    "no snapshots": "DROP TABLE snapshots",
    "no agenda": "DROP TABLE agenda",
    "another column": "ALTER TABLE messages RENAME COLUMN body TO text",
    "a newer version": "UPDATE _sqlite_migrations SET name = name || '9'",
    "no versions": "DELETE FROM _sqlite_migrations",
    "number of another": "UPDATE numbers SET number = '16175550100'",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_file_that_cannot_be_used_is_refused_and_changes_nothing(
    house: House, tmp_path: Path, file: bytes, name: str
) -> None:
    before = tables(house)
    with pytest.raises(NotPossible):
        house.emulator.snapshots.read(changed(file, tmp_path, HOSTILE[name]))
    assert (tables(house), len(house.accounts)) == (before, 2)
    house.queue()
    house.advance(HOUR)
    assert [message.status for message in house.log()] == ["received"]


GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _file: b"",
    "text": lambda _file: b"what is this" * 1000,
    "half": lambda file: file[: len(file) // 2],
    "header only": lambda file: file[:100],
    "holes": lambda file: file[:4096] + bytes(8192) + file[12_288:],
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_is_no_file_of_ours_is_refused(house: House, file: bytes, name: str) -> None:
    before = tables(house)
    with pytest.raises(NotPossible):
        house.emulator.snapshots.read(GARBAGE[name](file))
    assert (tables(house), len(house.accounts)) == (before, 2)
