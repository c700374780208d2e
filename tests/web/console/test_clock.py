"""The clock's page: what time it is, what comes next, and what was put aside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urlencode

import pytest

from helpers.caller import Caller, Heard
from helpers.house import HANDSET, NOW, RESULTS, House
from helpers.pages import HOSTILE, page_of, submit
from plum_emulator.clock import Timing
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.web.console.clock import ahead

CLOCK = "/console/clock"
START = "2023-11-14 22:13:20 UTC"
RATES = "but a number from 0.001 to 1000000 was expected there are: mode, rate, now"


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


def after(caller: Caller, heard: Heard) -> Heard:
    """The page that a form leads to."""
    assert heard.status == 303, seen(heard)
    return caller.get(heard.header("Location"))


def test_the_page_of_an_untouched_account_says_what_to_do(caller: Caller) -> None:
    heard = caller.get(CLOCK)
    assert heard.status == 200
    text = seen(heard)
    assert START in text
    assert "Mode real: it goes by itself Next due nothing" in text
    assert "Nothing is due. Send a message, or text a number" in text
    assert "There is no snapshot yet." in text
    assert told(heard) == ""


@pytest.mark.parametrize(
    ("fields", "timing", "words"),
    [
        ({"mode": "manual"}, Timing(mode="manual", instant=NOW), "manual: it stands still until it is moved"),
        (
            {"mode": "scaled", "rate": "0.5", "now": ""},
            Timing(mode="scaled", rate=0.5, instant=NOW, since=NOW),
            "scaled: it goes 0.5 times as fast",
        ),
        (
            {"mode": "scaled", "rate": " 1e6 ", "now": " 1999-12-31T23:59:59Z "},
            Timing(mode="scaled", rate=1e6, instant=946684799000, since=NOW),
            "scaled: it goes 1000000 times as fast",
        ),
        (
            {"mode": "real", "rate": "60", "now": "2031-02-03T04:05:06.789+01:00"},
            Timing(mode="real", instant=1927854306789, since=NOW),
            "real: it goes by itself, and not by the time of day",
        ),
        ({"mode": "real", "rate": "no number"}, Timing(), "real: it goes by itself Next"),
    ],
    ids=["manual", "scaled", "scaled from then on", "real from then on", "real"],
)
def test_the_clock_is_set(caller: Caller, house: House, fields: Mapping[str, str], timing: Timing, words: str) -> None:
    """The rate counts only where the clock has one."""
    assert f"Mode {words}" in seen(after(caller, submit(caller, CLOCK, **fields)))
    assert house.accounts.clock(house.account.id).timing == timing


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "clock: 'mode' is '', which is unknown there are: real, scaled, manual"),
        ({"mode": "manuel"}, "clock: 'mode' is 'manuel', which is unknown did you mean 'manual'?"),
        ({"mode": "scaled"}, "the rate is '', but a number was expected 60 goes sixty times as fast"),
        (
            {"mode": "scaled", "rate": "1e7"},
            f"clock: 'rate' is 10000000.0, {RATES}",
        ),
        (
            {"mode": "scaled", "rate": "nan"},
            f"clock: 'rate' is not a finite number, {RATES}",
        ),
        ({"mode": "manual", "now": "soon"}, "'soon' is not an instant write 2026-01-31T12:00:00Z"),
        ({"mode": "manual", "now": "2026-01-31T12:00"}, "'2026-01-31T12:00' has no zone write 2026-01-31T12:00:00Z"),
    ],
    ids=["nothing", "unknown", "without a rate", "too fast", "no number", "no instant", "no zone"],
)
def test_a_clock_that_cannot_be_is_refused(caller: Caller, house: House, fields: Mapping[str, str], words: str) -> None:
    heard = submit(caller, CLOCK, **fields)
    assert (heard.status, told(heard)) == (400, words)
    assert house.accounts.clock(house.account.id).timing == Timing()


@pytest.mark.parametrize(
    ("by", "history", "words"),
    [
        ("next", [("queued", 0), ("sent", 1000)], "22:13:21 UTC. On the way: 1 status change, 1 callback."),
        ("1s", [("queued", 0), ("sent", 1000)], "22:13:21 UTC. On the way: 1 status change, 1 callback."),
        (
            "1m",
            [("queued", 0), ("sent", 1000), ("received", 3000)],
            "22:14:20 UTC. On the way: 2 status changes, 2 callbacks.",
        ),
        (
            "1h",
            [("queued", 0), ("sent", 1000), ("received", 3000)],
            "23:13:20 UTC. On the way: 2 status changes, 2 callbacks.",
        ),
        (
            "idle",
            [("queued", 0), ("sent", 1000), ("received", 3000)],
            "22:13:23 UTC. On the way: 2 status changes, 2 callbacks.",
        ),
    ],
)
def test_an_advance_says_what_ran(
    caller: Caller, house: House, by: str, history: list[tuple[str, int]], words: str
) -> None:
    house.make_manual()
    (message,) = house.queue(url=RESULTS)
    heard = after(caller, submit(caller, f"{CLOCK}/advance", by=by))
    assert told(heard) == f"The clock shows 2023-11-14 {words}"
    assert house.history(message) == history


def test_an_advance_with_nothing_due_says_so(caller: Caller, house: House) -> None:
    house.make_manual()
    heard = after(caller, submit(caller, f"{CLOCK}/advance", by="1s"))
    assert told(heard) == "The clock shows 2023-11-14 22:13:21 UTC. Nothing was due on the way."


def test_an_inbound_text_that_an_advance_posts_is_counted(caller: Caller, house: House) -> None:
    house.make_manual()
    house.receive()
    heard = after(caller, submit(caller, f"{CLOCK}/advance", by="next"))
    assert told(heard) == f"The clock shows {START}. On the way: 1 inbound text."


def test_what_an_advance_did_is_told_while_it_is_so(caller: Caller, house: House) -> None:
    """An address that is opened again later says nothing of what was long ago."""
    house.make_manual()
    first = submit(caller, f"{CLOCK}/advance", by="1s")
    assert told(after(caller, first)) != ""
    submit(caller, f"{CLOCK}/advance", by="1s")
    assert told(after(caller, first)) == ""


@pytest.mark.parametrize("number", ["-1", "1e3", "9" * 5000, "²", "<b>", ""])
def test_an_address_with_something_else_than_counts_is_shown_without_them(
    caller: Caller, house: House, number: str
) -> None:
    house.make_manual()
    query = urlencode({"at": NOW, "statuses": number, "callbacks": "2"})
    assert told(caller.get(f"{CLOCK}?{query}")) == f"The clock shows {START}. On the way: 2 callbacks."


@pytest.mark.parametrize("by", ["soon", "", "-1s", "1e3", "99999999d"])
def test_an_advance_by_something_else_is_refused(caller: Caller, house: House, by: str) -> None:
    house.make_manual()
    heard = submit(caller, f"{CLOCK}/advance", by=by)
    assert (heard.status, told(heard)) == (400, f"{by!r} is not a duration write 5, 500ms, 5s, 2m, 1.5h or 3d")
    assert house.time() == 0


def test_a_clock_that_goes_by_itself_is_not_advanced_but_can_be_made_manual(caller: Caller, house: House) -> None:
    page = caller.get(CLOCK)
    assert "Only a manual clock can be moved. Make it manual" in seen(page)
    assert "Advance" not in seen(page)
    heard = submit(caller, f"{CLOCK}/advance", by="next")
    assert heard.status == 400
    assert heard.header("Content-Type") == "text/html; charset=utf-8"
    assert told(heard).startswith("the clock of account 'username' is real: it goes by itself")
    assert "Advance: Next" in seen(after(caller, submit(caller, CLOCK, mode="manual")))
    assert house.accounts.clock(house.account.id).manual


def test_an_advance_that_is_broken_off_says_why_and_what_ran(caller: Caller, house: House) -> None:
    def reset(_request: OutgoingRequest) -> Outcome:
        house.emulator.snapshots.reset(house.account)
        return Outcome(status=200)

    house.make_manual()
    house.queue(url=RESULTS)
    house.transport.answer = reset
    heard = submit(caller, f"{CLOCK}/advance", by="idle")
    assert (heard.status, told(heard)) == (
        400,
        f"the advance ended at {START}: a reset came in between On the way: 1 status change",
    )


def test_the_agenda_shows_what_comes_when_and_why(caller: Caller, house: House) -> None:
    """The soonest first; a callback that is held waits for somebody."""
    house.make_manual()
    house.emulator.rules.put(
        house.account, {"id": "late", "when": {"status": "sent"}, "then": {"callbacks": {"delay": 90}}}
    )
    house.queue("Hello", url=RESULTS)
    house.emulator.workbench.hold(house.account, timeout=None)
    house.receive("MENU")
    agenda = seen(caller.get(CLOCK)).partition("State ")[2].partition(" Snapshots")[0]
    assert agenda == (
        f"{START} now inbound text is posted from +1 212 555 0123 MENU 1 scheduled "
        "2023-11-14 22:13:21 UTC in 1 s status ✓ sent to +1 212 555 0123 Hello scheduled "
        "2023-11-14 22:13:23 UTC in 3 s status ✓✓ received to +1 212 555 0123 Hello scheduled"
    )
    submit(caller, f"{CLOCK}/advance", by="1s")
    agenda = seen(caller.get(CLOCK)).partition("State ")[2].partition(" Snapshots")[0]
    assert agenda == (
        "2023-11-14 22:13:23 UTC in 2 s status ✓✓ received to +1 212 555 0123 Hello scheduled "
        "when it is released callback ✓ sent to +1 212 555 0123 Hello 1 late held"
    )


def test_a_long_agenda_is_cut(caller: Caller, house: House) -> None:
    house.make_manual()
    for _ in range(51):
        house.queue()
    page = caller.get(CLOCK)
    assert page.body.count(b'<tr id="due-') == 100
    assert "These are the first 100; more is due after them." in seen(page)


def test_what_somebody_texted_is_shown_as_text(caller: Caller, house: House) -> None:
    house.make_manual()
    house.receive(HOSTILE)
    heard = caller.get(CLOCK)
    assert HOSTILE[:50] + "…" in seen(heard)
    assert page_of(heard).values("img", "src") == ["/static/icon.svg"]


@pytest.mark.parametrize("name", ["", "..", "a b", "x" * 65, HOSTILE])
def test_a_snapshot_with_another_name_is_refused(caller: Caller, house: House, name: str) -> None:
    heard = submit(caller, f"{CLOCK}/snapshots", name=name)
    assert heard.status == 400
    assert told(heard).endswith("is not a name for a snapshot 1 to 64 letters, digits, dots, - and _")
    assert page_of(heard).values("img", "src") == ["/static/icon.svg"]
    assert house.emulator.snapshots.of(house.account) == []


def test_a_snapshot_takes_the_place_of_an_older_one_only_when_that_is_asked_for(caller: Caller, house: House) -> None:
    house.receive()
    submit(caller, f"{CLOCK}/snapshots", name="then")
    house.receive()
    heard = submit(caller, f"{CLOCK}/snapshots", name="then")
    assert (heard.status, told(heard)) == (
        400,
        "there is a snapshot 'then' already choose another name, or save it in place of that one",
    )
    assert [snapshot.messages for snapshot in house.emulator.snapshots.of(house.account)] == [1]
    heard = after(caller, submit(caller, f"{CLOCK}/snapshots", name="then", replace="1"))
    assert told(heard) == "Snapshot then was saved."
    assert [snapshot.messages for snapshot in house.emulator.snapshots.of(house.account)] == [2]


def test_a_snapshot_brings_back_what_was_there(caller: Caller, house: House) -> None:
    house.make_manual()
    house.queue("before")
    heard = after(caller, submit(caller, f"{CLOCK}/snapshots", name=" then "))
    assert told(heard) == "Snapshot then was saved."
    assert f"then {START} · 1 message Restore then Delete then" in seen(heard)
    house.queue("later")
    heard = after(caller, submit(caller, f"{CLOCK}/snapshots/restore", name="then"))
    assert told(heard) == "The account is again what it was in snapshot then, with 1 message."
    assert [message.body for message in house.log()] == ["before"]
    heard = after(caller, submit(caller, f"{CLOCK}/snapshots/delete", name="then"))
    assert "There is no snapshot yet." in seen(heard)


@pytest.mark.parametrize("what", ["restore", "delete"])
def test_a_snapshot_that_is_not_there_is_404(caller: Caller, what: str) -> None:
    heard = submit(caller, f"{CLOCK}/snapshots/{what}", name="then")
    assert (heard.status, told(heard)) == (
        404,
        "account 'username' has no snapshot 'then' there are none; PUT /_plum/snapshots/then saves one",
    )


@pytest.mark.parametrize("query", ["saved=then", "restored=then", "reset=2", "at=", f"at={NOW}%20", "joined="])
def test_an_address_that_nobody_was_led_to_tells_of_nothing(onlooker: Caller, query: str) -> None:
    assert told(onlooker.get(f"{CLOCK}?{query}")) == ""


def test_an_account_is_reset(caller: Caller, house: House) -> None:
    """What goes is said before, and the button is one step away."""
    house.queue()
    page = seen(caller.get(CLOCK))
    assert "Reset account username All its messages go" in page
    heard = after(caller, submit(caller, f"{CLOCK}/reset"))
    assert told(heard) == "The account was reset: it is as it began."
    assert house.log() == []


def test_everything_is_about_the_account_that_the_address_names(caller: Caller, house: House) -> None:
    heard = submit(caller, f"{CLOCK}?account=second", mode="manual")
    assert heard.header("Location") == f"{CLOCK}?account=second"
    assert not house.accounts.clock(house.account.id).manual
    house.queue(account=house.second, to=HANDSET)
    heard = submit(caller, f"{CLOCK}/advance?account=second", by="next")
    assert heard.header("Location") == f"{CLOCK}?at={NOW + 1000}&statuses=1&callbacks=0&inbound=0&account=second"
    page = caller.get(heard.header("Location")).body.decode()
    actions = set(re.findall(r'<form[^>]* action="(/console/clock[^"]*)"', page)) - {CLOCK}  # which chooses another
    assert actions == {
        f"{CLOCK}?account=second",
        f"{CLOCK}/advance?account=second",
        f"{CLOCK}/reset?account=second",
        f"{CLOCK}/snapshots?account=second",
        f"{CLOCK}/snapshots/restore?account=second",
        f"{CLOCK}/snapshots/delete?account=second",
    }


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5, "now"),
        (0, "now"),
        (1, "in 1 ms"),
        (999, "in 999 ms"),
        (1000, "in 1 s"),
        (2599, "in 2.5 s"),
        (9999, "in 9.9 s"),
        (10_999, "in 10 s"),
        (60_000, "in 1 min"),
        (3_599_999, "in 59 min 59 s"),
        (3_605_000, "in 1 h 5 s"),
        (90_061_000, "in 1 d 1 h"),
    ],
)
def test_how_far_off_something_is(milliseconds: int, words: str) -> None:
    """In at most two units, and never more than it is."""
    assert ahead(milliseconds) == words
