"""docs/database.md against the real schema."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from helpers.house import HANDSET, MINE, House
from helpers.manual.pages import page, unquoted
from plum_emulator.model.accounts import Origin
from plum_emulator.model.events import Kind as EventKind
from plum_emulator.model.exchanges import Direction
from plum_emulator.model.messages import Status, Type
from plum_emulator.store.agenda import Kind, State
from plum_emulator.store.migrations import KEPT_IN_SNAPSHOTS
from plum_emulator.store.store import Store

PAGE = page("docs/database.md")
TABLES = PAGE.section("The tables")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "plum.db")
    yield store
    store.close()


def columns_on_the_page() -> dict[str, list[str]]:
    """Tables and views, each with its columns, as the page tells them."""
    names = [unquoted(heading) for heading in TABLES.headings]
    return {name: [unquoted(row["Column"]) for row in TABLES.section(f"`{name}`").table] for name in names}


def columns_in(store: Store) -> dict[str, list[str]]:
    """The same, as SQLite tells them, without what SQLite and sqlite-utils keep for themselves."""
    rows = store.database.db.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    return {
        name: [row[0] for row in store.database.db.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for (name,) in rows
    }


def test_every_table_and_column_is_explained_and_none_besides(store: Store) -> None:
    """The tables of snapshots have one section for all, as their columns follow from those of others."""
    on_the_page = columns_on_the_page()
    snapshot = on_the_page.pop("saved_…")
    saved = {f"saved_{table}": snapshot + on_the_page[table] for table in KEPT_IN_SNAPSHOTS}
    assert {**on_the_page, **saved} == columns_in(store)
    named = re.findall(r"`(saved_\w+)`", TABLES.section("`saved_…`").prose)
    assert named == list(saved)


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("messages", "type", get_args(Type)),
        ("messages", "status", get_args(Status)),
        ("exchanges", "direction", get_args(Direction)),
        ("agenda", "kind", get_args(Kind)),
        ("agenda", "state", get_args(State)),
        ("accounts", "origin", get_args(Origin)),
        ("events", "kind", sorted(set(get_args(EventKind)) - {"end"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_value_that_a_column_may_have_is_named(table: str, column: str, values: tuple[str, ...]) -> None:
    rows = {unquoted(row["Column"]): row["What it says"] for row in TABLES.section(f"`{table}`").table}
    assert [value for value in values if f"`{value}`" not in rows[column]] == []


def test_a_power_cut_costs_what_the_page_says(store: Store) -> None:
    """SQLite runs in WAL mode with synchronous = NORMAL."""
    pragmas = {name: store.database.db.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    assert pragmas == PRAGMAS
    assert "WAL mode with `synchronous = NORMAL`" in " ".join(PAGE.prose.split())


PRAGMAS = {"journal_mode": "wal", "synchronous": 1}


@pytest.mark.slow
def test_datasette_opens_it_and_searches(tmp_path: Path) -> None:
    """Also while the emulator runs; the page of `messages` has a search box."""
    path = tmp_path / "plum.db"
    with closing(House(path)) as house:
        house.platform.receive(house.account, to=MINE, from_=HANDSET, body="Is there a table for two?")
        house.platform.receive(house.account, to=MINE, from_=HANDSET, body="Or a stool?")
        house.store.index_bodies()
        shown = _datasette(path, "/plum/messages?_search=table")
    assert 'name="_search"' in shown
    assert "Is there a table for two?" in shown
    assert "Or a stool?" not in shown


def _datasette(path: Path, asked: str) -> str:
    command = [sys.executable, "-m", "datasette", str(path), "--get", asked]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
