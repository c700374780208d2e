"""The account's clock, what is due, and what is expected to have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from plum_emulator.client.calls import Calls, Json, given

Pattern = str | Mapping[str, str]
"""What a text has to be: the text itself, `{"contains": …}` or `{"matches": …}`."""

Extract = str | Mapping[str, str]
"""What to take out of a body: `"code"`, `"link"`, a regular expression, or several of these by name."""

_PATIENCE = 1.0  # the emulator's, where an expectation names no time-out


class TimeCalls(Calls):
    """Time, and waiting for what comes."""

    __slots__ = ()

    def clock(self) -> Json:
        """How the account's clock goes, what time it is there, and when the next thing happens by itself."""
        return self._control("GET", "/clock")

    def set_clock(self, mode: str, *, rate: float | None = None, now: str | float | None = None) -> Json:
        """Make the clock `"real"`, `"manual"` or `"scaled"`, `rate` times as fast; from `now` on, an instant in
        RFC 3339 or unix seconds. `"60x"` and `"manual@2026-01-31T12:00:00Z"` say the same in one word."""
        more = given(rate=rate, now=now)
        return self._control("PUT", "/clock", {"mode": mode, **more} if more else mode)

    def advance(
        self, seconds: float | None = None, *, until: Literal["next", "idle"] | None = None, most: int | None = None
    ) -> Json:
        """Move a manual clock on by seconds, to what is due next, or until nothing is; at most so many events.

        Returns what ran, when everything has settled. It takes as long as the applications that are called.
        """
        return self._control("POST", "/clock/advance", given(seconds=seconds, until=until, most=most), waits=None)

    def agenda(self, *, limit: int | None = None) -> list[Json]:
        """What comes next, the soonest first."""
        found: list[Json] = self._control("GET", "/agenda", query=given(limit=limit))["agenda"]
        return found

    def timeline(self, *, limit: int | None = None) -> list[Json]:
        """What happened last to the account, oldest first, in short."""
        found: list[Json] = self._control("GET", "/timeline", query=given(limit=limit))["timeline"]
        return found

    def expect(
        self,
        *,
        to: Pattern | None = None,
        from_: Pattern | None = None,
        body: Pattern | None = None,
        type: Pattern | None = None,  # noqa: A002 # it is the message's field
        status: Pattern | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        since: str | None = None,
        timeout: float | None = None,
        nothing_else: bool | None = None,
        extract: Extract | None = None,
    ) -> Json:
        """Messages like this are there, or come within `timeout` seconds, by default one: `messages`, `extracted` and
        the `cursor` to go on from with `since`. Raises ExpectationFailed."""
        wanted = given(to=to, from_=from_, body=body, type=type, status=status)
        counts = given(count=count, at_least=at_least, at_most=at_most)
        more = given(since=since, timeout=timeout, nothing_else=nothing_else, extract=extract)
        return self._expect("/expect", {**wanted, **counts, **more})

    def expect_callbacks(
        self,
        *,
        status: Pattern | None = None,
        sms_message_id: Pattern | None = None,
        url: Pattern | None = None,
        to: Pattern | None = None,
        from_: Pattern | None = None,
        outcome: Pattern | None = None,
        http_status: int | Sequence[int] | None = None,
        attempt: int | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        since: str | None = None,
        timeout: float | None = None,
        nothing_else: bool | None = None,
    ) -> Json:
        """The same for status changes that were told to result URLs: `callbacks` and `cursor`."""
        wanted = given(status=status, sms_message_id=sms_message_id, url=url, to=to, from_=from_)
        came = given(outcome=outcome, http_status=http_status, attempt=attempt)
        counts = given(count=count, at_least=at_least, at_most=at_most)
        more = given(since=since, timeout=timeout, nothing_else=nothing_else)
        return self._expect("/expect/callbacks", {**wanted, **came, **counts, **more})

    def expect_inbound(
        self,
        *,
        to: Pattern | None = None,
        from_: Pattern | None = None,
        body: Pattern | None = None,
        sms_message_id: Pattern | None = None,
        url: Pattern | None = None,
        outcome: Pattern | None = None,
        http_status: int | Sequence[int] | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        since: str | None = None,
        timeout: float | None = None,
        nothing_else: bool | None = None,
        extract: Extract | None = None,
    ) -> Json:
        """The same for texts of handsets that were posted to applications: `inbound`, `extracted` and `cursor`."""
        wanted = given(to=to, from_=from_, body=body, sms_message_id=sms_message_id, url=url)
        came = given(outcome=outcome, http_status=http_status)
        counts = given(count=count, at_least=at_least, at_most=at_most)
        more = given(since=since, timeout=timeout, nothing_else=nothing_else, extract=extract)
        return self._expect("/expect/inbound", {**wanted, **came, **counts, **more})

    def _expect(self, path: str, value: dict[str, Any]) -> Json:
        timeout = value.get("timeout", _PATIENCE)
        return self._control("POST", path, value, waits=timeout if isinstance(timeout, int | float) else 0.0)
