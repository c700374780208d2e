"""A message to begin with, and alphabets for Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from plum_emulator.model.messages import Message

ID = "5f0c7f6f2f0a4f0b9d1c3c8b7a6e5d4c"

_SAMPLE: dict[str, Any] = {
    "seq": 1,
    "sms_message_id": ID,
    "account": 1,
    "type": "outbound",
    "to": "19998881234",
    "from_": "12435678910",
    "body": "Hello World",
    "result_url": "http://myserver.com/storesmsresults.php",
    "status": "queued",
    "requested_at": 1_700_000_000_999,
}

# What XML 1.0 has no way to write, written down here a second time: the code is not asked.
XML_FORBIDDEN = "".join(
    chr(code) for code in (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
)

# Hypothesis picks these more often than chance would: whatever markup, escapes and line ends could break.
_TELLING = "<>&\"'\\/\r\n\t\0\x0b\x1f\x7f\x85\u2028\ufeff\ufffd\uffff\U0001f600]}%+=; é€"

any_text = st.text(st.one_of(st.sampled_from(_TELLING), st.characters(exclude_categories=["Cs"])), max_size=40)
any_code_points = st.text(st.one_of(st.sampled_from(_TELLING + "\ud800\udc00"), st.characters()), max_size=40)
xml_text = any_text.map(lambda text: "".join(character for character in text if character not in XML_FORBIDDEN))


def message(**changes: Any) -> Message:
    """Plum's published sample as a message, with these changes."""
    return Message(**{**_SAMPLE, **changes})
