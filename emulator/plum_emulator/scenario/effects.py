"""What rules do to one event: which of them fire, and what comes of it together.

Nothing here is chance: whether a rule with a probability fires follows from the seed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import Any

from plum_emulator.errors import NotPossible
from plum_emulator.model.patterns import Pattern
from plum_emulator.model.texts import parts
from plum_emulator.scenario.rules import UNSAID, Operation, RateLimit, Rule, Then, When, clash


@dataclass(slots=True, kw_only=True)
class Count:
    """What a rule has done since it was made. Instants are in the account's clock.

    `next_free` is, for each number under a rate limit, the instant of its next free slot.
    """

    made_at: int
    matches: int = 0
    fired: int = 0
    last_fired_at: int | None = None
    next_free: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The count as JSON can keep it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Count:
        """What `as_dict` gave."""
        return cls(**{**kept, "next_free": dict(kept["next_free"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Something that is about to happen, at an instant of the account's clock. Numbers have 11 digits."""

    operation: Operation
    at: int
    to: str = ""
    from_: str = ""
    body: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The rules that fired, and what comes of them together.

    `wait` is how many milliseconds longer a rate limit keeps the message queued, `refused` why it takes none.
    """

    rules: tuple[str, ...] = ()
    then: Then = UNSAID
    wait: int = 0
    refused: str = ""

    def __bool__(self) -> bool:
        return bool(self.rules)


NOTHING = Effects()


def fire(rules: Iterable[tuple[Rule, Count]], facts: Facts, *, seed: str) -> Effects:
    """Count the matches, and give the effects of the rules that fire; of two that say the same, the earlier one's."""
    fired = [
        (rule, count)
        for rule, count in rules
        if rule.operation == facts.operation
        and _holds(rule.when, facts, made_at=count.made_at)
        and _counted(rule, count, facts.at, seed)
    ]
    if not fired:
        return NOTHING
    then = reduce(merged, (rule.then for rule, _ in fired))
    effects = Effects(rules=tuple(rule.id for rule, _ in fired), then=then)
    if then.rate_limit is None or then.instead:  # what is not queued takes nobody's slot
        return effects
    return _limited(effects, *next(each for each in fired if each[0].then.rate_limit), facts)


def merged(earlier: Then, later: Then) -> Then:
    """Both; what the later one says again, or what contradicts the earlier one, is left out."""
    said = earlier.said()
    added = {name: getattr(later, name) for name in later.said() if name not in said and clash((*said, name)) is None}
    return replace(earlier, **added) if added else earlier


def _holds(when: When, facts: Facts, *, made_at: int) -> bool:
    return (
        (when.status is None or when.status == facts.status)
        and facts.at - made_at >= when.after
        and _is(when.to, facts.to)
        and _is(when.from_, facts.from_)
        and _is(when.body, facts.body)
    )


def _is(pattern: Pattern | None, text: str) -> bool:
    """Whether the text is as the pattern wants it; not, when a regular expression cannot tell in time."""
    try:
        return pattern is None or pattern.holds(text)
    except NotPossible:
        return False


def _counted(rule: Rule, count: Count, at: int, seed: str) -> bool:
    """Count a match. Whether the rule fires for it, which is counted too."""
    when, match = rule.when, count.matches + 1
    count.matches = match
    fires = (
        (when.nth is None or match == when.nth)
        and (when.first is None or match <= when.first)
        and (when.probability is None or _lot(seed, rule.id, match) < when.probability)
    )
    if fires:
        count.fired += 1
        count.last_fired_at = at
    return fires


def _lot(seed: str, rule: str, match: int) -> float:
    """A number from 0 up to and without 1, always the same for the same match."""
    text = f"{seed}\0{rule}\0{match}".encode(errors="surrogatepass")
    return (int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 11) / 2**53


def _limited(effects: Effects, rule: Rule, count: Count, facts: Facts) -> Effects:
    limit = rule.then.rate_limit
    if limit is None:
        return effects
    slot = max(facts.at, count.next_free.get(facts.from_, facts.at))
    wait = slot - facts.at
    if wait > 0 and limit.excess == "refused":
        reason = f"rule {rule.id}: {facts.from_} sends at most {limit.per_second:g} messages a second"
        return replace(effects, refused=reason)
    # A long body goes out in several texts, and each of them counts.
    count.next_free[facts.from_] = slot + spacing(limit) * max(1, len(parts(facts.body)))
    return replace(effects, wait=wait)


def spacing(limit: RateLimit) -> int:
    """Milliseconds from one message of a number to its next; rounded up, so that they never are too many."""
    return math.ceil(1000 / limit.per_second)
