"""SMS Applications and Connect: an application is pointed to, tried out, and told where Plum is."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from helpers.applications import serving
from helpers.browser import EACH_WAY, Complaints, barriers, flaws, sideways_scroll
from helpers.pages import HOSTILE, HOSTILE_SEEN
from helpers.receivers import Answer, closed_port, receiver
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

HANDSET = "16175550123"
NUMBER, QUIET = "12435678910", "16175550100"
SHOWN, QUIET_SHOWN = "+1 243 567 8910", "+1 617 555 0100"
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])


def edit(page: Page, shown: str = SHOWN) -> None:
    """Go to the list, and from there to one number."""
    page.goto("/console/applications")
    page.get_by_role("link", name=f"Edit {shown}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(shown)


def save(page: Page, url: str) -> None:
    page.get_by_label("Application URL").fill(url)
    page.get_by_role("button", name="Save").click()


def try_it(page: Page, text: str) -> None:
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Try it").click()


@SCRIPTS
def test_an_application_url_is_edited_and_the_next_text_goes_there(page: Page, console: Client) -> None:
    """As in Plum: Edit, one box, Save, and the list shows it."""
    edit(page, QUIET_SHOWN)
    with receiver(lambda _hit: Answer(body=b"<reply><sms_message>It works</sms_message></reply>")) as mine:
        save(page, f"{mine.url}/sms?a=1")
        expect(page.locator("#notice")).to_have_text(f"The Application URL of {QUIET_SHOWN} is saved.")
        expect(page.locator(f"#application-{QUIET}")).to_contain_text(f"{mine.url}/sms?a=1")
        console.receive(from_=HANDSET, to=QUIET, body="Hello, application")
        console.advance(until="idle")
        (hit,) = mine.wait_for(1)
    assert (hit.path, hit.fields["to"], hit.fields["body"]) == ("/sms?a=1", QUIET, "Hello, application")
    assert [message["body"] for message in console.log()] == ["It works", "Hello, application"]


@SCRIPTS
def test_what_is_no_url_is_said_and_what_was_typed_stays(page: Page, console: Client, complaints: Complaints) -> None:
    complaints.expect("400")
    edit(page)
    save(page, "127.0.0.1:8000/sms")
    expect(page.get_by_role("alert")).to_contain_text("an http:// or https:// URL with a host was expected")
    expect(page.get_by_label("Application URL")).to_have_value("127.0.0.1:8000/sms")
    save(page, "http://127.0.0.1:8000/sms")
    expect(page.locator(f"#application-{NUMBER}")).to_contain_text("http://127.0.0.1:8000/sms")
    assert {each["number"]: each["application_url"] for each in console.numbers()}[
        NUMBER
    ] == "http://127.0.0.1:8000/sms"


@SCRIPTS
def test_a_good_application_is_tried_and_nothing_comes_of_it(page: Page, console: Client) -> None:
    """An application in Flask answers as it would answer Plum; neither log nor traffic nor phone know of it."""
    app = Flask(__name__)

    @app.post("/sms")
    def answer() -> str:
        return '<reply><sms_message>Thank you</sms_message><sms_message to="12125550142">New!</sms_message></reply>'

    with serving(app) as address:
        console.set_application(NUMBER, f"{address}/sms")
        edit(page)
        try_it(page, "I would like a table")
        facts = page.locator(".trial .facts")
        expect(facts).to_contain_text("HTTP 200 OK")
        expect(facts).to_contain_text("✓ Valid")
        expect(facts).to_contain_text("2 messages")
    replies = page.locator(".replies li")
    expect(replies.nth(0)).to_contain_text(re.compile(r"Thank you\s+To \+1 617 555 0123\s+from \+1 243"))
    expect(replies.nth(1)).to_contain_text("To +1 212 555 0142")
    expect(page.get_by_label("Text", exact=True)).to_have_value("I would like a table")
    assert (console.log(), console.exchanges()) == ([], [])


@SCRIPTS
def test_a_broken_answer_is_marked_where_it_is_broken(page: Page) -> None:
    """With line and column, and what was expected; then it is tried once more."""
    edit(page)
    try_it(page, "BROKEN")
    expect(page.locator(".trial .facts")).to_contain_text("line 2, column 3: not valid against the SMS Reply Schema")
    expect(page.locator(".trial .facts")).to_contain_text("holding nothing but <sms_message> elements")
    expect(page.locator(".answer mark")).to_have_text("<sms>")
    expect(page.locator(".answer li").nth(1).locator("mark")).to_have_count(1)
    try_it(page, "HELLO")
    expect(page.locator(".trial .facts")).to_contain_text("✓ Valid")
    expect(page.locator(".answer mark")).to_have_count(0)


@SCRIPTS
def test_a_dead_application_is_said_to_be_dead(page: Page, console: Client) -> None:
    console.set_application(NUMBER, f"http://127.0.0.1:{closed_port()}/sms")
    edit(page)
    try_it(page, "HELLO")
    expect(page.locator(".trial .facts")).to_contain_text("the application's answer is not used: Failed to connect")


def test_nothing_is_posted_to_strangers(page: Page, console: Client) -> None:
    """The rule of where the emulator may send requests to holds for trials."""
    console.set_application(NUMBER, "http://192.0.2.1/sms")
    edit(page)
    try_it(page, "HELLO")
    expect(page.locator(".trial .facts")).to_contain_text("192.0.2.1 is not on this machine or a private network")


def test_a_trial_can_be_left_and_come_back_to(page: Page) -> None:
    """The address stays that of the form, so that nothing is posted again by a reload."""
    edit(page)
    try_it(page, "HELLO")
    expect(page.locator(".trial")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/console/applications/{NUMBER}$"))
    page.reload()
    expect(page.locator(".trial")).to_have_count(0)


def test_the_list_is_live(page: Page, console: Client) -> None:
    page.goto("/console/applications")
    expect(page.locator("html.is-live")).to_have_count(1)
    console.set_application(QUIET, "http://127.0.0.1:8000/elsewhere")
    expect(page.locator(f"#application-{QUIET}")).to_contain_text("http://127.0.0.1:8000/elsewhere")


def test_hostile_answers_are_words(page: Page, console: Client) -> None:
    body = f"<reply><sms_message><![CDATA[{HOSTILE}]]></sms_message></reply>".encode()
    with receiver(lambda _hit: Answer(body=body, headers={"X-Evil": "<script>alert(1)</script>"})) as evil:
        console.set_application(NUMBER, f"{evil.url}/<script>alert(1)</script>")
        edit(page)
        try_it(page, HOSTILE)
        expect(page.locator(".replies .words")).to_have_text(HOSTILE_SEEN)
    expect(page.locator(".trial")).to_contain_text("<script>alert(1)</script>")
    assert page.locator(".trial img, .trial script").count() == 0


def test_a_sample_is_copied_by_its_button(page: Page, console: Client) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/console/connect")
    page.locator("[data-copy=sample-php]").click()
    expect(page.locator("[data-copy=sample-php]")).to_have_text("Copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.locator("#sample-php").text_content()
    assert f"curl_init('{console.url}/ws/sms/queue.json')" in copied


@pytest.mark.parametrize("javascript", [False], ids=["without scripts"])
def test_where_no_script_runs_there_is_no_button_that_would_do_nothing(page: Page) -> None:
    page.goto("/console/connect")
    expect(page.locator("#sample-php")).to_contain_text("curl_exec")
    expect(page.locator("[data-copy]:visible")).to_have_count(0)


@EACH_WAY
def test_the_pages_keep_nobody_out(page: Page, console: Client) -> None:
    """The list, what was saved, a trial that went well, and one that did not, and Connect."""
    console.set_application(QUIET, f"http://127.0.0.1:8000/{'long' * 60}")
    page.goto(f"/console/applications?saved={NUMBER}")
    assert flaws(page) == []
    for text in ("LONG", "BROKEN"):
        edit(page)
        try_it(page, text)
        expect(page.locator(".trial")).to_be_visible()
        assert [*barriers(page), *sideways_scroll(page)] == []  # what was asked for may push the foot of the page down
    page.goto("/console/connect")
    assert flaws(page) == []
