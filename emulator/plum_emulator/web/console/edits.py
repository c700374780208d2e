"""Requests edited by hand before they are sent: what a form is filled with, and what it makes different."""

from __future__ import annotations

from flask import Response

from plum_emulator.engine.workbench import Edit
from plum_emulator.errors import NotPossible
from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.web.console.bodies import editable, with_lf
from plum_emulator.web.console.pages import Pages
from plum_emulator.wire.forms import Fields

TRAFFIC = "/console/traffic"
NUMBER = "<int(max=999999999999999999):number>"

_EDITABLE = 64 * 1024


def to_edit(body: bytes) -> str | None:
    """A body as its text field has it; None for one that is too long for that."""
    return editable(body) if len(body) <= _EDITABLE else None


def read_edit(form: Fields, *, url: str, body: bytes) -> Edit:
    """What the form makes different from this URL and body."""
    written, was = with_lf(form.get("body", "")), to_edit(body)
    changed = "body" in form and written != was
    return Edit(
        url=form["url"].strip() if "url" in form and form["url"] != url else None,
        body=(written.replace("\n", "\r\n") if b"\r\n" in body else written) if changed else None,
        headers=_headers(form.get("headers", "")),
    )


def _headers(text: str) -> Headers:
    """Headers, one on each line: `Name: value`."""
    lines = [line for line in with_lf(text).split("\n") if line.strip()]
    pairs = [line.partition(":") for line in lines]
    for line, (_, colon, _value) in zip(lines, pairs, strict=True):
        if not colon:
            raise NotPossible(f"{line[:40]!r} is not a header", hint="write one on each line, as in X-Retry: 1")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def to_exchange(pages: Pages, exchange: Exchange, *, replay_of: int | None = None) -> Response:
    """On to what came of it; of a request that was made once more, with its number."""
    return pages.to(f"{TRAFFIC}/{exchange.n}", **({} if replay_of is None else {"replay_of": str(replay_of)}))
