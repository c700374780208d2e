"""Time belongs to the account: manual, scaled or real, over real sockets, with real receivers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from helpers.leases import Leased, lease, statuses
from helpers.programs import Emulator, emulator
from helpers.receivers import Answer, Hit, Receiver, receiver

pytestmark = pytest.mark.journey
START = "2026-01-31T12:00:00.000Z"
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}
MANY = 1000


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all the journeys, each with a lease of its own."""
    with emulator() as running:
        yield running


def test_on_a_manual_clock_a_message_lives_when_the_clock_is_moved(results: Receiver) -> None:
    """`serve --clock manual@…`: nothing happens until an advance; Date, request_timestamp and journal follow."""
    with emulator("--clock", "manual@2026-01-31T12:00:00Z") as running:
        account = Leased(url=running.url)
        answer = account.ask_queue(result_url=results.url)
        [message] = answer.json()["result"]["sms_messages"]
        assert (answer.headers["Date"], message["request_timestamp"]) == ("Sat, 31 Jan 2026 12:00:00 GMT", 1769860800)
        assert account.told("GET", "/clock") == {
            "mode": "manual",
            "rate": None,
            "now": START,
            "next": "2026-01-31T12:00:01.000Z",
        }
        first = account.advance(1)
        assert statuses(results.hits) == ["sent"]
        rest = account.advance(until="idle")
        assert statuses(results.hits) == ["sent", "received"]
        assert [[event["status"] for event in report["callbacks"]] for report in (first, rest)] == [
            ["sent"],
            ["received"],
        ]
        assert [
            (status["status"], status["at"]) for status in account.story(message["sms_message_id"])["statuses"]
        ] == [
            ("queued", START),
            ("sent", "2026-01-31T12:00:01.000Z"),
            ("received", "2026-01-31T12:00:03.000Z"),
        ]
        assert [(each["at"], each["duration_ms"]) for each in account.journal("callback")] == [
            ("2026-01-31T12:00:01.000Z", 0),
            ("2026-01-31T12:00:03.000Z", 0),
        ]
        assert account.ask("GET", "/messages").headers["Date"] == "Sat, 31 Jan 2026 12:00:03 GMT"


def test_attempts_back_off_in_the_time_of_the_account(shared: Emulator) -> None:
    """A receiver that fails three times is asked again after 10, 20 and 40 seconds, and nobody waits for it."""
    answers = iter([500, 503, 500])
    slow = {"callback_attempts": 5, "callback_backoff": 10, "sent_after": 1, "received_after": 100}
    account = lease(shared.url, clock=MANUAL, **slow)
    with receiver(lambda _hit: Answer(status=next(answers, 200))) as results:
        account.queue(result_url=results.url)
        account.advance(until="idle")
        assert statuses(results.hits) == ["sent"] * 4 + ["received"]
    told = [(each["at"][14:19], each["attempt"], each["answer"]["status"]) for each in account.journal("callback")]
    assert told == [
        ("00:01", 1, 500),
        ("00:11", 2, 503),
        ("00:31", 3, 500),
        ("01:11", 4, 200),
        ("01:41", 1, 200),
    ]


def test_until_next_takes_one_step_at_a_time(shared: Emulator, results: Receiver) -> None:
    """Each thing that is due, and nothing of the next one."""
    account = lease(shared.url, clock=MANUAL, sent_after=60, received_after=3600)
    account.queue(result_url=results.url)
    seen = [(account.advance(until="next")["now"][11:19], statuses(results.hits)) for _ in range(3)]
    assert seen == [
        ("12:01:00", ["sent"]),
        ("13:01:00", ["sent", "received"]),
        ("13:01:00", ["sent", "received"]),
    ]


def test_a_scaled_clock_really_goes(shared: Emulator, results: Receiver) -> None:
    """At 600x ten minutes are one second: not sooner, and not much later."""
    account = lease(shared.url, clock="600x", sent_after=300, received_after=300)
    begin = time.monotonic()
    message = account.queue(result_url=results.url)
    verdict = account.expect("callbacks", sms_message_id=message["sms_message_id"], status="received", timeout=20)
    took = time.monotonic() - begin
    assert verdict.status_code == 200, verdict.text
    assert statuses(results.wait_for(2)) == ["sent", "received"]
    assert 0.95 < took < 8
    sent, received = (parsed["at"] for parsed in account.story(message["sms_message_id"])["statuses"][1:])
    assert sent < received


