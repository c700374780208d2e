"""The envelope, byte for byte, in both formats (clauses 2 and 3)."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import ID, XML_FORBIDDEN, any_code_points, any_text, message, xml_text
from plum_emulator.wire.replies import CONTENT_TYPES, Format, Reply, as_json, as_xml, listed, queued_resource, resource

PROLOGUE = '<?xml version="1.0" encoding="utf-8"?>\n'
SAMPLE = queued_resource(message(), to="19998881234", from_="2435678910")
SAMPLE_XML = (
    "<sms_message>"
    f"<sms_message_id>{ID}</sms_message_id>"
    "<to>19998881234</to>"
    "<from>2435678910</from>"
    "<body>Hello World</body>"
    "<request_timestamp>1700000000</request_timestamp>"
    "<result_url>http://myserver.com/storesmsresults.php</result_url>"
    "<status>queued</status>"
    "</sms_message>"
)
SAMPLE_JSON = (
    '{"sms_message_id":"' + ID + '","to":"19998881234","from":"2435678910","body":"Hello World",'
    '"request_timestamp":1700000000,"result_url":"http://myserver.com/storesmsresults.php","status":"queued"}'
)


def parsed(document: bytes) -> Element:
    """The root of an XML answer."""
    return fromstring(document)  # noqa: S314 # our own answer, and no entity in it


def with_body(body: str) -> Reply:
    """A reply with one message that says this."""
    return listed("messages", [message(body=body)])


def body_in_xml(reply: Reply) -> str:
    """What the one message says after the XML was parsed."""
    found = parsed(as_xml(reply)).find("result/sms_messages/sms_message/body")
    assert found is not None
    return found.text or ""


def body_in_json(reply: Reply) -> Any:
    """What the one message says after the JSON was parsed."""
    return json.loads(as_json(reply))["result"]["sms_messages"][0]["body"]


def test_a_queued_message_as_json() -> None:
    """status, error, result, in this order; no error is an empty string; the messages are an array."""
    assert as_json(Reply("queue", rows=(SAMPLE,))) == (
        f'{{"status":"success","error":"","result":{{"sms_messages":[{SAMPLE_JSON}]}}}}'.encode()
    )


def test_a_queued_message_as_xml() -> None:
    """The root is named for the service; no error is an empty element; no namespace, no attributes."""
    assert (
        as_xml(Reply("queue", rows=(SAMPLE,)))
        == (
            f"{PROLOGUE}<queue><status>success</status><error/>"
            f"<result><sms_messages>{SAMPLE_XML}</sms_messages></result></queue>\n"
        ).encode()
    )


def test_parts_come_one_entry_each_in_their_order() -> None:
    reply = Reply("queue", rows=(SAMPLE, {**SAMPLE, "body": "2"}))
    second = SAMPLE_XML.replace("Hello World", "2")
    assert f"<sms_messages>{SAMPLE_XML}{second}</sms_messages>".encode() in as_xml(reply)
    assert [row["body"] for row in json.loads(as_json(reply))["result"]["sms_messages"]] == ["Hello World", "2"]


def test_a_failure_has_no_result() -> None:
    reply = Reply("queue", error="Invalid 'to' phone number")
    assert as_json(reply) == b'{"status":"failure","error":"Invalid \'to\' phone number"}'
    assert as_xml(reply) == (
        f"{PROLOGUE}<queue><status>failure</status><error>Invalid 'to' phone number</error></queue>\n".encode()
    )


def test_a_failure_has_no_result_even_with_rows() -> None:
    reply = Reply("queue", error="no", rows=(SAMPLE,))
    assert as_json(reply) == b'{"status":"failure","error":"no"}'
    assert as_xml(reply) == f"{PROLOGUE}<queue><status>failure</status><error>no</error></queue>\n".encode()


def test_an_empty_list_is_an_empty_array_or_element() -> None:
    reply = listed("messages", [])
    assert as_json(reply) == b'{"status":"success","error":"","result":{"sms_messages":[]}}'
    assert as_xml(reply) == (
        f"{PROLOGUE}<messages><status>success</status><error/><result><sms_messages/></result></messages>\n".encode()
    )


@pytest.mark.parametrize("service", ["queue", "status", "messages", "conversation"])
def test_the_xml_root_is_the_service(service: str) -> None:
    assert parsed(as_xml(Reply(service))).tag == service
    assert parsed(as_xml(Reply(service, error="no"))).tag == service


def test_queue_has_seven_fields_and_the_numbers_as_they_were_sent() -> None:
    assert list(queued_resource(message(), to=" (999) 888-1234", from_="+12435678910").items()) == [
        ("sms_message_id", ID),
        ("to", " (999) 888-1234"),
        ("from", "+12435678910"),
        ("body", "Hello World"),
        ("request_timestamp", 1700000000),
        ("result_url", "http://myserver.com/storesmsresults.php"),
        ("status", "queued"),
    ]


def test_the_other_services_have_the_type_as_the_eighth_field() -> None:
    assert list(resource(message(status="received")).items()) == [
        ("sms_message_id", ID),
        ("to", "19998881234"),
        ("from", "12435678910"),
        ("body", "Hello World"),
        ("request_timestamp", 1700000000),
        ("result_url", "http://myserver.com/storesmsresults.php"),
        ("status", "received"),
        ("type", "outbound"),
    ]


def test_no_result_url_is_an_empty_string_or_element() -> None:
    reply = listed("status", [message(result_url="")])
    assert b'"result_url":""' in as_json(reply)
    assert b"</request_timestamp><result_url/><status>" in as_xml(reply)


@pytest.mark.parametrize(("format_", "render"), [("json", as_json), ("xml", as_xml)])
def test_a_reply_is_rendered_in_the_format_asked_for(format_: Format, render: Any) -> None:
    reply = with_body("Hello")
    assert reply.render(format_) == render(reply)


def test_content_types() -> None:
    assert CONTENT_TYPES == {"json": "application/json", "xml": "text/xml; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "xml"),
    [
        pytest.param("Tom & Jerry", "Tom &amp; Jerry", id="ampersand"),
        pytest.param("<b>", "&lt;b&gt;", id="markup"),
        pytest.param("]]>", "]]&gt;", id="end of CDATA"),
        pytest.param("&amp;", "&amp;amp;", id="already escaped"),
        pytest.param("\"'", "\"'", id="quotes"),
        pytest.param("a\r\nb", "a&#13;\nb", id="carriage return"),
        pytest.param("\t a ", "\t a ", id="white space"),
        pytest.param("é€\U0001f600", "é€\U0001f600", id="beyond ASCII"),
        pytest.param("\x7f\x85\u2028", "\x7f\x85\u2028", id="controls that XML allows"),
        pytest.param("a\0b\x0b\x1f", "a\ufffdb\ufffd\ufffd", id="controls that XML forbids"),
        pytest.param("\x20\ud7ff\ue000\ufffd", "\x20\ud7ff\ue000\ufffd", id="the neighbours of what XML forbids"),
        pytest.param("\ufffe\uffff", "\ufffd\ufffd", id="noncharacters that XML forbids"),
        pytest.param("\U0001fffe", "\U0001fffe", id="noncharacters that XML allows"),
        pytest.param("\ud83d", "\ufffd", id="half a surrogate pair"),
    ],
)
def test_what_xml_cannot_carry_is_escaped_or_replaced(body: str, xml: str) -> None:
    """Text that XML 1.0 cannot carry never makes a document that does not parse."""
    assert f"<body>{xml}</body>".encode() in as_xml(with_body(body))


def test_every_character_that_xml_forbids_is_replaced_by_one() -> None:
    assert body_in_xml(with_body(XML_FORBIDDEN)) == "\ufffd" * len(XML_FORBIDDEN)


def test_json_is_ascii_and_carries_every_character() -> None:
    assert b'"body":"\\u00e9\\u20ac\\ud83d\\ude00\\u0000\\r\\n\\"\\\\"' in as_json(with_body('é€\U0001f600\0\r\n"\\'))


@pytest.mark.parametrize(
    "service",
    [
        "",
        " ",
        "a b",
        "1queue",
        "-",
        ".",
        "a:b",
        "<queue>",
        "queue/",
        "queue><script",
        'queue xmlns="urn:x"',
        "été",
        "queue\n",
        "\0",
        "\ud800",
        "../../etc/passwd",
    ],
)
def test_a_service_name_that_is_no_element_name_becomes_sms(service: str) -> None:
    """An unknown service is answered too; whatever its name, the document parses."""
    assert as_xml(Reply(service, error="Unknown service")) == (
        f"{PROLOGUE}<sms><status>failure</status><error>Unknown service</error></sms>\n".encode()
    )


@pytest.mark.parametrize("service", ["unknown", "Queue", "_x", "a-b.c_d1", "x" * 1000])
def test_a_service_name_that_is_an_element_name_is_the_root(service: str) -> None:
    assert parsed(as_xml(Reply(service, error="Unknown service"))).tag == service


@given(st.one_of(any_code_points, st.text("queue<>:/ .-_1é", max_size=12)), any_code_points)
@examples(80)
def test_any_service_name_and_any_error_make_documents_that_parse(service: str, error: str) -> None:
    reply = Reply(service, error=error)
    assert parsed(as_xml(reply)).tag in (service, "sms")
    assert json.loads(as_json(reply))["status"] == ("failure" if error else "success")


@given(any_text)
@examples(100)
def test_any_text_comes_back_from_json(body: str) -> None:
    assert body_in_json(with_body(body)) == body


@given(xml_text)
@examples(100)
def test_any_text_that_xml_can_carry_comes_back_from_xml(body: str) -> None:
    assert body_in_xml(with_body(body)) == body


@given(any_code_points)
@examples(100)
def test_any_other_text_comes_back_from_xml_with_replacement_characters(body: str) -> None:
    replaced = "".join("\ufffd" if character in XML_FORBIDDEN else character for character in body)
    assert body_in_xml(with_body(body)) == replaced


@given(st.lists(st.tuples(xml_text, xml_text, st.integers(0, 2**40)), max_size=4))
@examples(60)
def test_both_formats_say_the_same(texts: list[tuple[str, str, int]]) -> None:
    """JSON and XML come from one reply value: the same fields, in the same order."""
    messages = [message(body=body, result_url=url, requested_at=at) for body, url, at in texts]
    reply = listed("messages", messages)
    rows = json.loads(as_json(reply))["result"]["sms_messages"]
    elements = parsed(as_xml(reply)).findall("result/sms_messages/sms_message")
    assert [[(name, str(value)) for name, value in row.items()] for row in rows] == [
        [(child.tag, child.text or "") for child in element] for element in elements
    ]


@given(any_code_points)
@examples(40)
def test_no_answer_has_attributes_or_namespaces(body: str) -> None:
    elements = list(parsed(as_xml(with_body(body))).iter())
    assert not [element for element in elements if element.attrib or "}" in element.tag]
