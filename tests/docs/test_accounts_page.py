"""docs/accounts.md against what an accounts file may say, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pytest

from helpers.manual.pages import page, unquoted
from plum_emulator.model.accounts import OPTED_OUT_MODES, Number, OptedOutMode, Options, Seed
from plum_emulator.scenario.magic import ORDINARY
from plum_emulator.scenario.plans import Delays, plan
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.store.store import Store

PAGE = page("docs/accounts.md")
FILE = PAGE.section("Your own")
ACCOUNT, SECOND = "16175550100", "16175550101"


def test_every_key_of_an_account_is_explained_and_none_besides() -> None:
    keys = {field.name for field in fields(Seed)} - {"options"} | {field.name for field in fields(Options)}
    assert sorted(FILE.column("Account")) == sorted(keys)


def test_every_key_of_a_number_is_explained_and_none_besides() -> None:
    assert FILE.column("Number") == [field.name for field in fields(Number)]


def test_the_accounts_that_are_there_without_a_file_are_shown(tmp_path: Path) -> None:
    shown = tmp_path / "shown.toml"
    shown.write_text(PAGE.blocks[0].text, encoding="utf-8")
    assert read_seeds(shown) == read_seeds(None)


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
def test_what_happens_to_a_message_to_an_opted_out_handset_is_told(mode: OptedOutMode) -> None:
    rows = {unquoted(row["`opted_out`"]): row for row in PAGE.section("`opted_out`").table}
    assert tuple(rows) == OPTED_OUT_MODES
    delays = Delays(sent_after=1000, received_after=2000)
    planned = plan(to="16175550123", fate=ORDINARY, delays=delays, opted_out=True, mode=mode)
    becomes = [f"becomes `{step.status}`, with the notification `{step.notification}`" for step in planned.steps]
    assert (unquoted(rows[mode]["`queue` answers"]), rows[mode]["The message"]) == (
        planned.error or "success",
        " ".join(becomes) or "is not made",
    )


class Kept:
    """The accounts of a database that was started with one file, and then with another."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, *seeds: Seed, running_url: str = "") -> None:
        """Start with a file; while it runs, the first number may be given another URL."""
        store = Store(self.path)
        with store.transaction():
            store.accounts.plant(list(seeds))
            if running_url:
                store.accounts.set_application(ACCOUNT, running_url)
        store.close()

    def numbers(self) -> dict[str, dict[str, str]]:
        """The numbers of each account, with their URLs."""
        store = Store(self.path)
        found = {
            account.username: {number.number: number.application_url for number in account.numbers.values()}
            for account in store.accounts.load()
        }
        store.close()
        return found


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "plum.db")


def account(username: str, numbers: Sequence[tuple[str, str]], *, opted_out: OptedOutMode = "undelivered") -> Seed:
    return Seed(
        username=username,
        password="password",
        opted_out=opted_out,
        numbers=tuple(Number(number=number, application_url=url) for number, url in numbers),
    )


def test_account_that_is_new_in_the_file_is_added_and_one_that_is_gone_stays(kept: Kept) -> None:
    kept.start(account("first", [(ACCOUNT, "/demo")]))
    kept.start(account("second", [(SECOND, "")]))
    assert kept.numbers() == {"first": {ACCOUNT: "/demo"}, "second": {SECOND: ""}}


def test_number_keeps_the_url_it_was_given_when_the_file_has_not_changed_it(kept: Kept) -> None:
    kept.start(account("first", [(ACCOUNT, "/demo")]), running_url="http://127.0.0.1:8000/sms")
    kept.start(account("first", [(ACCOUNT, "/demo")], opted_out="generic"))
    assert kept.numbers() == {"first": {ACCOUNT: "http://127.0.0.1:8000/sms"}}


def test_url_that_the_file_has_changed_wins(kept: Kept) -> None:
    kept.start(account("first", [(ACCOUNT, "/demo")]), running_url="http://127.0.0.1:8000/sms")
    kept.start(account("first", [(ACCOUNT, "http://127.0.0.1:9000/sms")]))
    assert kept.numbers() == {"first": {ACCOUNT: "http://127.0.0.1:9000/sms"}}


def test_number_that_is_no_longer_in_the_file_is_gone(kept: Kept) -> None:
    kept.start(account("first", [(ACCOUNT, ""), (SECOND, "")]))
    kept.start(account("first", [(ACCOUNT, "")]))
    assert kept.numbers() == {"first": {ACCOUNT: ""}}
