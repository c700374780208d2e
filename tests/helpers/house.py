"""A whole emulator without sockets: real store, real rules, a manual clock, and a transport that answers as told."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from plum_emulator.clock import ManualClock, Timing
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.emulator import assembled
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account, Number, Seed
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.listings import Listing
from plum_emulator.model.messages import Message
from plum_emulator.settings import Settings
from plum_emulator.store.database import Connect
from plum_emulator.store.store import Store
from plum_emulator.wire.requests import SendRequest

MINE = "16175550100"
OTHER = "16175550101"
STRANGER = "13105550111"
PCI = "16175550199"
HANDSET = "12125550123"
APPLICATION = "http://127.0.0.1:8000/sms"
RESULTS = "http://127.0.0.1:8000/results"

SEEDS = [
    Seed(
        username="username",
        password="password",
        numbers=(Number(number=MINE, application_url=APPLICATION), Number(number=PCI, pci=True)),
    ),
    Seed(username="second", password="secret", numbers=(Number(number=OTHER),)),
]

NOW = 1_700_000_000_000

Answer = Callable[[OutgoingRequest], Outcome]
Receiver = Callable[[OutgoingRequest], Awaitable[Outcome]]
OK = Outcome(status=200)
EMPTY_REPLY = Outcome(status=200, body=b"<reply/>")


def yes(_request: OutgoingRequest) -> Outcome:
    """An application and a result URL that take everything."""
    return EMPTY_REPLY


@dataclass
class FakeTransport:
    """Keeps requests until `deliver`, then answers each as told."""

    answer: Answer = yes
    sent: list[OutgoingRequest] = field(default_factory=list)
    waiting: list[tuple[OutgoingRequest, Callable[[Outcome], None]]] = field(default_factory=list)

    def send(self, request: OutgoingRequest, done: Callable[[Outcome], None]) -> None:
        self.sent.append(request)
        self.waiting.append((request, done))

    def deliver(self) -> int:
        """Answer everything that waits; how many there were."""
        waiting, self.waiting = self.waiting, []
        for request, done in waiting:
            done(self.answer(request))
        return len(waiting)

    def close(self) -> None:
        self.waiting.clear()


@dataclass
class PromptTransport(FakeTransport):
    """Answers each request by itself, in the next turn of the running loop; a `receiver` may take its time."""

    receiver: Receiver | None = None
    _calls: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, request: OutgoingRequest, done: Callable[[Outcome], None]) -> None:
        self.sent.append(request)

        async def call() -> None:
            done(await self.receiver(request) if self.receiver else self.answer(request))

        task = asyncio.get_running_loop().create_task(call())
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)


@dataclass
class FakeTicker:
    """Remembers what it heard."""

    heard_of: list[tuple[int, int]] = field(default_factory=list)

    def heard(self, account: int, instant: int) -> None:
        self.heard_of.append((account, instant))

    def forget(self, account: int) -> None:
        self.heard_of = [(other, instant) for other, instant in self.heard_of if other != account]


@cache
def _migrated() -> sqlite3.Connection:
    """A database without a row in it, in memory."""
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    store = Store()
    store.database.db.conn.backup(copy)
    store.close()
    return copy


def ready_made(path: str, **options: Any) -> sqlite3.Connection:
    """A connection; a temporary database has its tables already, which saves each test most of its preparation."""
    connection: sqlite3.Connection = sqlite3.connect(path, **options)
    if not path:
        _migrated().backup(connection)
    return connection


class House:
    """One emulator. `advance` moves the clock and lets everything happen that falls due."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        seeds: list[Seed] = SEEDS,
        settings: Settings | None = None,
        seed: str | None = "a seed",
        connect: Connect = ready_made,
        now: int = NOW,
        soon: Callable[[Callable[[], None]], object] = lambda work: work(),
        transport: FakeTransport | None = None,
    ) -> None:
        self._again: dict[str, Any] = {"seeds": seeds, "settings": settings, "seed": seed}
        self.clock = ManualClock(now)
        self.transport = transport or FakeTransport()
        self.ticker = FakeTicker()
        self.events: list[Event] = []
        self.store = Store(path, connect=connect)
        with self.store.transaction():
            self.store.accounts.plant(seeds)
            self.accounts = Accounts(
                self.store.accounts.load(), machine=self.clock, timings=self.store.accounts.timings()
            )
            for account in self.accounts:
                account.exchanges = self.store.journal.last_n(account.id)
        self.ids = IdSource(seed or "any", repeatable=seed is not None)
        self.emulator = assembled(
            settings=settings or Settings(),
            store=self.store,
            accounts=self.accounts,
            ids=self.ids,
            transport=self.transport,
            ticker=self.ticker,
            own_address="http://127.0.0.1:7586",
            elsewhere=lambda work: work(),
            soon=soon,
        )
        self.platform = self.emulator.platform
        self.worker = self.emulator.worker
        self.feed = self.emulator.feed
        self.feed.watch(lambda _number, event: self.events.append(event))
        self.worker.recover()

    @property
    def account(self) -> Account:
        """The first account."""
        return self.accounts.named("username")

    @property
    def second(self) -> Account:
        """The other account."""
        return self.accounts.named("second")

    def make_manual(self, account: Account | None = None, *, instant: int | None = None) -> None:
        """Let the account's clock stand still until it is advanced."""
        self.platform.set_clock(account or self.account, "manual", rate=1.0, instant=instant)

    def time(self, account: Account | None = None) -> int:
        """The milliseconds since the house was built, on the account's clock."""
        return self.platform.now(account or self.account) - NOW

    def queue(
        self, body: str = "hello", *, to: str = HANDSET, from_: str = "", account: Account | None = None, url: str = ""
    ) -> list[Message]:
        """An application of the account queues a message."""
        account = account or self.account
        from_ = from_ or account.sms_numbers()[0]
        request = SendRequest(to=to, from_=from_, to_number=to, from_number=from_, body=body, result_url=url)
        exchange = self.platform.next_exchange(account)
        effects = self.platform.effects(account, "queue", request)
        return self.platform.queue(account, request, exchange=exchange, effects=effects)

    def receive(
        self, body: str = "hello", *, to: str = "", from_: str = HANDSET, account: Account | None = None
    ) -> Message:
        """A handset texts a number of the account."""
        account = account or self.account
        return self.platform.receive(account, to=to or account.sms_numbers()[0], from_=from_, body=body)

    def log(self, account: Account | None = None) -> list[Message]:
        """The account's messages, oldest first."""
        return self.platform.messages(account or self.account, Listing(newest_first=False))

    def now(self, message: Message) -> Message:
        """The message as it is now."""
        return self.platform.message(self.accounts.by_id(message.account), message.sms_message_id)

    def history(self, message: Message) -> list[tuple[str, int]]:
        """Its statuses so far, each with the milliseconds since it was asked for."""
        return [(status, at - message.requested_at) for status, at in self.now(message).history()]

    def callbacks(self, message: Message) -> list[str]:
        """The statuses that result URLs were told of, in order."""
        told = [dict(parse_qsl(request.body.decode())) for request in self.transport.sent]
        return [
            fields["status"]
            for fields in told
            if fields.keys() == {"sms_message_id", "status"} and fields["sms_message_id"] == message.sms_message_id
        ]

    def reopened(self, **changes: Any) -> House:
        """Another emulator on the same file, after this one was stopped."""
        self.platform.close()
        self.store.close()
        return House(self.store.database.path, **{**self._again, "now": self.clock.now(), **changes})

    def after_a_kill(self, path: Path, **changes: Any) -> House:
        """Another emulator, on a copy of what a kill at this moment would leave on the disk."""
        for ending in ("", "-wal"):
            shutil.copyfile(f"{self.store.database.path}{ending}", f"{path}{ending}")
        return House(path, **{**self._again, "now": self.clock.now(), **changes})

    def advance(self, milliseconds: int = 0) -> None:
        """Move the machine's clock, instant by instant, and settle everything that falls due on the way.

        Accounts whose clocks were set are left alone.
        """
        end = self.clock.now() + milliseconds
        while True:
            with self.store.reading():
                going = [account for account in self.accounts if self.accounts.clock(account.id).timing == Timing()]
                instants = [self.store.agenda.next_due(account.id) for account in going]
            due = [instant for instant in instants if instant is not None and instant <= end]
            if not due:
                break
            self.clock.move_to(min(due))
            for account in going:
                self.worker.run_due(account.id)
            while self.transport.deliver():
                pass
        self.clock.move_to(end)

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
