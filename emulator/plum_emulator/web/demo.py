"""The built-in demo application at `/demo`: an Application URL for people who have none yet.

It is an application like any other: it gets Plum's form and answers with XML, over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request

from plum_emulator.model.texts import keyword
from plum_emulator.web.gateway import BODY
from plum_emulator.wire.forms import read_form

_MENU = "This is the demo application. Text HELLO, TWICE, LONG, BROKEN or NOTHING, or anything else."
_ECHO = "You said: "
_LONG = "Words upon words. " * 12


def blueprint() -> Blueprint:
    """The Flask side of it."""
    demo = Blueprint("demo", __name__)
    demo.add_url_rule("/demo", view_func=answer, methods=["GET", "POST"])
    return demo


def answer() -> Response:
    """The answer to one inbound message. The carrier has answered a keyword already."""
    if request.method == "GET":
        return Response("The demo application: post an inbound message here.\n", content_type="text/plain")
    fields = read_form(request.environ[BODY], request.headers.get("Content-Type", ""))
    body = fields.get("body", "")
    document = _reply() if keyword(body) else _ANSWERS.get(body.strip().upper(), _echo)(body)
    return Response(document, content_type="text/xml; charset=utf-8")


def _reply(*texts: str) -> str:
    messages = "".join(f"<sms_message>{escape(text)}</sms_message>" for text in texts)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<reply>{messages}</reply>\n'


def _echo(body: str) -> str:
    if body.startswith(_ECHO):  # from another demo application: the two would go on for ever
        return _reply()
    readable = "".join(character if character.isprintable() else "\ufffd" for character in body)
    return _reply(f"{_ECHO}{readable[:100]}. Text MENU to see what I know.")


_ANSWERS: dict[str, Callable[[str], str]] = {
    "HELLO": lambda _body: _reply("Hello! Text MENU to see what I know."),
    "MENU": lambda _body: _reply(_MENU),
    "TWICE": lambda _body: _reply("One.", "Two."),
    "LONG": lambda _body: _reply(_LONG.strip()),
    "BROKEN": lambda _body: "<reply>\n  <sms>This is not what the schema says.</sms>\n</reply>\n",
    "NOTHING": lambda _body: _reply(),
}
