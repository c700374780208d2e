"""The login in an `Authorization: Basic` header (clause 1)."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_code_points, any_text
from plum_emulator.wire.forms import read_basic


def basic(login: bytes) -> str:
    """The header for these bytes."""
    return "Basic " + b64encode(login).decode()


def test_plums_own_sample_is_read() -> None:
    assert read_basic("Basic dXNlcm5hbWU6cGFzc3dvcmQ=") == ("username", "password")


@pytest.mark.parametrize("header", ["basic dTpw", "BASIC dTpw", "Basic   dTpw", "Basic dTpw  "])
def test_the_scheme_is_written_in_any_case_with_any_space(header: str) -> None:
    assert read_basic(header) == ("u", "p")


@pytest.mark.parametrize(
    ("login", "read"),
    [
        pytest.param(b"u:p:q", ("u", "p:q"), id="colon in the password"),
        pytest.param(b"u:", ("u", ""), id="no password"),
        pytest.param(b":p", ("", "p"), id="no username"),
        pytest.param(b":", ("", ""), id="neither"),
        pytest.param("ü:pässword€".encode(), ("ü", "pässword€"), id="UTF-8"),
        pytest.param("ü:pässword€".encode("cp1252"), ("ü", "pässword€"), id="Windows-1252"),
        pytest.param(b"u:p\0\n", ("u", "p\0\n"), id="control characters"),
    ],
)
def test_any_login_is_read(login: bytes, read: tuple[str, str]) -> None:
    assert read_basic(basic(login)) == read


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="empty"),
        pytest.param("Basic", id="scheme alone"),
        pytest.param("Basic ", id="scheme and space"),
        pytest.param("dTpw", id="no scheme"),
        pytest.param("BasicdTpw", id="no space"),
        pytest.param("Bearer dTpw", id="another scheme"),
        pytest.param('Digest username="u"', id="digest"),
        pytest.param("Basic dXNlcm5hbWU=", id="no colon"),
        pytest.param("Basic username:password", id="not base64"),
        pytest.param("Basic dTp", id="cut off"),
        pytest.param("Basic =dTpw", id="padding in front"),
        pytest.param("Basic dT pw", id="space inside"),
        pytest.param("Basic dT_-", id="URL-safe alphabet"),
        pytest.param("Basic é", id="not ASCII"),
        pytest.param("Basic \ud800", id="half a surrogate pair"),
    ],
)
def test_what_is_no_basic_login_is_nobody(header: str) -> None:
    assert read_basic(header) is None


@given(any_text.map(lambda name: name.replace(":", "")), any_text)
@examples(50)
def test_any_login_in_utf8_comes_back(username: str, password: str) -> None:
    assert read_basic(basic(f"{username}:{password}".encode())) == (username, password)


@given(st.one_of(any_code_points, any_code_points.map("Basic ".__add__), st.binary(max_size=40).map(basic)))
@examples(50)
def test_any_header_is_a_login_or_nobody(header: str) -> None:
    login = read_basic(header)
    assert login is None or ":" not in login[0]
