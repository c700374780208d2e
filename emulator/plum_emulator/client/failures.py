"""How a call can fail, beside the failures that every part of the emulator knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plum_emulator.client.lines import event_line, in_one_line, item_line
from plum_emulator.errors import CallFailed

_KINDS = ("messages", "callbacks", "inbound")


class BadCall(CallFailed):
    """The emulator was asked for something that cannot be, or is not there: the call is to be mended."""

    exit_code = 2


class ExpectationFailed(CallFailed):
    """What was expected has not come. `details` is the whole answer; as a string it is told in several lines."""

    def __init__(self, message: str, *, hint: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.details = details or {}

    @property
    def misses(self) -> list[dict[str, Any]]:
        """What came nearest: each an item, and the fields in which it differs."""
        return list(self.details.get("misses", ()))

    @property
    def timeline(self) -> list[dict[str, Any]]:
        """What happened last, oldest first."""
        return list(self.details.get("timeline", ()))

    def lines(self) -> list[str]:
        """What came nearest, or came at all, and what happened last, for people."""
        lines = [*self.nearest(), "what happened:" if self.timeline else "nothing has happened"]
        lines += [f"  {event_line(event)}" for event in self.timeline]
        return [in_one_line(line) for line in lines]

    def nearest(self) -> Iterator[str]:
        """What came nearest, or came at all, in lines for people."""
        came = [] if self.misses else [item for kind in _KINDS for item in self.details.get(kind, ())]
        yield "nearest:" if self.misses else "what came:" if came else "nothing came"
        for miss in self.misses:
            yield f"  {item_line(miss['item'])}"
            yield from (f"    {each['field']}: wanted {each['wanted']}, seen {each['seen']}" for each in miss["fields"])
        yield from (f"  {item_line(item)}" for item in came)

    def __str__(self) -> str:
        return "\n".join((in_one_line(self.message), *self.lines()))
