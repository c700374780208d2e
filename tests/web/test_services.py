"""Plum's services as an application sees them: envelope, logins, methods, formats, bounds and failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.caller import FORM, Caller, basic
from helpers.house import HANDSET, MINE, House
from plum_emulator.model.accounts import Number, Seed

METHODS = {"queue": "POST", "status": "GET", "messages": "GET", "conversation": "GET"}
SERVICES = list(METHODS)
FIELDS = {"to": "(212) 555-0123", "from": MINE, "body": "Hello", "result_url": "http://127.0.0.1:8000/results?a=1"}
FIELDS_SEVEN = ["sms_message_id", "to", "from", "body", "request_timestamp", "result_url", "status"]
LIMIT = 1024 * 1024
JSON, XML = "application/json", "text/xml; charset=utf-8"


def test_queue_answers_in_json_with_the_documented_bytes(caller: Caller) -> None:
    """Envelope and message have Plum's fields in Plum's order; numbers come back as they were sent."""
    heard = caller.queue(FIELDS)
    id_ = heard.rows[0]["sms_message_id"]
    assert heard.body.decode() == (
        '{"status":"success","error":"","result":{"sms_messages":[{'
        f'"sms_message_id":"{id_}","to":"(212) 555-0123","from":"{MINE}","body":"Hello",'
        '"request_timestamp":1700000000,"result_url":"http://127.0.0.1:8000/results?a=1","status":"queued"}]}}'
    )
    assert (heard.status, heard.header("Content-Type")) == (200, JSON)


def test_queue_answers_in_xml_with_the_documented_bytes(caller: Caller) -> None:
    """The root is the service's name, there are no namespaces and attributes, and success has an empty error."""
    heard = caller.queue(FIELDS, format_="xml")
    id_ = heard.rows[0]["sms_message_id"]
    assert heard.body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        "<queue><status>success</status><error/><result><sms_messages><sms_message>"
        f"<sms_message_id>{id_}</sms_message_id><to>(212) 555-0123</to><from>{MINE}</from><body>Hello</body>"
        "<request_timestamp>1700000000</request_timestamp><result_url>http://127.0.0.1:8000/results?a=1</result_url>"
        "<status>queued</status></sms_message></sms_messages></result></queue>\n"
    )
    assert (heard.status, heard.header("Content-Type")) == (200, XML)


@pytest.mark.parametrize("format_", ["json", "xml"])
@pytest.mark.parametrize(
    "question",
    [
        "status.{}?sms_message_id={}",
        "messages.{}?x={}",
        f"conversation.{{}}?account_number={MINE}&customer_number={HANDSET}&x={{}}",
    ],
    ids=["status", "messages", "conversation"],
)
def test_every_other_service_adds_the_type_as_eighth_field(caller: Caller, question: str, format_: str) -> None:
    """status, messages and conversation write numbers in 11 digits, and add the type."""
    id_ = caller.queue(FIELDS).rows[0]["sms_message_id"]
    heard = caller.get("/ws/sms/" + question.format(format_, id_))
    expected = {
        "sms_message_id": id_,
        "to": HANDSET,
        "from": MINE,
        "body": "Hello",
        "request_timestamp": 1_700_000_000,
        "result_url": "http://127.0.0.1:8000/results?a=1",
        "status": "queued",
        "type": "outbound",
    }
    assert heard.values == {"status": "success", "error": "", "result": {"sms_messages": [expected]}}
    assert list(heard.values) == ["status", "error", "result"]
    assert list(heard.rows[0]) == [*FIELDS_SEVEN, "type"]


@pytest.mark.parametrize("service", ["messages", "conversation"])
def test_an_empty_list_is_an_empty_array_and_an_empty_element(onlooker: Caller, service: str) -> None:
    question = f"?account_number={MINE}&customer_number={HANDSET}" if service == "conversation" else ""
    assert onlooker.get(f"/ws/sms/{service}.json{question}").body == (
        b'{"status":"success","error":"","result":{"sms_messages":[]}}'
    )
    assert onlooker.get(f"/ws/sms/{service}.xml{question}").body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"<{service}><status>success</status><error/><result><sms_messages/></result></{service}>\n"
    )


