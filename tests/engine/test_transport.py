"""The only way out, over real sockets to receivers in the same loop."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from helpers.loops import in_loop
from helpers.raw_receiver import OK, RawReceiver, answering, answering_after, answering_then_closing
from plum_emulator import __version__
from plum_emulator.engine.egress import Egress
from plum_emulator.engine.transport import CurlTransport
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.settings import ANSWER_BODY_LIMIT
from plum_emulator.wire.posts import status_callback

STRANGER = "{} is not on this machine or a private network; allow it with --egress {}"
NEVER = "{} is a link-local address, which is never connected to"


@asynccontextmanager
async def a_transport(*allowed: str, at_once: int = 512, at_once_per_url: int = 128) -> AsyncIterator[CurlTransport]:
    loop = asyncio.get_running_loop()
    transport = CurlTransport(loop, Egress(allowed), at_once=at_once, at_once_per_url=at_once_per_url)
    try:
        yield transport
    finally:
        transport.close()


def request_to(url: str, *, timeout: float = 5.0, body: bytes = b"a=1") -> OutgoingRequest:
    return OutgoingRequest(url=url, body=body, headers=(("Content-Type", "text/plain"),), timeout=timeout)


def sent(transport: CurlTransport, request: OutgoingRequest) -> asyncio.Future[Outcome]:
    """What will come of it."""
    outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    transport.send(request, outcome.set_result)
    return outcome


def told(outcome: Outcome) -> tuple[int | None, bytes, str]:
    """An outcome without what differs from run to run."""
    return outcome.status, outcome.body, outcome.error


def body_of(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length


def line_of(request: bytes) -> str:
    return request.split(b"\r\n")[0].decode("latin-1")


@in_loop
async def test_callback_goes_out_with_exactly_these_bytes() -> None:
    """A result URL gets a form-encoded POST of id and status (clause 6)."""
    async with RawReceiver() as receiver, a_transport() as transport:
        url = f"{receiver.address}/results?of=today"
        await sent(transport, status_callback(url=url, sms_message_id="0" * 32, status="sent", timeout=5))
        head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
    assert (lines[0], sorted(lines[1:]), body) == (
        "POST /results?of=today HTTP/1.1",
        [
            "Accept: */*",
            f"Content-Length: {len(body)}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Host: 127.0.0.1:{receiver.port}",
            f"User-Agent: plum-emulator/{__version__}",
        ],
        b"sms_message_id=00000000000000000000000000000000&status=sent",
    )


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a/../b/./c", "/a/../b/./c"),
        ("/a%2Fb%2f%20", "/a%2Fb%2f%20"),
        ("/a;x=1;y", "/a;x=1;y"),
        ("/?a=b=c&d&&e=", "/?a=b=c&d&&e="),
        ("/?next=http://other.test/?x=1", "/?next=http://other.test/?x=1"),
        ("//two//slashes", "//two//slashes"),
        ("/{a,b}[1-3]", "/{a,b}[1-3]"),
        ("/+%2B?%", "/+%2B?%"),
        ("/end?", "/end?"),
        ("/a?b#c?d/e", "/a?b"),
        ("/page#part", "/page"),
        ("#part", "/"),
        ("?only=query", "/?only=query"),
        ("", "/"),
    ],
    ids=lambda text: text or "empty",
)
@in_loop
async def test_path_and_query_are_kept_untouched(path: str, target: str) -> None:
    async with RawReceiver() as receiver, a_transport() as transport:
        await sent(transport, request_to(receiver.address + path))
        assert line_of(receiver.requests[0]) == f"POST {target} HTTP/1.1"


@in_loop
async def test_url_with_raw_letters_of_other_scripts_is_reached() -> None:
    """One known client posts its result URL unescaped."""
    async with RawReceiver() as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(f"{receiver.address}/é?name=é"))
        assert (outcome.ok, receiver.requests[0].split(b" ")[1]) == (True, "/é?name=é".encode())


@in_loop
async def test_login_in_the_url_becomes_basic_authorization() -> None:
    async with RawReceiver() as receiver, a_transport() as transport:
        await sent(transport, request_to(receiver.address.replace("//", "//user:word@")))
        assert b"\r\nAuthorization: Basic dXNlcjp3b3Jk\r\n" in receiver.requests[0]


@in_loop
async def test_answer_comes_back_with_status_headers_and_body() -> None:
    answer = b"HTTP/1.1 201 Made\r\nX-Name: \xe9\r\nX-Twice: 1\r\nX-Twice: 2\r\nContent-Length: 3\r\n\r\n\xff\x00!"
    async with RawReceiver(answering(answer)) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address))
    assert outcome == Outcome(
        status=201,
        headers=(("X-Name", "é"), ("X-Twice", "1"), ("X-Twice", "2"), ("Content-Length", "3")),
        body=b"\xff\x00!",
        duration_ms=outcome.duration_ms,
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@in_loop
async def test_redirect_is_not_followed(status: int) -> None:
    async with RawReceiver() as elsewhere:
        answer = f"HTTP/1.1 {status} Over there\r\nLocation: {elsewhere.address}/\r\nContent-Length: 0\r\n\r\n"
        async with RawReceiver(answering(answer.encode())) as receiver, a_transport() as transport:
            outcome = await sent(transport, request_to(receiver.address))
        assert (outcome.status, outcome.ok, elsewhere.requests) == (status, False, [])


@in_loop
async def test_interim_answer_is_not_the_answer() -> None:
    answer = b"HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with RawReceiver(answering(answer)) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address))
    assert (outcome.status, outcome.headers, outcome.body) == (200, (("Content-Length", "2"),), b"ok")


@in_loop
async def test_large_request_body_goes_out_whole_and_without_waiting_for_leave() -> None:
    body = b"x" * 1_000_000
    async with RawReceiver() as receiver, a_transport() as transport:
        assert told(await sent(transport, request_to(receiver.address, body=body))) == (200, b"", "")
        assert receiver.requests[0].endswith(b"\r\n\r\n" + body)
        assert b"Expect" not in receiver.requests[0][:500]


@in_loop
async def test_answer_of_the_largest_size_is_taken() -> None:
    async with RawReceiver(answering(body_of(ANSWER_BODY_LIMIT))) as receiver, a_transport() as transport:
        assert told(await sent(transport, request_to(receiver.address))) == (200, b"x" * ANSWER_BODY_LIMIT, "")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 17


@pytest.mark.parametrize("answer", [body_of(ANSWER_BODY_LIMIT + 1), CHUNKED], ids=["with a length", "in chunks"])
@in_loop
async def test_larger_answer_is_given_up(answer: bytes) -> None:
    async with RawReceiver(answering(answer)) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address))
    assert (outcome.ok, outcome.error) == (False, "the answer is larger than 1048576 bytes")
    assert len(outcome.body) <= ANSWER_BODY_LIMIT


@in_loop
async def test_receiver_that_says_nothing_is_given_up_after_the_timeout() -> None:
    async with RawReceiver(answering_after(asyncio.Event())) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address, timeout=0.1))
    assert told(outcome) == (None, b"", "no answer within 0.1 s")
    assert 90 < outcome.duration_ms < 2000


@in_loop
async def test_answer_that_does_not_end_is_given_up_after_the_timeout() -> None:
    half = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    async with RawReceiver(half) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address, timeout=0.1))
    assert told(outcome) == (200, b"half", "no answer within 0.1 s")
    assert not outcome.ok


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "Empty reply from server"),
        (b"what is this", "Received HTTP/0.9 when not allowed"),
        (b"\xff\xfe\x00\r\n\r\n", "Received HTTP/0.9 when not allowed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \xff\r\n\r\n", "Invalid Content-Length: value"),
        (b"HTTP/1.1 200 OK\r\n\xff\xff\r\n\r\n", "Header without colon"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "end of response with 5 bytes missing"),
    ],
    ids=["nothing", "text", "bytes", "length", "header", "half"],
)
@in_loop
async def test_answer_that_is_not_http_is_an_error_in_words(answer: bytes, error: str) -> None:
    async with RawReceiver(answering_then_closing(answer)) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address))
        assert (outcome.ok, outcome.error) == (False, error)
        assert outcome.error.encode()  # it can be stored


@in_loop
async def test_reset_connection_is_an_error_in_words() -> None:
    async def reset(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with RawReceiver(reset) as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(receiver.address))
    assert (outcome.status, outcome.ok) == (None, False)
    assert "reset" in outcome.error


@in_loop
async def test_refused_connection_is_an_error_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with a_transport() as transport:
        outcome = await sent(transport, request_to(f"http://127.0.0.1:{port}/"))
    assert (outcome.status, outcome.ok) == (None, False)
    assert f"127.0.0.1:{port}" in outcome.error
    assert "connect" in outcome.error


@pytest.mark.parametrize("host", [f"{'a' * 64}.invalid", f"{'ü' * 64}.invalid"], ids=["ascii", "umlauts"])
@in_loop
async def test_unknown_host_is_an_error_in_words(host: str) -> None:
    async with a_transport() as transport:
        outcome = await sent(transport, request_to(f"http://{host}/"))
    assert (outcome.status, outcome.ok) == (None, False)
    assert host in outcome.error


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "file:///etc/hostname", "http://", "http://exa mple/", "", "//x", "http://127.0.0.1:99999/"],
)
@in_loop
async def test_what_is_no_http_url_is_an_error_and_opens_nothing(url: str) -> None:
    async with a_transport("any") as transport:
        outcome = await sent(transport, request_to(url))
    assert (outcome.status, outcome.body, outcome.ok) == (None, b"", False)
    assert outcome.error


@pytest.mark.parametrize(
    ("url", "allowed", "reason"),
    [
        (
            "http://93.184.216.34/",
            (),
            STRANGER.format("93.184.216.34", "93.184.216.34"),
        ),
        (
            "http://[::ffff:93.184.216.34]:8000/",
            (),
            STRANGER.format("::ffff:93.184.216.34", "::ffff:93.184.216.34"),
        ),
        (
            "http://1572395042/",
            (),
            STRANGER.format("93.184.216.34", "1572395042"),
        ),
        (
            "https://93.184.216.34/",
            ("hooks.test",),
            STRANGER.format("93.184.216.34", "93.184.216.34"),
        ),
        ("http://169.254.169.254/", ("any",), NEVER.format("169.254.169.254")),
        ("http://[fe80::1]/", ("any",), NEVER.format("fe80::1")),
        ("http://0xa9fea9fe/", ("any",), NEVER.format("169.254.169.254")),
    ],
    ids=["address", "mapped", "as a number", "https", "link-local", "link-local 6", "link-local as a number"],
)
@in_loop
async def test_request_to_a_stranger_is_refused_before_a_socket_is_opened(
    url: str, allowed: tuple[str, ...], reason: str
) -> None:
    async with a_transport(*allowed) as transport:
        outcome = await sent(transport, request_to(url, timeout=2))
    assert told(outcome) == (None, b"", f"refused: {reason}")


@in_loop
async def test_name_is_judged_by_the_address_that_it_resolves_to() -> None:
    async with RawReceiver() as receiver, a_transport() as transport:
        outcome = await sent(transport, request_to(f"http://localhost:{receiver.port}/"))
    assert told(outcome) == (200, b"", "")


@in_loop
async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is for this machine must not leave it by way of a proxy."""
    async with RawReceiver() as proxy, RawReceiver() as receiver, a_transport() as transport:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        await sent(transport, request_to(f"{receiver.address}/direct"))
        assert (proxy.requests, line_of(receiver.requests[0])) == ([], "POST /direct HTTP/1.1")


