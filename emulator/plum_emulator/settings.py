"""Everything that can be chosen when an emulator starts, in one frozen value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from plum_emulator.errors import SettingsError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7586
DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
ENVIRONMENT_PREFIX = "PLUM_EMULATOR_"

REQUEST_BODY_LIMIT = 1024 * 1024
IMPORT_LIMIT = 256 * 1024 * 1024
ANSWER_BODY_LIMIT = 1024 * 1024

_TOKEN = re.compile(r"[!-~]{16,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one emulator behaves. Durations are seconds."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    database: Path | None = None
    accounts: Path | None = None
    seed: str | None = None
    clock: str = "real"
    soak: bool = False
    sent_after: float = 1.0
    received_after: float = 2.0
    egress: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    token: str = ""
    callback_timeout: float = 10.0
    application_timeout: float = 15.0
    callback_attempts: int = 1
    callback_backoff: float = 1.0


def checked_token(token: str) -> str:
    """The token, if it guards and a header can hold it. Raises SettingsError, which does not show it."""
    if not _TOKEN.fullmatch(token):
        raise SettingsError(
            "a token has 16 to 256 characters, visible ones of ASCII and no blanks",
            hint="make one with: python -c 'import secrets; print(secrets.token_urlsafe(24))'",
        )
    return token
