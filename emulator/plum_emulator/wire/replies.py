"""The envelope: one reply value, rendered as JSON and as XML (clauses 2 and 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from plum_emulator.model.messages import Message

Format = Literal["json", "xml"]
Value = str | int

CONTENT_TYPES: dict[Format, str] = {"json": "application/json", "xml": "text/xml; charset=utf-8"}

_XML_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_PROLOGUE = '<?xml version="1.0" encoding="utf-8"?>\n'

# What XML 1.0 has no way to write becomes the replacement character; a carriage return would be read as a newline.
_FORBIDDEN = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
_ESCAPES = str.maketrans(
    {**dict.fromkeys(map(chr, _FORBIDDEN), "\ufffd"), "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
)
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;!?'()/@_+=-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answers: messages as rows of named values, one message, or an error."""

    service: str
    error: str = ""
    rows: tuple[dict[str, Value], ...] = ()

    def render(self, format_: Format) -> bytes:
        """The document, in UTF-8."""
        return as_json(self) if format_ == "json" else as_xml(self)


def resource(message: Message) -> dict[str, Value]:
    """The eight fields of `status`, `messages` and `conversation`, in their order."""
    return {
        "sms_message_id": message.sms_message_id,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
        "request_timestamp": message.request_timestamp,
        "result_url": message.result_url,
        "status": message.status,
        "type": message.type,
    }


def queued_resource(message: Message, *, to: str, from_: str) -> dict[str, Value]:
    """The seven fields of `queue`, with the numbers as they were sent."""
    return {
        "sms_message_id": message.sms_message_id,
        "to": to,
        "from": from_,
        "body": message.body,
        "request_timestamp": message.request_timestamp,
        "result_url": message.result_url,
        "status": message.status,
    }


def listed(service: str, messages: Iterable[Message]) -> Reply:
    """The reply that carries these messages."""
    return Reply(service, rows=tuple(map(resource, messages)))


def as_json(reply: Reply) -> bytes:
    """The envelope as JSON; a failure has no `result`."""
    envelope: dict[str, object] = {"status": "failure" if reply.error else "success", "error": reply.error}
    if not reply.error:
        envelope["result"] = {"sms_messages": reply.rows}
    return _encode(envelope).encode()


def as_xml(reply: Reply) -> bytes:
    """The envelope as XML; its root is the service's name."""
    root = reply.service if _XML_NAME.fullmatch(reply.service) else "sms"
    out = [_PROLOGUE, f"<{root}><status>", "failure" if reply.error else "success", "</status>"]
    if reply.error:
        out += ["<error>", _escaped(reply.error), "</error>"]
    elif reply.rows:
        out.append("<error/><result><sms_messages>")
        for row in reply.rows:
            out.append("<sms_message>")
            out += [_element(name, value) for name, value in row.items()]
            out.append("</sms_message>")
        out.append("</sms_messages></result>")
    else:
        out.append("<error/><result><sms_messages/></result>")
    out.append(f"</{root}>\n")
    return "".join(out).encode()


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _element(name: str, value: Value) -> str:
    return f"<{name}>{_escaped(value)}</{name}>" if value != "" else f"<{name}/>"


def _escaped(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    return value if _PLAIN.fullmatch(value) else value.translate(_ESCAPES)
