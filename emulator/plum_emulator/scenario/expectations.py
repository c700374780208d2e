"""Expectations: what somebody expects to have come, and whether it did.

Read from JSON, then judged against what came, oldest first. Nothing here waits: who asks again, asks with more items.
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

from plum_emulator.clock import stopwatch
from plum_emulator.errors import NotPossible
from plum_emulator.model.messages import FINAL, Status, Type
from plum_emulator.model.patterns import Pattern, read_pattern
from plum_emulator.scenario.extracts import Extract, read_extract
from plum_emulator.values import Values, did_you_mean, shown

Kind = Literal["messages", "callbacks", "inbound"]
Wanted = Pattern | tuple[int, ...]

FIELDS: dict[Kind, tuple[str, ...]] = {
    "messages": ("to", "from", "body", "type", "status"),
    "callbacks": ("sms_message_id", "status", "url", "to", "from", "outcome", "http_status", "attempt"),
    "inbound": ("sms_message_id", "to", "from", "body", "url", "outcome", "http_status"),
}
TIMEOUT_MAX = 600

_COUNTS = ("count", "at_least", "at_most")
_WORDS: dict[str, tuple[str, ...]] = {"type": get_args(Type), "status": get_args(Status)}
_NOUNS: dict[Kind, str] = {"messages": "message", "callbacks": "callback", "inbound": "inbound post"}
_MISSES = 3
_LOOKED_AT = 200  # of those that do not match, so many newest ones are compared
_COMPARED = 100  # characters of a text
_LONGEST = 2000  # milliseconds for one judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that came: its fields by name, None for one that it has not; `shown` is passed through."""

    fields: Mapping[str, str | int | None]
    shown: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected. `timeout` is seconds, None when nobody chose it."""

    kind: Kind
    wanted: tuple[tuple[str, Wanted], ...] = ()
    at_least: int = 1
    at_most: int | None = None
    since: str = ""
    timeout: float | None = None
    nothing_else: bool = False
    extract: Extract | None = None

    @property
    def absence(self) -> bool:
        """Whether it can hold with nothing at all."""
        return self.at_least == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """An item that is not as expected: of each field that differs its name, what was wanted, and what was seen."""

    item: Item
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an expectation holds, and why. `found` and `others` are all items: those that match, and the rest.

    `decided` when waiting longer cannot change it. An absence that holds is never decided: something may still come.
    """

    holds: bool
    decided: bool
    why: str
    found: tuple[Item, ...] = ()
    others: tuple[Item, ...] = ()
    extracted: object = None
    misses: tuple[Miss, ...] = ()


def read_expectation(value: object, kind: Kind) -> Expectation:
    """An expectation as it was written. Raises NotPossible, which says what is wrong with it."""
    extracts = ("extract",) if "body" in FIELDS[kind] else ()
    values = Values(value, (*FIELDS[kind], *_COUNTS, "since", "timeout", "nothing_else", *extracts))
    at_least, at_most = _read_counts(values)
    extract = None if values["extract"] is None else read_extract(values["extract"], "extract")
    if extract and at_least == 0:
        raise NotPossible(
            "'extract' needs something to come, but nothing has to", hint="expect at least one: at_least: 1"
        )
    return Expectation(
        kind=kind,
        wanted=tuple((name, _read_wanted(values, name)) for name in FIELDS[kind] if values[name] is not None),
        at_least=at_least,
        at_most=at_most,
        since=values.text("since") or "",
        timeout=values.number("timeout", most=TIMEOUT_MAX),
        nothing_else=values.flag("nothing_else"),
        extract=extract,
    )


def _read_counts(values: Values) -> tuple[int, int | None]:
    count, at_least, at_most = (values.whole(name) for name in _COUNTS)
    if count is not None:
        if at_least is not None or at_most is not None:
            raise NotPossible(
                "'count' does not go with 'at_least' or 'at_most'", hint="count is exactly so many; give it alone"
            )
        return count, count
    if at_least is None:
        at_least = 1 if at_most is None else 0
    if at_most is not None and at_least > at_most:
        raise NotPossible(f"'at_least' is {at_least}, but 'at_most' is {at_most}", hint="the first is not the greater")
    return at_least, at_most


