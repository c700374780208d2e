"""Leases at once on one server: nothing leaks, and the same seed gives the same bytes whatever the neighbours do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.leases import Leased, lease
from helpers.programs import HANDSET, Emulator, emulator
from helpers.receivers import Hit, receiver
from helpers.streams import events

pytestmark = pytest.mark.journey
LEASES = 300
THREADS = 8
STOPPED = "16175550177"
MANUAL = {"mode": "manual", "now": "2026-01-31T12:00:00Z"}


def live(url: str, name: str, result_url: str) -> Leased:
    """Do a little of everything as a lease of this name."""
    account = lease(url, clock=MANUAL)
    account.rule({"outcome": "failed"}, body=f"fail {name}")
    account.queue(f"first {name}", result_url=f"{result_url}/{name}")
    account.told("PUT", "/snapshots/before")
    account.queue(f"lost {name}", result_url=f"{result_url}/{name}")
    account.told("POST", "/snapshots/before/restore")
    account.told("POST", "/inbound", {"from": STOPPED, "to": account.number, "body": "STOP"})
    account.queue(f"fail {name}", result_url=f"{result_url}/{name}")
    account.advance(int(name) + 10)
    return account


def seen(account: Leased) -> object:
    """All that one lease shows of itself, without ids and numbers."""
    return (
        sorted((message["body"], message["type"], message["status"]) for message in account.messages()),
        account.now(),
        [(rule["when"], rule["fired"]) for rule in account.told("GET", "/rules")["rules"]],
        [snapshot["name"] for snapshot in account.told("GET", "/snapshots")["snapshots"]],
    )


def expected(name: str) -> object:
    """The same, as it has to be."""
    texts = [("STOP", "inbound", "received"), (f"fail {name}", "outbound", "failed")]
    second = int(name) + 10
    return (
        [*texts, (f"first {name}", "outbound", "received")],
        f"2026-01-31T12:{second // 60:02d}:{second % 60:02d}.000Z",
        [({"body": f"fail {name}"}, 1)],
        ["before"],
    )


@pytest.mark.slow
def test_three_hundred_leases_at_once_see_themselves_only() -> None:
    """Messages, rules, snapshots, opt-outs, clocks and callbacks: each has its own."""
    names = [str(n) for n in range(LEASES)]
    with receiver() as results, emulator() as running:
        with ThreadPoolExecutor(THREADS) as pool:
            accounts = list(pool.map(lambda name: live(running.url, name, results.url), names))
            assert list(pool.map(seen, accounts)) == [expected(name) for name in names]
            texted = list(pool.map(lambda account: account.queue(to=STOPPED), accounts[:2]))
        assert [message["status"] for message in texted] == ["queued"] * 2
        assert len({account.username for account in accounts}) == LEASES
        assert len({account.number for account in accounts}) == LEASES
        ids = {message["sms_message_id"]: account for account in accounts for message in account.messages()}
        told: dict[str, list[Hit]] = {}
        for hit in results.hits:
            told.setdefault(hit.path.strip("/"), []).append(hit)
        assert {name: sorted(hit.fields["status"] for hit in hits) for name, hits in told.items()} == {
            name: ["failed", "received", "sent", "sent"] for name in names
        }
        of_whom = {name: {ids[hit.fields["sms_message_id"]].username for hit in hits} for name, hits in told.items()}
        assert of_whom == {name: {account.username} for name, account in zip(names, accounts, strict=True)}
        stranger, own = accounts[0].messages()[0]["sms_message_id"], accounts[1]
        assert own.ask("GET", f"/messages/{stranger}").status_code == 404
        refused = own.service("status.json", {"sms_message_id": stranger}).json()
        assert refused == {"status": "failure", "error": "Invalid 'sms_message_id'"}


def test_an_opt_out_is_between_one_number_and_one_handset() -> None:
    """The handset that stopped one lease still hears from its neighbour."""
    with emulator() as running:
        one, other = (lease(running.url, clock=MANUAL) for _ in range(2))
        one.told("POST", "/inbound", {"from": HANDSET, "to": one.number, "body": "STOP"})
        for account in (one, other):
            account.queue("Still there?")
            account.advance(until="idle")
        outbound = [
            [message["status"] for message in account.messages() if message["type"] == "outbound"]
            for account in (one, other)
        ]
    assert outbound == [["undelivered"], ["received"]]


def story(running: Emulator) -> tuple[list[str], bytes]:
    """The same operations on any server: the ids that came, and the journal's bytes with its port masked."""
    account = lease(running.url, username="twin", password="secret", seed="twins", clock=MANUAL, callback_attempts=2)
    account.told("POST", "/rules", {"when": {"nth": 2}, "then": {"outcome": "undelivered"}})
    account.told("POST", "/rules", {"id": "double", "when": {"status": "sent"}, "then": {"callbacks": "double"}})
    sink = f"{running.url}/_plum/sink/results?account=twin"  # any other receiver's answers have a date of their own
    ids = [account.queue(f"Text {n}", result_url=sink)["sms_message_id"] for n in range(20)]
    account.advance(1.5)
    text = account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "Hi"})
    account.service("conversation.xml", {"account_number": account.number, "customer_number": HANDSET})
    account.advance(until="idle")
    return [*ids, text["sms_message_id"]], account.export(format="jsonl").replace(b"%d" % running.port, b"PORT")


def noisy(running: Emulator, stop: threading.Event) -> None:
    """A neighbour who never rests."""
    account = lease(running.url, clock="600x", seed="noise")
    while not stop.is_set():
        account.queue("noise")
        account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": "noise"})


def test_the_same_seed_leaves_the_same_journal_beside_noisy_neighbours() -> None:
    """Two servers on different ports, one of them busy: the same ids, and the same bytes but for the port."""
    stop = threading.Event()
    with emulator() as quiet, emulator() as busy, ThreadPoolExecutor(3) as pool:
        neighbours = [pool.submit(noisy, busy, stop) for _ in range(3)]
        try:
            in_quiet, in_busy = story(quiet), story(busy)
        finally:
            stop.set()
        assert [neighbour.exception() for neighbour in neighbours] == [None] * 3
    assert in_quiet[0] == in_busy[0]
    assert in_quiet[1].splitlines() == in_busy[1].splitlines()
    assert in_quiet[1].count(b"\n") > 80
    assert b"noise" not in in_busy[1]


def test_a_lease_ends_with_its_life_time() -> None:
    """The sweep ends it without being asked: its stream says so, its login is nobody's, its numbers are free."""
    with emulator() as running:
        kept = lease(running.url)
        short = lease(running.url, lifetime=1.5, username="short", numbers=["16175559001"])
        with events(short) as told:
            assert [each.event for each in told] == ["end"]
        assert short.service("messages.json", {}).status_code == 401
        assert short.ask("GET", "/messages").status_code == 404
        again = lease(running.url, username="short", numbers=["16175559001"])
        assert (again.messages(), kept.messages()) == ([], [])
