"""Keeps other sites' pages away from the control surface: by the Host that was asked for, and the Origin that asks."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from plum_emulator.errors import FromElsewhere

_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Lets through what comes from here. `allowed` are further host names that this emulator goes by."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(host.lower().strip("[]").removesuffix(".") for host in allowed)

    def check(self, request: Request) -> None:
        """Raises FromElsewhere, with the next step, for a request from elsewhere."""
        host = _host_of("//" + request.headers.get("Host", ""))
        if not self._is_ours(host):
            raise FromElsewhere(
                f"the control surface does not answer to the host name {host[:80]!r}",
                hint=f"start the emulator with --allow-host {host[:80] or 'NAME'}",
            )
        if request.method not in _SAFE and is_foreign(request):
            origin = request.headers["Origin"]
            raise FromElsewhere(f"a page of another site, {origin[:80]!r}, may not change anything here")

    def _is_ours(self, host: str) -> bool:
        if host in self._allowed or host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return False


def is_foreign(request: Request) -> bool:
    """Whether a page of another site asks. Programs send no Origin."""
    origin = request.headers.get("Origin")
    return origin is not None and _authority(origin) != request.host.lower()


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().removesuffix(".")
    except ValueError:
        return ""


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
