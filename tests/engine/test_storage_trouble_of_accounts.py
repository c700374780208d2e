"""The Nth SQL statement fails, for every N: an account that is made, saved, held or timed is so, or is as before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from helpers.failing import Trap
from helpers.house import NOW, RESULTS, STRANGER, House
from helpers.tables import Row, tables
from plum_emulator.clock import Timing
from plum_emulator.engine.sinks import Script
from plum_emulator.errors import StorageFailed
from plum_emulator.model.accounts import Account, Options, Seed
from plum_emulator.scenario.wanted import Wanted

Act = Callable[[House], object]
FAILS = {"then": {"outcome": "failed"}}
# After these the alarm is set anew; when the agenda cannot be read for that, the account is rung for at once.
RINGS_INSTEAD = {"restore", "set the clock"}


def busy(house: House) -> None:
    """Something of everything, nothing of it waiting to be written."""
    leased(house)
    for account in (house.account, third(house)):
        house.emulator.rules.put(account, {"then": {"callbacks": "double"}})
        house.emulator.sinks.put_script(account, "/a", Script(statuses=(500,)))
        house.queue(account=account, url=RESULTS)
        house.clock.move_to(NOW + 1000)
        house.worker.run_due(account.id)
        house.emulator.snapshots.save(account, "a")
        house.receive("STOP", from_=STRANGER, account=account)
        house.emulator.workbench.hold(account, timeout=None)
        house.clock.move_to(NOW + 3000)
        house.worker.run_due(account.id)
    house.emulator.keep_up()


def leased(house: House) -> Account:
    return house.emulator.leases.lease(Wanted(seed=Seed(username="", password=""), own_seed="mine", count=2))


def third(house: House) -> Account:
    return house.accounts.named("lease-1")


def manual(house: House) -> None:
    house.make_manual()


def with_a_manual_clock(house: House) -> None:
    busy(house)
    house.make_manual()
    house.emulator.workbench.let_go(house.account)
    house.queue()
    house.store.catch_up()


async def advanced(house: House, milliseconds: int) -> None:
    await house.emulator.advances.advance(house.account, milliseconds=milliseconds)


ACTS: dict[str, tuple[Act, Act]] = {
    "lease": (busy, leased),
    "end": (busy, lambda house: house.emulator.leases.end(third(house))),
    "change options": (busy, lambda house: house.emulator.leases.change(house.account, Options(sent_after=5))),
    "save": (busy, lambda house: house.emulator.snapshots.save(house.account, "b")),
    "save again": (busy, lambda house: house.emulator.snapshots.save(house.account, "a")),
    "restore": (busy, lambda house: house.emulator.snapshots.restore(house.account, "a")),
    "delete a snapshot": (busy, lambda house: house.emulator.snapshots.delete(house.account, "a")),
    "put a rule": (busy, lambda house: house.emulator.rules.put(house.account, FAILS)),
    "clear the rules": (busy, lambda house: house.emulator.rules.clear(house.account)),
    "hold": (busy, lambda house: house.emulator.workbench.hold(house.account, timeout=5)),
    "let go": (busy, lambda house: house.emulator.workbench.let_go(house.account)),
    "drop": (busy, lambda house: house.emulator.workbench.drop(house.account, held(house)[0])),
    "double": (busy, lambda house: house.emulator.workbench.duplicate(house.account, held(house)[0])),
    "script a sink": (busy, lambda house: house.emulator.sinks.put_script(house.account, "/b", Script())),
    "sink answers": (busy, lambda house: house.emulator.sinks.answer(house.account, "/a")),
    "set the clock": (busy, lambda house: house.platform.set_clock(house.account, "scaled", rate=9.0, instant=NOW)),
    "make the clock manual": (busy, manual),
    "advance over nothing": (with_a_manual_clock, lambda house: asyncio.run(advanced(house, 500))),
}


def held(house: House) -> list[int]:
    pending = house.emulator.workbench.pending(house.account)
    return [each.due.id for each in pending if each.due.state == "held"]


def memory(house: House) -> dict[str, Any]:
    """What is kept beside the tables."""
    return {
        account.username: (
            account.id,
            account.seed,
            account.holding,
            account.numbers,
            house.accounts.clock(account.id).timing.as_dict(),
            [(rule.id, count.as_dict()) for rule, count in house.emulator.rules.of(account)],
        )
        for account in house.accounts
    }


def in_tables(house: House) -> dict[str, Any]:
    """The same, as an emulator that is started now would find it."""
    found = {}
    with house.store.reading():
        timings = house.store.accounts.timings()
        for account in house.store.accounts.load():
            rules = [(id_, count) for id_, _, _, count in house.store.rules.of(account.id)]
            timing = timings.get(account.id, Timing()).as_dict()
            found[account.username] = (account.id, account.seed, account.holding, account.numbers, timing, rules)
    return found


def facts(rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Without counts that have gaps after a failure: of accounts, snapshots and leases."""
    gaps = {"accounts": {"id", "username", "seed"}, "numbers": {"account"}, "snapshots": {"id"}}
    return {
        name: [{key: value for key, value in row.items() if key not in gaps.get(name, ())} for row in found]
        for name, found in rows.items()
    }


@pytest.mark.parametrize("name", ACTS)
def test_operation_on_an_account_is_done_whole_or_not_at_all_and_can_be_done_again(name: str) -> None:
    prepare, act = ACTS[name]
    trap = Trap()
    with House() as clean, House(connect=trap.connect) as house:
        for each in (clean, house):
            prepare(each)
            each.events.clear()
        act(clean)
        before, remembered = tables(house), memory(house)
        n = 0
        failed = True
        while failed:
            n += 1
            failed = fails_at(n, trap, house, act)
            if failed:
                assert (tables(house), memory(house), house.events) == (before, remembered, [])
                assert in_tables(house) == remembered
        assert n > 1
        assert trap.sprung is False or name in RINGS_INSTEAD
        assert in_tables(house) == memory(house)
        assert facts(tables(house)) == facts(tables(clean))
        assert [event.kind for event in house.events] == [event.kind for event in clean.events]


def fails_at(n: int, trap: Trap, house: House, act: Act) -> bool:
    """Whether the operation says that it failed, when its nth statement does."""
    trap.arm(n)
    try:
        act(house)
    except StorageFailed:
        assert trap.sprung
        return True
    finally:
        trap.disarm()
    return False


def test_advance_that_fails_on_its_way_stands_where_it_came_to_and_goes_on() -> None:
    """It is many transactions: one for each instant at which something is due."""
    n, trap = 0, Trap()
    trap.sprung = True
    while trap.sprung:
        n += 1
        with House(connect=trap.connect) as house:
            with_a_manual_clock(house)
            fails_at(n, trap, house, lambda house: asyncio.run(advanced(house, 5000)))
            assert in_tables(house) == memory(house)
            asyncio.run(advanced(house, NOW + 8000 - house.platform.now(house.account)))
            newest = house.log()[-1]
            assert (newest.status, newest.sent_at, newest.settled_at) == ("received", NOW + 4000, NOW + 6000)
    assert n > 10
