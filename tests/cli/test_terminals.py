"""Text from strangers is shown on a terminal, and never acts on it; and output may be cut off at any time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from helpers.commands import Run
from helpers.programs import HANDSET, QUIET_NUMBER
from plum_emulator.cli.options import in_one_line
from plum_emulator.client import Client

HOSTILE = "\x1b]0;owned\x07 \x1b[2J \x9b31m \r\n \u202e back \u2028 \u2066 \x00 \x7f end"
SHOWN = "?]0;owned? ?[2J ?31m ?? ? back ? ? ? ? end".replace("?", "\N{REPLACEMENT CHARACTER}")


def test_a_text_is_shown_in_one_line_without_anything_that_acts() -> None:
    assert in_one_line(HOSTILE) == SHOWN


@pytest.mark.parametrize(
    "text", ["naïve", "日本\u3000語", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "a\u00a0b", "עברית"]
)
def test_a_text_in_any_script_is_shown_as_it_is(text: str) -> None:
    assert in_one_line(text) == text


@pytest.mark.parametrize(
    "command", [["messages"], ["conversation", QUIET_NUMBER, HANDSET]], ids=["messages", "conversation"]
)
def test_a_hostile_body_does_not_act(run_there: Run, client: Client, command: list[str]) -> None:
    client.receive(from_=HANDSET, to=QUIET_NUMBER, body=HOSTILE)
    ran = run_there(*command)
    assert ran.out.endswith(f"{HANDSET} > {QUIET_NUMBER}  {SHOWN}\n")
    assert len(ran.out.splitlines()) == 1


def test_json_is_plain_ascii(run_there: Run, client: Client) -> None:
    """And the text in it is whole."""
    client.receive(from_=HANDSET, to=QUIET_NUMBER, body=HOSTILE)
    out = run_there("messages", "--json").out
    assert out.isascii()
    assert out.isprintable() or out[:-1].isprintable()
    assert json.loads(out)["body"] == HOSTILE


def test_the_reason_of_a_hostile_application_does_not_act(run_there: Run, client: Client) -> None:
    """A reply that failed carries what the application wrote for a number."""
    client.set_application(QUIET_NUMBER, "/demo")
    ran = run_there("receive", "\x1b[31m", "--from", HANDSET, "--to", QUIET_NUMBER)
    assert "\x1b" not in ran.out
    assert ran.code == 0


@pytest.mark.journey
@pytest.mark.parametrize("redirect", ["| true", "| head -c 1 >/dev/null", ">&-"])
def test_output_that_nobody_reads_is_no_error(client: Client, redirect: str) -> None:
    """`head` has seen enough, or the shell has closed the output: nothing is complained of."""
    for _ in range(100):  # more than a pipe holds
        client.receive(from_=HANDSET, to=QUIET_NUMBER, body="x" * 1000)
    command = f'"$0" -m plum_emulator messages --url {client.url}'
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} {redirect}", sys.executable],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
