"""Which pictures there are, and what is done on a page before each is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from helpers.browser import NARROW, WIDE, Theme

FOLDER = Path(__file__).parents[2] / "docs" / "images"
THEMES: tuple[Theme, ...] = ("light", "dark")

Preparation = Callable[[Page], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page of the console. Its pictures are taken light and dark, in windows of these widths.

    `prepare` does on the page what it takes to see what is meant, a click for example.
    """

    name: str
    path: str
    widths: tuple[int, ...] = (WIDE,)
    prepare: Preparation = lambda _page: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of such a page."""

    shown: Shown
    theme: Theme
    width: int

    @property
    def file(self) -> Path:
        """Where it is kept: `phones-light.png`, or `phones-narrow-light.png`."""
        narrow = "-narrow" if self.width == NARROW else ""
        return FOLDER / f"{self.shown.name}{narrow}-{self.theme}.png"


def _two_phones(page: Page) -> None:
    ben = page.get_by_role("button", name="Open +1 617 555 0124")
    if ben.count():
        ben.click()
    expect(page.locator("#phone-16175550124 .bubble")).not_to_have_count(0)
    page.locator("#body-16175550123").fill("See you at five \u2013 Anna")
    expect(page.locator("#meter-16175550123")).to_contain_text("EN DASH")
    page.evaluate("() => scrollTo(0, 0)")


def _first(link: str) -> Preparation:
    """Follow the first link of this kind on the page."""

    def follow(page: Page) -> None:
        page.locator(link).first.click()
        page.wait_for_load_state()

    return follow


SHOWN = (
    Shown(name="phones", path="/", widths=(WIDE, NARROW), prepare=_two_phones),
    Shown(name="logs", path="/console/logs"),
    Shown(name="message", path="/console/logs?status=undelivered", prepare=_first("tbody a")),
    Shown(name="applications", path="/console/applications"),
    Shown(name="traffic", path="/console/traffic", widths=(WIDE, NARROW)),
    Shown(name="exchange", path="/console/traffic?operation=inbound", prepare=_first('a:text-is("View")')),
    Shown(name="clock", path="/console/clock"),
    Shown(name="rules", path="/console/rules"),
    Shown(name="presenter", path="/console/phones/16175550123"),
    Shown(name="test", path="/console/test"),
    Shown(name="connect", path="/console/connect"),
)


def pictures() -> list[Picture]:
    """All of them."""
    return [
        Picture(shown=shown, theme=theme, width=width) for shown in SHOWN for width in shown.widths for theme in THEMES
    ]
