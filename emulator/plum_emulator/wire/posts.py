"""What Plum posts to an application: status changes (clause 6) and inbound messages (clause 7)."""

from __future__ import annotations

from urllib.parse import urlencode

from plum_emulator import __version__
from plum_emulator.model.exchanges import OutgoingRequest
from plum_emulator.model.messages import Message

_HEADERS = (
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Accept", "*/*"),
    ("User-Agent", f"plum-emulator/{__version__}"),
)


def status_callback(*, url: str, sms_message_id: str, status: str, timeout: float) -> OutgoingRequest:
    """The post that tells a result URL of a new status."""
    return _post(url, {"sms_message_id": sms_message_id, "status": status}, timeout)


def inbound_post(message: Message, *, url: str, timeout: float) -> OutgoingRequest:
    """The post that brings an inbound message to an Application URL."""
    fields = {
        "sms_message_id": message.sms_message_id,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
    }
    return _post(url, fields, timeout)


def _post(url: str, fields: dict[str, str], timeout: float) -> OutgoingRequest:
    return OutgoingRequest(url=url, body=urlencode(fields).encode(), headers=_HEADERS, timeout=timeout)
