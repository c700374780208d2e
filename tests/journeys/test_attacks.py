"""What no decent client does: each is answered in words or dropped, and the emulator goes on as if nothing was."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from helpers.envelopes import resources_of
from helpers.programs import HANDSET, NUMBER, QUICK, Emulator, emulator
from helpers.raw import FORM, LOGIN, Got, ask, connected, queue_request
from helpers.receivers import Receiver
from helpers.watching import watching

pytestmark = pytest.mark.journey
FIELDS = f"to={HANDSET}&from={NUMBER}&body=".encode()
HOST = "Host: localhost"
TOO_LARGE = {"status": "failure", "error": "Request too large"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all; it may say what it was sent, and is there to the end."""
    with emulator(*QUICK, may_complain=True) as running:
        yield running
        assert running.process.poll() is None
        assert "Traceback" not in running.complaints()


@pytest.fixture(autouse=True)
def unharmed(shared: Emulator) -> Iterator[None]:
    """After each attack a message is taken as before."""
    yield
    assert resources_of(ask(shared.url, queue_request(FIELDS + b"Still%20here")).body)[0]["body"] == "Still here"


def get(target: bytes, *headers: str, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """A request without a body."""
    return method + b" " + target + b" " + version + b"\r\n" + "\r\n".join((*headers, "", "")).encode()


def bodies(shared: Emulator) -> list[str]:
    """The text of every message so far."""
    return [message["body"] for message in shared.client().messages()]


def in_json(got: Got) -> Any:
    """The value in an answer."""
    return json.loads(got.body)


def test_an_unescaped_string_over_a_raw_socket_is_read_as_php_reads_it(shared: Emulator, results: Receiver) -> None:
    """Raw blanks, raw UTF-8 and a raw `://`; what stands behind a raw `&` is another field, and unknown."""
    body = "Hello there, 50% off \N{EN DASH} naïve & co? see http://x.y/z"
    form = f"to={HANDSET}&from={NUMBER}&body={body}&result_url={results.url}/r?a=1&unknown=1"
    [message] = resources_of(ask(shared.url, queue_request(form.encode())).body)
    assert message["body"] == "Hello there, 50% off \N{EN DASH} naïve "
    assert message["result_url"] == f"{results.url}/r?a=1"
    assert {hit.path for hit in results.wait_for(2)} == {"/r?a=1"}


@pytest.mark.parametrize("base", ["//", "///", "/%2F", "/%2f%2F"])
def test_a_slash_too_many_in_the_base_url_is_none(shared: Emulator, base: str) -> None:
    """`https://host/` and `/ws/sms/queue.json` put together, as some do."""
    request = queue_request(FIELDS + b"Slashes", target=f"{base}ws/sms/queue.json")
    assert resources_of(ask(shared.url, request).body)[0]["body"] == "Slashes"
    assert shared.client().messages()[0]["body"] == "Slashes"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"a: " + b"b" * 20 + b"\r\n", id="many headers"),
        pytest.param(b"", id="one header without end"),
    ],
)
def test_a_head_without_end_is_refused_soon(shared: Emulator, head: bytes) -> None:
    """No request waits for it meanwhile; the parser alone would take minutes."""
    begin = b"GET /ws/sms/status.json HTTP/1.1\r\nHost: localhost\r\n" + (b"" if head else b"a: ")
    with connected(shared.url) as wire, pytest.raises((ConnectionResetError, BrokenPipeError)):
        wire.send(begin + (head or b"b" * 20) * 2_000_000)
    with connected(shared.url) as wire:
        wire.send(get(b"/_plum/health", HOST))
        assert wire.answer().status == 200


