"""Phones: handsets on the screen that text the account's numbers; one alone, for a room or on a real handset."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, request
from markupsafe import Markup
from werkzeug.wrappers import Request

from plum_emulator.engine.lifecycle import NOT_FORWARDED
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.handsets import Handset
from plum_emulator.model.phones import pretty
from plum_emulator.web.console.exchanges import about, answered, went_well, what
from plum_emulator.web.console.pages import Pages, RegionOf, Route

_PASS = "pass"  # noqa: S105 # the name of a parameter


class PhonePages:
    """`network_url` is the emulator's address for other machines, "" when it listens here alone."""

    def __init__(self, pages: Pages, *, network_url: str) -> None:
        self._pages = pages
        self._network_url = network_url
        self._handsets = pages.emulator.handsets

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/", self.phones),
            ("POST", "/console/phones", self.add),
            ("GET", "/console/phones/<number>", self.phone),
            ("POST", "/console/phones/<number>", self.change),
            ("POST", "/console/phones/<number>/remove", self.remove),
            ("POST", "/console/phones/<number>/texts", self.text),
            ("POST", "/console/segments", self.meter),
        ]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {
            "conversation": self._conversation,
            "handset": self._handset,
            "change": self._change,
            "others": self._others,
            "roll": self._roll,
            "latest": self._latest,
        }

    def phones(self) -> Response:
        """All handsets of the account, side by side."""
        account = self._pages.account()
        handsets = self._handsets.of(account)
        return self._pages.page(
            "phones", account, handsets=handsets, numbers=account.sms_numbers(), roll=_roll_of(handsets)
        )

    def phone(self, number: str) -> Response:
        """One handset, large: for a projector, or on a real handset."""
        account = self._pages.account()
        handset = self._handsets.named(account, number)
        may_all = self._pages.guard.knows(request)
        url = self._handset_url(account, handset) if may_all and self._network_url else ""
        return self._pages.page(
            "presenter",
            account,
            handset=handset,
            application=" ".join(_title().split()) or _application(account, handset.texts),
            title=_title(),
            pass_=request.args.get(_PASS, ""),
            may_all=may_all,
            qr=_qr(url) if url else None,
            qr_url=url,
        )

    def add(self) -> Response:
        """Put another handset on the screen."""
        form = self._pages.form()
        handset = self._handsets.add(
            self._pages.account(),
            form.get("number", "").strip(),
            name=form.get("name", ""),
            texts=form.get("texts", ""),
        )
        return self._to_phone(handset.number)

    def change(self, number: str) -> Response:
        """Give a handset another name, or another number to text."""
        form = self._pages.form()
        handset = self._handsets.change(
            self._pages.account(), number, name=form.get("name", ""), texts=form.get("texts", "")
        )
        return self._to_phone(handset.number)

    def remove(self, number: str) -> Response:
        """Take a handset off the screen."""
        self._handsets.remove(self._pages.account(), number)
        return self._pages.to("/")

    def text(self, number: str) -> Response:
        """Send a text from a handset."""
        account = self._pages.account()
        handset = self._handsets.named(account, number)
        form = self._pages.form()
        body = self._pages.text("body")
        if len(body) > _TEXT_MAX:
            raise NotPossible(f"a text has {len(body)} characters", hint=f"a handset sends at most {_TEXT_MAX}")
        # The number that the page showed: another window may have chosen another meanwhile.
        to = form.get("to", "") or handset.texts
        self._pages.emulator.platform.receive(account, to=to, from_=handset.number, body=body)
        if form.get("from") == "presenter":
            kept = {_PASS: request.args.get(_PASS, ""), "title": _title()}
            return self._pages.to(f"/console/phones/{handset.number}", **kept)
        return self._to_phone(handset.number)

    def meter(self) -> Response:
        """The segment meter for a text that is being typed."""
        self._pages.account()
        return self._pages.fragment("meter", metered=self._pages.text("body"))

    def has_pass(self, asked: Request) -> bool:
        """Whether a request without the token is about the one phone that its pass is for, or for what is no secret."""
        if asked.path.startswith("/static/"):
            return True
        number = _phone_of(asked)
        try:
            account = self._pages.emulator.accounts.named(asked.args.get("account", ""))
        except NotFound:
            return False
        brought = asked.args.get(_PASS, "").encode(errors="replace")
        return bool(number) and hmac.compare_digest(brought, self._pass_for(account, number).encode())

    def _pass_for(self, account: Account, number: str) -> str:
        return self._pages.guard.sign(f"phone {number} of {account.username}")

    def _handset_url(self, account: Account, handset: Handset) -> str:
        query = urlencode({"account": account.username, _PASS: self._pass_for(account, handset.number)})
        return f"{self._network_url}/console/phones/{handset.number}?{query}"

    def _to_phone(self, number: str) -> Response:
        return self._pages.to("/", phone=number)

    def _conversation(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        handset = self._handsets.named(account, arguments.get("handset", ""))
        bubbles = self._handsets.conversation(account, handset.number)
        return {
            "handset": handset,
            "bubbles": bubbles,
            "several": len(account.sms_numbers()) > 1,
            "as_it_should_be": NOT_FORWARDED,
            "now": self._pages.emulator.platform.now(account),
        }

    def _handset(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        return {"handset": self._handsets.named(account, arguments.get("handset", ""))}

    def _change(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        return {
            "handset": self._handsets.named(account, arguments.get("handset", "")),
            "numbers": account.sms_numbers(),
            "several": len(self._handsets.of(account)) > 1,
        }

    def _others(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        return {"others": self._handsets.others(account)}

    def _roll(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Whether the page shows other phones than there are by now, and has to be asked for anew."""
        return {"outdated": arguments.get("shown", "") != _roll_of(self._handsets.of(account))}

    def _latest(self, account: Account, _arguments: Mapping[str, str]) -> dict[str, Any]:
        found = self._pages.emulator.platform.exchanges(account, limit=_LATEST).rows
        return {
            "exchanges": found,
            "what": what,
            "about": about,
            "answered": answered,
            "went_well": went_well,
        }


def _title() -> str:
    """What the presenter's page is headed with, where somebody has chosen that."""
    return request.args.get("title", "")[:_TITLE_MAX]


def _roll_of(handsets: Iterable[Handset]) -> str:
    return ".".join(handset.number for handset in handsets)


_LATEST = 10
_TITLE_MAX = 60
_TEXT_MAX = 10_000


_OF_A_PHONE = re.compile(r"/console/phones/([0-9]{11})(?:/texts)?")
_REGION = re.compile(r"(?:conversation|handset)\?handset=([0-9]{11})")


def _phone_of(asked: Request) -> str:
    """The one handset that the request is about, "" when it is about anything else."""
    if asked.path == "/console/live":
        found = {match and match[1] for match in map(_REGION.fullmatch, asked.args.getlist("region"))}
        return found.pop() or "" if len(found) == 1 else ""
    if asked.path == "/console/segments":
        match = re.fullmatch("([0-9]{11})", asked.args.get("handset", ""))
    else:
        match = _OF_A_PHONE.fullmatch(asked.path) if asked.path.endswith("/texts") or asked.method == "GET" else None
    return match[1] if match else ""


def _application(account: Account, number: str) -> str:
    """What answers texts to the number, in words."""
    url = account.numbers[number].application_url
    if url == "/demo":
        return "The demo application"
    # A room need not see a login or a key that is in it.
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}" if url else f"Nobody answers at {pretty(number)} yet"


@lru_cache(maxsize=64)
def _qr(url: str) -> Markup | None:
    """None for an address that no code can hold."""
    import segno  # late: most never need it; and a code takes a third of a second

    try:
        code = segno.make(url, micro=False)
    except segno.DataOverflowError:
        return None
    return Markup(code.svg_inline(border=3, scale=5, dark="#000", light="#fff", omitsize=True, svgclass="qr"))  # noqa: S704 # made of squares alone
