"""The pages of rules and scenarios: what is to go wrong, and how often it did."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.caller import Caller, Heard
from helpers.house import HANDSET, House
from helpers.laws import examples
from helpers.pages import HOSTILE, page_of, submit
from plum_emulator.scenario.scenarios import read_scenario, shipped
from plum_emulator.web.console.rules import EXAMPLES

RULES = "/console/rules"
WRITE = "/console/rules/write"


def seen(heard: Heard) -> str:
    """The page's text, in one line."""
    page_of(heard)  # keeps to what every page keeps to
    main = heard.body.decode().partition("<main")[2].partition("<footer")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", "<main" + main)).split())


def told(heard: Heard) -> str:
    """What the page says of what was done, or of what was wrong."""
    notice = re.search(r'<div id="notice".*?</div>', heard.body.decode(), re.DOTALL)
    assert notice
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", notice[0])).split())


def typed(heard: Heard) -> str:
    """What the form for a rule has in it."""
    area = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", heard.body.decode(), re.DOTALL)
    assert area
    return unescape(area[1])


def listed(caller: Caller) -> str:
    """The table of rules."""
    return seen(caller.get(RULES)).partition("Last fired Actions ")[2].partition(" Add a rule")[0]


def test_without_a_rule_the_page_says_what_to_do(onlooker: Caller) -> None:
    page = seen(onlooker.get(RULES))
    assert "There is no rule: everything goes well. Add one, or switch a scenario on. Add a rule" in page
    assert "Remove all" not in page


def test_every_shipped_scenario_is_there_with_what_it_does(onlooker: Caller) -> None:
    page = seen(onlooker.get(RULES))
    for scenario in shipped().values():
        assert f"{scenario.title} {scenario.description} Switch on {scenario.title} off" in page


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_can_be_saved_as_it_is(caller: Caller, house: House, example: object) -> None:
    """Each is a link, which fills the form."""
    chosen = next(each for each in EXAMPLES if each is example)
    assert f'href="{WRITE}?example={chosen.name}">{chosen.title}</a>'.encode() in caller.get(WRITE).body
    text = typed(caller.get(f"{WRITE}?example={chosen.name}"))
    assert json.loads(text) == chosen.rule
    heard = submit(caller, WRITE, rule=text)
    assert heard.header("Location") == f"{RULES}?made={chosen.name}"
    assert told(caller.get(heard.header("Location"))) == f"Rule {chosen.name} is there."
    assert [rule.id for rule, _ in house.emulator.rules.of(house.account)] == [chosen.name]


def test_an_example_that_is_not_there_is_404(onlooker: Caller) -> None:
    heard = onlooker.get(f"{WRITE}?example=%3Cb%3E")
    assert (heard.status, told(heard)) == (
        404,
        "there is no example '<b>' there are: busy, answer-lost, late-news",
    )


