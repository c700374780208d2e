"""What rules do, seen by clients and receivers that know nothing of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from helpers.curl import curl
from helpers.leases import Json, Leased, lease, statuses
from helpers.programs import HANDSET, Emulator, emulator, plain_environment
from helpers.receivers import Answer, Hit, Receiver, receiver
from helpers.tools import php_with_curl

pytestmark = pytest.mark.journey
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}
# What a PHP application sees: curl's error number, the HTTP status, and the body's length.
ASK = """
$curl = curl_init($argv[1]);
curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_POSTFIELDS => $argv[2], CURLOPT_PROXY => '']);
$body = curl_exec($curl);
echo json_encode([curl_errno($curl), curl_getinfo($curl, CURLINFO_RESPONSE_CODE), strlen((string) $body)]);
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys, each with a lease of its own."""
    with emulator() as running:
        yield running


def ask_with_requests(account: Leased) -> tuple[str, int, bytes]:
    """How `requests` sees a queued message: the error, or the status and the body."""
    try:
        answer = account.ask_queue()
    except requests.RequestException as error:
        return type(error).__name__, 0, b""
    return "", answer.status_code, answer.content


def form(account: Leased) -> str:
    """A message, as a form."""
    return f"to={HANDSET}&from={account.number}&body=Hello"


def ask_with_curl(account: Leased) -> tuple[int, str]:
    """The exit code of curl, and the status it saw."""
    login = f"{account.username}:{account.password}"
    ran = curl("-u", login, "-d", form(account), "-o", "/dev/null", "-w", "%{http_code}", f"{account.url}{QUEUE}")
    return int(ran.code or 0), ran.out


def ask_with_php(account: Leased) -> list[int]:
    """PHP's curl: error number, HTTP status and length."""
    url = f"{account.url}{QUEUE}".replace("//", f"//{account.username}:{account.password}@", 1)
    ran = subprocess.run(
        [php_with_curl(), "-r", ASK, url, form(account)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env=plain_environment(),
    )
    found: list[int] = json.loads(ran.stdout)
    return found


QUEUE = "/ws/sms/queue.json"
LENGTH = len(b"\x00\x1f\x8b{[<\xff\xfe?>]}\x00" * 16)


@pytest.mark.parametrize(
    ("then", "with_requests", "with_curl", "with_php", "queued"),
    [
        pytest.param({"error": "Out of order"}, ("", 200), (0, "200"), [0, 200], 0, id="error"),
        pytest.param({"http_status": 503}, ("", 503), (0, "503"), [0, 503], 0, id="http_status"),
        pytest.param({"error": "Gone", "http_status": 500}, ("", 500), (0, "500"), [0, 500], 0, id="error with status"),
        pytest.param({"reset": True}, ("ConnectionError", 0), (56, "000"), [56, 0], 0, id="reset"),
        pytest.param({"empty": True}, ("", 200), (0, "200"), [0, 200], 0, id="empty"),
        pytest.param({"empty": "connection"}, ("ConnectionError", 0), (52, "000"), [52, 0], 0, id="empty connection"),
        pytest.param({"garbage": True}, ("", 200), (0, "200"), [0, 200], 0, id="garbage"),
        pytest.param({"garbage": "connection"}, ("ConnectionError", 0), (1, "000"), [1, 0], 0, id="garbage connection"),
        pytest.param({"slow_body": 0.2}, ("", 200), (0, "200"), [0, 200], 3, id="slow_body"),
        pytest.param({"answer_lost": True}, ("ConnectionError", 0), (56, "000"), [56, 0], 3, id="answer_lost"),
        pytest.param({"answer_lost": True, "http_status": 504}, ("", 504), (0, "504"), [0, 504], 3, id="504 instead"),
    ],
)
def test_a_faulty_answer_is_what_each_client_sees(
    shared: Emulator,
    then: Json,
    with_requests: tuple[str, int],
    with_curl: tuple[int, str],
    with_php: list[int],
    queued: int,
) -> None:
    """`requests`, curl and PHP; the journal names the rule, and the message is there exactly when it was queued."""
    account = lease(shared.url, clock=MANUAL)
    rule = account.rule(then)
    assert ask_with_requests(account)[:2] == with_requests
    assert ask_with_curl(account) == with_curl
    assert ask_with_php(account)[:2] == with_php
    journal = account.journal("queue")
    assert [exchange["rules"] for exchange in journal] == [[rule]] * 3
    assert [(exchange["answer"] or {"status": 0})["status"] for exchange in journal] == [with_requests[1]] * 3
    assert len(account.messages()) == queued
    assert account.told("GET", f"/rules/{rule}")["fired"] == 3
    account.told("DELETE", f"/rules/{rule}")
    assert account.queue()["status"] == "queued"


def test_what_an_answer_has_in_it(shared: Emulator) -> None:
    """An error of our choice in the envelope, nothing at all, garbage, and a slow body that is whole in the end."""
    account = lease(shared.url, clock=MANUAL)
    seen = []
    for then in ({"error": "Out of order"}, {"empty": True}, {"garbage": True}, {"slow_body": 0.2}):
        rule = account.rule(then)
        seen.append(ask_with_requests(account)[2])
        account.told("DELETE", f"/rules/{rule}")
    assert json.loads(seen[0]) == {"status": "failure", "error": "Out of order"}
    assert seen[1] == b""
    assert len(seen[2]) == LENGTH
    with pytest.raises(ValueError, match=r"."):
        json.loads(seen[2])
    assert json.loads(seen[3])["status"] == "success"


def test_after_a_lost_answer_the_message_is_there_and_lives(shared: Emulator, results: Receiver) -> None:
    """The application cannot know; whoever sends again sends twice."""
    account = lease(shared.url, clock=MANUAL)
    account.told("PUT", "/scenarios/lost-answers")
    with pytest.raises(requests.ConnectionError):
        account.ask_queue("Once only", result_url=results.url)
    account.queue("Once only", result_url=results.url)
    account.advance(until="idle")
    assert [(message["body"], message["status"]) for message in account.messages()] == [("Once only", "received")] * 2
    assert sorted(statuses(results.hits)) == ["received", "received", "sent", "sent"]


@pytest.mark.parametrize(
    ("outcome", "way"),
    [
        pytest.param("queued", [], id="queued"),
        pytest.param("sent", ["sent"], id="sent"),
        pytest.param("received", ["sent", "received"], id="received"),
        pytest.param("failed", ["sent", "failed"], id="failed"),
        pytest.param("undelivered", ["sent", "undelivered"], id="undelivered"),
        pytest.param(["failed"], ["failed"], id="failed at once"),
    ],
)
def test_an_outcome_is_told_to_the_result_url(
    shared: Emulator, results: Receiver, outcome: object, way: list[str]
) -> None:
    """The statuses of its way, and no other."""
    account = lease(shared.url, clock=MANUAL)
    account.rule({"outcome": outcome, "sent_after": 7, "final_after": 20})
    account.queue(result_url=results.url)
    report = account.advance(until="idle")
    assert statuses(results.hits) == way
    seconds = {0: "12:00:00", 1: "12:00:07" if way != ["failed"] else report["now"][11:19], 2: "12:00:27"}[len(way)]
    assert report["now"][11:19] == seconds


def test_a_rate_limit_is_seen_in_the_times_of_the_statuses(shared: Emulator) -> None:
    """Two a second: the fifth message goes two seconds after the first; refused, it is an error at once."""
    account = lease(shared.url, clock=MANUAL, sent_after=1, received_after=1)
    rule = account.rule({"rate_limit": {"per_second": 2}})
    ids = [account.queue()["sms_message_id"] for _ in range(5)]
    account.advance(until="idle")
    sent = [account.story(id_)["statuses"][1]["at"][17:23] for id_ in ids]
    assert sent == ["01.000", "01.500", "02.000", "02.500", "03.000"]
    account.told("PUT", f"/rules/{rule}", {"then": {"rate_limit": {"per_second": 1, "excess": "refused"}}})
    answers = [account.ask_queue().json()["status"] for _ in range(3)]
    account.advance(1)
    assert [*answers, account.ask_queue().json()["status"]] == ["success", "failure", "failure", "success"]


CALLBACKS: list[Any] = [
    pytest.param("drop", "sent", [("received", "03.000")], id="dropped"),
    pytest.param("double", "sent", [("sent", "01.000"), ("sent", "01.000"), ("received", "03.000")], id="doubled"),
    pytest.param({"delay": 1.5}, "received", [("sent", "01.000"), ("received", "04.500")], id="delayed"),
    pytest.param("reorder", "sent", [("received", "03.000"), ("sent", "03.000")], id="out of order"),
]


@pytest.mark.parametrize(("callbacks", "status", "seen"), CALLBACKS)
def test_callbacks_go_astray_as_a_receiver_sees_it(
    shared: Emulator, results: Receiver, callbacks: object, status: str, seen: list[tuple[str, str]]
) -> None:
    """Dropped, doubled, delayed or out of order; the message's own statuses are as ever."""
    account = lease(shared.url, clock=MANUAL)
    rule = account.rule({"callbacks": callbacks}, operation="callback", status=status)
    message = account.queue(result_url=results.url)
    account.advance(until="idle")
    told = [each for each in account.journal("callback") if each["outcome"] == "ok"]
    assert [(each["request"]["body"].rpartition("=")[2], each["at"][17:23]) for each in told] == seen
    assert statuses(results.hits) == [status for status, _ in seen]
    assert [each["status"] for each in account.story(message["sms_message_id"])["statuses"]] == [
        "queued",
        "sent",
        "received",
    ]
    assert account.told("GET", f"/rules/{rule}")["fired"] == 1


def test_an_inbound_text_comes_twice_to_its_application(shared: Emulator) -> None:
    """The same id both times, so that an application can tell; each answer is acted on."""
    texts: list[Hit] = []

    def application(hit: Hit) -> Answer:
        texts.append(hit)
        return Answer(body=b"<reply><sms_message>Back</sms_message></reply>")

    with receiver(application) as address:
        account = lease(shared.url, clock=MANUAL, application_url=address.url)
        account.rule({"inbound_twice": True}, body="Hi")
        came = account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "Hi"})
        account.advance(until="idle")
    assert [hit.fields["sms_message_id"] for hit in texts] == [came["sms_message_id"]] * 2
    assert [reply["body"] for reply in account.story(came["sms_message_id"])["replies"]] == ["Back", "Back"]