@in_loop
async def test_connection_is_used_again() -> None:
    async with RawReceiver() as receiver, a_transport() as transport:
        for _ in range(3):
            await sent(transport, request_to(receiver.address))
        assert (len(receiver.requests), receiver.connections) == (3, 1)


@in_loop
async def test_connection_that_was_hung_up_meanwhile_is_made_anew() -> None:
    async with RawReceiver(answering_then_closing(OK)) as receiver, a_transport() as transport:
        outcomes = [await sent(transport, request_to(receiver.address)) for _ in range(3)]
        assert [outcome.ok for outcome in outcomes] == [True] * 3
        assert (len(receiver.requests), receiver.connections) == (3, 3)


@in_loop
async def test_done_is_told_once_and_never_before_send_has_returned() -> None:
    async with RawReceiver() as receiver, a_transport() as transport:
        outcomes: list[Outcome] = []
        enough = asyncio.Event()

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            enough.set()

        transport.send(request_to("http://"), done)
        assert outcomes == []
        await enough.wait()
        await sent(transport, request_to(receiver.address))
        assert len(outcomes) == 1


@in_loop
async def test_other_threads_may_send() -> None:
    async with RawReceiver() as receiver, a_transport() as transport:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        await asyncio.to_thread(transport.send, request_to(receiver.address), outcome.set_result)
        assert (await outcome).ok


