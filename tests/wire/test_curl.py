"""Any exchange as a line for a shell: what it says, and, in real shells with the real curl, what it does."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from helpers.exchanges import incoming, outgoing
from helpers.laws import examples
from helpers.loops import in_loop
from helpers.messages import any_text
from helpers.programs import HANDSET, NUMBER, QUICK, Emulator, emulator
from helpers.raw_receiver import RawReceiver
from helpers.tools import tool
from plum_emulator.model.exchanges import Exchange
from plum_emulator.wire.curl import curl_line, destination

BASE = "http://127.0.0.1:7586"
LOGIN = "username:password"
UNASKED = "-H User-Agent: -H Accept:"
FORM = "application/x-www-form-urlencoded"
LEFT_TO_CURL = {"host", "authorization", "connection", "content-length", "transfer-encoding"}
_TYPED = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip)
_PLAIN_TARGETS = st.from_regex(r"/[a-z0-9/?&=+]{0,30}", fullmatch=True)


def bare(**changes: object) -> Exchange:
    """A GET without any header; with these changes."""
    return incoming(**{"method": "GET", "url": "/x", "request_headers": (), "request_body": b"", **changes})


def line_of(exchange: Exchange) -> str:
    return curl_line(exchange, base=BASE, login=None)


def test_a_message_that_was_queued_is_queued_again_with_the_login() -> None:
    """The journal has no password: it is given; what belongs to the connection is left to curl."""
    assert curl_line(incoming(), base=BASE, login=LOGIN) == (
        "curl -u username:password -H 'user-agent: curl/8.5.0' -H 'accept: */*' "
        "-H 'content-type: application/x-www-form-urlencoded' "
        "--data-binary 'to=16175550123&from=12435678910&body=It%27s+5' http://127.0.0.1:7586/ws/sms/queue.json"
    )


def test_a_post_that_went_out_goes_to_the_same_url_without_a_login() -> None:
    """The login is the emulator's, and no receiver's business."""
    assert curl_line(outgoing(), base=BASE, login=LOGIN) == (
        "curl -H 'Content-Type: application/x-www-form-urlencoded' -H 'Accept: */*' -H 'User-Agent: plum-emulator/1.0' "
        "--data-binary 'sms_message_id=5f0c&status=sent' 'http://127.0.0.1:8000/results.php?id=1'"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param({}, f"curl {UNASKED} {BASE}/x", id="curl adds nothing that was not there"),
        pytest.param({"method": "HEAD"}, f"curl --head {UNASKED} {BASE}/x", id="HEAD"),
        pytest.param({"method": "DELETE"}, f"curl -X DELETE {UNASKED} {BASE}/x", id="another method"),
        pytest.param(
            {"method": "POST"}, f"curl {UNASKED} -H Content-Type: --data-binary '' {BASE}/x", id="POST of nothing"
        ),
        pytest.param(
            {"request_body": b"a=1"},
            f"curl -X GET {UNASKED} -H Content-Type: --data-binary a=1 {BASE}/x",
            id="GET with a body",
        ),
        pytest.param(
            {"request_headers": (("accept", "*/*"), ("user-agent", "it's"), ("x-blank", ""))},
            f"""curl -H 'accept: */*' -H 'user-agent: it'"'"'s' -H 'x-blank;' {BASE}/x""",
            id="quotes, and a header of nothing",
        ),
        pytest.param(
            {"request_headers": (("X-A", "a\r\nX-B: b"), ("X-C", "a\0"), ("@file", "a"), ("", "a"))},
            f"curl {UNASKED} {BASE}/x",
            id="what is no header",
        ),
        pytest.param(
            {"method": "POST", "request_body": b"@/etc/passwd"},
            f"printf %s @/etc/passwd | curl {UNASKED} -H Content-Type: --data-binary @- {BASE}/x",
            id="a body that curl would take for a file",
        ),
        pytest.param(
            {"method": "POST", "request_body": b"-%\0'\\\r\n\xff-7"},
            rf"printf '\055%%\000\047\134\r\n\377-7' | curl {UNASKED} -H Content-Type: --data-binary @- {BASE}/x",
            id="a body that cannot be typed",
        ),
        pytest.param(
            {"method": "POST", "request_body": "naïve 日本".encode()},
            f"curl {UNASKED} -H Content-Type: --data-binary 'naïve 日本' {BASE}/x",
            id="a body in UTF-8",
        ),
        pytest.param(
            {"method": "POST", "request_body": b"a" * 1025},
            f"curl {UNASKED} -H Content-Type: -H Expect: --data-binary {'a' * 1025} {BASE}/x",
            id="a body before which an older curl would ask",
        ),
        pytest.param(
            {"url": "/a/../b?x=%2B1"},
            f"curl {UNASKED} --request-target '/a/../b?x=%2B1' {BASE}/",
            id="dots that curl would undo",
        ),
        pytest.param(
            {"url": "/a/%2E%2E/b"},
            f"curl {UNASKED} --request-target /a/%2E%2E/b {BASE}/",
            id="dots that a newer curl would undo",
        ),
        pytest.param(
            {"url": "/caf\xe9"}, rf"""curl {UNASKED} --request-target "$(printf '/caf\351')" {BASE}/""", id="a raw byte"
        ),
        pytest.param(
            {"url": "http://host:1/é?[1-9]", "direction": "out"},
            f"curl {UNASKED} --request-target '/é?[1-9]' http://host:1/",
            id="what curl would count through",
        ),
        pytest.param(
            {"url": "https://[::1]?x#part", "direction": "out"},
            f"curl --http1.1 {UNASKED} --globoff 'https://[::1]/?x'",
            id="https, IPv6, no path",
        ),
    ],
)
def test_line_is_as_short_as_curl_allows(changes: dict[str, object], line: str) -> None:
    assert line_of(bare(**changes)) == line


def test_destination_of_what_came_in_is_below_the_base() -> None:
    assert destination(bare(url="/\xe9?a"), base="http://host:1/") == ("http://host:1", b"/\xe9?a")
    assert destination(bare(url="", direction="in"), base="http://host:1") == ("http://host:1", b"/")


@given(body=any_text.filter(str.isprintable), value=_TYPED, target=_PLAIN_TARGETS)
@examples(100)
def test_words_are_what_a_shell_makes_of_the_line(body: str, value: str, target: str) -> None:
    """What can be typed stands in the line as it is, quoted."""
    headers = (("content-type", FORM), ("accept", "x"), ("user-agent", value))
    exchange = bare(method="PUT", url=target, request_headers=headers, request_body=body.encode())
    line = line_of(exchange)
    if body.startswith("@"):
        assert shlex.split(line)[:4] == ["printf", "%s", body, "|"]
    else:
        where = [BASE + target] if "/." not in target else ["--request-target", target, f"{BASE}/"]
        agent = f"user-agent: {value}" if value else "user-agent;"
        typed = ["-H", f"content-type: {FORM}", "-H", "accept: x", "-H", agent, "--data-binary", body, *where]
        assert shlex.split(line) == ["curl", "-X", "PUT", *typed]


@given(body=st.binary(max_size=60), url=any_text, value=any_text, login=any_text)
@examples(100)
def test_it_is_one_line_that_can_be_pasted_whatever_came(body: bytes, url: str, value: str, login: str) -> None:
    exchange = incoming(url="/" + url, request_body=body, request_headers=(("x", value),))
    assert curl_line(exchange, base=BASE, login=login).isprintable()


def in_shell(shell: str, line: str) -> tuple[list[bytes], bytes]:
    """The words that a `curl` would get from this line, and what it could read."""
    script = """curl() { printf '%s\\0' "$#" "$@"; cat; }\n""" + line
    ran = subprocess.run(
        [tool(shell), "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=30
    )
    assert ran.stderr == b""
    count, _, rest = ran.stdout.partition(b"\0")
    *words, read = rest.split(b"\0", int(count))
    return words, read


_WIRE = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=30)


@pytest.mark.journey
@pytest.mark.parametrize("shell", ["dash", "bash"])
@given(body=st.binary(min_size=1, max_size=80), url=_WIRE, value=_WIRE.filter(str.strip))
@examples(60)
def test_shells_hand_curl_the_bytes_that_came(shell: str, body: bytes, url: str, value: str) -> None:
    """Whatever bytes are in target, header and body."""
    exchange = bare(method="POST", url="/" + url, request_headers=(("x", value),), request_body=body)
    words, read = in_shell(shell, line_of(exchange))
    target = ("/" + url).encode("latin-1")
    assert words[words.index(b"-H") + 1] == b"x: " + value.encode("latin-1")
    assert (read or words[words.index(b"--data-binary") + 1]) == body
    if b"--request-target" in words:
        assert words[-2:] == [target, f"{BASE}/".encode()]
    else:
        assert words[-1] == BASE.encode() + target


def kept(method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Exchange:
    """An exchange with this request."""
    return bare(method=method, url=target, request_headers=headers, request_body=body)


@pytest.mark.journey
@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(incoming(), id="form"),
        pytest.param(kept("GET", "/ws/sms/messages.json?limit=5&x=%2B1", ("accept", "text/xml")), id="query"),
        pytest.param(kept("GET", "/ws/sms/status.json/abc/../%e9%2f.?a=b c&d=[1-3]{x,y}#%zz"), id="hostile target"),
        pytest.param(kept("GET", "/ws/%2e%2E/a//b/?%41=%7e;'()*!$,@:"), id="escapes that need none"),
        pytest.param(kept("GET", "/caf\xe9?\xff=\xc3\xa9"), id="raw bytes in the target"),
        pytest.param(kept("HEAD", "/ws/sms/messages.xml", ("user-agent", "x")), id="HEAD"),
        pytest.param(kept("PUT", "/x", ("content-type", "text/plain"), body=b"a"), id="PUT"),
        pytest.param(kept("DELETE", "/x"), id="DELETE"),
        pytest.param(kept("POST", "/x"), id="POST of nothing"),
        pytest.param(kept("GET", "/x", ("content-type", FORM), body=b"a=1"), id="GET with a body"),
        pytest.param(kept("POST", "/x", ("content-type", FORM), body=b"@/etc/passwd"), id="a file's name"),
        pytest.param(kept("POST", "/x", ("x", "a"), body=bytes(range(256)) * 2), id="every byte"),
        pytest.param(kept("POST", "/x", body="naïve\r\n\t日本 \U0001f600\n".encode()), id="lines of UTF-8"),
        pytest.param(kept("POST", "/x", body=b"%s %d %% \\n '\"`$HOME $(ls) !! -n"), id="what shells care for"),
        pytest.param(kept("POST", "/x", body=b"x" * 300_000), id="too long for a word"),
        pytest.param(kept("POST", "/x", body=b"\xff" * 300_000), id="too long for a word, and no text"),
        pytest.param(
            kept("POST", "/x", ("x-twice", "1"), ("x-empty", ""), ("x-twice", "caf\xe9"), ("cookie", 'a=b; c="d\'"')),
            id="headers",
        ),
        pytest.param(
            kept("POST", "/x", ("transfer-encoding", "chunked"), ("connection", "close"), body=b"a"), id="hops"
        ),
        pytest.param(kept("GET", "/x", ("user-agent", "@x"), ("accept", "a;b"), ("X-Name", "a;")), id="semicolons"),
    ],
)
@pytest.mark.parametrize("shell", ["dash", "bash"])
@in_loop
async def test_pasted_into_a_shell_it_makes_the_same_request(exchange: Exchange, shell: str, tmp_path: Path) -> None:
    """Method, target, headers and body are the same, byte for byte, and curl adds nothing of its own."""
    async with RawReceiver() as receiver:
        await paste(shell, curl_line(exchange, base=receiver.address, login=LOGIN), tmp_path)
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == f"{exchange.method} {exchange.url} HTTP/1.1".encode("latin-1")
    assert b"Authorization: Basic dXNlcm5hbWU6cGFzc3dvcmQ=" in headers
    assert [line for line in headers if line.split(b":")[0].decode().lower() not in LEFT_TO_CURL] == [
        f"{name}: {value}".rstrip(" ").encode("latin-1")
        for name, value in exchange.request_headers
        if name.lower() not in LEFT_TO_CURL
    ]
    assert body == exchange.request_body


@pytest.mark.journey
@in_loop
async def test_a_post_that_went_out_can_be_pasted_too(tmp_path: Path) -> None:
    async with RawReceiver() as receiver:
        exchange = outgoing(url=f"{receiver.address}/résultats/../r.php?a=%7e&b=[1]#part")
        await paste("sh", curl_line(exchange, base=BASE, login=LOGIN), tmp_path)
    host = receiver.address.removeprefix("http://")
    assert receiver.requests == [
        f"POST /résultats/../r.php?a=%7e&b=[1] HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nAccept: */*\r\n"
        f"User-Agent: plum-emulator/1.0\r\nContent-Length: 31\r\n\r\nsms_message_id=5f0c&status=sent".encode()
    ]


@pytest.mark.journey
@in_loop
async def test_requests_to_an_emulator_are_made_again_from_its_journal(tmp_path: Path) -> None:
    """What came as multipart, with a login: pasted, it comes once more, and is taken."""
    with emulator(*QUICK) as running:
        fields = ("-F", f"to={HANDSET}", "-F", f"from={NUMBER}", "-F", "body=naïve ' & 50%")
        await paste("sh", shlex.join(["curl", "-u", LOGIN, *fields, f"{running.url}/ws/sms/queue.json"]), tmp_path)
        [first] = _journal(running)
        await paste("sh", first["curl"], tmp_path)
        again, _ = _journal(running)
    assert again["request"]["body"] == first["request"]["body"]
    assert sorted(again["request"]["headers"]) == sorted(first["request"]["headers"])
    assert (again["outcome"], again["answer"]["status"]) == ("ok", 200)


def _journal(running: Emulator) -> list[dict[str, Any]]:
    answer = requests.get(f"{running.url}/_plum/exchanges?operation=queue", timeout=10)
    exchanges: list[dict[str, Any]] = answer.json()["exchanges"]
    return exchanges


async def paste(shell: str, line: str, folder: Path) -> None:
    """Run the line as a person would, with none of that person's own settings."""
    tool("curl")
    script = folder / "line.sh"
    script.write_text(line + "\n")
    ran = await asyncio.create_subprocess_exec(
        *(tool(shell), str(script)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "no_proxy": "*"},
    )
    _, said = await ran.communicate()
    assert (ran.returncode, b"curl: (" in said) == (0, False), said
