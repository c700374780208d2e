"""Sinks: paths that take whatever arrives."""

from __future__ import annotations

import time
from typing import Any

import pytest

from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House

PLAIN = "text/plain; charset=utf-8"
SCRIPT = {"statuses": [200], "delay": 0.0, "body": "", "content_type": PLAIN}
BASE = "http://127.0.0.1:7586/_plum/sink/"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_whatever_arrives_is_taken_and_kept(caller: Caller, method: str) -> None:
    """Every method, any parameters, any body."""
    heard = caller.call(method, "/_plum/sink/a/b%20c?x=1&%FF", body=b"\xff\x00", headers=[("X-Name", "value")])
    assert (heard.status, heard.body, heard.header("Content-Type")) == (200, b"", PLAIN)
    shown = caller.get("/_plum/sinks/a/b%20c").values
    (arrived,) = shown.pop("arrived")
    assert shown == {"path": "a/b c", "url": f"{BASE}a/b%20c?account=username", "script": SCRIPT}
    assert (arrived["direction"], arrived["operation"], arrived["outcome"]) == ("in", "sink", "ok")
    assert arrived["request"] == {
        "method": method,
        "url": "/_plum/sink/a/b%20c?x=1&%FF",
        "headers": [["host", "127.0.0.1:7586"], ["x-name", "value"], ["content-length", "2"]],
        "body": "\xff\x00",
    }
    assert arrived["answer"] == {"status": 200, "headers": [["Content-Type", PLAIN]], "body": ""}


def test_the_statuses_of_a_script_come_in_turn(caller: Caller) -> None:
    """The last one for ever; what is scripted anew begins anew."""
    script = {"statuses": [500, 429, 204], "body": "<x/>", "content_type": "text/xml"}
    heard = caller.send_json("PUT", "/_plum/sinks/a", script)
    assert (heard.status, heard.values) == (200, {"path": "a", "script": {**script, "delay": 0.0}})
    for _ in range(2):
        caller.send_json("PUT", "/_plum/sinks/a", script)
        answers = [caller.post("/_plum/sink/a") for _ in range(5)]
        assert [(each.status, each.body) for each in answers] == [
            (500, b"<x/>"),
            (429, b"<x/>"),
            (204, b""),
            (204, b""),
            (204, b""),
        ]
    assert caller.post("/_plum/sink/b").status == 200
    heard = caller.call("DELETE", "/_plum/sinks/a")
    assert (heard.status, heard.values) == (200, {"path": "a", "script": SCRIPT})
    assert caller.post("/_plum/sink/a").status == 200


@pytest.mark.parametrize("status", [200, 204, 304, 404, 500, 599])
def test_any_status_can_be_answered(caller: Caller, status: int) -> None:
    caller.send_json("PUT", "/_plum/sinks/a", {"statuses": [status]})
    assert caller.post("/_plum/sink/a").status == status


def test_an_answer_can_take_its_time(caller: Caller) -> None:
    """Real seconds; nobody else waits meanwhile."""
    caller.send_json("PUT", "/_plum/sinks/a", {"delay": 0.05, "statuses": [503], "body": "late"})
    begin = time.monotonic()
    heard = caller.post("/_plum/sink/a")
    assert (heard.status, heard.body) == (503, b"late")
    assert time.monotonic() - begin >= 0.05


def test_a_sink_is_a_result_url(house: House, caller: Caller) -> None:
    """The path that a lease names."""
    lease = caller.post("/_plum/accounts/lease").values
    login = f"{lease['username']}:{lease['password']}"
    fields = {"to": HANDSET, "from": lease["numbers"][0], "body": "x", "result_url": lease["sink_url"]}
    caller.queue(fields, login=login)
    house.advance(10_000)
    assert [request.url for request in house.transport.sent] == [lease["sink_url"]] * 2
    path = lease["sink_url"].removeprefix("http://127.0.0.1:7586")
    for request in house.transport.sent:
        caller.post(path, body=request.body)
    arrived = caller.get(f"/_plum/sinks/results?account={lease['username']}").values["arrived"]
    assert [each["request"]["body"].rpartition("=")[2] for each in arrived] == ["received", "sent"]
    assert caller.get("/_plum/sinks/results").values["arrived"] == []


