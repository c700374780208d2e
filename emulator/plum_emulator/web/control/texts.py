"""What was sent and received, live too; the numbers, and the applications behind them."""

from __future__ import annotations

from flask import Response, request

from plum_emulator.engine.emulator import Emulator
from plum_emulator.model.accounts import Account
from plum_emulator.model.listings import ExchangeFilter, LogFilter
from plum_emulator.web.control.asking import Route, account_of, base, integer, limit, login, strings
from plum_emulator.web.events import EventStream
from plum_emulator.web.gateway import STREAM
from plum_emulator.web.later import json_answer
from plum_emulator.web.views import story_view
from plum_emulator.wire.views import exchange_view, message_view, number_view


class TextRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._platform = emulator.platform

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("POST", "/inbound", self.inbound),
            ("GET", "/messages", self.messages),
            ("GET", "/messages/<sms_message_id>", self.message),
            ("GET", "/exchanges", self.exchanges),
            ("GET", "/events", self.events),
            ("GET", "/numbers", self.numbers),
            ("PUT", "/numbers/<number>", self.put_number),
            ("POST", "/reset", self.reset),
        ]

    def inbound(self) -> Response:
        """A handset texts one of the account's numbers; the message as it was stored."""
        account, body = self._account(), strings("from", "to", "body")
        message = self._platform.receive(account, to=body["to"], from_=body["from"], body=body["body"])
        return json_answer(message_view(message), 201)

    def messages(self) -> Response:
        """The newest messages, `limit` of them, older than the one with the id `before`; `q`: with these words."""
        account = self._account()
        words = LogFilter(words=request.args.get("q", "").strip())
        page = self._platform.log(account, limit=limit(), before=request.args.get("before"), filter=words)
        return json_answer({"messages": [message_view(message) for message in page.rows], "before": page.more})

    def message(self, sms_message_id: str) -> Response:
        """One message with everything that is known about it."""
        account = self._account()
        story = self._platform.story(account, sms_message_id)
        return json_answer(story_view(story, base=base(), login=login(account)))

    def exchanges(self) -> Response:
        """The newest exchanges; with `nobody=1`, those of logins that no account has."""
        account = None if request.args.get("nobody") == "1" else self._account()
        operation = ExchangeFilter(operation=request.args.get("operation") or None)
        page = self._platform.exchanges(account, limit=limit(), before=integer("before"), filter=operation)
        shown = [exchange_view(exchange, base=base(), login=login(account)) for exchange in page.rows]
        return json_answer({"exchanges": shown, "before": page.more})

    def events(self) -> Response:
        """Everything that happens from now on, or from Last-Event-ID on, as server-sent events."""
        last = request.headers.get("Last-Event-ID", "")
        since = int(last) if last.isascii() and last.isdecimal() and len(last) < 19 else None
        stream = EventStream(self._platform, account=self._account(), since=since)
        if request.method == "GET":  # HEAD asks for the head alone
            request.environ[STREAM] = stream
        return Response(b"", content_type="text/event-stream", headers={"Cache-Control": "no-store"})

    def numbers(self) -> Response:
        """The account's numbers."""
        return json_answer({"numbers": [number_view(number) for number in self._account().numbers.values()]})

    def put_number(self, number: str) -> Response:
        """Change where texts to the number are posted; "" for nowhere."""
        account, body = self._account(), strings("application_url")
        return json_answer(number_view(self._platform.set_application(account, number, body["application_url"])))

    def reset(self) -> Response:
        """Bring the account back to its seed."""
        account = self._account()
        self._emulator.snapshots.reset(account)
        return json_answer({"account": account.username, "status": "reset"})

    def _account(self) -> Account:
        return account_of(self._emulator.accounts)