def test_the_date_of_an_answer_is_the_accounts(shared: Emulator) -> None:
    """Two leases, two centuries; a clock may be set to any instant, and back."""
    early = lease(shared.url, clock={"mode": "manual", "now": "1999-12-31T23:59:59Z"})
    late = lease(shared.url, clock={"mode": "manual", "now": "2199-06-01T00:00:00Z"})
    dates = [parsedate_to_datetime(each.ask_queue().headers["Date"]).year for each in (early, late)]
    assert dates == [1999, 2199]
    early.advance(1)
    assert parsedate_to_datetime(early.ask_queue().headers["Date"]).year == 2000
    late.told("PUT", "/clock", {"mode": "manual", "now": "2026-01-31T12:00:00Z"})
    assert late.queue()["request_timestamp"] == 1769860800


def test_eight_advances_at_once_move_the_clock_by_all_of_them(shared: Emulator, results: Receiver) -> None:
    """None is lost, none counted twice, and the callbacks of each message come in their order."""
    account = lease(shared.url, clock=MANUAL, sent_after=10, received_after=25)
    for _ in range(20):
        account.queue(result_url=results.url)
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(account.advance, [10] * 8))
    assert account.now() == "2026-01-31T12:01:20.000Z"
    assert {report["stopped"] for report in reports} == {None}
    assert Counter(statuses(results.hits)) == {"sent": 20, "received": 20}
    by_message: dict[str, list[str]] = {}
    for hit in results.hits:
        by_message.setdefault(hit.fields["sms_message_id"], []).append(hit.fields["status"])
    assert set(map(tuple, by_message.values())) == {("sent", "received")}


def test_an_application_may_do_everything_inside_its_callback(shared: Emulator) -> None:
    """It queues again, asks for a status, and asks to advance: each is answered, the last with 202, and all is run."""
    account = lease(shared.url, clock=MANUAL, sent_after=1, received_after=2)
    said: list[tuple[int, str, int, bool]] = []

    def application(hit: Hit) -> Answer:
        if len(said) < 3:
            again = account.ask_queue(f"Again {len(said)}", result_url=results.url)
            asked = account.service("status.json", {"sms_message_id": hit.fields["sms_message_id"]}).json()
            moved = account.ask("POST", "/clock/advance", {"seconds": 10})
            seen = asked["result"]["sms_messages"][0]["status"]
            said.append((again.status_code, seen, moved.status_code, moved.json()["joined"]))
        return Answer()

    with receiver(application) as results:
        account.queue(result_url=results.url)
        report = account.advance(1)
    assert said == [(200, "sent", 202, True), (200, "sent", 202, True), (200, "received", 202, True)]
    assert (report["joined"], report["stopped"], report["now"]) == (False, None, "2026-01-31T12:00:31.000Z")
    assert statuses(results.hits).count("received") == 4
    assert {message["status"] for message in account.messages()} == {"received"}


