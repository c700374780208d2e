"""SMS Message Logs: find a message, look at everything that happened to it, see it change."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from helpers.browser import EACH_WAY, Complaints, flaws
from helpers.pages import HOSTILE, HOSTILE_SEEN
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

LOGS = "/console/logs"
CUSTOMER = "16175550123"
NUMBER = "12435678910"
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])


def text(console: Client, body: str) -> str:
    """A customer texts the demo application, which has answered; the id of the text."""
    message = console.receive(from_=CUSTOMER, to=NUMBER, body=body)
    console.advance(until="idle")
    id_: str = message["sms_message_id"]
    return id_


def queue(console: Client, body: str, result_url: str = "") -> str:
    """An application queues a message; its id."""
    id_: str = console.queue(to=CUSTOMER, from_=NUMBER, body=body, result_url=result_url)[0]["sms_message_id"]
    return id_


@SCRIPTS
def test_a_message_is_found_by_its_words_and_filters_and_viewed(page: Page, console: Client) -> None:
    """The words are marked where they were found; from the message its replies and its text are one step away."""
    text(console, "TWICE")
    text(console, "lunch?")
    queue(console, "Lunch is ready")
    page.goto(LOGS)
    rows = page.locator(".log tbody tr")
    expect(rows).to_have_count(6)
    expect(page.locator(".log thead")).to_contain_text(re.compile(r"To\s+From\s+Timestamp\s+Status\s+Type"))

    page.get_by_label("Words").fill("lunch")
    page.get_by_label("Words").press("Enter")
    expect(page.locator(".log .excerpt")).to_have_text(["Lunch is ready", re.compile("You said: lunch"), "lunch?"])
    expect(page.locator(".log mark")).to_have_text(["Lunch", "lunch", "lunch"])

    page.get_by_label("Type").select_option("inbound")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".log .excerpt")).to_have_text(["lunch?"])
    expect(page).to_have_url(re.compile("words=lunch.*type=inbound"))

    page.get_by_role("link", name="View").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Message")
    expect(page.locator(".facts").first).to_contain_text("lunch?")
    timeline = page.locator(".timeline")
    expect(timeline).to_contain_text("Posted to the application")
    timeline.get_by_role("link", name="View").click()
    expect(page.locator(".timeline")).to_contain_text("The application asked for it in its answer.")
    page.get_by_role("link", name="the text from").click()
    expect(page.locator(".facts").first).to_contain_text("lunch?")


@SCRIPTS
def test_the_log_is_paged_and_a_search_without_finds_leads_back(page: Page, console: Client) -> None:
    for n in range(60):
        queue(console, f"message {n}")
    page.goto(LOGS)
    rows = page.locator(".log tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(rows).to_have_count(10)
    page.get_by_role("link", name="Newer").click()
    expect(rows).to_have_count(50)

    page.get_by_label("Number", exact=True).fill("555")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main")).to_contain_text("“555” is no whole phone number")
    page.get_by_role("link", name="Show all messages").click()
    expect(rows).to_have_count(50)


@SCRIPTS
def test_xml_that_was_not_taken_is_marked_where_it_is_wrong(page: Page, console: Client) -> None:
    """The demo application answers BROKEN with an element that the schema does not know."""
    page.goto(f"{LOGS}/{text(console, 'BROKEN')}")
    expect(page.locator(".listing mark")).to_have_text("<sms>")
    expect(page.locator(".listing .why")).to_contain_text("Unexpected child with tag 'sms'")
    expect(page.locator(".listing .why")).to_contain_text("expected <reply> without attributes")
    page.get_by_role("link", name="line 2, column 3").click()
    expect(page.locator(".listing li:target")).to_contain_text("This is not what the schema says.")


def test_the_first_message_comes_live_and_its_status_moves(page: Page, console: Client) -> None:
    """Nothing is reloaded, and what is typed meanwhile stays."""
    page.goto(LOGS)
    expect(page.locator("main")).to_contain_text("curl -u username:password")
    page.get_by_label("Words").fill("lun")
    queue(console, "Lunch is ready")
    status = page.locator(".log tbody .status")
    expect(status).to_have_text("○ queued")
    expect(page.locator(".first-steps")).to_be_hidden()
    console.advance(1)
    expect(status).to_have_text("✓ sent")
    console.advance(until="idle")
    expect(status).to_have_text("✓✓ received")
    expect(page.get_by_label("Words")).to_have_value("lun")


def test_what_is_searched_for_comes_live(page: Page, console: Client) -> None:
    queue(console, "Dinner is ready")
    page.goto(LOGS)
    page.get_by_label("Words").fill("lunch")
    page.get_by_label("Words").press("Enter")
    expect(page.locator("main")).to_contain_text("No message matches.")
    queue(console, "Lunch is ready")
    queue(console, "Supper is ready")
    expect(page.locator(".log .excerpt")).to_have_text(["Lunch is ready"])


def test_the_answer_to_a_search_is_shown_also_when_the_last_one_was_told_of_meanwhile(
    page: Page, console: Client
) -> None:
    """The same word in another field is another search, whatever comes first."""
    queue(console, "this has failed")
    page.goto(f"{LOGS}?words=failed")
    rows = page.locator(".log tbody tr:not(.excerpt)")
    expect(rows).to_have_count(1)

    def slowly(route: Route) -> None:
        answer = route.fetch()
        queue(console, "another that failed")
        expect(rows).to_have_count(2)
        route.fulfill(response=answer)

    page.route(re.compile("status=failed"), slowly, times=1)
    page.get_by_label("Words").fill("")
    page.get_by_label("Status").select_option("failed")
    with page.expect_response(re.compile("logs.*status=failed")):
        page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No message matches.")).to_be_visible()


def test_a_timeline_grows_live(page: Page, console: Client) -> None:
    """What was to come becomes what has happened, with the callback that told of it."""
    page.goto(f"{LOGS}/{queue(console, 'Hello', console.sink_url('results'))}")
    moments = page.locator(".moment")
    expect(moments).to_have_count(4)
    expect(moments.nth(2)).to_contain_text("Becomes ✓ sent then.")
    console.advance(1)
    expect(page.locator(".facts .status")).to_have_text("✓ sent")
    expect(moments.nth(2)).to_have_text(re.compile("✓ sent"))
    expect(moments.nth(3)).to_contain_text("Result URL told of sent, attempt 1")


def test_hostile_text_is_text(page: Page, console: Client) -> None:
    """Nothing of it runs, loads or turns what stands beside it."""
    id_ = text(console, HOSTILE)
    page.goto(f"{LOGS}?words=script")
    expect(page.locator(".log .excerpt").last).to_contain_text("<script>alert('1')</script>")
    page.goto(f"{LOGS}/{id_}")
    expect(page.locator(".facts dd.words")).to_have_text(HOSTILE_SEEN)
    assert page.locator("main script, main img").count() == 0


@EACH_WAY
def test_the_log_keeps_nobody_out(page: Page, console: Client) -> None:
    page.goto(LOGS)
    assert flaws(page) == []
    text(console, "TWICE")
    queue(console, "Lunch is ready")
    for query in ("", "?words=lunch", "?words=breakfast"):
        page.goto(LOGS + query)
        assert flaws(page) == []


@EACH_WAY
def test_the_page_of_a_message_keeps_nobody_out(page: Page, console: Client, complaints: Complaints) -> None:
    complaints.expect("404")
    hostile = text(console, HOSTILE + "x" * 500)
    for target in (
        text(console, "BROKEN"),
        text(console, "STOP"),
        queue(console, "“now”", "http://127.0.0.1:9/"),
        hostile,
    ):
        page.goto(f"{LOGS}/{target}")
        assert flaws(page) == []
    page.goto(f"{LOGS}/nobody")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such message")
    assert flaws(page) == []
