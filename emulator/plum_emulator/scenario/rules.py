"""Rules: when something happens, let something else come of it. What can be said in one, and what goes together.

A rule is written in JSON or TOML: `{"id": …, "when": {…}, "then": {…}}`. Reading one checks everything, so that
firing it (`scenario/effects.py`) finds nothing to complain of.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import combinations, product
from typing import Any, Literal, get_args

from plum_emulator.errors import NotPossible
from plum_emulator.model.messages import Status, may_become
from plum_emulator.model.patterns import Pattern, read_pattern
from plum_emulator.values import Values, did_you_mean, shown

Operation = Literal["queue", "status", "messages", "conversation", "inbound", "callback"]
Place = Literal["", "body", "connection"]
Excess = Literal["queued", "refused"]
Outcome = tuple[Status, ...] | Literal["landline", "opted_out"]

OPERATIONS: tuple[Operation, ...] = get_args(Operation)
SERVICES = OPERATIONS[:4]
TOLD: tuple[Status, ...] = ("sent", "received", "failed", "undelivered")
OUTCOMES: dict[str, Outcome] = {
    "queued": (),
    "sent": ("sent",),
    "received": ("sent", "received"),
    "failed": ("sent", "failed"),
    "undelivered": ("sent", "undelivered"),
    "landline": "landline",
    "opted_out": "opted_out",
}

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SLOWEST_BODY = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """What becomes of a callback. `delay` is milliseconds."""

    drop: bool = False
    double: bool = False
    delay: int = 0
    reorder: bool = False

    def __bool__(self) -> bool:
        return self.drop or self.double or self.delay > 0 or self.reorder


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many messages a second each number sends, and what becomes of those that are too many."""

    per_second: float
    excess: Excess = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What has to be so; all that is not None. `after` is milliseconds since the rule was made."""

    to: Pattern | None = None
    from_: Pattern | None = None
    body: Pattern | None = None
    status: str | None = None
    nth: int | None = None
    first: int | None = None
    after: int = 0
    probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What comes of it; what has its default was not said. Durations are milliseconds."""

    outcome: Outcome | None = None
    sent_after: int | None = None
    final_after: int | None = None
    error: str = ""
    http_status: int | None = None
    reset: bool = False
    empty: Place = ""
    garbage: Place = ""
    slow_body: int = 0
    answer_lost: bool = False
    rate_limit: RateLimit | None = None
    callbacks: Callbacks = Callbacks()
    inbound_twice: bool = False

    @property
    def instead(self) -> bool:
        """Whether a service must not do its operation, because of what it answers."""
        if self.answer_lost:
            return False
        return bool(self.error or self.http_status or self.reset or self.empty or self.garbage)

    def said(self) -> list[str]:
        """The names of what was said."""
        return [name for name in _THEN if getattr(self, name) != getattr(UNSAID, name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `written` is its `when` and `then` as somebody wrote them."""

    id: str
    operation: Operation
    when: When
    then: Then
    written: dict[str, Any]
    scenario: str = ""


UNSAID = Then()
_THEN = tuple(field.name for field in fields(Then))
_WHEN = ("operation", "to", "from", "body", "status", "nth", "first", "after", "probability")

_WHEN_GOES_WITH: dict[str, tuple[Operation, ...]] = {
    **dict.fromkeys(("to", "from", "body"), ("queue", "inbound", "callback")),
    "status": ("callback",),
}
_THEN_GOES_WITH: dict[str, tuple[Operation, ...]] = {
    **dict.fromkeys(("outcome", "sent_after", "final_after", "rate_limit", "answer_lost"), ("queue",)),
    **dict.fromkeys(("error", "http_status", "reset", "empty", "garbage", "slow_body"), SERVICES),
    "callbacks": ("queue", "callback"),
    "inbound_twice": ("inbound",),
}
# Each answers in a way of its own; an error needs an answer to be in, and so does a body that trickles.
_ONE_OF = ("http_status", "reset", "empty", "garbage")
_CLASHES = (
    *combinations(_ONE_OF, 2),
    *product(("error",), ("reset", "empty", "garbage")),
    *product(("slow_body",), ("reset", "empty", "answer_lost")),
)
_KINDS = ("drop", "double", "reorder")
_WAYS = 'for example [], ["sent"], ["sent", "received"] or ["failed"]'
_OF_THE_MESSAGE = ("outcome", "sent_after", "final_after", "rate_limit", "callbacks")


def clash(said: Collection[str]) -> tuple[str, str] | None:
    """Two of these names of a `then` that contradict each other, if there are two."""
    return next(((one, other) for one, other in _CLASHES if one in said and other in said), None)


def read_rule(
    value: object,
    *,
    id: str,  # noqa: A002 # it is the rule's field
    scenario: str = "",
    chance_allowed: bool = False,
    where: str = "rule",
) -> Rule:
    """The rule as it was written; its own id counts before `id`. Raises NotPossible."""
    values = Values(value, ("id", "when", "then"), where=where)
    values.required("then")
    written = {"when": values["when"] if values["when"] is not None else {}, "then": values["then"]}
    given = Values(written["when"], _WHEN, where=f"{where}: when")
    then = _read_then(written["then"], f"{where}: then")
    operation = _operation(given, then)
    _refuse_stray((name for name in _WHEN if given[name] is not None), _WHEN_GOES_WITH, operation, f"{where}: when")
    _refuse_stray(then.said(), _THEN_GOES_WITH, operation, f"{where}: then")
    return Rule(
        id=_rule_id(id if values["id"] is None else values["id"], where),
        operation=operation,
        when=_read_when(given, f"{where}: when", chance_allowed=chance_allowed),
        then=then,
        written=written,
        scenario=scenario,
    )


def _rule_id(value: object, where: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise NotPossible(
            f"{where}: the id is {shown(value)}, but 1 to 64 letters, digits and _ . - were expected",
            hint="for example carrier-outage-1",
        )
    return value


def _operation(given: Values, then: Then) -> Operation:
    chosen = given.one_of("operation", OPERATIONS)
    for operation in OPERATIONS:
        if operation == chosen:
            return operation
    if then.inbound_twice:
        return "inbound"
    return "callback" if then.said() == ["callbacks"] else "queue"


def _refuse_stray(
    said: Iterable[str], goes_with: Mapping[str, tuple[Operation, ...]], operation: Operation, where: str
) -> None:
    for name in said:
        if operation not in goes_with.get(name, OPERATIONS):
            raise NotPossible(
                f"{where}: {name!r} does not go with the operation {operation!r}",
                hint=f"it goes with: {', '.join(goes_with[name])}",
            )


def _read_when(values: Values, where: str, *, chance_allowed: bool) -> When:
    if values["nth"] is not None and values["first"] is not None:
        raise NotPossible(f"{where}: 'nth' and 'first' do not go together", hint="leave one of them out")
    probability = values.number("probability", most=1)
    if probability is not None and not chance_allowed:
        raise NotPossible(f"{where}: 'probability' is for soak runs only", hint="start the emulator with --soak")
    to, from_, body = (
        None if values[name] is None else read_pattern(values[name], f"{where}: {name}", phone=name != "body")
        for name in ("to", "from", "body")
    )
    return When(
        to=to,
        from_=from_,
        body=body,
        status=values.one_of("status", TOLD),
        nth=values.whole("nth", least=1),
        first=values.whole("first", least=1),
        after=values.milliseconds("after") or 0,
        probability=probability,
    )


def _read_then(value: object, where: str) -> Then:
    Values(value, _THEN, where=where)  # what was switched off has a name too, and it may be wrong
    values = Values(_switched_on(value), _THEN, where=where)
    then = Then(
        outcome=_read_outcome(values, where),
        sent_after=values.milliseconds("sent_after"),
        final_after=values.milliseconds("final_after"),
        error=values.text("error") or "",
        http_status=values.whole("http_status", least=400, most=599),
        reset=values.flag("reset"),
        empty=_read_place(values, "empty"),
        garbage=_read_place(values, "garbage"),
        slow_body=values.milliseconds("slow_body", most=_SLOWEST_BODY) or 0,
        answer_lost=values.flag("answer_lost"),
        rate_limit=_read_rate_limit(values, where),
        callbacks=_read_callbacks(values, where),
        inbound_twice=values.flag("inbound_twice"),
    )
    _refuse_contradictions(then, where)
    return then


def _switched_on(value: object) -> object:
    """Without false, null and empty text. A zero says something, and so does an empty list of statuses."""
    if not isinstance(value, Mapping):
        return value
    return {name: inner for name, inner in value.items() if inner is not None and inner is not False and inner != ""}


def _refuse_contradictions(then: Then, where: str) -> None:
    said = then.said()
    if not said:
        raise NotPossible(f"{where} says nothing", hint=f"there are: {', '.join(_THEN)}")
    pair = clash(said)
    if pair:
        raise _not_together(pair, where, "leave one of them out")
    in_vain = [name for name in _OF_THE_MESSAGE if name in said]
    if in_vain and then.instead:
        answer = next(name for name in ("error", *_ONE_OF) if name in said)
        raise _not_together((in_vain[0], answer), where, "say answer_lost = true too, or no message is queued")


def _not_together(pair: tuple[str, str], where: str, hint: str) -> NotPossible:
    return NotPossible(f"{where}: {pair[0]!r} and {pair[1]!r} do not go together", hint=hint)


def _read_outcome(values: Values, where: str) -> Outcome | None:
    value = values["outcome"]
    if not isinstance(value, list):
        word = values.one_of("outcome", OUTCOMES)
        return None if word is None else OUTCOMES[word]
    way: list[Status] = ["queued"]
    for word in value:
        after = next((status for status in ("queued", *TOLD) if status == word), None)
        if after is None:
            raise NotPossible(
                f"{where}: 'outcome' has {shown(word)} in it, which is no status", hint=did_you_mean(str(word), TOLD)
            )
        if not may_become(way[-1], after):
            raise NotPossible(f"{where}: 'outcome': {after!r} cannot follow {way[-1]!r}", hint=_WAYS)
        way.append(after)
    return tuple(way[1:])


def _read_place(values: Values, name: str) -> Place:
    value = values[name]
    if value is None:
        return ""
    if value is True:
        return "body"
    if value == "connection":
        return "connection"
    raise values.wrong(name, 'true or "connection"')


def _read_rate_limit(values: Values, where: str) -> RateLimit | None:
    value = values["rate_limit"]
    if value is None:
        return None
    if not isinstance(value, Mapping):
        value = {"per_second": value}
    inner = Values(value, ("per_second", "excess"), where=f"{where}: rate_limit")
    inner.required("per_second")
    return RateLimit(
        per_second=inner.number("per_second", least=0.001, most=1000) or 0,
        excess="refused" if inner.one_of("excess", get_args(Excess)) == "refused" else "queued",
    )


def _read_callbacks(values: Values, where: str) -> Callbacks:
    value = values["callbacks"]
    if value is None:
        return Callbacks()
    if isinstance(value, str):
        values.one_of("callbacks", _KINDS)
        value = {value: True}
    inner = Values(value, (*_KINDS, "delay"), where=f"{where}: callbacks")
    callbacks = Callbacks(
        drop=inner.flag("drop"),
        double=inner.flag("double"),
        delay=inner.milliseconds("delay") or 0,
        reorder=inner.flag("reorder"),
    )
    if callbacks.drop and callbacks != Callbacks(drop=True):
        raise NotPossible(f"{where}: callbacks: 'drop' goes with nothing else", hint="what is dropped is never posted")
    return callbacks
