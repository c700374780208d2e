"""Server-sent events: everything that happens to an account, live, resumable with Last-Event-ID."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

from plum_emulator.clock import as_text
from plum_emulator.engine.platform import Platform
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.web.views import is_about_nothing
from plum_emulator.wire.views import message_view

_PING_EVERY = 15.0
_AT_A_TIME = 500


class EventStream:
    """The events of one account, for one listener."""

    def __init__(
        self, platform: Platform, *, account: Account, since: int | None, behind_at_most: int = 20_000
    ) -> None:
        self._platform = platform
        self._account = account
        self._since = since
        self._behind_at_most = behind_at_most

    async def chunks(self) -> AsyncIterator[bytes]:
        """The stream's bytes, until the listener goes, falls too far behind, or the account ends."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

        def put(number: int, event: Event) -> None:
            # Whoever does not read at all gets no further than this, and is told so when he does.
            if waiting.qsize() <= self._behind_at_most:
                waiting.put_nowait((number, event))

        def hear(number: int, event: Event) -> None:
            loop.call_soon_threadsafe(put, number, event)

        feed = self._platform.feed
        last = self._since or 0
        if last > feed.count:
            last = 0  # the number of an emulator that ran before this one: everything here is new
        end = feed.watch(hear, account=self._account.id)
        try:
            yield b": listening\n\n"
            for number, event in self._missed(last):
                last = number
                if not is_about_nothing(event):
                    yield _as_bytes(number, event)
            async for number, heard in self._heard(waiting):
                if heard is None:
                    yield b": still here\n\n"
                elif number > last:
                    last = number
                    yield _as_bytes(number, heard)
        finally:
            end()

    def _missed(self, last: int) -> Iterator[tuple[int, Event]]:
        """What happened after the event that the listener saw last, if it says which."""
        while self._since is not None:
            missed = self._platform.missed(self._account, last, limit=_AT_A_TIME)
            yield from missed
            if len(missed) < _AT_A_TIME:
                return
            last = missed[-1][0]

    async def _heard(self, waiting: asyncio.Queue[tuple[int, Event]]) -> AsyncIterator[tuple[int, Event | None]]:
        """What happens from now on; None when nothing has for a while."""
        while waiting.qsize() < self._behind_at_most:
            try:
                async with asyncio.timeout(_PING_EVERY):  # wait_for may lose a cancellation to an event
                    number, event = await waiting.get()
            except TimeoutError:
                yield 0, None
                continue
            yield number, event
            if event.kind == "end":
                return


def _as_bytes(number: int, event: Event) -> bytes:
    data = {"at": as_text(event.at), "event": event.kind, **event.data}
    if event.message is not None:
        data["message"] = message_view(event.message)
    return f"id: {number}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n".encode()
