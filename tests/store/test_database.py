"""The file: opened by one emulator at a time, refused in words when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from plum_emulator.errors import DatabaseUnusable
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.listings import EVERY_MESSAGE, Part
from plum_emulator.model.messages import Draft
from plum_emulator.store.store import Store

SEEDS = [Seed(username="username", password="password", numbers=(Number(number="16175550100"),))]
ANOTHER = "name another file with --database"


def store_one_message(store: Store, body: str = "hello") -> None:
    with store.transaction():
        store.accounts.plant(SEEDS)
        store.messages.insert(
            Draft(type="outbound", to="12125550123", from_="16175550100", body=body),
            account=1,
            sms_message_id=body,
            at=1,
        )


def bodies(store: Store) -> list[str]:
    with store.reading():
        return [message.body for message in store.search.page(1, EVERY_MESSAGE, Part(limit=10)).rows]


def test_temporary_database_has_no_name_in_any_folder(tmp_path: Path) -> None:
    """So that nothing of it is left, not even after a kill."""
    statement = (
        "import tempfile; from plum_emulator.store.store import Store; Store().close; print(tempfile.gettempdir())"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "SQLITE_TMPDIR": str(tmp_path)}
    seen = subprocess.run(
        [sys.executable, "-c", statement], env=environment, capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_temporary_database_keeps_more_than_fits_into_memory() -> None:
    store = Store()
    for place in range(300):
        store_one_message(store, body=f"{place} " + "x" * 40_000)
    assert len(bodies(store)) == 10
    store.close()


def test_file_keeps_everything_in_one_place(tmp_path: Path) -> None:
    """Nothing is left in a write-ahead log: the one file can be copied, sent and opened elsewhere."""
    store = Store(tmp_path / "plum.db")
    store_one_message(store)
    store.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"plum.db", "plum.db.lock"}
    (tmp_path / "plum.db").rename(tmp_path / "moved.db")
    moved = Store(tmp_path / "moved.db")
    assert bodies(moved) == ["hello"]
    moved.close()


def test_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "plum.db").touch()
    store = Store(tmp_path / "plum.db")
    store_one_message(store)
    assert bodies(store) == ["hello"]
    store.close()


def test_file_is_plain_enough_for_other_tools(tmp_path: Path) -> None:
    store = Store(tmp_path / "plum.db")
    store_one_message(store)
    store.close()
    db = sqlite_utils.Database(tmp_path / "plum.db")
    rows = list(db["messages_readable"].rows)
    db.close()
    assert rows == [
        {
            "sms_message_id": "hello",
            "account": "username",
            "type": "outbound",
            "to": "12125550123",
            "from": "16175550100",
            "body": "hello",
            "status": "queued",
            "requested": "1970-01-01T00:00:00.001Z",
            "sent": None,
            "settled": None,
            "result_url": "",
            "notification": None,
            "reason": None,
        }
    ]


def newer(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('plum_emulator', '9999_from_the_future', '2099-01-01')"
        )
    connection.close()


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE customers (id); CREATE TABLE orders (id)")
    connection.close()


def foreign_with_migrations(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT);"
        "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('of something else', '0001')"
    )
    connection.close()


def text(path: Path) -> None:
    path.write_text("This is not a database, however long it is. " * 100, encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            newer,
            "the database {} was written by a newer plum-emulator (9999_from_the_future)",
            f"upgrade plum-emulator, or {ANOTHER}",
        ),
        (foreign, "{} is a database of something else (customers, orders, …)", ANOTHER),
        (foreign_with_migrations, "{} is a database of something else (_sqlite_migrations, …)", ANOTHER),
        (text, "the database {} cannot be used: file is not a database", ANOTHER),
        (Path.mkdir, "the database {} cannot be used: unable to open database file", ANOTHER),
    ],
    ids=["newer", "foreign", "foreign with migrations", "text", "folder"],
)
def test_file_that_is_no_database_of_ours_is_refused_untouched(
    tmp_path: Path, make: Callable[[Path], None], message: str, hint: str
) -> None:
    path = tmp_path / "plum.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(DatabaseUnusable) as refused:
        Store(path)
    assert (refused.value.message, refused.value.hint) == (message.format(path), hint)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable) as refused:
        Store(tmp_path / "none" / "plum.db")
    assert (refused.value.message, refused.value.hint) == (
        f"the folder {tmp_path / 'none'} of the database does not exist",
        "make it first",
    )


def test_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "plum.db.lock").mkdir()
    with pytest.raises(DatabaseUnusable) as refused:
        Store(tmp_path / "plum.db")
    assert refused.value.message.startswith(f"the database {tmp_path / 'plum.db'} cannot be used: ")
    assert refused.value.hint == ANOTHER


def read_only(path: str, **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, **options)
    return connection


@pytest.mark.parametrize("used_before", [False, True], ids=["empty", "used before"])
def test_file_that_may_only_be_read_is_refused(tmp_path: Path, used_before: bool) -> None:
    path = tmp_path / "plum.db"
    if used_before:
        Store(path).close()
    else:
        path.touch()
    with pytest.raises(DatabaseUnusable) as refused:
        Store(path, connect=read_only)
    assert (refused.value.message, refused.value.hint) == (
        f"the database {path} cannot be used: attempt to write a readonly database",
        ANOTHER,
    )


def test_second_emulator_on_the_same_file_is_refused(tmp_path: Path) -> None:
    first = Store(tmp_path / "plum.db")
    with pytest.raises(DatabaseUnusable) as refused:
        Store(tmp_path / "plum.db")
    assert (refused.value.message, refused.value.hint) == (
        f"the database {tmp_path / 'plum.db'} is in use by another emulator",
        f"stop that one, or {ANOTHER}",
    )
    store_one_message(first)
    assert bodies(first) == ["hello"]
    first.close()
    Store(tmp_path / "plum.db").close()


def test_refused_file_can_be_opened_once_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "plum.db"
    text(path)
    with pytest.raises(DatabaseUnusable):
        Store(path)
    path.unlink()
    Store(path).close()


def test_file_that_another_thread_has_closed_can_be_opened_again(tmp_path: Path) -> None:
    """A server is made in one thread and closed in the one it ran in."""
    store = Store(tmp_path / "plum.db")
    thread = threading.Thread(target=store.close)
    thread.start()
    thread.join()
    Store(tmp_path / "plum.db").close()


def test_transaction_keeps_all_or_nothing() -> None:
    store = Store()
    with suppress(ZeroDivisionError), store.transaction():
        store_one_message(store)
        raise ZeroDivisionError
    store_one_message(store, "second")
    assert bodies(store) == ["second"]
    store.close()


def test_secret_is_set_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "plum.db")
    with store.transaction():
        assert [store.secret("seed", "first"), store.secret("seed", "second")] == ["first", "first"]
        assert store.secret("other", "third") == "third"
    store.close()
    store = Store(tmp_path / "plum.db")
    with store.transaction():
        assert store.secret("seed", "fourth") == "first"
    store.close()


def test_readers_in_other_threads_see_no_half_done_work() -> None:
    store = Store()
    store_one_message(store, "before")
    seen: list[list[str]] = []
    with store.transaction():
        reader = threading.Thread(target=lambda: seen.append(bodies(store)))
        reader.start()
        store.messages.insert(
            Draft(type="outbound", to="12125550123", from_="16175550100", body="half"),
            account=1,
            sms_message_id="half",
            at=2,
        )
        reader.join(0.05)
        assert reader.is_alive(), "it waits"
        store.messages.insert(
            Draft(type="outbound", to="12125550123", from_="16175550100", body="whole"),
            account=1,
            sms_message_id="whole",
            at=3,
        )
    reader.join()
    assert seen == [["whole", "half", "before"]]
    store.close()
