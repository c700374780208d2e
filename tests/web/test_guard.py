"""The control surface answers to local names only, or to who brings the token, and lets no other site's page write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Request

from helpers.caller import FORM, HERE, Caller, Heard
from helpers.house import HANDSET, MINE, House
from plum_emulator.errors import FromElsewhere
from plum_emulator.web.guard import COOKIE, Guard, check_origin


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
    words = unescape(heard.body.decode())  # JSON, or a page
    assert "the control surface does not answer to the host name '" in words
    assert "start the emulator with --allow-host " in words
    assert len(words) < 8000


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


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        pytest.param("evil.test:7586", "http://evil.test:7586", 403, id="a name made to resolve to here"),
        pytest.param("evil.test:7586", None, 200, id="an application that calls it so"),
        pytest.param(HERE, f"http://{HERE}", 200, id="a page of ours"),
        pytest.param(HERE, "null", 403, id="a page from nowhere"),
    ],
)
def test_a_page_that_reaches_the_services_by_a_foreign_name_queues_nothing(
    house: House, caller: Caller, host: str, origin: str | None, status: int
) -> None:
    """It knows the login that everybody knows, and its Origin is the name that it was given."""
    headers = [("Content-Type", "application/x-www-form-urlencoded"), *([("Origin", origin)] if origin else [])]
    body = f"to={HANDSET}&from={MINE}&body=x".encode()
    heard = caller.call("POST", "/ws/sms/queue.json", host=host, headers=headers, body=body)
    assert heard.status == status
    assert len(list(house.platform.all_messages(house.account))) == (status == 200)


@pytest.mark.parametrize("passed_on", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_such_a_page_is_no_other_machine_because_it_says_so(caller: Caller, passed_on: str) -> None:
    """A page may set these headers itself."""
    headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", "http://evil.test:7586"),
        (passed_on, "1.2.3.4"),
    ]
    body = f"to={HANDSET}&from={MINE}&body=x".encode()
    heard = caller.call("POST", "/ws/sms/queue.json", host="evil.test:7586", headers=headers, body=body)
    assert heard.status == 403


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("none", 500), ("", 500)])
def test_a_page_of_another_site_takes_no_scripted_answer(caller: Caller, site: str, status: int) -> None:
    """A picture that it shows is a GET; to a sink that is a change."""
    caller.send_json("PUT", "/_plum/sinks/results", {"statuses": [500, 200]})
    headers = [("Sec-Fetch-Site", site)] if site else []
    assert caller.get("/_plum/sink/results", headers=headers).status == status


TOKEN = "a token that/is=long+enough".replace(" ", "~")
FAR = "192.168.0.9"
OWN = "192.168.0.7"
NEEDED = "a request from another machine, or through a proxy, needs the emulator's token"
BEARER = ("Authorization", f"Bearer {TOKEN}")
OURS = f"{COOKIE}_7586"
BAKED = ("Cookie", f"{OURS}={TOKEN}")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Caller]:
    """An emulator with a token. Only ask it."""
    house = House()
    caller = Caller(house, token=TOKEN)
    yield caller
    caller.close()
    house.close()
    assert house.events == []


@pytest.fixture
def mine(house: House) -> Iterator[Caller]:
    """An emulator of the test's own, with a token."""
    caller = Caller(house, token=TOKEN)
    yield caller
    caller.close()


def from_afar(caller: Caller, target: str, *headers: tuple[str, str], method: str = "GET") -> Heard:
    """What another machine gets, which calls the emulator by its address."""
    return caller.call(method, target, peer=FAR, own=OWN, host=f"{OWN}:7586", headers=headers)


