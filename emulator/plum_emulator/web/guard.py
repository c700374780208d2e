"""Who may come to the control surface and the pages: this machine, and from elsewhere who brings the token.

This machine is known by the address that asks, and the Host that was asked for keeps other sites' pages away from it;
from wherever it is, the page that asks for a change has to be one of ours.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from flask import Response, render_template
from werkzeug.wrappers import Request

from plum_emulator.errors import FromElsewhere
from plum_emulator.web.later import json_answer

COOKIE = "plum_emulator_token"
SAFE = ("GET", "HEAD", "OPTIONS")

_CONTROL = "/_plum/"
_SINKS = "/_plum/sink/"
_PASSED_ON = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_UNKEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_NEEDED = "a request from another machine, or through a proxy, needs the emulator's token"
_SHOWN = "its banner shows it: send it as Authorization: Bearer TOKEN, or open the banner's network address"
_NONE = "give the emulator one when it starts: plum-emulator serve --token TOKEN"


def _nobody(_request: Request) -> bool:
    return False


class Guard:
    """Lets through who may come. `allowed` are further host names that this emulator goes by.

    Without a token nobody comes from elsewhere.
    """

    def __init__(self, allowed: tuple[str, ...], *, token: str = "") -> None:
        self._allowed = frozenset(host.lower().strip("[]").removesuffix(".") for host in allowed)
        self._token = token
        self._key = token.encode() or secrets.token_bytes(32)  # what is signed with no key, anybody could have signed

    def check(self, request: Request, *, also: Callable[[Request], bool] = _nobody) -> Response | None:
        """None when the request may go on, else the answer in its place. Raises FromElsewhere, with the next step.

        `also` says whether a request from elsewhere without the token has another pass, good for what it asks for.
        """
        local = is_local(request.environ)
        if local and not self._is_known(request):
            host = _host_of(request)
            raise FromElsewhere(
                f"the control surface does not answer to the host name {host[:80]!r}",
                hint=f"start the emulator with --allow-host {host[:80] or 'NAME'}",
            )
        if self._is_in_the_address(request):
            return self._remembered(request)
        if not (local or self._brings_token(request) or also(request)):
            return self._unknown(request)
        check_origin(request)
        return None

    def may_ask_services(self, request: Request) -> bool:
        """Whether it is no page that asks, or a page of ours. A name that somebody made resolve to here is not ours."""
        if "Origin" not in request.headers:
            return True
        return not is_foreign(request) and (self._is_known(request) or self._brings_token(request))

    def knows(self, request: Request) -> bool:
        """Whether it comes from this machine, by a name of it, or brings the token: then it may do everything."""
        return self._is_known(request) if is_local(request.environ) else self._brings_token(request)

    def trusts(self, environ: dict[str, Any]) -> bool:
        """The same, of a request whose body has not come yet."""
        return self.knows(Request(environ))

    def sign(self, text: str) -> str:
        """32 hex digits that nobody can make of the text without the token."""
        return hmac.new(self._key, text.encode(errors="surrogatepass"), "sha256").hexdigest()[:32]

    def _is_known(self, request: Request) -> bool:
        host = _host_of(request)
        own = _address(request.environ["SERVER_NAME"])
        return self._is_ours(host) or (own is not None and own == _address(host))

    def _is_ours(self, host: str) -> bool:
        if host in self._allowed or host == "localhost" or host.endswith(".localhost"):
            return True
        return _is_loopback(host)

    def _brings_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return True
        return any(self._is_token(given) for given in request.cookies.getlist(_cookie_for(request)))

    def _is_in_the_address(self, request: Request) -> bool:
        """Whether it is a page that was opened with `?token=`, as the banner has it."""
        is_page = request.method == "GET" and not request.path.startswith(_CONTROL)
        return is_page and any(self._is_token(given) for given in request.args.getlist("token"))

    def _is_token(self, given: str) -> bool:
        return bool(self._token) and hmac.compare_digest(given.encode(errors="surrogatepass"), self._token.encode())

    def _remembered(self, request: Request) -> Response:
        """To the same page, without the token in its address: there it would stay in histories and be passed on."""
        answer = Response(status=303, headers={**_UNKEPT, "Location": _without_token(request.environ["REQUEST_URI"])})
        # Not Strict: what another application opened, one that reads QR codes say, would not bring the cookie along.
        answer.set_cookie(_cookie_for(request), self._token, httponly=True, samesite="Lax", path="/")
        return answer

    def _unknown(self, request: Request) -> Response:
        hint = _SHOWN if self._token else _NONE
        if request.path.startswith(_CONTROL):
            answer = json_answer({"error": _NEEDED, "hint": hint}, 401)
        else:
            page = render_template("token.html", error=_NEEDED, hint=hint)
            answer = Response(page, 401, {**_UNKEPT, "Content-Security-Policy": _POLICY})
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def check_origin(request: Request) -> None:
    """Raises FromElsewhere when a page of another site asks for a change, whatever else it brings."""
    if request.method not in SAFE and is_foreign(request):
        origin = request.headers["Origin"]
        raise FromElsewhere(f"a page of another site, {origin[:80]!r}, may not change anything here")
    # To a sink, a GET is a change as well: it takes the next of the scripted answers.
    if request.path.startswith(_SINKS) and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise FromElsewhere("a page of another site may not change anything here")


def is_foreign(request: Request) -> bool:
    """Whether a page of another site asks. Programs send no Origin."""
    origin = request.headers.get("Origin")
    return origin is not None and _authority(origin) != request.host.lower()


def is_local(environ: Mapping[str, Any]) -> bool:
    """Whether a request comes from this machine, and no proxy says that it has passed it on."""
    if any(name in environ for name in _PASSED_ON):
        return False
    # The emulator itself posts to its sinks, and a sink's URL may lead it there over the network's address. Nobody
    # else can have the very address that he calls.
    is_own_post = environ["REMOTE_ADDR"] == environ["SERVER_NAME"] and environ["PATH_INFO"].startswith(_SINKS)
    return is_own_post or _is_loopback(environ["REMOTE_ADDR"])


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # On a socket for both families, IPv4 comes in the clothes of IPv6.
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _without_token(uri: str) -> str:
    path, _, query = uri.partition("?")
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) != "token"]
    # Two slashes at the beginning would name another host.
    return "/" + path.lstrip("/\\") + ("?" if any(kept) else "") + "&".join(kept)


def _cookie_for(request: Request) -> str:
    """Its name says at which port: a browser has one jar for all servers of a host, and there may be two emulators."""
    try:
        port = urlsplit("//" + request.headers.get("Host", "")).port
    except ValueError:
        port = None
    return f"{COOKIE}_{port}" if port else COOKIE


def _host_of(request: Request) -> str:
    try:
        return (urlsplit("//" + request.headers.get("Host", "")).hostname or "").lower().removesuffix(".")
    except ValueError:
        return ""


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
