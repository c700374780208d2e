"""Server-sent events: everything that happens to an account, live, resumable with Last-Event-ID."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from plum_emulator.clock import as_text
from plum_emulator.engine.feed import Event, Feed
from plum_emulator.web.views import message_view

_PING_EVERY = 15.0


class EventStream:
    """The events of one account, for one listener."""

    def __init__(self, feed: Feed, *, account: int, since: int | None, behind_at_most: int = 20_000) -> None:
        self._feed = feed
        self._account = account
        self._since = since
        self._behind_at_most = behind_at_most

    async def chunks(self) -> AsyncIterator[bytes]:
        """The stream's bytes, until the listener goes or falls too far behind."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

        def hear(number: int, event: Event) -> None:
            if event.account == self._account:
                loop.call_soon_threadsafe(waiting.put_nowait, (number, event))

        end = self._feed.watch(hear)
        last = self._since or 0
        if last > self._feed.count:
            last = 0  # the number of an emulator that ran before this one: everything here is new
        try:
            yield b": listening\n\n"
            missed = self._feed.since(last) if self._since is not None else []
            for number, event in missed:
                if event.account == self._account:
                    last = number
                    yield _as_bytes(number, event)
            while waiting.qsize() < self._behind_at_most:
                try:
                    async with asyncio.timeout(_PING_EVERY):  # wait_for may lose a cancellation to an event
                        number, event = await waiting.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if number > last:
                    last = number
                    yield _as_bytes(number, event)
        finally:
            end()


def _as_bytes(number: int, event: Event) -> bytes:
    data = {"at": as_text(event.at), "event": event.kind, **event.data}
    if event.message is not None:
        data["message"] = message_view(event.message)
    return f"id: {number}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n".encode()
