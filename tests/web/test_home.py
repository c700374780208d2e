"""The first page: what this is, and what to type next."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from helpers.caller import Caller
from helpers.house import APPLICATION, MINE, OTHER, PCI, SEEDS, House
from plum_emulator.model.accounts import Number, Seed

HOSTILE = "<script>alert('1')</script>\"&{{7*7}}"


class _Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_logins_numbers_and_commands(onlooker: Caller) -> None:
    heard = onlooker.get("/", host="localhost:7586")
    text = _Page(heard.body).text
    assert (heard.status, heard.header("Content-Type")) == (200, "text/html; charset=utf-8")
    for expected in ("username:password", "second:secret", MINE, OTHER, APPLICATION):
        assert expected in text
    assert f"{PCI}" in text
    assert "PCI number: no texts" in text
    assert "texts are kept, and nothing is posted" in text
    command = f"curl -u username:password -d to=16175550123 -d from={MINE} -d body=Hello http://localhost:7586/ws/sms/queue.json"
    assert command in text


def test_the_page_allows_nothing_but_its_style(onlooker: Caller) -> None:
    """Nothing is loaded from elsewhere, no script runs, and no other site can show it in a frame."""
    heard = onlooker.get("/")
    assert heard.header("Content-Security-Policy") == (
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    page = _Page(heard.body)
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert links == ["/static/home.css", "/_plum/openapi.yaml"]
    assert [onlooker.get(str(link)).status for link in links] == [200, 200]


@pytest.mark.parametrize("where", ["username", "password", "application_url"])
def test_text_from_the_accounts_file_is_shown_as_text(where: str) -> None:
    seed = Seed(
        username=HOSTILE if where == "username" else "username",
        password=HOSTILE if where == "password" else "password",
        numbers=(Number(number=MINE, application_url=HOSTILE if where == "application_url" else ""),),
    )
    house = House(seeds=[seed])
    caller = Caller(house)
    page = _Page(caller.get("/").body)
    caller.close()
    house.close()
    assert "script" not in page.tags
    assert HOSTILE in page.text


def test_a_hostile_application_url_is_shown_as_text(caller: Caller) -> None:
    url = "http://127.0.0.1/<script>alert(1)</script>"
    assert caller.send_json("PUT", f"/_plum/numbers/{MINE}", {"application_url": url}).status == 200
    page = _Page(caller.get("/").body)
    assert "script" not in page.tags
    assert url in page.text


def test_a_hostile_host_name_is_not_repeated_as_html(onlooker: Caller) -> None:
    heard = onlooker.get("/", host="<script>alert(1)</script>.localhost")
    assert b"<script>" not in heard.body or heard.header("Content-Type") == "application/json"


def test_demo_accounts_are_marked() -> None:
    house = House(
        seeds=[*SEEDS, Seed(username="demo", password="demo", demo=True, numbers=(Number(number="13125550100"),))]
    )
    caller = Caller(house)
    text = _Page(caller.get("/").body).text
    caller.close()
    house.close()
    assert text.count("(demo account)") == 1


@pytest.mark.parametrize("path", ["/static/../home.py", "/static/%2e%2e/home.py", "/static//etc/passwd", "/static/%00"])
def test_nothing_but_static_files_is_served(onlooker: Caller, path: str) -> None:
    assert onlooker.get(path).status == 404
