"""Rules say what comes of messages, texts and callbacks; they are counted, kept and told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.house import HANDSET, MINE, NOW, OTHER, RESULTS, STRANGER, House
from plum_emulator.errors import NotFound, NotPossible, Refusal
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.model.messages import Message
from plum_emulator.settings import Settings

HOUR = 3_600_000
REPLY = Outcome(status=200, body=b"<reply><sms_message>answer</sms_message></reply>")


def rule(house: House, then: dict[str, Any], **when: Any) -> str:
    """A rule of the first account; its id."""
    return house.emulator.rules.put(house.account, {"when": when, "then": then})[0].id


def queue(house: House) -> list[Message]:
    return house.queue(url=RESULTS)


def counts(house: House) -> dict[str, tuple[int, int]]:
    """How often each rule has matched and fired."""
    return {rule.id: (count.matches, count.fired) for rule, count in house.emulator.rules.of(house.account)}


def posts(house: House) -> list[tuple[str, int]]:
    """The callbacks of the journal: their outcome, and when they ended."""
    found = house.platform.exchanges(house.account, limit=100, filter=ExchangeFilter(operation="callback")).rows
    return [(exchange.outcome, exchange.at - NOW) for exchange in reversed(found)]


OUTCOMES: list[tuple[dict[str, Any], list[tuple[str, int]], str | None]] = [
    ({"outcome": "queued"}, [("queued", 0)], None),
    ({"outcome": "sent"}, [("queued", 0), ("sent", 1000)], None),
    (
        {"outcome": "failed"},
        [("queued", 0), ("sent", 1000), ("failed", 3000)],
        "rule rule-1: the outcome is failed",
    ),
    ({"outcome": ["failed"]}, [("queued", 0), ("failed", 1000)], "rule rule-1: the outcome is failed"),
    (
        {"outcome": "landline"},
        [("queued", 0), ("undelivered", 1000)],
        f"rule rule-1: {HANDSET} counts as a landline",
    ),
    ({"sent_after": 5}, [("queued", 0), ("sent", 5000), ("received", 7000)], None),
    ({"final_after": 0}, [("queued", 0), ("sent", 1000), ("received", 1000)], None),
    ({"sent_after": 0, "final_after": 60}, [("queued", 0), ("sent", 0), ("received", 60_000)], None),
]


@pytest.mark.parametrize(("then", "history", "reason"), OUTCOMES, ids=lambda value: str(value)[:40])
def test_message_becomes_what_a_rule_says(
    house: House, then: dict[str, Any], history: list[tuple[str, int]], reason: str | None
) -> None:
    rule(house, then)
    (message,) = queue(house)
    house.advance(HOUR)
    assert (house.history(message), house.now(message).reason) == (history, reason)
    assert house.callbacks(message) == [status for status, _ in history[1:]]


def test_message_of_another_account_or_that_is_not_meant_has_its_usual_course(house: House) -> None:
    rule(house, {"outcome": "failed"}, to=STRANGER)
    (mine,), (theirs,) = queue(house), house.queue(account=house.second, to=STRANGER)
    house.advance(HOUR)
    assert [house.now(message).status for message in (mine, theirs)] == ["received", "received"]
    assert counts(house) == {"rule-1": (0, 0)}


def test_rate_limit_keeps_messages_queued_until_their_turn(house: House) -> None:
    rule(house, {"rate_limit": 2})
    messages = [queue(house)[0] for _ in range(4)]
    house.advance(HOUR)
    assert [house.history(message)[1] for message in messages] == [("sent", 1000 + place * 500) for place in range(4)]


def test_rate_limit_refuses_what_is_too_much(house: House) -> None:
    rule(house, {"rate_limit": {"per_second": 1, "excess": "refused"}})
    queue(house)
    with pytest.raises(Refusal) as refused:
        queue(house)
    assert refused.value.reason == f"rule rule-1: {MINE} sends at most 1 messages a second"
    house.clock.move_to(NOW + 1000)
    queue(house)
    assert len(house.log()) == 2


CALLBACKS: dict[str, tuple[object, list[str], list[tuple[str, int]]]] = {
    "drop": ("drop", [], [("not sent: dropped by rule rule-1", 1000), ("not sent: dropped by rule rule-1", 3000)]),
    "double": ("double", ["sent", "sent", "received", "received"], [("ok", 1000)] * 2 + [("ok", 3000)] * 2),
    "delay": ({"delay": 10}, ["sent", "received"], [("ok", 11_000), ("ok", 13_000)]),
    "reorder": ("reorder", ["received", "sent"], [("ok", 3000), ("ok", 3000)]),
    "reorder and double": (
        {"reorder": True, "double": True},
        ["received", "received", "sent", "sent"],
        [("ok", 3000)] * 4,
    ),
}


@pytest.mark.parametrize("operation", ["callback", "queue"])
@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks_are_treated_as_a_rule_says(house: House, name: str, operation: str) -> None:
    """Whether the rule is for the callback itself, or for the message whose callbacks they are."""
    how, told, ended = CALLBACKS[name]
    rule(house, {"callbacks": how}, operation=operation)
    (message,) = queue(house)
    if operation == "queue":
        house.emulator.rules.clear(house.account)  # what was said of the message stays
    house.advance(HOUR)
    assert (house.callbacks(message), posts(house)) == (told, ended)
    assert house.emulator.workbench.pending(house.account) == []


def test_only_the_callback_of_one_status_is_dropped(house: House) -> None:
    rule(house, {"callbacks": "drop"}, operation="callback", status="sent")
    (message,) = queue(house)
    house.advance(HOUR)
    assert house.callbacks(message) == ["received"]
    story = house.platform.story(house.account, message.sms_message_id)
    assert [(exchange.rules, exchange.attempt) for exchange in story.exchanges] == [("rule-1", 0), ("", 1)]
    told = [event.data for event in house.events if event.kind == "callback"]
    assert [(data["status"], data["attempt"], data["http_status"]) for data in told] == [
        ("sent", 0, None),
        ("received", 1, 200),
    ]


def test_text_is_posted_twice(house: House) -> None:
    rule(house, {"inbound_twice": True}, first=1)
    house.transport.answer = lambda _request: REPLY
    house.receive("hello")
    house.receive("again")
    house.advance(HOUR)
    assert [message.type for message in house.log()] == ["inbound", "inbound", "reply", "reply", "reply"]
    found = house.platform.exchanges(house.account, limit=10, filter=ExchangeFilter(operation="inbound")).rows
    assert sorted(exchange.rules for exchange in found) == ["", "rule-1", "rule-1"]


def test_reply_is_treated_by_rules_about_messages_and_not_by_faults_of_a_service(house: House) -> None:
    """No service was asked for it that could answer in another way."""
    house.transport.answer = lambda request: REPLY if b"body=" in request.body else Outcome(status=200)
    rule(house, {"http_status": 503})
    rule(house, {"outcome": "failed"}, body="answer")
    house.receive("hello")
    house.advance(HOUR)
    assert [(message.type, message.status) for message in house.log()] == [("inbound", "received"), ("reply", "failed")]
    assert counts(house) == {"rule-1": (0, 0), "rule-2": (1, 1)}


def test_each_firing_is_counted_and_told(house: House) -> None:
    rule(house, {"outcome": "failed"}, nth=2)
    rule(house, {"sent_after": 9})
    for _ in range(3):
        queue(house)
    assert counts(house) == {"rule-1": (3, 1), "rule-2": (3, 3)}
    assert [event.data for event in house.events if event.kind == "rule"] == [
        {"rule": id_, "operation": "queue"} for id_ in ("rule-2", "rule-1", "rule-2", "rule-2")
    ]
    house.advance(HOUR)
    assert [message.status for message in house.log()] == ["received", "failed", "received"]


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_rules_and_counts_outlive_a_restart(tmp_path: Path, kill: bool) -> None:
    house = House(tmp_path / "plum.db")
    rule(house, {"rate_limit": 1})
    rule(house, {"outcome": "failed"}, nth=3)
    queue(house), queue(house)
    house.emulator.keep_up()
    before = [(each, count.as_dict()) for each, count in house.emulator.rules.of(house.account)]
    again = house.after_a_kill(tmp_path / "copy.db") if kill else house.reopened()
    with again:
        assert [(each, count.as_dict()) for each, count in again.emulator.rules.of(again.account)] == before
        (third,) = queue(again)
        again.advance(HOUR)
        assert again.history(third) == [("queued", 0), ("sent", 3000), ("failed", 5000)]
    if kill:
        house.close()


def test_counts_go_back_with_a_snapshot(house: House) -> None:
    rule(house, {"outcome": "failed"}, nth=2)
    queue(house)
    house.emulator.snapshots.save(house.account, "a")
    for _ in range(2):
        (message,) = queue(house)
        house.advance(HOUR)
        assert (house.now(message).status, counts(house)) == ("failed", {"rule-1": (2, 1)})
        house.emulator.snapshots.restore(house.account, "a")
        assert counts(house) == {"rule-1": (1, 0)}


def test_reset_takes_rules_and_treatments_away(house: House) -> None:
    rule(house, {"callbacks": "drop"}, operation="queue")
    queue(house)
    house.emulator.snapshots.reset(house.account)
    (message,) = queue(house)
    house.advance(HOUR)
    assert (house.callbacks(message), counts(house)) == (["sent", "received"], {})


def test_scenario_is_switched_on_afresh_and_off(house: House) -> None:
    rules = house.emulator.rules
    mine = rule(house, {"outcome": "failed"}, to=OTHER)
    name = sorted(shipped_names(house))[0]
    scenario = rules.scenario(name)
    on = rules.switch_on(house.account, scenario)
    assert [each.id for each, _ in rules.of(house.account)] == [mine, *(each.id for each, _ in on)]
    assert {each.scenario for each, _ in on} == {name}
    for _, count in on:
        count.matches = 7
    rules.switch_on(house.account, scenario)
    assert [count.matches for _, count in rules.of(house.account)] == [0] * (1 + len(on))
    rules.switch_off(house.account, name)
    assert [each.id for each, _ in rules.of(house.account)] == [mine]
    with pytest.raises(NotFound, match="is not on"):
        rules.switch_off(house.account, name)
    with pytest.raises(NotFound, match="there is no scenario 'nonsense'"):
        rules.scenario("nonsense")


def shipped_names(house: House) -> list[str]:
    with pytest.raises(NotFound) as refused:
        house.emulator.rules.scenario("?")
    return refused.value.hint.removeprefix("there are: ").split(", ")


def test_rule_can_be_named_replaced_in_its_place_and_removed(house: House) -> None:
    rules = house.emulator.rules
    for _ in range(2):
        rule(house, {"outcome": "failed"})
    queue(house)
    rules.put(house.account, {"then": {"outcome": "sent"}}, id_="rule-1")
    assert counts(house) == {"rule-1": (0, 0), "rule-2": (1, 1)}
    rules.remove(house.account, "rule-1")
    assert rule(house, {"outcome": "sent"}) == "rule-1"
    assert list(counts(house)) == ["rule-2", "rule-1"]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda house: house.emulator.rules.remove(house.account, "rule-9"), NotFound),
        (lambda house: house.emulator.rules.named(house.second, "rule-1"), NotFound),
        (lambda house: house.emulator.rules.put(house.account, {"then": {}}), NotPossible),
        (lambda house: rule(house, {"outcome": "failed"}, probability=0.5), NotPossible),
        (
            lambda house: house.emulator.rules.put(house.account, {"id": "a", "then": {"outcome": "sent"}}, id_="b"),
            NotPossible,
        ),
    ],
    ids=["remove", "another account's", "empty", "chance", "two ids"],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    house: House, act: Callable[[House], object], error: type[Exception]
) -> None:
    rule(house, {"outcome": "failed"})
    with pytest.raises(error):
        act(house)
    assert counts(house) == {"rule-1": (0, 0)}


def test_chance_follows_from_the_seed() -> None:
    def story(seed: str) -> list[str]:
        with House(settings=Settings(soak=True), seed=seed) as house:
            rule(house, {"outcome": "failed"}, probability=0.5)
            for _ in range(30):
                queue(house)
            house.advance(HOUR)
            return [message.status for message in house.log()]

    assert story("a") == story("a")
    assert story("a") != story("b")
    assert {*story("a")} == {"failed", "received"}
