"""Where message ids come from: 128 bits as 32 lower-case hex digits (clause 3).

An id follows from the seed, the account and the message's place in the account's own count, so that the same
operations give the same ids whatever the neighbours do.
"""

from __future__ import annotations

import hashlib
import secrets


class IdSource:
    """Ids of one emulator. `repeatable` when somebody chose the seed, and so expects the same ids again."""

    def __init__(self, seed: str, *, repeatable: bool = True) -> None:
        self.repeatable = repeatable
        self._key = hashlib.sha256(seed.encode()).digest()

    def message_id(self, account: str, count: int) -> str:
        """The id of the account's `count`-th message."""
        return hashlib.blake2b(f"{account}\0{count}".encode(), key=self._key, digest_size=16).hexdigest()


def any_seed() -> str:
    """A seed like no other."""
    return secrets.token_hex(16)