@pytest.mark.parametrize("target", ["/_plum/health", "/_plum/messages", "/"])
@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param(None, 401, id="nothing"),
        pytest.param(BEARER, 200, id="bearer"),
        pytest.param(("Authorization", f"bEARER  {TOKEN} "), 200, id="bearer with blanks"),
        pytest.param(BAKED, 200, id="cookie"),
        pytest.param(("Cookie", f"a=b; {OURS}={TOKEN}; c=d"), 200, id="cookie among others"),
        pytest.param(("Cookie", f"{OURS}=stale; {OURS}={TOKEN}"), 200, id="cookie after a stale one"),
        pytest.param(("Cookie", f"{OURS}={TOKEN}; {OURS}="), 200, id="cookie before an empty one"),
        pytest.param(("Cookie", f"{OURS}2={TOKEN}"), 401, id="another cookie"),
        pytest.param(("Cookie", f"{COOKIE}_7587={TOKEN}"), 401, id="cookie of the emulator at the next port"),
        pytest.param(("Cookie", f"{COOKIE}={TOKEN}"), 401, id="cookie of the emulator at the usual port"),
        pytest.param(("Cookie", ""), 401, id="empty cookie header"),
        pytest.param(("Cookie", f"{OURS}={TOKEN}x"), 401, id="cookie too long"),
        pytest.param(("Cookie", f"{OURS}="), 401, id="empty cookie"),
        pytest.param(("Cookie", f"{OURS}=x; " * 2000), 401, id="many cookies"),
        pytest.param(("Authorization", TOKEN), 401, id="without a scheme"),
        pytest.param(("Authorization", f"Basic {TOKEN}"), 401, id="another scheme"),
        pytest.param(("Authorization", f"Bearer {TOKEN[:-1]}"), 401, id="too short"),
        pytest.param(("Authorization", f"Bearer {TOKEN}x"), 401, id="too long"),
        pytest.param(("Authorization", f"Bearer {TOKEN.upper()}"), 401, id="other case"),
        pytest.param(("Authorization", f"Bearer {TOKEN},Bearer {TOKEN}"), 401, id="twice in one header"),
        pytest.param(("Authorization", "Bearer "), 401, id="empty bearer"),
        pytest.param(("Authorization", "Bearer"), 401, id="bearer alone"),
        pytest.param(("Authorization", "Bearer \xff\xfe\xe9"), 401, id="no ascii"),
        pytest.param(("Cookie", f"{OURS}=\xff\xfe\xe9"), 401, id="cookie that is no text"),
        pytest.param(("Authorization", "Bearer " + "x" * 1_000_000), 401, id="huge"),
        pytest.param(("X-Plum-Emulator-Token", TOKEN), 401, id="another header"),
    ],
)
def test_another_machine_needs_the_token(
    guarded: Caller, target: str, header: tuple[str, str] | None, status: int
) -> None:
    assert from_afar(guarded, target, *([header] if header else [])).status == status


def test_who_brings_no_token_to_the_control_surface_is_told_where_it_is(guarded: Caller) -> None:
    """In JSON, as every error there."""
    heard = from_afar(guarded, "/_plum/messages")
    assert heard.values == {
        "error": NEEDED,
        "hint": "its banner shows it: send it as Authorization: Bearer TOKEN, or open the banner's network address",
    }
    assert (heard.header("WWW-Authenticate"), heard.header("Content-Type")) == ("Bearer", "application/json")


def test_who_brings_no_token_to_a_page_gets_a_page_that_says_so(guarded: Caller) -> None:
    """Without a script, a style or anything else to load; the browser asks for no login."""
    heard = from_afar(guarded, "/")
    assert heard.header("Content-Type") == "text/html; charset=utf-8"
    assert heard.header("Content-Security-Policy") == (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    page = heard.body.decode()
    assert "needs the emulator&#39;s token" in page
    assert "<script" not in page
    assert "password" not in page


@pytest.mark.parametrize("target", ["/_plum/health", "/"])
@pytest.mark.parametrize("header", [None, BEARER, BAKED, ("Authorization", "Bearer "), ("Cookie", f"{OURS}=")])
def test_without_a_token_nobody_comes_from_elsewhere(
    onlooker: Caller, target: str, header: tuple[str, str] | None
) -> None:
    """An emulator on loopback has none, and a proxy may stand before it."""
    heard = from_afar(onlooker, target, *([header] if header else []))
    assert heard.status == 401
    assert b"plum-emulator serve --token TOKEN" in heard.body


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/_plum/ready"),
        ("GET", "/_plum/openapi.yaml"),
        ("GET", "/_plum/exchanges"),
        ("GET", "/_plum/events"),
        ("GET", "/_plum/accounts"),
        ("GET", "/_plum/export/account"),
        ("POST", "/_plum/inbound"),
        ("PUT", f"/_plum/numbers/{MINE}"),
        ("POST", "/_plum/reset"),
        ("OPTIONS", "/_plum/reset"),
        ("HEAD", "/_plum/messages"),
        ("POST", "/_plum/sink/results"),
        ("GET", "/console/clock"),
        ("HEAD", "/"),
    ],
)
def test_every_route_wants_the_token(guarded: Caller, method: str, target: str) -> None:
    assert from_afar(guarded, target, method=method).status == 401


