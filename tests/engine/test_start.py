"""A server that cannot start gives back what it had opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from plum_emulator.errors import AccountsFileError
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.server import Server
from plum_emulator.settings import Settings
from plum_emulator.store.store import Store

ACCOUNTS = """
[[accounts]]
username = "another"
password = "x"

  [[accounts.numbers]]
  number = "16175550100"
"""


def test_database_can_be_opened_again_after_an_accounts_file_was_refused(tmp_path: Path) -> None:
    database, accounts = tmp_path / "plum.db", tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNTS, encoding="utf-8")
    store = Store(database)
    with store.transaction():
        store.accounts.plant([Seed(username="first", password="x", numbers=(Number(number="16175550100"),))])
    store.close()
    with pytest.raises(AccountsFileError) as refused:
        Server(Settings(port=0, database=database, accounts=accounts))
    assert refused.value.message == "number 16175550100 already belongs to account 'first' in the database"
    Store(database).close()
