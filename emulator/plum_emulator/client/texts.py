"""Texts out of an account and into it, the log, the journal, the numbers, and what happens live."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from plum_emulator.client.calls import Answer, Calls, Json, in_path
from plum_emulator.clock import stopwatch


class TextCalls(Calls):
    """What an application and a handset do, and how it is looked at."""

    __slots__ = ()

    def queue(self, *, to: str, from_: str, body: str, result_url: str = "") -> list[Json]:
        """Queue a message, as an application does; its resources, one for each part."""
        fields = {"to": to, "from": from_, "body": body}
        if result_url:
            fields["result_url"] = result_url
        return self._service("POST", "queue", fields)

    def status(self, sms_message_id: str) -> Json:
        """One message resource."""
        return self._service("GET", "status", {"sms_message_id": sms_message_id})[0]

    def messages(self, **filters: str | int) -> list[Json]:
        """Message resources, filtered as the service `messages` does it."""
        return self._service("GET", "messages", filters)

    def conversation(self, account_number: str, customer_number: str, **filters: str | int) -> list[Json]:
        """What two numbers exchanged."""
        numbers = {"account_number": account_number, "customer_number": customer_number}
        return self._service("GET", "conversation", {**numbers, **filters})

    def ready(self) -> bool:
        """Whether the emulator takes messages. Raises ServerUnreachable or SettingsError, but never CallFailed."""
        answer = self._ask("GET", "/_plum/ready")
        if answer.status == 401:
            raise self._not_let_in()
        return answer.status == 200

    def health(self) -> Json:
        """That the process is there, and its version."""
        return self._control("GET", "/health")

    def receive(self, *, from_: str, to: str, body: str) -> Json:
        """Let a handset text one of the account's numbers; the message as it was stored."""
        return self._control("POST", "/inbound", {"from": from_, "to": to, "body": body})

    def story(self, sms_message_id: str) -> Json:
        """Everything that is known about one message."""
        return self._control("GET", f"/messages/{in_path(sms_message_id)}")

    def log(self, **filters: str | int) -> list[Json]:
        """The newest messages of the log, with their statuses and reasons."""
        found: list[Json] = self._control("GET", "/messages", query=filters)["messages"]
        return found

    def exchanges(self, **filters: str | int) -> list[Json]:
        """The newest exchanges of the journal."""
        found: list[Json] = self._control("GET", "/exchanges", query=filters)["exchanges"]
        return found

    def numbers(self) -> list[Json]:
        """The account's numbers."""
        found: list[Json] = self._control("GET", "/numbers")["numbers"]
        return found

    def set_application(self, number: str, url: str) -> Json:
        """Change where texts to the number are posted; "" for nowhere."""
        return self._control("PUT", f"/numbers/{in_path(number)}", {"application_url": url})

    def reset(self) -> None:
        """Bring the account back to its seed. Snapshots stay."""
        self._control("POST", "/reset")

    @contextmanager
    def events(self, *, within: float | None = None, since: int | None = None) -> Iterator[Iterator[Json]]:
        """What happens from now on, as an endless iterator; it listens already when the block begins.

        With `since`, the `id` of an event, what happened after that one comes first. After `within` seconds, counted
        from the beginning of the block, it raises TimeoutError.
        """
        path = self._path("/events", {})
        headers = {**self._pass(path), **({} if since is None else {"Last-Event-ID": str(since)})}
        with closing(self._connection()) as connection:
            with self._reaching():
                connection.request("GET", path, headers=headers)
                stream = connection.sock
                answer = connection.getresponse()
                if answer.status != 200:
                    raise self._said_no(Answer(status=answer.status, body=answer.read()), "/events")
                answer.readline()  # the greeting: from here on nothing is missed
            yield self._events(answer, stream, within)

    def _events(self, answer: http.client.HTTPResponse, stream: socket.socket, within: float | None) -> Iterator[Json]:
        elapsed, number = stopwatch(), {}
        while True:
            with self._reaching(timeouts=within is None):
                if within is not None:
                    stream.settimeout(_left(within, elapsed()))
                line = answer.readline()
            if not line:
                return
            if line.startswith(b"id: "):
                number = {"id": int(line[4:])}
            if line.startswith(b"data: "):
                yield {**number, **json.loads(line[6:])}


def _left(within: float, elapsed_ms: float) -> float:
    left = within - elapsed_ms / 1000
    if left <= 0:
        raise TimeoutError(f"{within:g} s are over")
    return left