class Gate:
    """A receiver that says when a callback has come, and answers when it is let."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.open = threading.Event()

    def __call__(self, _hit: Hit) -> Answer:
        self.came.set()
        assert self.open.wait(15)
        return Answer()


def advance_into(account: Leased, gate: Gate, url: str, pool: ThreadPoolExecutor) -> Future[dict[str, object]]:
    """An advance under way, whose callback is out."""
    account.queue(result_url=url)
    moving = pool.submit(account.advance, until="idle")
    assert gate.came.wait(15)
    return moving


@pytest.mark.parametrize(
    ("method", "path", "why"),
    [
        pytest.param("POST", "/reset", "a reset came in between", id="reset"),
        pytest.param("POST", "/snapshots/empty/restore", "a restore came in between", id="restore"),
        pytest.param("DELETE", "/accounts/{username}", "the account ended", id="end"),
    ],
)
def test_what_takes_the_ground_from_an_advance_ends_it(shared: Emulator, method: str, path: str, why: str) -> None:
    """The advance answers and says why; what was out comes to nothing."""
    gate, account = Gate(), lease(shared.url, clock=MANUAL)
    account.told("PUT", "/snapshots/empty")
    with receiver(gate) as results, ThreadPoolExecutor(1) as pool:
        moving = advance_into(account, gate, results.url, pool)
        account.told(method, path.format(username=account.username))
        gate.open.set()
        answer = moving.exception() or moving.result()
    assert isinstance(answer, dict)
    assert answer["stopped"] == why
    if method == "POST":
        assert (account.now(), account.messages(), account.told("GET", "/agenda")["agenda"]) == (START, [], [])
        account.queue()
        assert account.advance(until="idle")["stopped"] is None


def test_a_slow_receiver_holds_up_its_own_account_only(shared: Emulator, results: Receiver) -> None:
    """While one advance waits for a receiver, another account advances, and the first still answers questions."""
    gate, slow, quick = Gate(), lease(shared.url, clock=MANUAL), lease(shared.url, clock=MANUAL)
    with receiver(gate) as gated, ThreadPoolExecutor(1) as pool:
        moving = advance_into(slow, gate, gated.url, pool)
        quick.queue(result_url=results.url)
        assert quick.advance(until="idle")["stopped"] is None
        assert [message["status"] for message in slow.messages()] == ["sent"]
        assert slow.queue("While it waits")["status"] == "queued"
        assert not moving.done()
        gate.open.set()
        assert moving.result()["stopped"] is None
    assert statuses(results.hits) == ["sent", "received"]
    assert {message["status"] for message in slow.messages()} == {"received"}


def test_a_jump_of_a_century_settles_what_was_due_on_its_way(shared: Emulator, results: Receiver) -> None:
    """Each thing at its own instant, and the callbacks in their order."""
    account = lease(shared.url, clock=MANUAL, sent_after=86400, received_after=300 * 86400)
    message = account.queue(result_url=results.url)
    account.advance(100 * 365 * 86400)
    assert [status["at"][:10] for status in account.story(message["sms_message_id"])["statuses"]] == [
        "2026-01-31",
        "2026-02-01",
        "2026-11-28",
    ]
    assert (account.now()[:4], statuses(results.hits)) == ("2126", ["sent", "received"])


def test_time_ends_with_the_year_9998_and_nothing_is_lost_there(shared: Emulator) -> None:
    """What would come later comes at the last instant: dates go no further."""
    answers = {"callback_attempts": 20, "callback_backoff": 366 * 86400, "sent_after": 1, "received_after": 366 * 86400}
    account = lease(shared.url, clock=MANUAL, **answers)
    with receiver(lambda _hit: Answer(status=500)) as results:
        account.queue(result_url=results.url)
        report = account.advance(until="idle")
        assert statuses(results.hits) == ["sent"] * 20 + ["received"] * 20
    end = "9999-01-01T00:00:00.000Z"
    assert (report["now"], report["stopped"], account.now()) == (end, None, end)
    assert account.told("GET", "/agenda")["agenda"] == []
    assert account.ask_queue().headers["Date"] == "Fri, 01 Jan 9999 00:00:00 GMT"
    account.advance(86400)
    assert {message["status"] for message in account.messages()} == {"received"}


def test_a_clock_so_slow_that_nothing_ever_comes_holds_up_nobody(shared: Emulator, results: Receiver) -> None:
    """A status that is due in thousands of years, and one of another account that is due now."""
    waiting = lease(shared.url, clock={"mode": "scaled", "rate": 0.001}, sent_after=366 * 86400, callback_backoff=1)
    far = {"when": {}, "then": {"final_after": 366 * 86400}}
    waiting.told("POST", "/rules", far)
    waiting.told("PUT", "/clock", {"mode": "manual"})
    waiting.queue(result_url=results.url)
    waiting.told("PUT", "/clock", {"mode": "manual", "now": "1970-01-01T00:00:00Z"})
    waiting.told("PUT", "/clock", {"mode": "scaled", "rate": 0.001})
    quick = lease(shared.url, sent_after=0, received_after=0)
    quick.queue(result_url=results.url)
    assert statuses(results.wait_for(2)) == ["sent", "received"]
    assert [message["status"] for message in waiting.messages()] == ["queued"]


@pytest.mark.slow
def test_killed_in_the_middle_of_an_advance_nothing_is_lost(tmp_path: Path) -> None:
    """A thousand messages, `kill -9` after some hundred callbacks, a new start: the clock is kept, and all are told."""
    options = ("--database", str(tmp_path / "plum.db"), "--clock", "manual@2026-01-31T12:00:00Z")
    with receiver() as results:
        with emulator(*options) as running:
            account = Leased(url=running.url)
            sent = {account.queue(f"Message {n}", result_url=results.url)["sms_message_id"] for n in range(MANY)}
            with ThreadPoolExecutor(1) as pool:
                moving = pool.submit(account.ask, "POST", "/clock/advance", {"until": "idle"})
                results.wait_for(300)
                running.process.kill()
                running.process.wait()
                assert moving.exception() is not None
        with emulator(*options) as running:
            account = Leased(url=running.url)
            kept = account.told("GET", "/clock")
            assert (kept["mode"], kept["now"]) == ("manual", "2026-01-31T12:00:01.000Z")
            account.advance(until="idle")
            assert account.now() == "2026-01-31T12:00:03.000Z"
            left = account.told("GET", "/agenda")["agenda"]
            exported = account.export("messages", format="jsonl").splitlines()
    told = Counter(hit.status for hit in results.hits)
    assert set(told) == {(id_, status) for id_ in sent for status in ("sent", "received")}
    assert {status for (_, status), times in told.items() if times > 1} <= {"sent"}
    assert (left, len(exported)) == ([], MANY)
    assert all(b'"status": "received"' in line for line in exported)
