"""Snapshots put everything aside that an account owns, and bring it back; so does a file for another machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.house import HANDSET, MINE, NOW, OTHER, RESULTS, STRANGER, House
from helpers.laws import examples
from helpers.tables import Row
from plum_emulator.engine.sinks import Script
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.listings import LogFilter

HOUR = 3_600_000
REPLY = b"<reply><sms_message>answer</sms_message></reply>"


def set_clock(mode: Any, rate: float = 1.0) -> Callable[[House], object]:
    return lambda house: house.platform.set_clock(house.account, mode, rate=rate, instant=NOW + 12_345)


ACTS: dict[str, Callable[[House], object]] = {
    "queue": lambda house: house.queue("x" * 200, url=RESULTS),
    "queue over": lambda house: house.queue(to=OTHER),
    "receive": lambda house: house.receive(),
    "STOP": lambda house: house.receive("STOP", from_=STRANGER),
    "START": lambda house: house.receive("START", from_=STRANGER),
    "a second": lambda house: house.advance(1000),
    "an hour": lambda house: house.advance(HOUR),
    "due only": lambda house: house.worker.run_due(house.account.id),
    "rule": lambda house: house.emulator.rules.put(house.account, {"then": {"callbacks": "double"}}),
    "nth rule": lambda house: house.emulator.rules.put(
        house.account, {"when": {"nth": 2}, "then": {"outcome": "failed"}}
    ),
    "no rules": lambda house: house.emulator.rules.clear(house.account),
    "hold": lambda house: house.emulator.workbench.hold(house.account, timeout=5000),
    "let go": lambda house: house.emulator.workbench.let_go(house.account),
    "application": lambda house: house.platform.set_application(house.account, MINE, "http://127.0.0.1:8000/other"),
    "sink": lambda house: house.emulator.sinks.put_script(house.account, "/a", Script(statuses=(500, 200))),
    "sink answers": lambda house: house.emulator.sinks.answer(house.account, "/a"),
    "manual": set_clock("manual"),
    "scaled": set_clock("scaled", 60.0),
    "real": lambda house: house.platform.set_clock(house.account, "real", rate=1.0, instant=None),
    "reset": lambda house: house.emulator.snapshots.reset(house.account),
    "neighbour": lambda house: house.queue("x" * 200, account=house.second, url=RESULTS),
}
PAST = st.lists(st.sampled_from(sorted(ACTS)), max_size=12)


def do(house: House, acts: list[str]) -> None:
    for act in acts:
        ACTS[act](house)
        for account in house.accounts:
            clock = house.accounts.clock(account.id)
            if clock.timing.mode == "scaled":  # House moves clocks that go as the machine's
                house.worker.run_due(account.id)


def owned(house: House, account: Account) -> dict[str, Any]:
    """Everything that the account owns, and what is beside the tables. Ids of the agenda are not kept."""
    house.store.catch_up()
    house.emulator.rules.keep_counts()
    found: dict[str, Any] = {
        name: [row for row in rows if row.get("account", row.get("id")) == account.id]
        for name, rows in raw_tables(house).items()
    }
    for row in found["agenda"]:
        row["state"] = "scheduled" if row["state"] == "in hand" else row["state"]
    for row in found["agenda"] + found["exchanges"] + found["automatic_texts"]:
        del row["id"]
    live = [(rule, count.as_dict()) for rule, count in house.emulator.rules.of(account)]
    clock = house.accounts.clock(account.id)
    return {
        **found,
        "clock": clock.as_left(),
        "memory": (account.issued, account.exchanges, dict(account.numbers), account.holding, live),
        "in tables": (house.store.accounts.numbers(account.id), house.store.accounts.timings().get(account.id)),
        "words": [
            message.body
            for message in house.platform.log(account, limit=1000, filter=LogFilter(words="x hello STOP")).rows
        ],
    }


_OWNED = ("numbers", "messages", "agenda", "opt_outs", "automatic_texts", "exchanges", "rules", "treatments", "sinks")


def raw_tables(house: House) -> dict[str, list[Row]]:
    found = {}
    for table in _OWNED:
        cursor = house.store.database.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 # a constant
        names = [description[0] for description in cursor.description]
        found[table] = [dict(zip(names, row, strict=True)) for row in cursor]
    return found


@examples(40)
@given(before=PAST, after=PAST, restart=st.booleans())
@pytest.mark.slow
def test_restore_brings_everything_back_whatever_was_done_since(
    before: list[str], after: list[str], restart: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    house = House(tmp_path_factory.mktemp("snapshots") / "plum.db")
    house.transport.answer = lambda _request: Outcome(status=200, body=REPLY)
    do(house, before)
    house.emulator.snapshots.save(house.account, "a")
    saved = owned(house, house.account)
    do(house, after)
    theirs = owned(house, house.second)
    if restart:
        house = house.reopened()
    house.emulator.snapshots.restore(house.account, "a")
    restored = owned(house, house.account)
    saved.pop("in tables"), restored.pop("in tables")
    assert restored == saved
    if not restart:
        assert owned(house, house.second) == theirs
    house.close()


def test_ids_go_on_from_where_they_were_saved(house: House) -> None:
    """The same operations after a restore give the same ids."""
    house.queue()
    house.emulator.snapshots.save(house.account, "a")
    given = []
    for _ in range(2):
        given.append([message.sms_message_id for message in house.queue("x" * 400)])
        house.emulator.snapshots.restore(house.account, "a")
    assert given[0] == given[1]


def test_request_that_was_out_at_a_restore_does_not_strike_out_what_was_restored() -> None:
    with House() as house:
        (message,) = house.queue(url=RESULTS)
        house.clock.move_to(NOW + 1000)
        house.worker.run_due(house.account.id)
        house.emulator.snapshots.save(house.account, "out")
        house.emulator.snapshots.restore(house.account, "out")
        assert house.transport.deliver() == 1
        assert list(house.platform.journal(house.account)) == []
        house.advance(HOUR)
        assert house.callbacks(message) == ["sent", "sent", "received"]
        assert [exchange.n for exchange in house.platform.journal(house.account)] == [3, 4]


def test_opted_out_handsets_are_known_again_after_a_restart_and_a_restore(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.receive("STOP")
    house.emulator.snapshots.save(house.account, "stopped")
    house.emulator.snapshots.reset(house.account)
    with house.reopened() as again:
        again.emulator.snapshots.restore(again.account, "stopped")
        (message,) = again.queue(to=HANDSET)
        again.advance(HOUR)
        assert again.now(message).status == "undelivered"


def test_places_of_a_snapshot_are_not_given_again_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.queue("x" * 400)
    house.emulator.snapshots.save(house.account, "a")
    house.emulator.snapshots.reset(house.account)
    with house.reopened() as again:
        again.queue("neighbour", account=again.second)
        again.emulator.snapshots.restore(again.account, "a")
        assert (len(again.log()), [message.body for message in again.log(again.second)]) == (3, ["neighbour"])


def test_snapshots_are_listed_replaced_deleted_and_outlive_a_reset(house: House) -> None:
    snapshots = house.emulator.snapshots
    assert snapshots.of(house.account) == []
    first, second = snapshots.save(house.account, "a"), snapshots.save(house.account, "b")
    house.queue()
    again = snapshots.save(house.account, "a")
    assert (first.messages, again.messages, again.made_at) == (0, 1, NOW)
    snapshots.reset(house.account)
    assert (snapshots.of(house.account), snapshots.of(house.second)) == ([second, again], [])
    snapshots.delete(house.account, "a")
    assert snapshots.of(house.account) == [second]
    for act in (snapshots.delete, snapshots.restore):
        with pytest.raises(NotFound) as refused:
            act(house.account, "a")
        assert refused.value.one_line() == "account 'username' has no snapshot 'a'; there are: b"


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 65, "é", "a\n"])
def test_name_that_is_none_is_refused(house: House, name: str) -> None:
    with pytest.raises(NotPossible):
        house.emulator.snapshots.save(house.account, name)


def test_hundred_snapshots_are_enough(house: House) -> None:
    for n in range(100):
        house.emulator.snapshots.save(house.account, f"s{n}")
    with pytest.raises(NotPossible, match="at most 100 snapshots"):
        house.emulator.snapshots.save(house.account, "one-more")
    assert len(house.emulator.snapshots.of(house.account)) == 100
    house.emulator.snapshots.save(house.account, "s0")