@pytest.mark.parametrize(
    ("service", "question", "error"),
    [
        ("queue", "", "Invalid 'to' phone number"),
        ("status", "?sms_message_id=1", "Invalid 'sms_message_id'"),
        ("messages", "?limit=many", "Invalid 'limit'"),
        ("conversation", "", "Invalid 'account_number'"),
    ],
    ids=SERVICES,
)
def test_a_failure_is_answered_with_200_and_has_no_result(
    onlooker: Caller, service: str, question: str, error: str
) -> None:
    in_json = onlooker.call(METHODS[service], f"/ws/sms/{service}.json{question}")
    in_xml = onlooker.call(METHODS[service], f"/ws/sms/{service}.xml{question}")
    assert (in_json.status, in_xml.status) == (200, 200)
    assert in_json.body.decode() == json.dumps({"status": "failure", "error": error}, separators=(",", ":"))
    assert in_xml.body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"<{service}><status>failure</status><error>{error}</error></{service}>\n"
    )


def test_a_long_body_becomes_one_message_for_each_160_characters(caller: Caller) -> None:
    """Each part has an id of its own, in the order of the text."""
    rows = caller.queue({**FIELDS, "body": "a" * 160 + "b" * 160 + "c"}).rows
    assert [row["body"] for row in rows] == ["a" * 160, "b" * 160, "c"]
    assert len({row["sms_message_id"] for row in rows}) == 3


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        basic("username:wrong"),
        basic("nobody:password"),
        basic("username"),
        basic(":"),
        "Basic",
        "Basic !!!",
        "Basic /w==",
        "Bearer username:password",
        "",
    ],
)
def test_no_login_or_a_wrong_one_is_unauthorized(onlooker: Caller, service: str, authorization: str | None) -> None:
    """401, WWW-Authenticate: Basic, and the failure envelope with the service's name."""
    headers = [] if authorization is None else [("Authorization", authorization)]
    heard = onlooker.call(METHODS[service], f"/ws/sms/{service}.json", login=None, headers=headers)
    assert heard.status == 401
    assert heard.header("WWW-Authenticate") == 'Basic realm="Plum Voice"'
    assert heard.values == {"status": "failure", "error": f"Unauthorized access to {service} service"}


