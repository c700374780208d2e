"""Which pictures there are, and what is done on a page before each is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

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
        """Where it is kept: `first-page-light.png`, or `first-page-narrow-light.png`."""
        narrow = "-narrow" if self.width == NARROW else ""
        return FOLDER / f"{self.shown.name}{narrow}-{self.theme}.png"


SHOWN = (Shown(name="first-page", path="/", widths=(WIDE, NARROW)),)


def pictures() -> list[Picture]:
    """All of them."""
    return [
        Picture(shown=shown, theme=theme, width=width) for shown in SHOWN for width in shown.widths for theme in THEMES
    ]
