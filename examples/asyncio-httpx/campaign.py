"""Texts many people at once, and asks until it is known what became of each message."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import httpx

FINAL = {"received", "failed", "undelivered"}
Pause = Callable[[float], Awaitable[object]]


class GivenUp(Exception):
    """Plum did not take a message, or did not say what became of it, in time."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A text for many people. `pause` waits between two tries."""

    http: httpx.AsyncClient
    number: str
    pause: Pause = asyncio.sleep
    every: float = 2.0
    tries: int = 30
    _at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(10))

    async def text(self, people: Iterable[str], body: str) -> dict[str, str]:
        """Text them all; what became of each one's message."""
        people = list(people)
        ids = await asyncio.gather(*(self._queue(person, body) for person in people))
        outcomes = await asyncio.gather(*(self._outcome(id_) for id_ in ids))
        return dict(zip(people, outcomes, strict=True))

    async def _queue(self, to: str, body: str) -> str:
        """Queue one message, once: before another try it is looked for, since an answer may get lost."""
        for _ in range(self.tries):
            try:
                async with self._at_once:
                    answer = await self.http.post("queue.json", data={"to": to, "from": self.number, "body": body})
                answer.raise_for_status()
            except (httpx.TransportError, httpx.HTTPStatusError):
                await self.pause(self.every)
                queued = await self._queued_before(to, body)
                if queued:
                    return queued
            else:
                return _first_id(answer)
        raise GivenUp(f"the message to {to} was not taken")

    async def _queued_before(self, to: str, body: str) -> str | None:
        wanted = {"phone_number": to, "phone_number_type": "customer", "type": "outbound"}
        answer = await self.http.get("messages.json", params=wanted)
        same = [each for each in answer.json()["result"]["sms_messages"] if each["body"] == body]
        return same[0]["sms_message_id"] if same else None

    async def _outcome(self, id_: str) -> str:
        for _ in range(self.tries):
            answer = await self.http.get("status.json", params={"sms_message_id": id_})
            status: str = answer.json()["result"]["sms_messages"][0]["status"]
            if status in FINAL:
                return status
            await self.pause(self.every)
        raise GivenUp(f"message {id_} has no outcome yet")


def _first_id(answer: httpx.Response) -> str:
    envelope = answer.json()
    if envelope["status"] != "success":
        raise GivenUp(envelope["error"])
    id_: str = envelope["result"]["sms_messages"][0]["sms_message_id"]
    return id_


def client(environment: Mapping[str, str] = os.environ) -> httpx.AsyncClient:
    """A client of Plum's services."""
    url = environment.get("PLUM_BASE_URL", "https://hosting.plumvoice.com")
    login = (environment["PLUM_USERNAME"], environment["PLUM_PASSWORD"])
    return httpx.AsyncClient(base_url=f"{url}/ws/sms/", auth=login, timeout=5)


async def main() -> None:
    """Text everybody who is named: `python campaign.py BODY NUMBER…`."""
    body, *people = sys.argv[1:]
    async with client() as http:
        outcomes = await Campaign(http=http, number=os.environ["PLUM_NUMBER"]).text(people, body)
    sys.stdout.writelines(f"{person}: {outcome}\n" for person, outcome in outcomes.items())


if __name__ == "__main__":
    asyncio.run(main())