@pytest.mark.parametrize("cut", [1, 3, 4, 60])
def test_a_head_that_comes_in_two_pieces_is_whole(shared: Emulator, cut: int) -> None:
    """Its end may come together with a long body."""
    request = queue_request(FIELDS + b"x" * 150 + b"&more=" + b"y" * 100_000)
    end = request.index(b"\r\n\r\n") + 4 - cut
    with connected(shared.url) as wire:
        wire.send(request[:end])
        assert ask(shared.url, get(b"/_plum/health", HOST)).status == 200
        wire.send(request[end:])
        assert resources_of(wire.answer(method="POST").body)[0]["body"] == "x" * 150


@pytest.mark.parametrize("piece", [b"a: bbbbbb\r\n" * 1000, b"b" * 10_000], ids=["many", "one without end"])
def test_headers_after_a_body_have_the_same_limit(shared: Emulator, piece: bytes) -> None:
    begin = b"POST /ws/sms/queue.json HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: "
    with connected(shared.url) as wire, pytest.raises((ConnectionResetError, BrokenPipeError)):
        wire.send(begin + piece * 5000)


def test_a_head_that_is_too_long_takes_no_answers_place(shared: Emulator) -> None:
    """The first request of the connection is still waiting for its own."""
    shared.client().script_sink("late", delay=0.3)
    with connected(shared.url) as wire:
        wire.send(get(b"/_plum/sink/late", HOST))
        wire.send(get(b"/", HOST, "a: " + "b" * 70_000))
        assert wire.is_closed()


def test_a_head_that_is_too_long_is_told_so(shared: Emulator) -> None:
    for request in (
        get(b"/ws/sms/status.json", HOST, "a: " + "b" * 70_000),
        get(b"/?" + b"q" * 70_000, HOST),
        get(b"/", HOST, *[f"X-{place}: {place}" for place in range(10_000)]),
    ):
        got = ask(shared.url, request)
        assert (got.status, got.body) == (431, b"the head of a request has at most 64 KiB\n")
    assert ask(shared.url, get(b"/_plum/health", HOST, "a: " + "b" * 60_000)).status == 200


@pytest.mark.parametrize(
    "path", ["/_plum/reset?account=username", "//_plum/reset?account=username", "/%5fplum/reset?account=username",
             "/console/clock/reset?account=username", "/_plum/accounts/lease"]
)  # fmt: skip
def test_a_result_url_is_no_way_into_the_emulator(shared: Emulator, path: str) -> None:
    """The emulator's own request comes from this machine, and asks for what somebody else has written."""
    client = shared.client()
    queued = client.queue(to=HANDSET, from_=NUMBER, body="Stays", result_url=f"{shared.url}{path}")[0]
    with watching(client) as watch:
        watch.status(queued["sms_message_id"], "received")
    told = [each["outcome"] for each in client.story(queued["sms_message_id"])["exchanges"] if each["attempt"]]
    refusal = "refused: the emulator asks itself for nothing but its sinks, its demo application and Plum's services"
    assert told == [refusal, refusal]
    assert "Stays" in bodies(shared)


def test_a_body_that_is_too_large_is_refused_once_it_was_sent(shared: Emulator) -> None:
    """A client that sends all of 20 MiB before it reads gets its answer, and may go on on the same connection."""
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=15)
    name, _, login = LOGIN.partition(": ")
    for _ in range(2):
        connection.request("POST", "/ws/sms/queue.json", FIELDS + b"x" * 20 * 1024 * 1024, {name: login})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())) == (413, TOO_LARGE)
    connection.close()


def test_a_chunked_body_that_is_too_large_is_refused(shared: Emulator) -> None:
    """Without a length it is counted as it comes."""
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=15)
    name, _, login = LOGIN.partition(": ")
    connection.request("POST", "/ws/sms/queue.json", (b"x" * 65536 for _ in range(32)), {name: login})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())) == (413, TOO_LARGE)
    connection.close()


def test_a_chunked_body_is_taken(shared: Emulator) -> None:
    """A body may come in pieces, and the pieces may cut through a character."""
    form = FIELDS + "naïve".encode()
    chunks = b"".join(b"1\r\n" + form[place : place + 1] + b"\r\n" for place in range(len(form))) + b"0\r\n\r\n"
    [message] = resources_of(ask(shared.url, queue_request(chunks, "Transfer-Encoding: chunked")).body)
    assert message["body"] == "naïve"


