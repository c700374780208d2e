"""What the journal keeps of a request: its headers, without the password."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from plum_emulator.model.exchanges import Headers
from plum_emulator.web.gateway import HEADERS
from plum_emulator.wire.forms import read_basic


def kept_headers(environ: dict[str, Any]) -> Headers:
    """The request's headers as they are kept."""
    return _readable(tuple(environ[HEADERS]))


@lru_cache(maxsize=512)
def _readable(headers: tuple[tuple[bytes, bytes], ...]) -> Headers:
    return tuple(
        (
            name.decode("latin-1"),
            _login_only(value.decode("latin-1")) if name == b"authorization" else value.decode("latin-1"),
        )
        for name, value in headers
    )


def _login_only(authorization: str) -> str:
    login = read_basic(authorization)
    return f"Basic {login[0]}:***" if login else "***"
