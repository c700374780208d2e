"""The one assembly: the only place where the parts of an emulator meet, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from plum_emulator.clock import RealClock, read_timing
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.egress import Egress
from plum_emulator.engine.emulator import Emulator, assembled
from plum_emulator.engine.ticker import LoopTicker
from plum_emulator.engine.transport import CurlTransport
from plum_emulator.ids import IdSource, any_seed
from plum_emulator.model.accounts import Account
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.settings import Settings, checked_token
from plum_emulator.store.store import Store
from plum_emulator.web.app import build_app
from plum_emulator.web.gateway import Gateway
from plum_emulator.web.guard import Guard
from plum_emulator.web.http import HttpServer, address_for_others, address_of, is_loopback, listening_at
from plum_emulator.wire.answers import warm_up

_POOL = 8
_WARM_UP_AFTER = 1.0
_LAST_REQUESTS = 0.25
_FILES = 8192


class Server:
    """One emulator on one port. Making it opens the port and the database, and may raise; running it serves."""

    def __init__(self, settings: Settings) -> None:
        seeds = read_seeds(settings.accounts)
        if settings.token:
            checked_token(settings.token)
        with contextlib.ExitStack() as opened:
            self._socket = listening_at(settings.host, settings.port)
            opened.callback(self._socket.close)
            self.store = Store(settings.database)
            opened.callback(self.store.close)
            with self.store.transaction():
                known = self.store.accounts.load()
                if settings.accounts or not known:
                    self.store.accounts.plant(seeds)
                self.accounts = Accounts(
                    self.store.accounts.load(),
                    machine=RealClock(),
                    timing=read_timing(settings.clock),
                    timings=self.store.accounts.timings(),
                )
                for account in self.accounts:
                    account.exchanges = self.store.journal.last_n(account.id)
                self._ids = _ids(settings, self.store)
                bound, port = self._socket.getsockname()[:2]
                self.token = settings.token or _token(bound, settings, self.store)
            opened.pop_all()
        self.settings = settings
        self.address = address_of(settings.host, port)
        self.address_for_others = address_for_others(bound, port)
        self._stop: Callable[[], object] | None = None
        self._ready = False

    def run(
        self,
        *,
        on_ready: Callable[[], None] = lambda: None,
        signals: bool = True,
        stop_at_once: Callable[[], bool] = lambda: False,
    ) -> None:
        """Serve until `stop` is called, or until SIGINT or SIGTERM; or only begin to, when one came before."""
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve(on_ready, signals=signals, stop_at_once=stop_at_once))

    def stop(self) -> None:
        """Make `run` return, within a second. May be called from any thread."""
        if self._stop:
            self._stop()

    async def _serve(self, on_ready: Callable[[], None], *, signals: bool, stop_at_once: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(_POOL, thread_name_prefix="plum-emulator")
        ticker = LoopTicker(loop, clock_of=self.accounts.clock)
        transport = CurlTransport(loop, Egress(self.settings.egress, own=self._socket.getsockname()[:2]))
        emulator = assembled(
            settings=self.settings,
            store=self.store,
            accounts=self.accounts,
            ids=self._ids,
            transport=transport,
            ticker=ticker,
            own_address=self.address,
            elsewhere=pool.submit,
            soon=loop.call_soon,
            pool=pool,
        )
        guard = Guard((self.settings.host, *self.settings.allow_hosts), token=self.token)
        app = build_app(
            emulator,
            guard=guard,
            ready=lambda: self._ready,
            network_url=self.address_for_others or "",
            pool=pool,
        )
        gateway = Gateway(app.wsgi_app, pool=pool, when_kept=emulator.platform.when_kept, trusts=guard.trusts)
        http = HttpServer(gateway, self._is_up(emulator, ticker, pool, on_ready))

        def stop() -> None:
            self._ready = False
            gateway.end_streams()
            http.end()
            loop.call_later(_LAST_REQUESTS, http.give_up)

        self._stop = lambda: loop.call_soon_threadsafe(stop)
        if signals:
            _on_signals(loop, stop)
        if stop_at_once():
            stop()
        # Not in the pool, which is waited for at the end: nobody should wait for this.
        loop.call_later(_WARM_UP_AFTER, threading.Thread(target=warm_up, daemon=True).start)
        try:
            await http.serve(sockets=[self._socket])
        finally:
            self._ready, self._stop = False, None
            ticker.stop()
            transport.close()
            await _turns(2)  # answers that have come are passed on, and kept, while there is a place to keep them
            pool.shutdown(cancel_futures=True)
            await _turns(2)  # what the pool has ended is sent off
            self._socket.close()
            try:
                emulator.platform.close()
            finally:  # also on a full disk
                self.store.close()

    def _is_up(
        self, emulator: Emulator, ticker: LoopTicker, pool: ThreadPoolExecutor, on_ready: Callable[[], None]
    ) -> Callable[[], None]:
        def begin_to_tick(loaded: asyncio.Future[None]) -> None:
            if self._ready and not loaded.cancelled():
                loaded.result()
                ticker.start(ring=emulator.worker.run_due, keep_up=lambda: pool.submit(emulator.keep_up))

        def up() -> None:
            _raise_file_limit()
            emulator.worker.recover()
            self._ready = True
            on_ready()
            asyncio.get_running_loop().run_in_executor(pool, ticker.load).add_done_callback(begin_to_tick)

        return up

    def first_account(self) -> Account:
        """The account that is meant when none is named."""
        return self.accounts.named("")


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Server]:
    """An emulator that serves from a thread of this process, until the block ends."""
    server = Server(settings)
    ready: Future[None] = Future()

    def serve() -> None:
        try:
            server.run(on_ready=lambda: ready.set_result(None), signals=False)
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=serve, name="plum-emulator")
    thread.start()
    try:
        ready.result()
        yield server
    finally:
        server.stop()
        thread.join()


async def _turns(count: int) -> None:
    """Let the event loop run everything that is ready, so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


def _ids(settings: Settings, store: Store) -> IdSource:
    if settings.seed is not None:
        return IdSource(settings.seed)
    return IdSource(store.secret("seed", any_seed()), repeatable=False)


def _token(bound: str, settings: Settings, store: Store) -> str:
    """What others have to bring, where others can come; the same again on a database that stays."""
    if is_loopback(bound):
        return ""
    token = secrets.token_urlsafe(24)
    return store.secret("token", token) if settings.database else token


def _on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _raise_file_limit() -> None:
    """Many slow receivers are many sockets: take as many files as the system gives without asking."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
