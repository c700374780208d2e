"""An account under test, used over HTTP with `requests`: a client that is not ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from helpers.programs import HANDSET, NUMBER, PASSWORD

DEADLINE = 30.0
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """One account of a running emulator."""

    url: str
    username: str = "username"
    password: str = PASSWORD
    number: str = NUMBER

    def ask(self, method: str, path: str, value: object = None, **more: Any) -> requests.Response:
        """The answer of the control surface, whatever it is. `params` are for the query."""
        params = {"account": self.username, **more.pop("params", {})}
        if value is not None:
            more["json"] = value
        return call(method, f"{self.url}/_plum{path}", params=params, **more)

    def told(self, method: str, path: str, value: object = None, **more: Any) -> Json:
        """What the control surface answers when it says yes."""
        answer = self.ask(method, path, value, **more)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        found: Json = answer.json()
        return found

    def service(self, name: str, fields: Mapping[str, str | int], *, method: str = "GET") -> requests.Response:
        """The answer of one of Plum's services."""
        sent = {"params": fields} if method == "GET" else {"data": fields}
        return call(method, f"{self.url}/ws/sms/{name}", auth=(self.username, self.password), **sent)

    def ask_queue(self, body: str = "Hello", *, to: str = HANDSET, result_url: str = "") -> requests.Response:
        """The answer to a message that is to be queued."""
        fields = {"to": to, "from": self.number, "body": body, "result_url": result_url}
        return self.service("queue.json", fields, method="POST")

    def queue(self, body: str = "Hello", *, to: str = HANDSET, result_url: str = "") -> Json:
        """The message as it was queued."""
        answer = self.ask_queue(body, to=to, result_url=result_url)
        assert (answer.status_code, answer.json()["status"]) == (200, "success"), answer.text
        [message] = answer.json()["result"]["sms_messages"]
        found: Json = message
        return found

    def messages(self) -> list[Json]:
        """The messages as Plum's service lists them."""
        found: list[Json] = self.service("messages.json", {"limit": 200}).json()["result"]["sms_messages"]
        return found

    def story(self, sms_message_id: str) -> Json:
        """Everything that is known about one message."""
        return self.told("GET", f"/messages/{sms_message_id}")

    def journal(self, operation: str = "") -> list[Json]:
        """The newest exchanges, oldest first."""
        params = {"limit": 1000, **({"operation": operation} if operation else {})}
        found: list[Json] = self.told("GET", "/exchanges", params=params)["exchanges"]
        return found[::-1]

    def advance(self, seconds: float | None = None, *, until: str | None = None) -> Json:
        """Move the clock; what ran."""
        asked = {"until": until} if until else {"seconds": seconds}
        return self.told("POST", "/clock/advance", asked)

    def now(self) -> str:
        """What time it is there."""
        found: str = self.told("GET", "/clock")["now"]
        return found

    def expect(self, kind: str = "", **wanted: Any) -> requests.Response:
        """The verdict on messages, or on `callbacks` or `inbound`."""
        return self.ask("POST", f"/expect/{kind}".rstrip("/"), wanted)

    def rule(self, then: object, /, **when: object) -> str:
        """Make a rule; its id."""
        found: str = self.told("POST", "/rules", {"when": when, "then": then})["id"]
        return found

    def export(self, what: str = "", **params: str) -> bytes:
        """An export's bytes."""
        answer = self.ask("GET", f"/export/{what}".rstrip("/"), params=params)
        assert answer.status_code == 200, answer.text
        return answer.content


def call(method: str, url: str, **more: Any) -> requests.Response:
    """One request on a connection of its own."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=more.pop("timeout", DEADLINE), **more)


def lease(url: str, /, **wanted: object) -> Leased:
    """Lease an account of the emulator at this address."""
    answer = call("POST", f"{url}/_plum/accounts/lease", json=wanted)
    assert answer.status_code == 201, answer.text
    return leased(answer.json())


def leased(account: Json) -> Leased:
    """The account as the control surface showed it."""
    return Leased(
        url=account["base_url"],
        username=account["username"],
        password=account["password"],
        number=account["numbers"][0],
    )


def statuses(hits: Sequence[Any]) -> list[str]:
    """The statuses that callbacks told, in the order of their arrival."""
    return [hit.fields["status"] for hit in hits]


def quoted(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")
