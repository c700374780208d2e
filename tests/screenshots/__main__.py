"""`make screenshots`: takes every picture anew."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from PIL import Image
from playwright.sync_api import Browser

from helpers.browser import Chromium, Complaints, Windows
from plum_emulator.client import Client
from plum_emulator.errors import PlumEmulatorError
from plum_emulator.server import running
from plum_emulator.settings import Settings
from screenshots.pictures import FOLDER, Picture, pictures
from screenshots.story import NOON, play

_COLOURS = 256
# What differs each time, how long an exchange took for example, is marked so in the page. A `style` element, as
# Playwright would add it, is against the policy of the page.
_HIDE_WHAT_VARIES = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("[data-varies] { visibility: hidden !important; } * { caret-color: transparent !important; }");
  document.adoptedStyleSheets.push(sheet);
}"""


def main() -> int:
    """Take them all. The port is the usual one, as pages show it; so it has to be free."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with running(Settings(clock=NOON, seed="screenshots")) as server, _browser() as browser:
            play(Client(url=server.address))
            for picture in pictures():
                picture.file.write_bytes(taken(browser, server.address, picture))
    except PlumEmulatorError as error:
        sys.stderr.write(f"{error.one_line()}\n")
        return error.exit_code
    return 0


def taken(browser: Browser, url: str, picture: Picture) -> bytes:
    """One picture, as a PNG. Raises AssertionError when something went wrong in the page."""
    complaints = Complaints(url)
    with closing(Windows(browser, complaints)) as windows:
        page = windows.open(theme=picture.theme, width=picture.width)
        page.goto(picture.shown.path)
        picture.shown.prepare(page)
        page.evaluate(_HIDE_WHAT_VARIES)
        page.evaluate("() => document.fonts.ready.then(() => true)")
        png = page.screenshot(animations="disabled", caret="initial", scale="css")
    assert complaints.verdict() == [], f"{picture.file.name}: {complaints.verdict()}"
    return small(png)


def small(png: bytes) -> bytes:
    """The same picture in few colours, which is all that a page of text needs; rare ones, a green tick's, are kept."""
    with Image.open(io.BytesIO(png)) as image, io.BytesIO() as out:
        few = image.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True)
        return out.getvalue()


@contextmanager
def _browser() -> Iterator[Browser]:
    with closing(Chromium()) as chromium, chromium.awake() as browser:
        yield browser


if __name__ == "__main__":
    sys.exit(main())
