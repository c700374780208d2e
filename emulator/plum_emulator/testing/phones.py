"""Phones: what a person with a handset does and sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plum_emulator.testing.failures import PlumFailure
from plum_emulator.testing.sights import Message

if TYPE_CHECKING:
    from plum_emulator.testing.plum import Plum

_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text on a handset's screen."""

    from_: str
    to: str
    body: str
    at: str
    automatic: bool = False

    def __str__(self) -> str:
        return self.body


@dataclass(frozen=True, slots=True)
class Phone:
    """One handset, with a number of its own."""

    number: str
    _plum: Plum = field(repr=False)

    def texts(self, body: str, *, to: str = "", settle: bool = True) -> Message:
        """Text one of the account's numbers, the first by default; the message as it was stored.

        On a manual clock the application has been posted to, and has answered, when this returns; `settle=False`
        leaves that for later.
        """
        __tracebackhide__ = True
        message = self._plum.client.receive(from_=self.number, to=to or self._plum.number, body=body)
        if settle:
            self._plum.settle()
        return Message.of(message)

    @property
    def inbox(self) -> list[Text]:
        """What has arrived on the handset, oldest first: delivered messages, and the carrier's automatic texts."""
        __tracebackhide__ = True
        self._plum.settle()
        found = []
        for message in self._with_this():
            if message["type"] == "inbound":
                found += [_automatic(text) for text in self._automatic_texts(message)]
            elif message["status"] == "received":
                found.append(_delivered(message))
        return sorted(found, key=lambda text: text.at)

    @property
    def last(self) -> Text:
        """The newest text on the handset. Raises PlumFailure when there is none."""
        __tracebackhide__ = True
        inbox = self.inbox
        if not inbox:
            raise PlumFailure(f"nothing has arrived on the phone {self.number}; move the clock: plum.advance('5s')")
        return inbox[-1]

    @property
    def conversation(self) -> list[Text]:
        """Everything between this handset and the account, both ways, oldest first, whatever became of it."""
        return [_delivered(message) for message in self._with_this()]

    def wait_for(self, body__contains: str = "", *, timeout: float = 5.0, **fields: Any) -> Message:
        """A message to this handset, by its fields as in `plum.expect`, once it has been delivered to it.

        On a manual clock what is under way is delivered first, which moves the clock.
        """
        __tracebackhide__ = True
        if body__contains:
            fields["body__contains"] = body__contains
        self._plum.deliver()
        return self._plum.expect(to=self.number, status="received", timeout=timeout, **fields)

    def _with_this(self) -> list[dict[str, Any]]:
        found = self._plum.client.log(limit=_LISTED)
        return [each for each in reversed(found) if self.number in (each["to"], each["from"])]

    def _automatic_texts(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        texts: list[dict[str, Any]] = self._plum.client.story(message["sms_message_id"])["automatic_texts"]
        return texts


def _automatic(text: dict[str, Any]) -> Text:
    return Text(from_=text["from"], to=text["to"], body=text["body"], at=text["at"], automatic=True)


def _delivered(message: dict[str, Any]) -> Text:
    return Text(from_=message["from"], to=message["to"], body=message["body"], at=message["statuses"][-1]["at"])
