"""An account's events, heard with `requests` as a browser's EventSource would hear them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from helpers.leases import DEADLINE, Leased


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event."""

    id: int
    event: str
    data: dict[str, Any]


@contextmanager
def events(account: Leased, *, after: int | None = None) -> Iterator[Iterator[Told]]:
    """The account's events from now on, or those after the one with this id; it listens when the block begins."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with requests.Session() as session:
        session.trust_env = False
        url, params = f"{account.url}/_plum/events", {"account": account.username}
        with session.get(url, params=params, headers=headers, stream=True, timeout=DEADLINE) as answer:
            assert answer.status_code == 200, answer.text
            lines = answer.iter_lines(chunk_size=None)
            assert next(lines) == b": listening"
            yield _events(lines)


def _events(lines: Iterator[bytes]) -> Iterator[Told]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode().partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield Told(id=int(fields["id"]), event=fields["event"], data=json.loads(fields["data"]))
            fields = {}