def test_rules_are_shown_with_what_they_did(caller: Caller, house: House) -> None:
    rule = {"when": {"to": HANDSET, "nth": 2}, "then": {"outcome": ["sent", "failed"], "sent_after": 5}}
    house.emulator.rules.put(house.account, rule)
    words = f'rule-1 a message is queued to: "{HANDSET}" nth: 2 outcome: ["sent", "failed"] sent_after: 5'
    assert listed(caller) == f"{words} 0 0 unused never Edit rule-1 Remove rule-1"
    house.queue()
    house.queue()
    assert listed(caller) == f"{words} 2 1 2023-11-14 22:13:20 UTC Edit rule-1 Remove rule-1"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"when": {"operation": "status"}, "then": {"reset": True}}, "the status service is asked reset: true"),
        ({"when": {"operation": "messages"}, "then": {"error": "No"}}, 'the messages service is asked error: "No"'),
        (
            {"when": {"operation": "conversation"}, "then": {"empty": "connection"}},
            'the conversation service is asked empty: "connection"',
        ),
        ({"then": {"inbound_twice": True}}, "a handset's text is posted inbound_twice: true"),
        ({"then": {"callbacks": "drop"}}, 'a status is told callbacks: "drop"'),
    ],
)
def test_what_a_rule_is_about_is_said_in_words(
    caller: Caller, house: House, rule: dict[str, object], words: str
) -> None:
    house.emulator.rules.put(house.account, rule)
    assert listed(caller) == f"rule-1 {words} 0 0 unused never Edit rule-1 Remove rule-1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the rule is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ('{"then": ', "the rule is not JSON: Expecting value: line 1 column 10 (char 9)"),
        ("1" * 5000, "the rule is not JSON: Exceeds the limit"),
        ("[" * 100_000, "the rule is JSON nested too deep"),
        ("[]", "rule: an object was expected, not [] there are: id, when, then"),
        ('{"when": {}}', "rule: 'then' is missing there are: id, when, then"),
        ('{"then": {"otcome": "failed"}}', "rule: then: 'otcome' is unknown did you mean 'outcome'?"),
        ('{"then": {"reset": true}, "id": ".\u202e."}', "rule: the id is '.\\u202e.', but 1 to 64 letters"),
        ('{"then": {"error": "\\ud800"}}', "rule: then: 'error' has half a surrogate pair in it send whole characters"),
        (HOSTILE, "the rule is not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
    ids=["empty", "cut off", "endless", "deep", "list", "incomplete", "misspelt", "id", "half a pair", "hostile"],
)
def test_what_is_no_rule_is_refused_and_stays_in_the_form(caller: Caller, house: House, text: str, words: str) -> None:
    """The error says what to do, and what was typed can be mended, with or without scripts."""
    heard = submit(caller, WRITE, rule=text)
    assert (heard.status, typed(heard)) == (400, text)
    assert told(heard).startswith(words)
    assert page_of(heard).values("img", "src") == ["/static/icon.svg"]
    assert house.emulator.rules.of(house.account) == []


def test_a_rule_that_is_too_large_is_refused(caller: Caller) -> None:
    heard = submit(caller, WRITE, rule="x" * (1024 * 1024))
    assert (heard.status, told(heard)) == (400, "the form is too large at most 1 MiB is taken")


@examples(50)
@given(text=st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "\r\n" not in text))
def test_whatever_is_typed_comes_back_as_it_was(onlooker: Caller, text: str) -> None:
    """Unless it is a rule, which nobody types by chance."""
    heard = submit(onlooker, WRITE, rule=text)
    assert (heard.status, typed(heard)) == (400, text)


def test_what_rules_say_is_shown_as_text(caller: Caller, house: House) -> None:
    house.emulator.rules.put(house.account, {"when": {"body": {"contains": HOSTILE}}, "then": {"error": HOSTILE}})
    heard = caller.get(RULES)
    assert page_of(heard).values("img", "src") == ["/static/icon.svg"]
    assert heard.body.count(b"<bdi>") == heard.body.count(b"</bdi>") == 2
    assert f"error: {json.dumps(HOSTILE, ensure_ascii=False)}" in listed(caller)


def test_a_rule_is_edited_and_counts_anew(caller: Caller, house: House) -> None:
    submit(caller, WRITE, rule='{"id": "mine", "when": {"first": 2},\r\n "then": {"outcome": "failed"}}')
    house.queue()
    text = typed(caller.get(f"{WRITE}?id=mine"))
    assert json.loads(text) == {"id": "mine", "when": {"first": 2}, "then": {"outcome": "failed"}}
    submit(caller, WRITE, rule=text.replace("failed", "landline"))
    expected = 'mine a message is queued first: 2 outcome: "landline" 0 0 unused never Edit mine Remove mine'
    assert listed(caller) == expected


def test_a_rule_that_is_not_there_cannot_be_edited_or_removed(caller: Caller) -> None:
    for heard in (caller.get(f"{WRITE}?id=.."), submit(caller, f"{RULES}/remove", id="..")):
        assert (heard.status, told(heard)) == (
            404,
            "account 'username' has no rule '..' there are none; POST /_plum/rules makes one",
        )


