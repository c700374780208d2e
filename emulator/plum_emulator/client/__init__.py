"""A client of a running emulator. It speaks only HTTP, so what it can do, a test in any language can do.

One module for each subject of the control surface; `calls` makes the requests, `lines` shows answers to people.
"""

from __future__ import annotations

from plum_emulator.client.accounts import AccountCalls, Lease
from plum_emulator.client.callbacks import CallbackCalls
from plum_emulator.client.calls import Json
from plum_emulator.client.failures import BadCall, ExpectationFailed
from plum_emulator.client.rules import RuleCalls
from plum_emulator.client.snapshots import SnapshotCalls
from plum_emulator.client.texts import TextCalls
from plum_emulator.client.time import TimeCalls

__all__ = ["BadCall", "Client", "ExpectationFailed", "Json", "Lease"]


class Client(TextCalls, TimeCalls, AccountCalls, RuleCalls, CallbackCalls, SnapshotCalls):
    """Calls one emulator as one account. Raises ServerUnreachable when nothing answers there, and CallFailed,
    with the emulator's own words, when it says no: BadCall when the call is to be mended, ExpectationFailed when
    an expectation does not hold.

    `token` is what an emulator on another machine wants to see; it prints it when it starts.
    `timeout` is how many seconds an answer may take, beside the time that a call asks for itself; None is for ever.
    Connections are kept and used again. A client may be used by several threads, and may be copied and pickled.
    """

    __slots__ = ()
