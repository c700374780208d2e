"""Pages of the log and of the journal: what filters let through, in parts, in both directions, along indexes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
import sqlite_utils
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.recording import Recorder
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.listings import ExchangeFilter, LogFilter, Page, Part
from plum_emulator.model.messages import Draft, Message, Status, Type
from plum_emulator.store.migrations import migrations
from plum_emulator.store.store import Store

MINE, SECOND, HANDSET, OTHER = "16175550100", "16175550101", "12125550123", "13105550111"
SEEDS = [
    Seed(username="username", password="password", numbers=(Number(number=MINE), Number(number=SECOND))),
    Seed(username="second", password="secret", numbers=(Number(number="16175550102"),)),
]
TYPES: tuple[Type, ...] = ("inbound", "outbound", "reply")
STATUSES: tuple[Status, ...] = ("queued", "sent", "received", "failed", "undelivered")
OPERATIONS = ("queue", "callback", "inbound")
Row = TypeVar("Row")
Read = Callable[[Part[int]], Page[Row, int]]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A message that is to be stored."""

    account: int
    type: Type
    status: Status
    to: str
    from_: str
    body: str
    at: int


TEXTS = st.builds(
    Text,
    account=st.sampled_from((1, 1, 1, 2)),
    type=st.sampled_from(TYPES),
    status=st.sampled_from(STATUSES),
    to=st.sampled_from((MINE, SECOND, HANDSET, OTHER)),
    from_=st.sampled_from((MINE, SECOND, HANDSET, OTHER)),
    body=st.sampled_from(("hello there", "hello", "code 4711", "")),
    at=st.integers(1, 4),
)
LOG_FILTERS = st.builds(
    LogFilter,
    type=st.none() | st.sampled_from(TYPES),
    status=st.none() | st.sampled_from(STATUSES),
    number=st.none() | st.sampled_from((MINE, HANDSET, OTHER)),
    words=st.sampled_from(("", "", "hel", "hello there", "47")),
    since=st.none() | st.integers(0, 5),
    until=st.none() | st.integers(0, 5),
)
EXCHANGE_FILTERS = st.builds(
    ExchangeFilter,
    operation=st.none() | st.sampled_from(OPERATIONS),
    direction=st.none() | st.sampled_from(("in", "out")),
    bad=st.booleans(),
)
THROUGH = st.none() | st.integers(1, 4)
ids = itertools.count(1)


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def store(recorder: Recorder) -> Iterator[Store]:
    store = Store(connect=recorder.connect)
    with store.transaction():
        store.accounts.plant(SEEDS)
    yield store
    store.close()


def kept(store: Store, texts: list[Text]) -> list[Message]:
    """The messages, after they were stored."""
    with store.transaction():
        messages = [
            store.messages.insert(
                Draft(type=text.type, to=text.to, from_=text.from_, body=text.body),
                account=text.account,
                sms_message_id=f"{next(ids):032x}",
                at=text.at,
                status=text.status,
            )
            for text in texts
        ]
    store.index_bodies()
    return messages


def emptied(store: Store) -> None:
    with store.transaction():
        for account in (1, 2):
            store.journal.delete_all(account)
            store.messages.delete_all(account)


def passes(message: Message, asked: LogFilter) -> bool:
    words = message.body.split()
    return (
        message.account == 1
        and asked.type in (None, message.type)
        and asked.status in (None, message.status)
        and asked.number in (None, message.to, message.from_)
        and all(any(word.startswith(begin) for word in words) for begin in asked.words.split())
        and (asked.since is None or message.requested_at >= asked.since)
        and (asked.until is None or message.requested_at < asked.until)
    )


def expected(messages: list[Message], asked: LogFilter) -> list[Message]:
    """What a plain look at every message finds, newest first."""
    found = [message for message in messages if passes(message, asked)]
    return sorted(found, key=lambda each: (0 if asked.words else each.requested_at, each.seq), reverse=True)


def read_back(read: Read[Row], part: Part[int], meanwhile: Callable[[], object] = lambda: None) -> list[Row]:
    """Every row from the newest to the oldest, page by page."""
    page = read(part)
    rows = list(page.rows)
    while page.more is not None:
        meanwhile()
        page = read(replace(part, before=page.more))
        assert len(page.rows) <= part.limit
        rows += page.rows
    return rows


def read_on(read: Read[Row], part: Part[int]) -> list[Row]:
    """Every row after a place, page by page, newest first."""
    page = read(part)
    rows = list(page.rows)
    while page.newer is not None:
        page = read(replace(part, after=page.newer))
        assert len(page.rows) <= part.limit
        rows = page.rows + rows
    return rows


