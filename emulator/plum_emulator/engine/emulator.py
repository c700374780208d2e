"""All parts of one emulator put together, for whatever loop, transport and alarm clock it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.advance import Advances
from plum_emulator.engine.deliveries import Deliveries
from plum_emulator.engine.expecting import Expecting
from plum_emulator.engine.feed import Feed
from plum_emulator.engine.handsets import Handsets
from plum_emulator.engine.leases import Leases
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.engine.platform import Platform
from plum_emulator.engine.rules import Rules
from plum_emulator.engine.settling import Elsewhere, Settling
from plum_emulator.engine.sinks import Sinks
from plum_emulator.engine.snapshots import Snapshots
from plum_emulator.engine.ticker import Ticker
from plum_emulator.engine.transport import Transport
from plum_emulator.engine.trying import T, Trying
from plum_emulator.engine.workbench import Workbench
from plum_emulator.engine.worker import Worker
from plum_emulator.ids import IdSource
from plum_emulator.scenario.magic import MagicNumbers
from plum_emulator.scenario.plans import Delays
from plum_emulator.settings import Settings
from plum_emulator.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """The parts that somebody outside of the engine asks."""

    accounts: Accounts
    platform: Platform
    worker: Worker
    deliveries: Deliveries
    advances: Advances
    expecting: Expecting
    leases: Leases
    rules: Rules
    sinks: Sinks
    handsets: Handsets
    snapshots: Snapshots
    workbench: Workbench
    trying: Trying
    feed: Feed

    def keep_up(self) -> None:
        """About once a second: what is done behind the work. Raises nothing but bugs."""
        self.worker.keep_up((self.rules.keep_counts, self.leases.sweep))


def assembled(
    *,
    settings: Settings,
    store: Store,
    accounts: Accounts,
    ids: IdSource,
    transport: Transport,
    ticker: Ticker,
    own_address: str,
    elsewhere: Elsewhere,
    soon: Callable[[Callable[[], None]], object],
    pool: Executor | None = None,
) -> Emulator:
    """One emulator. `elsewhere` and `pool` take slow work off the loop; `soon` does work in its next turn."""
    feed = Feed(count=store.events.first_free(), keep=lambda number, event: store.events.note((number, event)))
    rules = Rules(
        store=store,
        feed=feed,
        ids=ids,
        now=lambda account: accounts.clock(account.id).now(),
        chance_allowed=settings.soak,
    )
    lifecycle = Lifecycle(
        store=store,
        accounts=accounts,
        ids=ids,
        magic=MagicNumbers.load(),
        delays=Delays(
            sent_after=round(settings.sent_after * 1000), received_after=round(settings.received_after * 1000)
        ),
        rules=rules,
        feed=feed,
        heard=lambda account, instant: None if accounts.clock(account).manual else ticker.heard(account, instant),
        soon=soon,
    )
    deliveries = Deliveries(accounts=accounts, transport=transport, settings=settings, own_address=own_address)
    settling = Settling(
        store=store,
        accounts=accounts,
        lifecycle=lifecycle,
        deliveries=deliveries,
        ticker=ticker,
        settings=settings,
        elsewhere=elsewhere,
        soon=soon,
    )
    worker = Worker(
        store=store,
        accounts=accounts,
        lifecycle=lifecycle,
        deliveries=deliveries,
        settling=settling,
        ticker=ticker,
    )
    advances = Advances(
        store=store, accounts=accounts, worker=worker, deliveries=deliveries, settling=settling, feed=feed
    )

    def in_pool(work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(pool, work)

    return Emulator(
        accounts=accounts,
        platform=Platform(
            store=store,
            accounts=accounts,
            lifecycle=lifecycle,
            rules=rules,
            feed=feed,
            hear_next=worker.hear_anew,
        ),
        worker=worker,
        deliveries=deliveries,
        advances=advances,
        expecting=Expecting(store=store, accounts=accounts, advances=advances, feed=feed, in_pool=in_pool),
        leases=Leases(store=store, accounts=accounts, lifecycle=lifecycle, rules=rules, ids=ids),
        rules=rules,
        sinks=Sinks(store=store),
        handsets=Handsets(store=store, accounts=accounts),
        snapshots=Snapshots(store=store, accounts=accounts, lifecycle=lifecycle, rules=rules, worker=worker, ids=ids),
        workbench=Workbench(
            store=store,
            accounts=accounts,
            lifecycle=lifecycle,
            worker=worker,
            deliveries=deliveries,
            settling=settling,
            advances=advances,
            settings=settings,
        ),
        trying=Trying(
            store=store,
            accounts=accounts,
            lifecycle=lifecycle,
            deliveries=deliveries,
            transport=transport,
            in_pool=in_pool,
        ),
        feed=feed,
    )
