"""The XML that an application answers an inbound message with, held against the SMS Reply Schema (clause 7).

Parsing keeps the place of every element, so that an answer that cannot be used says where. Document type
declarations are refused whole, and with them every entity that a document could define or fetch.
"""

from __future__ import annotations

import codecs
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from plum_emulator import resources
from plum_emulator.errors import BadAnswer

if TYPE_CHECKING:
    from xmlschema import XMLSchema, XMLSchemaValidationError

_MINIMUM = "an answer is an XML document, at least <reply/>"
_REPLY = "expected <reply> without attributes, holding nothing but <sms_message> elements"
_SMS_MESSAGE = "expected <sms_message> with text only, and no attributes but to, from and result_url"
_TEXT_ERRORS = frozenset(
    expat.errors.codes[name] for name in (expat.errors.XML_ERROR_INVALID_TOKEN, expat.errors.XML_ERROR_UNDEFINED_ENTITY)
)
_REASON_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One message that an application asks for. None where an attribute is left out."""

    body: str
    to: str | None = None
    from_: str | None = None
    result_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Document:
    root: Element
    places: dict[int, tuple[int, int]]


def read_answer(document: bytes) -> list[Order]:
    """The messages that a valid answer asks for, in their order.

    Raises BadAnswer, with line and column and what was expected, when it is not well-formed or not valid.
    """
    parsed = _parse(document)
    _validate(parsed)
    return [
        Order(
            body="".join(element.itertext()),
            to=element.get("to"),
            from_=element.get("from"),
            result_url=element.get("result_url"),
        )
        for element in parsed.root
    ]


def warm_up() -> None:
    """Load the validator and build the schema now, so that the first answer need not wait for it."""
    _schema()


_loaded: list[XMLSchema] = []
_loading = threading.Lock()


def _schema() -> XMLSchema:
    # Loaded late: importing and building takes half a second, and most commands never need it.
    with _loading:
        if not _loaded:
            from xmlschema import XMLSchema

            _loaded.append(XMLSchema(str(resources.schema("sms-reply.xsd")), defuse="always"))
        return _loaded[0]


def _parse(document: bytes) -> _Document:
    if not document.removeprefix(codecs.BOM_UTF8).strip():
        raise BadAnswer("the answer is empty", hint=_MINIMUM)
    builder = TreeBuilder()
    places: dict[int, tuple[int, int]] = {}
    parser = expat.ParserCreate(namespace_separator="}")

    def start(name: str, attributes: dict[str, str]) -> None:
        element = builder.start(_qualified(name), {_qualified(key): value for key, value in attributes.items()})
        places[id(element)] = (parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)

    def refuse_doctype(*_: object) -> None:
        raise BadAnswer(
            f"line {parser.CurrentLineNumber}, column {parser.CurrentColumnNumber + 1}: "
            "the answer has a document type declaration (<!DOCTYPE …>)",
            hint="leave it out: declarations and entity definitions are refused",
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(_qualified(name))
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.buffer_text = True
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise _not_well_formed(document, error) from None
    except (LookupError, ValueError) as error:
        raise BadAnswer(
            f"the answer's encoding cannot be read: {str(error)[:_REASON_MAX]}", hint="send UTF-8"
        ) from None
    return _Document(builder.close(), places)


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name


def _not_well_formed(document: bytes, error: expat.ExpatError) -> BadAnswer:
    where = f"line {error.lineno}, column {error.offset + 1}"
    return BadAnswer(f"{where}: not well-formed XML: {expat.ErrorString(error.code)}", hint=_mend(document, error.code))


def _mend(document: bytes, code: int) -> str:
    if document.removeprefix(codecs.BOM_UTF8).find(b"<?xml") > 0:
        return "remove what stands before <?xml, a blank line for example"
    if b"<" not in document:
        return f"plain text was answered; {_MINIMUM}"
    if code in _TEXT_ERRORS:
        return "in a text, write &amp; for & and &lt; for <, and send UTF-8"
    return _MINIMUM


def _validate(document: _Document) -> None:
    root, schema = document.root, _schema()
    from xmlschema import XMLSchemaException, XMLSchemaValidationError

    # The schema's engine takes some other roots as well: elements of XSD itself, or any with an xsi:type.
    if root.tag != "reply":
        raise _not_valid(document.places[id(root)], f"{root.tag!r} is not an element of the schema", _REPLY)
    try:
        schema.validate(root)
    except XMLSchemaValidationError as error:
        raise _not_valid(_place(document, error), error.reason or error.message, _expected(error)) from None
    except XMLSchemaException as error:  # an xsi:type that names no type
        raise _not_valid(document.places[id(root)], str(error), _REPLY) from None


def _not_valid(place: tuple[int, int], reason: str, hint: str) -> BadAnswer:
    wrong = " ".join(reason[:_REASON_MAX].split()).rstrip(".")
    return BadAnswer(f"line {place[0]}, column {place[1]}: not valid against the SMS Reply Schema: {wrong}", hint=hint)


def _place(document: _Document, error: XMLSchemaValidationError) -> tuple[int, int]:
    culprit = getattr(error, "invalid_child", None)
    for element in (culprit, error.obj, error.elem):
        place = document.places.get(id(element))
        if place:
            return place
    return (1, 1)


def _expected(error: XMLSchemaValidationError) -> str:
    return _SMS_MESSAGE if "sms_message" in (error.path or "") else _REPLY
