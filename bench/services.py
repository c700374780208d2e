"""Plum's services under load, against a bare Flask route on the same server and against moto's SNS publish."""

from __future__ import annotations

import contextlib
import http.client
import sqlite3
import statistics
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import bare, load, processes
from bench.calls import Caller, Request, asked, posted, queued
from bench.effort import Effort
from bench.report import Aim, Group, Row, at_least, at_most, median_and_range, number, ratios

_HOW = """\
Load: {generator}, {seconds} s a round, {rounds} interleaved rounds; each figure is the median of the rounds, with the
least and the greatest of them. Each ratio is taken inside one round. Every server is a process of its own. The bare
route is a Flask view that answers `hello`, on the emulator's own server, called inline as Plum's services are. The
emulator keeps its messages in a file (`--database`), commits each before its answer leaves, and has
nothing fall due meanwhile (`--sent-after 3600`): whole lives are measured below. What it puts off, the full-text index
above all, it makes up for after each of its rounds, {made_up:.0f} µs a queued message. moto publishes to a topic
without subscribers. `messages` gives 50 messages a page.

A kill under load: the emulator got SIGKILL while one client queued messages; {answered:,} had been answered with an
id, and {lost} of them were missing from the database afterwards."""

_QUEUE, _STATUS, _MESSAGES, _BARE, _MOTO = "queue", "status", "messages", "bare route", "moto SNS publish"
_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Contender:
    """Something that is put under load."""

    port: int
    requests: list[Request]


def measure(effort: Effort, folder: Path) -> Group:
    """The services' figures."""
    database = folder / "services.db"
    with contextlib.ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator("--sent-after", "3600", database=database))
        contenders = {_BARE: _hello(stack.enter_context(processes.helper("bench.bare"))), **_services(emulator.port)}
        moto = stack.enter_context(_moto())
        if moto:
            contenders[_MOTO] = moto
        loads, made_up = _rounds(contenders, emulator.port, effort)
        answered = _answered_until_killed(emulator)
    lost = len(answered - _kept(database))
    return Group(
        title="Plum's services",
        how=_HOW.format(
            generator=load.generator(),
            seconds=effort.load_seconds,
            rounds=effort.rounds,
            made_up=made_up,
            answered=len(answered),
            lost=lost,
        )
        + ("" if moto else "\n\nmoto is not installed, so nothing is compared with it (`make bench` installs it)."),
        columns=("route", "requests/s", "p50 ms", "p99 ms", "of the bare route", "times moto"),
        rows=[_row(name, loads) for name in contenders],
        aims=[*_aims(loads), at_most("accepted messages that a kill of the process lost", lost, 0)],
    )


def _hello(program: processes.Program) -> _Contender:
    return _Contender(program.port, [Request(method="GET", path=bare.HELLO)])


def _services(port: int) -> dict[str, _Contender]:
    messages = [queued(place) for place in range(_PAGE)]
    with Caller(port) as caller:
        ids = [caller.messages(message)[0]["sms_message_id"] for message in messages]
        looks = [asked("/ws/sms/status.json", sms_message_id=id_) for id_ in ids]
        page = asked("/ws/sms/messages.json", limit=_PAGE)
        assert [caller.messages(look)[0]["sms_message_id"] for look in looks] == ids
        assert len(caller.messages(page)) == _PAGE
    return {
        _QUEUE: _Contender(port, messages),
        _STATUS: _Contender(port, looks),
        _MESSAGES: _Contender(port, [page]),
    }


@contextlib.contextmanager
def _moto() -> Iterator[_Contender | None]:
    try:
        command = processes.command("moto_server")
    except FileNotFoundError:
        yield None
        return
    port = processes.free_port()
    with processes.serving(*command, "-H", "127.0.0.1", "-p", str(port), port=port) as program:
        with Caller(program.port) as caller:
            caller.call(_sns(Action="CreateTopic", Name="bench"))
        text = "Your parcel 00000 will be with you tomorrow between nine and noon."
        publish = _sns(Action="Publish", TopicArn="arn:aws:sns:us-east-1:123456789012:bench", Message=text)
        yield _Contender(program.port, [publish])


def _sns(**fields: str) -> Request:
    # moto reads the service from the credential's scope, and checks no signature.
    login = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/sns/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=0"
    )
    return posted("/", {"Version": "2010-03-31", **fields}, login=login)


def _rounds(
    contenders: dict[str, _Contender], emulator: int, effort: Effort
) -> tuple[dict[str, list[load.Load]], float]:
    """The loads of all rounds, and the microseconds that a queued message costs the emulator afterwards."""
    loads: dict[str, list[load.Load]] = {name: [] for name in contenders}
    made_up = []
    for one in contenders.values():
        load.drive(one.port, one.requests, seconds=1)  # let it warm up
    _make_up(emulator)
    for place in range(effort.rounds):
        for name, one in contenders.items():
            loads[name].append(load.drive(one.port, one.requests, seconds=effort.load_seconds))
            if one.port == emulator:
                took = _make_up(emulator)
                if name == _QUEUE:
                    made_up.append(took / loads[name][-1].requests * 1e6)
        print(f"services: round {place + 1} of {effort.rounds}", file=sys.stderr)
    return loads, statistics.median(made_up)


def _make_up(emulator: int) -> float:
    """Let the emulator do now what it would do in the next quiet moment; the seconds that took."""
    with Caller(emulator) as caller:  # a search wants the index up to date
        return caller.timed(asked("/_plum/messages", q="parcel", limit=1)) / 1000


def _row(name: str, loads: dict[str, list[load.Load]]) -> Row:
    rates = _rates(name, loads)
    moto = _rates(_MOTO, loads)
    return (
        name,
        median_and_range(rates),
        number(statistics.median(one.p50_ms for one in loads[name])),
        number(statistics.median(one.p99_ms for one in loads[name])),
        median_and_range(ratios(rates, _rates(_BARE, loads))),
        median_and_range(ratios(rates, moto)) if moto else "",
    )


def _aims(loads: dict[str, list[load.Load]]) -> Iterator[Aim]:
    for name, base, bound in ((_QUEUE, _BARE, 0.55), (_STATUS, _BARE, 0.65), (_QUEUE, _MOTO, 10)):
        if base in loads and load.is_fair():
            ratio = statistics.median(ratios(_rates(name, loads), _rates(base, loads)))
            yield at_least(f"{name}, requests/s against {base}", ratio, bound, " times")


def _rates(name: str, loads: dict[str, list[load.Load]]) -> list[float]:
    return [one.per_second for one in loads.get(name, [])]


def _answered_until_killed(emulator: processes.Program) -> set[str]:
    """Queue messages, one after the other, until a kill comes; the ids that had been answered."""
    ids: set[str] = set()
    with Caller(emulator.port) as caller, _killed_soon(emulator):
        try:
            while True:
                ids.update(message["sms_message_id"] for message in caller.messages(queued(len(ids))))
        except (OSError, http.client.HTTPException):
            return ids


@contextlib.contextmanager
def _killed_soon(program: processes.Program) -> Iterator[None]:
    timer = threading.Timer(1.0, program.kill)
    timer.start()
    yield
    timer.join()


def _kept(database: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return {id_ for (id_,) in connection.execute("SELECT sms_message_id FROM messages")}
