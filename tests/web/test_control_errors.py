"""What the control surface says to requests that cannot be: `error` is what is wrong, `hint` what to do."""

from __future__ import annotations

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, PCI, House

EXAMPLE = "send JSON: an object with from, to, body"
THERE_ARE = "there are: from, to, body"


@pytest.mark.parametrize(
    ("body", "error", "hint"),
    [
        (b"", "the body is not JSON: Expecting value: line 1 column 1 (char 0)", EXAMPLE),
        (b"from=1&to=2", "the body is not JSON: Expecting value: line 1 column 1 (char 0)", EXAMPLE),
        (b'{"from": 1,}', "the body is not JSON: ", EXAMPLE),
        (b"\xff\xfe", "the body is not JSON: ", EXAMPLE),
        (b'{"from": "\xe9"}', "the body is not JSON: ", EXAMPLE),
        (b'{"from": ' + b"1" * 5000 + b"}", "the body is not JSON: ", EXAMPLE),
        (b"[" * 100_000, "the body is JSON nested too deep", EXAMPLE),
        (b'{"a":' * 100_000, "the body is JSON nested too deep", EXAMPLE),
        (b"[]", "the body is JSON, but not an object", EXAMPLE),
        (b"null", "the body is JSON, but not an object", EXAMPLE),
        (b'"text"', "the body is JSON, but not an object", EXAMPLE),
        (b"NaN", "the body is JSON, but not an object", EXAMPLE),
        (b"{}", "'from' is missing", THERE_ARE),
        (b'{"from": "1", "to": "2"}', "'body' is missing", THERE_ARE),
        (
            b'{"from": 16175550123, "to": "", "body": ""}',
            "'from' is 16175550123, but a string was expected",
            THERE_ARE,
        ),
        (b'{"from": "1", "to": null, "body": ""}', "'to' is missing", THERE_ARE),
        (b'{"from": "1", "to": "2", "body": ["x"]}', "'body' is ['x'], but a string was expected", THERE_ARE),
        (b'{"from": "1", "to": "2", "bdoy": "x"}', "'bdoy' is unknown", "did you mean 'body'?"),
        (b'{"form": "1", "to": "2", "body": "x"}', "'form' is unknown", "did you mean 'from'?"),
        (b'{"result_url": "1"}', "'result_url' is unknown", THERE_ARE),
        (b'{"\\ud800": "1"}', "'\\ud800' is unknown", THERE_ARE),
        (
            b'{"from": "\\ud800", "to": "2", "body": "x"}',
            "'from' has half a surrogate pair in it",
            "send whole characters",
        ),
        (
            b'{"from": "1", "to": "2", "body": "x\\udfff"}',
            "'body' has half a surrogate pair in it",
            "send whole characters",
        ),
    ],
)
def test_a_body_that_cannot_be_read_says_why(onlooker: Caller, body: bytes, error: str, hint: str) -> None:
    heard = onlooker.post("/_plum/inbound", body=body)
    assert heard.status == 400
    assert heard.error.startswith(error)
    assert heard.values["hint"] == hint


