"""Fields of a request, read as PHP reads them (clause 1)."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_text
from plum_emulator.wire.forms import read_form, read_query, text

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"


def part(name: bytes, value: bytes, *, extra: bytes = b"") -> bytes:
    """A field of a multipart body whose boundary is XX."""
    return b'--XX\r\nContent-Disposition: form-data; name="' + name + b'"' + extra + b"\r\n\r\n" + value + b"\r\n"


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        pytest.param(b"to=1&from=2", {"to": "1", "from": "2"}, id="plain"),
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"body=", {"body": ""}, id="empty value"),
        pytest.param(b"body", {"body": ""}, id="no equals sign"),
        pytest.param(b"=1&to=2", {"to": "2"}, id="no name"),
        pytest.param(b"&&to=1&&", {"to": "1"}, id="empty pairs"),
        pytest.param(b"body=a=b==c", {"body": "a=b==c"}, id="equals signs in the value"),
        pytest.param(b"body=a;b=c", {"body": "a;b=c"}, id="a semicolon separates nothing"),
        pytest.param(b"to=1&to=2&to=3", {"to": "3"}, id="the last of several counts"),
        pytest.param(b"to=1&unknown=2&x[]=3", {"to": "1", "unknown": "2", "x[]": "3"}, id="unknown fields"),
        pytest.param(b"to=1& from=2&  body=3", {"to": "1", "from": "2", "body": "3"}, id="spaces before names"),
        pytest.param(b"body=a+b%20c d", {"body": "a b c d"}, id="three ways of a space"),
        pytest.param(b"to=%2B16175550123", {"to": "+16175550123"}, id="an escaped plus"),
        pytest.param(b"to=+16175550123", {"to": " 16175550123"}, id="a raw plus is a space"),
        pytest.param(b"%74o=1", {"to": "1"}, id="an escaped name"),
        pytest.param(b"body=%zz%4%%41", {"body": "%zz%4%A"}, id="broken escapes stay"),
        pytest.param(b"body=a%26b%3Dc", {"body": "a&b=c"}, id="escaped separators"),
        pytest.param(b"body=a%0D%0Ab", {"body": "a\r\nb"}, id="escaped line ends"),
        pytest.param(b"body=a\r\nb", {"body": "a\r\nb"}, id="raw line ends"),
        pytest.param(b"body=a%00b", {"body": "a\0b"}, id="NUL"),
        pytest.param(b"body=caf\xc3\xa9", {"body": "café"}, id="raw UTF-8"),
        pytest.param(b"body=caf%C3%A9", {"body": "café"}, id="escaped UTF-8"),
        pytest.param(b"body=caf%c3\xa9", {"body": "café"}, id="half escaped UTF-8"),
        pytest.param(b"body=%F0%9F%98%80", {"body": "\U0001f600"}, id="four bytes"),
        pytest.param(b"body=caf\xe9 \x80", {"body": "café €"}, id="Windows-1252"),
        pytest.param(b"body=caf%E9+%80", {"body": "café €"}, id="escaped Windows-1252"),
        pytest.param(b"body=\x81", {"body": "\x81"}, id="Latin-1, where Windows-1252 has nothing"),
        pytest.param(b"body=%ED%A0%80", {"body": "í\xa0€"}, id="half a surrogate pair is not UTF-8"),
        pytest.param(
            b"to=19998881234&result_url=http://myserver.com/r.php?id=1",
            {"to": "19998881234", "result_url": "http://myserver.com/r.php?id=1"},
            id="a raw URL",
        ),
    ],
)
def test_fields_are_read_escaped_or_not(raw: bytes, fields: dict[str, str]) -> None:
    assert read_query(raw) == fields
    assert read_form(raw, URLENCODED) == fields


def test_a_string_that_nobody_escaped_is_understood() -> None:
    """One real client posts raw spaces, raw UTF-8 and a raw URL, with a field that Plum does not know."""
    raw = "to=1 (999) 888-1234&from=2435678910&body=Señor, 5 € off!&result_url=http://my.server/r.php&method=sms"
    assert read_form(raw.encode(), URLENCODED) == {
        "to": "1 (999) 888-1234",
        "from": "2435678910",
        "body": "Señor, 5 € off!",
        "result_url": "http://my.server/r.php",
        "method": "sms",
    }


@pytest.mark.parametrize("content_type", ["", URLENCODED, URLENCODED + "; charset=utf-8", "text/plain", "nonsense"])
def test_a_body_of_any_other_type_is_read_as_url_encoded(content_type: str) -> None:
    assert read_form(b"to=1&body=a+b", content_type) == {"to": "1", "body": "a b"}


def test_the_first_thousand_fields_count() -> None:
    """PHP reads a thousand fields, and passes over the rest."""
    read = read_query(b"&".join(b"f%d=%d" % (n, n) for n in range(2000)))
    assert read == {f"f{n}": str(n) for n in range(1000)}


@given(st.dictionaries(any_text.map(lambda name: name.lstrip(" ")).filter(bool), any_text, max_size=8))
@examples(60)
def test_whatever_is_escaped_comes_back(fields: dict[str, str]) -> None:
    assert read_query(urlencode(fields).encode()) == fields
    assert read_query(urlencode(fields, quote_via=quote).encode()) == fields


@given(st.one_of(st.binary(max_size=200), st.text("=&+% ab\xe9\0", max_size=80).map(str.encode)))
@examples(60)
def test_any_bytes_are_fields_that_can_be_stored(raw: bytes) -> None:
    """Nothing that comes over the wire is half a surrogate pair, which no database and no answer could carry."""
    for name, value in read_query(raw).items():
        assert not any("\ud800" <= character <= "\udfff" for character in name + value)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param(part(b"to", b"1") + part(b"body", b"a&b=c+%20") + b"--XX--\r\n", {"to": "1", "body": "a&b=c+%20"}),
        pytest.param(part(b"body", b"a\r\n--X\r\nb") + b"--XX--\r\n", {"body": "a\r\n--X\r\nb"}, id="line ends"),
        pytest.param(part(b"body", b"") + b"--XX--\r\n", {"body": ""}, id="empty value"),
        pytest.param(part(b"body", "café €".encode()) + b"--XX--\r\n", {"body": "café €"}, id="UTF-8"),
        pytest.param(part(b"body", b"caf\xe9 \x80") + b"--XX--\r\n", {"body": "café €"}, id="Windows-1252"),
        pytest.param(part(b"body", b"\x81") + b"--XX--\r\n", {"body": "\x81"}, id="Latin-1"),
        pytest.param("é".encode().join((b"", part(b"to", b"1") + b"--XX--")), {"to": "1"}, id="a preamble is nothing"),
        pytest.param(part(b"to", b"1") + part(b"to", b"2") + b"--XX--\r\n", {"to": "2"}, id="the last of several"),
        pytest.param(
            part(b"file", b"x", extra=b'; filename="a.txt"') + part(b"to", b"1") + b"--XX--\r\n",
            {"to": "1"},
            id="files are passed over",
        ),
        pytest.param(
            part(b"to", b"1").replace(b"\r\n", b"\n") + b"--XX--\n", {"to": "1"}, id="line feeds instead of CR LF"
        ),
        pytest.param(part(b"to", b"1") + b"--XX--", {"to": "1"}, id="no line end at the end"),
        pytest.param(part(b"to", b"1") + part(b"body", b"cut o"), {"to": "1"}, id="cut off: whole fields count"),
        pytest.param(
            part(b"to", b"1") + b"--XX\r\nnonsense\r\n\r\nx\r\n" + part(b"body", b"2") + b"--XX--\r\n",
            {"to": "1"},
            id="damaged: fields before it count",
        ),
        pytest.param(part(b"to", b"1") + b"--XX\r\nContent-Disposition: form-data\r\n\r\n2\r\n--XX--", {"to": "1"}),
        pytest.param(b"--XX--\r\n", {}, id="no fields"),
        pytest.param(b"", {}, id="no body"),
        pytest.param(part(b"to", b"1").replace(b"XX", b"YY") + b"--YY--\r\n", {}, id="another boundary"),
        pytest.param(b"to=1&body=2", {}, id="url-encoded after all"),
        pytest.param(
            b"".join(part(b"f%d" % n, b"") for n in range(1500)) + b"--XX--",
            {f"f{n}": "" for n in range(1000)},
            id="the first thousand fields",
        ),
    ],
)
def test_multipart_is_read_as_far_as_it_is_whole(body: bytes, fields: dict[str, str]) -> None:
    """Plum's own PHP sample hands curl an array, which curl sends as multipart/form-data."""
    assert read_form(body, MULTIPART) == fields


