"""A client of a running emulator. It speaks only HTTP, so what it can do, a test in any language can do."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from plum_emulator.errors import CallFailed, ServerUnreachable, SettingsError
from plum_emulator.settings import DEFAULT_HOST, DEFAULT_PORT

DEFAULT_URL = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"

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
        with self._exchange("GET", "/_plum/ready") as answer:
            return answer.status == 200

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
    def events(self) -> Iterator[Iterator[Json]]:
        """What happens from now on, as an endless iterator; it listens already when the block begins."""
        with self._exchange("GET", self._path("/events", {})) as answer:
            if answer.status != 200:
                raise _said_no(answer)
            answer.readline()  # the greeting: from here on nothing is missed
            yield _events(answer)

    def _service(self, method: str, service: str, fields: dict[str, Any]) -> list[Json]:
        login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"}
        path, body = f"/ws/sms/{service}.json", urlencode(fields)
        if method == "GET":
            path, body = f"{path}?{body}", ""
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with self._exchange(method, path, body, headers) as answer:
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
        with self._exchange(method, self._path(path, query or {}), body, headers) as answer:
            if answer.status >= 400:
                raise _said_no(answer)
            return _json(answer)

    def _path(self, path: str, query: Mapping[str, str | int]) -> str:
        return f"/_plum{path}?{urlencode({'account': self.username, **query})}"

    @contextmanager
    def _exchange(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = self._connection()
        try:
            connection.request(method, path, body.encode(), headers or {})
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise ServerUnreachable(
                f"no emulator answers at {self.url}: {error or type(error).__name__}",
                hint="start one with: plum-emulator serve, or name it with --url or PLUM_EMULATOR_URL",
            ) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme != "http" or not host or parts.path not in ("", "/"):
            raise SettingsError(f"{self.url!r} is not the address of an emulator", hint=f"for example {DEFAULT_URL}")
        return http.client.HTTPConnection(host, port, timeout=self.timeout)


def _json(answer: http.client.HTTPResponse) -> Json:
    try:
        value = json.loads(answer.read())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CallFailed(f"an answer {answer.status} that is not an emulator's", hint="is another server there?")
    return value


def _said_no(answer: http.client.HTTPResponse) -> CallFailed:
    value = _json(answer)
    return CallFailed(str(value.get("error", f"answered {answer.status}")), hint=str(value.get("hint", "")))


def _events(answer: http.client.HTTPResponse) -> Iterator[Json]:
    for line in answer:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
