"""A real headless Chromium, windows of it that tell what went wrong in them, and what a good page is measured by."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped] # it has no type information
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from helpers.tools import headless_chromium

Theme = Literal["light", "dark"]

WIDE, NARROW = 1280, 390
HEIGHTS = {WIDE: 800, NARROW: 844}
DEADLINE = 10.0
# Both themes and both widths, in two windows instead of four: what one of them spoils, the other does not mend.
EACH_WAY = pytest.mark.parametrize(
    ("theme", "width"), [("light", WIDE), ("dark", NARROW)], ids=["light and wide", "dark and narrow"]
)

# Whatever a page asks for, only this machine is reached.
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_TELL_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (violation) => console.error(
  `Content-Security-Policy: ${violation.effectiveDirective} has blocked ${violation.blockedURI}`));
"""


class Chromium:
    """One running Chromium. `awake` is the only time in which it may be used.

    Playwright's event loop stands still between two calls of it, and Python would take it for running all the time:
    nobody else in the thread could run a loop. So it is hidden while no test needs the browser.
    """

    def __init__(self) -> None:
        executable = headless_chromium()
        self._playwright = sync_playwright().start()
        self._loop = asyncio._get_running_loop()
        try:
            self.browser = self._playwright.chromium.launch(
                executable_path=executable, chromium_sandbox=os.geteuid() != 0, args=_FLAGS
            )
        except BaseException:
            self._playwright.stop()
            raise
        asyncio._set_running_loop(None)

    @contextmanager
    def awake(self) -> Iterator[Browser]:
        """The browser, in the thread that made it."""
        asyncio._set_running_loop(self._loop)
        try:
            yield self.browser
        finally:
            asyncio._set_running_loop(None)

    def close(self) -> None:
        """End Chromium and what drives it."""
        with self.awake() as browser:
            browser.close()
            self._playwright.stop()


@dataclass
class Complaints:
    """What went wrong in windows of one emulator: in the console, in scripts, and in requests.

    A test names what has to go wrong with `expect`; everything else that does fails it.
    """

    url: str
    came: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    def expect(self, words: str) -> None:
        """At least one complaint with these words has to come until the test ends, and any number may."""
        self._expected.append(words)

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of this context."""
        context.add_init_script(_TELL_OF_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.came.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("page", lambda page: page.on("websocket", lambda socket: self._elsewhere(socket.url)))

    def verdict(self) -> list[str]:
        """What came and was not expected, and what was expected and did not come."""
        surprises = [said for said in self.came if not any(words in said for words in self._expected)]
        missed = [words for words in self._expected if not any(words in said for said in self.came)]
        return surprises + [f"expected, and never came: {words}" for words in missed]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.came.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        self._elsewhere(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.came.append(f"answer: {response.status} for {response.url}")

    def _elsewhere(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("about", "blob", "data") and parts.netloc != urlsplit(self.url).netloc:
            self.came.append(f"request: {url} is elsewhere")


@dataclass
class Windows:
    """Opens windows on one emulator, each of a person of their own: no cookie and no storage is shared."""

    browser: Browser
    complaints: Complaints
    _opened: list[BrowserContext] = field(default_factory=list)

    def open(self, *, theme: Theme = "light", width: int = WIDE, javascript: bool = True) -> Page:
        """An empty page. Paths that it goes to are the emulator's."""
        context = self.browser.new_context(
            base_url=self.complaints.url,
            color_scheme=theme,
            java_script_enabled=javascript,
            locale="en-GB",
            reduced_motion="reduce",
            timezone_id="UTC",
            viewport={"width": width, "height": HEIGHTS[width]},
        )
        self._opened.append(context)
        context.set_default_timeout(DEADLINE * 1000)
        self.complaints.watch(context)
        return context.new_page()

    def close(self) -> None:
        """Close them all."""
        while self._opened:
            self._opened.pop().close()


_AXE: str = AXE_SCRIPT
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def barriers(page: Page) -> list[str]:
    """What keeps people out of the page, by axe-core: WCAG 2.2, levels A and AA, and its best practices."""
    _need_scripts(page)
    # Through the debugger, and not as a script of the page, which its policy would rightly refuse.
    page.evaluate(f"() => {{ if (!window.axe) {{ {_AXE} }} }}")
    options = {"runOnly": _TAGS, "rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{violation['id']} ({violation['impact']}) at {_place(node)}: {' '.join(node['failureSummary'].split())}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def sideways_scroll(page: Page) -> list[str]:
    """The elements that stick out on the right, where the page is wider than its window."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width);
          const name = (e) => e.outerHTML.slice(0, 80) + " ends at " + Math.ceil(e.getBoundingClientRect().right);
          return [`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`, ...out.map(name)];
        }"""
    )
    return found


def layout_jumps(page: Page, *, most: float = 0.01) -> list[str]:
    """What moved by itself since the page was opened, where that adds up to more than `most` of the layout."""
    _need_scripts(page)
    shifts: list[dict[str, Any]] = page.evaluate(
        """async () => {
          const shifts = [];
          const keep = (entries) => shifts.push(...entries.filter((entry) => !entry.hadRecentInput));
          const observer = new PerformanceObserver((list) => keep(list.getEntries()));
          observer.observe({type: "layout-shift", buffered: true});
          const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          await frame();
          await frame();
          keep(observer.takeRecords());
          observer.disconnect();
          const name = (source) => source.node?.outerHTML?.slice(0, 80) ?? source.node?.nodeName ?? "something gone";
          return shifts.map((entry) => ({value: entry.value, moved: entry.sources.map(name)}));
        }"""
    )
    if sum(shift["value"] for shift in shifts) <= most:
        return []
    return [f"{shift['value']:.3f}: {', '.join(shift['moved'])}" for shift in shifts]


def flaws(page: Page) -> list[str]:
    """Everything that a good page has none of: barriers, sideways scroll, layout jumps."""
    return [*barriers(page), *sideways_scroll(page), *layout_jumps(page)]


def _need_scripts(page: Page) -> None:
    scripting = not page.evaluate("() => matchMedia('(scripting: none)').matches")
    assert scripting, "this is measured by a script: open the page in a window with JavaScript"


def _place(node: dict[str, Any]) -> str:
    return " ".join(map(str, node["target"]))
