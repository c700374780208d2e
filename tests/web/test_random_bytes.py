"""Whatever bytes come, the emulator answers in words: never with a 500, never with something that does not parse."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_from_bytes
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from helpers.caller import Caller, Heard, basic
from helpers.house import HANDSET, MINE, House
from helpers.laws import examples

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_NAMES = ["to", "from", "body", "result_url", "limit", "offset", "sort", "type", "start_timestamp", "end_timestamp"]
_NAMES += ["phone_number", "phone_number_type", "account_number", "customer_number", "sms_message_id"]
_NAMES += ["account", "before", "q", "operation", "nobody"]
_VALUES = [MINE, HANDSET, "", "1", "-1", "all", "inbound", "account", "second", "0" * 32, "http://127.0.0.1/", "9" * 18]


def _joined(parts: SearchStrategy[bytes], between: bytes = b"") -> SearchStrategy[bytes]:
    return st.lists(parts, max_size=6).map(between.join)


any_bytes = st.binary(max_size=30)
escaped = any_bytes.map(lambda raw: quote_from_bytes(raw, safe="/").encode())
words = st.sampled_from([name.encode() for name in [*_NAMES, *_VALUES]])
pairs = st.tuples(
    st.sampled_from([name.encode() for name in _NAMES]) | escaped,
    st.sampled_from([value.encode() for value in _VALUES]) | escaped | any_bytes,
).map(b"=".join)
raw_queries = _joined(pairs | any_bytes, b"&")
# What a server hands over: the printable characters of ASCII.
queries = raw_queries.map(lambda raw: bytes(byte for byte in raw if 0x20 < byte < 0x7F and byte != 0x23))
services = st.sampled_from([b"queue", b"status", b"messages", b"conversation", b""]) | escaped
endings = st.sampled_from([b"", b".json", b".xml", b"/", b"/1", b".xml/" + b"0" * 32])
service_paths = st.builds(lambda name, ending: b"/ws/sms/" + name + ending, services, endings)
control_paths = st.sampled_from(
    [b"inbound", b"messages", b"messages/" + b"0" * 32, b"exchanges", b"numbers", b"numbers/" + MINE.encode(), b"reset"]
)
paths = (
    service_paths
    | st.builds(lambda path, more: b"/_plum/" + path + more, control_paths | escaped, st.just(b"") | escaped)
    | st.sampled_from([b"/", b"/demo", b"/static/home.css", b"/static/", b"//", b"/ws/sms"])
    | escaped.map(lambda raw: b"/" + raw)
)
header_values = st.text(st.characters(max_codepoint=255, exclude_characters="\0\r\n"), max_size=30)
types = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        'multipart/form-data; boundary="\xe9"',
        "multipart/mixed; boundary=",
    ]
)
headers = st.lists(
    st.tuples(st.just("Content-Type"), types)
    | st.tuples(
        st.sampled_from(
            ["Accept", "Content-Type", "Origin", "Last-Event-ID", "Range", "If-None-Match", "Cookie", "X-A"]
        ),
        header_values,
    ),
    max_size=3,
    unique_by=lambda header: header[0],
)
part = st.sampled_from(
    [b"--x\r\n", b"--x--", b'Content-Disposition: form-data; name="to"\r\n', b"\r\n\r\n", b"\r\n", b'"; filename="a"']
)
bodies = (
    raw_queries
    | st.binary(max_size=100)
    | _joined(part | words | any_bytes)
    | _joined(st.sampled_from([b"{", b"}", b"[", b'"to"', b":", b",", b'"\\ud800"', b"1e999", b"null"]) | any_bytes)
)
logins = st.just("username:password") | st.none() | st.text(max_size=10).filter(lambda text: text.isascii())


@pytest.fixture(scope="module")
def emulator() -> Iterator[Caller]:
    """It only has to survive."""
    house = House()
    caller = Caller(house)
    yield caller
    caller.close()
    house.close()


def _is_in_words(heard: Heard, method: str) -> None:
    assert 200 <= heard.status < 500
    for _, value in heard.headers:
        assert "\r" not in value
        assert "\n" not in value
    if method == "HEAD":
        return
    if heard.header("Content-Type") == "application/json":
        assert heard.values
    elif heard.header("Content-Type").startswith("text/xml"):
        assert fromstring(heard.body).tag  # noqa: S314 # our own answer


@given(method=st.sampled_from(_METHODS), path=paths, query=queries, headers=headers, body=bodies, login=logins)
@examples(100)
def test_random_requests_are_answered_in_words(
    emulator: Caller,
    method: str,
    path: bytes,
    query: bytes,
    headers: list[tuple[str, str]],
    body: bytes,
    login: str | None,
) -> None:
    heard = emulator.call(method, path + b"?" + query, login=login, headers=headers, body=body, described=False)
    _is_in_words(heard, method)


@given(ending=endings, service=services, query=queries)
@examples(50)
def test_random_questions_get_an_envelope(emulator: Caller, service: bytes, ending: bytes, query: bytes) -> None:
    """Everything under /ws/sms/ answers in the envelope."""
    heard = emulator.call("GET", b"/ws/sms/" + service + ending + b"?" + query, described=False)
    assert heard.values["status"] in ("success", "failure")


@given(body=bodies, type_=types | header_values)
@examples(50)
def test_random_bodies_get_an_envelope(emulator: Caller, body: bytes, type_: str) -> None:
    heard = emulator.post("/ws/sms/queue.xml", headers=[("Content-Type", type_)], body=body)
    assert heard.status == 200


@given(authorization=header_values | st.text(max_size=20).map(basic) | header_values.map(lambda text: "Basic " + text))
@examples(40)
def test_random_logins_are_unauthorized(emulator: Caller, authorization: str) -> None:
    heard = emulator.get("/ws/sms/messages.json", login=None, headers=[("Authorization", authorization)])
    assert heard.status == 401


@given(host=header_values)
@examples(40)
def test_random_hosts_are_answered_in_words(emulator: Caller, host: str) -> None:
    for path in ("/", "/_plum/health", "/ws/sms/messages.json"):
        _is_in_words(emulator.get(path, host=host, described=False), "GET")


@given(body=st.binary(max_size=50) | bodies)
@examples(50)
def test_random_json_is_answered_in_words(emulator: Caller, body: bytes) -> None:
    assert emulator.post("/_plum/inbound", body=body).status == 400
