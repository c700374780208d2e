"""Answers that come later: from the event loop, when the view has gone home."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from flask import Flask, Response, request

from plum_emulator.errors import FromElsewhere, NotFound, NotPossible, PlumEmulatorError, StorageFailed
from plum_emulator.web.gateway import LATER
from plum_emulator.web.later import BUG, error_answer, json_answer, later, status_of

ERRORS = {
    "not possible": (NotPossible("no", hint="do"), 400),
    "not found": (NotFound("no", hint="do"), 404),
    "from elsewhere": (FromElsewhere("no", hint="do"), 403),
    "storage": (StorageFailed("no", hint="do"), 500),
    "any other": (PlumEmulatorError("no", hint="do"), 400),
}


def _heard(work: Any, **how: Any) -> Response:
    """What the gateway would send."""
    with Flask(__name__).test_request_context("/"):
        at_once = later(work, now=lambda: 1_700_000_000_000, **how)
        assert at_once.get_data() == b""
        answer: Response = asyncio.run(request.environ[LATER]())
    return answer


def test_the_answer_is_what_the_work_gives_with_the_accounts_time() -> None:
    async def work() -> Response:
        return json_answer({"a": "é"}, 201)

    answer = _heard(work)
    assert (answer.status_code, answer.get_data()) == (201, b'{"a": "\\u00e9"}\n')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(("error", "status"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_in_words_at_once_and_later(error: PlumEmulatorError, status: int) -> None:
    async def work() -> Response:
        raise error

    for answer in (_heard(work), error_answer(error)):
        assert (answer.status_code, json.loads(answer.get_data())) == (status, {"error": "no", "hint": "do"})


def test_a_bug_is_500_and_in_the_log_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> Response:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, logger="plum_emulator"):
        answer = _heard(work)
    assert (answer.status_code, json.loads(answer.get_data())) == (
        500,
        {"error": "Internal Server Error", "hint": BUG},
    )
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [(NotFound("no", hint="do"), 404, "no; do"), (ZeroDivisionError(), 500, f"Internal Server Error; {BUG}")],
    ids=["an error", "a bug"],
)
def test_what_goes_wrong_can_be_said_in_other_words(error: Exception, status: int, said: str) -> None:
    """A page says it as a page."""

    async def work() -> Response:
        raise error

    async def in_other_words(error: PlumEmulatorError) -> Response:
        return Response(error.one_line(), status_of(error))

    answer = _heard(work, on_error=in_other_words)
    assert (answer.status_code, answer.get_data(as_text=True)) == (status, said)
    assert answer.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
