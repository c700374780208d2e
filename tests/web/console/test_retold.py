"""Copy as test: the page on which a session becomes a test."""

from __future__ import annotations

import ast

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, House
from helpers.pages import HOSTILE, ReadPage, get_page
from plum_emulator.model.exchanges import Outcome


def told(page: ReadPage) -> bool:
    return "told" in page.values("pre", "id")


@pytest.mark.parametrize("query", ["", "?format=pytest", "?format=curl", "?format=nothing", f"?handset={HANDSET}"])
def test_without_a_session_it_says_what_to_do(onlooker: Caller, query: str) -> None:
    page = get_page(onlooker, f"/console/test{query}")
    assert "Nothing was texted or queued since the last reset." in page.text
    assert not told(page)


def test_a_session_is_told_in_both_forms(house: House, caller: Caller) -> None:
    house.transport.answer = lambda _request: Outcome(
        status=200, body=b"<reply><sms_message>Hello there</sms_message></reply>"
    )
    house.receive(HOSTILE)
    house.advance(5000)
    page = get_page(caller, "/console/test")
    assert told(page)
    assert "def test_the_session_once_more(plum):" in page.text
    assert "Hello there" in page.text
    page = get_page(caller, "/console/test?format=curl")
    assert "set -eu" in page.text
    assert "Hello there" in page.text


def test_the_file_is_text_that_no_browser_runs(house: House, caller: Caller) -> None:
    house.receive(HOSTILE)
    heard = caller.get("/console/test/test_session.py")
    assert heard.header("Content-Type") == "text/plain; charset=utf-8"
    assert heard.header("Content-Security-Policy") == "sandbox; default-src 'none'"
    ast.parse(heard.body)
    assert caller.get("/console/test/session.sh").body.startswith(b"#!/bin/sh")


def test_there_are_no_other_files(onlooker: Caller) -> None:
    heard = onlooker.get("/console/test/whatever.sh")
    assert heard.status == 404
    assert "there are: test_session.py, session.sh" in heard.body.decode()


def test_of_one_handset_only_its_texts_are_told(house: House, caller: Caller) -> None:
    house.receive("mine", from_=HANDSET)
    house.receive("another's", from_="12125550177")
    page = get_page(caller, f"/console/test?handset={HANDSET}")
    assert ("mine" in page.text, "another's" in page.text) == (True, False)


def test_a_handset_that_is_none_is_said(onlooker: Caller) -> None:
    assert "is not a phone number" in get_page(onlooker, "/console/test?handset=x", status=400).text
