"""Everything that can be chosen when an emulator starts, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7586
DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
ENVIRONMENT_PREFIX = "PLUM_EMULATOR_"

REQUEST_BODY_LIMIT = 1024 * 1024
IMPORT_LIMIT = 256 * 1024 * 1024
ANSWER_BODY_LIMIT = 1024 * 1024


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
    callback_timeout: float = 10.0
    application_timeout: float = 15.0
    callback_attempts: int = 1
    callback_backoff: float = 1.0
