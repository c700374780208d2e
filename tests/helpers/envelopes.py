"""Answers of the services, read by somebody else's parsers."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import fromstring

Resource = dict[str, Any]


def resources_of(answer: str | bytes) -> list[Resource]:
    """The messages in a successful answer, in either format; in XML every value is text."""
    text = answer if isinstance(answer, str) else answer.decode()
    if text.startswith("<"):
        root = fromstring(text)  # noqa: S314 # the emulator's own answer
        assert (root.findtext("status"), root.findtext("error")) == ("success", "")
        return [
            {child.tag: child.text or "" for child in message}
            for message in root.iterfind("result/sms_messages/sms_message")
        ]
    envelope = json.loads(text)
    assert (envelope["status"], envelope["error"]) == ("success", "")
    found: list[Resource] = envelope["result"]["sms_messages"]
    return found
