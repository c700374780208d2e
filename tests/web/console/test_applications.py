"""SMS Applications: where texts are posted, edited as in Plum, and what answers there, tried (clause 11)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from helpers.caller import Caller
from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, PCI, RESULTS, House
from helpers.pages import HOSTILE, ReadPage, followed, get_page, page_of, submit
from plum_emulator.model.exchanges import Outcome

APPLICATIONS = "/console/applications"
MINE_PAGE = f"{APPLICATIONS}/{MINE}"
MINE_SHOWN, PCI_SHOWN = "+1 617 555 0100", "+1 617 555 0199"


def typed(page: ReadPage, name: str) -> list[str]:
    """What stands in the input of this name."""
    return [each["value"] for tag, each in page.tags if tag == "input" and each.get("name") == name]


def answering(house: House, outcome: Outcome | bytes) -> None:
    """Let the application answer with this."""
    came = Outcome(status=200, body=outcome, duration_ms=12.5) if isinstance(outcome, bytes) else outcome
    house.transport.answer = lambda _request: came


def tried(caller: Caller, body: str = "hello", *, from_: str = HANDSET, status: int = 200) -> ReadPage:
    """The page after a trial."""
    heard = submit(caller, f"{MINE_PAGE}/try", **{"from": from_, "body": body})
    assert heard.status == status, heard.body
    return page_of(heard)


def marks(caller: Caller) -> list[str]:
    """What is marked in the answer of a trial."""
    heard = submit(caller, f"{MINE_PAGE}/try", **{"from": HANDSET, "body": "hello"})
    page_of(heard)
    return [piece.partition("</mark>")[0] for piece in heard.body.decode().split("<mark")[1:]]


def test_every_number_is_listed_with_its_application_and_a_link_to_edit_it(onlooker: Caller) -> None:
    """A PCI number is what it is, and has no link."""
    page = get_page(onlooker, APPLICATIONS)
    assert f"{MINE_SHOWN} {APPLICATION} Edit {MINE_SHOWN} {PCI_SHOWN} PCI number" in page.words
    edits = [link for link in page.links() if link.startswith(f"{APPLICATIONS}/")]
    assert edits == [MINE_PAGE]
    assert page.values("div", "data-live") == ["chip", "applications"]


IN_WORDS = {
    "demo": ("/demo", "The built-in demo application, /demo"),
    "its own": ("/_plum/sink/x", "/_plum/sink/x of this emulator"),
    "a URL": ("https://127.0.0.1/x?y=1", "https://127.0.0.1/x?y=1"),
    "none": ("", "None: texts are kept, and nothing is posted"),
}


@pytest.mark.parametrize(("url", "words"), IN_WORDS.values(), ids=IN_WORDS)
def test_an_application_url_is_saved_and_shown_in_words(house: House, caller: Caller, url: str, words: str) -> None:
    """Saving leads back to the list, which says so; from then on texts are posted there."""
    page = followed(caller, submit(caller, MINE_PAGE, application_url=f"  {url} "))
    assert f"The Application URL of {MINE_SHOWN} is saved." in page.words
    assert f"{MINE_SHOWN} {words} Edit" in page.words
    assert house.account.numbers[MINE].application_url == url
    assert typed(get_page(caller, MINE_PAGE), "application_url") == [url]


def test_the_next_text_goes_to_the_url_that_was_saved(house: House, caller: Caller) -> None:
    submit(caller, MINE_PAGE, application_url="http://127.0.0.1:9/new")
    house.receive()
    house.advance()
    assert [request.url for request in house.transport.sent] == ["http://127.0.0.1:9/new"]


REFUSED = {
    "another scheme": ("ftp://x", "an http:// or https:// URL with a host was expected"),
    "another scheme that scripts": ("javascript:alert(1)", "an http:// or https:// URL with a host was expected"),
    "nobody's host": ("//x/y", "an http:// or https:// URL with a host was expected"),
    "a blank": ("http://x/a b", "the URL has a blank or a control character in it; write %20 for a blank"),
    "a NUL": ("http://x/\0", "the URL has a blank or a control character in it; write %20 for a blank"),
    "too long": (f"http://x/{'y' * 3000}", "the URL has 3009 characters; at most 2048 are taken"),
    "hostile": (HOSTILE, "the URL has a blank or a control character in it; write %20 for a blank"),
}


@pytest.mark.parametrize(("url", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_application_url_is_said_and_stays_as_it_was_typed(
    house: House, caller: Caller, url: str, problem: str
) -> None:
    heard = submit(caller, MINE_PAGE, application_url=url)
    page = page_of(heard)
    assert heard.status == 400
    assert f"Application URL: {problem} write a URL as http://127.0.0.1:8000/sms, or /demo" in page.words
    assert typed(page, "application_url") == [url]
    assert house.account.numbers[MINE].application_url == APPLICATION


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        (f"{APPLICATIONS}/{OTHER}", 404, f"'{OTHER}' is not a number of account 'username'"),
        (f"{APPLICATIONS}/nonsense", 404, "'nonsense' is not a number of account 'username'"),
        (f"{APPLICATIONS}/%3Cscript%3E", 404, "'<script>' is not a number of account 'username'"),
        (f"{APPLICATIONS}/{PCI}", 400, f"{PCI_SHOWN} is a PCI number, which cannot receive texts"),
        (f"{MINE_PAGE}?account=second", 404, f"'{MINE}' is not a number of account 'second'"),
    ],
    ids=["another account's", "no number", "hostile", "PCI", "of another account"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_no_sms_number_of_the_account_is_said(
    onlooker: Caller, method: str, target: str, status: int, words: str
) -> None:
    heard = onlooker.get(target) if method == "GET" else submit(onlooker, target, application_url="/demo")
    assert heard.status == status
    assert words in page_of(heard).words


@pytest.mark.parametrize("saved", ["nonsense", PCI, OTHER, HOSTILE], ids=["no number", "PCI", "another's", "hostile"])
def test_only_an_own_number_is_ever_called_saved(onlooker: Caller, saved: str) -> None:
    assert "is saved" not in get_page(onlooker, f"{APPLICATIONS}?saved={quote(saved)}").words


def test_the_account_stays_on_the_way(caller: Caller, house: House) -> None:
    target = f"{APPLICATIONS}/{OTHER}?account=second"
    heard = submit(caller, target, application_url="/demo")
    assert heard.header("Location") == f"{APPLICATIONS}?saved={OTHER}&account=second"
    assert house.second.numbers[OTHER].application_url == "/demo"
    assert f'action="{APPLICATIONS}/{OTHER}/try?account=second"'.encode() in caller.get(target).body


def test_a_good_answer_is_shown_with_what_it_asks_for(house: House, caller: Caller) -> None:
    """HTTP status, time, headers, body line by line, that it is valid, and the messages with their segments."""
    text = "Caf\u00e9 \u2713" + "x" * 170
    body = f'<reply>\n<sms_message to="6175550142" result_url="{RESULTS}">{text}</sms_message>\n</reply>'
    outcome = Outcome(status=200, headers=(("X-Mine", "yes"),), body=body.encode(), duration_ms=1234.5)
    answering(house, outcome)
    page = tried(caller, "sample text")
    assert "Answer HTTP 200 OK Time taken 1.2 s SMS Reply Schema \u2713 Valid It asks for 1 message" in page.words
    carried = "cut into 2 messages, 4 segments of GSM-7 and UCS-2"
    assert f"xx To +1 617 555 0142 from {MINE_SHOWN} {carried} Result URL: {RESULTS}" in page.words
    assert "Header Value X-Mine yes" in page.words
    sent = "sms_message_id=" + "0" * 32 + f"&to={MINE}&from={HANDSET}&body=sample+text"
    assert f"POST {APPLICATION} Form fields of the request Field Value sms_message_id 0000" in page.words
    assert sent in page.words
    assert [each.get("class") for tag, each in page.tags if tag == "ol"] == [
        "bubbles replies",
        "lines answer",
        "lines one",
    ]
    assert typed(page, "from") == [HANDSET]


def test_nothing_comes_of_a_trial(house: House, caller: Caller) -> None:
    """Neither the log nor the traffic knows of it."""
    answering(house, b"<reply><sms_message>answer</sms_message></reply>")
    tried(caller)
    house.advance(10_000)
    assert (house.log(), house.events, house.account.exchanges, len(house.transport.sent)) == ([], [], 0, 1)


def test_an_answer_that_asks_for_nothing_is_valid(house: House, caller: Caller) -> None:
    answering(house, b"<reply/>")
    assert "Time taken 12.5 ms SMS Reply Schema \u2713 Valid It asks for No message" in tried(caller).words


MARKED = {
    "not valid": (b"<reply>\n  <sms>x</sms>\n</reply>", ">&lt;sms&gt;", "line 2, column 3: not valid against the SMS"),
    "not well-formed": (b"<reply>\n<sms_message>a & b</sms_message></reply>", ">&amp;", "not well-formed XML"),
    "cut off": (b"<reply>\n", ' class="gap">', "line 2, column 1: not well-formed XML: no element found"),
}


@pytest.mark.parametrize(("body", "mark", "words"), MARKED.values(), ids=MARKED)
def test_the_place_where_an_answer_is_wrong_is_marked(
    house: House, caller: Caller, body: bytes, mark: str, words: str
) -> None:
    """With line and column, and what was expected."""
    answering(house, body)
    assert marks(caller) == [mark]
    page = tried(caller)
    assert words in page.words
    assert "It would send Nothing" in page.words


NOT_USED = {
    "an error": (Outcome(status=503, body=b"busy"), "Answer HTTP 503 Service Unavailable", "answered 503"),
    "a status without a name": (Outcome(status=799), "Answer HTTP 799", "answered 799"),
    "none": (Outcome(error="no answer within 15 s"), "Answer None", "no answer within 15 s"),
    "refused": (Outcome(error="refused: 8.8.8.8 is not on this machine"), "Answer None", "refused: 8.8.8.8"),
}


@pytest.mark.parametrize(("outcome", "answer", "words"), NOT_USED.values(), ids=NOT_USED)
def test_an_answer_that_is_not_used_is_told_with_the_reason(
    house: House, caller: Caller, outcome: Outcome, answer: str, words: str
) -> None:
    answering(house, outcome)
    page = tried(caller).words
    assert answer in page
    assert f"Problem \u2715 the application's answer is not used: {words}" in page


@pytest.mark.parametrize(
    ("from_", "body", "words"),
    [
        ("12", "hello", "from: '12' is not a phone number"),
        (MINE, "x", "cannot text itself"),
        (HANDSET, "HELP", "HELP word"),
    ],
    ids=["nobody", "itself", "the carrier's"],
)
def test_what_cannot_be_tried_is_said_and_stays_as_it_was_typed(
    house: House, caller: Caller, from_: str, body: str, words: str
) -> None:
    page = tried(caller, body, from_=from_, status=400)
    assert words in page.words
    assert typed(page, "from") == [from_]
    assert house.transport.sent == []


def test_without_an_application_url_there_is_nothing_to_try(caller: Caller, house: House) -> None:
    house.platform.set_application(house.account, MINE, "")
    page = get_page(caller, MINE_PAGE)
    assert "Save an Application URL first" in page.words
    assert page.values("form", "action").count(f"{MINE_PAGE}/try") == 0
    assert "has no Application URL" in tried(caller, status=400).words


def test_a_trial_that_is_reloaded_is_the_form_again(onlooker: Caller) -> None:
    page = get_page(onlooker, f"{MINE_PAGE}/try")
    assert typed(page, "application_url") == [APPLICATION]
    assert typed(page, "from") == ["16175550123"]


@pytest.mark.parametrize(
    "body",
    [
        f"<reply><sms_message>{'<![CDATA['}{HOSTILE}]]></sms_message></reply>".encode(),
        b'<reply><sms_message to="&lt;script&gt;" from="{{7*7}}">x</sms_message></reply>',
        HOSTILE.encode(),
        f"<{'x' * 90_000}/>".encode(),
        b"\xff\xfe\x00<\x00script",
        b'<?xml version="1.0" encoding="utf-7"?><reply/>',
        b"\0" * 1000,
        b"\n" * 100_000,
    ],
    ids=["a text", "attributes", "a page", "very long", "UTF-16", "UTF-7", "NUL", "very many lines"],
)
def test_a_hostile_answer_is_shown_as_text(house: House, caller: Caller, body: bytes) -> None:
    """Headers and URLs too."""
    house.platform.set_application(house.account, MINE, "http://127.0.0.1/<script>alert(1)</script>")
    headers = (("X-Evil", HOSTILE), ("<script>", "\x00\x07"))
    answering(house, Outcome(status=200, headers=headers, body=body))
    page = tried(caller, HOSTILE)
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert all(attributes["src"].startswith("/static/") for attributes in scripts)
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert "http://127.0.0.1/<script>alert(1)</script>" in page.words
    assert len(page.text) < 400_000


def test_very_many_replies_are_counted(house: House, caller: Caller) -> None:
    answering(house, b"<reply>" + b"<sms_message>again</sms_message>" * 1234 + b"</reply>")
    page = tried(caller)
    assert "It asks for 1\u202f234 messages" in page.text
    assert "And 1\u202f134 messages more." in page.text


def test_the_time_stands_still_meanwhile_where_the_clock_is_manual(house: House, caller: Caller) -> None:
    house.make_manual()
    tried(caller)
    assert house.platform.now(house.account) == NOW
