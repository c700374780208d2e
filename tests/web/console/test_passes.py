"""A phone's pass: it opens one phone on a real handset, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from helpers.caller import FORM, Caller, Heard
from helpers.house import HANDSET, MINE, House
from helpers.pages import get_page, page_of

FIRST = "16175550123"
TOKEN = "a-token-of-many-characters"
ELSEWHERE = "192.168.1.20"
NETWORK = "http://192.168.1.5:7586"
PRESENTER = f"/console/phones/{FIRST}"


@pytest.fixture
def open_caller(house: House) -> Iterator[Caller]:
    """Somebody who talks to an emulator that other machines reach."""
    caller = Caller(house, token=TOKEN, network_url=NETWORK)
    yield caller
    caller.close()


@pytest.fixture
def query(open_caller: Caller) -> str:
    """What the QR code's address has after its question mark."""
    [url] = [link for link in get_page(open_caller, PRESENTER).values("a", "href") if link.startswith(NETWORK)]
    assert urlsplit(url).path == PRESENTER
    return urlsplit(url).query


def from_afar(caller: Caller, method: str, target: str, body: bytes = b"") -> Heard:
    headers = [FORM, ("Origin", NETWORK)] if body else []
    return caller.call(
        method, target, peer=ELSEWHERE, own="192.168.1.5", host="192.168.1.5:7586", headers=headers, body=body
    )


def test_the_code_leads_to_the_phone_and_does_not_give_the_token_away(open_caller: Caller) -> None:
    """It is shown to a whole room."""
    heard = open_caller.get(PRESENTER)
    page = page_of(heard)
    assert "svg" in [tag for tag, _ in page.tags]
    assert TOKEN.encode() not in heard.body


def test_with_the_pass_a_handset_reads_writes_and_listens(open_caller: Caller, query: str) -> None:
    page = page_of(from_afar(open_caller, "GET", f"{PRESENTER}?{query}"))
    assert "All phones" not in page.text
    [action] = page.values("form", "action")
    assert from_afar(open_caller, "POST", action, b"from=presenter&body=Hello").status == 303
    assert from_afar(open_caller, "POST", page.values("textarea", "hx-post")[0], b"body=Hello").status == 200
    region = quote(f"conversation?handset={FIRST}", safe="")
    [live] = page.values("div", "data-live-url")
    assert from_afar(open_caller, "HEAD", f"{live}&region={region}").status == 200
    assert [each["body"] for each in open_caller.get("/_plum/messages").values["messages"]] == ["Hello"]


def test_where_a_form_leads_the_pass_goes_along(open_caller: Caller, query: str) -> None:
    page = page_of(from_afar(open_caller, "GET", f"{PRESENTER}?{query}"))
    sent = from_afar(open_caller, "POST", page.values("form", "action")[0], b"from=presenter&body=Hello")
    assert parse_qs(urlsplit(sent.header("Location")).query) == parse_qs(query)
    assert "Hello" in page_of(from_afar(open_caller, "GET", sent.header("Location"))).text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/console/connect"),
        ("GET", "/console/logs"),
        ("GET", "/console/test"),
        ("GET", f"/console/phones/{HANDSET}"),
        ("POST", f"/console/phones/{HANDSET}/texts"),
        ("POST", f"/console/phones/{FIRST}"),
        ("POST", f"/console/phones/{FIRST}/remove"),
        ("POST", "/console/phones"),
        ("GET", "/console/live?region=others"),
        ("GET", f"/console/live?region=conversation%3Fhandset%3D{HANDSET}"),
        ("GET", f"/console/live?region=conversation%3Fhandset%3D{FIRST}&region=others"),
        ("GET", f"/console/live?region=conversation%3Fhandset%3D{FIRST}%26x=1"),
        ("POST", "/console/segments"),
        ("GET", "/_plum/messages"),
        ("POST", "/_plum/reset"),
        ("GET", "/_plum/events"),
    ],
)
def test_the_pass_opens_nothing_else(open_caller: Caller, query: str, method: str, path: str) -> None:
    separator = "&" if "?" in path else "?"
    heard = from_afar(open_caller, method, f"{path}{separator}{query}", b"body=x" if method == "POST" else b"")
    assert heard.status in (400, 401)
    assert MINE.encode() not in heard.body


def test_what_goes_wrong_with_a_pass_tells_of_no_account(open_caller: Caller, query: str) -> None:
    heard = from_afar(open_caller, "POST", f"{PRESENTER}/texts?{query}", b"from=presenter&body=")
    assert heard.status == 400
    page = page_of(heard)
    assert "the body is empty" in page.text
    assert [page.values("option", name) for name in ("value", "selected")] == [[], []]
    assert "second" not in page.text
    assert "clock" not in page.text


@pytest.mark.parametrize(
    "brought", ["", "pass=", "pass=" + "0" * 32, f"pass={TOKEN}", "pass=%ff%00", "pass=" + "a" * 5000]
)
def test_another_pass_opens_nothing(open_caller: Caller, brought: str) -> None:
    assert from_afar(open_caller, "GET", f"{PRESENTER}?account=username&{brought}").status == 401


def test_a_pass_is_for_one_account(open_caller: Caller, query: str) -> None:
    """Another account's phone has the same number, and another pass."""
    changed = query.replace("account=username", "account=second")
    assert changed != query
    assert from_afar(open_caller, "GET", f"{PRESENTER}?{changed}").status == 401
    nobody = query.replace("account=username", "account=nobody")
    assert from_afar(open_caller, "GET", f"{PRESENTER}?{nobody}").status == 401


def test_a_form_of_another_site_is_refused_with_a_pass_too(open_caller: Caller, query: str) -> None:
    heard = open_caller.post(
        f"{PRESENTER}/texts?{query}",
        peer=ELSEWHERE,
        own="192.168.1.5",
        host="192.168.1.5:7586",
        headers=[FORM, ("Origin", "http://evil.example")],
        body=b"body=x",
    )
    assert heard.status == 403


def test_the_styles_are_open_to_everybody(open_caller: Caller) -> None:
    assert from_afar(open_caller, "GET", "/static/console.css").status == 200
