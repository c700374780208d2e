"""Connections that are kept for the next call, so that many small calls cost no handshake each."""

from __future__ import annotations

import http.client
import os
import socket
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from plum_emulator.clock import stopwatch

_MOST = 8
_KEPT_FOR = 30_000  # milliseconds; the emulator closes after 75 seconds


class Connections:
    """Connections to one emulator that nobody uses just now. Threads may share it; a copy of it is empty."""

    def __init__(self) -> None:
        self._idle: deque[_Idle] = deque()
        # Not __del__: the collector of cycles might come to the sockets first, and complain of them.
        weakref.finalize(self, _close, self._idle)

    def take(self) -> http.client.HTTPConnection | None:
        """One over which the emulator can still be asked, if there is one."""
        while True:
            try:
                idle = self._idle.pop()
            except IndexError:
                return None
            if idle.usable():
                return idle.connection
            idle.connection.close()

    def keep(self, connection: http.client.HTTPConnection) -> None:
        """Keep one whose last answer was read to its end. Closes it when it cannot serve again."""
        if connection.sock is None or len(self._idle) >= _MOST:
            connection.close()
            return
        self._idle.append(_Idle(connection, os.getpid(), stopwatch()))

    def close(self) -> None:
        """Close them all."""
        _close(self._idle)

    def __reduce__(self) -> tuple[type[Connections], tuple[()]]:
        return Connections, ()


@dataclass(frozen=True, slots=True)
class _Idle:
    connection: http.client.HTTPConnection
    process: int
    age: Callable[[], float]

    def usable(self) -> bool:
        """Whether it is ours, not a parent process's, and neither end has closed it."""
        return self.process == os.getpid() and self.age() < _KEPT_FOR and _is_quiet(self.connection.sock)


def _close(idle: deque[_Idle]) -> None:
    while idle:
        idle.pop().connection.close()


def _is_quiet(connection: socket.socket) -> bool:
    """Whether nothing has come: neither bytes, which nobody asked for, nor the end."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
