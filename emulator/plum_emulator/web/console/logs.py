"""SMS Message Logs: the account's messages, found by words and filters; one of them with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from flask import Response, request

from plum_emulator.engine.platform import Story
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.listings import LOOKED_THROUGH, LogFilter
from plum_emulator.model.messages import Message, Status, Type
from plum_emulator.model.phones import is_number, normalized
from plum_emulator.values import Values
from plum_emulator.web.console.connect import samples
from plum_emulator.web.console.marked import MarkedAnswer, Piece, excerpt, marked_answer
from plum_emulator.web.console.pages import Pages, RegionOf, Route
from plum_emulator.web.console.timelines import Moment, rules_of, timeline

NO_LOGGING = "Message logging is not available for demo accounts."
TYPES: tuple[Type, ...] = get_args(Type)
STATUSES: tuple[Status, ...] = get_args(Status)

_ROWS = 50
_FILTERS = ("words", "type", "status", "number")
_PLACES = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An application's answer in exchange `n`, and how many replies were made of it."""

    n: int
    marked: MarkedAnswer
    replies: int


class LogPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._platform = pages.emulator.platform

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [("GET", "/console/logs", self.logs), ("GET", "/console/logs/<sms_message_id>", self.message)]

    def regions(self) -> dict[str, RegionOf]:
        """Its live regions by name."""
        return {"log": self._log, "message": self._message}

    def logs(self) -> Response:
        """The newest messages, or those next to one, that pass the filters."""
        account = self._pages.account()
        return self._pages.page(
            "logs",
            account,
            notice=NO_LOGGING if account.seed.demo else "",
            asked=_asked(request.args),
            types=TYPES,
            statuses=STATUSES,
            sample=next(iter(samples(account, request.host_url.rstrip("/"))), None),
        )

    def message(self, sms_message_id: str) -> Response:
        """One message."""
        account = self._pages.account()
        shown: dict[str, Any] = {"id": sms_message_id, "notice": NO_LOGGING if account.seed.demo else ""}
        try:
            return self._pages.page("message", account, known=True, **shown)
        except NotFound:
            return self._pages.page("message", account, status=404, known=False, **shown)

    def _log(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        _refuse_demo(account)
        asked = _asked(arguments)
        before, after = asked.get("before"), asked.get("after")
        filters = _filter(asked)
        try:
            page = self._platform.log(
                account, limit=_ROWS, before=before, after=after, filter=filters, through=LOOKED_THROUGH
            )
        except NotFound as error:
            raise NotFound(error.message, hint="go on from the newest page of SMS Message Logs") from None
        few = len(page.rows) < _ROWS
        return {
            "rows": [(message, _found_in(message, filters)) for message in page.rows],
            "filters": {name: asked[name] for name in _FILTERS if name in asked},
            "turned": bool(before or after),
            "older": page.more,
            "newer": page.newer,
            "stopped": few and not after and page.more is not None,
            "stopped_newer": few and after and page.newer is not None,
            "looked_at": LOOKED_THROUGH,
            "number_is_none": filters.number is not None and not is_number(filters.number),
        }

    def _message(self, account: Account, arguments: Mapping[str, str]) -> dict[str, Any]:
        _refuse_demo(account)
        story = self._platform.story(account, arguments.get("id", ""))
        moments = timeline(story)
        return {
            "message": story.message,
            "inbound": story.inbound,
            "moments": moments,
            "rules": rules_of(moments),
            "answers": _answers(story, moments),
        }


def _asked(arguments: Mapping[str, str]) -> dict[str, str]:
    """What is asked for; what was left empty is not in it."""
    given = {name: arguments.get(name, "").replace("\0", " ").strip() for name in (*_FILTERS, *_PLACES)}
    return {name: text for name, text in given.items() if text}


def _filter(asked: Mapping[str, str]) -> LogFilter:
    """The filter that is asked for. Raises NotPossible for types and statuses that there are not."""
    values = Values(asked, (*_FILTERS, *_PLACES))
    number = asked.get("number")
    return LogFilter(
        type=cast("Type | None", values.one_of("type", TYPES)),
        status=cast("Status | None", values.one_of("status", STATUSES)),
        number=normalized(number) if number and is_number(number) else number,
        words=asked.get("words", ""),
    )


def _refuse_demo(account: Account) -> None:
    if account.seed.demo:
        raise NotPossible(NO_LOGGING, hint="choose another account")


def _found_in(message: Message, filters: LogFilter) -> list[Piece]:
    return excerpt(message.body, filters.words) if filters.words else []


def _answers(story: Story, moments: list[Moment]) -> list[_Answer]:
    """What the application answered to an inbound message, each time that it was posted."""
    answered = [each.exchange for each in moments if each.kind == "post" and each.exchange]
    return [
        _Answer(
            n=exchange.n,
            marked=marked_answer(exchange.response_body, exchange.outcome),
            replies=sum(reply.exchange == exchange.n for reply in story.replies),
        )
        for exchange in answered
        if exchange.status is not None
    ]