@examples(200)
@given(texts=st.lists(TEXTS, max_size=14), asked=LOG_FILTERS, limit=st.integers(1, 4), through=THROUGH)
def test_every_message_that_passes_is_read_once_and_in_order(
    store: Store, texts: list[Text], asked: LogFilter, limit: int, through: int | None
) -> None:
    emptied(store)
    messages = kept(store, texts)

    def read(part: Part[int]) -> Page[Message, int]:
        with store.reading():
            return store.search.page(1, asked, part)

    part: Part[int] = Part(limit=limit, through=through)
    wanted = expected(messages, asked)
    assert read_back(read, part) == wanted
    mine = expected(messages, LogFilter(words=asked.words))
    for place, start in enumerate(mine):
        newer = [message for message in mine[:place] if message in wanted]
        assert read_on(read, replace(part, after=start.seq)) == newer


@examples(50)
@given(texts=st.lists(TEXTS, max_size=10), asked=LOG_FILTERS, limit=st.integers(1, 3), through=THROUGH)
def test_messages_that_arrive_meanwhile_move_no_page(
    store: Store, texts: list[Text], asked: LogFilter, limit: int, through: int | None
) -> None:
    emptied(store)
    wanted = expected(kept(store, texts), asked)

    def read(part: Part[int]) -> Page[Message, int]:
        with store.reading():
            return store.search.page(1, asked, part)

    def arrives() -> None:
        kept(store, [Text(account=1, type="inbound", status="received", to=MINE, from_=HANDSET, body="hello", at=5)])

    assert read_back(read, Part(limit=limit, through=through), meanwhile=arrives)[-len(wanted) or 99 :] == wanted


EXCHANGES = st.tuples(st.sampled_from((1, 1, 2)), st.sampled_from(OPERATIONS), st.sampled_from(("ok", "answered 500")))


@examples(100)
@given(rows=st.lists(EXCHANGES, max_size=14), asked=EXCHANGE_FILTERS, limit=st.integers(1, 4), through=THROUGH)
def test_every_exchange_that_passes_is_read_once_and_in_order(
    store: Store, rows: list[tuple[int, str, str]], asked: ExchangeFilter, limit: int, through: int | None
) -> None:
    emptied(store)
    exchanges = [exchange(n, *row) for n, row in enumerate(rows, 1)]
    with store.transaction():
        for each in exchanges:
            store.journal.write(each)

    def read(part: Part[int]) -> Page[Exchange, int]:
        with store.reading():
            return store.journal.page(1, asked, part)

    wanted = [
        each
        for each in reversed(exchanges)
        if each.account == 1
        and asked.operation in (None, each.operation)
        and asked.direction in (None, each.direction)
        and not (asked.bad and each.outcome == "ok")
    ]
    part: Part[int] = Part(limit=limit, through=through)
    assert read_back(read, part) == wanted
    for start in exchanges:
        newer = [each for each in wanted if each.n > start.n]
        assert read_on(read, replace(part, after=start.n)) == newer


def exchange(n: int, account: int, operation: str, outcome: str) -> Exchange:
    return Exchange(
        account=account,
        n=n,
        at=n,
        direction="in" if operation == "queue" else "out",
        operation=operation,
        method="POST",
        url="http://127.0.0.1:8000/",
        request_headers=(),
        request_body=b"",
        status=200,
        response_headers=(),
        response_body=b"",
        duration_ms=1.0,
        outcome=outcome,
    )


PARTS: dict[str, Part[int]] = {
    "newest": Part(limit=10),
    "newest in part": Part(limit=10, through=2),
    "before": Part(limit=10, before=5, through=2),
    "after": Part(limit=10, after=1, through=2),
}
FILTERS = [
    LogFilter(type=type_, status=status, number=number, words=words, since=since, until=since and 3)
    for type_ in (None, *TYPES)
    for status in (None, *STATUSES)
    for number in (None, MINE)
    for words in ("", "hel")
    for since in (None, 1)
]


def assert_along_indexes(recorder: Recorder) -> None:
    plans = recorder.plans()
    assert plans
    for sql, steps in plans:
        for step in steps:
            assert not step.startswith("SCAN") or "VIRTUAL TABLE" in step or "CONSTANT ROW" in step, (sql, steps)
            assert "TEMP B-TREE" not in step, (sql, steps)
            assert "AUTOMATIC" not in step, (sql, steps)


