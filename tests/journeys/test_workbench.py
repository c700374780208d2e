"""Callbacks under somebody's hands, sinks, and the curl line of an exchange in a real shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from helpers.curl import shell
from helpers.leases import Leased, call, lease, statuses
from helpers.programs import HANDSET, Emulator, emulator
from helpers.receivers import Answer, Hit, Receiver, receiver

pytestmark = pytest.mark.journey
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys, each with a lease of its own."""
    with emulator() as running:
        yield running


def held(shared: Emulator, results: Receiver, *, messages: int = 1) -> tuple[Leased, list[dict[str, Any]]]:
    """An account whose callbacks are held, and they."""
    account = lease(shared.url, clock=MANUAL)
    account.told("PUT", "/callbacks", {"hold": True})
    for n in range(messages):
        account.queue(f"Message {n}", result_url=f"{results.url}/{n}")
    account.advance(until="idle")
    assert results.hits == []
    pending: list[dict[str, Any]] = account.told("GET", "/callbacks")["pending"]
    return account, pending


def test_held_callbacks_go_out_in_the_order_that_somebody_chose(shared: Emulator, results: Receiver) -> None:
    """Two messages, four callbacks, the last first."""
    account, pending = held(shared, results, messages=2)
    ids = [callback["id"] for callback in pending][::-1]
    sent = account.told("POST", "/callbacks/release", {"ids": ids})["callbacks"]
    assert [hit.status for hit in results.hits] == [
        (callback["sms_message_id"], callback["status"]) for callback in pending[::-1]
    ]
    assert [each["outcome"] for each in sent] == ["ok"] * 4
    assert account.told("GET", "/callbacks")["pending"] == []


def test_a_callback_is_edited_doubled_and_dropped(shared: Emulator, results: Receiver) -> None:
    """The receiver sees exactly what was made of it."""
    account, (sent, received) = held(shared, results)
    copy = account.told("POST", f"/callbacks/{sent['id']}/duplicate")
    edit = {"url": f"{results.url}/elsewhere?a=1", "body": "status=unknown&x=%C3%A9", "headers": {"X-Retry": "1"}}
    account.told("POST", f"/callbacks/{sent['id']}/release", edit)
    account.told("POST", f"/callbacks/{copy['id']}/release")
    account.told("DELETE", f"/callbacks/{received['id']}")
    assert [(hit.path, hit.headers.get("X-Retry"), hit.body) for hit in results.hits] == [
        ("/elsewhere?a=1", "1", b"status=unknown&x=%C3%A9"),
        ("/0", None, sent["body"].encode()),
    ]
    assert account.told("GET", "/callbacks")["pending"] == []


def test_what_is_held_with_a_time_out_goes_when_its_time_has_come(shared: Emulator, results: Receiver) -> None:
    """30 seconds of the account's clock, each from its own beginning on."""
    account = lease(shared.url, clock=MANUAL)
    account.told("PUT", "/callbacks", {"hold": True, "timeout": 30})
    account.queue(result_url=results.url)
    account.advance(30)
    assert results.hits == []
    account.advance(1)
    assert statuses(results.hits) == ["sent"]
    account.advance(2)
    assert statuses(results.hits) == ["sent", "received"]


def test_everybody_releases_at_once_and_each_callback_goes_once(shared: Emulator, results: Receiver) -> None:
    """Eight clients ask for all that is held."""
    account, pending = held(shared, results, messages=10)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: account.ask("POST", "/callbacks/release"), range(8)))
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert sorted(hit.status for hit in results.hits) == sorted(
        (callback["sms_message_id"], callback["status"]) for callback in pending
    )


def test_a_journal_entry_is_replayed_as_it_was_and_edited(shared: Emulator, results: Receiver) -> None:
    """A callback, and a text whose new answer is acted on."""
    with receiver(lambda _hit: Answer(body=b"<reply><sms_message>Back</sms_message></reply>")) as texts:
        account = lease(shared.url, clock=MANUAL, application_url=texts.url)
        account.queue(result_url=results.url)
        came = account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "Hi"})
        account.advance(until="idle")
        callback, posted = account.journal("callback")[0], account.journal("inbound")[0]
        again = account.told("POST", f"/exchanges/{callback['n']}/replay")
        edited = account.told("POST", f"/exchanges/{callback['n']}/replay", {"body": "status=failed"})
        account.told("POST", f"/exchanges/{posted['n']}/replay")
        refused = account.ask("POST", f"/exchanges/{account.journal('queue')[0]['n']}/replay")
    assert again["request"] == callback["request"]
    assert edited["n"] > again["n"] > callback["n"]
    assert [hit.body for hit in results.hits[2:]] == [results.hits[0].body, b"status=failed"]
    assert len(account.story(came["sms_message_id"])["replies"]) == 2
    assert refused.status_code == 400


def test_a_sink_answers_as_scripted_and_the_platform_tries_again(shared: Emulator) -> None:
    """An application that is not written yet: 500, 503, then 200."""
    account = lease(shared.url, clock=MANUAL, callback_attempts=3, callback_backoff=1)
    account.told("PUT", "/sinks/results", {"statuses": [500, 503, 200], "body": "later"})
    account.queue(result_url=f"{account.url}/_plum/sink/results?account={account.username}")
    account.advance(until="idle")
    tried = [(each["attempt"], each["answer"]["status"]) for each in account.journal("callback")]
    assert tried == [(1, 500), (2, 503), (3, 200), (1, 200)]
    assert len(account.told("GET", "/sinks/results")["arrived"]) == 4


NAMES = ["plain", "a/b/c", "with space", "50%", "50%25", "naïve", "日本", "a?b", "a#b", "a+b&c=d", "x" * 500]


@pytest.mark.parametrize("name", NAMES)
def test_a_sink_of_any_name_keeps_what_arrives(shared: Emulator, name: str) -> None:
    """The url that is shown leads there, and what arrived is found under the name."""
    account = lease(shared.url)
    segment = quote(name, safe="/")
    account.told("PUT", f"/sinks/{segment}", {"statuses": [202]})
    url = account.told("GET", f"/sinks/{segment}")["url"]
    arrived = call("PATCH", url, data="Hello")
    found = account.told("GET", f"/sinks/{segment}")
    assert (arrived.status_code, found["path"]) == (202, name)
    assert [(each["request"]["method"], each["request"]["body"]) for each in found["arrived"]] == [("PATCH", "Hello")]


BODIES = ["Hello", 'it\'s "quoted" $HOME `id` \\n', "line\r\nline\ttab", "naïve 日本 \U0001f600", "@file", "%s%d"]


@pytest.mark.parametrize("body", BODIES)
def test_the_curl_line_of_an_exchange_repeats_it_in_a_shell(shared: Emulator, results: Receiver, body: str) -> None:
    """A queued message is queued again; a callback is posted again, byte for byte."""
    account = lease(shared.url, clock=MANUAL)
    account.queue(body, result_url=results.url)
    account.advance(until="idle")
    ran = shell(account.journal("queue")[0]["curl"] + " --silent --noproxy '*'")
    assert (ran.code, json.loads(ran.out)["status"]) == (0, "success")
    assert [message["body"] for message in account.messages()] == [body, body]
    first: Hit = results.hits[0]
    assert shell(account.journal("callback")[0]["curl"] + " --silent --noproxy '*'").code == 0
    assert (results.hits[-1].path, results.hits[-1].body) == (first.path, first.body)
