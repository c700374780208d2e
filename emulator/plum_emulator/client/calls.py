"""Makes the requests of a client, and turns what went wrong into errors."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from plum_emulator.client.connections import Connections
from plum_emulator.client.failures import BadCall, ExpectationFailed
from plum_emulator.errors import CallFailed, PlumEmulatorError, ServerUnreachable, SettingsError
from plum_emulator.settings import DEFAULT_URL, checked_token

Json = dict[str, Any]
Query = Mapping[str, str | int]

_CONTROL = "/_plum"
_ACCOUNTS = "/accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls one emulator as one account."""

    url: str = DEFAULT_URL
    username: str = "username"
    password: str = field(default="password", repr=False)
    token: str = field(default="", repr=False)
    timeout: float | None = 30.0
    _connections: Connections = field(default_factory=Connections, init=False, repr=False, compare=False)

    def close(self) -> None:
        """Close the connections that were kept. The next call opens one again."""
        self._connections.close()

    def _service(self, method: str, service: str, fields: dict[str, Any]) -> list[Json]:
        # An argument that was not UTF-8 goes out with the bytes it came with.
        login = base64.b64encode(f"{self.username}:{self.password}".encode(errors="surrogateescape")).decode()
        headers = {"Authorization": f"Basic {login}"}
        path, body = f"/ws/sms/{service}.json", urlencode(fields, errors="surrogateescape")
        if method == "GET":
            path, body = f"{path}?{body}", ""
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._ask(method, path, body.encode(), headers)
        if answer.status == 401:
            raise self._no_account()
        envelope = json_of(answer)
        if envelope.get("status") != "success":
            raise CallFailed(
                f"{service}: {envelope.get('error') or 'no envelope was answered'}",
                hint=f"GET {self.url}/_plum/exchanges says why",
            )
        resources: list[Json] = envelope["result"]["sms_messages"]
        return resources

    def _control(
        self, method: str, path: str, value: object = None, *, query: Query | None = None, waits: float | None = 0.0
    ) -> Json:
        """What an operation of the control surface answers. It may take `waits` seconds by its nature; None: any."""
        body = b"" if value is None else json.dumps(value).encode()
        return json_of(self._asked(method, path, body, query=query, waits=waits))

    def _asked(
        self, method: str, path: str, body: bytes = b"", *, query: Query | None = None, waits: float | None = 0.0
    ) -> Answer:
        headers = {"Content-Type": "application/json"} if body else {}
        answer = self._ask(method, self._path(path, query or {}), body, headers, waits=waits)
        if answer.status >= 400:
            raise self._said_no(answer, path)
        return answer

    def _path(self, path: str, query: Query) -> str:
        return f"{_CONTROL}{path}?{urlencode({'account': self.username, **query}, errors='surrogateescape')}"

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        waits: float | None = 0.0,
    ) -> Answer:
        timeout = None if self.timeout is None or waits is None else self.timeout + waits
        headers = {**self._pass(path), **(headers or {})}
        with self._reaching():
            connection = self._connections.take() or self._connection()
            try:
                connection.timeout = timeout
                if connection.sock is not None:
                    connection.sock.settimeout(timeout)
                connection.request(method, path, body, headers)
                came = connection.getresponse()
                answer = Answer(status=came.status, body=came.read())
            except BaseException:
                connection.close()
                raise
            self._connections.keep(connection)
            return answer

    def _pass(self, path: str) -> dict[str, str]:
        """What the emulator wants to see from another machine. Plum's services have a login of their own."""
        if not self.token or not path.startswith(_CONTROL):
            return {}
        return {"Authorization": f"Bearer {checked_token(self.token)}"}

    @contextmanager
    def _reaching(self, *, timeouts: bool = True) -> Iterator[None]:
        """What goes wrong inside goes wrong between here and the emulator."""
        try:
            yield
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            if isinstance(error, TimeoutError) and not timeouts:
                raise
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        if isinstance(error, ConnectionResetError | http.client.RemoteDisconnected | http.client.BadStatusLine):
            return ServerUnreachable(
                f"the emulator at {self.url} ended the connection without an answer",
                hint="a rule may want it so: plum-emulator rules list",
            )
        return ServerUnreachable(
            f"no emulator answers at {self.url}: {error or type(error).__name__}",
            hint="start one with: plum-emulator serve, or name it with --url or PLUM_EMULATOR_URL",
        )

    def _said_no(self, answer: Answer, path: str) -> PlumEmulatorError:
        value = json_of(answer)
        if answer.status == 404 and not path.startswith(_ACCOUNTS) and not self._is_there():
            return self._no_account()
        if answer.status == 401:
            return self._not_let_in()
        message, hint = str(value.get("error", f"answered {answer.status}")), str(value.get("hint", ""))
        if answer.status == 417:
            return ExpectationFailed(message, hint=hint, details=value)
        return (BadCall if answer.status in (400, 404) else CallFailed)(message, hint=hint)

    def _is_there(self) -> bool:
        return self._ask("GET", f"{_CONTROL}{_ACCOUNTS}/{in_path(self.username)}").status == 200

    def _not_let_in(self) -> SettingsError:
        what = "another token than this one" if self.token else "a token"
        return SettingsError(
            f"the emulator at {self.url} wants {what}",
            hint="give it with --token or PLUM_EMULATOR_TOKEN; the emulator's banner shows it",
        )

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


def json_of(answer: Answer) -> Json:
    """The JSON object that was answered."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CallFailed(f"an answer {answer.status} that is not an emulator's", hint="is another server there?")
    return value


def in_path(name: object, *, safe: str = "") -> str:
    """A name as it stands in a path."""
    return quote(str(name), safe=safe, errors="surrogateescape")


def given(**values: object) -> Json:
    """Those of the values that were given. A name may end with `_`, where Python has the word for itself."""
    return {name.rstrip("_"): value for name, value in values.items() if value is not None}
