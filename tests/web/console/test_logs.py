"""SMS Message Logs: the table, filters and pages of it, and one message with its timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from helpers.caller import LOGIN, Caller
from helpers.house import HANDSET, MINE, OTHER, RESULTS, STRANGER, FakeTransport, House
from helpers.pages import HOSTILE, HOSTILE_SEEN, ReadPage, get_page
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.exchanges import Outcome
from plum_emulator.model.messages import Draft, Message, Status
from plum_emulator.settings import Settings
from plum_emulator.store.agenda import Due

LOGS = "/console/logs"
COLUMNS = ["To", "From", "Timestamp", "Status", "Type"]
NOTICE = "Message logging is not available for demo accounts."
BROKEN = b"<reply>\n  <sms>no</sms>\n</reply>\n"
FIELDS = {"to": HANDSET, "from": MINE, "body": "Hello", "result_url": RESULTS}


def rows(page: ReadPage) -> list[str]:
    """The ids of the messages in the table."""
    return [id_.removeprefix("row-") for id_ in page.values("tr", "id") if id_.startswith("row-")]


def bodies(house: House, page: ReadPage) -> list[str]:
    """The bodies of the messages in the table."""
    return [house.platform.message(house.account, id_).body for id_ in rows(page)]


def onward(page: ReadPage, rel: str) -> str:
    """Where the link of this relation leads, "" when there is none."""
    found = [attributes["href"] for tag, attributes in page.tags if tag == "a" and attributes.get("rel") == rel]
    return found[0] if found else ""


def answering(house: House, body: bytes, *, status: int = 200) -> None:
    """Let the application answer this."""
    house.transport.answer = lambda _request: Outcome(status=status, body=body, headers=(("Content-Type", "text/xml"),))


def keep(house: House, number: int, *, status: Status = "received", body: str = "hello") -> None:
    """Put so many messages into the log, a second apart."""
    with house.store.transaction():
        for n in range(number):
            house.store.messages.insert(
                Draft(type="outbound", to=HANDSET, from_=MINE, body=f"{body} {n}"),
                account=house.account.id,
                sms_message_id=f"{body}-{n}",
                at=house.platform.now(house.account) + n * 1000,
                status=status,
            )


def detail(caller: Caller, message: Message | str) -> ReadPage:
    """The page of a message."""
    return get_page(caller, f"{LOGS}/{message if isinstance(message, str) else message.sms_message_id}")


def timeline(page: ReadPage, *words: str) -> None:
    """The timeline says these words, in this order."""
    place = page.words.index("Timeline")
    for each in words:
        found = page.words.find(each, place)
        assert found >= 0, f"{each!r} is not in {page.words[place:]!r}"
        place = found + len(each)


def test_the_table_has_plums_columns_and_words(house: House, caller: Caller) -> None:
    """To, From, Timestamp, Status, Type and a `View` link, the newest message first (11.3)."""
    house.queue("hi", to=STRANGER)
    house.advance(5000)
    text = house.receive("hello")
    page = get_page(caller, LOGS)
    assert [" ".join(COLUMNS)] == re.findall(" ".join(COLUMNS), page.words)
    assert page.words.count("View message") == 2
    assert (
        "+1 617 555 0100 +1 212 555 0123 2023-11-14 22:13:25 UTC ✓✓ received inbound View message"
        f" {text.sms_message_id} +1 310 555 0111 +1 617 555 0100 2023-11-14 22:13:20 UTC ✓✓ received outbound View"
    ) in page.words
    assert f"{LOGS}/{text.sms_message_id}" in page.links()
    assert "hello" not in page.words, "Plum's table has no bodies"


def test_an_empty_log_says_what_to_do(onlooker: Caller) -> None:
    page = get_page(onlooker, LOGS)
    assert "No messages yet." in page.words
    assert (
        f"curl -u {LOGIN} -d to=16175550123 -d from={MINE} -d body=Hello http://127.0.0.1:7586/ws/sms/queue.json"
    ) in page.words
    assert "/" in page.links()


FILTERS = {
    "none": ("", ["again lunch", "Lunch, or dinner?", "late lunch", "hello"]),
    "empty": (
        "words=&type=&status=&number=&before=&after=",
        ["again lunch", "Lunch, or dinner?", "late lunch", "hello"],
    ),
    "a word": ("words=lunch", ["again lunch", "Lunch, or dinner?", "late lunch"]),
    "beginnings of two words": ("words=din+lun", ["Lunch, or dinner?"]),
    "type": ("type=inbound", ["Lunch, or dinner?"]),
    "status": ("status=undelivered", ["late lunch"]),
    "number": ("number=13105550111", ["again lunch"]),
    "number as people write it": ("number=(310)%20555-0111", ["again lunch"]),
    "own number": (f"number={MINE}", ["again lunch", "Lunch, or dinner?", "late lunch", "hello"]),
    "all at once": ("words=lunch&type=outbound&status=undelivered&number=12125550123", ["late lunch"]),
    "signs alone": ("words=%22%2A", []),
    "nothing but NUL": ("words=%00", ["again lunch", "Lunch, or dinner?", "late lunch", "hello"]),
    "nothing": ("words=breakfast", []),
    "no such number": ("number=310", []),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters_leave_what_passes(house: House, caller: Caller, query: str, expected: list[str]) -> None:
    house.queue("hello")
    house.advance(5000)
    house.receive("STOP", to=OTHER, account=house.second)
    late = house.queue("late lunch")[0]
    with house.store.transaction():
        house.store.messages.move(late.seq, "undelivered", at=house.clock.now())
    house.advance(5000)
    house.receive("Lunch, or dinner?")
    house.advance(5000)
    house.queue("again lunch", to=STRANGER)
    house.advance(5000)
    page = get_page(caller, f"{LOGS}?{query}")
    assert bodies(house, page) == expected
    assert ("No message matches." in page.words) is (expected == [])


@pytest.mark.parametrize("query", ["type=sideways", "status=lost", "before=nobody", "after=nobody"])
def test_what_cannot_be_filtered_by_is_said(onlooker: Caller, query: str) -> None:
    page = get_page(onlooker, f"{LOGS}?{query}", status=404 if "nobody" in query else 400)
    assert "did you mean" in page.words or "there are:" in page.words or "newest page" in page.words


def test_half_a_number_is_explained(onlooker: Caller) -> None:
    page = get_page(onlooker, f"{LOGS}?number=555")
    assert "“555” is no whole phone number: write 10 digits, or 11 with a leading 1." in page.words


def test_a_form_remembers_what_was_asked(onlooker: Caller) -> None:
    page = get_page(onlooker, f"{LOGS}?words=%22+onfocus%3Dx&type=reply&status=sent&number=12")
    assert page.values("input", "value") == ['" onfocus=x', "12"]
    selected = [attributes for tag, attributes in page.tags if tag == "option" and "selected" in attributes]
    assert len(selected) == 3, "the account, the type and the status"


def test_words_that_were_found_are_marked_under_their_rows(house: House, caller: Caller) -> None:
    house.queue("Shall we have <b>LUNCH</b> together?")
    page = get_page(caller, f"{LOGS}?words=lun")
    assert "Shall we have <b>LUNCH</b> together?" in page.words
    assert [tag for tag, _ in page.tags if tag in ("mark", "b")] == ["mark"]


def test_pages_lead_to_older_messages_and_back(house: House, caller: Caller) -> None:
    """Each page has 50; none is left out, and none comes twice."""
    keep(house, 120)
    newest = get_page(caller, LOGS)
    older = get_page(caller, onward(newest, "next"))
    oldest = get_page(caller, onward(older, "next"))
    seen = [*rows(newest), *rows(older), *rows(oldest)]
    assert (len(seen), len(set(seen)), onward(oldest, "next"), onward(newest, "prev")) == (120, 120, "", "")
    assert rows(get_page(caller, onward(oldest, "prev"))) == rows(older)
    assert rows(get_page(caller, onward(older, "prev"))) == rows(newest)


def test_pages_keep_the_filters_and_the_account(house: House, caller: Caller) -> None:
    keep(house, 60)
    page = get_page(caller, f"{LOGS}?account=username&words=hello&status=received&number={MINE}&type=outbound")
    link = onward(page, "next")
    for part in ("account=username", "words=hello", "status=received", f"number={MINE}", "type=outbound"):
        assert part in link
    assert len(rows(get_page(caller, link))) == 10


def test_a_search_that_looked_far_enough_offers_to_look_further(house: House, caller: Caller) -> None:
    """Where no index knows the wanted ones, ten thousand messages are looked at for once."""
    keep(house, 1, status="sent", body="wanted")
    house.clock.move_to(house.clock.now() + 60_000)
    keep(house, 10_001)
    page = get_page(caller, f"{LOGS}?status=sent")
    assert rows(page) == []
    assert "Nothing was found among 10\u202f000 messages." in page.text
    assert "Look further" in page.words
    assert bodies(house, get_page(caller, onward(page, "next"))) == ["wanted 0"]


def test_what_plum_shows_of_a_message_comes_first(house: House, caller: Caller) -> None:
    """The same fields, its id, its body and, if given, its result URL (11.5)."""
    (message,) = house.queue("Grüße", url=RESULTS)
    assert (
        f"SMS Message ID {message.sms_message_id} To +1 212 555 0123 From +1 617 555 0100 "
        f"Timestamp 2023-11-14 22:13:20 UTC Status ○ queued Type outbound Body Grüße Result URL {RESULTS} "
        "What the emulator knows Segments GSM-7 · 5 units · 1 part · room for 155"
    ) in detail(caller, message).words
    assert "Result URL" not in detail(caller, house.queue("hi")[0]).words


@pytest.fixture
def patient() -> Iterator[House]:
    """An emulator that tells a status twice when it is not taken."""
    with House(settings=Settings(callback_attempts=2)) as house:
        yield house


def test_a_timeline_tells_everything_in_order(patient: House) -> None:
    """The request, each status, each callback with its attempts and answers, and what comes next."""
    caller = Caller(patient)
    answers = iter([Outcome(status=500), Outcome(status=200), Outcome(error="timed out after 10 s")])
    patient.transport.answer = lambda _request: next(answers)
    message = caller.queue(FIELDS).rows[0]["sms_message_id"]
    timeline(
        detail(caller, message),
        "2023-11-14 22:13:20 UTC An application asked for it: POST /ws/sms/queue.json Request and answer of exchange 1",
        "2023-11-14 22:13:20 UTC ○ queued",
        "2023-11-14 22:13:21 UTC Becomes ✓ sent then.",
        "2023-11-14 22:13:23 UTC Becomes ✓✓ received then.",
    )
    patient.advance(3000)
    page = detail(caller, message)
    timeline(
        page,
        "○ queued",
        "2023-11-14 22:13:21 UTC ✓ sent",
        f"2023-11-14 22:13:21 UTC Result URL told of sent, attempt 1: {RESULTS} It answered 500. "
        "✕ answered 500, a 2xx was expected Request and answer of exchange 2",
        f"2023-11-14 22:13:22 UTC Result URL told of sent, attempt 2: {RESULTS} It answered 200. ✓ ok",
        "2023-11-14 22:13:23 UTC ✓✓ received",
        f"Result URL told of received, attempt 1: {RESULTS} ✕ timed out after 10 s",
        "2023-11-14 22:13:24 UTC Callback with received, attempt 2: goes out then. Edit or release",
    )
    assert [link for link in page.links() if re.fullmatch("/console/traffic/[0-9]+", link)] == [
        f"/console/traffic/{n}" for n in (1, 2, 3, 4)
    ]
    caller.close()


def test_an_inbound_message_is_followed_to_its_replies(house: House, caller: Caller) -> None:
    """The carrier's automatic text, the post, the answer and what came of it, each with its link."""
    answering(house, b"<reply><sms_message>one</sms_message><sms_message to='1'>two</sms_message></reply>")
    text = house.receive("START")
    house.advance(10)
    page = detail(caller, text)
    timeline(
        page,
        "✓✓ received by +1 617 555 0100",
        "Automatic text of the carrier to +1 212 555 0123: You have successfully been re-subscribed",
        "Posted to the application: http://127.0.0.1:8000/sms It answered 200. ✓ ok",
        "Reply to +1 212 555 0123: ○ queued View one",
        "Reply to 1: ✕ failed View two",
        "The application's answer ✓ It was taken, and asks for 2 messages. <reply><sms_message>one",
    )
    replies = house.store.messages.replies_to(text.seq)
    assert {f"{LOGS}/{reply.sms_message_id}" for reply in replies} <= set(page.links())
    reply = detail(caller, replies[1])
    assert "In reply to the text from +1 212 555 0123" in reply.words
    assert "Reason to: '1' is not a phone number" in reply.words
    assert f"{LOGS}/{text.sms_message_id}" in reply.links()
    timeline(reply, "The application asked for it in its answer.", "✕ failed")


