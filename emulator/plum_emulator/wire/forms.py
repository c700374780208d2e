"""Fields of a request, read as leniently as PHP reads them (clause 1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

Fields = Mapping[str, str]

_FIELDS_MAX = 1000  # what PHP reads at the most


def read_form(body: bytes, content_type: str) -> Fields:
    """The fields of a body: multipart when it says so, else url-encoded, escaped properly or not.

    Unknown fields stay in; a field that comes twice has its last value; bytes that are not UTF-8 are read as
    Windows-1252, so nothing is lost.
    """
    if content_type[:10].lower() == "multipart/":
        return _read_multipart(body, content_type)
    return read_query(body)


def read_query(raw: bytes) -> Fields:
    """The fields of a query string, or of a url-encoded body."""
    fields: dict[str, str] = {}
    for pair in raw.split(b"&", _FIELDS_MAX)[:_FIELDS_MAX]:
        name, _, value = pair.partition(b"=")
        if name:
            fields[_NAMES.get(name) or _unescaped(name).lstrip(" ")] = _unescaped(value)
    return fields


# Names that come with every message, read once.
_NAMES = {name.encode(): name for name in ("to", "from", "body", "result_url", "sms_message_id")}


def read_basic(header: str) -> tuple[str, str] | None:
    """The login of an `Authorization: Basic` header, or None when there is no such thing in it."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login = text(base64.b64decode(encoded.strip(), validate=True))
    except (binascii.Error, ValueError):
        return None
    username, colon, password = login.partition(":")
    return (username, password) if colon else None


def text(raw: bytes) -> str:
    """Bytes as text: UTF-8, else Windows-1252, else Latin-1, which takes anything."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _unescaped(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return text(raw)


def _read_multipart(body: bytes, content_type: str) -> Fields:
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    fields: dict[str, str] = {}
    if not boundary:
        return fields
    try:
        for name, value in _parts(body, boundary.encode("ascii")):
            fields[name] = text(value)
    except (ValueError, HTTPException):
        pass  # damaged, or more parts than anybody sends: what came whole before that counts
    return fields


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    """The fields of a multipart body; files are passed over. Raises ValueError or HTTPException where it is damaged."""
    decoder = MultipartDecoder(boundary, max_parts=_FIELDS_MAX)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File | None = None
    value = b""
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            part, value = event, b""
        elif isinstance(event, Data):
            value += event.data
            if isinstance(part, Field) and part.name and not event.more_data:
                yield part.name, value
