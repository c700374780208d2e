"""Fills a store with whole lives, quickly and always in the same way."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

from plum_emulator.model.messages import Draft, Type
from plum_emulator.store.store import Store

ACCOUNT_NUMBERS = ("12435678910", "16175550100")
RARE_WORD, COMMON_WORD = "quixotic", "parcel"
RESULT_URL = "http://127.0.0.1:8000/storesmsresults.php"
_BEGINNING = 1_700_000_000_000
_PER_CUSTOMER = 100
_AT_ONCE = 10_000
_CACHE_KIB = 400_000
_TYPES: tuple[Type, ...] = ("outbound", "outbound", "outbound", "inbound", "reply")
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "pa", "ri", "so", "ta", "ve", "wi")
_WORDS = [first + second + third for first in _SYLLABLES for second in _SYLLABLES for third in _SYLLABLES]


def customer(place: int) -> str:
    """A handset. They are all different, and none is a magic number."""
    return f"1{700 + place // 50}55501{place % 50:02d}"


def fill(store: Store, account: int, count: int) -> int:
    """Put `count` messages into the log, each with its whole life behind it and its words indexed.

    Gives back how many characters all their bodies have. However many messages there are, a customer has a hundred of
    them, so that a customer's first page is the same in a small log and in a large one.
    """
    # The ids are random, so their index is written all over; a small cache would write each page many times.
    store.database.db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    chance = random.Random(7)
    customers = max(1, count // _PER_CUSTOMER)
    characters = 0
    for start in range(0, count, _AT_ONCE):
        with store.transaction():
            for place in range(start, min(count, start + _AT_ONCE)):
                characters += _live(store, account, place, customer(chance.randrange(customers)), chance)
        store.index_bodies()
        if start and start % 200_000 == 0:
            print(f"storage: {start:,} of {count:,} messages stored", file=sys.stderr)
    return characters


def _live(store: Store, account: int, place: int, handset: str, chance: random.Random) -> int:
    type_ = _TYPES[place % len(_TYPES)]
    mine = ACCOUNT_NUMBERS[chance.randrange(len(ACCOUNT_NUMBERS))]
    inbound = type_ == "inbound"
    at = _BEGINNING + place * 1000
    message = store.messages.insert(
        Draft(
            type=type_,
            to=mine if inbound else handset,
            from_=handset if inbound else mine,
            body=" ".join(_body(place, chance)),
            result_url="" if inbound or place % 2 else RESULT_URL,
        ),
        account=account,
        sms_message_id=f"{chance.getrandbits(128):032x}",
        at=at,
        status="received" if inbound else "queued",
        exchange=None if inbound else place + 1,
    )
    if not inbound:
        store.messages.move(message.seq, "sent", at=at + 1000)
        store.messages.move(message.seq, "received", at=at + 3000)
    return len(message.body)


def _body(place: int, chance: random.Random) -> Iterator[str]:
    yield f"Order {place}:"
    yield from chance.choices(_WORDS, k=chance.randrange(3, 12))
    if place % 10 == 0:
        yield COMMON_WORD
    if place % 10_000 == 500:
        yield RARE_WORD
