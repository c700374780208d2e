"""Accounts come and go while the emulator runs, and neighbours never notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.caller import basic
from helpers.house import HANDSET, MINE, NOW, OTHER, RESULTS, House
from helpers.laws import examples
from helpers.tables import tables
from plum_emulator.clock import Timing
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account, Number, Options, Seed
from plum_emulator.model.exchanges import Exchange, Outcome
from plum_emulator.model.messages import Message
from plum_emulator.model.phones import is_number
from plum_emulator.scenario.wanted import Wanted

HOUR = 3_600_000
ANY = Seed(username="", password="")
THIRD = "12022010103"


def lease(house: House, **wanted: object) -> Account:
    """A leased account with free login and numbers, unless something else is wanted."""
    return house.emulator.leases.lease(replace(Wanted(seed=ANY), **wanted))  # type: ignore[arg-type] # its fields


def asked(house: House, username: str = "third", number: str = THIRD, **more: object) -> Account:
    """An account that was asked for by name."""
    seed = Seed(username=username, password="pass", numbers=(Number(number=number),), **more)  # type: ignore[arg-type]
    return house.emulator.leases.make(Wanted(seed=seed))


def login(account: Account) -> str:
    return basic(f"{account.username}:{account.seed.password}")


def test_account_that_was_asked_for_works_like_any_other(house: House) -> None:
    account = asked(house)
    (message,) = house.queue(account=account, url=RESULTS)
    house.advance(HOUR)
    assert (house.now(message).status, house.callbacks(message)) == ("received", ["sent", "received"])
    assert (account.origin, house.accounts.login(login(account)), house.accounts.owner(THIRD)) == (
        "asked",
        account,
        account,
    )
    house.queue("over", to=THIRD)
    house.advance(HOUR)
    assert [message.type for message in house.log(account)] == ["outbound", "inbound"]


@pytest.mark.parametrize(
    ("username", "number", "message"),
    [
        ("username", THIRD, "there is an account 'username' already"),
        ("third", OTHER, f"{OTHER} belongs to account 'second' already"),
        ("third", "16175550199", "16175550199 belongs to account 'username' already"),
    ],
    ids=["username", "number", "PCI number"],
)
def test_what_somebody_has_is_not_given_to_another(house: House, username: str, number: str, message: str) -> None:
    before = tables(house)
    for make in (house.emulator.leases.make, house.emulator.leases.lease):
        with pytest.raises(NotPossible) as refused:
            make(Wanted(seed=Seed(username=username, password="x", numbers=(Number(number=number),))))
        assert refused.value.message == message
    assert (tables(house), len(house.accounts)) == (before, 2)


def test_leases_share_no_login_and_no_number(house: House) -> None:
    leased = [lease(house, count=5, application_url="/demo") for _ in range(60)]
    accounts = list(house.accounts)
    numbers = [number for account in accounts for number in account.numbers]
    assert len({account.username for account in accounts}) == 62
    assert len(set(numbers)) == len(numbers) == 3 + 60 * 5
    assert all(is_number(number) and number[4:7] != "555" for account in leased for number in account.numbers)
    assert {number.application_url for account in leased for number in account.numbers.values()} == {"/demo"}
    assert len({account.seed.password for account in leased}) == 60
    assert [house.accounts.login(login(account)) for account in leased] == leased


def test_lease_with_its_own_seed_has_the_same_numbers_and_ids_in_every_emulator() -> None:
    def story(house: House) -> tuple[list[str], list[str]]:
        account = lease(house, own_seed="mine", count=3)
        ids = [message.sms_message_id for _ in range(3) for message in house.queue(account=account)]
        numbers = list(account.numbers)
        house.emulator.leases.end(account)
        return numbers, ids

    with House(seed="one") as one, House(seed=None) as other:
        lease(other)
        other.queue()
        first = story(one)
        assert story(other) == story(one) == first
        assert story(other) != ([], [])


def test_leases_with_other_seeds_have_other_numbers_and_ids(house: House) -> None:
    accounts = [lease(house, own_seed=seed) for seed in ("", "a", "b")]
    ids = [house.queue(account=account)[0].sms_message_id for account in accounts]
    assert len(set(ids)) == len({number for account in accounts for number in account.numbers}) == 3


def test_ids_of_a_lease_with_its_own_seed_start_again_after_a_reset() -> None:
    with House(seed=None) as house:
        account = lease(house, own_seed="mine")
        first = house.queue(account=account)[0].sms_message_id
        house.emulator.snapshots.reset(account)
        assert house.queue(account=account)[0].sms_message_id == first


def test_lease_ends_when_its_life_is_over_by_the_machines_clock(house: House) -> None:
    short, long, endless = lease(house, lifetime=1000), lease(house, lifetime=2000), lease(house)
    house.make_manual(short)
    for passed, left in ((999, [short, long, endless]), (1000, [long, endless]), (2000, [endless])):
        house.clock.move_to(NOW + passed)
        house.emulator.keep_up()
        assert list(house.accounts)[2:] == left


def test_life_of_a_lease_goes_on_over_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    account = lease(house, lifetime=1000)
    house.queue(account=account)
    with house.reopened() as again:
        assert again.accounts.named(account.username).expires_at == NOW + 1000
        assert len(again.log(again.accounts.named(account.username))) == 1
        again.clock.move_to(NOW + 1000)
        again.emulator.keep_up()
        assert len(again.accounts) == 2


def test_end_takes_everything_that_the_account_owned(house: House) -> None:
    before = tables(house)
    account = asked(house)
    house.platform.set_application(account, THIRD, "http://127.0.0.1:8000/sms")
    house.emulator.rules.put(account, {"then": {"callbacks": "double"}})
    house.emulator.workbench.hold(account, timeout=1000)
    house.receive("STOP", account=account)
    house.queue(account=account, url=RESULTS)
    house.advance(1000)
    house.emulator.snapshots.save(account, "a")
    house.emulator.sinks.put_script(account, "/a", house.emulator.sinks.script(account, "/a"))
    house.emulator.leases.end(account)
    house.advance(HOUR)
    assert tables(house) == before
    for table in ("events", "saved_messages", "saved_agenda", "saved_rules", "saved_numbers"):
        assert house.store.database.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
    assert [event.kind for event in house.events if event.account == account.id][-1] == "end"


def test_login_and_numbers_of_an_account_that_has_ended_are_nobodys(house: House) -> None:
    account = asked(house)
    assert house.accounts.login(login(account)) is account
    house.emulator.leases.end(account)
    assert (house.accounts.login(login(account)), house.accounts.holder(THIRD)) == (None, None)
    again = asked(house, "fourth")
    assert (list(again.numbers), again.id) == ([THIRD], account.id + 1)


def test_account_of_the_accounts_file_cannot_be_ended(house: House) -> None:
    with pytest.raises(NotPossible) as refused:
        house.emulator.leases.end(house.account)
    assert refused.value.one_line() == (
        "account 'username' comes from the accounts file and stays; POST /_plum/reset empties it"
    )


@pytest.mark.parametrize("status", [200, 500])
def test_account_may_end_while_its_requests_are_out(house: House, status: int) -> None:
    before = tables(house)
    account = asked(house)
    house.platform.set_application(account, THIRD, "http://127.0.0.1:8000/sms")
    house.queue(account=account, url=RESULTS)
    house.clock.move_to(NOW + 1000)
    house.receive("hello", account=account)
    house.worker.run_due(account.id)
    house.emulator.leases.end(account)
    house.transport.answer = lambda _request: Outcome(
        status=status, body=b"<reply><sms_message>x</sms_message></reply>"
    )
    assert house.transport.deliver() == 2
    house.advance(HOUR)
    assert (tables(house), house.emulator.deliveries.out(account.id)) == (before, 0)


def test_options_of_an_account_treat_its_messages_and_outlive_a_reset_and_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    account = asked(house)
    house.emulator.leases.change(account, Options(sent_after=5, received_after=0.5))
    house.emulator.snapshots.reset(account)
    (message,) = house.queue(account=account)
    house.advance(HOUR)
    assert house.history(message) == [("queued", 0), ("sent", 5000), ("received", 5500)]
    with house.reopened() as again:
        assert again.accounts.named("third").options == Options(sent_after=5, received_after=0.5)


def test_clock_that_was_asked_for_begins_with_the_account_and_again_with_a_reset(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    account = asked(house, clock=Timing(mode="manual"))
    house.clock.move_to(NOW + HOUR)
    assert (house.time(account), house.time()) == (0, HOUR)
    house.make_manual(account, instant=NOW + 5)
    house.emulator.snapshots.reset(account)
    assert house.time(account) == 0
    with house.reopened() as again:
        assert again.time(again.accounts.named("third")) == 0


ACTS: dict[str, Callable[[House, Account], object]] = {
    "queue": lambda house, account: house.queue(account=account, url=RESULTS),
    "text the other": lambda house, account: house.queue(account=account, to=HANDSET),
    "receive": lambda house, account: house.receive("STOP", account=account),
    "reset": lambda house, account: house.emulator.snapshots.reset(account),
    "save": lambda house, account: house.emulator.snapshots.save(account, "a"),
    "rule": lambda house, account: house.emulator.rules.put(account, {"then": {"outcome": "failed"}}),
    "hold": lambda house, account: house.emulator.workbench.hold(account, timeout=None),
    "manual": lambda house, account: house.make_manual(account),
    "options": lambda house, account: house.emulator.leases.change(account, Options(sent_after=9)),
}


def journal_of(acts: list[str]) -> tuple[list[Exchange], list[Message]]:
    """What is kept of the first account's own story while a neighbour does all this in between.

    Without places of the log, which are counted over all accounts.
    """
    with House() as house:
        neighbour = lease(house)
        house.transport.answer = lambda request: Outcome(
            status=200, body=b"<reply><sms_message>answer</sms_message></reply>" if b"body=" in request.body else b""
        )
        for step in range(4):
            for act in acts[step::4]:
                ACTS[act](house, neighbour)
            house.queue(f"number {step}", url=RESULTS)
            house.receive(f"text {step}", to=MINE)
            house.advance(1500)
        house.advance(HOUR)
        return (
            [exchange._replace(message=None) for exchange in house.platform.journal(house.account)],
            [message._replace(seq=0, in_reply_to=None) for message in house.log()],
        )


@examples(15)
@given(st.lists(st.sampled_from(sorted(ACTS)), max_size=12))
def test_neighbours_journal_is_the_same_byte_for_byte_whatever_one_does(acts: list[str]) -> None:
    assert journal_of(acts) == journal_of([])
