"""Asks whether what was expected has come, and waits for it: woken by events, never polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.advance import Advances
from plum_emulator.engine.feed import Feed
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.messages import Message
from plum_emulator.model.patterns import Pattern
from plum_emulator.scenario.expectations import Expectation, Item, Verdict, judge
from plum_emulator.store.store import Store

_LOOKED_AT = 10_000
_TIMELINE = 50
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verdict, the cursor after everything that was judged, and the newest events when it does not hold."""

    verdict: Verdict
    cursor: str
    timeline: tuple[Event, ...] = ()


class Expecting:
    """Judges expectations of one emulator."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        advances: Advances,
        feed: Feed,
        in_pool: Callable[[Callable[[], Answer]], asyncio.Future[Answer]],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._advances = advances
        self._feed = feed
        self._in_pool = in_pool

    async def expect(self, account: Account, expectation: Expectation) -> Answer:
        """Whether it holds. On a manual clock what is due happens first; then it is waited for, up to the time-out.

        Without a time-out that is a second, or no time at all for what can hold with nothing. Raises NotPossible.
        """
        read_cursor(expectation.since)
        patience = expectation.timeout
        if patience is None:
            patience = 0.0 if expectation.absence else _PATIENCE
        deadline = asyncio.get_running_loop().time() + patience
        with self._woken(account) as woken:
            while True:
                woken.clear()
                await self._advances.settle(account)
                answer = await self._in_pool(lambda: self._judged(account, expectation, nearly=False))
                if answer.verdict.decided or not await _set_before(woken, deadline):
                    break
        if answer.verdict.holds:
            return answer
        return await self._in_pool(lambda: self._judged(account, expectation, nearly=True))

    def cursor(self, account: Account) -> str:
        """Where the account's log and journal end now."""
        with self._store.reading():
            return f"{self._store.messages.last_of(account.id)}.{account.exchanges}"

    def timeline(self, account: Account, *, limit: int = _TIMELINE) -> tuple[Event, ...]:
        """The newest events of the account, oldest first."""
        self._store.catch_up()
        with self._store.reading():
            return tuple(event for _, event in self._store.events.newest(account.id, limit=limit))

    def _judged(self, account: Account, expectation: Expectation, *, nearly: bool) -> Answer:
        """With `nearly`, what came nearest is looked at too, and what happened is told."""
        self._store.catch_up()
        with self._store.reading():
            cursor = self.cursor(account)
            items = self._items(account, expectation, all_=nearly or expectation.nothing_else)
        verdict = judge(expectation, items)
        told = self.timeline(account) if nearly and not verdict.holds else ()
        return Answer(verdict=verdict, cursor=cursor, timeline=told)

    def _items(self, account: Account, expectation: Expectation, *, all_: bool) -> list[Item]:
        place, n = read_cursor(expectation.since)
        if expectation.kind == "messages":
            like = [] if all_ else _texts(expectation)
            messages = self._store.messages.since(account.id, place, limit=_LOOKED_AT, like=like)
            return [_message_item(message) for message in messages]
        operation = "callback" if expectation.kind == "callbacks" else "inbound"
        exchanges = self._store.journal.since(account.id, n, operation=operation, limit=_LOOKED_AT)
        about = self._store.messages.by_seqs({exchange.message for exchange in exchanges if exchange.message})
        return [_exchange_item(exchange, about) for exchange in exchanges]

    @contextmanager
    def _woken(self, account: Account) -> Iterator[asyncio.Event]:
        """An event that is set whenever something happens to the account."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake(_number: int, _event: Event) -> None:
            loop.call_soon_threadsafe(woken.set)

        end = self._feed.watch(wake, account=account.id)
        try:
            yield woken
        finally:
            end()


def read_cursor(text: str) -> tuple[int, int]:
    """The places in the log and in the journal that a cursor means; "" is the beginning. Raises NotPossible."""
    place, dot, n = text.partition(".")
    if not text:
        return 0, 0
    if not (dot and _is_count(place) and _is_count(n)):
        raise NotPossible(f"since = {text[:40]!r} is not a cursor", hint="use one that an expectation answered")
    return int(place), int(n)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


async def _set_before(woken: asyncio.Event, deadline: float) -> bool:
    """Whether something happens before the deadline."""
    try:
        async with asyncio.timeout_at(deadline):
            await woken.wait()
    except TimeoutError:
        return False
    return True


def _texts(expectation: Expectation) -> list[tuple[str, Pattern]]:
    return [(name, pattern) for name, pattern in expectation.wanted if isinstance(pattern, Pattern)]


def _message_item(message: Message) -> Item:
    return Item(
        fields={
            "to": message.to,
            "from": message.from_,
            "body": message.body,
            "type": message.type,
            "status": message.status,
        },
        shown=message,
    )


def _exchange_item(exchange: Exchange, about: Mapping[int, Message]) -> Item:
    posted = parse_qs(exchange.request_body.decode("utf-8", "replace"), keep_blank_values=True)
    message = about.get(exchange.message or 0)
    return Item(
        fields={
            "sms_message_id": message.sms_message_id if message else None,
            "status": posted.get("status", [None])[0],
            "url": exchange.url,
            "to": message.to if message else None,
            "from": message.from_ if message else None,
            "body": message.body if message else None,
            "outcome": exchange.outcome,
            "http_status": exchange.status,
            "attempt": exchange.attempt,
        },
        shown=exchange,
    )
