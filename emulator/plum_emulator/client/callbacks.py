"""The workbench for callbacks: hold, release, edit, duplicate, drop, replay; and the sink, which takes anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from plum_emulator.client.calls import Calls, Json, given, in_path


class CallbackCalls(Calls):
    """The account's callbacks, under your hands."""

    __slots__ = ()

    def callbacks(self) -> Json:
        """Whether callbacks are held: `hold`; those that have not ended: `pending`; the newest `attempts`."""
        return self._control("GET", "/callbacks")

    def hold(self, *, timeout: float | None = None) -> Json:
        """Hold callbacks back from now on; each for so many seconds of the account's time at the most."""
        return self._control("PUT", "/callbacks", {"hold": True, **given(timeout=timeout)})

    def let_go(self) -> Json:
        """Hold nothing back any more. What is held stays so until it is released."""
        return self._control("PUT", "/callbacks", {"hold": False})

    def release(
        self,
        ids: int | Sequence[int] | None = None,
        *,
        url: str | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[Json]:
        """Send held callbacks now, in the order of `ids`, or all; the exchanges. A single one may be edited."""
        edit = given(url=url, body=body, headers=headers)
        if edit and not isinstance(ids, int):
            raise ValueError("one callback is edited at a time: release(3, body=…)")
        if isinstance(ids, int):
            path, value = f"{_of(ids)}/release", edit
        else:
            path, value = "/callbacks/release", {} if ids is None else {"ids": list(ids)}
        sent: list[Json] = self._control("POST", path, value, waits=None)["callbacks"]
        return sent

    def duplicate(self, id_: int) -> Json:
        """Hold another callback that says the same."""
        return self._control("POST", f"{_of(id_)}/duplicate")

    def drop(self, id_: int) -> None:
        """Never send this callback."""
        self._control("DELETE", _of(id_))

    def replay(
        self, n: int, *, url: str | None = None, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        """Make a callback or an inbound post of the journal again, as it was or edited; the exchange."""
        edit = given(url=url, body=body, headers=headers)
        return self._control("POST", f"/exchanges/{in_path(n)}/replay", edit, waits=None)

    def sink_url(self, path: str = "results") -> str:
        """A URL that takes everything and keeps it, for who has no application yet."""
        account = urlencode({"account": self.username}, errors="surrogateescape")
        return f"{self.url.rstrip('/')}/_plum/sink/{in_path(path, safe='/')}?{account}"

    def sink(self, path: str = "results", *, limit: int | None = None) -> Json:
        """What arrived at the path, newest first: `arrived`; and what it answers: `script`."""
        return self._control("GET", _sink(path), query=given(limit=limit))

    def script_sink(
        self,
        path: str = "results",
        *,
        statuses: Sequence[int] | None = None,
        delay: float | None = None,
        body: str | None = None,
        content_type: str | None = None,
    ) -> Json:
        """Script what the path answers: HTTP statuses in turn, the last one again and again; a delay; a body."""
        listed = None if statuses is None else list(statuses)
        value = given(statuses=listed, delay=delay, body=body, content_type=content_type)
        return self._control("PUT", _sink(path), value)

    def clear_sink(self, path: str = "results") -> Json:
        """The path answers 200 to everything again."""
        return self._control("DELETE", _sink(path))


def _of(id_: int) -> str:
    return f"/callbacks/{in_path(id_)}"


def _sink(path: str) -> str:
    return f"/sinks/{in_path(path, safe='/')}"