def _read_wanted(values: Values, name: str) -> Wanted:
    if name == "attempt":
        attempt = values.whole(name, least=1)
        return () if attempt is None else (attempt,)
    if name == "http_status":
        return _read_http_status(values[name])
    pattern = read_pattern(values[name], name, phone=name in ("to", "from"))
    words = _WORDS.get(name)
    if words and pattern.equals is not None and pattern.equals not in words:
        raise NotPossible(
            f"{name!r} is {shown(pattern.equals)}, which is unknown", hint=did_you_mean(pattern.equals, words)
        )
    return pattern


def _read_http_status(value: object) -> tuple[int, ...]:
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(type(number) is int and 100 <= number <= 599 for number in numbers):
        raise NotPossible(
            f"'http_status' is {shown(value)}, but a whole number from 100 to 599, or a list of such, was expected",
            hint="for example 500 or [500, 503]",
        )
    return tuple(numbers)


def judge(expectation: Expectation, items: Sequence[Item]) -> Verdict:
    """Whether it holds for what came, oldest first. Raises NotPossible when a regular expression takes too long."""
    found, others = _parted(expectation, items)
    why = f"{_expected(expectation)}, {len(found)} came"
    holds = _enough(expectation, len(found))
    if holds and expectation.nothing_else and others:
        holds, why = False, _besides(expectation, len(found), len(others))
    if not holds:
        return Verdict(
            holds=False,
            decided=_is_lost(expectation, found, others),
            why=why,
            found=found,
            others=others,
            misses=_nearest(expectation, others),
        )
    verdict = Verdict(holds=True, decided=not expectation.absence, why=why, found=found, others=others)
    return verdict if expectation.extract is None else _with_extract(expectation, expectation.extract, verdict)


def _with_extract(expectation: Expectation, extract: Extract, verdict: Verdict) -> Verdict:
    """The verdict with what was taken out of the newest message found. It holds no more when something is not there."""
    newest = verdict.found[-1]
    body = str(newest.fields.get("body") or "")
    extracted, missing = extract.taken(body)
    if not missing:
        return replace(verdict, extracted=extracted)
    fields = tuple(
        (f"extract.{name}" if name else "extract", f"a {extract.wanted(name)}", shown(body)) for name in missing
    )
    return replace(
        verdict,
        holds=False,
        decided=_lasting(expectation, verdict.found) == expectation.at_most,
        why=f"{verdict.why}, but in the newest, {shown(body)}, is no {' and no '.join(map(extract.wanted, missing))}",
        misses=(Miss(item=newest, fields=fields),),
    )


def _enough(expectation: Expectation, count: int) -> bool:
    return expectation.at_least <= count and (expectation.at_most is None or count <= expectation.at_most)


