"""Which URLs the emulator can post to (clauses 4 and 7)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_URL_MAX = 2048


def url_problem(url: str) -> str | None:
    """Why the emulator could not post to this URL, or None when it could."""
    if len(url) > _URL_MAX:
        return f"the URL has {len(url)} characters; at most {_URL_MAX} are taken"
    return _problem(url)


@lru_cache(maxsize=1024)
def _problem(url: str) -> str | None:
    if _BLANK_OR_CONTROL.search(url):
        return "the URL has a blank or a control character in it; write %20 for a blank"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"the URL cannot be read: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "an http:// or https:// URL with a host was expected"
    return None


def application_problem(url: str) -> str | None:
    """The same for an Application URL, which may be empty, or begin with / for the emulator itself."""
    if not url:
        return None
    if is_own(url):
        return url_problem("http://emulator" + url)
    return url_problem(url)


def is_own(url: str) -> bool:
    """Whether the URL means a path of the emulator itself, wherever it listens."""
    return url.startswith("/") and not url.startswith("//")
