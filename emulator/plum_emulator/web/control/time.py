"""The account's clock, what is due, and expectations, which wait for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from plum_emulator.engine.advance import Until
from plum_emulator.engine.emulator import Emulator
from plum_emulator.engine.expecting import Answer
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.scenario.expectations import Kind, read_expectation
from plum_emulator.scenario.wanted import read_clock
from plum_emulator.web.control.asking import (
    Route,
    account_of,
    base,
    json_body,
    limit,
    login,
    values_of,
)
from plum_emulator.web.later import json_answer, later
from plum_emulator.web.views import clock_view, due_view, event_view, is_about_nothing, missed_view, report_view
from plum_emulator.wire.views import exchange_view, message_view

_SECONDS_MAX = 100 * 366 * 86400
_MOST_MAX = 1_000_000


class TimeRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/clock", self.clock),
            ("PUT", "/clock", self.set_clock),
            ("POST", "/clock/advance", self.advance),
            ("GET", "/agenda", self.agenda),
            ("GET", "/timeline", self.timeline),
            ("POST", "/expect", self.expect_messages),
            ("POST", "/expect/callbacks", self.expect_callbacks),
            ("POST", "/expect/inbound", self.expect_inbound),
        ]

    def clock(self) -> Response:
        """How the account's clock goes, what time it is there, and when the next thing happens by itself."""
        return json_answer(self._clock(self._account()))

    def set_clock(self) -> Response:
        """Make the clock real, scaled or manual, from now or from another instant on."""
        account = self._account()
        timing = read_clock(json_body('{"mode": "manual"}'))
        self._emulator.platform.set_clock(account, timing.mode, rate=timing.rate, instant=timing.instant)
        return json_answer(self._clock(account))

    def advance(self) -> Response:
        """Move a manual clock; when everything has settled, what ran."""
        account = self._account()
        values = values_of('{"seconds": 5}, or {"until": "idle"}', ("seconds", "until", "most"))
        seconds = values.number("seconds", most=_SECONDS_MAX)
        word = values.one_of("until", ("next", "idle"))
        until: Until | None = "next" if word == "next" else "idle" if word == "idle" else None
        if (seconds is None) == (until is None):
            raise NotPossible(
                "one of 'seconds' and 'until' was expected", hint='for example {"seconds": 5} or {"until": "idle"}'
            )
        most = values.whole("most", least=1, most=_MOST_MAX)

        async def work() -> Response:
            asked: dict[str, Any] = {} if most is None else {"most": most}
            report = await self._emulator.advances.advance(
                account, milliseconds=round((seconds or 0) * 1000), until=until, **asked
            )
            return json_answer(report_view(report), 202 if report.joined else 200)

        return later(work, now=lambda: self._emulator.platform.now(account))

    def agenda(self) -> Response:
        """What comes next, the soonest first."""
        account = self._account()
        found = self._emulator.platform.agenda(account, limit=limit())
        return json_answer({"agenda": [due_view(due, message) for due, message in found]})

    def timeline(self) -> Response:
        """What happened last to the account, oldest first, in short."""
        events = self._emulator.expecting.timeline(self._account(), limit=limit())
        return json_answer({"timeline": [event_view(event) for event in events if not is_about_nothing(event)]})

    def expect_messages(self) -> Response:
        """Whether these messages are there, or come before the time-out."""
        return self._expect("messages")

    def expect_callbacks(self) -> Response:
        """The same for status changes that were told to result URLs."""
        return self._expect("callbacks")

    def expect_inbound(self) -> Response:
        """The same for inbound messages that were posted to applications."""
        return self._expect("inbound")

    def _expect(self, kind: Kind) -> Response:
        account = self._account()
        expectation = read_expectation(json_body('{"to": "16175550123", "body": {"contains": "hello"}}'), kind)
        url, with_login = base(), login(account)

        def shown(item: Any) -> dict[str, Any]:
            if kind == "messages":
                return message_view(item)
            return exchange_view(item, base=url, login=with_login)

        async def work() -> Response:
            answer = await self._emulator.expecting.expect(account, expectation)
            return _verdict_answer(kind, answer, shown)

        return later(work, now=lambda: self._emulator.platform.now(account), only_waits=True)

    def _clock(self, account: Account) -> dict[str, Any]:
        clock = self._emulator.accounts.clock(account.id)
        return clock_view(clock, following=self._emulator.platform.next_due(account))

    def _account(self) -> Account:
        return account_of(self._emulator.accounts)


def _verdict_answer(kind: Kind, answer: Answer, shown: Callable[[Any], dict[str, Any]]) -> Response:
    verdict = answer.verdict
    found = [shown(item.shown) for item in verdict.found]
    if verdict.holds:
        value = {"holds": True, "why": verdict.why, kind: found, "cursor": answer.cursor}
        return json_answer({**value, "extracted": verdict.extracted})
    return json_answer(
        {
            "holds": False,
            "error": verdict.why,
            "hint": "misses has what came nearest, timeline what happened last",
            kind: found,
            "cursor": answer.cursor,
            **missed_view(answer, shown),
        },
        417,
    )