def _parted(expectation: Expectation, items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The items that match, and the others."""
    cheap_first = sorted(expectation.wanted, key=lambda pair: isinstance(pair[1], Pattern) and bool(pair[1].matches))
    found: list[Item] = []
    others: list[Item] = []
    elapsed = stopwatch()
    for item in items:
        if elapsed() > _LONGEST:
            raise NotPossible(
                "looking at what came takes too long",
                hint="write regular expressions that repeat less, or give 'since'",
            )
        fits = all(_fits(wanted, item.fields.get(name)) for name, wanted in cheap_first)
        (found if fits else others).append(item)
    return tuple(found), tuple(others)


def _fits(wanted: Wanted, seen: str | int | None) -> bool:
    if isinstance(wanted, tuple):
        return seen in wanted
    return seen is not None and wanted.holds(str(seen))


def _is_lost(expectation: Expectation, found: Sequence[Item], others: Sequence[Item]) -> bool:
    """Whether too much came, whatever comes next. What may yet change is not counted."""
    if expectation.at_most is not None and _lasting(expectation, found) > expectation.at_most:
        return True
    return expectation.nothing_else and any(
        _lasts(expectation, item) or _differing(expectation, item) != ["status"] for item in others
    )


def _lasting(expectation: Expectation, items: Sequence[Item]) -> int:
    return sum(_lasts(expectation, item) for item in items)


def _lasts(expectation: Expectation, item: Item) -> bool:
    """Whether the fields that are judged stay as they are: of all fields only a message's status changes."""
    changing = expectation.kind == "messages" and any(name == "status" for name, _ in expectation.wanted)
    return not changing or item.fields.get("status") in FINAL


def _differing(expectation: Expectation, item: Item) -> list[str]:
    return [name for name, wanted in expectation.wanted if not _fits(wanted, item.fields.get(name))]


def _nearest(expectation: Expectation, others: Sequence[Item]) -> tuple[Miss, ...]:
    """Of the last ones that do not match those with the fewest differences; then the most alike, then the newest."""
    wanted = dict(expectation.wanted)
    seen = [(item, _differing(expectation, item)) for item in others[: -_LOOKED_AT - 1 : -1]]
    few = max(sorted(len(names) for _, names in seen)[:_MISSES], default=0)

    def distance(pair: tuple[Item, list[str]]) -> tuple[int, float]:
        item, names = pair
        return len(names), -sum(_likeness(wanted[name], item.fields.get(name)) for name in names)

    nearest = heapq.nsmallest(_MISSES, (pair for pair in seen if len(pair[1]) <= few), key=distance)
    return tuple(
        Miss(item=item, fields=tuple((name, _wish(wanted[name]), _seen(item.fields.get(name))) for name in names))
        for item, names in nearest
    )


def _likeness(wanted: Wanted, seen: str | int | None) -> float:
    if isinstance(wanted, tuple):
        return max(_ratio(str(number), str(seen)) for number in wanted)
    text = wanted.equals or wanted.contains or wanted.matches or ""
    return _ratio(text[:_COMPARED], str(seen or "")[:_COMPARED])


@lru_cache(maxsize=4096)
def _ratio(wanted: str, seen: str) -> float:
    return difflib.SequenceMatcher(None, seen, wanted, autojunk=False).ratio()


def _wish(wanted: Wanted) -> str:
    """What a field has to be, as a verb phrase: `is 'sent'`, `contains 'tomorrow'`, `is 500 or 503`."""
    if isinstance(wanted, tuple):
        return f"is {' or '.join(map(str, wanted))}"
    words = wanted.in_words()
    return f"is {words.removeprefix('equals ')}" if wanted.equals is not None else words


def _seen(value: str | int | None) -> str:
    return "nothing" if value is None else shown(value)


def _amount(expectation: Expectation) -> str:
    low, high = expectation.at_least, expectation.at_most
    if high is None:
        return f"at least {low}"
    if low == high:
        return str(low)
    return f"{low} to {high}" if low else f"at most {high}"


def _noun(expectation: Expectation) -> str:
    last = expectation.at_least if expectation.at_most is None else expectation.at_most
    return _NOUNS[expectation.kind] + ("" if last == 1 else "s")


def _expected(expectation: Expectation) -> str:
    noun = _noun(expectation)
    return f"{_amount(expectation)} {noun} {'were' if noun.endswith('s') else 'was'} expected"


def _besides(expectation: Expectation, found: int, others: int) -> str:
    if not found:
        return f"no other {_NOUNS[expectation.kind]} was expected, {others} came"
    return f"besides the {found} expected, {others} {'other' if others == 1 else 'others'} came"


def in_words(expectation: Expectation) -> str:
    """The expectation for people: `a message to 16175550101 whose body contains 'tomorrow'`."""
    ends = [f" {name} {_end(wanted)}" for name, wanted in expectation.wanted if name in ("to", "from")]
    rest = [f"{name} {_wish(wanted)}" for name, wanted in expectation.wanted if name not in ("to", "from")]
    return "".join(
        (
            _how_many(expectation),
            *ends,
            f" whose {' and '.join(rest)}" if rest else "",
            f", with {expectation.extract.in_words()} in it" if expectation.extract else "",
            ", and nothing else" if expectation.nothing_else else "",
        )
    )


def _how_many(expectation: Expectation) -> str:
    noun = _noun(expectation)
    if (expectation.at_least, expectation.at_most) == (1, None):
        return f"{'an' if noun[0] == 'i' else 'a'} {noun}"
    if expectation.at_most == 0:
        return f"no {_NOUNS[expectation.kind]}"
    amount = _amount(expectation)
    return f"exactly {amount} {noun}" if amount.isdecimal() else f"{amount} {noun}"


def _end(wanted: Wanted) -> str:
    """A phone number: itself, or what it is like."""
    if isinstance(wanted, Pattern) and wanted.equals is not None and wanted == Pattern(equals=wanted.equals):
        return wanted.equals
    return f"a number that {_wish(wanted)}"