@pytest.mark.parametrize("name", PARTS)
def test_no_page_of_the_log_reads_or_sorts_a_whole_table(store: Store, recorder: Recorder, name: str) -> None:
    emptied(store)
    text = Text(account=1, type="outbound", status="failed", to=HANDSET, from_=MINE, body="hello", at=2)
    first, *_ = kept(store, [text] * 6)
    part = PARTS[name]
    if part.start is not None:
        part = replace(part, before=part.before and first.seq + 4, after=part.after and first.seq)
    for asked in FILTERS:
        recorder.forget()
        with store.reading():
            store.search.page(1, asked, part)
        assert_along_indexes(recorder)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("bad", [False, True], ids=["all", "bad"])
@pytest.mark.parametrize("account", [1, None], ids=["mine", "nobody's"])
def test_no_page_of_the_journal_reads_or_sorts_a_whole_table(
    store: Store, recorder: Recorder, name: str, bad: bool, account: int | None
) -> None:
    for operation in (None, "queue"):
        recorder.forget()
        with store.reading():
            store.journal.page(account, ExchangeFilter(operation=operation, bad=bad), PARTS[name])
        assert_along_indexes(recorder)


def test_a_page_looks_through_no_more_than_it_may(store: Store) -> None:
    """Looking further goes on where it stopped."""
    emptied(store)
    many = Text(account=1, type="outbound", status="received", to=HANDSET, from_=MINE, body="hello", at=2)
    messages = kept(store, [replace(many, status="queued", at=1), *[many] * 5])
    asked: LogFilter = LogFilter(status="queued")
    with store.reading():
        first = store.search.page(1, asked, Part(limit=10, through=3))
        second = store.search.page(1, asked, Part(limit=10, through=3, before=first.more))
    assert (first, second) == (
        Page(rows=[], more=messages[3].seq),
        Page(rows=[messages[0]], more=messages[0].seq, newer=messages[0].seq),
    )


SHORT = {
    "reply": (LogFilter(number=MINE, type="reply"), {"type": "reply"}),
    "inbound": (LogFilter(number=MINE, type="inbound"), {"type": "inbound", "to": MINE, "from_": HANDSET}),
    "failed": (LogFilter(number=MINE, status="failed"), {"status": "failed"}),
    "number": (LogFilter(number=OTHER, status="queued"), {"status": "queued", "to": OTHER}),
    "number and failed": (LogFilter(number=OTHER, status="failed"), {"status": "failed", "to": OTHER}),
}


@pytest.mark.parametrize("name", SHORT)
def test_what_one_index_has_few_of_is_found_at_once_behind_many_others(store: Store, name: str) -> None:
    """Whichever of the filters it is that few messages pass."""
    emptied(store)
    asked, differs = SHORT[name]
    many = Text(account=1, type="outbound", status="received", to=HANDSET, from_=MINE, body="hello", at=2)
    wanted, *_ = kept(store, [Text(**{**asdict(many), **differs, "at": 1}), *[many] * 9])
    with store.reading():
        assert store.search.page(1, asked, Part(limit=10, through=3)) == Page(rows=[wanted], more=None)


def test_database_of_an_earlier_version_is_filtered_too(tmp_path: Path) -> None:
    path = tmp_path / "plum.db"
    with sqlite_utils.Database(path) as earlier:
        migrations.apply(earlier, stop_before="0003_console")
        earlier.execute("INSERT INTO accounts (id, username, seed) VALUES (1, 'username', '{}')")
        earlier.execute(
            'INSERT INTO messages (seq, sms_message_id, account, type, "to", "from", body, result_url, status, '
            "requested_at) VALUES (1, 'a', 1, 'reply', ?, ?, '', '', 'failed', 1)",
            (HANDSET, MINE),
        )
        earlier.execute(
            "INSERT INTO exchanges (account, n, at, direction, operation, method, url, request_headers, request_body, "
            "response_headers, response_body, duration_ms, outcome) "
            "VALUES (1, 1, 1, 'in', 'queue', 'POST', '/', '[]', '', '[]', '', 1, 'refused')"
        )
        earlier.conn.commit()
    store = Store(path)
    try:
        part: Part[int] = Part(limit=10)
        for asked in (LogFilter(type="reply"), LogFilter(status="failed")):
            assert [message.seq for message in store.search.page(1, asked, part).rows] == [1]
        assert [each.n for each in store.journal.page(1, ExchangeFilter(bad=True), part).rows] == [1]
    finally:
        store.close()
