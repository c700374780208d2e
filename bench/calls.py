"""Requests to what is measured: their form, and one connection that makes them one after the other."""

from __future__ import annotations

import base64
import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

FROM = "12435678910"


def login_of(username: str, password: str) -> str:
    """The header that logs an account in."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


LOGIN = login_of("username", "password")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, ready to be made any number of times."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def wire_format(self, port: int) -> bytes:
        """The bytes that travel."""
        headers = {"Host": f"127.0.0.1:{port}", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Caller:
    """One kept connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.calls = 0

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def answer(self, request: Request) -> tuple[int, bytes]:
        """The answer's status and body. Raises OSError or HTTPException when there is none."""
        self._connection.request(request.method, request.path, request.body or None, request.headers)
        answer = self._connection.getresponse()
        body = answer.read()
        self.calls += 1
        return answer.status, body

    def call(self, request: Request) -> bytes:
        """The answer's body. Raises when it is not a 2xx, and as `answer` does."""
        status, body = self.answer(request)
        if not 200 <= status < 300:
            raise RuntimeError(f"{request.method} {request.path} was answered {status}: {body[:200]!r}")
        return body

    def json(self, request: Request) -> Any:
        """What the control surface answers."""
        return json.loads(self.call(request))

    def messages(self, request: Request) -> list[dict[str, Any]]:
        """What one of Plum's services answers. Raises when it is not a success."""
        reply = json.loads(self.call(request))
        if reply["status"] != "success":
            raise RuntimeError(f"{request.path} was answered {reply}")
        found: list[dict[str, Any]] = reply["result"]["sms_messages"]
        return found

    def timed(self, request: Request) -> float:
        """Make it, and say how many milliseconds the answer took."""
        start = time.perf_counter()
        self.call(request)
        return (time.perf_counter() - start) * 1000


def queued(place: int, *, result_url: str = "", from_: str = FROM, login: str = LOGIN) -> Request:
    """A message to one of fifty ordinary handsets."""
    fields = {**queued_fields(place), "from": from_, "result_url": result_url}
    return posted("/ws/sms/queue.json", fields, login=login)


def queued_fields(place: int) -> dict[str, str]:
    """To whom such a message goes, and what it says."""
    return {
        "to": f"13035550{100 + place % 50}",
        "body": f"Your parcel {place:05d} will be with you tomorrow between nine and noon.",
    }


def posted(path: str, fields: dict[str, str], *, login: str) -> Request:
    """A form."""
    headers = {"Authorization": login, "Content-Type": _FORM}
    return Request(method="POST", path=path, headers=headers, body=urlencode(fields).encode())


def asked(path: str, *, login: str = LOGIN, **query: object) -> Request:
    """A look-up, as the seed's first account unless another logs in."""
    return Request(method="GET", path=f"{path}?{urlencode(query)}" if query else path, headers={"Authorization": login})


def control(method: str, path: str, value: object = None, *, account: str = "") -> Request:
    """A request to the control surface, about the first account unless another is named."""
    query = f"?{urlencode({'account': account})}" if account else ""
    if value is None:
        return Request(method=method, path=f"/_plum/{path}{query}")
    headers = {"Content-Type": "application/json"}
    return Request(method=method, path=f"/_plum/{path}{query}", headers=headers, body=json.dumps(value).encode())
