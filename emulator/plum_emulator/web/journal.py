"""What the journal keeps of a request: its headers, without the password and without the emulator's own token."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from plum_emulator.model.exchanges import Headers
from plum_emulator.web.gateway import HEADERS
from plum_emulator.web.guard import COOKIE
from plum_emulator.wire.forms import read_basic


def kept_headers(environ: dict[str, Any]) -> Headers:
    """The request's headers as they are kept."""
    return _readable(tuple(environ[HEADERS]))


@lru_cache(maxsize=512)
def _readable(headers: tuple[tuple[bytes, bytes], ...]) -> Headers:
    return tuple(
        (name.decode("latin-1"), _UNTOLD.get(name, _as_it_is)(value.decode("latin-1"))) for name, value in headers
    )


def _as_it_is(value: str) -> str:
    return value


def _login_only(authorization: str) -> str:
    login = read_basic(authorization)
    return f"Basic {login[0]}:***" if login else "***"


def _without_token(cookies: str) -> str:
    return _TOKEN.sub(r"\1***", cookies)


def _without_token_in_it(url: str) -> str:
    return _TOKEN_IN_A_URL.sub(r"\1***", url)


_TOKEN = re.compile(rf"({COOKIE}(?:_[0-9]+)?\s*=)[^;]*")
_TOKEN_IN_A_URL = re.compile(r"([?&]token=)[^&#]*")
_UNTOLD = {
    b"authorization": _login_only,
    b"proxy-authorization": _login_only,
    b"cookie": _without_token,
    b"referer": _without_token_in_it,  # of a page that was opened with the token in its address
}
