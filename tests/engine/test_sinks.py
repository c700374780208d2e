"""Sinks answer as scripted: the statuses in turn, the last one for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.house import House
from plum_emulator.engine.sinks import Script, read_script
from plum_emulator.errors import NotPossible


def answered(house: House, path: str = "/a", *, times: int = 1) -> list[int]:
    """The next statuses of the first account's sink."""
    return [house.emulator.sinks.answer(house.account, path)[0] for _ in range(times)]


def test_sink_without_a_script_takes_everything(house: House) -> None:
    assert house.emulator.sinks.answer(house.account, "/a") == (200, Script())
    assert house.emulator.sinks.script(house.account, "/a") == Script()


def test_statuses_come_in_turn_and_the_last_one_for_ever(house: House) -> None:
    script = Script(statuses=(500, 503, 201), delay=0.5, body="<reply/>", content_type="text/xml")
    house.emulator.sinks.put_script(house.account, "/a", script)
    assert house.emulator.sinks.script(house.account, "/a") == script
    assert [house.emulator.sinks.answer(house.account, "/a") for _ in range(5)] == [
        (500, script),
        (503, script),
        (201, script),
        (201, script),
        (201, script),
    ]


def test_another_script_begins_with_its_first_status(house: House) -> None:
    for first in (500, 404):
        house.emulator.sinks.put_script(house.account, "/a", Script(statuses=(first, 200)))
        assert answered(house, times=2) == [first, 200]
    house.emulator.sinks.remove_script(house.account, "/a")
    assert answered(house) == [200]


def test_paths_and_accounts_have_scripts_of_their_own(house: House) -> None:
    house.emulator.sinks.put_script(house.account, "/a", Script(statuses=(500, 501)))
    assert (answered(house, "/b"), house.emulator.sinks.answer(house.second, "/a")[0]) == ([200], 200)
    assert answered(house, times=2) == [500, 501]


def test_script_and_its_place_outlive_a_restart_and_not_a_reset(tmp_path: Path) -> None:
    house = House(tmp_path / "plum.db")
    house.emulator.sinks.put_script(house.account, "/a", Script(statuses=(500, 501, 502)))
    assert answered(house) == [500]
    with house.reopened() as again:
        assert answered(again) == [501]
        again.emulator.snapshots.reset(again.account)
        assert answered(again) == [200]


def test_path_that_is_too_long_is_refused(house: House) -> None:
    with pytest.raises(NotPossible, match="the path has 513 characters"):
        house.emulator.sinks.put_script(house.account, "/" * 513, Script())


@pytest.mark.parametrize(
    ("value", "script"),
    [
        ({}, Script()),
        ({"statuses": [500, 200]}, Script(statuses=(500, 200))),
        ({"delay": 1.5, "body": "é", "content_type": "text/xml"}, Script(delay=1.5, body="é", content_type="text/xml")),
        ({"statuses": None, "delay": None, "body": None, "content_type": None}, Script()),
    ],
)
def test_script_is_read_and_written_in_one_form(value: dict[str, Any], script: Script) -> None:
    assert read_script(value) == script
    assert read_script(script.as_dict()) == script


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "an object was expected, not []"),
        ({"status": [200]}, "'status' is unknown"),
        ({"statuses": []}, "'statuses' is [], but a list of HTTP statuses from 200 to 599 was expected"),
        ({"statuses": 200}, "'statuses' is 200, but a list of HTTP statuses from 200 to 599 was expected"),
        ({"statuses": [100]}, "'statuses' is [100], but a list of HTTP statuses from 200 to 599 was expected"),
        ({"statuses": [True]}, "'statuses' is [True], but a list of HTTP statuses from 200 to 599 was expected"),
        ({"statuses": [200.0]}, "'statuses' is [200.0], but a list of HTTP statuses from 200 to 599 was expected"),
        ({"delay": 601}, "'delay' is 601, but a number from 0 to 600 was expected"),
        ({"delay": -1}, "'delay' is -1, but a number from 0 to 600 was expected"),
        ({"body": 1}, "'body' is 1, but a string was expected"),
        ({"body": "\ud800"}, "'body' has half a surrogate pair in it"),
        ({"content_type": "a\r\nb: c"}, "'content_type' is 'a\\r\\nb: c', but a media type was expected"),
    ],
    ids=str,
)
def test_what_is_no_script_is_refused(value: object, message: str) -> None:
    with pytest.raises(NotPossible) as refused:
        read_script(value)
    assert refused.value.message == message