def test_an_answer_that_was_not_taken_is_shown_with_the_place_marked(house: House, caller: Caller) -> None:
    answering(house, BROKEN)
    text = house.receive()
    house.advance(10)
    page = detail(caller, text)
    timeline(
        page,
        "It answered 200, ✕ which was not taken.",
        "The application's answer ✕ It was not taken: see line 2, column 3. <reply> <sms>no</sms>"
        "Column 3: not valid against the SMS Reply Schema: Unexpected child with tag 'sms' at position 1 "
        "expected <reply> without attributes, holding nothing but <sms_message> elements </reply>",
    )
    assert [attributes for tag, attributes in page.tags if tag == "mark"] == [{}]


ANSWERS = {
    "an error of the application": (b"<h1>Oops</h1>", 500, "answered 500, a 2xx was expected <h1>Oops</h1>"),
    "an empty one": (b"", 200, "the answer is empty; an answer is an XML document, at least <reply/> It has no body."),
    "bytes": (bytes(range(256)), 200, "✕ It was not taken: see line 1, column 1. ␀"),
    "a huge one": (b"<reply>\n" * 3000 + b"<&", 200, "line 3001, column 2 is beyond what is shown here."),
    "hostile": (f"<reply>{HOSTILE}</reply>".encode(), 200, "<reply><script>alert('1')</script>\"><img"),
}


