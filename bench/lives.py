"""Whole lives a second: messages queued at full speed, until each has had its last status and its last callback."""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from bench import load, processes
from bench.calls import Caller, Request, queued
from bench.effort import Effort
from bench.report import Group, Row, at_least, median_and_range, number

_HOW = """\
{generator} queues messages for {seconds} s, as fast as they are taken; the clock runs from the first request until the
last callback has arrived (or, without a result URL, until the last message is `received`). {rounds} interleaved
rounds, each with a new emulator and database; the median, with the least and the greatest. `--sent-after 0.05
--received-after 0.05`. The result URL belongs to a process that only counts (load, emulator and sink share the cores).
After each round it is checked that every accepted message was told of exactly `sent`, then `received`. Room is that
of the database after the emulator has stopped: the message, and its journal entries (one for the request, one for
each callback)."""

_DELAYS = ("--sent-after", "0.05", "--received-after", "0.05")
_PATIENCE = 60.0
_LOOK_EVERY = 0.02
_MESSAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What came of one round."""

    lives: int
    seconds: float
    queued_per_second: float
    bytes_a_life: float

    @property
    def per_second(self) -> float:
        return self.lives / self.seconds


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of whole lives."""
    told: list[_Round] = []
    untold: list[_Round] = []
    for place in range(3):
        told.append(_told(effort, folder / f"told-{place}.db"))
        untold.append(_untold(effort, folder / f"untold-{place}.db"))
        print(f"lives: round {place + 1} of 3", file=sys.stderr)
    return Group(
        title="Whole lives",
        how=_HOW.format(generator=load.generator(), seconds=effort.lives_seconds, rounds=len(told)),
        columns=("messages", "lives/s", "lives a round", "queued/s meanwhile", "bytes on disk a life"),
        rows=[_row("with a result URL, two callbacks each", told), _row("without a result URL", untold)],
        aims=[
            at_least(
                "whole lives with two callbacks",
                statistics.median(one.per_second for one in told),
                1000,
                "/s",
            )
        ],
    )


def _told(effort: Effort, database: Path) -> _Round:
    with processes.helper("bench.sink") as sink, Caller(sink.port) as caller:

        def all_told() -> bool:
            return int(caller.call(Request(method="GET", path="/count"))) >= 2 * _accepted(database)

        result_url = f"http://127.0.0.1:{sink.port}/storesmsresults"
        came = _lived(effort, database, result_url, all_told)
        check_told(caller.call(Request(method="GET", path="/bodies")), came.lives)
    return came


def _untold(effort: Effort, database: Path) -> _Round:
    def nothing_left() -> bool:
        # Closed at once: while another has the file open, an emulator that stops leaves rows in the log beside it.
        with contextlib.closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT 1 FROM agenda LIMIT 1").fetchone() is None

    return _lived(effort, database, "", nothing_left)


def _lived(effort: Effort, database: Path, result_url: str, over: Callable[[], bool]) -> _Round:
    """Queue for a while, then wait until the lives are over."""
    requests = [queued(place, result_url=result_url) for place in range(_MESSAGES)]
    with processes.emulator(*_DELAYS, database=database) as emulator:
        start = time.monotonic()
        came = load.drive(emulator.port, requests, seconds=effort.lives_seconds)
        while not over():
            if time.monotonic() > start + _PATIENCE:
                raise TimeoutError(f"{_accepted(database)} lives are not over after {_PATIENCE:g} s")
            time.sleep(_LOOK_EVERY)
        seconds = time.monotonic() - start
    lives = _accepted(database)
    return _Round(
        lives=lives,
        seconds=seconds,
        queued_per_second=came.per_second,
        bytes_a_life=database.stat().st_size / lives,
    )


def _accepted(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


def check_told(bodies: bytes, lives: int) -> None:
    """Raise unless each message was told of `sent`, then `received`, and nothing else."""
    told: defaultdict[str, list[str]] = defaultdict(list)
    for body in bodies.decode().splitlines():
        fields = parse_qs(body)
        told[fields["sms_message_id"][0]].append(fields["status"][0])
    wrong = [id_ for id_, statuses in told.items() if statuses != ["sent", "received"]]
    if wrong or len(told) != lives:
        raise RuntimeError(f"{len(told)} of {lives} messages were told of, {len(wrong)} of them wrongly: {wrong[:3]}")


def _row(name: str, rounds: list[_Round]) -> Row:
    return (
        name,
        median_and_range([one.per_second for one in rounds]),
        number(statistics.median(one.lives for one in rounds)),
        number(statistics.median(one.queued_per_second for one in rounds)),
        number(statistics.median(one.bytes_a_life for one in rounds)),
    )