@pytest.mark.parametrize("path", ["/ws/sms/messages.json", "/demo"])
def test_plums_services_and_the_demo_want_no_token(guarded: Caller, path: str) -> None:
    """They have a login of their own, Plum's, or none."""
    assert guarded.get(path, peer=FAR, own=OWN).status == 200


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200),
        ("127.8.9.10", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.1", 401),
        ("172.17.0.1", 401),
        ("169.254.1.1", 401),
        ("0.0.0.0", 401),  # noqa: S104 # a peer, not bound to
        ("8.8.8.8", 401),
        ("fd00::1", 401),
        ("fe80::1%eth0", 401),
        ("::ffff:10.0.0.1", 401),
        ("::", 401),
        ("localhost", 401),
        ("", 401),
    ],
)
def test_only_loopback_needs_no_token(guarded: Caller, peer: str, status: int) -> None:
    """The address that asks counts, whatever the Host says."""
    assert guarded.get("/_plum/health", peer=peer).status == status


def test_the_emulators_own_address_needs_the_token_too(guarded: Caller) -> None:
    """A person on this machine who goes by its network address is not told from a container."""
    assert guarded.get("/_plum/health", peer=OWN, own=OWN, host=OWN).status == 401


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via", "x-forwarded-for"])
@pytest.mark.parametrize("value", ["10.0.0.1", "127.0.0.1", "for=127.0.0.1", ""])
def test_what_a_proxy_passes_on_needs_the_token(guarded: Caller, name: str, value: str) -> None:
    """A proxy on this machine asks over loopback, for somebody who may be anywhere."""
    assert guarded.get("/_plum/health", headers=[(name, value)]).status == 401
    assert guarded.get("/_plum/health", headers=[(name, value), BEARER]).status == 200


@pytest.mark.parametrize("host", ["plum.test", "192.168.0.7:7586", "localhost:7586", "", "[::1"])
def test_with_the_token_any_host_name_is_answered(guarded: Caller, host: str) -> None:
    """A page that lets its own name lead here has no token: browsers keep cookies by name."""
    assert guarded.get("/_plum/health", peer=FAR, own=OWN, host=host, headers=[BEARER]).status == 200


@pytest.mark.parametrize("header", [BEARER, BAKED])
def test_over_loopback_the_host_has_to_be_known_with_the_token_too(guarded: Caller, header: tuple[str, str]) -> None:
    assert guarded.get("/_plum/health", host="plum.test", headers=[header]).status == 403
    assert guarded.get(f"/?token={TOKEN}", host="plum.test").status == 403


@pytest.mark.parametrize("header", [BEARER, BAKED])
def test_a_page_of_another_site_may_not_write_with_the_token_either(mine: Caller, header: tuple[str, str]) -> None:
    """A cookie is sent by the browser, whoever made it ask."""
    host = f"{OWN}:7586"
    heard = mine.post("/_plum/reset", peer=FAR, own=OWN, host=host, headers=[header, ("Origin", "http://plum.test")])
    assert heard.status == 403
    own = ("Origin", f"http://{host}")
    assert mine.post("/_plum/reset", peer=FAR, own=OWN, host=host, headers=[header, own]).status == 200


def test_a_page_without_the_token_is_refused_whatever_its_origin(guarded: Caller) -> None:
    """Who has no pass does not learn what else would be wrong."""
    assert from_afar(guarded, "/_plum/reset", ("Origin", "http://plum.test"), method="POST").status == 401


QUOTED = TOKEN.replace("/", "%2F").replace("=", "%3D").replace("+", "%2B")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        (f"/?token={QUOTED}", "/"),
        (f"/?a=b&token={QUOTED}&c=%20d+e", "/?a=b&c=%20d+e"),
        (f"/?token=wrong&token={QUOTED}", "/"),
        (f"/?%74oken={QUOTED}&tokens=1&&", "/?tokens=1&&"),
        (f"/static/console.css?token={QUOTED}", "/static/console.css"),
    ],
)
def test_a_page_that_is_opened_with_the_token_is_opened_again_without(
    guarded: Caller, target: str, location: str
) -> None:
    """The cookie has it from then on; it stays in no history, and no other site hears of it."""
    heard = from_afar(guarded, target)
    assert (heard.status, heard.header("Location")) == (303, location)
    assert heard.header("Set-Cookie") == f"{OURS}={TOKEN}; HttpOnly; Path=/; SameSite=Lax"
    assert (heard.header("Referrer-Policy"), heard.header("Cache-Control")) == ("no-referrer", "no-store")
    cookie = heard.header("Set-Cookie").partition(";")[0]
    assert from_afar(guarded, location, ("Cookie", cookie)).status == 200


