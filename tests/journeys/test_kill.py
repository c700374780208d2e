"""Killed at any moment and started again on the same file, every accepted message still runs its course."""

from __future__ import annotations

import http.client
import json
import random
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from helpers.programs import HANDSET, NUMBER, QUIET_NUMBER, Emulator, emulator
from helpers.raw import LOGIN
from helpers.receivers import Answer, Hit, Receiver, receiver
from plum_emulator.client import Client
from plum_emulator.errors import PlumEmulatorError

pytestmark = [pytest.mark.journey, pytest.mark.slow]

ROUNDS = 6
SENDERS = 3
DEADLINE = 30.0
DELAYS = ("--sent-after", "0.05", "--received-after", "0.1")


@dataclass
class Load:
    """Applications that send and handsets that text, until the emulator is gone; and what it accepted."""

    sent: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def accepted(self, kind: list[str], sms_message_id: str) -> None:
        with self.news:
            kind.append(sms_message_id)
            self.news.notify_all()

    def press(self, running: Emulator, results: Receiver) -> list[threading.Thread]:
        """Begin, in threads that end when the emulator does."""
        threads = [threading.Thread(target=self._send, args=(running.port, results.url)) for _ in range(SENDERS)]
        threads.append(threading.Thread(target=self._text, args=(running.client(),)))
        for thread in threads:
            thread.start()
        return threads

    def wait_for_more(self, count: int) -> None:
        """Return when so many more have been accepted."""
        with self.news:
            goal = len(self.sent) + len(self.came) + count
            assert self.news.wait_for(lambda: len(self.sent) + len(self.came) >= goal, DEADLINE)

    def _send(self, port: int, result_url: str) -> None:
        form = urlencode({"to": HANDSET, "from": NUMBER, "body": "x" * 200, "result_url": result_url})
        name, _, login = LOGIN.partition(": ")
        headers = {name: login, "Content-Type": "application/x-www-form-urlencoded"}
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
            try:
                while True:
                    connection.request("POST", "/ws/sms/queue.json", form, headers)
                    for message in json.loads(connection.getresponse().read())["result"]["sms_messages"]:
                        self.accepted(self.sent, message["sms_message_id"])
            except (OSError, http.client.HTTPException):
                return

    def _text(self, client: Client) -> None:
        try:
            while True:
                message = client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Hello")
                self.accepted(self.came, message["sms_message_id"])
        except PlumEmulatorError:
            return


def rows(file: Path, query: str) -> list[Any]:
    """What a query finds in the database file."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def told(hits: list[Hit]) -> dict[str, list[str]]:
    """The statuses that were told of each message, in their order."""
    found: dict[str, list[str]] = {}
    for hit in hits:
        found.setdefault(hit.fields["sms_message_id"], []).append(hit.fields["status"])
    return found


def replied(hits: list[Hit]) -> set[str]:
    """The texts whose reply has reached its last status."""
    return {hit.path.partition("=")[2] for hit in hits if hit.path != "/" and hit.fields["status"] == "received"}


def test_what_was_accepted_runs_its_course_through_kill_after_kill(tmp_path: Path) -> None:
    """No accepted message is lost, no status skipped or repeated in the table, no callback left out, no id twice."""
    file, load, chance = tmp_path / "plum.db", Load(), random.Random(2)
    options = (*DELAYS, "--database", str(file))

    def application(hit: Hit) -> Answer:
        result_url = f"{results.url}/?reply-to={hit.fields['sms_message_id']}"
        reply = f'<reply><sms_message result_url="{result_url}">Back</sms_message></reply>'
        return Answer(body=reply.encode())

    with receiver() as results, receiver(application) as texts:
        for _ in range(ROUNDS):
            with emulator(*options) as running:
                running.client().set_application(QUIET_NUMBER, texts.url)
                threads = load.press(running, results)
                load.wait_for_more(chance.randint(1, 250))
                running.process.kill()
                running.process.wait()
                for thread in threads:
                    thread.join()
        with emulator(*options) as running:
            kept = {message["sms_message_id"] for message in everything(running.client())}
            results.wait_until(
                lambda hits: {id_ for id_, statuses in told(hits).items() if "received" in statuses} >= set(load.sent),
                "a last status for each message",
            )
            results.wait_until(lambda hits: replied(hits) >= set(load.came), "a reply to each text")

    assert kept >= {*load.sent, *load.came}
    assert [id_ for id_, times in Counter(load.sent + load.came).items() if times > 1] == []
    for statuses in told(results.hits).values():
        assert statuses == sorted(statuses, key=["sent", "received"].index)
        assert set(statuses) == {"sent", "received"}
    check_tables(file, load)


def everything(client: Client) -> list[dict[str, Any]]:
    """The whole log, page by page."""
    found: list[dict[str, Any]] = []
    while page := client.messages(offset=len(found), sort="asc"):
        found += page
    return found


def check_tables(file: Path, load: Load) -> None:
    """The file as somebody else's SQLite reads it."""
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]
    assert rows(file, "PRAGMA foreign_key_check") == []
    outbound = dict(rows(file, "SELECT sms_message_id, status FROM messages WHERE type = 'outbound'"))
    assert {outbound[id_] for id_ in load.sent} == {"received"}
    backwards = "sent_at IS NULL OR sent_at < requested_at OR settled_at < sent_at"
    assert rows(file, f"SELECT * FROM messages WHERE type = 'outbound' AND ({backwards})") == []  # noqa: S608 # constant
    replies = dict(
        rows(
            file,
            "SELECT inbound.sms_message_id, count(*) FROM messages inbound "
            "JOIN messages reply ON reply.in_reply_to = inbound.seq GROUP BY 1",
        )
    )
    assert {replies[id_] for id_ in load.came} == {1}
    strangers = rows(
        file,
        "SELECT m.sms_message_id, e.response_body FROM messages m JOIN exchanges e ON e.account = m.account "
        "AND e.n = m.exchange WHERE m.type = 'outbound' AND instr(e.response_body, m.sms_message_id) = 0",
    )
    assert strangers == []
