"""Statuses, the moves between them, and what a message remembers of them (clauses 3 and 5)."""

from __future__ import annotations

from typing import get_args

import pytest

from helpers.messages import message
from plum_emulator.model.messages import BAD, FINAL, Message, Status, may_become

STATUSES: tuple[Status, ...] = get_args(Status)
ALLOWED: set[tuple[Status, Status]] = {
    ("queued", "sent"),
    ("queued", "failed"),
    ("queued", "undelivered"),
    ("sent", "received"),
    ("sent", "failed"),
    ("sent", "undelivered"),
}
ASKED, SENT, SETTLED = 1_700_000_000_000, 1_700_000_001_000, 1_700_000_003_000


def test_there_are_five_statuses() -> None:
    assert set(STATUSES) == {"queued", "sent", "received", "failed", "undelivered"}


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_status_follows_only_where_the_contract_lets_it(before: Status, after: Status) -> None:
    """queued, then sent, then received; or failed or undelivered, from queued and from sent."""
    assert may_become(before, after) == ((before, after) in ALLOWED)


def test_nothing_follows_a_final_status() -> None:
    assert {"received", "failed", "undelivered"} == FINAL
    assert not [after for before in FINAL for after in STATUSES if may_become(before, after)]


def test_the_two_bad_statuses_are_final() -> None:
    assert {"failed", "undelivered"} == BAD
    assert BAD < FINAL


@pytest.mark.parametrize(
    ("story", "steps"),
    [
        pytest.param(message(status="queued", requested_at=ASKED), [("queued", ASKED)], id="just queued"),
        pytest.param(
            message(status="sent", requested_at=ASKED, sent_at=SENT),
            [("queued", ASKED), ("sent", SENT)],
            id="sent",
        ),
        pytest.param(
            message(status="received", requested_at=ASKED, sent_at=SENT, settled_at=SETTLED),
            [("queued", ASKED), ("sent", SENT), ("received", SETTLED)],
            id="received",
        ),
        pytest.param(
            message(status="undelivered", requested_at=ASKED, sent_at=SENT, settled_at=SETTLED),
            [("queued", ASKED), ("sent", SENT), ("undelivered", SETTLED)],
            id="undelivered after sent",
        ),
        pytest.param(
            message(status="failed", requested_at=ASKED, settled_at=SETTLED),
            [("queued", ASKED), ("failed", SETTLED)],
            id="failed at sending",
        ),
        pytest.param(
            message(type="reply", status="received", requested_at=ASKED, sent_at=SENT, settled_at=SETTLED),
            [("queued", ASKED), ("sent", SENT), ("received", SETTLED)],
            id="reply",
        ),
        pytest.param(
            message(type="inbound", status="received", requested_at=ASKED, settled_at=ASKED),
            [("received", ASKED)],
            id="inbound",
        ),
    ],
)
def test_the_history_tells_every_status_with_its_instant(story: Message, steps: list[tuple[Status, int]]) -> None:
    """Inbound messages are received at once; all others begin as queued."""
    assert story.history() == steps


@pytest.mark.parametrize(
    ("instant", "seconds"),
    [(1_700_000_000_000, 1_700_000_000), (1_700_000_000_001, 1_700_000_000), (1_700_000_000_999, 1_700_000_000)],
)
def test_the_request_timestamp_is_whole_unix_seconds(instant: int, seconds: int) -> None:
    assert message(requested_at=instant).request_timestamp == seconds
