"""Expectations over real sockets: one line of curl in a test, woken by what happens, and in nobody's way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.curl import curl
from helpers.leases import Leased, lease, statuses
from helpers.programs import HANDSET, Emulator, emulator
from helpers.receivers import Answer, Hit, Receiver, receiver

pytestmark = pytest.mark.journey
WAITING = 64
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys, each with a lease of its own."""
    with emulator() as running:
        yield running


def expect_line(account: Leased, wanted: str, kind: str = "") -> tuple[str, ...]:
    """What a person gives curl."""
    url = f"{account.url}/_plum/expect{kind}?account={account.username}"
    return "--fail-with-body", "--json", wanted, url


def test_one_line_of_curl_is_an_assertion(shared: Emulator) -> None:
    """It ends with 0 when it holds, and with 22 when it does not; then it prints what came nearest."""
    account = lease(shared.url, clock=MANUAL)
    account.queue("Your code is 123456")
    held = curl(*expect_line(account, '{"body": {"contains": "code"}, "extract": "code"}'))
    missed = curl(*expect_line(account, '{"body": {"contains": "tomorrow"}}'))
    assert (held.code, missed.code) == (0, 22)
    assert json.loads(held.out)["extracted"] == "123456"
    said = json.loads(missed.out)
    assert (said["holds"], said["error"]) == (False, "at least 1 message was expected, 0 came")
    assert [miss["fields"] for miss in said["misses"]] == [
        [{"field": "body", "wanted": "contains 'tomorrow'", "seen": "'Your code is 123456'"}]
    ]
    assert curl("--fail", *expect_line(account, "{}")[1:]).code == 0


def test_what_cannot_be_an_expectation_is_another_error(shared: Emulator) -> None:
    """400, not 417: a test with a typo does not look like a failing one."""
    account = lease(shared.url)
    ran = curl("--write-out", "%{http_code}", *expect_line(account, '{"bodi": "x"}'))
    assert (ran.code, ran.out[-3:]) == (22, "400")
    assert json.loads(ran.out[:-3]) == {"error": "'bodi' is unknown", "hint": "did you mean 'body'?"}


def test_waiting_on_a_real_clock_is_woken_by_the_message(shared: Emulator) -> None:
    """The answer comes at once after the message, long before the time-out."""
    account = lease(shared.url)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(account.expect, body="Here it is", timeout=10)
        cursor = account.expect(body="Not there", timeout=0).json()["cursor"]  # the other one was asked before
        account.queue("Here it is")
        queued = time.monotonic()
        verdict = waiting.result()
        late = time.monotonic() - queued
    assert (verdict.status_code, cursor) == (200, "0.0")
    assert late < 1


def test_callbacks_and_inbound_posts_are_waited_for_too(shared: Emulator, results: Receiver) -> None:
    """A status that was told, and a text that an application answered."""
    with receiver(lambda _hit: Answer(body=b"<reply><sms_message>Back</sms_message></reply>")) as texts:
        account = lease(shared.url, sent_after=0.2, received_after=0.2, application_url=texts.url)
        message = account.queue(result_url=results.url)
        account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "Hi"})
        told = account.expect("callbacks", sms_message_id=message["sms_message_id"], status="received", timeout=10)
        posted = account.expect("inbound", body="Hi", outcome="ok", http_status=200, timeout=10)
        reply = account.expect("", type="reply", body="Back", status="received", timeout=10)
    assert [answer.status_code for answer in (told, posted, reply)] == [200, 200, 200]
    assert told.json()["callbacks"][0]["request"]["url"] == results.url


def test_on_a_manual_clock_nothing_is_waited_for_in_vain(shared: Emulator, results: Receiver) -> None:
    """What is due happens before the verdict, and an absence is judged at once."""
    account = lease(shared.url, clock=MANUAL, sent_after=0, received_after=5)
    account.queue(result_url=results.url)
    assert account.expect("callbacks", status="sent", timeout=0).status_code == 200
    begin = time.monotonic()
    assert account.expect("callbacks", status="received", count=0).status_code == 200
    assert time.monotonic() - begin < 1
    account.advance(5)
    assert account.expect("callbacks", status="received", count=0).status_code == 417
    assert account.expect("callbacks", nothing_else=True, status="sent", timeout=0).status_code == 417


