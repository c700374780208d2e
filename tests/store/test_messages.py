"""The message log: what its pages hold, and that every look at it goes along an index."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.recording import Recorder
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.listings import Conversation, Listing, Side, TypeFilter
from plum_emulator.model.messages import Draft, Message, Type
from plum_emulator.store.agenda import Due, NewCallback
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.store import Store

MINE, SECOND = "16175550100", "16175550101"
HANDSETS = ("12125550123", "13105550111")
NUMBERS = (MINE, SECOND, *HANDSETS)
SEEDS = [
    Seed(username="username", password="password", numbers=(Number(number=MINE), Number(number=SECOND))),
    Seed(username="second", password="secret", numbers=(Number(number="16175550102"),)),
]


@dataclass
class Log:
    """A store that hands out its own ids."""

    recorder: Recorder = field(default_factory=Recorder)
    store: Store = field(init=False)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.store = Store(connect=self.recorder.connect)
        with self.store.transaction():
            self.store.accounts.plant(SEEDS)

    def add(self, type_: Type = "outbound", to: str = HANDSETS[0], from_: str = MINE, at: int = 1000) -> Message:
        draft = Draft(type=type_, to=to, from_=from_, body="hello there")
        with self.store.transaction():
            return self.store.messages.insert(draft, account=1, sms_message_id=f"{next(self.ids):032x}", at=at)


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    log = Log()
    for _ in range(3):
        log.add()
    with log.store.transaction():
        log.store.opt_outs.opt_out(1, number=MINE, handset=HANDSETS[1], at=1)
    yield log
    log.store.close()


TYPES: tuple[TypeFilter, ...] = ("all", "inbound", "outbound")
SIDES: tuple[Side, ...] = ("account", "customer")

WHOSE: list[tuple[str | None, Side]] = [(None, "either"), (MINE, "either"), (MINE, "account"), (MINE, "customer")]

LISTINGS = [
    Listing(type=type_, number=number, side=side, start=start, end=end, newest_first=newest_first, offset=3)
    for type_ in TYPES
    for number, side in WHOSE
    if type_ != "all" or side == "either"
    for start, end, newest_first in itertools.product((None, 1000), (None, 2000), (True, False))
]


def in_words(listing: Listing) -> str:
    said = [listing.type, "newest" if listing.newest_first else "oldest"]
    said += [f"number {listing.side}"] if listing.number else []
    return ", ".join(said + [name for name in ("start", "end") if getattr(listing, name)])


def reads_along_an_index(recorder: Recorder, *, sorts: bool = False) -> None:
    for sql, steps in recorder.plans():
        for step in steps:
            assert not step.startswith("SCAN") or "VIRTUAL TABLE" in step or "CONSTANT ROW" in step, (sql, steps)
            assert sorts or "TEMP B-TREE" not in step, (sql, steps)
            assert "AUTOMATIC" not in step, (sql, steps)


@pytest.mark.parametrize("listing", LISTINGS, ids=in_words)
def test_page_is_read_along_an_index_and_not_sorted(log: Log, listing: Listing) -> None:
    log.recorder.forget()
    with log.store.reading():
        log.store.messages.page(1, listing)
    assert len(log.recorder.plans()) == 1
    reads_along_an_index(log.recorder)


PAGES = [listing for listing in LISTINGS if listing.type == "all" and listing.number is None]


@pytest.mark.parametrize("page", PAGES, ids=in_words)
def test_conversation_is_read_along_an_index_and_not_sorted(log: Log, page: Listing) -> None:
    log.recorder.forget()
    with log.store.reading():
        log.store.messages.conversation(1, Conversation(account_number=MINE, customer_number=HANDSETS[0], page=page))
    ((_sql, steps),) = log.recorder.plans()
    assert [step.split("(")[0] for step in steps if step.startswith("SEARCH")] == [
        "SEARCH messages USING INDEX messages_to ",
        "SEARCH messages USING INDEX messages_from ",
    ]
    reads_along_an_index(log.recorder)


DUE = Due(id=1, account=1, due_at=1, kind="callback", message=1)

LOOKS: dict[str, Callable[[Store], object]] = {
    "by id": lambda store: store.messages.by_id(1, "0" * 32),
    "by seq": lambda store: store.messages.by_seq(1),
    "replies": lambda store: store.messages.replies_to(1),
    "sent": lambda store: store.messages.move(1, "sent", at=1),
    "settled": lambda store: store.messages.move(1, "received", at=1),
    "last": lambda store: store.messages.last(),
    "unindexed": lambda store: store.messages.unindexed(),
    "index some": lambda store: store.messages.index_some(),
    "delete messages": lambda store: store.messages.delete_all(1),
    "due": lambda store: store.agenda.due(1, 1, limit=10),
    "next due": lambda store: store.agenda.next_due(1),
    "has front": lambda store: store.agenda.has_front(1),
    "one callback": lambda store: store.agenda.callback(1, 1),
    "since": lambda store: store.messages.since(1, 5, limit=10),
    "last of": lambda store: store.messages.last_of(1),
    "exchanges since": lambda store: store.journal.since(1, 5, operation="callback", limit=10),
    "exchange numbered": lambda store: store.journal.numbered(1, 5),
    "events since": lambda store: store.events.since(1, 5, limit=10),
    "events newest": lambda store: store.events.newest(1, limit=10),
    "delete events": lambda store: store.events.delete_all(1),
    "snapshot named": lambda store: store.snapshots.named(1, "a"),
    "sink": lambda store: store.sinks.script(1, "/a"),
    "callback": lambda store: store.agenda.add_callback(NewCallback(account=1, message=1, status="sent", at=1)),
    "done": lambda store: store.agenda.done(DUE),
    "delete agenda": lambda store: store.agenda.delete_all(1),
    "last exchange": lambda store: store.journal.last_n(1),
    "last exchange of nobody": lambda store: store.journal.last_n(None),
    "delete exchanges": lambda store: store.journal.delete_all(1),
    "opted out": lambda store: store.opt_outs.has(1, number=MINE, handset=HANDSETS[0]),
    "automatic texts": lambda store: store.opt_outs.texts_after(1),
    "delete opt-outs": lambda store: store.opt_outs.delete_all(1),
    "add a text": lambda store: store.opt_outs.add_text(
        1, AutomaticText(message=1, handset=HANDSETS[0], number=MINE, body="x", at=1)
    ),
    "reserve ids": lambda store: store.accounts.reserve(1, 5),
    "set application": lambda store: store.accounts.set_application(MINE, ""),
}


@pytest.mark.parametrize("name", LOOKS)
def test_no_look_or_change_reads_or_sorts_a_whole_table(log: Log, name: str) -> None:
    log.recorder.forget()
    with log.store.transaction():
        LOOKS[name](log.store)
    assert log.recorder.plans()
    reads_along_an_index(log.recorder)


FEW: dict[str, Callable[[Store], object]] = {
    "release": lambda store: store.agenda.release_next(DUE, at=1),
    "held of": lambda store: store.agenda.held_of(1, until=1),
}


@pytest.mark.parametrize("name", FEW)
def test_the_few_callbacks_of_a_message_are_found_along_an_index_and_sorted(log: Log, name: str) -> None:
    log.recorder.forget()
    with log.store.transaction():
        FEW[name](log.store)
    assert log.recorder.plans()
    reads_along_an_index(log.recorder, sorts=True)


def test_exchanges_of_a_message_are_found_along_indexes(log: Log) -> None:
    """The few of them are sorted."""
    log.recorder.forget()
    with log.store.reading():
        log.store.journal.of_message(1, seq=1, asked_by=1)
    reads_along_an_index(log.recorder, sorts=True)


class Kept:
    """A log of a few messages, and the same as a plain list."""

    def __init__(self, store: Store, rows: list[Row]) -> None:
        self.store = store
        with store.transaction():
            for account in (1, 2):
                store.messages.delete_all(account)
            self.messages = [
                store.messages.insert(
                    Draft(type=type_, to=to, from_=from_, body="x"), account=account, sms_message_id=f"{n:032x}", at=at
                )
                for n, (account, type_, to, from_, at) in enumerate(rows)
            ]

    def where(self, matches: Callable[[Message], bool], page: Listing) -> list[Message]:
        """What a page of the matching messages of the first account holds."""
        found = [
            message
            for message in self.messages
            if message.account == 1
            and matches(message)
            and (page.start is None or page.start <= message.requested_at)
            and (page.end is None or message.requested_at < page.end)
        ]
        found.sort(key=lambda message: (message.requested_at, message.seq), reverse=page.newest_first)
        return found[page.offset : page.offset + page.limit]


Row = tuple[int, Type, str, str, int]

INSTANTS = st.integers(0, 4)
ROWS: st.SearchStrategy[list[Row]] = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 2]),
        st.sampled_from(["inbound", "outbound", "reply"]),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS),
        INSTANTS,
    ),
    max_size=12,
)
PAGES_AT_ALL = st.builds(
    Listing,
    offset=st.integers(0, 5),
    limit=st.integers(1, 6),
    newest_first=st.booleans(),
    start=st.none() | INSTANTS,
    end=st.none() | INSTANTS,
)


def is_asked_for(listing: Listing) -> Callable[[Message], bool]:
    """Clause 8: inbound: account is `to`, customer `from`; outbound, with replies, the other way round."""

    def matches(message: Message) -> bool:
        inbound = message.type == "inbound"
        if listing.type != "all" and inbound != (listing.type == "inbound"):
            return False
        account, customer = (message.to, message.from_) if inbound else (message.from_, message.to)
        sides = {"account": (account,), "customer": (customer,), "either": (account, customer)}
        return listing.number is None or listing.number in sides[listing.side]

    return matches


def is_between(one: str, other: str) -> Callable[[Message], bool]:
    return lambda message: (message.to, message.from_) in ((one, other), (other, one))


@pytest.fixture(scope="module")
def bare() -> Iterator[Store]:
    log = Log()
    yield log.store
    log.store.close()


EITHER: list[Side] = ["either"]
WHAT = [
    Listing(type=type_, number=number, side=side)
    for type_ in TYPES
    for number in (None, *NUMBERS)
    for side in (EITHER if type_ == "all" or number is None else [*EITHER, *SIDES])
]


@examples(80)
@given(rows=ROWS, page=PAGES_AT_ALL)
def test_page_holds_what_was_asked_for(bare: Store, rows: list[Row], page: Listing) -> None:
    kept = Kept(bare, rows)
    for what in WHAT:
        asked = replace(page, type=what.type, number=what.number, side=what.side)
        with bare.reading():
            found = bare.messages.page(1, asked)
        assert found == kept.where(is_asked_for(asked), asked), asked


@examples(80)
@given(rows=ROWS, page=PAGES_AT_ALL)
def test_conversation_holds_what_two_numbers_exchanged(bare: Store, rows: list[Row], page: Listing) -> None:
    kept = Kept(bare, rows)
    for customer in NUMBERS:
        with bare.reading():
            asked = Conversation(account_number=MINE, customer_number=customer, page=page)
            found = bare.messages.conversation(1, asked)
        assert found == kept.where(is_between(MINE, customer), page)


def test_status_moves_on_once_and_never_back(bare: Store) -> None:
    (message,) = Kept(bare, [(1, "outbound", HANDSETS[0], MINE, 1)]).messages
    with bare.transaction():
        sent = bare.messages.move(message.seq, "sent", at=2)
        assert sent == message._replace(status="sent", sent_at=2)
        assert bare.messages.move(message.seq, "sent", at=3) is None
        assert sent is not None
        settled = bare.messages.move(message.seq, "undelivered", at=4, notification="note", reason="why")
        assert settled == sent._replace(status="undelivered", settled_at=4, notification="note", reason="why")
        for status in ("sent", "received", "failed", "undelivered"):
            assert bare.messages.move(message.seq, status, at=5) is None
        assert bare.messages.by_seq(message.seq) == settled
        assert bare.messages.move(message.seq + 1, "sent", at=2) is None


@examples(50)
@given(body=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_comes_back_as_it_was_kept(bare: Store, body: str) -> None:
    draft = Draft(type="outbound", to=body, from_=body, body=body, result_url=body)
    with bare.transaction():
        bare.messages.delete_all(1)
        kept = bare.messages.insert(draft, account=1, sms_message_id="0" * 32, at=1, reason=body)
        assert bare.messages.by_id(1, "0" * 32) == kept
        assert bare.messages.by_id(2, "0" * 32) is None
    assert (kept.to, kept.from_, kept.body, kept.result_url, kept.reason) == (body,) * 5
