"""Live pages: regions that change are made anew once for everybody who looks at them, and pushed as events.

However much happens and however many look on, making regions takes at most a twentieth of the time, where a round takes
no more than a tenth of a second: after each there is a rest of nineteen times what it took of a processor, and of two
seconds at most.

A page is an answer that may arrive late, after what the stream has told since; so each region says when it was made, an
older one never replaces a newer one in the browser, and whatever a page was given is told again in the round after it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field

from flask import Response, request

from plum_emulator.clock import worktime
from plum_emulator.errors import NotFound, NotPossible, PlumEmulatorError
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.web.console.pages import Pages, Region, Route
from plum_emulator.web.gateway import STREAM

_log = logging.getLogger("plum_emulator")

_REST = 19.0  # times the processor's time that a round took
_REST_LEAST = 0.2
_REST_MOST = 2.0
_BEAT = 1.0
_PING_EVERY = 15.0
_REGIONS_MOST = 40
_LISTENERS_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Key:
    """A region of an account, in pages that name the account so."""

    account: int
    named: str
    spec: str


@dataclass(frozen=True, slots=True)
class _News:
    """What is told of a region. It is the same news when the HTML is the same, whenever that was made."""

    html: str | None
    told: bytes = field(compare=False)


@dataclass(slots=True, eq=False)
class Listener:
    """Somebody who looks on. What it is `owed` is told in the next round, also when that is no news to others."""

    keys: tuple[_Key, ...]
    owed: set[_Key] = field(default_factory=set)
    news: dict[_Key, bytes] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, key: _Key, news: _News) -> None:
        """Only the newest of each region is kept for somebody who is slow."""
        self.news[key] = news.told
        self.woken.set()


def rest_after(took: float, *, least: float = _REST_LEAST) -> float:
    """How many seconds to rest after a round that used a processor for so many milliseconds."""
    return min(max(least, took / 1000 * _REST), _REST_MOST)


class Live:
    """The live regions of one emulator's pages. All but `touch` and `placed` runs in the event loop.

    `rest` is the least time between two rounds, `beat` how long nothing may happen until it is looked again; seconds.
    """

    def __init__(self, pages: Pages, *, pool: Executor | None, rest: float = _REST_LEAST, beat: float = _BEAT) -> None:
        self._pages = pages
        self._pool = pool
        self._rest = rest
        self._beat_every = beat
        self._listeners: set[Listener] = set()
        self._shown: dict[_Key, _News] = {}
        self._stale: set[_Key] = set()
        self._touched: set[int] = set()
        self._failed: set[_Key] = set()
        self._seen: dict[int, tuple[int, int]] = {}
        self._woken: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._working: asyncio.Task[None] | None = None
        self._next_beat = 0.0

    @property
    def kept(self) -> int:
        """How many regions are kept, to be compared with the next."""
        return len(self._shown)

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [("GET", "/console/live", self.live)]

    def live(self) -> Response:
        """The regions that the request names, each whenever it changes, as server-sent events."""
        account = self._pages.account()
        specs = tuple(dict.fromkeys(request.args.getlist("region")))
        if not specs or len(specs) > _REGIONS_MOST:
            raise NotPossible(f"{len(specs)} regions were asked for", hint=f"ask for 1 to {_REGIONS_MOST}")
        if len(self._listeners) >= _LISTENERS_MOST:
            raise NotPossible(f"{_LISTENERS_MOST} pages are open already", hint="close some, then reload this one")
        named = request.args.get("account", "")
        for spec in specs:
            self._pages.region(account, spec, named=named)  # what is wrong is said now
        if request.method == "GET":
            request.environ[STREAM] = _Stream(self, account, named, specs)
        return Response(b"", content_type="text/event-stream", headers={"Cache-Control": "no-store"})

    def touch(self, account: Account | None = None) -> None:
        """Something may have changed for the account, or for anybody. May be called from any thread."""
        if account is None:
            self._soon(self._touch_all)
        else:
            self._soon(self._touch_one, account.id)

    def placed(self, account: Account, named: str, spec: str) -> None:
        """A page has been given this region, and may show it later than what is told meanwhile. From any thread."""
        self._soon(self._place, _Key(account.id, named, spec))

    def join(self, account: Account, named: str, specs: tuple[str, ...]) -> Listener:
        """Somebody looks at these regions from now on."""
        keys = tuple(_Key(account.id, named, spec) for spec in specs)
        listener = Listener(keys, owed=set(keys))
        self._listeners.add(listener)
        if self._working is None:
            self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
            self._next_beat = self._loop.time() + self._beat_every
            self._working = self._loop.create_task(self._work())
        self._stale.update(keys)
        self._wake()
        return listener

    def leave(self, listener: Listener) -> None:
        """Somebody looks no longer."""
        self._listeners.discard(listener)
        wanted = {key for other in self._listeners for key in other.keys}
        for key in set(listener.keys) - wanted:
            self._shown.pop(key, None)
            self._stale.discard(key)
        if not self._listeners and self._working is not None:
            self._working.cancel()
            self._working = None

    async def _work(self) -> None:
        end = self._pages.emulator.feed.watch(self._hear)
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._until_something()
                keys = self._to_make()
                if keys:
                    owed = self._to_tell_anyway()
                    made, took = await loop.run_in_executor(self._pool, self._made, keys)
                    self._show(made, owed)
                    await asyncio.sleep(rest_after(took, least=self._rest))
        finally:
            end()

    async def _until_something(self) -> None:
        assert self._woken is not None and self._loop is not None  # noqa: S101, PT018 # set before the work begins
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_beat):
                await self._woken.wait()
        self._woken.clear()
        if self._loop.time() >= self._next_beat:  # also when something happens all the time
            self._next_beat = self._loop.time() + self._beat_every
            self._beat()

    def _to_make(self) -> list[_Key]:
        touched, self._touched = self._touched, set()
        stale, self._stale = self._stale, set()
        wanted = {key for listener in self._listeners for key in listener.keys}
        return [key for key in wanted if key in stale or key.account in touched]

    def _made(self, keys: list[_Key]) -> tuple[dict[_Key, _News], float]:
        """The regions as they are now, and what making took. One that cannot be made stays as it was."""
        took, made = worktime(), {}
        accounts = {account.id: account for account in self._pages.emulator.accounts}
        for key in keys:
            if key.account not in accounts:
                made[key] = _GONE
                continue
            try:
                made[key] = _news(key, self._pages.region(accounts[key.account], key.spec, named=key.named))
            except NotFound as error:  # gone with a reset, or removed
                made[key] = _news(key, self._pages.gone(error))
            except PlumEmulatorError:  # storage failed, say: it is looked again at the next beat
                self._failed.add(key)
            except Exception:
                _log.exception("a bug of the emulator")
        return made, took()

    def _to_tell_anyway(self) -> dict[Listener, set[_Key]]:
        owed = {listener: listener.owed for listener in self._listeners}
        for listener in owed:
            listener.owed = set()
        return owed

    def _show(self, made: dict[_Key, _News], owed: dict[Listener, set[_Key]]) -> None:
        changed = {key for key, news in made.items() if self._shown.get(key) != news}
        wanted = {key for listener in self._listeners for key in listener.keys}
        self._shown |= {key: news for key, news in made.items() if key in wanted}
        for listener in self._listeners:
            mine = owed.get(listener, set())
            listener.owed |= mine - made.keys()
            for key in listener.keys:
                if key in changed or (key in mine and key in made):
                    listener.hear(key, made[key])

    def _hear(self, _number: int, event: Event) -> None:
        """Called by whoever publishes, in any thread: it has to be quick."""
        # Who is marked already is made anew later than now, and what the event tells of is committed.
        if event.account not in self._touched and self._loop is not None:
            self._loop.call_soon_threadsafe(self._touch_one, event.account)

    def _touch_one(self, account: int) -> None:
        self._touched.add(account)
        self._wake()

    def _beat(self) -> None:
        """Once a second: requests that are no events, and what shows the time."""
        emulator = self._pages.emulator
        seen = {account.id: (account.exchanges, emulator.platform.unclaimed) for account in emulator.accounts}
        self._touched |= {account for account, counts in seen.items() if self._seen.get(account) != counts}
        self._seen = seen
        self._stale |= {key for listener in self._listeners for key in listener.keys if key.spec in _TICKING}
        self._stale |= self._failed
        self._failed = set()

    def _place(self, key: _Key) -> None:
        for listener in self._listeners:
            if key in listener.keys:
                listener.owed.add(key)
                self._stale.add(key)
                self._wake()

    def _soon(self, call: Callable[..., None], *arguments: object) -> None:
        if self._listeners and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    def _touch_all(self) -> None:
        self._touched |= {key.account for listener in self._listeners for key in listener.keys}
        self._wake()

    def _wake(self) -> None:
        if self._woken is not None:
            self._woken.set()


_GONE = _News(None, b"event: gone\ndata: {}\n\n")
_TICKING = frozenset(("clock", "agenda"))


def _news(key: _Key, region: Region) -> _News:
    data = json.dumps({"region": key.spec, "html": region.html, "made": region.made})
    return _News(region.html, f"event: region\ndata: {data}\n\n".encode())


@dataclass(frozen=True, slots=True)
class _Stream:
    live: Live
    account: Account
    named: str
    specs: tuple[str, ...]

    async def chunks(self) -> AsyncIterator[bytes]:
        """The stream's bytes, until the listener goes."""
        listener = self.live.join(self.account, self.named, self.specs)
        try:
            yield b"retry: 1000\n\n"
            while True:
                try:
                    async with asyncio.timeout(_PING_EVERY):
                        await listener.woken.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                listener.woken.clear()
                news, listener.news = listener.news, {}
                yield b"".join(news.values())
        finally:
            self.live.leave(listener)