@pytest.mark.parametrize(("body", "status", "words"), ANSWERS.values(), ids=ANSWERS)
def test_whatever_was_answered_can_be_looked_at(
    house: House, caller: Caller, body: bytes, status: int, words: str
) -> None:
    answering(house, body, status=status)
    text = house.receive()
    house.advance(10)
    timeline(detail(caller, text), "The application's answer", words)


def test_hostile_text_is_text_wherever_it_stands(house: House, caller: Caller) -> None:
    """In the table, in the filters and on the page of a message."""
    house.receive(HOSTILE + "\0")
    (message,) = house.log()
    for target in (f"{LOGS}?words=script", f"{LOGS}/{message.sms_message_id}", f"{LOGS}?words={quote(HOSTILE)}"):
        page = get_page(caller, target)
        assert HOSTILE_SEEN in page.text or HOSTILE in page.values("input", "value")
        assert not [tag for tag, attributes in page.tags if tag == "script" and not attributes["src"].startswith("/")]
        assert "\0" not in page.text


def test_a_recipient_that_is_no_number_is_cut_in_the_table_and_whole_on_its_page(house: House, caller: Caller) -> None:
    """A reply that could not be sent keeps what the application wrote."""
    to = "nobody at all, " * 10
    answering(house, f'<reply><sms_message to="{to}">hi</sms_message></reply>'.encode())
    house.receive()
    house.advance(10)
    reply = house.log()[-1]
    assert f"{to[:40]}…" in get_page(caller, LOGS).text
    assert to in detail(caller, reply).text


