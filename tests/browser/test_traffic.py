"""Traffic: look at what went to and fro, and meddle with callbacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from helpers.browser import EACH_WAY, NARROW, WIDE, Complaints, flaws
from helpers.pages import HOSTILE
from helpers.receivers import Answer, Receiver, receiver
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

TRAFFIC = "/console/traffic"
CUSTOMER = "16175550123"
NUMBER = "12435678910"
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])


@pytest.fixture
def results() -> Iterator[Receiver]:
    """A result URL that takes everything."""
    with receiver() as results:
        yield results


def queue(console: Client, results: Receiver, body: str = "Your table is ready") -> None:
    """An application queues a message."""
    console.queue(to=CUSTOMER, from_=NUMBER, body=body, result_url=f"{results.url}/results")


@SCRIPTS
def test_a_callback_is_held_edited_and_released(page: Page, console: Client, results: Receiver) -> None:
    """What the receiver gets is what was written on the page, and what came of it is shown next."""
    page.goto(TRAFFIC)
    page.get_by_role("button", name="Hold callbacks").click()
    expect(page.locator("#callbacks")).to_contain_text("Callbacks are held until they are released.")
    queue(console, results)
    console.advance(until="idle")
    page.goto(TRAFFIC)
    expect(page.locator("#callbacks tbody tr")).to_have_count(2)
    assert results.hits == []

    page.locator("#callbacks tbody tr").last.get_by_role("link", name="Edit").click()
    body = page.get_by_label("Body")
    expect(body).to_have_value(re.compile("sms_message_id=[0-9a-f]{32}&status=received"))
    body.fill("sms_message_id=nobody&status=lost")
    page.get_by_label("URL").fill(f"{results.url}/elsewhere")
    page.get_by_label("Further headers").fill("X-Retry: 1")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Exchange [0-9]+"))
    (hit,) = results.wait_for(1)
    assert (hit.path, hit.status, hit.headers["X-Retry"]) == ("/elsewhere", ("nobody", "lost"), "1")
    expect(page.locator("main")).to_contain_text("/elsewhere")

    page.get_by_role("main").get_by_role("link", name="Traffic").click()
    page.get_by_role("button", name="Release all").click()
    assert results.wait_for(2)[1].status[1] == "sent"
    expect(page.locator("#callbacks")).to_contain_text("None is held yet.")
    page.get_by_role("button", name="Hold no more").click()
    expect(page.locator("#callbacks")).to_contain_text("Callbacks go out as they fall due.")


@pytest.mark.parametrize("clock", ["60x"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_exchanges_stay_where_they_are_while_callbacks_come_and_go(
    page: Page, console: Client, results: Receiver, width: int
) -> None:
    page.goto(TRAFFIC)
    top = "(section) => section.getBoundingClientRect().top"
    exchanges = page.locator("#exchanges")
    before = exchanges.evaluate(top)
    expect(page.locator("html.is-live")).to_have_count(1)
    for _ in range(5):
        queue(console, results)
    expect(page.locator(".exchanges tbody tr")).to_have_count(15)
    assert exchanges.evaluate(top) == before
    console.hold()
    queue(console, results)
    expect(page.locator("#callbacks tbody tr")).to_have_count(2)
    assert exchanges.evaluate(top) == pytest.approx(
        before, abs=0 if width == WIDE else 60
    )  # two buttons, on a line of their own


def test_an_edit_of_one_exchange_is_none_of_another(page: Page, console: Client, results: Receiver) -> None:
    queue(console, results)
    console.advance(until="idle")
    page.goto(f"{TRAFFIC}?operation=callback")
    page.get_by_role("link", name="View").first.click()
    page.get_by_text("Edit and replay").click()
    url = page.get_by_label("URL")
    own = url.input_value()
    url.fill(own + "?edited")
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("was made once more: this is what came of it.")
    expect(url).to_be_hidden()
    expect(url).to_have_value(own)


def test_with_the_keyboard_one_goes_on_in_the_row_that_took_the_place(page: Page, console: Client) -> None:
    """Whoever drops one callback after the other is not sent to the top of the page each time."""
    console.hold()
    for body in ("one", "two", "three"):
        console.queue(to=CUSTOMER, from_=NUMBER, body=body, result_url=console.sink_url())
    console.advance(until="idle")
    page.goto(TRAFFIC)
    rows = page.locator("#callbacks tbody tr")
    expect(rows).to_have_count(6)
    rows.nth(1).get_by_role("button", name="Release").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(5)
    expect(rows.nth(1).get_by_role("button", name="Release")).to_be_focused()


@SCRIPTS
def test_a_request_is_replayed_and_replayed_edited(page: Page, console: Client, results: Receiver) -> None:
    """One lands on what came of it each time."""
    queue(console, results)
    console.advance(until="idle")
    first = results.wait_for(2)[1]
    page.goto(TRAFFIC)
    page.get_by_role("link", name="View exchange 3").click()
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Exchange 4")
    assert results.wait_for(3)[2] == first
    page.get_by_text("Edit and replay").click()
    page.get_by_label("Body").fill("again=yes")
    page.get_by_role("button", name="Replay edited").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Exchange 5")
    assert results.wait_for(4)[3].fields == {"again": "yes"}


def test_traffic_and_callbacks_appear_while_one_looks_on(page: Page, console: Client, results: Receiver) -> None:
    """And so does what is done with callbacks from elsewhere; filters stay."""
    page.goto(f"{TRAFFIC}?direction=out")
    expect(page.locator("#exchanges")).to_contain_text("Nothing of this kind yet.")
    queue(console, results)
    console.advance(1)
    expect(page.locator("#exchange-2")).to_contain_text("callback")
    console.hold()
    console.advance(until="idle")
    expect(page.locator("#callbacks tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Duplicate").click()
    expect(page.locator("#callbacks tbody tr")).to_have_count(2)
    page.locator("#callbacks tbody tr").first.get_by_role("button", name="Drop").click()
    expect(page.locator("#callbacks tbody tr")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Release callback")).click()
    expect(page.locator("#exchange-3")).to_contain_text("callback")
    expect(page.locator("tr[id^=exchange-]")).to_have_count(2)
    assert page.url.endswith("?direction=out")


def test_filters_are_chosen_from_what_there_is(page: Page, console: Client, results: Receiver) -> None:
    queue(console, results)
    console.advance(until="idle")
    page.goto(TRAFFIC)
    rows = page.locator("tr[id^=exchange-]")
    expect(rows).to_have_count(3)
    page.get_by_label("Operation").select_option("queue")
    page.locator("#exchanges").get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    page.get_by_label("only what went wrong").check()
    page.locator("#exchanges").get_by_role("button", name="Show").click()
    expect(page.locator("#exchanges")).to_contain_text("Nothing of this kind yet.")
    page.get_by_role("link", name="Show all").first.click()
    expect(rows).to_have_count(3)


def test_the_curl_line_is_copied(page: Page, console: Client, results: Receiver) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    queue(console, results)
    page.goto(f"{TRAFFIC}/1")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.locator("#curl").text_content()
    assert copied.startswith("curl -u username:password ")


def test_what_cannot_be_is_said_in_place(page: Page, complaints: Complaints) -> None:
    """What was written stays, and the page too."""
    complaints.expect("400")
    page.goto(TRAFFIC)
    page.get_by_label("Hold each for at most").fill("soon")
    page.get_by_role("button", name="Hold callbacks").click()
    expect(page.get_by_role("alert")).to_contain_text("'soon' is no number of seconds")
    expect(page.get_by_label("Hold each for at most")).to_have_value("soon")


def test_hostile_words_are_only_words(page: Page, console: Client) -> None:
    """In a text, in what a receiver answers, and in a path that nobody knows."""
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    hostile = Answer(
        status=200, body=HOSTILE.encode(), headers={"Content-Type": "text/html", "X-Hostile": "<b>{{7*7}}"}
    )
    with receiver(lambda _hit: hostile) as results:
        queue(console, results, body=HOSTILE)
        console.hold()
        console.advance(until="idle")
        console.release()
    for path in (TRAFFIC, f"{TRAFFIC}/1", f"{TRAFFIC}/2"):
        page.goto(path)
        assert page.locator("main img").count() == 0
        assert page.locator("main b").count() == 0
    expect(page.locator("main")).to_contain_text("<script>alert('1')</script>")
    expect(page.locator("main")).to_contain_text("<b>{{7*7}}")
    page.goto(f"{TRAFFIC}/2/answer")
    assert page.locator("img").count() == 0


@EACH_WAY
def test_the_pages_keep_nobody_out(page: Page, console: Client, results: Receiver) -> None:
    """They have no barrier, do not scroll sideways, and nothing jumps, light or dark, wide or narrow."""
    page.goto(TRAFFIC)
    assert flaws(page) == []
    queue(console, results, body="A" * 150 + HOSTILE)
    console.advance(1)
    console.hold()
    console.advance(until="idle")
    pending, *_ = console.callbacks()["pending"]
    for path in ("", "/1", "/2", f"/callbacks/{pending['id']}"):
        page.goto(f"{TRAFFIC}{path}")
        assert flaws(page) == [], path
