"""Snapshots of the account, and exports for other people's tools."""

from __future__ import annotations

from typing import Literal

from plum_emulator.client.calls import Calls, Json, in_path


class SnapshotCalls(Calls):
    """What was put aside, and what is carried away."""

    __slots__ = ()

    def snapshots(self) -> list[Json]:
        """The account's snapshots, oldest first."""
        found: list[Json] = self._control("GET", "/snapshots")["snapshots"]
        return found

    def save(self, name: str) -> Json:
        """Put everything that the account owns aside under this name."""
        return self._control("PUT", _of(name))

    def restore(self, name: str) -> Json:
        """Make the account what it was then; with the `cursor` to go on from."""
        return self._control("POST", f"{_of(name)}/restore")

    def delete(self, name: str) -> None:
        """Forget a snapshot."""
        self._control("DELETE", _of(name))

    def export(self, format: Literal["har", "jsonl", "csv"] = "har") -> bytes:  # noqa: A002 # the parameter's name
        """The journal, oldest first: as HAR, JSON lines or CSV."""
        return self._asked("GET", "/export", query={"format": format}).body

    def export_messages(self, format: Literal["jsonl", "csv"] = "jsonl") -> bytes:  # noqa: A002 # the same
        """The messages, oldest first: as JSON lines or CSV."""
        return self._asked("GET", "/export/messages", query={"format": format}).body


def _of(name: str) -> str:
    return f"/snapshots/{in_path(name)}"
