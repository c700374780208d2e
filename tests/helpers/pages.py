"""Reads pages of the console without a browser: tags, attributes, text and forms."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlencode

from helpers.caller import FORM, Caller, Heard

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HOSTILE = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>&{{7*7}}\u202e"
HOSTILE_SEEN = HOSTILE.replace("\u202e", "⟨U+202E⟩")  # as it stands on a page: no character there turns others round
_VOID = {"meta", "link", "img", "input", "br", "hr"}


class ReadPage(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def words(self) -> str:
        """The text, with one space between words."""
        return " ".join(self.text.split())

    def values(self, tag: str, name: str) -> list[str]:
        """The values of this attribute of all such tags."""
        return [attributes[name] for each, attributes in self.tags if each == tag and name in attributes]

    def links(self) -> list[str]:
        """Where the page leads, and what it loads."""
        return self.values("a", "href") + self.values("link", "href") + self.values("script", "src")


def page_of(heard: Heard) -> ReadPage:
    """The page, after what holds for every page: its policy, nothing inline, nothing from elsewhere."""
    assert heard.header("Content-Type") == "text/html; charset=utf-8"
    assert heard.header("Content-Security-Policy") == POLICY
    assert heard.header("X-Content-Type-Options") == "nosniff"
    page = ReadPage(heard.body)
    for tag, attributes in page.tags:
        assert tag != "style", "styles are in the style sheet"
        assert tag != "script" or attributes["src"].startswith("/static/")
        assert not [name for name in attributes if name.startswith(("on", "hx-on")) or name == "style"], attributes
    for link in page.values("link", "href") + page.values("img", "src"):
        assert link.startswith("/static/"), link
    return page


def get_page(caller: Caller, target: str, *, status: int = 200) -> ReadPage:
    """Open a page."""
    heard = caller.get(target)
    assert heard.status == status, heard.body
    return page_of(heard)


def submit(caller: Caller, target: str, **fields: str) -> Heard:
    """Send a form, as a browser without scripts does."""
    headers = [FORM, ("Origin", "http://127.0.0.1:7586")]
    return caller.post(target, headers=headers, body=urlencode(fields).encode())


def followed(caller: Caller, heard: Heard) -> ReadPage:
    """The page that a form leads to."""
    assert heard.status == 303, heard.body
    return get_page(caller, heard.header("Location"))