def test_the_control_surface_refuses_what_is_too_large_with_a_hint(shared: Emulator) -> None:
    """The same bound, in its own words."""
    body = b'{"body": "' + b"x" * 2 * 1024 * 1024
    got = ask(shared.url, get(b"/_plum/inbound", HOST, f"Content-Length: {len(body)}", method=b"POST") + body)
    assert (got.status, in_json(got)) == (
        400,
        {"error": "the request body is too large", "hint": "at most 1 MiB is taken"},
    )


def test_a_client_that_goes_in_the_middle_of_its_request_has_asked_for_nothing(shared: Emulator) -> None:
    """A Content-Length that promises more than comes: half a text is never sent to anybody."""
    for form in (FIELDS + b"Half%20a%20te", b"to=16175550123&from="):
        with connected(shared.url) as wire:
            wire.send(queue_request(form, "Content-Length: 200"))
    with connected(shared.url) as wire:
        wire.send(queue_request(b"20\r\n" + FIELDS[:32], "Transfer-Encoding: chunked"))
    shared.client().ready()
    assert [body for body in bodies(shared) if body.startswith("Half")] == []


def test_a_length_that_promises_less_than_comes_is_refused(shared: Emulator) -> None:
    """What comes behind the promised length is no request, and the connection is closed."""
    with connected(shared.url) as wire:
        wire.send(queue_request(FIELDS + b"Long", f"Content-Length: {len(FIELDS) + 2}"))
        assert wire.answer().status == 400
        assert wire.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"garbage\r\n\r\n", id="garbage"),
        pytest.param(bytes(range(256)) * 10, id="all bytes"),
        pytest.param(b"\0" * 5000, id="null bytes"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="a TLS hello"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="a version that is not there"),
        pytest.param(b"BREW /ws/sms/queue.json HTTP/1.1\r\n\r\n", id="a method that is not there"),
        pytest.param(b"GET /na\xc3\xafve HTTP/1.1\r\nHost: localhost\r\n\r\n", id="raw UTF-8 in the path"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", id="two lengths"
        ),
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(shared: Emulator, data: bytes) -> None:
    """400, and nothing more is read."""
    with connected(shared.url) as wire:
        wire.send(data)
        assert wire.answer().status == 400
        assert wire.is_closed()


def test_huge_headers_are_carried_and_kept(shared: Emulator) -> None:
    """Sixty thousand bytes in one header, and a thousand headers."""
    for headers in (["X-Huge: " + "h" * 60_000], [f"X-{place}: {place}" for place in range(1000)]):
        assert ask(shared.url, get(b"/ws/sms/messages.json", HOST, LOGIN, *headers)).status == 200


def test_a_query_of_many_fields_is_read_up_to_a_thousand(shared: Emulator) -> None:
    """As PHP does it: what comes later is not there."""
    query = b"&".join(b"f%d=1" % place for place in range(1000)) + b"&sms_message_id=1"
    got = ask(shared.url, get(b"/ws/sms/status.json?" + query, HOST, LOGIN))
    assert in_json(got) == {"status": "failure", "error": "Invalid 'sms_message_id'"}


def test_clients_that_stop_in_the_middle_stop_nobody_else(shared: Emulator) -> None:
    """Two hundred half requests are open, of all kinds; a whole one is answered."""
    halves = (
        b"",
        b"POST /ws/sms/que",
        queue_request(FIELDS, "Content-Length: 500"),
        get(b"/_plum/inbound", HOST, "Content-Length: 5", method=b"POST"),
        queue_request(b"5\r\nto", "Transfer-Encoding: chunked"),
    )
    with ExitStack() as stack:
        for place in range(200):
            stack.enter_context(connected(shared.url)).send(halves[place % len(halves)])
        assert resources_of(ask(shared.url, queue_request(FIELDS + b"Whole")).body)[0]["body"] == "Whole"
        assert ask(shared.url, get(b"/_plum/health", HOST)).status == 200