@pytest.mark.parametrize("service", SERVICES)
def test_unauthorized_is_answered_in_xml_too(onlooker: Caller, service: str) -> None:
    heard = onlooker.call(METHODS[service], f"/ws/sms/{service}.xml", login="username:wrong")
    assert (heard.status, heard.header("Content-Type")) == (401, XML)
    assert f"<{service}><status>failure</status>" in heard.body.decode()
    assert heard.error == f"Unauthorized access to {service} service"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_of_a_login_has_any_case(onlooker: Caller, scheme: str) -> None:
    header = basic("username:password").replace("Basic", scheme)
    assert onlooker.get("/ws/sms/messages.json", login=None, headers=[("Authorization", header)]).status == 200


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/ws/sms/send.xml", "send"),
        ("/ws/sms/queues.xml", "queues"),
        ("/ws/sms/QUEUE.xml", "QUEUE"),
        ("/ws/sms/.xml", "sms"),
        ("/ws/sms/1st.xml", "sms"),
        ("/ws/sms/%3Cscript%3E.xml", "sms"),
        ("/ws/sms/caf%C3%A9.xml", "sms"),
        ("/ws/sms/queue.xml/again", "again"),
        ("/ws/sms/status.xml/" + "0" * 32 + "/more", "more"),
    ],
)
def test_an_unknown_service_is_404_in_the_envelope(onlooker: Caller, path: str, root: str) -> None:
    """The XML root is the last word of the path, where that can be the name of an element."""
    heard = onlooker.get(path)
    assert (heard.status, heard.header("Content-Type")) == (404, XML)
    assert heard.body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"<{root}><status>failure</status><error>Unknown service</error></{root}>\n"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/ws/sms/",
        "/ws/sms/nothing",
        "/ws/sms//queue.json",
        "/ws/sms/status.json/1.json",
        "/ws/sms/%00",
        "/ws/sms/%FF",
        "/ws/sms/%0A",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_odd_path_is_an_unknown_service(onlooker: Caller, method: str, path: str) -> None:
    heard = onlooker.call(method, path)
    assert (heard.status, heard.header("Content-Type")) == (404, JSON)
    assert heard.values == {"status": "failure", "error": "Unknown service"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_wrong_method_is_405_with_allow(onlooker: Caller, service: str, method: str) -> None:
    """GET services take HEAD as well."""
    right = METHODS[service]
    heard = onlooker.call(method, f"/ws/sms/{service}.json")
    if method == right or (method, right) == ("HEAD", "GET"):
        assert heard.status == 200
        return
    assert (heard.status, heard.header("Allow")) == (405, "GET, HEAD" if right == "GET" else right)
    if method != "HEAD":
        assert heard.values == {"status": "failure", "error": "Method not allowed"}


def test_a_wrong_method_without_a_login_is_unauthorized(onlooker: Caller) -> None:
    """The login is looked at first."""
    assert onlooker.call("DELETE", "/ws/sms/messages.json", login=None).status == 401


@pytest.mark.parametrize("service", ["status", "messages", "conversation"])
@pytest.mark.parametrize("format_", ["json", "xml"])
def test_head_has_the_headers_of_get_and_no_body(onlooker: Caller, service: str, format_: str) -> None:
    target = f"/ws/sms/{service}.{format_}"
    get, head = onlooker.get(target), onlooker.call("HEAD", target)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert head.header("Content-Length") == str(len(get.body))


@pytest.mark.parametrize(
    ("ending", "accept", "content_type"),
    [
        ("", None, JSON),
        ("", "", JSON),
        ("", "*/*", JSON),
        ("", "application/json", JSON),
        ("", "text/xml", XML),
        ("", "application/xml", XML),
        ("", "application/json;q=0.5, text/xml", XML),
        ("", "text/xml;q=0.5, application/json", JSON),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("", "xml", XML),
        ("", ";;,,=", JSON),
        (".json", "text/xml", JSON),
        (".xml", "application/json", XML),
        (".xml", None, XML),
    ],
)
def test_the_extension_picks_the_format_then_accept(
    onlooker: Caller, ending: str, accept: str | None, content_type: str
) -> None:
    """When they disagree, the extension wins."""
    headers = [] if accept is None else [("Accept", accept)]
    heard = onlooker.get(f"/ws/sms/messages{ending}", headers=headers)
    assert (heard.status, heard.header("Content-Type")) == (200, content_type)


def test_accept_picks_the_format_of_failures_too(onlooker: Caller) -> None:
    heard = onlooker.get("/ws/sms/messages", login=None, headers=[("Accept", "text/xml")])
    assert (heard.status, heard.header("Content-Type")) == (401, XML)


@pytest.mark.parametrize(
    "form",
    [
        "status.json?sms_message_id={}",
        "status?sms_message_id={}",
        "status.json?sms_message_id=%20{}%20",
        "status/{}.json",
        "status/{}",
        "status.json/{}",
        "status.xml?sms_message_id={}",
        "status/{}.xml",
        "status.xml/{}",
    ],
)
@pytest.mark.parametrize("case", [str.lower, str.upper], ids=["lower", "upper"])
def test_a_message_is_found_by_every_form_of_its_address(caller: Caller, form: str, case: Any) -> None:
    row = caller.queue(FIELDS).rows[0]
    found = caller.get("/ws/sms/" + form.format(case(row["sms_message_id"])))
    assert found.rows == [{**row, "to": HANDSET, "type": "outbound"}]


@pytest.mark.parametrize("id_", ["0", "0" * 32, "g" * 32, "0" * 33, "%00", "%F0%9F%98%80", "';%20--"])
@pytest.mark.parametrize("form", ["status.json?sms_message_id={}", "status/{}.json", "status.json/{}"])
def test_an_id_that_is_no_messages_fails(onlooker: Caller, form: str, id_: str) -> None:
    heard = onlooker.get("/ws/sms/" + form.format(id_))
    assert (heard.status, heard.error) == (200, "Invalid 'sms_message_id'")


@pytest.mark.parametrize("question", ["", "?sms_message_id=", "?id=1", "?sms_message_id"])
def test_status_without_an_id_fails(onlooker: Caller, question: str) -> None:
    heard = onlooker.get("/ws/sms/status.json" + question)
    assert (heard.status, heard.error) == (200, "Invalid 'sms_message_id'")


@pytest.mark.parametrize(
    ("limit", "count"),
    [("1", 50), ("0", 50), ("-7", 50), ("60", 60), ("%2B60", 60), ("1001", 1000), ("9" * 18, 1000), ("", 1000)],
)
def test_limit_is_held_between_50_and_1000(full_log: Caller, limit: str, count: int) -> None:
    """Out of its bounds the nearer bound is taken; left out, it is 1000."""
    assert len(full_log.get(f"/ws/sms/messages.json?limit={limit}", described=count < 1000).rows) == count


@pytest.mark.parametrize(("limit", "count"), [("1", 50), ("1001", 1000)])
def test_limit_is_held_between_50_and_1000_in_a_conversation_too(full_log: Caller, limit: str, count: int) -> None:
    question = f"account_number={MINE}&customer_number={HANDSET}&limit={limit}"
    assert len(full_log.get(f"/ws/sms/conversation.json?{question}", described=count < 1000).rows) == count


def test_pages_follow_one_another(full_log: Caller) -> None:
    """Offset and limit cut the log into pages that hold every message once, newest first."""
    targets = [f"/ws/sms/messages.json?limit=500&offset={offset}" for offset in (0, 500, 1000, 1500)]
    pages = [full_log.get(target, described=False).rows for target in targets]
    assert [len(page) for page in pages] == [500, 500, 1, 0]
    bodies = [row["body"] for page in pages for row in page]
    assert bodies == [f"{number:0160d}" for number in reversed(range(1001))]


def test_a_conversation_is_oldest_first_unless_asked_otherwise(full_log: Caller) -> None:
    question = f"/ws/sms/conversation.json?account_number={MINE}&customer_number={HANDSET}&limit=50"
    assert full_log.get(question).rows[0]["body"] == f"{0:0160d}"
    assert full_log.get(question + "&sort=desc").rows[0]["body"] == f"{1000:0160d}"


@pytest.fixture(scope="module")
def full_log() -> Iterator[Caller]:
    """A log of 1001 messages between one number and one handset. Only read it."""
    house = House()
    caller = Caller(house)
    caller.queue({**FIELDS, "body": "".join(f"{number:0160d}" for number in range(1001))}, described=False)
    yield caller
    caller.close()
    house.close()


@pytest.mark.parametrize("format_", ["json", "xml"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_body_that_is_announced_too_large_is_not_read(onlooker: Caller, service: str, format_: str) -> None:
    """413 in the envelope, before the body has come."""
    chunks = _counted(10)
    heard = onlooker.call(
        METHODS[service], f"/ws/sms/{service}.{format_}", headers=[("Content-Length", str(LIMIT + 1))], chunks=chunks
    )
    assert (heard.status, heard.error) == (413, "Request too large")
    assert len(list(chunks)) >= 8


def test_a_streamed_body_is_read_no_further_than_the_limit(caller: Caller) -> None:
    chunks = _counted(100)
    heard = caller.post("/ws/sms/queue.json", headers=[FORM, ("Transfer-Encoding", "chunked")], chunks=chunks)
    assert (heard.status, heard.error) == (413, "Request too large")
    assert len(list(chunks)) > 80


def test_a_body_of_exactly_the_limit_is_taken(caller: Caller) -> None:
    fields = f"to={HANDSET}&from={MINE}&body=Hello&x=".encode()
    body = fields + b"a" * (LIMIT - len(fields))
    assert caller.post("/ws/sms/queue.json", headers=[FORM], body=body).status == 200
    assert caller.post("/ws/sms/queue.json", headers=[FORM], body=body + b"a").status == 413


def test_a_streamed_body_is_put_together(caller: Caller) -> None:
    pieces = iter([b"to=", HANDSET.encode(), b"&from=", MINE.encode(), b"&bo", b"dy=Hel", b"lo"])
    heard = caller.post("/ws/sms/queue.json", headers=[FORM, ("Transfer-Encoding", "chunked")], chunks=pieces)
    assert heard.rows[0]["body"] == "Hello"


def test_multipart_is_read_as_a_form(caller: Caller) -> None:
    """Plum's own sample sends its fields as multipart."""
    parts = "".join(
        f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in FIELDS.items()
    )
    heard = caller.post(
        "/ws/sms/queue.json",
        headers=[("Content-Type", "multipart/form-data; boundary=line")],
        body=(parts + "--line--\r\n").encode(),
    )
    assert heard.rows[0]["body"] == "Hello"
    assert heard.rows[0]["result_url"] == FIELDS["result_url"]


@pytest.mark.parametrize("format_", ["json", "xml"])
@pytest.mark.parametrize("service", SERVICES)
def test_storage_that_fails_is_500_in_the_envelope(house: House, caller: Caller, service: str, format_: str) -> None:
    """Nothing is half done, and once storage is back, so are the services."""
    body = f"to={HANDSET}&from={MINE}&body=Hello".encode()
    target = f"/ws/sms/{service}.{format_}?account_number={MINE}&customer_number={HANDSET}&sms_message_id={'0' * 32}"
    _storage_fails(house, True)
    failed = caller.call(METHODS[service], target, headers=[FORM], body=body)
    _storage_fails(house, False)
    assert (failed.status, failed.error) == (500, "Error sending sms request")
    assert caller.get("/ws/sms/messages.json").rows == []
    assert caller.call(METHODS[service], target, headers=[FORM], body=body).status == 200


def test_a_demo_account_has_every_service() -> None:
    """It has no log pages at Plum, but its services work."""
    seed = Seed(username="demo", password="demo", demo=True, numbers=(Number(number="13125550100"),))
    with House(seeds=[seed]) as house:
        caller = Caller(house)
        row = caller.queue({**FIELDS, "from": "3125550100"}, login="demo:demo").rows[0]
        logged = {**row, "to": HANDSET, "from": "13125550100", "type": "outbound"}
        for question in (
            f"status/{row['sms_message_id']}.json",
            "messages.json",
            f"conversation.json?account_number=13125550100&customer_number={HANDSET}",
        ):
            assert caller.get(f"/ws/sms/{question}", login="demo:demo").rows == [logged]
        caller.close()


def test_answers_carry_the_accounts_time(house: House, caller: Caller) -> None:
    house.advance(3_600_000)
    assert caller.get("/ws/sms/messages.json").header("Date") == "Tue, 14 Nov 2023 23:13:20 GMT"


def _counted(megabytes_tenths: int) -> Iterator[bytes]:
    """Pieces of a tenth of the limit."""
    for _ in range(megabytes_tenths):
        yield b"a" * (LIMIT // 10)


def _storage_fails(house: House, fails: bool) -> None:
    """Let SQLite interrupt every statement."""
    connection = house.store.database.db.conn
    assert connection is not None
    connection.set_progress_handler((lambda: 1) if fails else None, 1)
