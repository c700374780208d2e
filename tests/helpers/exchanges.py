"""Two exchanges to begin with: a request that came in, and a post that went out."""

from __future__ import annotations

from typing import Any

from plum_emulator.model.exchanges import Exchange

_INCOMING = Exchange(
    account=1,
    n=1,
    at=1_700_000_000_999,
    direction="in",
    operation="queue",
    method="POST",
    url="/ws/sms/queue.json",
    request_headers=(
        ("host", "127.0.0.1:7586"),
        ("authorization", "Basic username:***"),
        ("user-agent", "curl/8.5.0"),
        ("accept", "*/*"),
        ("content-length", "44"),
        ("content-type", "application/x-www-form-urlencoded"),
    ),
    request_body=b"to=16175550123&from=12435678910&body=It%27s+5",
    status=200,
    response_headers=(("Content-Type", "application/json"), ("Date", "Tue, 14 Nov 2023 22:13:20 GMT")),
    response_body=b'{"status":"success"}',
    duration_ms=1.25,
    outcome="ok",
)

_OUTGOING = Exchange(
    account=1,
    n=2,
    at=1_700_000_001_000,
    direction="out",
    operation="callback",
    method="POST",
    url="http://127.0.0.1:8000/results.php?id=1",
    request_headers=(
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "*/*"),
        ("User-Agent", "plum-emulator/1.0"),
    ),
    request_body=b"sms_message_id=5f0c&status=sent",
    status=None,
    response_headers=(),
    response_body=b"",
    duration_ms=10_000.0,
    outcome="no answer within 10 s",
    message=1,
    attempt=2,
    rules="slow often",
)


def incoming(**changes: Any) -> Exchange:
    """A message was queued with curl; with these changes."""
    return _INCOMING._replace(**changes)


def outgoing(**changes: Any) -> Exchange:
    """A status was posted to a result URL that did not answer; with these changes."""
    return _OUTGOING._replace(**changes)
