"""Requests that no account wanted: what was asked for, and what comes nearest to it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from plum_emulator.client import Json
from plum_emulator.values import did_you_mean

_SERVICES = ("queue", "status", "messages", "conversation")
_LOGIN = re.compile(r"Basic (.*):\*\*\*", re.DOTALL)


def unhandled_line(exchange: Json, username: str) -> str:
    """One request in a line, with its nearest match."""
    request = exchange["request"]
    return f"  {request['method']} {request['url']}: {exchange['outcome']}; {_nearest(request, username)}"


def _nearest(request: Json, username: str) -> str:
    service = urlsplit(request["url"]).path.removeprefix("/ws/sms/").partition(".")[0].partition("/")[0]
    if service not in _SERVICES:
        return did_you_mean(service, _SERVICES)
    login = next((value for name, value in request["headers"] if name.lower() == "authorization"), None)
    if login is None:
        return f"log in as {username!r}: plum.username and plum.password"
    match = _LOGIN.fullmatch(login)
    if match and match[1] == username:
        return "the login is right, and the password is not: plum.password"
    return f"this test's login is {username!r}: plum.username"
