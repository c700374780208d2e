"""Tells watchers what has happened, after it has been committed. Watchers never change what happens."""

from __future__ import annotations

import logging
from collections.abc import Callable

from plum_emulator.model.events import Event

_log = logging.getLogger("plum_emulator")

Watcher = Callable[[int, Event], None]


class Feed:
    """Events in their order, each with a number above `count`. `keep` puts each into the log of events."""

    def __init__(self, *, count: int = 0, keep: Watcher = lambda _number, _event: None) -> None:
        self._count = count
        self._keep = keep
        self._of_all: list[Watcher] = []
        self._of_account: dict[int, list[Watcher]] = {}

    @property
    def count(self) -> int:
        """The number of the newest event."""
        return self._count

    def publish(self, event: Event) -> None:
        """Tell everybody who watches. Called by one thread at a time."""
        self._count += 1
        if event.kind != "end":  # what has ended has no log
            self._keep(self._count, event)
        for watcher in (*self._of_all, *self._of_account.get(event.account, ())):
            try:
                watcher(self._count, event)
            except Exception:  # what has happened has happened: the others are told, and the work goes on
                _log.exception("a watcher failed")

    def watch(self, watcher: Watcher, *, account: int | None = None) -> Callable[[], None]:
        """Call `watcher` for each event from now on, or for each of one account, in the publisher's thread.

        The result ends it.
        """
        if account is None:
            self._of_all = [*self._of_all, watcher]
        else:
            self._of_account[account] = [*self._of_account.get(account, ()), watcher]

        def end() -> None:
            self._of_all = [other for other in self._of_all if other is not watcher]
            if account is not None:
                others = [other for other in self._of_account.get(account, ()) if other is not watcher]
                if others:
                    self._of_account[account] = others
                else:
                    self._of_account.pop(account, None)

        return end
