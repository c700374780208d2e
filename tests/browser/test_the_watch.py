"""What watches the pages sees what it is there for, and stays out of everybody else's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from helpers.browser import NARROW, Complaints, Windows, barriers, layout_jumps, sideways_scroll
from helpers.receivers import receiver
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Plain</title></head><body><main><h1>Plain</h1></main></body></html>
"""


def go(page: Page) -> None:
    """Open a page of ours that has no flaw, under a strict policy."""
    headers = {"Content-Security-Policy": "default-src 'self'"}
    page.route("**/plain", lambda route: route.fulfill(body=PLAIN, content_type="text/html", headers=headers))
    page.goto("/plain")


@pytest.fixture
def apart(console: Client) -> Complaints:
    """Complaints that the test looks at itself."""
    return Complaints(console.url)


@pytest.fixture
def watched(browser: Browser, apart: Complaints) -> Iterator[Page]:
    """The plain page, in a window of those complaints."""
    windows = Windows(browser, apart)
    page = windows.open()
    go(page)
    yield page
    windows.close()


def test_what_the_console_says_and_what_scripts_raise_is_a_complaint(watched: Page, apart: Complaints) -> None:
    with watched.expect_event("console"):
        watched.evaluate("() => console.warn('a warning')")
    with watched.expect_event("pageerror"):
        watched.evaluate("() => { setTimeout(() => { throw new Error('a bug'); }); }")
    watched.evaluate("() => console.log('only talk')")
    assert apart.verdict() == ["console: a warning", "script: a bug"]


def test_what_the_policy_blocks_is_a_complaint(watched: Page, apart: Complaints) -> None:
    with watched.expect_console_message(lambda said: said.text.startswith("Content-Security-Policy")):
        watched.evaluate("() => document.body.append(Object.assign(document.createElement('script'), {text: '1'}))")
    assert "console: Content-Security-Policy: script-src-elem has blocked inline" in apart.verdict()


def test_a_request_to_another_origin_is_a_complaint(watched: Page, apart: Complaints) -> None:
    with receiver() as stranger:
        watched.goto(stranger.url)
    assert f"request: {stranger.url}/ is elsewhere" in apart.verdict()


def test_an_answer_of_the_500s_is_a_complaint(watched: Page, apart: Complaints) -> None:
    watched.route("**/broken", lambda route: route.fulfill(status=503, body="broken"))
    watched.goto("/broken")
    assert f"answer: 503 for {apart.url}/broken" in apart.verdict()


def test_what_is_expected_is_none_and_what_does_not_come_is_one(watched: Page, apart: Complaints) -> None:
    apart.expect("a warning")
    apart.expect("an error")
    with watched.expect_event("console"):
        watched.evaluate("() => console.warn('a warning')")
    assert apart.verdict() == ["expected, and never came: an error"]


def test_a_picture_without_words_and_small_grey_text_are_barriers(watched: Page) -> None:
    watched.evaluate(
        """() => document.querySelector("main").append(
          document.createElement("img"),
          Object.assign(document.createElement("p"), {id: "pale", textContent: "pale"}))"""
    )
    watched.evaluate("() => { document.getElementById('pale').style.cssText = 'color: #bbb; background: #fff'; }")
    assert [barrier.partition(":")[0] for barrier in barriers(watched)] == [
        "color-contrast (serious) at #pale",
        "image-alt (critical) at img",
    ]


@pytest.mark.parametrize("width", [NARROW])
def test_what_sticks_out_is_named(page: Page) -> None:
    go(page)
    page.evaluate(
        """() => {
          const long = Object.assign(document.createElement("p"), {id: "long"});
          long.style.cssText = "width: 500px; min-width: 500px; height: 1px";
          document.body.prepend(long);
        }"""
    )
    found = sideways_scroll(page)
    assert found[0].endswith("the window 390")
    assert any(line.startswith('<p id="long"') for line in found)


def test_what_moves_by_itself_is_named(page: Page) -> None:
    go(page)
    assert layout_jumps(page) == []
    page.evaluate(
        """() => {
          const late = document.createElement("p");
          late.style.height = "300px";
          document.body.prepend(late);
        }"""
    )
    assert any("<main>" in line for line in layout_jumps(page))


@pytest.mark.parametrize("javascript", [False])
def test_measuring_a_page_without_scripts_is_refused(page: Page) -> None:
    """A promise would never be kept there."""
    go(page)
    with pytest.raises(AssertionError, match="open the page in a window with JavaScript"):
        barriers(page)


def test_a_window_knows_nothing_of_another(windows: Windows) -> None:
    one, other = windows.open(), windows.open()
    for page in (one, other):
        go(page)
    one.evaluate("() => localStorage.setItem('word', 'mine')")
    assert other.evaluate("() => localStorage.getItem('word')") is None


@pytest.mark.usefixtures("chromium")
def test_a_loop_may_run_beside_a_browser_that_nobody_uses() -> None:
    """Tests of this process that run a loop of their own do not notice the browser."""
    assert asyncio.run(asyncio.sleep(0, "ran")) == "ran"
