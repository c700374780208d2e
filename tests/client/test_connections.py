"""Connections that are kept for the next call."""

from __future__ import annotations

import copy
import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plum_emulator.client import Client
from plum_emulator.errors import ServerUnreachable

HEALTHY = b'{"status": "ok"}'
KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + HEALTHY
CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 16\r\n\r\n" + HEALTHY
CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + HEALTHY


class Counting:
    """A server that answers one thing again and again. It counts its connections, and what was asked over each."""

    def __init__(self, listening: socket.socket, answer: bytes, hangs_up: bool) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.asked: list[int] = []
        self.hung_up = threading.Event()
        self._listening = listening
        self._answer = answer
        self._hangs_up = hangs_up
        self._threads: list[threading.Thread] = []

    def accept(self) -> None:
        """Take connections until the socket is shut down."""
        while True:
            try:
                connection = self._listening.accept()[0]
            except OSError:
                break
            self.asked.append(0)
            thread = threading.Thread(target=self._serve, args=(connection, len(self.asked) - 1))
            thread.start()
            self._threads.append(thread)
        for thread in self._threads:
            thread.join()

    def _serve(self, connection: socket.socket, place: int) -> None:
        with connection:
            while connection.recv(65536):
                self.asked[place] += 1
                connection.sendall(self._answer)
                if self._hangs_up:
                    break
        self.hung_up.set()


@contextmanager
def counting(answer: bytes = KEPT, *, hangs_up: bool = False) -> Iterator[Counting]:
    """Such a server; every client has to be closed before its end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Counting(listening, answer, hangs_up)
        thread = threading.Thread(target=server.accept)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_calls_one_after_the_other_share_a_connection() -> None:
    with counting() as server:
        client = Client(url=server.url)
        for _ in range(3):
            assert client.health() == {"status": "ok"}
        client.close()
    assert server.asked == [3]


def test_a_closed_client_opens_a_connection_again() -> None:
    with counting() as server:
        client = Client(url=server.url)
        for _ in range(2):
            client.health()
            client.close()
    assert server.asked == [1, 1]


def test_a_client_that_nobody_has_any_more_leaves_no_connection_open() -> None:
    """The server sees the end: it would wait for it otherwise."""
    with counting() as server:
        Client(url=server.url).health()
        assert server.hung_up.wait(15)


def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    """Nothing is sent twice for it, and nothing fails."""
    with counting(hangs_up=True) as server:
        client = Client(url=server.url)
        for _ in range(2):
            client.health()
            assert server.hung_up.wait(15)
            server.hung_up.clear()
        client.close()
    assert server.asked == [1, 1]


def test_a_connection_that_serves_no_more_is_closed() -> None:
    """The answer says so."""
    with counting(CLOSED) as server:
        client = Client(url=server.url)
        for _ in range(2):
            client.health()
        client.close()
    assert server.asked == [1, 1]


def test_an_answer_that_is_cut_short_leaves_no_connection() -> None:
    with counting(CUT_SHORT, hangs_up=True) as server:
        client = Client(url=server.url)
        for _ in range(2):
            with pytest.raises(ServerUnreachable):
                client.health()
    assert server.asked == [1, 1]


def test_threads_that_call_at_once_have_a_connection_each() -> None:
    """Each gets the answer to its own question."""
    with counting() as server:
        client = Client(url=server.url)
        together = threading.Barrier(4)

        def call() -> None:
            together.wait(15)
            for _ in range(20):
                assert client.health() == {"status": "ok"}

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert (sum(server.asked), len(server.asked) <= 4) == (80, True)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda client: pickle.loads(pickle.dumps(client))])  # noqa: S301
def test_a_copy_has_connections_of_its_own(again: object) -> None:
    assert callable(again)
    with counting() as server:
        client = Client(url=server.url)
        client.health()
        other = again(client)
        assert other == client
        other.health()
        client.health()
        client.close()
        other.close()
    assert server.asked == [2, 1]
