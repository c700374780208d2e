"""Phones: text the account's numbers from the screen, with forms alone."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from helpers.caller import FORM, Caller
from helpers.house import APPLICATION, HANDSET, MINE, OTHER, PCI, House
from helpers.pages import HOSTILE, HOSTILE_SEEN, followed, get_page, page_of, submit
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.exchanges import Outcome

FIRST = "16175550123"
TEXTS = f"/console/phones/{FIRST}/texts"


def test_the_first_page_has_a_phone_that_texts_the_first_number(onlooker: Caller) -> None:
    page = get_page(onlooker, "/")
    assert "Handset 1" in page.text
    assert "texts +1 617 555 0100" in page.words
    assert "Nothing yet. Type a text below: +1 617 555 0100 gets it." in page.words
    assert (TEXTS, "post") in [(tag["action"], tag["method"]) for name, tag in page.tags if name == "form"]


def test_every_link_of_the_page_leads_somewhere(onlooker: Caller) -> None:
    for link in get_page(onlooker, "/").links():
        if not link.startswith("#"):
            assert onlooker.get(link).status == 200, link


def test_a_text_from_the_phone_is_answered_on_the_phone(house: House, caller: Caller) -> None:
    """The story of the first page, without a script: type, send, see the application answer."""
    house.transport.answer = lambda _request: Outcome(
        status=200, body=b"<reply><sms_message>Hello there</sms_message></reply>"
    )
    sent = submit(caller, TEXTS, body="HELLO")
    house.advance(5000)
    words = followed(caller, sent).words
    assert re.search("HELLO .* Hello there .* received", words)
    answer = "<reply><sms_message>Hello there</sms_message></reply>"
    assert f"POST {APPLICATION} from +1 617 555 0123: HELLO 200 {answer}" in words


def test_a_text_goes_to_the_number_that_the_handset_texts(caller: Caller) -> None:
    submit(caller, "/console/phones?account=second", name="Bob", number=HANDSET)
    submit(caller, f"/console/phones/{HANDSET}/texts?account=second", body="Hi")
    message = caller.get("/_plum/messages?account=second").values["messages"][0]
    assert (message["to"], message["from"], message["body"]) == (OTHER, HANDSET, "Hi")


def test_a_text_goes_to_the_number_that_the_page_showed() -> None:
    """Another window may have let the handset text another number since."""
    house = House(
        seeds=[Seed(username="username", password="password", numbers=(Number(number=MINE), Number(number=OTHER)))]
    )
    caller = Caller(house)
    submit(caller, TEXTS, to=OTHER, body="Hi")
    assert [message.to for message in house.platform.all_messages(house.account)] == [OTHER]
    caller.close()
    house.close()


def test_line_ends_are_sent_as_they_were_typed(caller: Caller) -> None:
    """Browsers write them as CRLF in a form, and nobody typed that."""
    submit(caller, TEXTS, body="one\r\ntwo\n")
    assert caller.get("/_plum/messages").values["messages"][0]["body"] == "one\ntwo\n"


@pytest.mark.parametrize(
    ("target", "fields", "words"),
    [
        (TEXTS, {"body": ""}, "the body is empty"),
        ("/console/phones/nobody/texts", {"body": "x"}, "is not a phone number"),
        (f"/console/phones/{MINE}/texts", {"body": "x"}, "is a number of account 'username'"),
        ("/console/phones", {"number": "12"}, "is not a phone number"),
        ("/console/phones", {"number": FIRST}, "is on the screen already"),
        (f"/console/phones/{FIRST}", {"texts": PCI}, "is not an SMS number of account 'username'"),
        ("/console/phones/1/remove", {}, "is not a phone number"),
    ],
)
def test_what_cannot_be_is_said_on_a_page_with_the_next_step(
    onlooker: Caller, target: str, fields: dict[str, str], words: str
) -> None:
    heard = submit(onlooker, target, **fields)
    assert heard.status in (400, 404)
    page = page_of(heard)
    assert words in page.text
    assert "notice" in page.values("div", "id")


def test_an_account_that_is_not_there_is_said(onlooker: Caller) -> None:
    page = get_page(onlooker, "/?account=nobody", status=404)
    assert "there is no account 'nobody'" in page.text


def test_links_and_forms_stay_with_the_account(onlooker: Caller) -> None:
    page = get_page(onlooker, "/?account=second")
    links = [link for link in page.values("a", "href") if link.partition("?")[0] == "/" or "/console" in link]
    posts = [tag["action"] for name, tag in page.tags if name == "form" and tag["method"] == "post"]
    strangers = [
        link for link in (*links, *posts, *page.values("div", "data-live-url")) if not link.endswith("account=second")
    ]
    assert (len(links) > 6, len(posts) > 1, strangers) == (True, True, [])


def test_handsets_are_added_changed_and_removed(caller: Caller) -> None:
    page = followed(caller, submit(caller, "/console/phones", name="Bob", number=HANDSET))
    assert [name in page.text for name in ("Handset 1", "Bob")] == [True, True]
    page = followed(caller, submit(caller, f"/console/phones/{HANDSET}", name="Robert", texts=MINE))
    assert "Robert" in page.text
    page = followed(caller, submit(caller, f"/console/phones/{HANDSET}/remove"))
    assert "Robert" not in page.text


def test_numbers_that_an_application_texts_can_be_opened(house: House, caller: Caller) -> None:
    house.queue(to=HANDSET)
    assert "Open +1 212 555 0123" in get_page(caller, "/").words
    page = followed(caller, submit(caller, "/console/phones", number=HANDSET))
    assert "Open +1 212 555 0123" not in page.words
    assert "hello" in page.text


@pytest.mark.parametrize("where", ["name", "body", "application", "account"])
def test_hostile_words_are_shown_as_words(where: str) -> None:
    application = f"http://127.0.0.1/{HOSTILE}" if where == "application" else ""
    username = HOSTILE if where == "account" else "username"
    house = House(
        seeds=[Seed(username=username, password="p", numbers=(Number(number=MINE, application_url=application),))]
    )
    caller = Caller(house)
    if where == "name":
        submit(caller, "/console/phones", name="<b onclick=x>Bob</b>\"'{{7*7}}")
    if where == "body":
        submit(caller, TEXTS, body=HOSTILE)
    if where == "application":
        house.receive("hello")
        house.advance(1)
    page = get_page(caller, "/")
    assert "49" not in page.text
    page = get_page(caller, "/console/connect") if where in ("account", "application") else page
    assert ("<b onclick=x>Bob</b>" if where == "name" else HOSTILE_SEEN if where == "body" else HOSTILE) in page.text
    get_page(caller, f"/console/phones/{FIRST}")
    caller.close()
    house.close()


def test_a_bubble_says_how_a_carrier_counts_it(caller: Caller) -> None:
    submit(caller, TEXTS, body="It\u2019s me")
    words = get_page(caller, "/").words
    assert "UCS-2 · 7 units · 1 part · room for 63 because of U+2019 RIGHT SINGLE QUOTATION MARK" in words


def test_the_meter_counts_what_is_being_typed(onlooker: Caller) -> None:
    heard = onlooker.post("/console/segments", headers=[FORM], body=urlencode({"body": "a\r\n" * 100}).encode())
    assert page_of(heard).words == "GSM-7 · 200 units · 2 parts · room for 106"


def test_a_room_sees_the_heading_that_was_chosen_and_no_login() -> None:
    url = "http://user:s3cret@127.0.0.1:8000/sms?key=K"
    house = House(seeds=[Seed(username="u", password="p", numbers=(Number(number=MINE, application_url=url),))])
    caller = Caller(house)
    heard = caller.get(f"/console/phones/{FIRST}").body
    assert b"127.0.0.1:8000/sms" in heard
    assert b"s3cret" not in heard
    assert b"key=K" not in heard
    assert page_of(caller.get(f"/console/phones/{FIRST}?title=Pizza+%3CPalace%3E")).words.count("Pizza <Palace>") == 1
    sent = submit(caller, f"{TEXTS}?title=Pizza", body="HELLO", **{"from": "presenter"})
    assert sent.header("Location") == f"/console/phones/{FIRST}?title=Pizza"
    caller.close()
    house.close()


def test_one_phone_alone_is_for_a_room(caller: Caller) -> None:
    """Large, with the application's name; sending stays on it."""
    page = get_page(caller, f"/console/phones/{FIRST}")
    assert "127.0.0.1:8000/sms" in page.text
    assert "--host 0.0.0.0" in page.text
    sent = submit(caller, TEXTS, body="HELLO", **{"from": "presenter"})
    assert sent.header("Location") == f"/console/phones/{FIRST}"
    assert "HELLO" in followed(caller, sent).text


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/%00"])
def test_nothing_but_static_files_is_served(onlooker: Caller, path: str) -> None:
    assert onlooker.get(path).status == 404


def test_a_hostile_host_name_is_not_repeated_as_html(onlooker: Caller) -> None:
    heard = onlooker.get("/", host="<script>alert(1)</script>.localhost")
    assert b"<script>alert" not in heard.body or heard.header("Content-Type") == "application/json"


def test_a_form_of_another_site_is_refused(onlooker: Caller) -> None:
    heard = onlooker.post(TEXTS, headers=[FORM, ("Origin", "http://evil.example")], body=b"body=x")
    assert heard.status == 403


@pytest.mark.parametrize("path", ["/console/nothing", "/console/logs/a/b", "/console/%3Cscript%3E", "/console/a//b"])
def test_a_page_that_there_is_not_is_said_in_the_consoles_look(onlooker: Caller, path: str) -> None:
    assert "there is no page /console/" in get_page(onlooker, path, status=404).text
