"""The journal and the log as files for other programs."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from hario_core.models.har_1_2 import HarLog
from hario_core.parse import parse
from hypothesis import given
from hypothesis import strategies as st

from helpers.exchanges import incoming, outgoing
from helpers.laws import examples
from helpers.messages import ID, any_text, message
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.messages import Message
from plum_emulator.wire.curl import curl_line
from plum_emulator.wire.exports import har, journal_csv, journal_lines, message_lines, messages_csv
from plum_emulator.wire.views import exchange_view, message_view

BASE = "http://127.0.0.1:7586"
LOGIN = "username:password"
FORM = "application/x-www-form-urlencoded"

latin1_text = st.text(st.characters(max_codepoint=255), max_size=20)
headers = st.lists(st.tuples(st.sampled_from(["Cookie", "set-cookie", "Content-Type", "X"]), latin1_text), max_size=4)
any_exchange = st.builds(
    incoming,
    direction=st.sampled_from(["in", "out"]),
    url=st.one_of(any_text, any_text.map("http://host/?".__add__), latin1_text.map("/".__add__)),
    request_headers=headers.map(tuple),
    request_body=st.one_of(st.binary(max_size=40), any_text.map(str.encode)),
    status=st.one_of(st.none(), st.integers(100, 999)),
    response_headers=headers.map(tuple),
    response_body=st.one_of(st.binary(max_size=40), any_text.map(str.encode)),
    outcome=any_text,
    attempt=st.one_of(st.none(), st.integers(1, 9)),
    rules=st.sampled_from(["", "a", "a b"]),
)


def har_of(*exchanges: Exchange) -> dict[str, Any]:
    """The `log` of a HAR document."""
    text = "".join(har(exchanges, base=BASE, version="1.0"))
    document: dict[str, Any] = json.loads(text)
    assert list(document) == ["log"]
    log: dict[str, Any] = document["log"]
    return log


def entry_of(exchange: Exchange) -> dict[str, Any]:
    """The only entry of a HAR document."""
    [entry] = har_of(exchange)["entries"]
    return dict(entry)


def test_a_request_that_came_in_is_an_entry() -> None:
    """URLs are whole, times are in milliseconds, and what is not known of the sizes is -1."""
    assert har_of(incoming()) == {
        "version": "1.2",
        "creator": {"name": "plum-emulator", "version": "1.0"},
        "entries": [
            {
                "startedDateTime": "2023-11-14T22:13:20.999Z",
                "time": 1.25,
                "request": {
                    "method": "POST",
                    "url": "http://127.0.0.1:7586/ws/sms/queue.json",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [
                        {"name": "host", "value": "127.0.0.1:7586"},
                        {"name": "authorization", "value": "Basic username:***"},
                        {"name": "user-agent", "value": "curl/8.5.0"},
                        {"name": "accept", "value": "*/*"},
                        {"name": "content-length", "value": "44"},
                        {"name": "content-type", "value": FORM},
                    ],
                    "queryString": [],
                    "postData": {"mimeType": FORM, "text": "to=16175550123&from=12435678910&body=It%27s+5"},
                    "headersSize": -1,
                    "bodySize": 45,
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [
                        {"name": "Content-Type", "value": "application/json"},
                        {"name": "Date", "value": "Tue, 14 Nov 2023 22:13:20 GMT"},
                    ],
                    "content": {"size": 20, "mimeType": "application/json", "text": '{"status":"success"}'},
                    "redirectURL": "",
                    "headersSize": -1,
                    "bodySize": 20,
                },
                "cache": {},
                "timings": {"send": 0, "wait": 1.25, "receive": 0},
                "comment": "queue: ok",
                "_n": 1,
                "_direction": "in",
                "_operation": "queue",
                "_attempt": None,
                "_outcome": "ok",
                "_rules": [],
                "_resourceType": "fetch",
            }
        ],
    }


def test_a_post_that_nobody_answered_has_status_0_and_says_why() -> None:
    entry = entry_of(outgoing())
    assert entry["response"] == {
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": "", "text": ""},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
        "_error": "no answer within 10 s",
    }
    assert (entry["comment"], entry["_attempt"], entry["_rules"]) == (
        "callback, attempt 2: no answer within 10 s",
        2,
        ["slow", "often"],
    )
    assert entry["request"]["queryString"] == [{"name": "id", "value": "1"}]


@pytest.mark.parametrize(
    ("changes", "url", "query"),
    [
        pytest.param({"url": "/x?a=1&a=%C3%A9+b&c=&d"}, BASE + "/x?a=1&a=%C3%A9+b&c=&d", "a=1 a=é b c= d=", id="in"),
        pytest.param({"url": "/\xe9?\xc3\xa9= "}, BASE + "/%E9?%C3%A9=%20", "é= ", id="raw bytes"),
        pytest.param({"url": "*"}, BASE + "/*", "", id="no path"),
        pytest.param(
            {"url": "https://[::1]:8?é#part", "direction": "out"},
            "https://[::1]:8/?%C3%A9",
            "é=",
            id="out, with a part",
        ),
    ],
)
def test_url_is_whole_and_its_query_is_read(changes: dict[str, Any], url: str, query: str) -> None:
    request = entry_of(incoming(**changes))["request"]
    assert request["url"] == url
    assert " ".join(f"{pair['name']}={pair['value']}" for pair in request["queryString"]) == query


def test_bodies_that_are_not_utf8_lose_nothing() -> None:
    """An answer is base64, as HAR has it; a request is Latin-1, for HAR has nothing, and base64 beside it."""
    entry = entry_of(incoming(request_body=b"caf\xe9\0", response_body=b"\xff\0"))
    assert entry["request"]["postData"] == {"mimeType": FORM, "text": "café\0", "_textBase64": "Y2Fm6QA="}
    assert entry["response"]["content"] == {
        "size": 2,
        "mimeType": "application/json",
        "text": "/wA=",
        "encoding": "base64",
    }


def test_a_request_without_a_body_has_no_post_data() -> None:
    assert "postData" not in entry_of(incoming(method="GET", request_body=b""))["request"]


def test_cookies_are_read_in_both_directions() -> None:
    entry = entry_of(
        outgoing(
            status=302,
            request_headers=(("Cookie", "a=1; b==2;c=; nonsense"), ("cookie", "d=3")),
            response_headers=(
                ("Set-Cookie", "PHPSESSID=x; Path=/; Domain=host; HttpOnly; Secure"),
                ("set-cookie", "y=z; expires=Wed, 15 Nov 2023 08:00:00 GMT"),
                ("Set-Cookie", "w=; Expires=soon"),
                ("Location", "/there"),
            ),
        )
    )
    assert entry["request"]["cookies"] == [
        {"name": "a", "value": "1"},
        {"name": "b", "value": "=2"},
        {"name": "c", "value": ""},
        {"name": "d", "value": "3"},
    ]
    assert entry["response"]["cookies"] == [
        {"name": "PHPSESSID", "value": "x", "httpOnly": True, "secure": True, "path": "/", "domain": "host"},
        {"name": "y", "value": "z", "httpOnly": False, "secure": False, "expires": "2023-11-15T08:00:00+00:00"},
        {"name": "w", "value": "", "httpOnly": False, "secure": False},
    ]
    assert (entry["response"]["redirectURL"], entry["response"]["statusText"]) == ("/there", "Found")


@pytest.mark.parametrize(
    "exchanges",
    [(), (incoming(),), (outgoing(),), (incoming(), outgoing(status=999), incoming(n=3))],
    ids=["none", "in", "out", "three"],
)
def test_somebody_elses_reader_takes_the_har(exchanges: tuple[Exchange, ...]) -> None:
    """Also one that knows what browsers add."""
    log = parse("".join(har(exchanges, base=BASE, version="1.0")).encode())
    assert [(entry.request.method, entry.response.status) for entry in log.entries] == [
        (exchange.method, exchange.status or 0) for exchange in exchanges
    ]


@given(st.lists(any_exchange, max_size=3))
@examples(100)
def test_any_journal_is_har_1_2_to_somebody_elses_models(exchanges: list[Exchange]) -> None:
    """Every field is there and has its type, whatever came over the wire; the bodies can be had again."""
    document = har_of(*exchanges)
    HarLog.model_validate_json(json.dumps(document), strict=True)
    for exchange, entry in zip(exchanges, document["entries"], strict=True):
        assert _sent(entry["request"].get("postData")) == exchange.request_body
        assert _answered(entry["response"]["content"]) == exchange.response_body
        assert entry["request"]["url"].isascii()
        assert " " not in entry["request"]["url"]


def _sent(data: dict[str, str] | None) -> bytes:
    if data is None:
        return b""
    return base64.b64decode(data["_textBase64"]) if "_textBase64" in data else data["text"].encode()


def _answered(content: dict[str, str]) -> bytes:
    text = content["text"].encode()
    return base64.b64decode(text) if content.get("encoding") == "base64" else text


@given(st.lists(any_exchange, max_size=3))
@examples(60)
def test_journal_is_a_line_for_each_exchange(exchanges: list[Exchange]) -> None:
    """Each as the control surface shows it."""
    text = "".join(journal_lines(exchanges, base=BASE, login=LOGIN))
    assert text.isascii()
    assert [json.loads(line) for line in text.splitlines()] == [
        exchange_view(exchange, base=BASE, login=LOGIN) for exchange in exchanges
    ]


@given(st.lists(any_text, max_size=4))
@examples(60)
def test_log_is_a_line_for_each_message(bodies: list[str]) -> None:
    messages = [message(body=body) for body in bodies]
    text = "".join(message_lines(messages))
    assert text.isascii()
    assert [json.loads(line) for line in text.splitlines()] == [message_view(message) for message in messages]


def test_an_exchange_is_shown_with_its_rules_and_its_curl_line() -> None:
    """Bytes that are not UTF-8 are shown as Latin-1; without an answer there is null."""
    exchange = outgoing(request_body=b"caf\xe9")
    assert exchange_view(exchange, base=BASE, login=LOGIN) == {
        "n": 2,
        "at": "2023-11-14T22:13:21.000Z",
        "direction": "out",
        "operation": "callback",
        "attempt": 2,
        "outcome": "no answer within 10 s",
        "rules": ["slow", "often"],
        "duration_ms": 10_000.0,
        "request": {
            "method": "POST",
            "url": "http://127.0.0.1:8000/results.php?id=1",
            "headers": [["Content-Type", FORM], ["Accept", "*/*"], ["User-Agent", "plum-emulator/1.0"]],
            "body": "café",
        },
        "answer": None,
        "curl": curl_line(exchange, base=BASE, login=LOGIN),
    }


def test_journal_as_csv_has_names_and_a_row_for_each_exchange() -> None:
    """RFC 4180: commas, doubled quotes, CR LF; nothing where an exchange has nothing."""
    assert "".join(journal_csv([incoming(), outgoing()])) == (
        "n,at,direction,operation,attempt,outcome,rules,duration_ms,method,url,request_headers,request_body,"
        "status,response_headers,response_body\r\n"
        "1,2023-11-14T22:13:20.999Z,in,queue,,ok,,1.25,POST,/ws/sms/queue.json,"
        '"host: 127.0.0.1:7586\nauthorization: Basic username:***\nuser-agent: curl/8.5.0\naccept: */*\n'
        f'content-length: 44\ncontent-type: {FORM}",to=16175550123&from=12435678910&body=It%27s+5,'
        '200,"Content-Type: application/json\nDate: Tue, 14 Nov 2023 22:13:20 GMT","{""status"":""success""}"\r\n'
        "2,2023-11-14T22:13:21.000Z,out,callback,2,no answer within 10 s,slow often,10000.0,POST,"
        f'http://127.0.0.1:8000/results.php?id=1,"Content-Type: {FORM}\nAccept: */*\nUser-Agent: plum-emulator/1.0",'
        "sms_message_id=5f0c&status=sent,,,\r\n"
    )


def test_log_as_csv_has_names_and_a_row_for_each_message() -> None:
    """What begins like a formula is data, and stays as it is."""
    failed = message(
        body='=1+1, "x"\r\ny', status="failed", sent_at=1_700_000_001_000, settled_at=1_700_000_002_500, reason="magic"
    )
    assert "".join(messages_csv([failed])) == (
        "sms_message_id,type,to,from,body,status,request_timestamp,result_url,"
        "requested_at,sent_at,settled_at,notification,reason\r\n"
        f'{ID},outbound,19998881234,12435678910,"=1+1, ""x""\r\ny",failed,1700000000,'
        "http://myserver.com/storesmsresults.php,"
        "2023-11-14T22:13:20.999Z,2023-11-14T22:13:21.000Z,2023-11-14T22:13:22.500Z,,magic\r\n"
    )


@given(any_text, any_text)
@examples(100)
def test_any_text_survives_a_csv_reader(body: str, reason: str) -> None:
    [row] = _read(messages_csv([message(body=body, reason=reason)]))
    assert (row["body"], row["reason"]) == (body, reason)


@given(any_exchange)
@examples(100)
def test_any_exchange_survives_a_csv_reader(exchange: Exchange) -> None:
    [row] = _read(journal_csv([exchange]))
    shown = exchange_view(exchange, base=BASE, login=None)
    assert (row["url"], row["request_body"]) == (exchange.url, shown["request"]["body"])
    assert row["response_body"] == (shown["answer"] or {"body": row["response_body"]})["body"]
    assert row["status"] == ("" if exchange.status is None else str(exchange.status))


def _read(pieces: Iterable[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(pieces), newline=""), strict=True))


def _har(exchanges: Iterable[Exchange]) -> Iterator[str]:
    return har(exchanges, base=BASE, version="1.0")


def _lines(exchanges: Iterable[Exchange]) -> Iterator[str]:
    return journal_lines(exchanges, base=BASE, login=None)


_EXPORTS = pytest.mark.parametrize("export", [_har, _lines, journal_csv], ids=["HAR", "lines", "CSV"])


@_EXPORTS
def test_same_exchanges_give_the_same_text(export: Callable[[Iterable[Exchange]], Iterator[str]]) -> None:
    exchanges = [incoming(), outgoing()]
    assert list(export(exchanges)) == list(export(iter(exchanges)))


@_EXPORTS
def test_journal_is_read_one_exchange_at_a_time(export: Callable[[Iterable[Exchange]], Iterator[str]]) -> None:
    """A journal of any size streams: no piece waits for the exchanges behind it."""
    taken: list[int] = []

    def endless() -> Iterator[Exchange]:
        for n in count(1):
            taken.append(n)
            yield incoming(n=n)

    pieces = export(endless())
    assert len([next(piece for piece in pieces if "queue" in piece) for _ in range(3)]) == 3
    assert taken == [1, 2, 3]


@pytest.mark.parametrize("export", [message_lines, messages_csv], ids=["lines", "CSV"])
def test_log_is_read_one_message_at_a_time(export: Callable[[Iterable[Message]], Iterator[str]]) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Message]:
        for seq in count(1):
            taken.append(seq)
            yield message(seq=seq)

    pieces = export(endless())
    assert len([next(piece for piece in pieces if ID in piece) for _ in range(3)]) == 3
    assert taken == [1, 2, 3]