def test_what_arrived_is_listed_newest_first(caller: Caller) -> None:
    for n in range(3):
        caller.post(f"/_plum/sink/a?n={n}")
        caller.post("/_plum/sink/a/b")
    arrived = caller.get("/_plum/sinks/a?limit=2").values["arrived"]
    assert [each["request"]["url"] for each in arrived] == ["/_plum/sink/a?n=2", "/_plum/sink/a?n=1"]


@pytest.mark.parametrize("path", ["%C3%A9", "%F0%9F%98%80", "%00", "%22", "a%3Fb", "..", "a//b", "x" * 512])
def test_any_path_is_a_path(caller: Caller, path: str) -> None:
    """What its answer says is the URL leads there."""
    assert caller.send_json("PUT", f"/_plum/sinks/{path}", {"statuses": [299]}).status == 200
    url = caller.get(f"/_plum/sinks/{path}").values["url"]
    assert caller.post(url.removeprefix("http://127.0.0.1:7586")).status == 299
    assert len(caller.get(f"/_plum/sinks/{path}").values["arrived"]) == 1


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        ({"status": [200]}, "'status' is unknown", "did you mean 'statuses'?"),
        (
            {"statuses": 200},
            "'statuses' is 200, but a list of HTTP statuses from 200 to 599",
            "for example [500, 500, 200]",
        ),
        (
            {"statuses": []},
            "'statuses' is [], but a list of HTTP statuses from 200 to 599",
            "for example [500, 500, 200]",
        ),
        ({"statuses": [199]}, "'statuses' is [199], but a list of HTTP statuses", "for example [500, 500, 200]"),
        ({"statuses": [600]}, "'statuses' is [600], but a list of HTTP statuses", "for example [500, 500, 200]"),
        ({"statuses": ["200"]}, "'statuses' is ['200'], but a list of HTTP statuses", "for example [500, 500, 200]"),
        ({"statuses": [True]}, "'statuses' is [True], but a list of HTTP statuses", "for example [500, 500, 200]"),
        ({"statuses": [200] * 1001}, "'statuses' is [200, ", "for example [500, 500, 200]"),
        ({"delay": 601}, "'delay' is 601, but a number from 0 to 600 was expected", "there are: "),
        ({"body": 5}, "'body' is 5, but a string was expected", "there are: "),
        ({"body": "\ud800"}, "'body' has half a surrogate pair in it", "send whole characters"),
        (
            {"content_type": "a\r\nX: y"},
            "'content_type' is 'a\\r\\nX: y', but a media type was expected",
            "there are: ",
        ),
        ({"content_type": "\u20ac"}, "'content_type' is '\u20ac', but a media type was expected", "there are: "),
    ],
)
def test_a_script_that_cannot_be_says_why(onlooker: Caller, asked: dict[str, Any], error: str, hint: str) -> None:
    heard = onlooker.send_json("PUT", "/_plum/sinks/a", asked)
    assert heard.status == 400
    assert heard.error.startswith(error)
    assert heard.values["hint"].startswith(hint)
    assert onlooker.get("/_plum/sinks/a").values["script"] == SCRIPT


def test_a_path_of_a_script_has_at_most_512_characters(onlooker: Caller) -> None:
    heard = onlooker.send_json("PUT", f"/_plum/sinks/{'x' * 513}", {})
    assert (heard.status, heard.values) == (
        400,
        {"error": "the path has 513 characters", "hint": "at most 512 are taken"},
    )


@pytest.mark.parametrize("target", ["/_plum/sink/", "/_plum/sink", "/_plum/sinks/"])
def test_a_path_is_needed(onlooker: Caller, target: str) -> None:
    assert onlooker.get(target).status == 404


def test_a_reset_forgets_scripts_and_what_arrived(caller: Caller) -> None:
    caller.send_json("PUT", "/_plum/sinks/a", {"statuses": [500]})
    caller.post("/_plum/sink/a")
    caller.post("/_plum/reset")
    shown = caller.get("/_plum/sinks/a").values
    assert (shown["script"], shown["arrived"]) == (SCRIPT, [])


def test_a_message_of_an_account_is_no_arrival(caller: Caller) -> None:
    caller.queue({"to": HANDSET, "from": MINE, "body": "x"})
    assert caller.get("/_plum/sinks/queue.json").values["arrived"] == []
