"""The XSDs of the four XML answers: what they take, and what they refuse."""

from __future__ import annotations

import pytest

from helpers.xml_answers import SERVICES, xsd

QUEUED = (
    "<sms_message><sms_message_id>0123456789abcdef0123456789abcdef</sms_message_id><to>19998881234</to>"
    "<from>12435678910</from><body>Hello</body><request_timestamp>1767225600</request_timestamp><result_url/>"
    "<status>queued</status></sms_message>"
)
LOGGED = QUEUED.replace("</status></sms_message>", "</status><type>outbound</type></sms_message>")
MESSAGE = {"queue": QUEUED, "status": LOGGED, "messages": LOGGED, "conversation": LOGGED}


def _answer(service: str, messages: str) -> str:
    return (
        f"<{service}><status>success</status><error/>"
        f"<result><sms_messages>{messages}</sms_messages></result></{service}>"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_success_and_failure_are_valid(service: str) -> None:
    assert xsd(service).is_valid(_answer(service, MESSAGE[service]))
    assert xsd(service).is_valid(f"<{service}><status>failure</status><error>Why</error></{service}>")


@pytest.mark.parametrize("service", SERVICES)
def test_each_schema_has_its_own_root_and_no_namespace(service: str) -> None:
    assert list(xsd(service).elements) == [service]
    assert xsd(service).target_namespace == ""


@pytest.mark.parametrize(
    ("service", "count", "valid"),
    [
        ("queue", 0, False),
        ("queue", 2, True),
        ("status", 0, False),
        ("status", 2, False),
        ("messages", 0, True),
        ("messages", 1000, True),
        ("messages", 1001, False),
        ("conversation", 0, True),
    ],
)
def test_the_number_of_messages_is_bounded(service: str, count: int, valid: bool) -> None:
    """queue answers with at least one part, status with the one message, a page with up to 1000."""
    assert xsd(service).is_valid(_answer(service, MESSAGE[service] * count)) is valid


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<to>19998881234</to><from>12435678910</from>", "<from>12435678910</from><to>19998881234</to>"),
        ("<body>Hello</body>", ""),
        ("<body>Hello</body>", "<body>Hello</body><body>again</body>"),
        ("<result_url/>", ""),
        ("<result_url/>", "<result_url/><more/>"),
        ("<body>", '<body lang="en">'),
        ("<body>Hello", "<body>He<b/>llo"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcde"),
        ("0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF"),
        ("1767225600", "2026-01-01"),
        ("1767225600", "1767225600.5"),
        ("1767225600", "-1"),
        ("<status>queued</status>", "<status>delivered</status>"),
        ("<status>queued</status>", "<status/>"),
        ("<status>success</status>", "<status>ok</status>"),
        ("<status>success</status><error/>", "<error/><status>success</status>"),
        ("<error/>", ""),
        ("<result>", "<result><more/>"),
        ("sms_messages>", "messages>"),
    ],
)
def test_anything_else_is_not_valid(service: str, old: str, new: str) -> None:
    """Order, names, types and the words of the enumerations."""
    answer = _answer(service, MESSAGE[service])
    assert old in answer
    assert not xsd(service).is_valid(answer.replace(old, new))


@pytest.mark.parametrize("service", ["status", "messages", "conversation"])
@pytest.mark.parametrize("type_", ["", "<type/>", "<type>other</type>", "<type>reply</type><type>reply</type>"])
def test_the_type_is_the_eighth_field_of_a_logged_message(service: str, type_: str) -> None:
    answer = _answer(service, LOGGED)
    assert not xsd(service).is_valid(answer.replace("<type>outbound</type>", type_))
    assert xsd(service).is_valid(answer.replace("outbound", "reply"))


def test_queue_has_seven_fields() -> None:
    assert not xsd("queue").is_valid(_answer("queue", LOGGED))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("other", [*SERVICES, "sms"])
def test_no_other_root_is_valid(service: str, other: str) -> None:
    answer = f"<{other}><status>failure</status><error>Why</error></{other}>"
    assert xsd(service).is_valid(answer) is (service == other)
    named = answer.replace(f"<{other}>", f'<{other} xmlns="urn:x">')
    assert not xsd(service).is_valid(named)
