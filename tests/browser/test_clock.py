"""The clock's page in a real browser: time under somebody's hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from helpers.browser import EACH_WAY, Complaints, Windows, flaws
from helpers.leases import call
from helpers.pages import HOSTILE
from helpers.receivers import Answer, Hit, receiver
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

HANDSET = "16175550123"
NUMBER = "12435678910"
WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])


def advance(page: Page, words: str) -> None:
    page.get_by_role("button", name=f"Advance: {words}").click()


def test_ticks_on_the_phone_change_as_the_clock_is_advanced(page: Page, windows: Windows, console: Client) -> None:
    """Two people look on: one moves the clock, the other sees the message arrive. The agenda goes along."""
    console.queue(to=HANDSET, from_=NUMBER, body="Hello there")
    phone = windows.open()
    phone.goto("/")
    ticks = phone.locator(".bubble .status")
    expect(ticks).to_have_text("○ queued")
    page.goto("/console/clock")
    rows = page.get_by_role("region", name="Agenda").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("2026-01-31 12:00:01 UTC")
    expect(rows.first).to_contain_text("in 1 s")
    advance(page, "Next")
    expect(page.locator("#notice")).to_have_text(
        "The clock shows 2026-01-31 12:00:01 UTC. On the way: 1 status change."
    )
    expect(page.locator(".now")).to_have_text("2026-01-31 12:00:01 UTC")
    expect(rows).to_have_count(1)
    expect(ticks).to_have_text("✓ sent")
    advance(page, "Until idle")
    expect(page.get_by_text("Nothing is due.")).to_be_visible()
    expect(ticks).to_have_text("✓✓ received")


def test_the_page_is_live(page: Page, console: Client) -> None:
    """What others do to the clock and to the agenda shows by itself, and the buttons go on working after it."""
    page.goto("/console/clock")
    expect(page.get_by_text("Nothing is due.")).to_be_visible()
    console.queue(to=HANDSET, from_=NUMBER, body="Hello there")
    expect(page.get_by_role("link", name="to +1 617 555 0123")).to_have_count(2)
    console.set_clock("scaled", rate=0.001)
    expect(page.get_by_text("scaled: it goes 0.001 times as fast")).to_be_visible()
    page.get_by_role("button", name="Make it manual").click()
    advance(page, "Until idle")
    expect(page.get_by_text("Nothing is due.")).to_be_visible()
    expect(page).to_have_url(f"{console.url}/console/clock")
    assert [message["status"] for message in console.log()] == ["received"]


def test_an_answer_that_comes_late_finds_its_place(page: Page, console: Client) -> None:
    """Also when the button that asked for it has gone from the page meanwhile."""
    console.set_clock("real")
    page.goto("/console/clock")
    held: list[Route] = []
    page.route("**/console/clock", lambda route: held.append(route))  # noqa: PLW0108 # Playwright wants a function
    page.get_by_role("button", name="Make it manual").click()
    console.set_clock("manual")
    expect(page.get_by_role("button", name="Advance: Next")).to_be_visible()
    with page.expect_response(lambda answer: answer.status == 200 and answer.url.endswith("/console/clock")):
        held[0].continue_()
    advance(page, "1 second")
    expect(page.locator("#notice")).to_contain_text("Nothing was due on the way.")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


@pytest.mark.parametrize("clock", ["1000x@2026-01-31T12:00:00Z"])
def test_a_clock_that_goes_by_itself_is_seen_going(page: Page) -> None:
    page.goto("/console/clock")
    before = page.locator(".now").inner_text()
    expect(page.locator(".now")).not_to_have_text(before)


def test_what_is_held_back_waits_for_somebody(page: Page, console: Client) -> None:
    console.hold()
    console.queue(to=HANDSET, from_=NUMBER, body="Hello there", result_url=f"{console.url}/_plum/sink/results")
    page.goto("/console/clock")
    advance(page, "Next")
    row = page.get_by_role("row").filter(has_text="when it is released")
    expect(row).to_contain_text("callback")
    expect(row.get_by_role("link", name="held")).to_have_attribute("href", "/console/traffic")


def test_an_application_that_advances_inside_its_callback_is_not_waited_for(page: Page, console: Client) -> None:
    """Both would wait for each other. It is told so, and its advance goes on top of the one under way."""
    heard: list[str] = []

    def application(_hit: Hit) -> Answer:
        if not heard:
            heard.append(call("POST", f"{console.url}/console/clock/advance", data={"by": "1h"}).text)
        return Answer()

    with receiver(application) as results:
        console.queue(to=HANDSET, from_=NUMBER, body="Hello there", result_url=results.url)
        page.goto("/console/clock")
        advance(page, "Next")
        expect(page.locator("#notice")).to_contain_text("On the way: 2 status changes, 2 callbacks.")
    assert "This goes on top of another advance that is under way." in heard[0]
    assert console.clock()["now"] == "2026-01-31T13:00:01.000Z"


@WITH_AND_WITHOUT
def test_a_snapshot_brings_messages_back(page: Page, console: Client) -> None:
    """Saved, everything lost by a reset, restored, deleted."""
    console.queue(to=HANDSET, from_=NUMBER, body="Hello there")
    page.goto("/console/clock")
    page.get_by_label("Name", exact=True).fill("before")
    page.get_by_role("button", name="Save a snapshot").click()
    expect(page.locator("#notice")).to_have_text("Snapshot before was saved.")
    expect(page.get_by_role("row").filter(has_text="before")).to_contain_text("1 message")
    page.get_by_text("Reset account username").click()
    page.get_by_role("button", name="Reset it now").click()
    expect(page.locator("#notice")).to_have_text("The account was reset: it is as it began.")
    assert console.log() == []
    page.get_by_role("button", name="Restore before").click()
    expect(page.locator("#notice")).to_have_text("The account is again what it was in snapshot before, with 1 message.")
    assert [message["body"] for message in console.log()] == ["Hello there"]
    page.get_by_role("button", name="Delete before").click()
    expect(page.get_by_text("There is no snapshot yet.")).to_be_visible()


@WITH_AND_WITHOUT
def test_the_clock_is_set_to_an_instant_and_advanced(page: Page, console: Client) -> None:
    page.goto("/console/clock")
    page.get_by_text("Set the clock").click()
    page.get_by_label("It goes").select_option("manual")
    page.get_by_label("From").fill("2031-02-03T04:05:06Z")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator(".now")).to_have_text("2031-02-03 04:05:06 UTC")
    advance(page, "1 hour")
    expect(page.locator("#notice")).to_have_text("The clock shows 2031-02-03 05:05:06 UTC. Nothing was due on the way.")
    assert console.clock()["now"] == "2031-02-03T05:05:06.000Z"


def test_what_cannot_be_is_said_in_place_and_what_was_typed_stays(page: Page, complaints: Complaints) -> None:
    complaints.expect("400")
    page.goto("/console/clock")
    page.get_by_text("Set the clock").click()
    page.get_by_label("From").fill("tomorrow")
    for _ in range(2):
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.locator("#notice")).to_contain_text("'tomorrow' is not an instant")
    expect(page.get_by_label("From")).to_have_value("tomorrow")
    page.reload()
    expect(page.get_by_role("heading", name="Clock", exact=True)).to_be_visible()


def test_hostile_texts_do_nothing(page: Page, console: Client) -> None:
    console.receive(from_=HANDSET, to=NUMBER, body=f"\x00{HOSTILE}")
    page.goto("/console/clock")
    expect(page.get_by_role("region", name="Agenda")).to_contain_text("<script>alert('1')</script>")


@EACH_WAY
def test_the_clock_keeps_nobody_out(page: Page, console: Client) -> None:
    """It has no barrier, does not scroll sideways, and nothing jumps; empty, and with all that it can show."""
    page.goto("/console/clock")
    assert flaws(page) == []
    console.add_rule(then={"sent_after": 30})
    console.hold()
    console.queue(to=HANDSET, from_=NUMBER, body="x" * 200, result_url=f"{console.url}/_plum/sink/results")
    console.advance(30)
    console.receive(from_=HANDSET, to=NUMBER, body="Hello there")
    console.save("x" * 64)
    page.goto("/console/clock")
    for summary in page.locator("summary").all():
        summary.click()
    advance(page, "1 second")
    expect(page.locator("#notice")).to_contain_text("The clock shows")
    for summary in page.locator("summary").all():
        summary.click()
    assert flaws(page) == []
