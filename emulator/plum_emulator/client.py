"""A client of a running emulator. It speaks only HTTP, so what it can do, a test in any language can do."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from plum_emulator.clock import stopwatch
from plum_emulator.errors import CallFailed, PlumEmulatorError, ServerUnreachable, SettingsError
from plum_emulator.settings import DEFAULT_URL

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Calls one emulator as one account. Raises ServerUnreachable when nothing answers there, and CallFailed,
    with the emulator's own words, when it says no."""

    url: str = DEFAULT_URL
    username: str = "username"
    password: str = field(default="password", repr=False)
    timeout: float | None = 30.0

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
        """Whether the emulator takes messages. Raises ServerUnreachable, but never CallFailed."""
        return self._ask("GET", "/_plum/ready").status == 200

    def receive(self, *, from_: str, to: str, body: str) -> Json:
        """Let a handset text one of the account's numbers; the message as it was stored."""
        return self._control("POST", "/inbound", {"from": from_, "to": to, "body": body})

    def story(self, sms_message_id: str) -> Json:
        """Everything that is known about one message."""
        return self._control("GET", f"/messages/{quote(sms_message_id, safe='')}")

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
        return self._control("PUT", f"/numbers/{quote(number, safe='')}", {"application_url": url})

    def reset(self) -> None:
        """Bring the account back to its seed."""
        self._control("POST", "/reset")

    @contextmanager
    def events(self, *, within: float | None = None) -> Iterator[Iterator[Json]]:
        """What happens from now on, as an endless iterator; it listens already when the block begins.

        After `within` seconds, counted from the beginning of the block, it raises TimeoutError.
        """
        with closing(self._connection()) as connection:
            with self._reaching():
                connection.request("GET", self._path("/events", {}))
                stream = connection.sock
                answer = connection.getresponse()
                if answer.status != 200:
                    raise self._said_no(_Answer(answer.status, answer.read()))
                answer.readline()  # the greeting: from here on nothing is missed
            yield self._events(answer, stream, within)

    def _service(self, method: str, service: str, fields: dict[str, Any]) -> list[Json]:
        # An argument that was not UTF-8 goes out with the bytes it came with.
        login = base64.b64encode(f"{self.username}:{self.password}".encode(errors="surrogateescape")).decode()
        headers = {"Authorization": f"Basic {login}"}
        path, body = f"/ws/sms/{service}.json", urlencode(fields, errors="surrogateescape")
        if method == "GET":
            path, body = f"{path}?{body}", ""
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._ask(method, path, body, headers)
        if answer.status == 401:
            raise self._no_account()
        envelope = _json(answer)
        if envelope.get("status") != "success":
            raise CallFailed(
                f"{service}: {envelope.get('error') or 'no envelope was answered'}",
                hint=f"GET {self.url}/_plum/exchanges says why",
            )
        resources: list[Json] = envelope["result"]["sms_messages"]
        return resources

    def _control(
        self, method: str, path: str, value: Json | None = None, *, query: Mapping[str, str | int] | None = None
    ) -> Json:
        body = "" if value is None else json.dumps(value)
        headers = {"Content-Type": "application/json"}
        answer = self._ask(method, self._path(path, query or {}), body, headers)
        if answer.status >= 400:
            raise self._said_no(answer)
        return _json(answer)

    def _path(self, path: str, query: Mapping[str, str | int]) -> str:
        return f"/_plum{path}?{urlencode({'account': self.username, **query}, errors='surrogateescape')}"

    def _ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> _Answer:
        with self._reaching(), closing(self._connection()) as connection:
            connection.request(method, path, body.encode(), dict(headers or {}))
            answer = connection.getresponse()
            return _Answer(answer.status, answer.read())

    def _events(self, answer: http.client.HTTPResponse, stream: socket.socket, within: float | None) -> Iterator[Json]:
        elapsed = stopwatch()
        while True:
            with self._reaching(timeouts=within is None):
                if within is not None:
                    stream.settimeout(_left(within, elapsed()))
                line = answer.readline()
            if not line:
                return
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    @contextmanager
    def _reaching(self, *, timeouts: bool = True) -> Iterator[None]:
        """What goes wrong inside goes wrong between here and the emulator."""
        try:
            yield
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            if isinstance(error, TimeoutError) and not timeouts:
                raise
            raise ServerUnreachable(
                f"no emulator answers at {self.url}: {error or type(error).__name__}",
                hint="start one with: plum-emulator serve, or name it with --url or PLUM_EMULATOR_URL",
            ) from error

    def _said_no(self, answer: _Answer) -> PlumEmulatorError:
        if answer.status == 404 and self.username not in _json(self._ask("GET", "/_plum/ready")).get("accounts", ()):
            return self._no_account()
        value = _json(answer)
        return CallFailed(str(value.get("error", f"answered {answer.status}")), hint=str(value.get("hint", "")))

    def _no_account(self) -> SettingsError:
        return SettingsError(
            f"the emulator has no account {self.username!r} with this password",
            hint="name another with --username and --password; the emulator's banner shows them",
        )

    def _connection(self) -> http.client.HTTPConnection:
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme != "http" or not host or parts.path not in ("", "/"):
            raise SettingsError(f"{self.url!r} is not the address of an emulator", hint=f"for example {DEFAULT_URL}")
        return http.client.HTTPConnection(host, port, timeout=self.timeout)


def _left(within: float, elapsed_ms: float) -> float:
    left = within - elapsed_ms / 1000
    if left <= 0:
        raise TimeoutError(f"{within:g} s are over")
    return left


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back, read to its end."""

    status: int
    body: bytes


def _json(answer: _Answer) -> Json:
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CallFailed(f"an answer {answer.status} that is not an emulator's", hint="is another server there?")
    return value