def test_a_cursor_leaves_out_what_was_judged_before(shared: Emulator) -> None:
    """Each step of a test asks for what came since the last one."""
    account = lease(shared.url, clock=MANUAL)
    account.queue("One")
    cursor = account.expect(count=1).json()["cursor"]
    assert account.expect(since=cursor, count=0).status_code == 200
    account.queue("Two")
    found = account.expect(since=cursor, count=1).json()["messages"]
    assert [message["body"] for message in found] == ["Two"]


def test_sixty_four_who_wait_are_in_nobodys_way(shared: Emulator) -> None:
    """Health answers, messages are queued, other expectations are judged; then all 64 are woken by one message."""
    account, other = lease(shared.url), lease(shared.url, clock=MANUAL)
    with ThreadPoolExecutor(WAITING) as pool:
        waiting = [pool.submit(account.expect, body="At last", timeout=25) for _ in range(WAITING)]
        account.expect(body="never", timeout=0.5)  # by now they all wait
        begin = time.monotonic()
        assert account.ask("GET", "/health").status_code == 200
        other.queue("Meanwhile")
        assert other.advance(until="idle")["stopped"] is None
        assert other.expect(body="Meanwhile", status="received").status_code == 200
        assert account.expect(body="At last", count=0).status_code == 200
        took = time.monotonic() - begin
        assert not any(each.done() for each in waiting)
        account.queue("At last")
        assert {each.result().status_code for each in waiting} == {200}
    assert took < 2


def test_an_expectation_whose_asker_has_gone_is_forgotten(shared: Emulator) -> None:
    """curl gives up; the emulator goes on as if nobody had asked."""
    account = lease(shared.url)
    ran = [curl("--max-time", "0.3", *expect_line(account, '{"body": "never", "timeout": 600}')).code for _ in range(5)]
    assert ran == [28] * 5
    account.queue("Still there")
    assert account.expect(body="Still there").status_code == 200


def test_who_waits_is_told_when_the_emulator_stops() -> None:
    """Ctrl-C ends it within a second all the same, and it has nothing to complain of."""
    with emulator() as running, ThreadPoolExecutor(8) as pool:
        account = lease(running.url)
        waiting = [pool.submit(account.expect, body="never", timeout=600) for _ in range(8)]
        account.expect(body="never", timeout=0.3)  # by now they all wait
        ended = running.end()
        answers = [each.result() for each in waiting]
    assert (ended.code, ended.seconds < 2) == (0, True)
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(503, "the emulator stops")}


def test_giving_up_in_the_middle_of_an_advance_loses_nothing(shared: Emulator) -> None:
    """An expectation lets due callbacks out; its asker goes while one is out; the rest is told all the same."""
    account = lease(shared.url, clock=MANUAL, sent_after=0, received_after=0)
    came, answered = threading.Event(), threading.Event()

    def slow(_hit: Hit) -> Answer:
        came.set()
        assert answered.wait(15)
        return Answer()

    with receiver(slow) as results:
        account.queue(result_url=results.url)
        assert curl("--max-time", "0.5", *expect_line(account, "{}")).code == 28
        assert came.wait(0)
        answered.set()
        assert account.expect("callbacks", count=2).status_code == 200
        assert statuses(results.hits) == ["sent", "received"]
    assert account.told("GET", "/agenda")["agenda"] == []


def test_the_end_of_an_account_ends_who_waits_for_it(shared: Emulator) -> None:
    """With an answer within its time-out: nobody hangs."""
    account = lease(shared.url)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(account.expect, body="never", timeout=1.5)
        account.expect(body="never", timeout=0)
        account.told("DELETE", f"/accounts/{account.username}")
        assert waiting.result().status_code in (404, 417)
