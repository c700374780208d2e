"""The control surface under `/_plum/`: what tests and people ask of the emulator itself. Described in
`schemas/control.openapi.yaml`; errors are JSON with `error` and `hint`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from plum_emulator import __version__, resources
from plum_emulator.engine.platform import Platform
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.web.events import EventStream
from plum_emulator.web.gateway import BODY, STREAM, TOO_LARGE
from plum_emulator.web.views import exchange_view, message_view, number_view, story_view

_PAGE, _PAGE_MAX = 50, 1000
# Beside `account`, which every route takes.
_PARAMETERS = {"messages": ("limit", "before", "q"), "exchanges": ("limit", "before", "operation", "nobody")}


class Control:
    """The control surface of one platform. `ready` says whether the emulator is up."""

    def __init__(self, platform: Platform, *, ready: Callable[[], bool]) -> None:
        self._platform = platform
        self._ready = ready

    def blueprint(self) -> Blueprint:
        """The Flask side of it."""
        blueprint = Blueprint("control", __name__, url_prefix="/_plum")
        for method, path, view in (
            ("GET", "/health", self.health),
            ("GET", "/ready", self.ready),
            ("GET", "/openapi.yaml", self.openapi),
            ("POST", "/inbound", self.inbound),
            ("GET", "/messages", self.messages),
            ("GET", "/messages/<sms_message_id>", self.message),
            ("GET", "/exchanges", self.exchanges),
            ("GET", "/events", self.events),
            ("GET", "/numbers", self.numbers),
            ("PUT", "/numbers/<number>", self.put_number),
            ("POST", "/reset", self.reset),
        ):
            blueprint.add_url_rule(path, view_func=view, methods=[method])
        blueprint.before_request(_refuse_unknown_parameters)
        return blueprint

    def health(self) -> Response:
        """The process is there."""
        return jsonify(status="ok", version=__version__)

    def ready(self) -> tuple[Response, int]:
        """Whether it takes messages: 200, or 503 while it starts or stops."""
        ready = self._ready()
        usernames = [account.username for account in self._platform.accounts]
        return jsonify(status="ready" if ready else "not ready", accounts=usernames), 200 if ready else 503

    def openapi(self) -> Response:
        """The description of this surface."""
        return Response(resources.schema("control.openapi.yaml").read_bytes(), content_type="application/yaml")

    def inbound(self) -> tuple[Response, int]:
        """A handset texts one of the account's numbers; the message as it was stored."""
        account, body = self._account(), _json("from", "to", "body")
        message = self._platform.receive(account, to=body["to"], from_=body["from"], body=body["body"])
        return jsonify(message_view(message)), 201

    def messages(self) -> Response:
        """The newest messages, `limit` of them, older than the one with the id `before`; `q`: with these words."""
        account, limit = self._account(), _limit()
        found = self._platform.log(
            account, limit=limit, before=request.args.get("before"), words=request.args.get("q", "").strip()
        )
        following = found[-1].sms_message_id if len(found) == limit else None
        return jsonify(messages=[message_view(message) for message in found], before=following)

    def message(self, sms_message_id: str) -> Response:
        """One message with everything that is known about it."""
        return jsonify(story_view(self._platform.story(self._account(), sms_message_id)))

    def exchanges(self) -> Response:
        """The newest exchanges; with `nobody=1`, those of logins that no account has."""
        account = None if request.args.get("nobody") == "1" else self._account()
        limit = _limit()
        found = self._platform.exchanges(
            account, limit=limit, before=_integer("before"), operation=request.args.get("operation") or None
        )
        following = found[-1].n if len(found) == limit else None
        return jsonify(exchanges=[exchange_view(exchange) for exchange in found], before=following)

    def events(self) -> Response:
        """Everything that happens from now on, or from Last-Event-ID on, as server-sent events."""
        last = request.headers.get("Last-Event-ID", "")
        since = int(last) if last.isascii() and last.isdecimal() and len(last) < 19 else None
        stream = EventStream(self._platform.feed, account=self._account().id, since=since)
        if request.method == "GET":  # HEAD asks for the head alone
            request.environ[STREAM] = stream
        return Response(b"", content_type="text/event-stream", headers={"Cache-Control": "no-store"})

    def numbers(self) -> Response:
        """The account's numbers."""
        return jsonify(numbers=[number_view(number) for number in self._account().numbers.values()])

    def put_number(self, number: str) -> Response:
        """Change where texts to the number are posted; "" for nowhere."""
        account, body = self._account(), _json("application_url")
        return jsonify(number_view(self._platform.set_application(account, number, body["application_url"])))

    def reset(self) -> Response:
        """Bring the account back to its seed."""
        account = self._account()
        self._platform.reset(account)
        return jsonify(account=account.username, status="reset")

    def _account(self) -> Account:
        return self._platform.accounts.named(request.args.get("account", ""))


def _json(*names: str) -> dict[str, str]:
    """The request's JSON object, with exactly these strings in it. Raises NotPossible."""
    if TOO_LARGE in request.environ:
        raise NotPossible("the request body is too large", hint="at most 1 MiB is taken")
    example = f"send a JSON object with {', '.join(names)}"
    try:
        value = json.loads(request.environ[BODY])
    except RecursionError:
        raise NotPossible("the body is JSON nested too deep", hint=example) from None
    except ValueError as error:
        raise NotPossible(f"the body is not JSON: {error}", hint=example) from None
    if not isinstance(value, dict):
        raise NotPossible("the body is JSON, but not an object", hint=example)
    return _strings(value, names, example)


def _refuse_unknown_parameters() -> None:
    known = ("account", *_PARAMETERS.get((request.endpoint or "").rpartition(".")[2], ()))
    _refuse_unknown(request.args, known, f"there are: {', '.join(known)}")


def _refuse_unknown(given: Iterable[str], known: tuple[str, ...], hint: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise NotPossible(f"{name[:40]!r} is unknown", hint=f"did you mean {near[0]!r}?" if near else hint)


def _strings(value: dict[str, Any], names: tuple[str, ...], example: str) -> dict[str, str]:
    _refuse_unknown(value, names, example)
    for name in names:
        if not isinstance(value.get(name), str):
            raise NotPossible(f"{name!r} is missing or not a string", hint=example)
        if not _storable(value[name]):
            raise NotPossible(f"{name!r} has half a surrogate pair in it", hint="send whole characters")
    return value


def _storable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _limit() -> int:
    limit = _integer("limit")
    return max(1, min(_PAGE if limit is None else limit, _PAGE_MAX))


def _integer(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotPossible(f"{name} = {text[:40]!r} is not a whole number", hint=f"for example {name}=50")
    return int(text)
