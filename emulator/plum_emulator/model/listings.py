"""What a listing of the message log asks for (clauses 8 and 9), or of the journal, and what a page of it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from plum_emulator.model.exchanges import Direction
from plum_emulator.model.messages import Status, Type

Row = TypeVar("Row")
Place = TypeVar("Place")

TypeFilter = Literal["inbound", "outbound", "all"]
Side = Literal["account", "customer", "either"]

LIMIT_MIN, LIMIT_MAX = 50, 1000

# Rows that a page for somebody who waits looks through: a few milliseconds' worth.
LOOKED_THROUGH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of the log. Instants are milliseconds; `outbound` includes replies."""

    offset: int = 0
    limit: int = LIMIT_MAX
    newest_first: bool = True
    start: int | None = None
    end: int | None = None
    type: TypeFilter = "all"
    number: str | None = None
    side: Side = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A page of what two numbers exchanged."""

    account_number: str
    customer_number: str
    page: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which messages of the log are looked for: those for which everything that is given is true.

    `outbound` is without replies. `number` is on either side, written as the log has it. `words` are beginnings of
    words of the body. Instants are milliseconds; `until` itself is left out.
    """

    type: Type | None = None
    status: Status | None = None
    number: str | None = None
    words: str = ""
    since: int | None = None
    until: int | None = None


EVERY_MESSAGE = LogFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilter:
    """Which exchanges of the journal are looked for. `bad`: those alone that were not simply ok."""

    operation: str | None = None
    direction: Direction | None = None
    bad: bool = False


EVERY_EXCHANGE = ExchangeFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[Place]):
    """Which part of what is found: the newest, those next before a place, or those next after one.

    `through` is how many rows are looked at for once where no index knows the wanted ones; None: as many as it takes.
    """

    limit: int
    before: Place | None = None
    after: Place | None = None
    through: int | None = None

    @property
    def start(self) -> Place | None:
        """Where reading begins."""
        return self.before if self.after is None else self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row, Place]):
    """What was found, newest first. Looking further goes on before the place `more`; None at the end.

    Newer ones are found after the place `newer`; None where the newest are shown. A page with `more` may have fewer
    rows than were asked for, or none: it was looked far enough for once.
    """

    rows: list[Row]
    more: Place | None
    newer: Place | None = None


def page_of(
    found: list[Row], place: Callable[[Row], Place], part: Part[Place], *, edge: Place | None
) -> Page[Row, Place]:
    """The page of what was found in this order, looking for one more than its limit and as far as the place `edge`."""
    rows = found[: part.limit]
    onward = place(rows[-1]) if len(found) > part.limit else edge
    back = place(rows[0]) if rows else part.start
    if part.after is not None:
        return Page(rows=rows[::-1], more=back, newer=onward)
    return Page(rows=rows, more=onward, newer=None if part.before is None else back)
