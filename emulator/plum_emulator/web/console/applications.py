"""SMS Applications: where texts to each number are posted, and what answers there, tried out (clause 11)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response, request

from plum_emulator.engine.trying import Reply, Trial
from plum_emulator.errors import InvalidNumber, NotFound, NotPossible
from plum_emulator.model.accounts import Account, Number
from plum_emulator.model.phones import normalized, pretty
from plum_emulator.model.segments import segments
from plum_emulator.model.urls import application_problem
from plum_emulator.web.console.bodies import shown_body, visible
from plum_emulator.web.console.marked import marked_answer
from plum_emulator.web.console.pages import Pages, RegionOf, Route, View, counted, lasted, status_line
from plum_emulator.wire.forms import Fields

_HERE = "/console/applications"
_SAMPLE = "HELLO"
_TAKEN = "write a URL as http://127.0.0.1:8000/sms, or /demo for the demo application, or nothing"
_TEXT_SHOWN = 2000


class ApplicationPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._platform = pages.emulator.platform
        self._handsets = pages.emulator.handsets
        self._trying = pages.emulator.trying

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        one = f"{_HERE}/<number>"
        return [
            ("GET", _HERE, self.applications),
            ("GET", one, self.edit),
            ("POST", one, self.save),
            ("GET", f"{one}/try", self.edit),  # somebody reloads what a trial has shown
            ("POST", f"{one}/try", self.try_it),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {"applications": self._listed}

    def applications(self) -> Response:
        """The account's numbers, each with its Application URL."""
        account = self._pages.account()
        saved = request.args.get("saved", "")
        told = f"The Application URL of {pretty(saved)} is saved." if account.can_text(saved) else ""
        return self._pages.page("applications", account, told=told)

    def edit(self, number: str) -> Response:
        """The Application URL of one number, and a text to try it with."""
        account = self._pages.account()
        return self._page(account, _found(account, number))

    def save(self, number: str) -> Response:
        """Post texts to another URL from now on. When it cannot be one, say why, and keep what was typed."""
        account = self._pages.account()
        known = _found(account, number)
        url = self._pages.form().get("application_url", "").strip()
        problem = application_problem(url)
        if problem:
            return self._page(account, known, error=NotPossible(f"Application URL: {problem}", hint=_TAKEN), url=url)
        self._platform.set_application(account, known.number, url)
        return self._pages.to(_HERE, saved=known.number)

    def try_it(self, number: str) -> Response:
        """Post a sample text to the number's application, and show what it answers."""
        account = self._pages.account()
        known = _found(account, number)
        form = self._pages.form()
        from_, body = form.get("from", "").strip(), self._pages.text("body")

        async def work() -> View:
            try:
                trial = await self._trying.post(account, to=known.number, from_=from_, body=body)
            except NotPossible as error:
                return partial(self._page, account, known, error=error, sample=form)
            return partial(self._page, account, known, sample=form, trial=trial)

        return self._pages.later(account, work)

    def _page(
        self,
        account: Account,
        number: Number,
        *,
        error: NotPossible | None = None,
        url: str | None = None,
        sample: Fields | None = None,
        trial: Trial | None = None,
    ) -> Response:
        if sample is None:
            sample = {"from": self._handsets.of(account)[0].number, "body": _SAMPLE}
        return self._pages.page(
            "application",
            account,
            status=400 if error else 200,
            number=number,
            url=number.application_url if url is None else url,
            error=error,
            sample=sample,
            shown=_shown(trial) if trial else None,
        )

    def _listed(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        return {"numbers": list(account.numbers.values())}


def _found(account: Account, text: str) -> Number:
    """The account's SMS number. Raises NotFound and NotPossible."""
    hint = f"its SMS numbers are: {', '.join(map(pretty, account.sms_numbers()))}"
    try:
        number = account.numbers.get(normalized(text))
    except InvalidNumber:
        number = None
    if number is None:
        raise NotFound(f"{text[:40]!r} is not a number of account {account.username!r}", hint=hint)
    if number.pci:
        raise NotPossible(f"{pretty(number.number)} is a PCI number, which cannot receive texts", hint=hint)
    return number


def _shown(trial: Trial) -> dict[str, Any]:
    """A trial as it is shown."""
    outcome = trial.outcome
    return {
        "trial": trial,
        "verdict": _verdict(trial),
        "request": shown_body(trial.request.body, trial.request.headers),
        "status": status_line(outcome.status),
        "took": lasted(outcome.duration_ms),
        "answer": marked_answer(outcome.body, trial.error.one_line() if trial.error else "ok"),
        "replies": [(reply, _text(reply), _carried(reply)) for reply in trial.replies],
        "more": trial.asked - len(trial.replies),
    }


def _verdict(trial: Trial) -> str:
    if trial.error:
        return f"{trial.error.message}. Nothing would be sent."
    if not trial.asked:
        return "The answer is valid, and asks for no message."
    return f"The answer is valid, and asks for {counted(trial.asked, 'message')}."


def _text(reply: Reply) -> str:
    body = reply.draft.body
    return visible(body[:_TEXT_SHOWN]) + ("…" if len(body) > _TEXT_SHOWN else "")


def _carried(reply: Reply) -> str:
    """How a reply goes out: cut by Plum into messages, and by carriers into segments."""
    each = [segments(text) for text in reply.texts]
    encodings = " and ".join(sorted({one.encoding for one in each}))
    cut = f"cut into {counted(len(each), 'message')}, " if len(each) > 1 else ""
    return f"{cut}{counted(sum(one.parts for one in each), 'segment')} of {encodings}"
