"""What a listing of the message log asks for (clauses 8 and 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TypeFilter = Literal["inbound", "outbound", "all"]
Side = Literal["account", "customer", "either"]

LIMIT_MIN, LIMIT_MAX = 50, 1000


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
