"""What an application hears when its message could not be kept: never of a success."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from helpers.caller import Caller
from helpers.failing import Trap
from helpers.house import HANDSET, MINE, House

FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello"}


@dataclass(frozen=True)
class _Shaky:
    """An emulator on a database that can be made to fail. Commits come a turn of the loop later, as in the server."""

    trap: Trap
    house: House
    caller: Caller


@pytest.fixture
def shaky() -> Iterator[_Shaky]:
    def soon(work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(work)

    trap = Trap()
    house = House(connect=trap.connect, soon=soon)
    caller = Caller(house)
    yield _Shaky(trap, house, caller)
    caller.close()
    house.close()


@pytest.mark.parametrize("format_", ["json", "xml"])
@pytest.mark.parametrize("body", ["Hello", "x" * 400], ids=["one part", "three parts"])
def test_success_is_heard_exactly_when_the_message_is_kept(shaky: _Shaky, format_: str, body: str) -> None:
    """Whichever statement fails, the commit too: all parts are in the log, or the application hears of the failure."""
    n, kept, answers = 0, 0, set()
    while n == 0 or shaky.trap.sprung:
        n += 1
        shaky.trap.arm(n)
        heard = shaky.caller.queue({**FIELDS, "body": body}, format_=format_)
        shaky.trap.disarm()
        kept += len(heard.rows) if heard.status == 200 else 0
        assert len(shaky.caller.get("/ws/sms/messages.json").rows) == kept
        answers.add((heard.status, heard.error))
    assert answers == {(200, ""), (500, "Error sending sms request")}
    assert n > 3


def test_watchers_hear_nothing_of_a_lost_message(shaky: _Shaky) -> None:
    n = 0
    while n == 0 or shaky.trap.sprung:
        n += 1
        told = len(shaky.house.events)
        shaky.trap.arm(n)
        heard = shaky.caller.queue(FIELDS)
        shaky.trap.disarm()
        assert len(shaky.house.events) - told == (heard.status == 200)


def test_the_journal_keeps_what_the_application_heard(shaky: _Shaky) -> None:
    n = 0
    while n == 0 or shaky.trap.sprung:
        n += 1
        shaky.trap.arm(n)
        heard = shaky.caller.queue(FIELDS)
        shaky.trap.disarm()
        newest = shaky.caller.get("/_plum/exchanges?limit=1").values["exchanges"][0]
        assert (newest["n"], newest["answer"]["status"]) == (n, heard.status)
        assert newest["answer"]["body"] == heard.body.decode()
        assert (newest["outcome"] == "ok") == (heard.status == 200)