def test_two_hundred_connections_at_once_are_all_answered(shared: Emulator) -> None:
    """Each sends and reads by itself; every message is there afterwards."""
    gate = threading.Barrier(200)
    answers: list[str] = []

    def one(place: int) -> None:
        with connected(shared.url) as wire:
            gate.wait(15)
            wire.send(queue_request(FIELDS + b"Crowd%d" % place))
            answers.append(resources_of(wire.answer().body)[0]["body"])

    threads = [threading.Thread(target=one, args=(place,)) for place in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crowd = sorted(f"Crowd{place}" for place in range(200))
    assert sorted(answers) == crowd
    assert sorted(body for body in bodies(shared) if body.startswith("Crowd")) == crowd


def test_requests_in_a_pipeline_are_answered_in_their_order(shared: Emulator) -> None:
    """Those that are answered at once, and those that take a thread."""
    with connected(shared.url) as wire:
        wire.send(
            queue_request(FIELDS + b"First")
            + get(b"/_plum/health", HOST)
            + get(b"/ws/sms/nothing.json", HOST)
            + queue_request(FIELDS + b"Last", "Connection: close")
        )
        answers = [wire.answer() for _ in range(4)]
        assert wire.is_closed()
    assert [answer.status for answer in answers] == [200, 200, 404, 200]
    assert [resources_of(answer.body)[0]["body"] for answer in (answers[0], answers[3])] == ["First", "Last"]


def test_http_1_0_is_answered_and_the_connection_closed(shared: Emulator) -> None:
    """Without a Host, as such a client sends it."""
    with connected(shared.url) as wire:
        wire.send(get(b"/ws/sms/messages.json", LOGIN, version=b"HTTP/1.0"))
        got = wire.answer()
        assert wire.is_closed()
    assert (got.status, in_json(got)["status"]) == (200, "success")


def test_head_has_the_headers_of_get_and_no_body(shared: Emulator) -> None:
    """On a connection that is kept, nothing of a body comes behind it."""
    with connected(shared.url) as wire:
        wire.send(get(b"/ws/sms/nothing.xml", HOST) + get(b"/ws/sms/nothing.xml", HOST, method=b"HEAD"))
        whole, head = wire.answer(), wire.answer(method="HEAD")
        wire.send(get(b"/_plum/health", HOST))
        assert wire.answer().status == 200
    assert (head.status, head.body) == (404, b"")
    assert head.headers["content-length"] == str(len(whole.body))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "GET"])
def test_another_method_is_refused_in_the_envelope(shared: Emulator, method: str) -> None:
    """405, and which one is taken."""
    got = ask(shared.url, get(b"/ws/sms/queue.json", HOST, LOGIN, method=method.encode()))
    assert (got.status, got.headers["allow"], in_json(got)) == (
        405,
        "POST",
        {"status": "failure", "error": "Method not allowed"},
    )


