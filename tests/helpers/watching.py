"""Waiting for what happens to messages, by listening to the emulator's events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from plum_emulator.client import Client

DEADLINE = 15.0
Event = dict[str, Any]


class Watch:
    """Everything that has happened to one account since the watch began."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.seen: list[Event] = []

    def until(self, met: Callable[[Event], bool], expected: str) -> Event:
        """The first event, seen already or still to come, of which this is true."""
        for event in self.seen:
            if met(event):
                return event
        end = time.monotonic() + DEADLINE
        for event in self._events:
            self.seen.append(event)
            if met(event):
                return event
            assert time.monotonic() < end, f"{expected} did not happen; there was {self.seen}"
        raise AssertionError(f"the stream ended before {expected}; there was {self.seen}")

    def status(self, sms_message_id: str, status: str) -> Event:
        """The message's change to this status."""
        return self._of(sms_message_id, "status", lambda event: event["message"]["status"] == status, status)

    def callback(self, sms_message_id: str, status: str) -> Event:
        """The end of the callback that told of this status."""
        return self._of(sms_message_id, "callback", lambda event: event["status"] == status, f"callback {status}")

    def answer(self, sms_message_id: str) -> Event:
        """The end of the post to the application."""
        return self._of(sms_message_id, "answer", lambda _event: True, "the application's answer")

    def _of(self, sms_message_id: str, kind: str, met: Callable[[Event], bool], expected: str) -> Event:
        def is_it(event: Event) -> bool:
            mine = event["event"] == kind and event["message"]["sms_message_id"] == sms_message_id
            return mine and met(event)

        return self.until(is_it, f"{expected} of {sms_message_id}")


@contextmanager
def watching(client: Client) -> Iterator[Watch]:
    """Watch the client's account from now on."""
    with client.events() as events:
        yield Watch(events)
