"""The XML answers of the four services, held against their XSDs and read as values."""

from __future__ import annotations

from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from xmlschema import XMLSchema

from plum_emulator import resources

SERVICES = ("queue", "status", "messages", "conversation")


@cache
def xsd(service: str) -> XMLSchema:
    """The schema of a service's answers."""
    return XMLSchema(str(resources.schema(f"{service}.xsd")), defuse="always")


def checked_values(document: bytes) -> dict[str, Any]:
    """The answer in the shape that its JSON has. Fails when its XSD, or the rule of the two forms, is not kept."""
    root = fromstring(document)  # noqa: S314 # our own answer, and no entity in it
    if root.tag in SERVICES:
        xsd(root.tag).validate(document.decode())
    values = _envelope(root)
    # What XSD 1.0 cannot say: the three fields belong together.
    form = (values["status"], values["error"] == "", "result" in values)
    assert form in (("success", True, True), ("failure", False, False)), document
    return values


def _envelope(root: Element) -> dict[str, Any]:
    assert not any(element.attrib for element in root.iter()), "there are no attributes in an answer"
    values: dict[str, Any] = {child.tag: child.text or "" for child in root if child.tag != "result"}
    result = root.find("result")
    if result is not None:
        rows = [_message(message) for message in result.findall("sms_messages/sms_message")]
        values["result"] = {"sms_messages": rows}
    return values


def _message(element: Element) -> dict[str, Any]:
    values: dict[str, Any] = {child.tag: child.text or "" for child in element}
    values["request_timestamp"] = int(values["request_timestamp"])
    return values
