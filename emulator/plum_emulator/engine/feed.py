"""Tells watchers what has happened, after it has been committed. Watchers never change what happens."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from plum_emulator.model.messages import Message

Kind = Literal["status", "callback", "answer", "text", "reset"]
_KEPT = 2000
_log = logging.getLogger("plum_emulator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to an account."""

    account: int
    at: int
    kind: Kind
    message: Message | None = None
    data: dict[str, Any] = field(default_factory=dict)


Watcher = Callable[[int, Event], None]


class Feed:
    """Events in their order, each with a number; the last few are kept for those who come late."""

    def __init__(self) -> None:
        self._count = 0
        self._recent: deque[tuple[int, Event]] = deque(maxlen=_KEPT)
        self._watchers: list[Watcher] = []

    @property
    def count(self) -> int:
        """The number of the newest event."""
        return self._count

    def publish(self, event: Event) -> None:
        """Tell everybody who watches. Called by one thread at a time."""
        self._count += 1
        self._recent.append((self._count, event))
        for watcher in self._watchers:
            try:
                watcher(self._count, event)
            except Exception:  # what has happened has happened: the others are told, and the work goes on
                _log.exception("a watcher failed")

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` for each event from now on, in the publisher's thread. The result ends it."""
        self._watchers = [*self._watchers, watcher]

        def end() -> None:
            self._watchers = [other for other in self._watchers if other is not watcher]

        return end

    def since(self, number: int) -> list[tuple[int, Event]]:
        """The kept events after this number."""
        return [numbered for numbered in list(self._recent) if numbered[0] > number]
