"""Rules, scenarios, the workbench for callbacks, the sink, snapshots and exports."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from helpers.programs import HANDSET
from plum_emulator.client import BadCall, Client, Lease
from plum_emulator.errors import CallFailed


def queued(lease: Lease[Client], *, result_url: str = "") -> str:
    """The id of a message that was queued."""
    [part] = lease.client.queue(to=HANDSET, from_=lease.number, body="Hello", result_url=result_url)
    return str(part["sms_message_id"])


def test_rules_are_made_counted_and_removed(client: Client, lease: Lease[Client]) -> None:
    first = client.add_rule(when={"nth": 1}, then={"outcome": "failed"})
    second = client.put_rule("mine", then={"outcome": "landline"}, when={"nth": 9})
    queued(lease)
    assert [(rule["id"], rule["fired"]) for rule in client.rules()] == [(first["id"], 1), ("mine", 0)]
    assert client.rules(unused=True) == [client.rule("mine")]
    assert client.rule("mine")["then"] == second["then"]
    client.remove_rule(first["id"])
    assert [rule["id"] for rule in client.rules()] == ["mine"]
    client.clear_rules()
    assert client.rules() == []


@pytest.mark.parametrize("name", ["wen", "self", "method", "id_"])
def test_an_unknown_name_in_a_rule_is_refused_by_the_emulator(client: Client, name: str) -> None:
    """Whatever the name is: it goes out as it is."""
    with pytest.raises(BadCall, match=f"rule: '{name}' is unknown"):
        client.add_rule(**{name: 1})
    with pytest.raises(BadCall, match=f"rule: '{name}' is unknown"):
        client.put_rule("mine", **{name: 1})


def test_scenarios_are_switched_on_and_off(client: Client) -> None:
    assert [rule["id"] for rule in client.switch_on("landlines")] == ["landlines-1"]
    own = {"title": "Mine", "rules": [{"then": {"outcome": "failed"}}]}
    assert [rule["scenario"] for rule in client.switch_on("mine", own)] == ["mine"]
    assert {each["name"] for each in client.scenarios() if each["on"]} == {"landlines", "mine"}
    client.switch_off("landlines")
    assert {each["name"] for each in client.scenarios() if each["on"]} == {"mine"}


def test_callbacks_are_held_and_sent_as_one_likes(client: Client, lease: Lease[Client]) -> None:
    assert client.hold(timeout=60)["timeout"] == 60
    queued(lease, result_url=client.sink_url())
    client.advance(5)
    [sent, received] = [pending["id"] for pending in client.callbacks()["pending"]]
    copy = client.duplicate(sent)
    client.drop(sent)
    [edited] = client.release(copy["id"], body="x=1", headers={"X-Mine": "1"}, url=client.sink_url("other"))
    assert (edited["request"]["body"], edited["request"]["url"]) == ("x=1", client.sink_url("other"))
    assert client.release([]) == []
    assert [each["outcome"] for each in client.release([received])] == ["ok"]
    assert client.release() == []
    assert client.let_go()["hold"] is False
    assert client.replay(edited["n"], body="x=2")["request"]["body"] == "x=2"
    assert [each["request"]["body"] for each in client.sink("other")["arrived"]] == ["x=2", "x=1"]
    assert client.sink("other", limit=1)["arrived"] == client.sink("other")["arrived"][:1]


@pytest.mark.parametrize("ids", [None, [1, 2], [1]], ids=["all", "two", "a list of one"])
def test_only_one_callback_is_edited_at_a_time(client: Client, ids: list[int] | None) -> None:
    with pytest.raises(ValueError, match="one callback is edited at a time"):
        client.release(ids, body="x")


def test_a_sink_answers_as_it_was_scripted(client: Client, lease: Lease[Client]) -> None:
    client.change_account(callback_attempts=3)
    script = {"statuses": [500, 200], "delay": 0.01, "body": "Hm", "content_type": "text/html"}
    assert client.script_sink("a/b c", **script)["script"] == script  # type: ignore[arg-type]
    queued(lease, result_url=client.sink_url("a/b c"))
    client.advance(until="idle")
    answered = [each["answer"]["status"] for each in client.sink("a/b c")["arrived"]]
    assert answered == [200, 200, 500]
    assert client.clear_sink("a/b c")["script"]["statuses"] == [200]


def test_a_snapshot_brings_the_account_back(client: Client, lease: Lease[Client]) -> None:
    id_ = queued(lease)
    saved = client.save("before-noon")
    queued(lease)
    assert (client.snapshots(), client.restore("before-noon")["messages"]) == ([saved], 1)
    assert [message["sms_message_id"] for message in client.messages()] == [id_]
    client.delete("before-noon")
    assert client.snapshots() == []


def test_exports_are_bytes(client: Client, lease: Lease[Client]) -> None:
    id_ = queued(lease)
    assert len(json.loads(client.export())["log"]["entries"]) == 1
    assert json.loads(client.export("jsonl"))["operation"] == "queue"
    assert [row["operation"] for row in csv.DictReader(io.StringIO(client.export("csv").decode()))] == ["queue"]
    assert json.loads(client.export_messages())["sms_message_id"] == id_
    assert id_.encode() in client.export_messages("csv")
    assert client.export_account().startswith(b"SQLite format 3\0")


def test_events_go_on_after_the_one_that_was_seen_last(client: Client, lease: Lease[Client]) -> None:
    with client.events(within=10) as events:
        first = queued(lease)
        seen = next(events)
    second = queued(lease)
    with client.events(within=10, since=seen["id"]) as events:
        missed = next(events)
    assert [event["message"]["sms_message_id"] for event in (seen, missed)] == [first, second]


def test_the_health_names_the_version(client: Client) -> None:
    assert client.health()["status"] == "ok"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.rule("na\udcefve"),
        lambda client: client.restore("na\udcefve"),
        lambda client: client.switch_off("na\udcefve"),
        lambda client: client.story("na\udcefve"),
        lambda client: client.replay(99),
        lambda client: client.drop(99),
    ],
    ids=["rule", "snapshot", "scenario", "story", "replay", "drop"],
)
def test_what_is_not_there_is_told(client: Client, call: Any) -> None:
    """Also by a name that is not UTF-8."""
    with pytest.raises(CallFailed):
        call(client)
