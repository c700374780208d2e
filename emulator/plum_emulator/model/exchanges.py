"""An exchange: one request with what came back, in either direction. The journal is made of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Direction = Literal["in", "out"]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """A request that the emulator makes."""

    url: str
    body: bytes
    headers: Headers
    timeout: float
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an outgoing request: an answer, or the reason why there is none."""

    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    error: str = ""
    duration_ms: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the receiver took it: any 2xx (clause 6)."""
        return not self.error and self.status is not None and 200 <= self.status < 300

    def in_words(self) -> str:
        """`ok`, or why not."""
        if self.ok:
            return "ok"
        return self.error or f"answered {self.status}, a 2xx was expected"


class Exchange(NamedTuple):
    """One kept exchange of an account; `n` counts within the account. `rules` are the ids of those that fired.

    A tuple and not a dataclass: every request makes one.
    """

    account: int | None
    n: int
    at: int
    direction: Direction
    operation: str
    method: str
    url: str
    request_headers: Headers
    request_body: bytes
    status: int | None
    response_headers: Headers
    response_body: bytes
    duration_ms: float
    outcome: str
    message: int | None = None
    attempt: int | None = None
    rules: str = ""
