"""Many leased accounts at once on one emulator, each in a conversation of its own, and whether anything leaks."""

from __future__ import annotations

import contextlib
import functools
import json
import queue
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from bench import processes
from bench.calls import Caller, Request, asked, queued_fields
from bench.effort import Effort
from bench.leases import Leased, lend
from bench.report import Group, at_most, median_and_range

_HOW = """\
{leased} accounts are leased on one emulator (a database file), each with a manual clock; {hands} connections take all
of them through the same conversation, step by step, so that all are at the same place of it together. A conversation: a
rule that answers the second queue request with HTTP 503; a message with a result URL, whose life is lived; the request
that fails; a snapshot; a text from a handset, the reply of the application (another process), its life and callbacks,
an expectation of it and a look at the log; a restore; another text and all that follows. {rounds} rounds, each with a
new emulator; an account makes 15 requests, and the application gets 8 posts of it.

Afterwards it is looked at, for each account, whether its log has exactly the messages of its conversation, whether its
journal has exactly its own exchanges, whether its callbacks came to its own result URL, each once and in order, whether
it is refused the status of its neighbour's message, and whether an id belongs to two accounts."""

_HANDS = 8
_ROUNDS = 3
_HANDSET = "12125550123"
_JOURNAL = ["queue", "callback", "callback", "queue", "inbound", "callback", "callback"]


@dataclass(slots=True, kw_only=True)
class _Talk:
    """One account's conversation; the application knows the account by the conversation's place."""

    place: int
    application: str
    account: Leased
    first: str = ""
    replies: list[str] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        """The ids of its messages."""
        return {self.first, *self.replies}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What came of one round."""

    seconds: float
    memory: float
    wrong: list[str]


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of the soak."""
    rounds = []
    for place in range(_ROUNDS):
        rounds.append(_soaked(effort, folder / f"soak-{place}.db"))
        print(f"soak: round {place + 1} of {_ROUNDS}", *rounds[-1].wrong[:5], sep="\n  ", file=sys.stderr)
    return Group(
        title="Many accounts at once",
        how=_HOW.format(leased=effort.leased, hands=_HANDS, rounds=_ROUNDS),
        columns=("what", "measured"),
        rows=[
            ("all conversations, s", median_and_range([one.seconds for one in rounds])),
            ("an account, ms", median_and_range([one.seconds / effort.leased * 1000 for one in rounds])),
            ("memory of the process, MB", median_and_range([one.memory for one in rounds])),
        ],
        aims=[
            at_most(
                f"things that {effort.leased} accounts at once saw otherwise than they did them",
                sum(len(one.wrong) for one in rounds),
                0,
            )
        ],
    )


def _soaked(effort: Effort, database: Path) -> _Round:
    with (
        processes.helper("bench.application") as application,
        processes.emulator(database=database) as emulator,
        ThreadPoolExecutor(_HANDS) as hands,
        contextlib.ExitStack() as opened,
    ):
        free: queue.SimpleQueue[Caller] = queue.SimpleQueue()
        for _ in range(_HANDS):
            free.put(opened.enter_context(Caller(emulator.port)))
        asking = opened.enter_context(Caller(application.port))
        start = time.perf_counter()
        talks = list(hands.map(lambda place: _begun(free, place, application.port), range(effort.leased)))
        for step in _STEPS:
            list(hands.map(functools.partial(_done, free, step), talks))
        seconds = time.perf_counter() - start
        told = _told(asking.call(Request(method="GET", path="/bodies")))
        caller = free.get()
        wrong = [
            *(word for talk in talks for word in _wrong(caller, talk, told[talk.place])),
            *_shared(caller, talks),
        ]
        return _Round(seconds=seconds, memory=emulator.memory()[0], wrong=wrong)


def _begun(free: queue.SimpleQueue[Caller], place: int, port: int) -> _Talk:
    application = f"http://127.0.0.1:{port}/{place}"
    with _one_of(free) as caller:
        account = lend(caller, application_url=f"{application}/sms")
    return _Talk(place=place, application=application, account=account)


def _done(free: queue.SimpleQueue[Caller], step: Callable[[Caller, _Talk], None], talk: _Talk) -> None:
    with _one_of(free) as caller:
        step(caller, talk)


@contextlib.contextmanager
def _one_of(free: queue.SimpleQueue[Caller]) -> Iterator[Caller]:
    caller = free.get()
    try:
        yield caller
    finally:
        free.put(caller)


def _rule(caller: Caller, talk: _Talk) -> None:
    rule = {"when": {"operation": "queue", "nth": 2}, "then": {"http_status": 503}}
    caller.call(talk.account.control("POST", "rules", rule))