@pytest.mark.parametrize("id_", ["..", ".", "-"])
def test_a_rule_is_removed_whatever_its_id(caller: Caller, house: House, id_: str) -> None:
    """Also one that no path could name."""
    house.emulator.rules.put(house.account, {"id": id_, "then": {"reset": True}})
    assert submit(caller, f"{RULES}/remove", id=id_).header("Location") == RULES
    assert house.emulator.rules.of(house.account) == []


def test_all_rules_are_removed(caller: Caller, house: House) -> None:
    """The button is one step away."""
    house.emulator.rules.put(house.account, {"then": {"reset": True}})
    submit(caller, f"{RULES}/scenarios/on", name="landlines")
    assert "Remove all rules All go, with their counts, and scenarios are off." in seen(caller.get(RULES))
    assert submit(caller, f"{RULES}/clear").header("Location") == RULES
    assert house.emulator.rules.of(house.account) == []


def test_many_rules_are_cut(caller: Caller, house: House) -> None:
    rules = [{"then": {"reset": True}}] * 203
    house.emulator.rules.switch_on(house.account, read_scenario({"title": "Many", "rules": rules}, name="many"))
    page = caller.get(RULES)
    assert page.body.count(b'<tr id="rule-') == 200
    assert "And 3 rules more" in seen(page)


def test_a_scenario_is_switched_on_counted_and_switched_off(caller: Caller, house: House) -> None:
    heard = submit(caller, f"{RULES}/scenarios/on", name="lost-answers")
    assert heard.header("Location") == RULES
    assert "Switch off Lost answers on · matches 0, fired 0" in seen(caller.get(RULES))
    house.queue()
    assert "Switch off Lost answers on · matches 2, fired 1" in seen(caller.get(RULES))
    assert listed(caller).startswith("lost-answers-1 scenario lost-answers a message is queued nth: 1")
    submit(caller, f"{RULES}/scenarios/off", name="lost-answers")
    assert "Switch on Lost answers off" in seen(caller.get(RULES))
    assert house.emulator.rules.of(house.account) == []


def test_a_scenario_that_somebody_sent_is_listed_while_it_is_on(caller: Caller, house: House) -> None:
    document = {"title": "Mine", "rules": [{"then": {"reset": True}}]}
    house.emulator.rules.switch_on(house.account, read_scenario(document, name="my.own"))
    assert "my.own Switch off my.own on · matches 0, fired 0" in seen(caller.get(RULES))
    submit(caller, f"{RULES}/scenarios/off", name="my.own")
    assert "my.own" not in seen(caller.get(RULES))


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("on", "there is no scenario '<b>' there are: "),
        ("off", "scenario '<b>' is not on on are: none"),
    ],
)
def test_a_scenario_that_is_not_there_is_404(caller: Caller, way: str, words: str) -> None:
    heard = submit(caller, f"{RULES}/scenarios/{way}", name="<b>")
    assert heard.status == 404
    assert told(heard).startswith(words)


def test_everything_is_about_the_account_that_the_address_names(caller: Caller, house: House) -> None:
    heard = submit(caller, f"{WRITE}?account=second", rule='{"then": {"reset": true}}')
    assert heard.header("Location") == f"{RULES}?made=rule-1&account=second"
    submit(caller, f"{RULES}/scenarios/on?account=second", name="landlines")
    assert house.emulator.rules.of(house.account) == []
    page = caller.get(f"{RULES}?account=second").body.decode()
    paths = set(re.findall(r'(?:action|href)="(/console/rules[^"]*)"', page)) - {RULES}  # which chooses another
    assert {path for path in paths if "account=second" not in path} == set()


@pytest.mark.parametrize("path", ["/console/clock", RULES, WRITE])
def test_the_pages_of_one_kind_lead_to_each_other(onlooker: Caller, path: str) -> None:
    """And in the navigation all are one."""
    page = onlooker.get(path).body.decode()
    assert '<a href="/console/clock" aria-current="page">Clock and rules</a>' in page
    clock, rules = (
        'aria-current="page"' * (path == "/console/clock"),
        'aria-current="page"' * (path != "/console/clock"),
    )
    assert f'<a href="/console/clock"{clock and " " + clock}>Clock</a>' in page
    assert f'<a href="{RULES}"{rules and " " + rules}>Rules and scenarios</a>' in page