@in_loop
async def test_requests_over_the_limit_of_one_url_wait_and_all_go_through_in_order() -> None:
    gate = asyncio.Event()
    async with RawReceiver(answering_after(gate)) as receiver, a_transport(at_once_per_url=2) as transport:
        outcomes = [sent(transport, request_to(receiver.address, body=b"%d" % n)) for n in range(7)]
        await receiver.came(2)
        gate.set()
        assert [(await outcome).ok for outcome in outcomes] == [True] * 7
        assert sorted(request[-1:] for request in receiver.requests[:2]) == [b"0", b"1"]
        assert len(receiver.requests) == 7
        assert receiver.connections == 2


@in_loop
async def test_url_that_does_not_answer_holds_back_no_other() -> None:
    """A slow or dead result URL delays no other message, not even on the same server."""
    gate = asyncio.Event()

    async def slow_for_some(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/dead" in request:
            await gate.wait()
        writer.write(OK)

    async with RawReceiver(slow_for_some) as receiver, a_transport(at_once_per_url=4) as transport:
        dead = [sent(transport, request_to(f"{receiver.address}/dead?n={n}")) for n in range(20)]
        await receiver.came(4)
        assert (await sent(transport, request_to(f"{receiver.address}/alive"))).ok
        assert not any(outcome.done() for outcome in dead)
        gate.set()
        assert all([(await outcome).ok for outcome in dead])


@in_loop
async def test_many_urls_that_do_not_answer_hold_back_no_other() -> None:
    gate = asyncio.Event()

    async def slow_for_some(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/dead" in request:
            await gate.wait()
        writer.write(OK)

    async with RawReceiver(slow_for_some) as receiver, a_transport(at_once=4, at_once_per_url=2) as transport:
        dead = [sent(transport, request_to(f"{receiver.address}/dead/{n % 5}")) for n in range(20)]
        await receiver.came(5)
        assert (await sent(transport, request_to(f"{receiver.address}/alive"))).ok
        assert not any(outcome.done() for outcome in dead)
        gate.set()
        assert all([(await outcome).ok for outcome in dead])


@in_loop
async def test_close_drops_what_is_under_way_and_tells_nobody() -> None:
    outcomes: list[Outcome] = []
    async with RawReceiver(answering_after(asyncio.Event())) as receiver:
        async with a_transport(at_once_per_url=2) as transport:
            for _ in range(5):
                transport.send(request_to(receiver.address), outcomes.append)
            await receiver.came(2)
        transport.send(request_to(receiver.address), outcomes.append)
        for _ in range(5):
            await asyncio.sleep(0)
    assert (outcomes, len(receiver.requests)) == ([], 2)
