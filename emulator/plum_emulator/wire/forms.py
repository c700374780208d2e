"""Fields of a request, read as leniently as PHP reads them (clause 1)."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

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
            fields[_unescaped(name)] = _unescaped(value)
    return fields


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
    raw = raw.replace(b"+", b" ")
    return text(unquote_to_bytes(raw) if b"%" in raw else raw)


def _read_multipart(body: bytes, content_type: str) -> Fields:
    mimetype, options = parse_options_header(content_type)
    parser = FormDataParser(max_form_memory_size=None, max_form_parts=_FIELDS_MAX, silent=True)
    try:
        _, form, _ = parser.parse(io.BytesIO(body), mimetype, len(body), options)
    except HTTPException:  # more parts than anybody sends
        return {}
    return {name: values[-1] for name, values in form.lists()}
