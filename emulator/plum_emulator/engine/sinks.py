"""Sinks: paths of the emulator itself that take whatever arrives, and answer as scripted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.store.store import Store
from plum_emulator.values import Values, shown

DELAY_MAX = 600
_PATH_MAX = 512
_PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a sink answers: these HTTP statuses in turn, the last one for ever, each after `delay` real seconds."""

    statuses: tuple[int, ...] = (200,)
    delay: float = 0.0
    body: str = ""
    content_type: str = _PLAIN

    def as_dict(self) -> dict[str, Any]:
        """As plain values, in the form in which it is read."""
        return {
            "statuses": list(self.statuses),
            "delay": self.delay,
            "body": self.body,
            "content_type": self.content_type,
        }


def read_script(value: object) -> Script:
    """A script as it was written. Raises NotPossible."""
    values = Values(value, ("statuses", "delay", "body", "content_type"))
    statuses = values["statuses"]
    if statuses is None:
        statuses = [200]
    if not isinstance(statuses, list) or not statuses or len(statuses) > 1000 or not all(map(_is_status, statuses)):
        raise NotPossible(
            f"'statuses' is {shown(statuses)}, but a list of HTTP statuses from 200 to 599 was expected",
            hint="for example [500, 500, 200]",
        )
    content_type = values.text("content_type") or _PLAIN
    if not content_type.isascii() or not content_type.isprintable():
        raise values.wrong("content_type", "a media type")
    return Script(
        statuses=tuple(statuses),
        delay=values.number("delay", most=DELAY_MAX) or 0.0,
        body=values.text("body", "") or "",
        content_type=content_type,
    )


def _is_status(value: object) -> bool:
    return type(value) is int and 200 <= value <= 599


class Sinks:
    """The sinks of every account."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def script(self, account: Account, path: str) -> Script:
        """What the path answers."""
        with self._store.reading():
            return read_script(self._store.sinks.script(account.id, path)[0])

    def put_script(self, account: Account, path: str, script: Script) -> None:
        """What the path answers from now on, from the first status on. Raises NotPossible."""
        if len(path) > _PATH_MAX:
            raise NotPossible(f"the path has {len(path)} characters", hint=f"at most {_PATH_MAX} are taken")
        with self._store.transaction():
            self._store.sinks.put_script(account.id, path, script.as_dict())

    def remove_script(self, account: Account, path: str) -> None:
        """The path answers 200 to everything again."""
        with self._store.transaction():
            self._store.sinks.delete(account.id, path)

    def answer(self, account: Account, path: str) -> tuple[int, Script]:
        """The status that is answered this time, and the script that it is from."""
        with self._store.reading():
            written, answered = self._store.sinks.script(account.id, path)
            if not written:
                return 200, Script()
            with self._store.transaction():
                self._store.sinks.answered(account.id, path)
            script = read_script(written)
            return script.statuses[min(answered, len(script.statuses) - 1)], script
