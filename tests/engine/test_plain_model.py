"""A whole emulator against a plain model of it, over random sequences of operations on two accounts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, RESULTS, STRANGER, House
from helpers.laws import examples
from plum_emulator.errors import Refusal
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.scenario.wanted import Wanted

OWN = {"username": MINE, "second": OTHER}
SEEDS = [
    Seed(username=username, password="x", numbers=(Number(number=number, application_url=APPLICATION),))
    for username, number in OWN.items()
]

# What the application answers to a text, as the replies that come of it: to, body, result URL.
ANSWERS: dict[str, list[tuple[str, str, str]]] = {
    "echo": [("", "echoed", "")],
    "twice": [("", "one", RESULTS), (STRANGER, "two", "")],
    "long": [("", "x" * 200, RESULTS)],
    "STOP": [("", "bye", "")],
    "landline": [("12125550153", "ring", RESULTS)],
    "refused": [("12125550158", "never", "")],
}

Step = tuple[str, int, str | None, bool]
SENT: Step = ("sent", 1000, None, False)
UNSUBSCRIBED = "Attempt to send to unsubscribed recipient"
MAGIC: dict[str, list[Step]] = {
    "12125550150": [("failed", 1000, None, True)],
    "12125550151": [SENT, ("failed", 3000, None, True)],
    "12125550152": [SENT, ("undelivered", 3000, None, True)],
    "12125550153": [("undelivered", 1000, "To number: +12125550153, is not a mobile number", False)],
    "12125550154": [("undelivered", 1000, UNSUBSCRIBED, False)],
    "12125550155": [],
    "12125550156": [SENT],
    "12125550157": [SENT, ("received", 61_000, None, False)],
}
REFUSED = "12125550158"
KEYWORDS = {"STOP": "out", "start": "in", "HELP": "help"}
BODIES = [*ANSWERS, *KEYWORDS, "hello", "x" * 161]


@dataclass
class Plain:
    """A message of the model."""

    type: str
    to: str
    from_: str
    body: str
    at: int
    url: str = ""
    status: str = "queued"
    sent_at: int | None = None
    settled_at: int | None = None
    notification: str | None = None
    explained: bool = False
    told: list[str] = field(default_factory=list)

    def facts(self) -> tuple[Any, ...]:
        return (
            self.at,
            self.type,
            self.to,
            self.from_,
            self.body,
            self.url,
            self.status,
            self.sent_at,
            self.settled_at,
            self.notification,
            self.explained,
            tuple(self.told),
        )


@dataclass
class PlainAccount:
    """An account of the model: lists and a set."""

    number: str
    url: str = APPLICATION
    messages: list[Plain] = field(default_factory=list)
    due: list[tuple[int, Plain, Step | None]] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)
    texts: list[tuple[str, int]] = field(default_factory=list)
    fails_strangers: bool = False
    stands_at: int | None = None


class Model:
    """What the emulator should do, without tables, transactions and requests."""

    def __init__(self) -> None:
        self.now = 0
        self.accounts = {username: PlainAccount(number) for username, number in OWN.items()}
        self.saved: dict[str, PlainAccount] = {}
        self._answers: list[Callable[[], None]] = []

    def time(self, mine: PlainAccount) -> int:
        return self.now if mine.stands_at is None else mine.stands_at

    def send(self, mine: PlainAccount, to: str, body: str, *, url: str, type_: str) -> bool:
        """Whether it was accepted."""
        if to == REFUSED:
            return False
        steps = MAGIC.get(to, [SENT, ("received", 3000, None, False)])
        if to in mine.opted_out:
            steps = MAGIC["12125550154"]
        if to == STRANGER and mine.fails_strangers:
            steps = [SENT, ("failed", 3000, None, True)]
        for start in range(0, len(body), 160):
            part = Plain(type_, to, mine.number, body[start : start + 160], self.time(mine), url)
            mine.messages.append(part)
            mine.due += [(part.at + step[1], part, step) for step in steps]
        return True

    def _move(self, message: Plain, status: str, after: int, notification: str | None, explained: bool) -> None:
        message.status, message.notification, message.explained = status, notification, explained
        if status == "sent":
            message.sent_at = message.at + after
        else:
            message.settled_at = message.at + after
        if message.url:
            message.told.append(status)
        if status == "received":
            for other in self.accounts.values():
                if other.number == message.to:
                    self.arrive(other, message.from_, message.body)

    def arrive(self, mine: PlainAccount, from_: str, body: str) -> None:
        word = KEYWORDS.get(body)
        now = self.time(mine)
        message = Plain("inbound", mine.number, from_, body, now, status="received", settled_at=now)
        mine.messages.append(message)
        message.explained = word == "help" or not mine.url
        if word:
            mine.texts.append((from_, now))
        if word == "out":
            mine.opted_out.add(from_)
        if word == "in":
            mine.opted_out.discard(from_)
        if mine.url and word != "help":
            mine.due.append((now, message, None))

    def _post(self, mine: PlainAccount, message: Plain) -> None:
        if mine.url:
            self._answers.append(lambda: self._answer(mine, message))
        else:
            message.explained = True

    def _answer(self, mine: PlainAccount, message: Plain) -> None:
        message.explained = message.body == "hello"  # the application answers that with something that is no XML
        now = self.time(mine)
        for named, body, url in ANSWERS.get(message.body, []):
            to = named or message.from_
            if not self.send(mine, to, body, url=url, type_="reply"):
                mine.messages.append(Plain("reply", to, mine.number, body, now, url, "failed", None, now, None, True))

    def advance(self, milliseconds: int) -> None:
        end = self.now + milliseconds
        going = [mine for mine in self.accounts.values() if mine.stands_at is None]
        while instants := [at for mine in going for at, *_ in mine.due if at <= end]:
            self.now = max(self.now, min(instants))
            for mine in going:
                due = sorted((row for row in mine.due if row[0] <= self.now), key=lambda row: row[0])
                mine.due = [row for row in mine.due if row[0] > self.now]
                for _, message, step in due:
                    if step is None:
                        self._post(mine, message)
                    else:
                        self._move(message, *step)
            answers, self._answers = self._answers, []
            for answer in answers:
                answer()
        self.now = end

    def reset(self, username: str) -> None:
        self.accounts[username] = PlainAccount(NUMBERS[username])

    def save(self, username: str) -> None:
        self.saved[username] = deepcopy(self.accounts[username])

    def restore(self, username: str) -> None:
        self.accounts[username] = deepcopy(self.saved[username])

    def end(self, username: str) -> None:
        del self.accounts[username]
        self.saved.pop(username, None)


THIRD = Seed(username="third", password="x", numbers=(Number(number="12022010103", application_url=APPLICATION),))
NUMBERS = {**OWN, "third": "12022010103"}
ACCOUNTS = st.sampled_from(list(OWN))
RECIPIENTS = st.sampled_from([NUMBERS["third"], HANDSET, STRANGER, MINE, OTHER, HANDSET, OTHER, *MAGIC, REFUSED])
TEXTS = st.sampled_from(BODIES)


class AgainstTheModel(RuleBasedStateMachine):
    """Does everything twice, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.started = 0
        self.model = Model()
        self.told: dict[str, list[str]] = {}
        self.saved: dict[str, dict[str, list[str]]] = {}
        self.house = self.prepared(House(self.path(), seeds=SEEDS, seed=None))

    def path(self) -> Path:
        self.started += 1
        return Path(self.folder.name, f"{self.started}.db")

    def prepared(self, house: House) -> House:
        house.transport.answer = self.answer
        return house

    def answer(self, request: OutgoingRequest) -> Outcome:
        fields = dict(parse_qsl(request.body.decode()))
        if request.url == RESULTS:
            self.told.setdefault(fields["sms_message_id"], []).append(fields["status"])
            return Outcome(status=200)
        if fields["body"] == "hello":
            return Outcome(status=200, body=b"hello yourself")
        replies = [
            f'<sms_message result_url="{url}"' + (f' to="{to}">' if to else ">") + f"{body}</sms_message>"
            for to, body, url in ANSWERS.get(fields["body"], [])
        ]
        return Outcome(status=200, body=f"<reply>{''.join(replies)}</reply>".encode())

    @rule(username=ACCOUNTS, to=RECIPIENTS, body=TEXTS, url=st.sampled_from(["", RESULTS]))
    def queue(self, username: str, to: str, body: str, url: str) -> None:
        accepted = self.model.send(self.model.accounts[username], to, body, url=url, type_="outbound")
        account = self.house.accounts.named(username)
        if accepted:
            self.house.queue(body, to=to, account=account, url=url)
        else:
            with pytest.raises(Refusal):
                self.house.queue(body, to=to, account=account, url=url)

    @rule(username=ACCOUNTS, from_=st.sampled_from([HANDSET, STRANGER]), body=TEXTS)
    def receive(self, username: str, from_: str, body: str) -> None:
        self.model.arrive(self.model.accounts[username], from_, body)
        self.house.receive(body, from_=from_, account=self.house.accounts.named(username))

    @rule(milliseconds=st.sampled_from([0, 500, 999, 1000, 2000, 3000, 60_000]))
    def advance(self, milliseconds: int) -> None:
        self.model.advance(milliseconds)
        self.house.advance(milliseconds)

    @rule(username=ACCOUNTS, url=st.sampled_from(["", APPLICATION]))
    def set_application(self, username: str, url: str) -> None:
        self.model.accounts[username].url = url
        self.house.platform.set_application(self.house.accounts.named(username), NUMBERS[username], url)

    @precondition(lambda self: any(account.messages for account in self.model.accounts.values()))
    @rule(username=ACCOUNTS)
    def reset(self, username: str) -> None:
        self.forget(username)
        self.model.reset(username)
        self.house.emulator.snapshots.reset(self.house.accounts.named(username))

    @precondition(lambda self: "third" not in self.model.accounts)
    @rule()
    def make_an_account(self) -> None:
        self.model.reset("third")
        self.house.emulator.leases.make(Wanted(seed=THIRD))

    @precondition(lambda self: "third" in self.model.accounts)
    @rule(to=RECIPIENTS, body=TEXTS)
    def use_that_account(self, to: str, body: str) -> None:
        self.queue("third", to, body, RESULTS)

    @precondition(lambda self: "third" in self.model.accounts)
    @rule()
    def end_that_account(self) -> None:
        self.forget("third")
        self.model.end("third")
        self.house.emulator.leases.end(self.house.accounts.named("third"))

    @rule(username=ACCOUNTS, on=st.booleans())
    def let_texts_to_a_stranger_fail(self, username: str, on: bool) -> None:
        self.model.accounts[username].fails_strangers = on
        account, rules = self.house.accounts.named(username), self.house.emulator.rules
        if on:
            rules.put(account, {"when": {"to": STRANGER}, "then": {"outcome": "failed"}}, id_="stranger")
        else:
            rules.clear(account)

    @rule(username=ACCOUNTS, stands=st.booleans())
    def set_the_clock(self, username: str, stands: bool) -> None:
        mine = self.model.accounts[username]
        mine.stands_at = self.model.time(mine) if stands else None
        account = self.house.accounts.named(username)
        self.house.platform.set_clock(account, "manual" if stands else "real", rate=1.0, instant=None)

    @rule(username=ACCOUNTS)
    def save(self, username: str) -> None:
        self.model.save(username)
        account = self.house.accounts.named(username)
        self.house.emulator.snapshots.save(account, "saved")
        self.saved[username] = {id_: list(self.told.get(id_, [])) for id_ in self.ids_of(username)}

    @precondition(lambda self: self.model.saved)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        username = data.draw(st.sampled_from(sorted(self.model.saved)))
        self.forget(username)
        self.told.update(deepcopy(self.saved[username]))
        self.model.restore(username)
        self.house.emulator.snapshots.restore(self.house.accounts.named(username), "saved")

    def forget(self, username: str) -> None:
        """Its messages go; a restore, or another account of this name, gives their ids again."""
        for id_ in self.ids_of(username):
            self.told.pop(id_, None)

    def ids_of(self, username: str) -> list[str]:
        return [message.sms_message_id for message in self.house.log(self.house.accounts.named(username))]

    @rule(kill=st.booleans())
    def restart(self, kill: bool) -> None:
        ended = self.house
        if kill:
            self.house = self.prepared(ended.after_a_kill(self.path()))
            ended.close()
        else:
            self.house = self.prepared(ended.reopened())

    @invariant()
    def logs_agree(self) -> None:
        for username, mine in self.model.accounts.items():
            account = self.house.accounts.named(username)
            log = self.house.log(account)
            assert len({message.sms_message_id for message in log}) == len(log)
            found = [
                Plain(
                    message.type,
                    message.to,
                    message.from_,
                    message.body,
                    message.requested_at - NOW,
                    message.result_url,
                    message.status,
                    None if message.sent_at is None else message.sent_at - NOW,
                    None if message.settled_at is None else message.settled_at - NOW,
                    message.notification,
                    message.reason is not None,
                    self.told.get(message.sms_message_id, []),
                ).facts()
                for message in log
            ]
            assert sorted(found, key=repr) == sorted((message.facts() for message in mine.messages), key=repr)
            assert [at for at, *_ in found] == sorted(at for at, *_ in found), "the log is in order"

    @invariant()
    def accounts_agree(self) -> None:
        for username, mine in self.model.accounts.items():
            account = self.house.accounts.named(username)
            assert account.numbers == {mine.number: Number(number=mine.number, application_url=mine.url)}
            rows = self.house.store.database.db.execute(
                "SELECT handset, at FROM automatic_texts WHERE account = ?", (account.id,)
            ).fetchall()
            assert sorted(rows) == sorted((handset, at + NOW) for handset, at in mine.texts)
            with self.house.store.reading():
                handsets = {
                    handset
                    for handset in (HANDSET, STRANGER, *NUMBERS.values())
                    if self.house.store.opt_outs.has(account.id, number=mine.number, handset=handset)
                }
            assert handsets == mine.opted_out

    def teardown(self) -> None:
        self.model.advance(3_600_000)
        self.house.advance(3_600_000)
        self.logs_agree()
        self.house.close()
        self.folder.cleanup()


def test_emulator_does_what_the_plain_model_does() -> None:
    run_state_machine_as_test(AgainstTheModel, settings=settings(examples(25), stateful_step_count=25))


@pytest.mark.slow
def test_emulator_does_what_the_plain_model_does_at_length() -> None:
    run_state_machine_as_test(AgainstTheModel, settings=settings(examples(120), stateful_step_count=50))