def test_a_pair_of_surrogates_is_one_character(caller: Caller) -> None:
    body = f'{{"from": "{HANDSET}", "to": "{MINE}", "body": "\\ud83d\\ude00"}}'.encode()
    assert caller.post("/_plum/inbound", body=body).values["body"] == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("changed", "status", "error", "hint"),
    [
        (
            {"from": "555"},
            400,
            "from: '555' is not a phone number",
            "write 10 digits, or 11 with a leading 1: 16175550123",
        ),
        (
            {"to": "555"},
            400,
            "to: '555' is not a phone number",
            "write 10 digits, or 11 with a leading 1: 16175550123",
        ),
        (
            {"to": "16175550177"},
            404,
            "16175550177 is not a number of account 'username'",
            f"its SMS numbers are: {MINE}",
        ),
        ({"to": PCI}, 400, f"{PCI} is a PCI number, which cannot receive texts", f"its SMS numbers are: {MINE}"),
        ({"from": MINE}, 400, f"{MINE} cannot text itself", "let a handset be 'from': 16175550123"),
        ({"body": ""}, 400, "the body is empty", "a text has at least one character"),
    ],
    ids=["bad from", "bad to", "not mine", "PCI", "itself", "empty"],
)
def test_a_text_that_cannot_be_says_why(
    house: House, caller: Caller, changed: dict[str, str], status: int, error: str, hint: str
) -> None:
    heard = caller.send_json("POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "x", **changed})
    assert (heard.status, heard.values) == (status, {"error": error, "hint": hint})
    assert house.events == []


@pytest.mark.parametrize(
    ("number", "url", "status", "error"),
    [
        (MINE, "ftp://127.0.0.1", 400, "application_url: an http:// or https:// URL with a host was expected"),
        (MINE, "http://", 400, "application_url: an http:// or https:// URL with a host was expected"),
        (MINE, "demo", 400, "application_url: an http:// or https:// URL with a host was expected"),
        (MINE, "//127.0.0.1/x", 400, "application_url: an http:// or https:// URL with a host was expected"),
        (MINE, "http://127.0.0.1:0", 400, "application_url: an http:// or https:// URL with a host was expected"),
        (MINE, "http://127.0.0.1:99999", 400, "application_url: the URL cannot be read: "),
        (MINE, "http://[::1", 400, "application_url: the URL cannot be read: "),
        (MINE, "http://127.0.0.1/a b", 400, "application_url: the URL has a blank or a control character in it"),
        (MINE, "http://127.0.0.1/\r\nX: y", 400, "application_url: the URL has a blank or a control character in it"),
        (MINE, "/a b", 400, "application_url: the URL has a blank or a control character in it"),
        (MINE, "http://127.0.0.1/" + "a" * 2048, 400, "application_url: the URL has 2065 characters"),
        (MINE, "http://127.0.0.1/\ud800", 400, "'application_url' has half a surrogate pair in it"),
        (PCI, "http://127.0.0.1", 400, f"{PCI} is a PCI number, which cannot receive texts"),
        ("555", "http://127.0.0.1", 400, "number: '555' is not a phone number"),
        (HANDSET, "http://127.0.0.1", 404, f"{HANDSET} is not a number of account 'username'"),
    ],
)
def test_an_application_url_that_cannot_be_says_why(
    onlooker: Caller, number: str, url: str, status: int, error: str
) -> None:
    before = onlooker.get("/_plum/numbers").values
    heard = onlooker.send_json("PUT", f"/_plum/numbers/{number}", {"application_url": url})
    assert heard.status == status
    assert heard.error.startswith(error)
    assert onlooker.get("/_plum/numbers").values == before


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/_plum/inbound"),
        ("GET", "/_plum/messages"),
        ("GET", "/_plum/messages/" + "0" * 32),
        ("GET", "/_plum/exchanges"),
        ("GET", "/_plum/events"),
        ("GET", "/_plum/numbers"),
        ("PUT", f"/_plum/numbers/{MINE}"),
        ("POST", "/_plum/reset"),
    ],
)
@pytest.mark.parametrize("name", ["nobody", "USERNAME", "username%20", "%FF", "a%00b"])
def test_an_unknown_account_is_404_everywhere(onlooker: Caller, method: str, target: str, name: str) -> None:
    heard = onlooker.call(method, f"{target}?account={name}")
    assert heard.status == 404
    assert heard.error.startswith("there is no account '")
    assert heard.values["hint"] == "there are: username, second"


@pytest.mark.parametrize("id_", ["0", "0" * 32, "%00", "%FF", "a" * 5000])
def test_an_unknown_id_is_404(onlooker: Caller, id_: str) -> None:
    for target in (f"/_plum/messages/{id_}", f"/_plum/messages?before={id_}", f"/_plum/messages?q=x&before={id_}"):
        heard = onlooker.get(target)
        assert (heard.status, heard.values["hint"]) == (404, "GET /_plum/messages lists them")
        assert len(heard.error) < 100


