"""Any text comes back as it was sent, from every service, in both formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.caller import FORM, Caller
from helpers.house import HANDSET, MINE, House
from helpers.laws import examples

# What XML 1.0 can carry: its production [2] Char.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMATS = ("json", "xml")

texts = st.text(min_size=1, max_size=400)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Caller]:
    """Emptied before every text."""
    house = House()
    caller = Caller(house)
    yield caller
    caller.close()
    house.close()


@given(body=texts)
@example(body="\0")
@example(body="\r\n\r \n\t ")
@example(body=" leading and trailing ")
@example(body="]]><![CDATA[&amp;&#13;<!-- --><?xml?>")
@example(body="\ud7ff\ue000\ufffd\ufffe\uffff\U0001fffe\U0010ffff\x7f\x85\u2028\ufeff")
@example(body="a&b=c+d%20e;f")
@example(body="=" * 161)
@example(body="\N{FAMILY}" * 160 + "\0")
@example(body="null")
@examples(25)
def test_what_is_queued_comes_back_from_every_service(emulator: Caller, body: str) -> None:
    """In JSON as it is; in XML with U+FFFD for each character that XML 1.0 cannot carry."""
    emulator.post("/_plum/reset")
    expected = {"json": body, "xml": _NOT_XML.sub("\ufffd", body)}
    fields = {"to": HANDSET, "from": MINE, "body": body}
    for format_ in _FORMATS:
        rows = emulator.queue(fields, format_=format_).rows
        assert "".join(row["body"] for row in rows) == expected[format_]
        assert [len(row["body"]) for row in rows[:-1]] == [160] * (len(rows) - 1)
    for format_ in _FORMATS:
        found = [emulator.get(f"/ws/sms/status/{row['sms_message_id']}.{format_}").rows[0] for row in rows]
        assert "".join(row["body"] for row in found) == expected[format_]
        listed = emulator.get(f"/ws/sms/messages.{format_}?sort=asc").rows
        assert "".join(row["body"] for row in listed) == expected[format_] * 2
        question = f"account_number={MINE}&customer_number={HANDSET}"
        assert emulator.get(f"/ws/sms/conversation.{format_}?{question}").rows == listed
        assert listed[len(rows) :] == found


@given(body=texts)
@examples(25)
def test_multipart_and_url_encoded_forms_say_the_same(emulator: Caller, body: str) -> None:
    emulator.post("/_plum/reset")
    fields = {"to": HANDSET, "from": MINE, "body": body}
    multipart = b"".join(
        f'--0line0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode() + b"\r\n"
        for name, value in fields.items()
    )
    type_ = ("Content-Type", "multipart/form-data; boundary=0line0")
    sent = emulator.post("/ws/sms/queue.json", headers=[type_], body=multipart + b"--0line0--\r\n").rows
    also = emulator.post("/ws/sms/queue.json", headers=[FORM], body=urlencode(fields).encode()).rows
    assert [row["body"] for row in sent] == [row["body"] for row in also]


@given(body=texts)
@examples(25)
def test_what_a_handset_texts_comes_back_whole(emulator: Caller, body: str) -> None:
    """An inbound message is one message, however long it is."""
    emulator.post("/_plum/reset")
    kept = emulator.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": body}).values
    assert kept["body"] == body
    assert emulator.get(f"/_plum/messages/{kept['sms_message_id']}").values["body"] == body
    (in_json,) = emulator.get("/ws/sms/messages.json").rows
    (in_xml,) = emulator.get("/ws/sms/messages.xml").rows
    assert in_json == {**in_xml, "body": body}
    assert in_xml["body"] == _NOT_XML.sub("\ufffd", body)


@given(body=texts)
@examples(15)
def test_the_journal_keeps_the_bytes(emulator: Caller, body: str) -> None:
    emulator.post("/_plum/reset")
    heard = emulator.queue({"to": HANDSET, "from": MINE, "body": body}, format_="xml")
    (exchange,) = emulator.get("/_plum/exchanges").values["exchanges"]
    assert exchange["request"]["body"] == urlencode({"to": HANDSET, "from": MINE, "body": body})
    assert exchange["answer"]["body"] == heard.body.decode()
