"""Answers that come later: the view has gone home, and the event loop waits, so that no thread has to."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from flask import Response, request
from werkzeug.http import http_date

from plum_emulator.errors import FromElsewhere, NotFound, PlumEmulatorError, StorageFailed
from plum_emulator.web.gateway import LATER, WAITING, Wsgi

_log = logging.getLogger("plum_emulator")
_STATUSES: dict[type[PlumEmulatorError], int] = {FromElsewhere: 403, NotFound: 404, StorageFailed: 500}
BUG = "this is a bug of the emulator; its log has the traceback"


def json_answer(value: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(json.dumps(value) + "\n", status, content_type="application/json")


def error_answer(error: PlumEmulatorError) -> Response:
    """An error in the control surface's own words."""
    return json_answer({"error": error.message, "hint": error.hint}, status_of(error))


async def _in_json(error: PlumEmulatorError) -> Response:
    return error_answer(error)


def status_of(error: PlumEmulatorError) -> int:
    """The HTTP status that an error has."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 400)


def later(
    work: Callable[[], Awaitable[Response]],
    *,
    now: Callable[[], int],
    on_error: Callable[[PlumEmulatorError], Awaitable[Response]] = _in_json,
    only_waits: bool = False,
) -> Response:
    """Answer with what `work` gives, once it does; it runs in the event loop. `now` is for the Date header.

    What goes wrong meanwhile is answered by `on_error`, there too. What `only_waits` ends when nobody waits for the
    answer any more; other work is done to its end.
    """

    async def answer() -> Wsgi:
        try:
            response = await work()
        except PlumEmulatorError as error:
            response = await on_error(error)
        except Exception:
            _log.exception("a bug of the emulator")
            response = await on_error(PlumEmulatorError("Internal Server Error", hint=BUG))
            response.status_code = 500
        response.headers["Date"] = http_date(now() / 1000)
        return response

    request.environ[LATER] = answer
    request.environ[WAITING] = only_waits
    return Response(b"")
