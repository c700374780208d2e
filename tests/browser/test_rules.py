"""The pages of rules and scenarios in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from helpers.browser import EACH_WAY, Complaints, flaws
from helpers.pages import HOSTILE
from plum_emulator.client import Client
from plum_emulator.errors import CallFailed

pytestmark = [pytest.mark.journey, pytest.mark.slow]

HANDSET = "16175550123"
NUMBER = "12435678910"
WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])


@WITH_AND_WITHOUT
def test_a_scenario_is_switched_on_and_off(page: Page, console: Client) -> None:
    page.goto("/console/rules")
    page.get_by_role("button", name="Switch on Carrier outage").click()
    expect(page.get_by_role("row").filter(has_text="carrier-outage-1")).to_contain_text("unused")
    console.queue(to=HANDSET, from_=NUMBER, body="Hello there")
    console.advance(until="idle")
    assert [message["status"] for message in console.log()] == ["failed"]
    page.goto("/console/rules")
    expect(page.locator("#scenario-carrier-outage")).to_contain_text("on · matches 1, fired 1")
    page.get_by_role("button", name="Switch off Carrier outage").click()
    expect(page.get_by_text("There is no rule: everything goes well.")).to_be_visible()
    assert console.rules() == []


def test_counts_are_live(page: Page, console: Client) -> None:
    """Each firing shows by itself, and the buttons go on working after it."""
    console.switch_on("carrier-outage")
    page.goto("/console/rules")
    row = page.get_by_role("row").filter(has_text="carrier-outage-1")
    expect(row).to_contain_text("unused")
    console.queue(to=HANDSET, from_=NUMBER, body="Hello there")
    expect(row).not_to_contain_text("unused")
    expect(row.get_by_role("cell").nth(4)).to_have_text("1")
    expect(page.locator("#scenario-carrier-outage")).to_contain_text("on · matches 1, fired 1")
    page.get_by_role("button", name="Remove carrier-outage-1").click()
    expect(page.get_by_text("There is no rule: everything goes well.")).to_be_visible()
    expect(page).to_have_url(f"{console.url}/console/rules")


@WITH_AND_WITHOUT
def test_a_rule_is_written_from_an_example_mended_edited_and_removed(
    page: Page, console: Client, complaints: Complaints
) -> None:
    """What is wrong with it is said, and what was typed stays."""
    complaints.expect("400")
    page.goto("/console/rules")
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_role("link", name="The first two messages to a number").click()
    rule = page.get_by_label("Rule", exact=True)
    expect(rule).to_have_value(re.compile('"id": "busy"'))
    wrong = rule.input_value().replace("http_status", "http_statsu")
    rule.fill(wrong)
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#notice")).to_contain_text("'http_statsu' is unknown")
    expect(page.locator("#notice")).to_contain_text("did you mean 'http_status'?")
    expect(rule).to_have_value(wrong)
    rule.fill(wrong.replace("http_statsu", "http_status"))
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#notice")).to_have_text("Rule busy is there.")
    with pytest.raises(CallFailed, match="503"):
        console.queue(to=HANDSET, from_=NUMBER, body="Hello there")
    page.get_by_role("link", name="Edit busy").click()
    rule.fill('{"id": "busy", "then": {"outcome": "failed"}}')
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_role("row").filter(has_text="busy")).to_contain_text('outcome: "failed"')
    page.get_by_text("Remove all rules").click()
    page.get_by_role("button", name="Remove them now").click()
    expect(page.get_by_text("There is no rule: everything goes well.")).to_be_visible()


def test_hostile_rules_do_nothing(page: Page, console: Client) -> None:
    console.add_rule(when={"body": {"contains": f"\x00{HOSTILE}"}}, then={"error": HOSTILE})
    page.goto("/console/rules")
    expect(page.get_by_role("region", name="Rules")).to_contain_text("<script>alert('1')</script>")
    page.get_by_role("link", name="Edit rule-1").click()
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#notice")).to_have_text("Rule rule-1 is there.")
    (rule,) = console.rules()
    assert rule["when"] == {"body": {"contains": f"\x00{HOSTILE}"}}
    assert rule["then"] == {"error": HOSTILE}


@EACH_WAY
def test_rules_keep_nobody_out(page: Page, console: Client) -> None:
    """They have no barrier, do not scroll sideways, and nothing jumps; empty, and with all that they can show."""
    page.goto("/console/rules")
    assert flaws(page) == []
    console.switch_on("lost-answers")
    console.add_rule(id="x" * 64, when={"body": {"contains": "x" * 300}}, then={"error": "x" * 300, "http_status": 503})
    console.add_rule(then={"sent_after": 30})
    page.goto("/console/rules")
    page.get_by_text("Remove all rules").click()
    assert flaws(page) == []
    page.goto("/console/rules/write?example=late-news")
    assert flaws(page) == []
