"""The control surface answers to local names only, and lets no other site's page change anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:7586",
        "LocalHost:7586",
        "plum.localhost",
        "a.b.localhost:80",
        "127.0.0.1",
        "127.0.0.1:7586",
        "127.8.9.10",
        "[::1]",
        "[::1]:7586",
        "[0:0:0:0:0:0:0:1]:7586",
    ],
)
@pytest.mark.parametrize("target", ["/_plum/health", "/"])
def test_a_local_name_is_answered(onlooker: Caller, target: str, host: str) -> None:
    assert onlooker.get(target, host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "plum.test",
        "plum.test:7586",
        "localhost.plum.test",
        "localhostplum.test",
        "notlocalhost",
        "127.0.0.1.nip.io",
        "127.0.0.1.plum.test:7586",
        "192.168.0.7",
        "10.0.0.1:7586",
        "169.254.169.254",
        "8.8.8.8",
        "0.0.0.0",  # noqa: S104 # asked for, not bound to
        "[::]",
        "[fe80::1]",
        "[2001:db8::1]:7586",
        "[::1",
        "::1",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "plum.test@",
        "",
        " ",
        "localhost, plum.test",
        "plum.test, localhost",
        "plum.test#localhost",
        "plum.test?localhost",
        "plum.test\\localhost",
        "plum.test/localhost",
        "plum.test; localhost",
        "\xe9.test",
        "a." * 2000,
    ],
)
@pytest.mark.parametrize("target", ["/_plum/health", "/"])
def test_any_other_name_is_refused(onlooker: Caller, target: str, host: str) -> None:
    """A name that resolves here may be another site's: a page of it would be let in by the browser."""
    heard = onlooker.get(target, host=host)
    assert heard.status == 403
    assert heard.error.startswith("the control surface does not answer to the host name '")
    assert heard.values["hint"].startswith("start the emulator with --allow-host ")
    assert len(heard.body) < 800


def test_a_request_without_a_host_is_refused(onlooker: Caller) -> None:
    assert onlooker.get("/_plum/health", host=None).status == 403


@pytest.mark.parametrize("host", ["localhost.", "localhost.:7586", "127.0.0.1."])
def test_a_name_with_a_dot_at_its_end_is_the_same_name(onlooker: Caller, host: str) -> None:
    """The dot says that a name is complete; browsers and curl send it on."""
    assert onlooker.get("/_plum/health", host=host).status == 200


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/_plum/ready"),
        ("GET", "/_plum/openapi.yaml"),
        ("GET", "/_plum/messages"),
        ("GET", "/_plum/messages/" + "0" * 32),
        ("GET", "/_plum/exchanges"),
        ("GET", "/_plum/events"),
        ("GET", "/_plum/numbers"),
        ("POST", "/_plum/inbound"),
        ("PUT", f"/_plum/numbers/{MINE}"),
        ("POST", "/_plum/reset"),
        ("OPTIONS", "/_plum/reset"),
        ("HEAD", "/_plum/messages"),
    ],
)
def test_every_route_is_guarded(onlooker: Caller, method: str, target: str) -> None:
    assert onlooker.call(method, target, host="plum.test").status == 403


@pytest.mark.parametrize("path", ["/ws/sms/messages.json", "/demo"])
def test_plums_services_and_the_demo_answer_to_any_name(onlooker: Caller, path: str) -> None:
    """Applications reach the emulator under Plum's name, or under a name of their network."""
    assert onlooker.get(path, host="hosting.plumvoice.com").status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("plum.test", 200),
        ("PLUM.test:7586", 200),
        ("10.0.0.7:7586", 200),
        ("[fd00::7]:7586", 200),
        ("sub.plum.test", 403),
        ("plum.test.example.org", 403),
    ],
)
def test_allowed_names_are_answered_too(named: Caller, host: str, status: int) -> None:
    assert named.get("/_plum/health", host=host).status == status


@pytest.fixture(scope="module")
def named() -> Iterator[Caller]:
    """An emulator that goes by more names. Only ask it."""
    house = House()
    caller = Caller(house, allow_hosts=("127.0.0.1", "Plum.test", "10.0.0.7", "[fd00::7]"))
    yield caller
    caller.close()
    house.close()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:7586", "http://localhost:7586"),
        ("localhost:7586", "HTTP://LOCALHOST:7586"),
        ("127.0.0.1:7586", "http://127.0.0.1:7586"),
        ("[::1]:7586", "http://[::1]:7586"),
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
    ],
)
def test_our_own_page_may_write(caller: Caller, host: str, origin: str) -> None:
    assert caller.post("/_plum/reset", host=host, headers=[("Origin", origin)]).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://plum.test",
        "https://plum.test:7586",
        "http://localhost",
        "http://localhost:8000",
        "http://127.0.0.1:7586",
        "http://localhost:7586.plum.test",
        "http://localhost:7586@plum.test",
        "http://plum.test@localhost:7586",
        "null",
        "",
        "file://",
        "localhost:7586",
        "http://[",
        "http://localhost:7586, http://plum.test",
        "http://localhost:7586; x",
    ],
)
@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/_plum/reset"), ("POST", "/_plum/inbound"), ("PUT", f"/_plum/numbers/{MINE}")]
)
def test_a_page_of_another_site_may_not_write(onlooker: Caller, method: str, target: str, origin: str) -> None:
    """A page in the developer's browser can post here; its origin gives it away. Another port is another site."""
    heard = onlooker.call(method, target, host="localhost:7586", headers=[("Origin", origin)])
    assert heard.status == 403
    assert heard.error == f"a page of another site, {origin!r}, may not change anything here"


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_a_page_of_another_site_may_not_queue(caller: Caller, format_: str) -> None:
    """It could know the default login; nothing is queued, and nothing is posted anywhere because of it."""
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "http://plum.test")]
    body = f"to=16175550123&from={MINE}&body=Hello".encode()
    heard = caller.post(f"/ws/sms/queue.{format_}", headers=form, body=body)
    assert (heard.status, heard.error) == (403, "Unauthorized access to queue service")
    assert caller.get("/_plum/messages").values["messages"] == []


@pytest.mark.parametrize("origin", ["http://plum.test", "null", "http://["])
def test_reading_is_not_refused_but_not_shared_either(onlooker: Caller, origin: str) -> None:
    """The browser keeps the answer from the other page, because nothing here allows it."""
    heard = onlooker.get("/_plum/messages", headers=[("Origin", origin)])
    assert heard.status == 200
    assert not [name for name, _ in heard.headers if name.lower().startswith("access-control-")]


def test_a_program_without_an_origin_may_write(caller: Caller) -> None:
    heard = caller.send_json(
        "POST", "/_plum/inbound", {"from": HANDSET, "to": MINE, "body": "x"}, host="localhost:7586"
    )
    assert heard.status == 201
