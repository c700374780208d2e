"""Where message ids come from: 128 bits as 32 lower-case hex digits (clause 3).

An id follows from the seed, the account and the message's place in the account's own count, so that the same
operations give the same ids whatever the neighbours do.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache


class IdSource:
    """Ids of one emulator. `repeatable` when somebody chose the seed, and so expects the same ids again.

    An account with a seed of its own has the ids that follow from that, whatever its login and the emulator's seed.
    """

    def __init__(self, seed: str, *, repeatable: bool = True) -> None:
        self.repeatable = repeatable
        self._key = _key(seed)

    def message_id(self, account: str, count: int, *, own_seed: str = "") -> str:
        """The id of the account's `count`-th message."""
        key, name = (_key(own_seed), "") if own_seed else (self._key, account)
        return hashlib.blake2b(f"{name}\0{count}".encode(), key=key, digest_size=16).hexdigest()

    def derived(self, what: str, account: str, *, own_seed: str = "") -> str:
        """32 hex digits for something else that is to be the same again: chances, phone numbers."""
        key, name = (_key(own_seed), "") if own_seed else (self._key, account)
        return hashlib.blake2b(f"{what}\0{name}".encode(), key=key, digest_size=16).hexdigest()


@lru_cache(maxsize=1024)
def _key(seed: str) -> bytes:
    return hashlib.sha256(seed.encode()).digest()


def any_seed() -> str:
    """A seed like no other."""
    return secrets.token_hex(16)