def test_a_page_of_this_machine_that_is_opened_with_the_token_is_too(guarded: Caller) -> None:
    """Else it would stay in the address."""
    assert guarded.get(f"/?token={QUOTED}").status == 303


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        pytest.param("GET", "/?token=", 401, id="empty"),
        pytest.param("GET", f"/?token={QUOTED}x", 401, id="wrong"),
        pytest.param("GET", "/?token=%ED%A0%80%FF", 401, id="no text"),
        pytest.param("GET", "/?token=" + "x" * 1_000_000, 401, id="huge"),
        pytest.param("GET", f"/?TOKEN={QUOTED}", 401, id="another name"),
        pytest.param("HEAD", f"/?token={QUOTED}", 401, id="HEAD"),
        pytest.param("POST", f"/_plum/sink/results?token={QUOTED}", 401, id="POST"),
        pytest.param("GET", f"/_plum/sink/results?token={QUOTED}", 401, id="control surface"),
    ],
)
def test_the_token_in_an_address_opens_pages_only(guarded: Caller, method: str, target: str, status: int) -> None:
    assert from_afar(guarded, target, method=method).status == status


def test_the_token_in_a_form_is_not_taken(guarded: Caller) -> None:
    heard = guarded.post("/_plum/reset", peer=FAR, own=OWN, headers=[FORM], body=f"token={QUOTED}".encode())
    assert heard.status == 401


@pytest.mark.parametrize("path", ["//plum.test/", "/\\plum.test/", "///plum.test"])
def test_the_redirect_stays_here(path: str) -> None:
    """Two slashes at the beginning would name another host."""
    guard = Guard((), token=TOKEN)
    answer = guard.check(Request({**environ(path), "QUERY_STRING": f"token={QUOTED}"}))
    assert answer is not None
    assert answer.headers["Location"] in ("/plum.test/", "/plum.test")


def environ(path: str = "/", **more: str) -> dict[str, str]:
    """What a guard sees of a request from another machine."""
    head = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "REQUEST_URI": f"{path}?token={QUOTED}", "HTTP_HOST": OWN}
    return {**head, "REMOTE_ADDR": FAR, "SERVER_NAME": OWN, "SERVER_PORT": "7586", "wsgi.url_scheme": "http", **more}


@pytest.mark.parametrize(
    ("peer", "host", "status"),
    [
        pytest.param(OWN, OWN, 200, id="the emulator, by its address"),
        pytest.param(OWN, "127.0.0.1", 200, id="the emulator, by a name that it knows"),
        pytest.param(OWN, "plum.test", 403, id="the emulator, by a name that it does not know"),
        pytest.param(FAR, OWN, 401, id="another machine"),
    ],
)
def test_the_emulator_may_post_to_its_own_sinks(mine: Caller, peer: str, host: str, status: int) -> None:
    """A sink's URL may name it by its network address; nobody else has that."""
    heard = mine.post("/_plum/sink/results", peer=peer, own=OWN, host=host, body=b"x")
    assert heard.status == status


def test_the_emulator_may_post_to_its_own_sinks_also_on_a_socket_for_both_families(mine: Caller) -> None:
    """There IPv4 comes in the clothes of IPv6, and the URL has it without."""
    dressed = f"::ffff:{OWN}"
    assert mine.post("/_plum/sink/results", peer=dressed, own=dressed, host=OWN, body=b"x").status == 200


def test_the_emulators_own_post_passed_on_is_somebody_elses(mine: Caller) -> None:
    headers = [("Via", "1.1 x")]
    assert mine.post("/_plum/sink/results", peer=OWN, own=OWN, host=OWN, headers=headers).status == 401