def _send(caller: Caller, talk: _Talk) -> None:
    request = talk.account.queued(talk.place, result_url=f"{talk.application}/results")
    talk.first = caller.messages(request)[0]["sms_message_id"]


def _fail(caller: Caller, talk: _Talk) -> None:
    status, _ = caller.answer(talk.account.queued(talk.place))
    if status != 503:
        raise RuntimeError(f"the second message of {talk.account.username} was answered {status}, not 503")


def _live(caller: Caller, talk: _Talk) -> None:
    caller.call(talk.account.control("POST", "clock/advance", {"until": "idle"}))


def _save(caller: Caller, talk: _Talk) -> None:
    caller.call(talk.account.control("PUT", "snapshots/before"))


def _restore(caller: Caller, talk: _Talk) -> None:
    caller.call(talk.account.control("POST", "snapshots/before/restore"))


def _text(caller: Caller, talk: _Talk) -> None:
    text = {"from": _HANDSET, "to": talk.account.number, "body": f"Question of {talk.place}"}
    caller.call(talk.account.control("POST", "inbound", text))


def _expect(caller: Caller, talk: _Talk) -> None:
    wanted = {"type": "reply", "to": _HANDSET, "body": f"Answer of {talk.place}", "count": 1}
    caller.call(talk.account.control("POST", "expect", wanted))


def _look(caller: Caller, talk: _Talk) -> None:
    newest = caller.json(talk.account.control("GET", "messages"))["messages"][0]
    talk.replies.append(newest["sms_message_id"])


_TALKING = (_text, _live, _expect, _look)
_STEPS = (_rule, _send, _live, _fail, _save, *_TALKING, _restore, *_TALKING)


def _told(bodies: bytes) -> defaultdict[int, list[tuple[str, str]]]:
    """The callbacks that the application got at each place: id and status."""
    told: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for line in bodies.decode().splitlines():
        place, _, body = line.partition(" ")
        fields = parse_qs(body)
        told[int(place)].append((fields["sms_message_id"][0], fields["status"][0]))
    return told


def _wrong(caller: Caller, talk: _Talk, told: list[tuple[str, str]]) -> Iterator[str]:
    """What the account or its application saw otherwise than it was."""
    account = talk.account
    log = [_shown(message) for message in caller.json(account.control("GET", "messages"))["messages"]]
    if log != _log_of(talk):
        yield f"{account.username} has the messages {log}, not {_log_of(talk)}"
    exchanges = caller.json(account.control("GET", "exchanges"))["exchanges"][::-1]
    strange = [exchange for exchange in exchanges if not _is_of(talk, exchange)]
    if strange or [exchange["operation"] for exchange in exchanges] != _JOURNAL:
        yield f"{account.username} has the exchanges {exchanges}"
    of_each = [(id_, status) for id_ in (talk.first, *talk.replies) for status in ("sent", "received")]
    if told != of_each:
        yield f"the application of {account.username} was told {told}, not {of_each}"


def _log_of(talk: _Talk) -> list[tuple[str, ...]]:
    """The account's log as the conversation leaves it, newest first; an inbound message has an id nobody was told."""
    number, place = talk.account.number, talk.place
    sent = queued_fields(place)
    return [
        ("reply", _HANDSET, number, f"Answer of {place}", "received", talk.replies[-1]),
        ("inbound", number, _HANDSET, f"Question of {place}", "received", ""),
        ("outbound", sent["to"], number, sent["body"], "received", talk.first),
    ]


def _shown(message: dict[str, Any]) -> tuple[str, ...]:
    id_ = "" if message["type"] == "inbound" else message["sms_message_id"]
    return (message["type"], message["to"], message["from"], message["body"], message["status"], id_)


def _is_of(talk: _Talk, exchange: dict[str, Any]) -> bool:
    """Whether the exchange is one of the account's own."""
    request = exchange["request"]
    if exchange["operation"] == "queue":
        return parse_qs(request["body"])["from"] == [talk.account.number]
    return bool(request["url"].startswith(f"{talk.application}/"))


def _shared(caller: Caller, talks: list[_Talk]) -> Iterator[str]:
    """What belongs to two accounts: ids, and messages that another account may ask for."""
    owners = Counter(id_ for talk in talks for id_ in talk.ids)
    yield from (f"{id_} is an id of {count} accounts" for id_, count in owners.items() if count > 1)
    for talk, neighbour in zip(talks, [*talks[1:], talks[0]], strict=True):
        look = asked("/ws/sms/status.json", login=talk.account.login, sms_message_id=neighbour.first)
        if json.loads(caller.answer(look)[1])["status"] == "success":
            yield f"{talk.account.username} was told of a message of {neighbour.account.username}"
