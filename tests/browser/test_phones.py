"""Phones: what somebody sees who opens the emulator for the first time, and types."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from helpers.browser import EACH_WAY, Complaints, Windows, flaws
from helpers.pages import HOSTILE, HOSTILE_SEEN
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

FIRST = "16175550123"
NUMBER = "12435678910"
REAL = pytest.mark.parametrize("clock", ["60x"])


def write(page: Page, text: str, handset: str = FIRST) -> None:
    """Type a text on a handset and send it, with the keyboard alone."""
    page.locator(f"#body-{handset}").press_sequentially(text)
    page.keyboard.press("Enter")


@REAL
def test_a_keyword_is_texted_and_the_demo_application_answers(page: Page) -> None:
    """Nothing is read first: a text, Enter, and the answer arrives with its ticks; beside it, what was posted."""
    page.goto("/")
    write(page, "HELLO")
    expect(page.locator(".bubble.mine")).to_contain_text("HELLO")
    expect(page.locator(".bubble.theirs")).to_contain_text("Hello! Text MENU to see what I know.")
    expect(page.locator(".bubble.theirs .status")).to_have_text("✓✓ received")
    posted = re.compile("Posted the text.*POST .*/demo.*200", re.DOTALL)
    expect(page.locator(".latest li").first).to_contain_text(posted)
    expect(page.locator(f"#body-{FIRST}")).to_be_focused()
    expect(page.locator(f"#body-{FIRST}")).to_have_value("")
    expect(page.locator(f"#meter-{FIRST}")).to_have_text("GSM-7 · 0 units · 1 part · room for 160")


def test_ticks_move_live_when_the_clock_does(page: Page, console: Client) -> None:
    page.goto("/")
    console.queue(to=FIRST, from_=NUMBER, body="Your table is ready")
    bubble = page.locator(".bubble.theirs")
    expect(bubble.locator(".status")).to_have_text("○ queued")
    console.advance(1)
    expect(bubble.locator(".status")).to_have_text("✓ sent")
    console.advance(until="idle")
    expect(bubble.locator(".status")).to_have_text("✓✓ received")


@REAL
def test_stop_start_and_help_are_answered_by_the_carrier(page: Page) -> None:
    page.goto("/")
    for word, answer in (("STOP", "unsubscribed"), ("START", "re-subscribed"), ("HELP", "Reply STOP to unsubscribe")):
        write(page, word)
        expect(page.locator(".bubble.automatic").last).to_contain_text(answer)


def test_the_meter_follows_what_is_typed_and_names_the_character(page: Page) -> None:
    page.goto("/")
    text, meter = page.locator(f"#body-{FIRST}"), page.locator(f"#meter-{FIRST}")
    text.press_sequentially("Hello")
    expect(meter).to_have_text("GSM-7 · 5 units · 1 part · room for 155")
    text.press_sequentially("\u2026")
    expect(meter).to_contain_text("UCS-2 · 6 units · 1 part · room for 64 because of U+2026 HORIZONTAL ELLIPSIS")


def test_shift_and_enter_begin_another_line(page: Page, console: Client) -> None:
    page.goto("/")
    page.locator(f"#body-{FIRST}").press_sequentially("one")
    page.keyboard.press("Shift+Enter")
    write(page, "two")
    expect(page.locator(".bubble.mine .words")).to_have_text("one\ntwo")
    assert console.log()[0]["body"] == "one\ntwo"


def test_a_phone_is_added_named_and_texts_another_number(page: Page, console: Client) -> None:
    page.goto("/")
    page.get_by_text("Add a phone").click()
    page.get_by_label("Name", exact=True).last.fill("Bob")
    page.locator(".add select").select_option("16175550100")
    page.get_by_role("button", name="Add").click()
    phone = page.locator("#phone-16175550124")
    expect(phone).to_contain_text("Bob")
    expect(phone).to_contain_text("texts +1 617 555 0100")
    write(page, "to the other", "16175550124")
    expect(phone.locator(".bubble.mine")).to_contain_text("to the other")
    assert console.log()[0]["to"] == "16175550100"
    phone.get_by_text("Change").click()
    phone.get_by_role("button", name="Remove").click()
    expect(phone).to_have_count(0)


def test_what_is_half_typed_stays_while_others_text(page: Page, console: Client) -> None:
    """Neither the words nor the place of the cursor are lost when something arrives, also on another phone."""
    page.goto("/")
    page.locator(f"#body-{FIRST}").press_sequentially("half a sen")
    console.receive(from_=FIRST, to=NUMBER, body="from elsewhere")
    expect(page.locator(".bubble.mine")).to_contain_text("from elsewhere")
    expect(page.locator(f"#body-{FIRST}")).to_have_value("half a sen")
    expect(page.locator(f"#body-{FIRST}")).to_be_focused()


def test_the_newest_text_is_in_sight(page: Page, console: Client) -> None:
    page.goto("/")
    for number in range(30):
        console.receive(from_=FIRST, to=NUMBER, body=f"text {number}")
    expect(page.locator(".bubble").last).to_contain_text("text 29")
    expect(page.locator(".bubble").last).to_be_in_viewport()


@pytest.mark.parametrize("javascript", [False], ids=["without scripts"])
def test_the_newest_text_is_in_sight_without_a_script_too(page: Page, console: Client) -> None:
    for number in range(30):
        console.receive(from_=FIRST, to=NUMBER, body=f"text {number}")
    page.goto("/")
    expect(page.locator(".bubble").last).to_be_in_viewport()
    expect(page.locator(".bubble").first).not_to_be_in_viewport()


def test_who_reads_further_up_is_not_moved_by_what_arrives_or_is_typed(page: Page, console: Client) -> None:
    """Also where the oldest text goes when the newest comes: fifty are on the screen."""
    for number in range(55):
        console.receive(from_=FIRST, to=NUMBER, body=f"text {number}")
    page.goto("/")
    read = page.locator(".bubble").filter(has=page.get_by_text("text 20", exact=True))
    read.scroll_into_view_if_needed()
    place = "(bubble) => bubble.getBoundingClientRect().top"
    before = read.evaluate(place)
    page.locator(f"#body-{FIRST}").press_sequentially("abc")
    expect(page.locator(f"#meter-{FIRST}")).to_contain_text("3 units")
    console.receive(from_=FIRST, to=NUMBER, body="the newest")
    expect(page.locator(".bubble").last).to_contain_text("the newest")
    expect(page.locator(".bubble").last).not_to_be_in_viewport()
    assert read.evaluate(place) == pytest.approx(before, abs=1)


def test_a_number_that_an_application_texts_appears_and_is_opened(page: Page, console: Client) -> None:
    page.goto("/")
    console.queue(to="12125550142", from_=NUMBER, body="Hello you")
    page.get_by_role("button", name="Open +1 212 555 0142").click()
    expect(page.locator("#phone-12125550142 .bubble")).to_contain_text("Hello you")


def test_what_is_wrong_is_said_where_the_person_is(page: Page, complaints: Complaints) -> None:
    complaints.expect("400")
    page.goto("/")
    page.get_by_text("Add a phone").click()
    page.locator("#new-number").fill("12")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#notice")).to_contain_text("'12' is not a phone number")


def test_hostile_words_are_words(page: Page, console: Client) -> None:
    """No tag, no script, no template, no direction of writing gets out of its bubble."""
    console.receive(from_=FIRST, to=NUMBER, body=HOSTILE)
    page.goto("/")
    console.receive(from_=FIRST, to=NUMBER, body=HOSTILE + " once more")
    expect(page.locator(".bubble .words")).to_have_text([HOSTILE_SEEN, HOSTILE_SEEN + " once more"])
    assert page.locator(".bubble img, .bubble script").count() == 0


@pytest.mark.parametrize("javascript", [False], ids=["without scripts"])
def test_without_a_script_the_same_is_done_by_forms(page: Page, console: Client) -> None:
    page.goto("/")
    page.locator(f"#body-{FIRST}").fill("HELLO")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".bubble.mine")).to_contain_text("HELLO")
    console.advance(until="idle")
    page.reload()
    expect(page.locator(".bubble.theirs")).to_contain_text("Hello! Text MENU")
    page.get_by_label("Account").select_option("demo")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".bubble")).to_have_count(0)


def test_the_account_is_chosen_without_a_button(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Account").select_option("demo")
    page.wait_for_url("**/?account=demo")
    expect(page.locator(".phone")).to_have_count(1)


def test_a_page_that_nobody_sees_gives_its_connection_back(page: Page, console: Client) -> None:
    """A browser keeps six connections to a host: with a stream for each hidden tab, the seventh would hang."""
    page.goto("/")
    expect(page.locator("html.is-live")).to_have_count(1)
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    expect(page.locator("html.is-live")).to_have_count(0)
    console.receive(from_=FIRST, to=NUMBER, body="meanwhile")
    page.evaluate(hide, False)
    expect(page.locator(".bubble.mine")).to_contain_text("meanwhile")


def test_two_people_see_the_same(page: Page, windows: Windows) -> None:
    other = windows.open()
    page.goto("/")
    other.goto("/")
    write(page, "Hello everybody")
    expect(other.locator(".bubble.mine")).to_contain_text("Hello everybody")


@EACH_WAY
@pytest.mark.parametrize("path", ["/", f"/console/phones/{FIRST}"], ids=["phones", "presenter"])
def test_a_conversation_keeps_nobody_out(page: Page, console: Client, path: str) -> None:
    """With bubbles of every kind, also while new ones arrive: no barrier, no sideways scroll, no jump."""
    console.queue(to=FIRST, from_=NUMBER, body="Queued \u2013 " + "long" * 30)
    console.receive(from_=FIRST, to=NUMBER, body="STOP")
    console.advance(until="idle")
    console.queue(to=FIRST, from_=NUMBER, body="To somebody who wants no more")
    console.advance(until="idle")
    console.receive(from_=FIRST, to=NUMBER, body="BROKEN")
    console.advance(until="idle")
    page.goto(path)
    console.receive(from_=FIRST, to=NUMBER, body="One more")
    expect(page.locator(".bubble.mine").last).to_contain_text("One more")
    assert flaws(page) == []


def test_the_presenters_phone_sends_and_stays_itself(page: Page, console: Client) -> None:
    page.goto(f"/console/phones/{FIRST}")
    expect(page.get_by_role("heading", level=1)).to_have_text("The demo application")
    write(page, "HELLO")
    expect(page.locator(".bubble.mine")).to_contain_text("HELLO")
    console.advance(until="idle")
    expect(page.locator(".bubble.theirs")).to_contain_text("Hello! Text MENU")
    expect(page.get_by_role("heading", level=1)).to_have_text("The demo application")


def test_a_form_that_waits_for_its_answer_is_not_taken_away_by_an_update(page: Page, console: Client) -> None:
    """An update that comes while a click is on its way is shown after it; the answer finds its place."""
    console.queue(to="12125550142", from_=NUMBER, body="Hello you")
    page.goto("/")
    expect(page.locator("html.is-live")).to_have_count(1)
    released: list[Route] = []
    page.route("**/console/phones", lambda route: released.append(route), times=1)  # noqa: PLW0108 # Playwright looks at what it calls
    page.get_by_role("button", name="Open +1 212 555 0142").click()
    console.queue(to="12125550143", from_=NUMBER, body="Hello you, too")
    expect(page.locator(".bubble, .latest li").filter(has_text="queued").first).to_be_visible()
    for route in released:
        route.continue_()
    expect(page.locator("#phone-12125550142 .bubble")).to_contain_text("Hello you")
    expect(page.get_by_role("button", name="Open +1 212 555 0143")).to_be_visible()
    expect(page.locator("#page")).to_have_count(1)


def test_an_answer_that_comes_late_takes_nothing_back(page: Page, console: Client) -> None:
    """The page that answers a form was made before the application answered, and arrives after that is seen."""
    page.goto("/")

    def slowly(route: Route) -> None:
        answer = route.fetch()
        console.advance(until="idle")
        expect(page.locator(".bubble.theirs")).to_contain_text("Hello!")
        route.fulfill(response=answer)

    page.route("**/texts", slowly, times=1)
    with page.expect_response("**/texts"):
        write(page, "HELLO")
    expect(page.locator(f"#body-{FIRST}")).to_have_value("")
    expect(page.locator(".bubble.theirs")).to_contain_text("Hello!")
    expect(page.locator(".bubble")).to_have_count(2)


def test_a_phone_that_another_window_adds_or_removes_is_seen_and_a_draft_stays(page: Page, windows: Windows) -> None:
    other = windows.open()
    page.goto("/")
    other.goto("/")
    page.locator(f"#body-{FIRST}").press_sequentially("half a sen")
    other.get_by_text("Add a phone").click()
    other.get_by_role("button", name="Add").click()
    expect(page.locator("#phone-16175550124")).to_be_visible()
    expect(page.locator(f"#body-{FIRST}")).to_have_value("half a sen")
    expect(page.locator(f"#body-{FIRST}")).to_be_focused()
    other.locator("#phone-16175550124").get_by_text("Change").click()
    other.locator("#phone-16175550124").get_by_role("button", name="Remove").click()
    expect(page.locator(".phone")).to_have_count(1)
    expect(page.locator(f"#body-{FIRST}")).to_have_value("half a sen")


def test_what_is_chosen_and_opened_stays_while_another_form_is_answered(page: Page) -> None:
    """A form that is half filled in does not close, and does not choose something else."""
    page.goto("/")
    phone = page.locator(f"#phone-{FIRST}")
    phone.get_by_text("Change").click()
    phone.locator("select").select_option("16175550100")
    write(page, "meanwhile")
    expect(phone.locator(".bubble.mine")).to_contain_text("meanwhile")
    expect(phone.locator("select")).to_have_value("16175550100")
    expect(phone.locator("select")).to_be_visible()
    phone.get_by_role("button", name="Save").click()
    expect(phone.locator(".numbers")).to_contain_text("texts +1 617 555 0100")
    expect(phone.locator("select")).to_be_hidden()


def test_a_stream_that_is_lost_is_said_and_goes_on_by_itself(
    page: Page, console: Client, complaints: Complaints
) -> None:
    complaints.expect("Failed to load")
    page.route("**/console/live*", lambda route: route.abort())
    page.goto("/")
    expect(page.locator("#notice")).to_contain_text("The emulator does not answer.")
    page.unroute("**/console/live*")
    expect(page.locator("#notice")).to_be_empty()
    console.receive(from_=FIRST, to=NUMBER, body="there again")
    expect(page.locator(".bubble.mine")).to_contain_text("there again")


def test_a_stream_that_is_refused_is_said(page: Page, console: Client, complaints: Complaints) -> None:
    """As when the emulator was started anew, and the account is no more."""
    complaints.expect("Failed to load")
    console.make_account(username="clinic", password="secret", numbers=["16465550188"])
    page.route("**/console/live*", lambda route: route.fulfill(status=404))
    page.goto("/?account=clinic")
    expect(page.locator("#notice")).to_contain_text("This page is not kept up to date any more.")


def test_drafts_stay_on_every_phone_whatever_is_done_with_the_others(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Add a phone").click()
    page.get_by_role("button", name="Add").click()
    second = page.locator("#body-16175550124")
    expect(second).to_be_focused()
    second.press_sequentially("not sent yet")
    first = page.locator(f"#phone-{FIRST}")
    first.get_by_text("Change").click()
    first.get_by_label("Name").fill("Anna")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_role("heading")).to_have_text("Anna")
    expect(second).to_have_value("not sent yet")
    write(page, "sent")
    expect(first.locator(".bubble.mine")).to_contain_text("sent")
    expect(second).to_have_value("not sent yet")


def test_a_text_goes_to_the_number_that_is_shown_also_when_another_window_chooses_another(
    page: Page, windows: Windows, console: Client
) -> None:
    other = windows.open()
    page.goto("/")
    other.goto("/")
    phone = other.locator(f"#phone-{FIRST}")
    phone.get_by_text("Change").click()
    phone.locator("select").select_option("16175550100")
    phone.get_by_role("button", name="Save").click()
    expect(page.locator(f"#phone-{FIRST} .numbers")).to_contain_text("texts +1 617 555 0100")
    write(page, "to the new one")
    expect(page.locator(".bubble.mine")).to_contain_text("to the new one")
    assert console.log()[0]["to"] == "16175550100"


def test_the_top_of_the_page_says_that_the_clock_stands_still_and_what_waits(page: Page, console: Client) -> None:
    page.goto("/")
    expect(page.locator(".whose .chip")).to_have_text("manual clock")
    console.queue(to=FIRST, from_=NUMBER, body="Later")
    expect(page.locator(".whose .chip")).to_have_text("manual clock · 2 due")
    console.set_clock("real")
    expect(page.locator(".whose .chip")).to_have_text("real clock")


def test_an_emulator_that_does_not_answer_is_said_and_the_words_stay(page: Page, complaints: Complaints) -> None:
    complaints.expect("Failed to load")
    complaints.expect("htmx:")
    page.goto("/")
    page.route("**/texts", lambda route: route.abort())
    write(page, "Anybody there?")
    expect(page.locator("#notice")).to_contain_text("No answer came. See whether it arrived, or send it again.")
    expect(page.locator(f"#body-{FIRST}")).to_have_value("Anybody there?")
    page.unroute("**/texts")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.mine")).to_contain_text("Anybody there?")
    expect(page.locator("#notice")).to_be_empty()


def test_an_account_that_ends_is_said_on_its_open_pages(page: Page, console: Client) -> None:
    console.make_account(username="clinic", password="secret", numbers=["16465550188"])
    page.goto("/?account=clinic")
    expect(page.locator("html.is-live")).to_have_count(1)
    console.end_account("clinic")
    expect(page.locator("#notice")).to_contain_text("This account has ended.")


def test_a_double_click_adds_one_phone(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Add a phone").click()
    page.get_by_role("button", name="Add").dblclick()
    expect(page.locator(".phone")).to_have_count(2)
    page.reload()
    expect(page.locator(".phone")).to_have_count(2)


def test_with_the_keyboard_one_goes_through_the_accounts_before_one_is_shown(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Account").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Account")).to_have_value("demo")
    assert "account=demo" not in page.url
    page.keyboard.press("Enter")
    page.wait_for_url("**/?account=demo")