def test_another_pass_is_good_for_what_it_is_shown_for() -> None:
    """The rest of the rules stays, and nobody asks for it where it is not needed."""
    guard = Guard(("127.0.0.1",), token=TOKEN)
    asked: list[str] = []

    def for_one_page(request: Request) -> bool:
        asked.append(request.path)
        return request.path == "/mine"

    assert guard.check(Request(environ("/mine")), also=for_one_page) is None
    assert guard.check(Request(environ("/mine", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")), also=for_one_page) is None
    with pytest.raises(FromElsewhere, match="a page of another site"):
        guard.check(Request(environ("/mine", REQUEST_METHOD="POST", HTTP_ORIGIN="http://plum.test")), also=for_one_page)
    assert asked == ["/mine", "/mine"]


@pytest.mark.parametrize(
    ("more", "known"),
    [
        pytest.param({}, False, id="another machine"),
        pytest.param({"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, True, id="another machine with the token"),
        pytest.param({"HTTP_AUTHORIZATION": "Bearer x"}, False, id="another machine with another token"),
        pytest.param({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}, True, id="this machine"),
        pytest.param({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "plum.test"}, False, id="this machine, unknown name"),
        pytest.param(
            {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "plum.test", "HTTP_COOKIE": f"{COOKIE}={TOKEN}"},
            False,
            id="this machine, unknown name, with the token",
        ),
        pytest.param({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "[", "HTTP_VIA": "x"}, False, id="a proxy"),
    ],
)
def test_who_is_known_may_do_everything(more: dict[str, str], known: bool) -> None:
    """What the console asks where a pass for one page is not enough; it never raises."""
    assert Guard((), token=TOKEN).knows(Request(environ(**more))) is known


@pytest.mark.parametrize(
    ("method", "origin", "passes"),
    [("POST", "http://plum.test", False), ("POST", f"http://{OWN}", True), ("GET", "http://plum.test", True)],
)
def test_the_origin_can_be_checked_alone(method: str, origin: str, passes: bool) -> None:
    """For who has another pass than the token."""
    request = Request(environ(REQUEST_METHOD=method, HTTP_ORIGIN=origin))
    with nullcontext() if passes else pytest.raises(FromElsewhere, match="a page of another site"):
        check_origin(request)


def test_what_is_signed_follows_from_the_token_and_the_text() -> None:
    """32 hex digits, the same again after a restart with the same token."""
    signed = Guard((), token=TOKEN).sign("phone 12125550123")
    assert signed == Guard((), token=TOKEN).sign("phone 12125550123")
    assert (len(signed), set(signed) <= set("0123456789abcdef")) == (32, True)
    others = {Guard((), token=TOKEN).sign("phone 12125550124"), Guard((), token=TOKEN + "x").sign("phone 12125550123")}
    assert signed not in others


def test_without_a_token_nobody_can_make_a_signature() -> None:
    """It does not follow from nothing: two emulators sign differently."""
    assert Guard(()).sign("x") != Guard(()).sign("x")


@given(st.text(max_size=300))
def test_no_other_text_is_the_token(text: str) -> None:
    """Whatever comes as cookie, bearer or in the address, and in whatever characters."""
    guard = Guard((), token=TOKEN)
    sent = text.encode(errors="surrogatepass").decode("latin-1")
    request = Request({**environ(HTTP_AUTHORIZATION=f"Bearer {sent}", HTTP_COOKIE=f"{COOKIE}={sent}")})
    assert guard.knows(request) == (text.strip() == TOKEN)


@pytest.mark.parametrize(
    ("headers", "status", "whole"), [([], 401, False), ([BEARER], 400, True)], ids=["a stranger", "with the token"]
)
def test_only_who_is_known_sends_a_large_body(
    mine: Caller, headers: list[tuple[str, str]], status: int, whole: bool
) -> None:
    """An account to import may have 256 MiB; nobody else makes the emulator read more than any request may have."""
    pieces = iter([b"x" * 1024 * 1024] * 5)
    heard = mine.call(
        "POST", "/_plum/accounts/import", peer=FAR, own=OWN, host=f"{OWN}:7586", headers=headers, chunks=pieces
    )
    assert heard.status == status
    assert (next(pieces, None) is None) is whole


def test_a_refusal_tells_of_no_account(onlooker: Caller) -> None:
    """The page that is refused may read the answer: the browser takes both for the same site."""
    heard = onlooker.get("/", host="plum.test")
    assert heard.status == 403
    assert b"username" not in heard.body
    assert b"second" not in heard.body
    assert b"real clock" not in heard.body


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        (f"http://{HERE}/console/logs?words=a", f"http://{HERE}/console/logs?words=a"),
        ("http://evil.example/", "/?account=second"),
        (f"http://{HERE}.evil.example/", "/?account=second"),
        (f"http://{HERE}@evil.example/", "/?account=second"),
        ("javascript:alert(1)", "/?account=second"),
        (None, "/?account=second"),
    ],
)
def test_the_way_back_from_an_error_leads_to_a_page_of_ours(onlooker: Caller, referrer: str | None, back: str) -> None:
    headers = [] if referrer is None else [("Referer", referrer)]
    heard = onlooker.get("/console/nothing?account=second", headers=headers)
    assert heard.status == 404
    assert f'<a class="button" href="{back}">Back</a>' in heard.body.decode()