@pytest.mark.parametrize(
    ("content_type", "fields"),
    [
        ('multipart/form-data; boundary="XX"', {"to": "1"}),
        ("Multipart/Form-Data; charset=utf-8; Boundary=XX", {"to": "1"}),
        ("multipart/form-data", {}),
        ("multipart/form-data; boundary=", {}),
        ("multipart/form-data; boundary=é", {}),
        ("multipart/form-data; boundary=XXX", {}),
    ],
)
def test_a_boundary_is_quoted_or_not_and_without_it_there_are_no_fields(
    content_type: str, fields: dict[str, str]
) -> None:
    assert read_form(part(b"to", b"1") + b"--XX--\r\n", content_type) == fields


_PIECES = [
    b"--XX",
    b"--XX--",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"Content-Disposition: form-data; name=",
    b'"to"',
    b"; filename=a",
    b"Content-Type: text/plain; charset=klingon",
    b"--",
    b":",
    b"\xff",
    b"\0",
    part(b"to", b"1"),
]


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=6)), max_size=20), st.sampled_from([MULTIPART]))
@examples(100)
def test_any_multipart_bytes_are_fields_or_nothing(pieces: list[bytes], content_type: str) -> None:
    for name, value in read_form(b"".join(pieces), content_type).items():
        assert name
        assert isinstance(value, str)


@given(st.text(max_size=40).map("multipart/".__add__))
@examples(60)
def test_any_content_type_is_borne(content_type: str) -> None:
    assert set(read_form(part(b"to", b"1") + b"--XX--\r\n", content_type)) <= {"to"}


@given(st.binary(max_size=60))
@examples(50)
def test_bytes_that_are_not_utf8_lose_nothing(raw: bytes) -> None:
    """Text is UTF-8, else Windows-1252, else Latin-1: the bytes can always be had again."""
    assert raw in (_encoded(text(raw), encoding) for encoding in ("utf-8", "cp1252", "latin-1"))


def _encoded(read: str, encoding: str) -> bytes | None:
    try:
        return read.encode(encoding)
    except UnicodeEncodeError:
        return None