def test_rules_that_fired_are_named(house: House, caller: Caller) -> None:
    house.emulator.rules.put(
        house.account, {"id": "slow", "when": {"to": HANDSET}, "then": {"callbacks": {"delay": 60}}}
    )
    message = caller.queue(FIELDS).rows[0]["sms_message_id"]
    house.advance(1000)
    page = detail(caller, message)
    assert "Rules that fired slow" in page.words
    timeline(page, "Callback with sent: goes out then. Edit or release Rules: slow")
    assert "/console/rules#rule-slow" in page.links()


def test_a_callback_that_is_held_leads_to_where_it_is_released(house: House, caller: Caller) -> None:
    house.emulator.workbench.hold(house.account, timeout=None)
    message = caller.queue(FIELDS).rows[0]["sms_message_id"]
    house.advance(5000)
    (first, _) = house.emulator.workbench.pending(house.account)
    page = detail(caller, message)
    timeline(page, "not yet Callback with sent: held until it is released.", "Callback with received")
    assert f"/console/traffic/callbacks/{first.due.id}" in page.links()


@pytest.mark.parametrize("id_", ["nobody", "0" * 4000, quote(HOSTILE.replace("/", "")), "%00"])
def test_a_message_that_there_is_not_is_a_page_with_a_next_step(onlooker: Caller, id_: str) -> None:
    page = get_page(onlooker, f"{LOGS}/{id_}", status=404)
    assert "There is no such message" in page.words
    assert LOGS in page.links()


