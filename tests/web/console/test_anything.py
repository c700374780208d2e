"""Whatever a browser or anybody else sends to the console: a page, or words that say what is wrong. Never a bug."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.caller import FORM, Caller, Heard
from helpers.house import HANDSET, House
from helpers.laws import examples
from helpers.pages import page_of
from plum_emulator.model.exchanges import Outcome
from plum_emulator.web import console

FIRST = "16175550123"
# What a view of the console reads from a form or from an address; and what it reads by a table of names.
READ = re.compile(r"""\.(?:get|getlist|text)\("(\w+)\"""")
SOURCES = Path(console.__file__).parent.glob("*.py")
NAMES = sorted(
    {name for file in SOURCES for name in READ.findall(file.read_text(encoding="utf-8"))}
    | {"bad", "callbacks", "inbound", "pass", "phone", "status", "statuses", "type"}
)
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "0", "-1", "1", "9" * 18, "9" * 30, "1e400", "nan", "username", "second", "demo", "failed", "inbound",
         FIRST, HANDSET, "16175550100", "{}", "[]", '{"when": {}, "then": {}}', "next", "idle", "manual", "real", "log",
         "a: b\r\nc", "\x00", "\u202e", "%", "2026-01-31T12:00:00Z"]
    ),
)  # fmt: skip
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), WORDS), max_size=5)


@pytest.fixture(scope="module")
def lived_in() -> Iterator[Caller]:
    """An emulator in which something of every kind has happened."""
    house = House()
    house.transport.answer = lambda _request: Outcome(status=200, body=b"<reply><sms>not valid</sms></reply>")
    caller = Caller(house)
    house.queue(url="http://127.0.0.1:8000/results")
    house.receive("BROKEN")
    house.advance(5000)
    house.emulator.snapshots.save(house.account, "before")
    caller.send_json("PUT", "/_plum/scenarios/carrier-outage", None)
    caller.send_json("PUT", "/_plum/callbacks", {"hold": True})
    house.queue(url="http://127.0.0.1:8000/results")
    house.advance(5000)
    yield caller
    caller.close()
    house.close()


def routes(caller: Caller) -> list[tuple[str, str]]:
    """Methods and rules of all that belongs to the console, but its streams and files."""
    return [
        (method, rule.rule)
        for rule in caller.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and rule.rule not in ("/console/live",) and "/static/" not in rule.rule
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def ask(caller: Caller, method: str, path: str, query: list[tuple[str, str]], form: list[tuple[str, str]]) -> Heard:
    target = f"{path}?{urlencode(query)}" if query else path
    if method == "GET":
        return caller.get(target)
    return caller.post(target, headers=[FORM], body=urlencode(form).encode())


def check(heard: Heard) -> None:
    assert heard.status in (200, 303, 400, 404, 405), heard.status
    if heard.status != 303 and heard.header("Content-Type").startswith("text/html"):
        page_of(heard)


@examples(100)  # the first page reads its templates
@given(data=st.data())
def test_any_fields_on_any_page_are_answered(lived_in: Caller, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(routes(lived_in)))
    while "<" in path:
        before, _, rest = path.partition("<")
        part, _, after = rest.partition(">")
        word = data.draw(st.one_of(st.integers(0, 20).map(str), WORDS), label=part)
        path = before + (quote(word, safe="") or "x") + after
    check(ask(lived_in, method, path, data.draw(FIELDS), data.draw(FIELDS)))


@examples(100)  # the first page reads its templates
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["", "text/plain", "application/json", FORM[1], "multipart/form-data; boundary=x"]),
)
def test_any_body_of_any_kind_is_answered(lived_in: Caller, body: bytes, kind: str) -> None:
    headers = [("Content-Type", kind)] if kind else []
    check(lived_in.post(f"/console/phones/{FIRST}/texts", headers=headers, body=body))


@examples(100)  # the first page reads its templates
@given(
    region=st.one_of(
        WORDS, st.sampled_from(["conversation", "log", "traffic", "clock"]).map(lambda name: f"{name}?handset=")
    ),
    more=WORDS,
)
def test_any_region_is_shown_or_refused(lived_in: Caller, region: str, more: str) -> None:
    heard = lived_in.call("HEAD", f"/console/live?{urlencode([('region', region + more)])}")
    assert heard.status in (200, 400, 404)


def test_a_form_of_a_mebibyte_is_refused_in_words(lived_in: Caller) -> None:
    heard = lived_in.post(f"/console/phones/{FIRST}/texts", headers=[FORM], body=b"body=" + b"x" * 2_000_000)
    assert heard.status == 400
    assert "too large" in page_of(heard).text


def test_a_text_that_no_handset_sends_is_refused_in_words(lived_in: Caller) -> None:
    heard = lived_in.post(f"/console/phones/{FIRST}/texts", headers=[FORM], body=b"body=" + b"x" * 10_001)
    assert heard.status == 400
    assert "a text has 10001 characters" in page_of(heard).text


def test_of_a_huge_text_a_page_shows_the_beginning(house: House, caller: Caller) -> None:
    """It may come by the control surface; its own page has all of it."""
    message = house.receive("\N{HORIZONTAL ELLIPSIS}" * 300_000, from_="12125550133")
    page = caller.get("/console/phones/12125550133")
    check(page)
    assert len(page.body) < 30_000
    assert len(caller.get(f"/console/logs/{message.sms_message_id}").body) > 900_000