@pytest.mark.parametrize(
    "text", ["x", "-1", "+1", "1.5", "1e3", "%D9%A3", "%C2%B2", "1%00", "0x10", "9" * 19, "%20", "1_0"]
)
@pytest.mark.parametrize("question", ["messages?limit", "exchanges?limit", "exchanges?before"])
def test_what_should_be_a_number_and_is_not_is_refused(onlooker: Caller, question: str, text: str) -> None:
    heard = onlooker.get(f"/_plum/{question}={text}")
    name = question.partition("?")[2]
    assert (heard.status, heard.values["hint"]) == (400, f"for example {name}=50")
    assert heard.error.startswith(f"{name} = ")


def test_a_body_that_is_too_large_is_refused(onlooker: Caller) -> None:
    heard = onlooker.post("/_plum/inbound", body=b" " * (1024 * 1024 + 1))
    assert (heard.status, heard.values) == (
        400,
        {"error": "the request body is too large", "hint": "at most 1 MiB is taken"},
    )


@pytest.mark.parametrize("target", ["/_plum/", "/_plum/nothing", "/_plum/messages/", "/_plum//messages", "/_plum/%00"])
def test_an_unknown_path_says_where_to_look(onlooker: Caller, target: str) -> None:
    heard = onlooker.get(target)
    assert heard.status == 404
    assert heard.values["hint"].endswith("(see /_plum/openapi.yaml)")


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("DELETE", "/_plum/messages", "GET, HEAD, OPTIONS"),
        ("GET", "/_plum/inbound", "OPTIONS, POST"),
        ("GET", "/_plum/reset", "OPTIONS, POST"),
        ("GET", f"/_plum/numbers/{MINE}", "OPTIONS, PUT"),
    ],
)
def test_a_wrong_method_names_the_right_ones(onlooker: Caller, method: str, target: str, allow: str) -> None:
    heard = onlooker.call(method, target)
    assert (heard.status, heard.header("Allow")) == (405, allow)
    assert heard.values["hint"] == "see the Allow header, and /_plum/openapi.yaml"


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/_plum/inbound", f'{{"from": "{HANDSET}", "to": "{MINE}", "body": "x"}}'),
        ("GET", "/_plum/messages", ""),
        ("GET", "/_plum/messages?q=x", ""),
        ("GET", "/_plum/messages/" + "0" * 32, ""),
        ("GET", "/_plum/exchanges", ""),
        ("PUT", f"/_plum/numbers/{MINE}", '{"application_url": ""}'),
        ("POST", "/_plum/reset", ""),
    ],
)
def test_storage_that_fails_is_500_in_words(house: House, caller: Caller, method: str, target: str, body: str) -> None:
    """And nothing has changed."""
    before = caller.get("/_plum/numbers").values
    caller.queue({"to": HANDSET, "from": MINE, "body": "x"})
    connection = house.store.database.db.conn
    assert connection is not None
    connection.set_progress_handler(lambda: 1, 1)
    heard = caller.call(method, target, body=body.encode())
    connection.set_progress_handler(None, 1)
    assert heard.status == 500
    assert heard.error.startswith("the database could not be used: ")
    assert heard.values["hint"] == "is the disk full, or the file gone?"
    assert caller.get("/_plum/numbers").values == before
    assert len(caller.get("/_plum/messages").values["messages"]) == 1


@pytest.mark.parametrize(
    ("target", "error", "hint"),
    [
        ("/_plum/messages?acount=second", "'acount' is unknown", "did you mean 'account'?"),
        ("/_plum/exchanges?limits=5", "'limits' is unknown", "did you mean 'limit'?"),
        ("/_plum/numbers?zzz=1", "'zzz' is unknown", "there are: account"),
    ],
)
def test_an_unknown_parameter_is_refused(caller: Caller, target: str, error: str, hint: str) -> None:
    """A misspelt account must not silently mean the first one."""
    heard = caller.get(target)
    assert (heard.status, heard.values["error"], heard.values["hint"]) == (400, error, hint)
