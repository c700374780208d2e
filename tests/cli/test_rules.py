"""`rules` and `scenario`: faults, one by one or several under one name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from helpers.commands import Ran, Run
from helpers.programs import COMMAND, HANDSET, plain_environment
from plum_emulator.client import Client, Lease

RULE = '{"when": {"nth": 1}, "then": {"outcome": "failed"}}'
LINE = 'when {"nth": 1} then {"outcome": "failed"}'
TOML = 'title = "Mine"\n[[rules]]\nwhen = {nth = 1}\nthen = {outcome = "failed"}\n'


def test_a_rule_is_added_counted_and_removed(run_leased: Run, lease: Lease[Client]) -> None:
    added = run_leased("rules", "add", RULE)
    assert added == Ran(0, out=f"rule-1  matched 0, fired 0  {LINE}\n")
    assert run_leased("rules", "list", "--unused") == added
    lease.client.queue(to=HANDSET, from_=lease.number, body="Hello")
    assert run_leased("rules", "list") == Ran(0, out=f"rule-1  matched 1, fired 1  {LINE}\n")
    assert run_leased("rules", "list", "--unused") == Ran(0)
    assert run_leased("rules", "remove", "rule-1") == Ran(0, out="rule-1 is removed\n")
    assert lease.client.rules() == []


def test_a_rule_is_put_under_an_id_in_place_of_another(run_leased: Run, lease: Lease[Client]) -> None:
    run_leased("rules", "add", RULE, "--id", "mine")
    ran = run_leased("rules", "add", '{"then": {"reset": true}}', "--id", "mine")
    assert ran == Ran(0, out='mine  matched 0, fired 0  then {"reset": true}\n')
    assert [json.loads(line) for line in run_leased("rules", "list", "--json").out.splitlines()] == [
        lease.client.rule("mine")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rule.json", RULE),
        ("rule", RULE),
        ("rule.toml", 'when = {nth = 1}\nthen = {outcome = "failed"}'),
    ],
)
def test_a_rule_may_be_in_a_file(run_leased: Run, tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    assert run_leased("rules", "add", f"@{file}").out == f"rule-1  matched 0, fired 0  {LINE}\n"


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("a.json", b"\xff", "a.json is not text."),
        ("a.json", b"{", "this is not JSON: Expecting property name"),
        ("a.json", b"[" * 100_000, "this is JSON nested too deep."),
        ("a.toml", b"then = ", "this is not TOML: Invalid value"),
        ("a.toml", b"then = 2026-01-31", "there is a date or a time in it, which JSON has not."),
    ],
)
def test_a_file_that_holds_no_rule_is_one_line(
    run_leased: Run, tmp_path: Path, name: str, data: bytes, line: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    for ran in (run_leased("rules", "add", f"@{file}"), run_leased("scenario", "on", f"{file}")):
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert line in run_leased("rules", "add", f"@{file}").err


@pytest.mark.journey
def test_a_rule_may_come_from_the_input(lease: Lease[Client]) -> None:
    login = ("--url", lease.client.url, "--username", lease.username)
    ran = subprocess.run(
        [*COMMAND, "rules", "add", "@-", *login],
        input=RULE,
        capture_output=True,
        text=True,
        env=plain_environment(),
        timeout=30,
        check=True,
    )
    assert ran.stdout == f"rule-1  matched 0, fired 0  {LINE}\n"


def test_rules_are_cleared(run_leased: Run, lease: Lease[Client]) -> None:
    run_leased("rules", "add", RULE)
    run_leased("scenario", "on", "landlines")
    assert run_leased("rules", "clear") == Ran(0, out="no rules are left\n")
    assert lease.client.rules() == []


def test_a_scenario_is_switched_on_and_off(run_leased: Run, lease: Lease[Client]) -> None:
    assert run_leased("scenario", "on", "landlines") == Ran(
        0, out='landlines-1  matched 0, fired 0  then {"outcome": "landline"}\n'
    )
    listed = run_leased("scenario", "list").out.splitlines()
    assert [line.split()[1] for line in listed if line.startswith("on ")] == ["landlines"]
    assert len(listed) == len(lease.client.scenarios())
    assert run_leased("scenario", "off", "landlines") == Ran(0, out="landlines is off\n")
    assert lease.client.rules() == []


@pytest.mark.parametrize(("more", "name"), [([], "mine"), (["--as", "other"], "other")], ids=["its name", "another"])
def test_a_scenario_of_ones_own_is_read_from_a_file(
    run_leased: Run, lease: Lease[Client], tmp_path: Path, more: list[str], name: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TOML)
    assert run_leased("scenario", "on", str(file), *more) == Ran(0, out=f"{name}-1  matched 0, fired 0  {LINE}\n")
    [rule] = lease.client.rules()
    assert rule["scenario"] == name


def test_a_scenario_that_says_nothing_is_refused_by_the_emulator(run_leased: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"')
    ran = run_leased("scenario", "on", str(file))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("plum-emulator: scenario mine: 'rules' is missing; ")
