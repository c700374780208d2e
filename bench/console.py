"""What open pages cost the services: fifty of them, while a hundred messages a second live their lives."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

from bench import load, processes
from bench.calls import Caller, Request, asked, control, queued
from bench.effort import Effort
from bench.report import Group, Row, at_least, median_and_range, number, ratios

_HOW = """\
{pages} pages are open, ten each of the phones, one phone, the message log, the traffic and the clock: each is a stream
of server-sent events that is read to its end. A client queues {pace} messages a second, which are sent and received
within a second. Meanwhile a service is put under full load by {generator}, {seconds} s a round, {rounds} rounds without
pages and with them, in turns; the ratio is taken inside one round. While nothing but the {pace} messages a second goes
on, an update reached a page every {every:.2f} s, and a text that came was on it {late:.0f} ms later (median of
{looks})."""

_PAGES, _PACE = 50, 100
_ADDRESSES = ("/", "/console/phones/13035550100", "/console/logs", "/console/traffic", "/console/clock")
_LIVE = re.compile(rb'data-live="([^"]+)"')
_SETTLED = 1.0


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of pages that are open."""
    options = ("--sent-after", "0.3", "--received-after", "0.3")
    with processes.emulator(*options, database=folder / "console.db") as emulator, _messages(emulator.port):
        with Caller(emulator.port) as caller:
            [message] = caller.messages(queued(0))
            status = asked("/ws/sms/status.json", sms_message_id=message["sms_message_id"])
        contenders = {"status": [status], "queue": [queued(place) for place in range(50)]}
        every, late = _freshness(emulator.port, looks=effort.pages)
        loads = {name: _rounds(emulator.port, name, requests, effort) for name, requests in contenders.items()}
    return Group(
        title="Open pages",
        how=_HOW.format(
            pages=_PAGES,
            pace=_PACE,
            generator=load.generator(),
            seconds=effort.load_seconds,
            rounds=effort.rounds,
            every=every,
            late=late,
            looks=effort.pages,
        ),
        columns=("service", "requests/s without pages", "with 50 pages", "of that", "p50 ms", "p50 ms with pages"),
        rows=[_row(name, *both) for name, both in loads.items()],
        aims=[
            at_least(
                "status with 50 open pages and 100 messages a second, of the same without pages",
                statistics.median(_kept(*loads["status"])),
                0.9,
            ),
        ]
        if load.is_fair()
        else [],
    )


def _row(name: str, without: list[load.Load], with_pages: list[load.Load]) -> Row:
    return (
        name,
        median_and_range([one.per_second for one in without]),
        median_and_range([one.per_second for one in with_pages]),
        median_and_range(_kept(without, with_pages)),
        number(statistics.median(one.p50_ms for one in without)),
        number(statistics.median(one.p50_ms for one in with_pages)),
    )


def _kept(without: list[load.Load], with_pages: list[load.Load]) -> list[float]:
    return ratios([one.per_second for one in with_pages], [one.per_second for one in without])


def _rounds(port: int, name: str, requests: list[Request], effort: Effort) -> tuple[list[load.Load], list[load.Load]]:
    without, with_pages = [], []
    load.drive(port, requests, seconds=1)  # let it warm up
    for place in range(effort.rounds):
        without.append(load.drive(port, requests, seconds=effort.load_seconds))
        with _open_pages(port, _PAGES):
            with_pages.append(load.drive(port, requests, seconds=effort.load_seconds))
        print(f"console: {name}, round {place + 1} of {effort.rounds}", file=sys.stderr)
    return without, with_pages


@contextlib.contextmanager
def _messages(port: int) -> Iterator[None]:
    """So many messages a second, until the block ends."""
    ended = threading.Event()

    def go_on() -> None:
        with Caller(port) as caller:
            due, place = time.monotonic(), 0
            while not ended.wait(max(0.0, due - time.monotonic())):
                caller.call(queued(place))
                due, place = max(due + 1 / _PACE, time.monotonic() - 1), place + 1

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def _open_pages(port: int, count: int) -> Iterator[None]:
    """So many pages, each read by somebody, until the block ends."""
    streams = [_stream(port, _ADDRESSES[place % len(_ADDRESSES)]) for place in range(count)]
    ended = threading.Event()

    def read() -> None:
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream, selectors.EVENT_READ)
            while not ended.is_set():
                for key, _ in selector.select(0.1):
                    if not key.fileobj.recv(1 << 20):  # type: ignore[union-attr] # a socket, as registered
                        raise RuntimeError("a page's stream has ended")

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(_SETTLED)
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for stream in streams:
            stream.close()


def _stream(port: int, address: str) -> socket.socket:
    """The live regions of a page, listened to as its script does."""
    with Caller(port) as caller:
        specs = [unescape(spec.decode()) for spec in _LIVE.findall(caller.call(asked(address)))]
    assert specs, f"{address} has no live region"
    stream = socket.create_connection(("127.0.0.1", port), timeout=20)
    query = "&".join(f"region={quote(spec, safe='')}" for spec in specs)
    stream.sendall(f"GET /console/live?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return stream


def _freshness(port: int, *, looks: int) -> tuple[float, float]:
    """The seconds between two updates of a busy page, and the milliseconds until a text is on one."""
    handset, late = "13035550199", []
    with _open_pages(port, _PAGES - 1), Caller(port) as caller:
        stream = _stream(port, f"/console/phones/{handset}")
        with stream, stream.makefile("rb") as lines:
            for place in range(looks):
                words = f"look {place} of {looks}".encode()
                start = time.perf_counter()
                caller.call(_texted(handset, words.decode()))
                while words not in lines.readline():
                    pass
                late.append((time.perf_counter() - start) * 1000)
        busy = _stream(port, "/console/phones/13035550100")
        with busy, busy.makefile("rb") as lines:
            times = [time.perf_counter() for line in _until(lines, 20) if line.startswith(b"event: region")]
    return (times[-1] - times[0]) / (len(times) - 1), statistics.median(late)


def _until(lines: Iterator[bytes], updates: int) -> Iterator[bytes]:
    """The lines of so many updates, as they come."""
    for line in lines:
        yield line
        updates -= line.startswith(b"event: region")
        if updates == 0:
            return


def _texted(handset: str, words: str) -> Request:
    """A text from this handset to the quiet number, which posts it nowhere."""
    return control("POST", "inbound", {"from": handset, "to": "16175550100", "body": words})