def test_messages_of_other_accounts_are_not_shown(house: House, caller: Caller) -> None:
    theirs = house.receive("private", to=OTHER, account=house.second)
    assert "private" not in get_page(caller, f"{LOGS}?words=private").words.replace("private No", "")
    get_page(caller, f"{LOGS}/{theirs.sms_message_id}", status=404)
    assert "private" in get_page(caller, f"{LOGS}/{theirs.sms_message_id}?account=second").words


@pytest.fixture
def demo() -> Iterator[Caller]:
    """Somebody at an emulator whose one account is a demo account with a message."""
    seeds = [Seed(username="username", password="password", demo=True, numbers=(Number(number=MINE),))]
    with House(seeds=seeds) as house:
        house.receive("hello")
        caller = Caller(house)
        yield caller
        caller.close()


def test_demo_accounts_have_plums_notice_in_place_of_the_log(demo: Caller) -> None:
    """No table, no message, no live region (11.6)."""
    page = get_page(demo, LOGS)
    assert NOTICE in page.words
    assert [tag for tag, _ in page.tags if tag in ("table", "form")] == []
    message = get_page(demo, f"{LOGS}/nobody")
    assert NOTICE in message.words
    assert page.values("div", "data-live") == message.values("div", "data-live") == ["chip"]
    assert demo.get("/console/live?region=log").status == 400


def test_the_log_and_a_message_are_live(house: House, caller: Caller) -> None:
    """With their filters, on every page of the log."""
    message = house.receive("hello")
    page = get_page(caller, f"{LOGS}?words=hello&before={message.sms_message_id}")
    assert page.values("div", "data-live") == ["chip", f"log?words=hello&before={message.sms_message_id}"]
    assert detail(caller, message).values("div", "data-live") == ["chip", f"message?id={message.sms_message_id}"]


def test_what_is_due_of_a_message_is_found(house: House) -> None:
    """Its statuses and its callbacks, and nobody else's."""
    house.queue("other")
    (message,) = house.queue("mine", url=RESULTS)
    house.emulator.workbench.hold(house.account, timeout=None)
    house.advance(1000)

    def what(due: Due) -> tuple[str, str | None, str]:
        return due.kind, due.status, due.state

    assert [what(due) for due in house.platform.story(house.account, message.sms_message_id).due] == [
        ("status", "received", "scheduled"),
        ("callback", "sent", "held"),
    ]


class Silent(FakeTransport):
    """Nobody answers."""

    def deliver(self) -> int:
        return 0


def test_an_inbound_message_on_its_way_says_so() -> None:
    with House(transport=Silent()) as house:
        caller = Caller(house)
        text = house.receive("hi")
        timeline(detail(caller, text), "2023-11-14 22:13:20 UTC Will be posted to the application.")
        house.advance(1)
        timeline(detail(caller, text), "It is being posted to the application.")
        caller.close()
