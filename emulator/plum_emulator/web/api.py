"""Plum's services under `/ws/sms/`: queue, status, messages, conversation (clauses 1 to 4, 8 and 9).

One view for all, written with care: it is what applications call thousands of times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from flask import Blueprint, Response, request
from werkzeug.http import HTTP_STATUS_CODES, http_date, parse_accept_header
from werkzeug.routing import BaseConverter

from plum_emulator.clock import stopwatch
from plum_emulator.engine.platform import Platform
from plum_emulator.errors import Refusal, StorageFailed
from plum_emulator.model.accounts import Account
from plum_emulator.model.exchanges import Exchange, Headers
from plum_emulator.scenario.effects import NOTHING, Effects
from plum_emulator.scenario.rules import Operation
from plum_emulator.web.faults import Sent, altered
from plum_emulator.web.gateway import BODY, FAULT, IF_LOST, TOO_LARGE
from plum_emulator.web.guard import Guard
from plum_emulator.web.journal import kept_headers
from plum_emulator.wire.forms import Fields, read_basic, read_form, read_query
from plum_emulator.wire.replies import CONTENT_TYPES, Format, Reply, listed, queued_resource, resource
from plum_emulator.wire.requests import read_conversation, read_listing, read_message_id, read_send

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


class _Anything(BaseConverter):
    """Nothing, or any characters: slashes and line ends too."""

    regex = r"[\s\S]*?"
    part_isolating = False


@dataclass(slots=True)
class _Call:
    """One request to a service, on its way."""

    service: str
    format: Format
    environ: dict[str, Any]
    path_id: str = ""
    account: Account | None = None
    n: int = 0
    effects: Effects = NOTHING


_USUAL_PATHS = [
    f"{service}.{ending}" for service in ("queue", "status", "messages", "conversation") for ending in CONTENT_TYPES
]


class Services:
    """The services of one platform."""

    def __init__(self, platform: Platform, guard: Guard) -> None:
        self._platform = platform
        self._guard = guard
        self._operations: dict[str, tuple[str, Callable[[_Call, Account], Reply]]] = {
            "queue": ("POST", self._queue),
            "status": ("GET", self._status),
            "messages": ("GET", self._messages),
            "conversation": ("GET", self._conversation),
        }

    def blueprint(self) -> Blueprint:
        """The Flask side of it."""
        blueprint = Blueprint("services", __name__)
        for path in _USUAL_PATHS:  # found at once; any other path below is looked at by what comes next
            blueprint.add_url_rule(
                f"/ws/sms/{path}",
                view_func=self.answer,
                methods=_METHODS,
                provide_automatic_options=False,
                defaults={"rest": path},
            )
        blueprint.record_once(lambda state: state.app.url_map.converters.update(anything=_Anything))
        blueprint.add_url_rule(
            "/ws/sms/<anything:rest>",
            view_func=self.answer,
            methods=_METHODS,
            provide_automatic_options=False,
        )
        return blueprint

    def answer(self, rest: str) -> Response:
        """Whatever is asked below `/ws/sms/`, and an entry in the journal for it."""
        elapsed = stopwatch()
        environ = request.environ
        service, format_, path_id = _asked(rest)
        call = _Call(service, format_ or _accepted(environ), environ, path_id)
        extra: Headers = ()
        status, reason = 200, ""
        try:
            reply = self._reply(call)
        except Refusal as refusal:
            reply = Reply(service, error=refusal.message)
            status, reason = refusal.http_status, refusal.reason
            extra = _EXTRA.get(status, ())
            if status == 405:
                method = self._operations[service][0]
                extra = (("Allow", "GET, HEAD" if method == "GET" else method),)
        except StorageFailed as failure:
            reply, status, reason = _lost(service), 500, failure.one_line()
        body = reply.render(call.format)
        at = self._platform.now(call.account)
        headers = (("Content-Type", CONTENT_TYPES[call.format]), ("Date", _date(at // 1000)), *extra)
        outcome = f"{reply.error}: {reason}" if reason else reply.error or "ok"
        if call.effects:
            return self._by_rules(call, at, Sent(status=status, headers=headers, body=body), outcome, elapsed())
        self._note(call, at, status, headers, body, outcome, elapsed())
        return _Whole(body, status, headers)

    def _by_rules(self, call: _Call, at: int, meant: Sent, outcome: str, duration_ms: float) -> Response:
        """The answer that rules make of the one that was meant."""
        sent = altered(meant, call.effects.then)
        if sent.words:
            outcome = f"{outcome}; {sent.words} by rule {', '.join(call.effects.rules)}"
        self._note(call, at, sent.status, sent.headers, sent.body, outcome, duration_ms)
        if sent.fault:
            call.environ[FAULT] = sent.fault
        return _Whole(sent.body, sent.status or 200, sent.headers)

    def _reply(self, call: _Call) -> Reply:
        operation = self._operations.get(call.service)
        if operation is None:
            raise Refusal("Unknown service", reason=f"there are {', '.join(self._operations)}", http_status=404)
        account = self._platform.accounts.login(call.environ.get("HTTP_AUTHORIZATION", ""))
        if account is None:
            raise Refusal(f"Unauthorized access to {call.service} service", reason=_why_nobody(call), http_status=401)
        call.account = account
        method, answer = operation
        if call.environ["REQUEST_METHOD"] != method and not (
            method == "GET" and call.environ["REQUEST_METHOD"] == "HEAD"
        ):
            raise Refusal("Method not allowed", reason=f"{call.service} takes {method}", http_status=405)
        if method == "POST" and "HTTP_ORIGIN" in call.environ and not self._guard.may_ask_services(request):
            raise Refusal(
                f"Unauthorized access to {call.service} service", reason="a page of another site asked", http_status=403
            )
        if TOO_LARGE in call.environ:
            raise Refusal("Request too large", reason="a request body has at most 1 MiB", http_status=413)
        if call.service != "queue":
            self._look_at_rules(call, self._platform.effects(account, cast(Operation, call.service)))
        return answer(call, account)

    def _look_at_rules(self, call: _Call, effects: Effects) -> None:
        """Remember what rules make of this. Raises Refusal when the operation is not to be done."""
        call.effects = effects
        then = effects.then
        if then.instead:
            raise Refusal(
                then.error or "not done",
                reason=f"rule {', '.join(effects.rules)}",
                http_status=then.http_status or 200,
            )

    def _queue(self, call: _Call, account: Account) -> Reply:
        fields = read_form(call.environ[BODY], call.environ.get("CONTENT_TYPE", ""))
        asked = read_send(fields, can_text=account.can_text)
        self._look_at_rules(call, self._platform.effects(account, "queue", asked))
        call.n = self._platform.next_exchange(account)
        messages = self._platform.queue(account, asked, exchange=call.n, effects=call.effects)
        call.environ[IF_LOST] = _Lost(call)
        if call.effects.then.error:  # the answer was lost, and this came in its place
            return Reply("queue", error=call.effects.then.error)
        return Reply(
            "queue",
            rows=tuple(queued_resource(message, to=asked.to, from_=asked.from_) for message in messages),
        )

    def _status(self, call: _Call, account: Account) -> Reply:
        asked = call.path_id or read_message_id(_query(call))
        return Reply("status", rows=(resource(self._platform.message(account, asked)),))

    def _messages(self, call: _Call, account: Account) -> Reply:
        return listed("messages", self._platform.messages(account, read_listing(_query(call))))

    def _conversation(self, call: _Call, account: Account) -> Reply:
        asked = read_conversation(_query(call), owns=account.can_text)
        return listed("conversation", self._platform.conversation(account, asked))

    def _note(
        self,
        call: _Call,
        at: int,
        status: int | None,
        headers: Headers,
        body: bytes,
        outcome: str,
        duration_ms: float,
    ) -> None:
        environ = call.environ
        exchange = Exchange(
            account=call.account.id if call.account else None,
            n=call.n or self._platform.next_exchange(call.account),
            at=at,
            direction="in",
            operation=call.service,
            method=environ["REQUEST_METHOD"],
            url=environ["REQUEST_URI"],
            request_headers=kept_headers(environ),
            request_body=environ[BODY] if call.account else environ[BODY][:_OF_NOBODY],
            status=status,
            response_headers=headers,
            response_body=body,
            duration_ms=self._platform.accounts.duration(call.account, duration_ms),
            outcome=outcome,
            rules=" ".join(call.effects.rules),
        )
        lost: _Lost | None = environ.get(IF_LOST)
        if lost is None or not self._platform.when_kept(
            lambda kept: self._platform.note(exchange if kept else lost.instead_of(exchange))
        ):
            self._platform.note(exchange)


_OF_NOBODY = 4096  # bytes: whoever has no login fills no disk


class _Whole(Response):
    """An answer whose bytes and headers are as they are to be: Flask has nothing to add to it or to look up in it."""

    def __init__(self, body: bytes, status: int, headers: Headers) -> None:
        self._whole = (
            body,
            _STATUS_LINES.get(status) or f"{status} BY RULE",
            [*headers, ("Content-Length", str(len(body)))],
        )

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body, status, headers = self._whole
        start_response(status, headers)
        return [body] if environ["REQUEST_METHOD"] != "HEAD" else []


_STATUS_LINES = {code: f"{code} {words.upper()}" for code, words in HTTP_STATUS_CODES.items()}


class _Lost:
    """What is answered in place of a success when the message could not be committed after all."""

    def __init__(self, call: _Call) -> None:
        self._call = call

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        headers, body = self._answer()
        return _Whole(body, 500, headers)(environ, start)

    def instead_of(self, exchange: Exchange) -> Exchange:
        """The exchange as it was in the end."""
        headers, body = self._answer()
        outcome = "Error sending sms request: the message could not be committed"
        return exchange._replace(status=500, response_headers=headers, response_body=body, outcome=outcome)

    def _answer(self) -> tuple[Headers, bytes]:
        format_ = self._call.format
        return (("Content-Type", CONTENT_TYPES[format_]),), _lost(self._call.service).render(format_)


def _lost(service: str) -> Reply:
    return Reply(service, error="Error sending sms request")


_EXTRA: dict[int, Headers] = {
    401: (("WWW-Authenticate", 'Basic realm="Plum Voice"'),),
}


@lru_cache(maxsize=256)
def _asked(rest: str) -> tuple[str, Format | None, str]:
    """Service, format and message id of a path: `queue.json`, `status/ID.xml`, `status.xml/ID`."""
    head, _, tail = rest.partition("/")
    head, first = _extension(head)
    tail, second = _extension(tail)
    if tail and (head != "status" or "/" in tail or (first and second)):
        return rest.rpartition("/")[2], first or second, ""
    return head, first or second, tail.lower()


def _extension(word: str) -> tuple[str, Format | None]:
    name, dot, ending = word.rpartition(".")
    if dot and ending == "json":
        return name, "json"
    if dot and ending == "xml":
        return name, "xml"
    return word, None


def _accepted(environ: dict[str, Any]) -> Format:
    accept = environ.get("HTTP_ACCEPT")
    if not accept or "xml" not in accept:
        return "json"
    best = parse_accept_header(accept).best
    return "xml" if best and "xml" in best else "json"


def _query(call: _Call) -> Fields:
    return read_query(call.environ["QUERY_STRING"].encode("latin-1"))


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    return http_date(second)


def _why_nobody(call: _Call) -> str:
    header = call.environ.get("HTTP_AUTHORIZATION")
    if not header:
        return "no Authorization header came"
    login = read_basic(header)
    return f"no account {login[0]!r} with that password" if login else "the Authorization header is not Basic"