def test_an_offer_of_another_protocol_is_not_heard(shared: Emulator) -> None:
    """Java's client offers HTTP/2 with its POST; the body is read all the same, and the connection kept."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA")
    with connected(shared.url) as wire:
        for body in (b"First", b"Connection: upgrade"):
            wire.send(queue_request(FIELDS + body, *offer))
            assert resources_of(wire.answer().body)[0]["body"] == body.decode()


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_null_bytes_and_control_characters_in_a_text_harm_nothing(shared: Emulator, format_: str) -> None:
    """JSON carries them; XML has no way to, and shows the replacement character."""
    request = queue_request(FIELDS + b"a%00b%1b[31mc\x00d%0D%0Ae", target=f"/ws/sms/queue.{format_}")
    [message] = resources_of(ask(shared.url, request).body)
    lost = "\N{REPLACEMENT CHARACTER}"
    assert message["body"] == ("a\0b\x1b[31mc\0d\r\ne" if format_ == "json" else f"a{lost}b{lost}[31mc{lost}d\r\ne")


def test_null_bytes_elsewhere_are_refused_in_words(shared: Emulator) -> None:
    """In a number, an id, a search, a path, a login."""
    null_login = "Authorization: Basic dXNlcgBuYW1lOnAAdw=="
    asked = {
        queue_request(b"to=1617555%000123"): (200, "Invalid 'to' phone number"),
        get(b"/ws/sms/status.json?sms_message_id=%00", HOST, LOGIN): (200, "Invalid 'sms_message_id'"),
        get(b"/ws/sms/%00.json", HOST, LOGIN): (404, "Unknown service"),
        get(b"/ws/sms/queue.json", HOST, null_login): (401, "Unauthorized access to queue service"),
        get(b"/_plum/messages/%00", HOST): (404, "account 'username' has no message '\\x00'"),
        get(b"/_plum/messages?account=%00", HOST): (404, "there is no account '\\x00'"),
    }
    for request, (status, error) in asked.items():
        got = ask(shared.url, request)
        assert (got.status, in_json(got)["error"]) == (status, error)
    assert ask(shared.url, get(b"/_plum/messages?q=%00%22*", HOST)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "169.254.169.254", "evil.example:7586", "[", ""]
)
def test_the_control_surface_does_not_answer_to_a_foreign_host(shared: Emulator, host: str) -> None:
    """A page elsewhere may make its own name lead here; then the name gives it away."""
    for path in (b"/_plum/messages", b"/_plum/events"):
        got = ask(shared.url, get(path, f"Host: {host}"))
        assert got.status == 403
        assert "--allow-host" in in_json(got)["hint"]
    for path in (b"/", b"/console/live?region=latest", b"/console/connect"):
        page = ask(shared.url, get(path, f"Host: {host}"))
        assert page.status == 403
        assert b"--allow-host" in page.body
        assert b"password" not in page.body


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "["])
def test_a_page_of_another_site_can_change_nothing(shared: Emulator, origin: str) -> None:
    """A browser names the page that asks, and only the emulator's own may."""
    before = bodies(shared)
    for method, path in (("POST", "reset"), ("POST", "inbound"), ("PUT", f"numbers/{NUMBER}")):
        request = get(f"/_plum/{path}".encode(), HOST, f"Origin: {origin}", method=method.encode())
        assert ask(shared.url, request).status == 403
    assert bodies(shared) == before
    own = f"Origin: http://localhost:{shared.port}"
    assert ask(shared.url, get(b"/_plum/health", f"Host: localhost:{shared.port}", own)).status == 200


def test_a_host_that_was_allowed_is_answered() -> None:
    """`--allow-host`, for a container's name for example."""
    with emulator("--allow-host", "plum.test,other.test") as running:
        statuses = [ask(running.url, get(b"/_plum/health", f"Host: {name}")).status for name in ALLOWED]
    assert statuses == [200, 200, 200, 403]


ALLOWED = ("plum.test:7586", "other.test", "127.0.0.1", "third.test")


def test_a_listener_that_never_reads_harms_nobody(shared: Emulator) -> None:
    """Its events pile up to a bound, and it is let go."""
    with connected(shared.url) as wire, watching(shared.client()) as watch:
        wire.send(get(b"/_plum/events", HOST))
        client = shared.client()
        for _ in range(300):
            [message] = client.queue(to=HANDSET, from_=NUMBER, body="x" * 160)
        watch.status(message["sms_message_id"], "received")


def test_a_form_in_an_unknown_type_is_read_as_a_form(shared: Emulator) -> None:
    """PHP's own clients may leave the content type out, or wrong."""
    for header in ("Content-Type: text/plain", "Content-Type: application/octet-stream", f"{FORM}; charset=latin-1"):
        [message] = resources_of(ask(shared.url, queue_request(FIELDS + b"Hello", header)).body)
        assert message["body"] == "Hello"
