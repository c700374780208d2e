"""Gathers what a session consisted of, so that it can be told once more as a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from plum_emulator.engine.lifecycle import NOT_POSTED
from plum_emulator.engine.platform import Platform, Story
from plum_emulator.model.accounts import Account
from plum_emulator.model.messages import Message, Status
from plum_emulator.model.texts import keyword
from plum_emulator.model.urls import is_own
from plum_emulator.wire.retelling import MESSAGES_MAX
from plum_emulator.wire.sessions import Session

_BEYOND = 1000
_AGENDA_MAX = 10_000


def session_of(
    platform: Platform, account: Account, *, base: str, handset: str = "", most: int = MESSAGES_MAX
) -> Session:
    """What was done with the account since its last reset: what is whole of its first messages, at `most` so many.

    With `handset`, in 11 digits, only what that one had to do with. `base` is the emulator's address. A message that
    is under way counts as what it is going to be.
    """
    found = list(islice(_about(platform.all_messages(account), handset), most + _BEYOND))
    messages = _whole(found[:most], found[most:])
    agenda = [due for due, _ in platform.agenda(account, limit=_AGENDA_MAX)]
    final: dict[int, Status] = {due.message: due.status for due in agenda if due.kind == "status" and due.status}
    waiting = {due.message for due in agenda if due.kind == "inbound"}
    stories = [platform.story(account, each.sms_message_id) for each in messages if each.type != "reply"]
    doubts = {story.message.seq: doubt for story in stories if (doubt := _doubt(story, account, waiting))}
    return Session(
        base=base,
        numbers=tuple(account.numbers.values()),
        messages=tuple(each._replace(status=final.get(each.seq, each.status)) for each in messages),
        automatic={
            story.message.seq: tuple(text.body for text in story.automatic_texts)
            for story in stories
            if story.automatic_texts
        },
        doubts=doubts,
        notes=tuple(_notes(account)),
        elsewhere=frozenset(_elsewhere(platform, account, messages)),
        demo=account.seed.demo,
        opted_out=account.seed.opted_out,
        went_on=len(found) > most,
        options=account.options,
    )


def _about(messages: Iterable[Message], handset: str) -> Iterator[Message]:
    """What the handset texted and got, and what others got because of it."""
    texted: set[int] = set()
    for message in messages:
        if not handset or handset in (message.to, message.from_) or message.in_reply_to in texted:
            texted.add(message.seq)
            yield message


def _whole(messages: list[Message], beyond: list[Message]) -> list[Message]:
    """The messages up to the first of which something came, or a part was queued, beyond them; with all replies."""
    replied = {each.in_reply_to for each in beyond}
    queued = {each.exchange for each in beyond if each.type == "outbound"} - {None}
    end = next(
        (
            place
            for place, each in enumerate(messages)
            if each.seq in replied or (each.type == "outbound" and each.exchange in queued)
        ),
        len(messages),
    )
    asked = {each.seq for each in messages[:end]}
    return [each for each in messages if each.seq in asked or each.in_reply_to in asked]


def _doubt(story: Story, account: Account, waiting: set[int]) -> str:
    """Why something else may come of the message the next time; "" when nothing speaks for that."""
    message = story.message
    asked = "inbound" if message.type == "inbound" else "queue"
    about = [exchange for exchange in story.exchanges if exchange.operation == asked]
    rules = dict.fromkeys(rule for exchange in about for rule in exchange.rules.split())
    if rules:
        return f"it was changed by {', '.join(rules)}, and the test has no rules"
    if asked == "queue" or keyword(message.body) == "help":
        return ""
    if message.seq in waiting:
        return "the application had not answered yet"
    url = account.numbers[message.to].application_url if message.to in account.numbers else ""
    if not about:
        return "it was not posted to an application" if url and message.reason == NOT_POSTED else ""
    if len(about) > 1:
        return f"it was posted {len(about)} times"
    if not (about[0].url.endswith(url) if is_own(url) else about[0].url == url):
        return f"it was posted to {about[0].url}"
    return "" if about[0].status is not None else about[0].outcome


def _notes(account: Account) -> Iterator[str]:
    if account.holding is not None:
        yield "Callbacks of the session were held; here they are sent at once."


def _elsewhere(platform: Platform, account: Account, messages: Iterable[Message]) -> Iterator[str]:
    for number in {number for each in messages for number in (each.to, each.from_)}:
        holder = platform.accounts.holder(number)
        if holder is not None and holder is not account:
            yield number
