"""What a million stored messages cost: the first page of each listing, process memory, room on disk."""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import filling, processes
from bench.calls import Caller, Request, asked, queued
from bench.effort import Effort
from bench.report import Aim, Group, Row, at_most, median_and_range, number, ratios
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.store.store import Store

_HOW = """\
Two databases of whole lives, {few:,} and {many:,} messages (outbound, inbound and replies; bodies of {body:.0f}
characters on average; a result URL of {url} characters with every second one that goes out; no journal), each served
by an emulator of its own. A customer has 100 messages in both, so the same page is as long in both. Each page is asked
for over HTTP, of both in turn, {pages} times a round, in {rounds} rounds: milliseconds are the median of the rounds'
medians, and each ratio is taken inside one round. The first answer is from the command to
`/_plum/health`. Memory is resident memory when {served:,} requests had been served: these pages, messages queued, and
looks at their status. Room is the database file after the fill, all indexes and the full-text index in it."""

_MINE, _CUSTOMER = filling.ACCOUNT_NUMBERS[0], filling.customer(3)
_LISTINGS = {
    "`messages`, 1,000 a page": asked("/ws/sms/messages.json", limit=1000),
    "`messages`, 50 a page": asked("/ws/sms/messages.json", limit=50),
    "`messages`, inbound, 50 a page": asked("/ws/sms/messages.json", limit=50, type="inbound"),
    "`messages` of a customer, 50 a page": asked("/ws/sms/messages.json", limit=50, phone_number=_CUSTOMER),
    "`messages` of an SMS number, 50 a page": asked("/ws/sms/messages.json", limit=50, phone_number=_MINE),
    "`conversation`, 50 a page": asked(
        "/ws/sms/conversation.json", limit=50, account_number=_MINE, customer_number=_CUSTOMER
    ),
}
_SEARCHES = {
    "search, a word of 1 in 10,000 messages": asked("/_plum/messages", limit=50, q=filling.RARE_WORD),
    "search, a word of 1 in 10 messages": asked("/_plum/messages", limit=50, q=filling.COMMON_WORD),
}
_SETTLE = 2.5  # the schema is loaded, and the journal written, within this many seconds
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """A database, the characters of a body and the bytes of a message in it, on average."""

    database: Path
    body: float
    room: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """A filled database and the emulator that serves it."""

    emulator: processes.Program
    caller: Caller
    first_answer_ms: float


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of storage."""
    filled = [_filled(folder / f"stored-{count}.db", count) for count in (effort.few, effort.many)]
    rooms = [one.room for one in filled]
    with contextlib.ExitStack() as stack:
        few, many = (stack.enter_context(_serving(one.database)) for one in filled)
        pages = _pages(few, many, effort)
        memory = [_memory(served, effort) for served in (few, many)]
    return Group(
        title="Storage",
        how=_HOW.format(
            few=effort.few,
            many=effort.many,
            body=filled[-1].body,
            url=len(filling.RESULT_URL),
            pages=effort.pages,
            rounds=_ROUNDS,
            served=effort.requests_served,
        ),
        columns=("what", f"{effort.few:,} messages", f"{effort.many:,} messages", "ratio"),
        rows=[
            *(_page_row(name, *times) for name, times in pages.items()),
            _row("first answer after the command, ms", few.first_answer_ms, many.first_answer_ms),
            _row("memory of the process, MB", memory[0][0], memory[1][0]),
            _row("the most it ever was, MB", memory[0][1], memory[1][1]),
            _row("bytes a message on disk", *rooms),
        ],
        aims=[
            *_page_aims(pages, effort),
            at_most(f"memory of the process with {effort.many:,} messages", memory[1][0], 80, " MB"),
            at_most(f"room on disk a message, of {effort.many:,}", rooms[1], 400, " bytes"),
        ],
    )


def _filled(database: Path, count: int) -> _Filled:
    store = Store(database)
    try:
        with store.transaction():
            store.accounts.plant(read_seeds(None))
        characters = filling.fill(store, store.accounts.load()[0].id, count)
    finally:
        store.close()
    return _Filled(database=database, body=characters / count, room=database.stat().st_size / count)


@contextlib.contextmanager
def _serving(database: Path) -> Iterator[_Served]:
    start = time.perf_counter()
    with processes.emulator("--sent-after", "3600", database=database) as emulator, Caller(emulator.port) as caller:
        caller.call(asked("/_plum/health"))
        first_answer = (time.perf_counter() - start) * 1000
        time.sleep(_SETTLE)
        yield _Served(emulator=emulator, caller=caller, first_answer_ms=first_answer)


def _pages(few: _Served, many: _Served, effort: Effort) -> dict[str, tuple[list[float], list[float]]]:
    """For each page, its milliseconds in both, one for each round."""
    times: dict[str, tuple[list[float], list[float]]] = {}
    for name, request in {**_LISTINGS, **_SEARCHES}.items():
        rounds = [_round(few.caller, many.caller, request, effort.pages) for _ in range(_ROUNDS)]
        times[name] = ([in_few for in_few, _ in rounds], [in_many for _, in_many in rounds])
    print("storage: pages are measured", file=sys.stderr)
    return times


def _round(few: Caller, many: Caller, request: Request, times: int) -> tuple[float, float]:
    """The median milliseconds of both, asked in turn."""
    both = [(few.timed(request), many.timed(request)) for _ in range(times)]
    return statistics.median(in_few for in_few, _ in both), statistics.median(in_many for _, in_many in both)


def _memory(served: _Served, effort: Effort) -> tuple[float, float]:
    """Resident memory now and at its peak, in MB, when enough requests have been served."""
    caller = served.caller
    while caller.calls < effort.requests_served:
        message = caller.messages(queued(caller.calls))[0]
        caller.call(asked("/ws/sms/status.json", sms_message_id=message["sms_message_id"]))
    time.sleep(_SETTLE)
    return served.emulator.memory()


def _page_row(name: str, few: list[float], many: list[float]) -> Row:
    milliseconds = (f"{number(statistics.median(times))} ms" for times in (few, many))
    return (name, *milliseconds, median_and_range(ratios(many, few)))


def _row(name: str, few: float, many: float) -> Row:
    return (name, number(few), number(many), number(many / few) if few else "")


def _page_aims(pages: dict[str, tuple[list[float], list[float]]], effort: Effort) -> Iterator[Aim]:
    for name in _LISTINGS:
        few, many = pages[name]
        ratio = statistics.median(ratios(many, few))
        yield at_most(f"first page of {name}: with {effort.many // effort.few:,} times the rows", ratio, 2, " times")
