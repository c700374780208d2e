"""Makes steps of the messages of a session: who asked for what, and what each brought."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from plum_emulator.model.accounts import Options
from plum_emulator.model.messages import Message
from plum_emulator.model.texts import keyword
from plum_emulator.model.urls import is_own
from plum_emulator.wire.sessions import OWN_SINK, LeftOut, Mine, Outcome, Retelling, Session, Step, Words

STEPS_MAX = 100
MESSAGES_MAX = 1000


def retell(session: Session) -> Retelling:
    """The session as steps, at most a hundred of them."""
    found: list[Step | LeftOut] = []
    teller = _Teller(session)
    count = 0
    for asked in teller.asked:
        told = teller.told(asked)
        if count == STEPS_MAX and isinstance(told, Step):
            found.append(LeftOut(f"The session went on; a test has at most {STEPS_MAX} steps."))
            break
        count += isinstance(told, Step)
        if not found or found[-1] != told or isinstance(told, Step):
            found.append(told)
    else:
        if session.went_on:
            found.append(LeftOut(f"The session went on; a test has at most its first {MESSAGES_MAX} messages."))
    return Retelling(
        applications=teller.applications,
        options=_options(session),
        notes=session.notes,
        steps=tuple(found),
    )


def _options(session: Session) -> dict[str, Any]:
    options: dict[str, Any] = {"demo": True} if session.demo else {}
    if session.opted_out != "undelivered":
        options["opted_out"] = session.opted_out
    values = {each.name: getattr(session.options, each.name) for each in fields(Options)}
    return options | {name: value for name, value in values.items() if value is not None}


class _Teller:
    """Tells one session: which of its messages were asked for, and what each brought."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._own = {each.number for each in session.numbers}
        self._replies: dict[int, list[Message]] = defaultdict(list)
        for message in session.messages:
            if message.in_reply_to is not None:
                self._replies[message.in_reply_to].append(message)
        self.asked = list(_asked(session.messages))
        used = {_ends(parts[0])[0] for parts in self.asked}
        texted = [each for each in session.numbers if each.number in used and not each.pci]
        self._places = {each.number: place for place, each in enumerate(texted)}
        self._mentions = [
            (re.compile(rf"(?<![0-9])(1?){each.number[1:]}(?![0-9])"), place) for place, each in enumerate(texted)
        ]
        self.applications = tuple(self._application(each.application_url) for each in texted) or ("",)

    def told(self, parts: list[Message]) -> Step | LeftOut:
        """What was asked for, a message in its parts, as a step."""
        first = parts[0]
        number, handset = _ends(first)
        if number not in self._places:
            return LeftOut(f"What {number} had to do with {handset} is left out: it is no SMS number of the account.")
        if handset in self._own:
            return LeftOut(f"A text between the account's own numbers is left out: {first.from_} to {first.to}.")
        if handset in self._session.elsewhere:
            return LeftOut(f"A text from {first.from_} to {first.to} is left out: {handset} is another account's.")
        if first.type == "inbound":
            return self._texted(first, self._places[number])
        doubt = self._session.doubts.get(first.seq)
        if doubt:
            return LeftOut(f"A message to {handset} is left out: {doubt}.")
        return self._queued(parts, self._places[number])

    def _queued(self, parts: list[Message], place: int) -> Step:
        first = parts[0]
        return Step(
            queued=True,
            handset=first.to,
            number=place,
            body="".join(part.body for part in parts),
            result_url=self._result_url(first.result_url),
            outcomes=tuple(Outcome(to=part.to, from_=place, body=(part.body,), status=part.status) for part in parts),
        )

    def _texted(self, text: Message, place: int) -> Step:
        replies = self._replies[text.seq]
        doubts = list(dict.fromkeys(self._doubts_of(text, replies)))
        outcomes = tuple(
            Outcome(to=reply.to, from_=place, body=self._words(reply.body, said=text.body), status=reply.status)
            for reply in replies
        )
        remarks = [f"What came of this is not asserted: {doubt}." for doubt in doubts]
        if not doubts and any(isinstance(word, Mine) for outcome in outcomes for word in outcome.body):
            remarks.append("The answer has the account's number in it; here that is another one.")
        return Step(
            handset=text.from_,
            number=place,
            body=text.body,
            automatic=self._session.automatic.get(text.seq, ()),
            outcomes=outcomes,
            remarks=tuple(remarks),
            sure=not doubts,
        )

    def _doubts_of(self, text: Message, replies: list[Message]) -> Iterator[str]:
        """Why the same text may be answered in another way."""
        if text.seq in self._session.doubts:
            yield self._session.doubts[text.seq]
        for reply in replies:
            if reply.from_ != text.to:
                yield f"the application named {reply.from_} as the sender, which this account does not have"
            if text.sms_message_id in reply.body:
                yield "the answer has the id of the text in it"
            if self._crossed(text, reply):
                yield "a STOP or START came before the answer"

    def _crossed(self, text: Message, reply: Message) -> bool:
        return any(
            text.seq < other.seq < reply.seq
            and (other.type, other.from_, other.to) == ("inbound", reply.to, reply.from_)
            and keyword(other.body) in ("stop", "start")
            for other in self._session.messages
        )

    def _words(self, body: str, *, said: str) -> Words:
        """The body with the account's numbers taken out, but for those that the handset has said itself."""
        words: list[str | Mine] = [body]
        for number, place in self._mentions:
            if not number.search(said):
                words = [piece for word in words for piece in _split(word, number, place)]
        return tuple(words)

    def _application(self, url: str) -> str:
        """Its URL, as a path where it is the emulator itself."""
        base = self._session.base.rstrip("/")
        return url.removeprefix(base) if url.startswith(f"{base}/") else url

    def _result_url(self, url: str) -> str:
        path = self._application(url)
        return OWN_SINK if is_own(path) else url


def _asked(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """The messages that somebody asked for; the parts of one that was cut together."""
    parts: list[Message] = []
    for message in messages:
        if message.type == "reply":
            continue
        if parts and not (message.type == "outbound" and message.exchange is not None and _together(parts[0], message)):
            yield parts
            parts = []
        parts.append(message)
    if parts:
        yield parts


def _together(first: Message, other: Message) -> bool:
    return (first.type, first.exchange, first.to, first.from_) == (other.type, other.exchange, other.to, other.from_)


def _ends(message: Message) -> tuple[str, str]:
    """The number of the account, and the handset."""
    return (message.to, message.from_) if message.type == "inbound" else (message.from_, message.to)


def _split(word: str | Mine, number: re.Pattern[str], place: int) -> Iterator[str | Mine]:
    if isinstance(word, Mine):
        yield word
        return
    end = 0
    for match in number.finditer(word):
        if match.start() > end:
            yield word[end : match.start()]
        yield Mine(place, bare=not match[1])
        end = match.end()
    if end < len(word) or not word:
        yield word[end:]
