"""`tail`: everything that happens to the account, live."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
from typing import Any

import pytest

from helpers.programs import COMMAND, HANDSET, NUMBER, Emulator, emulator, plain_environment
from helpers.receivers import receiver

pytestmark = pytest.mark.journey
DEADLINE = 15.0


class Tail:
    """`plum-emulator tail` in a process of its own, which listens already."""

    def __init__(self, running: Emulator, *options: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "tail", "--url", running.url, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=plain_environment(),
        )
        self._read = b""
        assert self.process.stderr is not None
        self.greeting = self.process.stderr.readline().decode()

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.kill()
        self.process.communicate()

    def until(self, word: str) -> list[str]:
        """The lines that come, up to the one with this word in it."""
        lines: list[str] = []
        while not lines or word not in lines[-1]:
            lines.append(self._line(f"{word} did not come; there was {lines}"))
        return lines

    def interrupt(self) -> tuple[int, bytes]:
        """Press Ctrl-C; the exit code, and what it complained of."""
        self.process.send_signal(signal.SIGINT)
        _, complaints = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, complaints

    def _line(self, otherwise: str) -> str:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._read:
                assert selector.select(DEADLINE), otherwise
                self._read += os.read(self.process.stdout.fileno(), 65536)
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()


def test_tail_shows_what_happens_live() -> None:
    """Statuses, callbacks, answers, automatic texts, rules, snapshots, clocks and resets; Ctrl-C ends it."""
    with receiver() as results, emulator("--clock", "manual") as running, Tail(running) as tail:
        client = running.client()
        [sent] = client.queue(to=HANDSET, from_=NUMBER, body="Hello", result_url=results.url)
        client.advance(until="idle")
        came = client.receive(from_=HANDSET, to=NUMBER, body="STOP")
        client.advance(until="idle")
        client.add_rule(when={"operation": "status"}, then={"slow_body": 0.001})
        client.status(sent["sms_message_id"])
        client.save("here")
        client.restore("here")
        client.set_clock("60x")
        client.reset()
        lines = [line.partition("  ")[2] for line in tail.until("  reset")]
        assert tail.interrupt() == (130, b"\n")
    assert tail.greeting == f"plum-emulator: listening at {running.url}; Ctrl-C ends it\n"
    short, stop = sent["sms_message_id"][:8], came["sms_message_id"][:8]
    bye = (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    )
    assert lines == [
        f"{short}  outbound queued      {NUMBER} > {HANDSET}  Hello",
        f"{short}  outbound sent        {NUMBER} > {HANDSET}  Hello",
        f"{short}  callback sent > {results.url}: ok",
        f"{short}  outbound received    {NUMBER} > {HANDSET}  Hello",
        f"{short}  callback received > {results.url}: ok",
        f"{stop}  inbound  received    {HANDSET} > {NUMBER}  STOP",
        f"{stop}  automatic text to {HANDSET}: {bye}",
        f"{stop}  inbound  > {running.url}/demo: ok",
        "rule rule-1 fired: status",
        "restore here",
        "clock scaled",
        "reset",
    ]


def test_tail_ends_with_the_emulator() -> None:
    """Without a word: there is nothing more to tell."""
    with emulator() as running, Tail(running) as tail:
        running.end()
        assert tail.process.wait(DEADLINE) == 0


def test_tail_shows_json_lines_to_a_program() -> None:
    """Each event whole: when, what, and the message with its statuses so far."""
    with emulator("--sent-after", "0", "--received-after", "0") as running, Tail(running, "--json") as tail:
        [sent] = running.client().queue(to=HANDSET, from_=NUMBER, body="Hello")
        events = [json.loads(line) for line in tail.until('"status": "received"')]
    assert [(event["event"], event["message"]["status"]) for event in events] == [
        ("status", "queued"),
        ("status", "sent"),
        ("status", "received"),
    ]
    assert {event["message"]["sms_message_id"] for event in events} == {sent["sms_message_id"]}


def test_a_hostile_url_does_not_act_on_the_terminal() -> None:
    """Controls in eight bits, and marks that turn the direction, may stand in a URL."""
    with emulator("--sent-after", "0", "--received-after", "0") as running, Tail(running) as tail:
        url = "http://203.0.113.1/\x9b31m\u202e"
        running.client().queue(to=HANDSET, from_=NUMBER, body="Hello", result_url=url)
        line = tail.until("callback received")[-1]
    lost = "\N{REPLACEMENT CHARACTER}"
    assert f"http://203.0.113.1/{lost}31m{lost}: refused" in line
