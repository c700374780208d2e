"""Clock: what time it is for the account, what comes next, and everything it owns put aside and brought back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, request

from plum_emulator.clock import LATEST, MODES, AccountClock, read_duration
from plum_emulator.engine.advance import Report, Until
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.messages import Message
from plum_emulator.scenario.wanted import read_clock
from plum_emulator.store.agenda import Due
from plum_emulator.web.console.pages import Pages, RegionOf, Route, View, counted, moment

_CHIP_COUNTS = 50
_SHOWN = 100
_WORDS_SHOWN = 50
_RATE = 60.0
_ADVANCES = (("next", "Next"), ("1s", "1 second"), ("1m", "1 minute"), ("1h", "1 hour"), ("idle", "Until idle"))
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class ClockPage:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._emulator = pages.emulator
        self._snapshots = pages.emulator.snapshots

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/console/clock", self.clock),
            ("POST", "/console/clock", self.set_clock),
            ("POST", "/console/clock/advance", self.advance),
            ("POST", "/console/clock/reset", self.reset),
            ("POST", "/console/clock/snapshots", self.save),
            ("POST", "/console/clock/snapshots/restore", self.restore),
            ("POST", "/console/clock/snapshots/delete", self.delete),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name. Those of the clock and the agenda are made anew every second."""
        return {
            "chip": self._chip,
            "clock": self._clock,
            "set-clock": self._form,
            "agenda": self._agenda,
            "snapshots": self._listed,
        }

    def clock(self) -> Response:
        """The clock, the agenda and the snapshots of an account."""
        account = self._pages.account()
        return self._pages.page("clock", account, told=self._told(account))

    def set_clock(self) -> Response:
        """Make the clock real, scaled or manual, from now or from another instant on."""
        account = self._pages.account()
        form = self._pages.form()
        wanted: dict[str, object] = {"mode": form.get("mode", "")}
        if wanted["mode"] == "scaled":
            wanted["rate"] = _read_rate(form.get("rate", "").strip())
        wanted["now"] = form.get("now", "").strip() or None
        timing = read_clock(wanted)
        self._emulator.platform.set_clock(account, timing.mode, rate=timing.rate, instant=timing.instant)
        return self._to()

    def advance(self) -> Response:
        """Move a manual clock; when everything has settled, back to the page, which says what ran."""
        account = self._pages.account()
        by = self._pages.form().get("by", "")
        until: Until | None = "next" if by == "next" else "idle" if by == "idle" else None
        milliseconds = 0 if until else round(read_duration(by) * 1000)

        async def work() -> View:
            report = await self._emulator.advances.advance(account, milliseconds=milliseconds, until=until)
            if report.stopped:
                raise NotPossible(
                    f"the advance ended at {moment(report.now)}: {report.stopped}",
                    hint=_what_ran(_ran(report)),
                )
            if report.joined:
                return partial(self._to, joined="1")
            ran = {name: str(times) for name, times in _ran(report).items()}
            return partial(self._to, at=str(report.now), **ran)

        return self._pages.later(account, work)

    def reset(self) -> Response:
        """Bring the account back to its seed."""
        self._snapshots.reset(self._pages.account())
        return self._to(reset="1")

    def save(self) -> Response:
        """Put everything that the account owns aside; in place of an earlier snapshot only when that is asked for."""
        account, form = self._pages.account(), self._pages.form()
        name = form.get("name", "").strip()
        if not form.get("replace", "") and name in {snapshot.name for snapshot in self._snapshots.of(account)}:
            raise NotPossible(
                f"there is a snapshot {name!r} already", hint="choose another name, or save it in place of that one"
            )
        return self._to(saved=self._snapshots.save(account, name).name)

    def restore(self) -> Response:
        """Make the account what it was when a snapshot was saved."""
        restored = self._snapshots.restore(self._pages.account(), self._pages.form().get("name", ""))
        return self._to(restored=restored.name)

    def delete(self) -> Response:
        """Forget a snapshot."""
        self._snapshots.delete(self._pages.account(), self._pages.form().get("name", ""))
        return self._to()

    def _to(self, **done: str) -> Response:
        return self._pages.to("/console/clock", **done)

    def _told(self, account: Account) -> str:
        """What was done a moment ago, in words; "" when somebody only looks. It is in the query: who knows who asks."""
        asked = request.args
        now = self._clock_of(account).now()
        if asked.get("at") == str(now):
            return f"The clock shows {moment(now)}. {_what_ran(_ran_by(asked))}."
        names = {snapshot.name: snapshot for snapshot in self._snapshots.of(account)}
        if asked.get("saved") in names:
            return f"Snapshot {asked['saved']} was saved."
        if asked.get("restored") in names:
            messages = counted(names[asked["restored"]].messages, "message")
            return f"The account is again what it was in snapshot {asked['restored']}, with {messages}."
        if asked.get("reset") == "1":
            return "The account was reset: it is as it began."
        return "This goes on top of another advance that is under way." if asked.get("joined") == "1" else ""

    def _chip(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        """How the clock goes, for the top of every page; and, where it stands still, how much waits for it."""
        mode = self._emulator.accounts.clock(account.id).timing.mode
        if mode != "manual":
            return {"mode": mode, "due": ""}
        found = self._emulator.platform.agenda(account, limit=_CHIP_COUNTS + 1)
        due = sum(each.due_at < LATEST for each, _ in found)  # what is held waits for somebody, and not for the clock
        return {"mode": mode, "due": f"{_CHIP_COUNTS}+" if due > _CHIP_COUNTS else str(due or "")}

    def _clock(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        clock = self._clock_of(account)
        now, following = clock.now(), self._emulator.platform.next_due(account)
        return {
            "timing": clock.timing,
            "rate": plain(clock.timing.rate),
            "now": now,
            "following": following,
            "ahead": "" if following is None else ahead(following - now),
            "advances": _ADVANCES,
        }

    def _form(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        timing = self._clock_of(account).timing
        return {"timing": timing, "modes": MODES, "rate": plain(timing.rate if timing.mode == "scaled" else _RATE)}

    def _agenda(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        now = self._clock_of(account).now()
        found = self._emulator.platform.agenda(account, limit=_SHOWN + 1)
        rows = [_row(due, message, now=now) for due, message in found[:_SHOWN]]
        return {"rows": rows, "more": len(found) > _SHOWN, "manual": self._clock_of(account).manual}

    def _listed(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        return {"snapshots": self._snapshots.of(account)}

    def _clock_of(self, account: Account) -> AccountClock:
        return self._emulator.accounts.clock(account.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of the agenda as it is shown. Without a `due_at` it waits for somebody to let it go."""

    due: Due
    due_at: int | None
    ahead: str
    message: Message | None
    words: str
    rules: list[str]


def _row(due: Due, message: Message | None, *, now: int) -> _Row:
    comes = due.due_at < LATEST
    body = message.body if message else ""
    return _Row(
        due=due,
        due_at=due.due_at if comes else None,
        ahead=ahead(due.due_at - now) if comes else "",
        message=message,
        words=body if len(body) <= _WORDS_SHOWN else body[:_WORDS_SHOWN].rstrip() + "…",
        rules=due.rules.split(),
    )


def ahead(milliseconds: int) -> str:
    """How far off something is: `in 50 ms`, `in 2.5 s`, `in 1 h 5 min`; `now` when it is due."""
    if milliseconds <= 0:
        return "now"
    if milliseconds < 1000:
        return f"in {milliseconds} ms"
    if milliseconds < 10_000:
        return f"in {milliseconds // 100 / 10:g} s"
    rest, parts = milliseconds // 1000, []
    for seconds, unit in _UNITS:
        number, rest = divmod(rest, seconds)
        if number:
            parts.append(f"{number} {unit}")
    return f"in {' '.join(parts[:2])}"


def plain(number: float) -> str:
    """A number as somebody would type it: `60`, `0.5`."""
    return f"{number:.15g}"


def _read_rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NotPossible(
            f"the rate is {text[:40]!r}, but a number was expected", hint="60 goes sixty times as fast"
        ) from None


_NOUNS = {"statuses": "status change", "callbacks": "callback", "inbound": "inbound text"}


def _ran(report: Report) -> dict[str, int]:
    kinds = Counter(event.kind for event in report.events)
    return {"statuses": kinds["status"], "callbacks": kinds["callback"], "inbound": kinds["answer"]}


def _ran_by(asked: Mapping[str, str]) -> dict[str, int]:
    """The same, as the query has it."""
    texts = {name: asked.get(name, "") for name in _NOUNS}
    return {name: int(text) for name, text in texts.items() if text.isascii() and text.isdecimal() and len(text) < 10}


def _what_ran(ran: Mapping[str, int]) -> str:
    words = [counted(times, _NOUNS[name]) for name, times in ran.items() if times]
    return f"On the way: {', '.join(words)}" if words else "Nothing was due on the way"
