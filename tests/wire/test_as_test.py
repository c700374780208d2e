"""A session as a test for pytest and as a script: what they say, and that no text breaks out of them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_text, message
from helpers.tools import tool
from plum_emulator.model.accounts import Number, Options
from plum_emulator.model.messages import Message
from plum_emulator.wire.as_script import shell_script
from plum_emulator.wire.as_test import pytest_file
from plum_emulator.wire.literals import literal
from plum_emulator.wire.retelling import STEPS_MAX, retell
from plum_emulator.wire.sessions import LeftOut, Mine, Session, Step

MINE, SECOND, PCI = "12435678910", "16175550100", "16175550199"
HANDSET, OTHER, ELSEWHERE = "16175550123", "16175550124", "12125550100"
BASE = "http://127.0.0.1:7586"
APPLICATION = "http://127.0.0.1:8000/sms"
RUFF = ("-m", "ruff")


def texted(seq: int, body: str, **changes: Any) -> Message:
    """A handset texts the first number; with these changes."""
    usual = {"to": MINE, "from_": HANDSET, "type": "inbound", "status": "received", "result_url": ""}
    return message(seq=seq, body=body, **{**usual, **changes})


def replied(seq: int, body: str, to_text: int, **changes: Any) -> Message:
    """The application replies to the text with this place in the log; with these changes."""
    usual = {"to": HANDSET, "from_": MINE, "type": "reply", "status": "received", "result_url": ""}
    return message(seq=seq, body=body, in_reply_to=to_text, **{**usual, **changes})


def queued(seq: int, body: str, **changes: Any) -> Message:
    """An application queues a message to a handset; with these changes."""
    usual = {"to": HANDSET, "from_": MINE, "status": "received", "result_url": "", "exchange": seq}
    return message(seq=seq, body=body, **{**usual, **changes})


def session(*messages: Message, **changes: Any) -> Session:
    """A session of an account with two numbers and a PCI number."""
    numbers = (
        Number(number=MINE, application_url=APPLICATION),
        Number(number=SECOND, application_url=f"{BASE}/demo"),
        Number(number=PCI, pci=True),
    )
    return Session(**{"base": BASE, "numbers": numbers, "messages": messages, **changes})


SMALL = session(
    texted(1, "TWICE"),
    replied(2, "One.", 1),
    replied(3, f"From {MINE}.", 1),
    texted(4, "STOP"),
    replied(5, "Too late.", 4, status="undelivered"),
    queued(6, "It's 5", status="undelivered", result_url="http://127.0.0.1:8000/results"),
    automatic={4: ("You are out.",)},
)

SMALL_TEST = '''\
"""A session with the Plum emulator, once more: what was texted and queued, and what came of it."""

# What texts are posted to. An application has to run there.
APPLICATION = "http://127.0.0.1:8000/sms"
# Where statuses are posted to. The test passes without anybody there.
RESULTS = "http://127.0.0.1:8000/results"


def test_the_session_once_more(plum):
    plum.application(APPLICATION)
    phone = plum.phone("16175550123")

    # The answer has the account's number in it; here that is another one.
    phone.texts("TWICE")
    plum.advance(until="idle")
    assert [text.body for text in phone.inbox] == ["One.", f"From {plum.numbers[0]}."]

    phone.texts("STOP")
    plum.advance(until="idle")
    assert [text.body for text in phone.inbox[2:]] == ["You are out."]
    plum.expect(type="reply", to=phone, body="Too late.", status="undelivered")

    [queued] = plum.client.queue(
        to=phone.number,
        from_=plum.number,
        body="It's 5",
        result_url=RESULTS,
    )
    plum.advance(until="idle")
    assert plum.message(queued["sms_message_id"]).status == "undelivered"
    assert [text.body for text in phone.inbox[3:]] == []
'''

SMALL_STEPS = """
# The answer has the account's number in it; here that is another one.
text '{"from": "16175550123", "to": "'"$number_1"'", "body": "TWICE"}'
expect '"type": "reply", "from": "'"$number_1"'", "to": "16175550123", "body": "One.", "status": "received", "count": 1'
expect '"type": "reply", "from": "'"$number_1"'", "to": "16175550123", "body": "From '"$number_1"'.", \
"status": "received", "count": 1'
expect '"type": "reply", "count": 2'

text '{"from": "16175550123", "to": "'"$number_1"'", "body": "STOP"}'
automatic '"You are out."'
expect '"type": "reply", "from": "'"$number_1"'", "to": "16175550123", "body": "Too late.", \
"status": "undelivered", "count": 1'
expect '"type": "reply", "count": 1'

begin
printf %s 'It'"'"'s 5' | queue 16175550123 "$number_1" "$RESULTS"
settle
expect '"type": "outbound", "from": "'"$number_1"'", "to": "16175550123", "body": "It'"'"'s 5", \
"status": "undelivered", "count": 1'
expect '"type": "outbound", "count": 1'

echo ok
"""


def test_a_small_session_as_a_test_for_pytest() -> None:
    """Every text on the phone is asserted, in its order; so is how everything else ended."""
    assert pytest_file(SMALL) == SMALL_TEST


def test_a_small_session_as_a_script() -> None:
    """The same with curl; what comes before the steps is the same for every session with one number."""
    script = shell_script(SMALL)
    assert script.startswith("#!/bin/sh\n")
    assert "\nset -eu\n\nhere=http://127.0.0.1:7586\nPLUM=${PLUM:-$here}\n" in script
    assert "\nAPPLICATION=http://127.0.0.1:8000/sms\n" in script
    assert script.endswith(SMALL_STEPS)


def steps(told: Session) -> list[Step | LeftOut]:
    return list(retell(told).steps)


def remarks(*messages: Message, **changes: Any) -> list[str]:
    """What is said about a session in which something cannot be told again."""
    found = steps(session(*messages, **changes))
    return [remark for step in found for remark in ([step.why] if isinstance(step, LeftOut) else step.remarks)]


@pytest.mark.parametrize(
    ("messages", "changes", "said"),
    [
        pytest.param(
            (texted(1, "a"),),
            {"doubts": {1: "it was changed by rule-1"}},
            "What came of this is not asserted: it was changed by rule-1.",
            id="a doubt about a text",
        ),
        pytest.param(
            (queued(1, "a"),),
            {"doubts": {1: "it was changed by rule-1"}},
            "A message to 16175550123 is left out: it was changed by rule-1.",
            id="a doubt about a message",
        ),
        pytest.param(
            (texted(1, "a"), replied(2, "b", 1, from_=SECOND)),
            {},
            "What came of this is not asserted: the application named 16175550100 as the sender, which this account "
            "does not have.",
            id="another sender",
        ),
        pytest.param(
            (texted(1, "a"), replied(2, f"[{texted(1, 'a').sms_message_id}]", 1)),
            {},
            "What came of this is not asserted: the answer has the id of the text in it.",
            id="the id in the answer",
        ),
        pytest.param(
            (texted(1, "HELLO"), texted(2, "stop"), replied(3, "Hello!", 1, status="undelivered")),
            {},
            "What came of this is not asserted: a STOP or START came before the answer.",
            id="a STOP that overtook",
        ),
        pytest.param(
            (texted(1, "a", from_=ELSEWHERE),),
            {"elsewhere": frozenset([ELSEWHERE])},
            "A text from 12125550100 to 12435678910 is left out: 12125550100 is another account's.",
            id="another account's number",
        ),
        pytest.param(
            (queued(1, "a", to=SECOND), texted(2, "a", from_=MINE, to=SECOND)),
            {},
            "A text between the account's own numbers is left out: 12435678910 to 16175550100.",
            id="from number to number, said once",
        ),
        pytest.param(
            (queued(1, "a", from_=PCI),),
            {},
            "What 16175550199 had to do with 16175550123 is left out: it is no SMS number of the account.",
            id="a number that cannot text",
        ),
    ],
)
def test_what_may_come_differently_is_said(messages: tuple[Message, ...], changes: dict[str, Any], said: str) -> None:
    """At its place, in the test and in the script."""
    assert remarks(*messages, **changes) == [said]
    told = session(*messages, **changes)
    for text in (pytest_file(told), shell_script(told)):
        assert said in " ".join(line.strip().removeprefix("# ") for line in text.splitlines())


def test_nothing_is_asserted_of_a_step_that_is_not_sure_and_counting_begins_anew() -> None:
    """The steps before and after it are asserted as ever."""
    told = session(
        texted(1, "a"),
        replied(2, "A", 1),
        texted(3, "b"),
        replied(4, "B", 3),
        texted(5, "c"),
        replied(6, "C", 5),
        texted(7, "d"),
        doubts={3: "the application had not answered yet"},
        notes=("Callbacks were held.",),
    )
    assert (
        pytest_file(told).partition("plum):\n")[2]
        == """\
    # Callbacks were held.
    plum.application(APPLICATION)
    phone = plum.phone("16175550123")

    phone.texts("a")
    plum.advance(until="idle")
    assert [text.body for text in phone.inbox] == ["A"]

    # What came of this is not asserted: the application had not answered yet.
    phone.texts("b")
    plum.advance(until="idle")
    seen = len(phone.inbox)

    phone.texts("c")
    plum.advance(until="idle")
    assert [text.body for text in phone.inbox[seen:]] == ["C"]

    phone.texts("d")
    plum.advance(until="idle")
    assert [text.body for text in phone.inbox[seen + 1 :]] == []
"""
    )
    words = [line.partition(" ")[0] for line in shell_script(told).partition("\napplication ")[2].splitlines()[1:]]
    assert [word for word in words if word not in ("#", "")] == [
        *("text", "expect", "expect"),
        "text",
        *("text", "expect", "expect"),
        *("text", "expect"),
        "echo",
    ]


def test_several_numbers_are_asked_for_with_their_applications_and_options() -> None:
    """Those that are used, in the account's order; the emulator's own application is a path."""
    told = session(
        texted(1, "a", to=SECOND), texted(2, "b"), opted_out="generic", demo=True, options=Options(callback_attempts=3)
    )
    assert (retell(told).applications, dict(retell(told).options)) == (
        (APPLICATION, "/demo"),
        {"demo": True, "opted_out": "generic", "callback_attempts": 3},
    )
    test, script = pytest_file(told), shell_script(told)
    assert '@pytest.mark.plum(numbers=2, demo=True, opted_out="generic", callback_attempts=3)\n' in test
    assert "    plum.application(APPLICATION_2, number=plum.numbers[1])\n" in test
    assert '    phone.texts("a", to=plum.numbers[1])\n' in test
    assert '{"clock": "manual", "numbers": 2, "lifetime": 600, "demo": true, "opted_out": "generic"' in script
    assert '\napplication "$number_2" "$APPLICATION_2"\n' in script


def test_parts_are_queued_as_the_one_message_that_they_were() -> None:
    """What was cut is put together; how each part ended is asserted."""
    told = session(queued(1, "a" * 160, exchange=7), queued(2, "b", exchange=7), queued(3, "c", exchange=8))
    assert [step.body for step in steps(told) if isinstance(step, Step)] == ["a" * 160 + "b", "c"]
    assert '    assert ended == ["received"] * 2\n' in pytest_file(told)
    assert 'expect \'"type": "outbound", "count": 2\'\n' in shell_script(told)


@pytest.mark.parametrize(
    ("said", "answered", "words"),
    [
        pytest.param("a", f"{MINE}!", (Mine(0), "!"), id="11 digits"),
        pytest.param("a", f"({MINE[1:]})", ("(", Mine(0, bare=True), ")"), id="10 digits"),
        pytest.param("a", f"1{MINE} {MINE}0", (f"1{MINE} {MINE}0",), id="part of a longer one"),
        pytest.param(MINE, f"You said: {MINE}", (f"You said: {MINE}",), id="an echo"),
        pytest.param("a", SECOND, (SECOND,), id="a number that the session does not use"),
    ],
)
def test_the_accounts_number_in_an_answer_is_the_new_accounts(
    said: str, answered: str, words: tuple[str | Mine, ...]
) -> None:
    """The account that is leased has other numbers; what the handset itself has said stays."""
    [step] = steps(session(texted(1, said), replied(2, answered, 1)))
    assert isinstance(step, Step)
    assert step.outcomes[0].body == words


def test_a_result_url_of_the_emulator_itself_becomes_the_new_accounts() -> None:
    told = session(queued(1, "a", result_url=f"{BASE}/_plum/sink/x?account=username"))
    assert "result_url=plum.sink_url" in pytest_file(told)
    assert '"$PLUM/_plum/sink/results?account=$username"\n' in shell_script(told)


def test_a_long_session_is_told_from_its_beginning() -> None:
    """What comes first does not depend on what comes later, so the rest can be left out."""
    told = steps(session(*(texted(seq, "a") for seq in range(1, STEPS_MAX + 20))))
    assert told[STEPS_MAX:] == [LeftOut(f"The session went on; a test has at most {STEPS_MAX} steps.")]


def test_a_session_of_nothing_is_still_a_test() -> None:
    assert pytest_file(session()).endswith("(plum):\n    assert plum.messages() == []\n")
    assert shell_script(session()).endswith("\n\necho ok\n")


def formatted(source: str) -> str:
    """What a formatter makes of it, once a linter has nothing to say."""
    for options in (("check", "--quiet", "--select", "E4,E7,E9,F,W,I,B,UP,SIM,PT,PIE,C4"), ("format", "--quiet")):
        ran = subprocess.run(
            [sys.executable, *RUFF, *options, "--isolated", "--stdin-filename", "test_it.py", "-"],
            input=source,
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
        )
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    return ran.stdout


_HOSTILE = any_text.filter(bool) | st.text(st.sampled_from("'\"\\{}$`\n\0é\U0001f600 a"), min_size=1, max_size=90)


def of_texts(said: str, answered: str, sent: str) -> Session:
    """A session with these three texts."""
    return session(
        texted(1, said),
        replied(2, answered, 1),
        replied(3, f"{answered} {MINE}", 1),
        replied(4, answered, 1, status="failed", to=OTHER),
        queued(5, sent, status="failed", to=OTHER),
    )


@given(said=_HOSTILE, answered=_HOSTILE, sent=_HOSTILE)
@examples(200)
def test_whatever_was_said_stands_in_the_test_as_it_was(said: str, answered: str, sent: str) -> None:
    """It is Python, and its literals are the texts."""
    tree = ast.parse(pytest_file(of_texts(said, answered, sent)))
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {said, answered, sent} <= found


@given(said=_HOSTILE, answered=_HOSTILE, sent=_HOSTILE)
@examples(12)
def test_a_formatter_has_nothing_to_change(said: str, answered: str, sent: str) -> None:
    source = pytest_file(of_texts(said, answered, sent))
    assert formatted(source) == source


@pytest.mark.parametrize("told", [SMALL, session(), session(texted(1, "a", to=SECOND), queued(2, "b" * 300))])
def test_a_formatter_has_nothing_to_change_in_small_sessions(told: Session) -> None:
    assert formatted(pytest_file(told)) == pytest_file(told)


@given(text=any_text)
@examples(300)
def test_a_literal_is_its_text_on_one_line_that_can_be_typed(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert literal(text).isprintable()


_CAUGHT = """\
text() { printf '%s\\0' "$1"; }
queue() { cat; printf '\\0%s\\0' "$1"; }
expect() { printf '%s\\0' "$1"; }
begin() { :; }
settle() { :; }
number_1=14155550000
"""


@pytest.mark.journey
@given(said=_HOSTILE, answered=_HOSTILE, sent=_HOSTILE)
@examples(60)
def test_whatever_was_said_reaches_curl_as_it_was(said: str, answered: str, sent: str) -> None:
    """A shell takes the script, and its steps hand over the texts byte for byte."""
    script = shell_script(of_texts(said, answered, sent))
    assert script.replace("\n", "").isprintable()
    run_shell("-n", script)
    steps_alone = script.partition('application "$number_1" "$APPLICATION"\n')[2]
    caught = run_shell("-eu", _CAUGHT + steps_alone)
    text, *expected = caught.split(b"\0", 6)
    assert json.loads(text) == {"from": HANDSET, "to": "14155550000", "body": said}
    bodies = [json.loads(b"{" + each + b"}").get("body") for each in expected[:4]]
    assert bodies == [answered, f"{answered} 14155550000", answered, None]
    body, _, rest = b"\0".join(expected[4:]).partition(b"\0" + OTHER.encode() + b"\0")
    assert body == sent.encode()
    assert json.loads(b"{" + rest.split(b"\0")[0] + b"}")["body"] == sent


def run_shell(option: str, script: str) -> bytes:
    """What the script prints; it has to succeed, and to complain of nothing."""
    ran = subprocess.run(
        [tool("dash", "sh"), option], input=script.encode(), capture_output=True, check=True, timeout=30
    )
    assert ran.stderr == b""
    return ran.stdout


@pytest.mark.journey
@pytest.mark.parametrize(
    ("token", "words"),
    [("", ["-X", "GET"]), ("it is secret", ["-H", "Authorization: Bearer it is secret", "-X", "GET"])],
    ids=["none", "one"],
)
def test_the_script_brings_the_token_that_the_environment_has(token: str, words: list[str]) -> None:
    """An emulator on another machine wants one for its control surface."""
    functions = shell_script(SMALL).partition("\nfield() {")[0]
    called = f"PLUM_EMULATOR_TOKEN='{token}'\ncurl() {{ printf '%s\\0' \"$@\"; }}\nask -X GET\n"
    said = run_shell("-eu", f"{functions}\n{called}").decode().split("\0")
    assert said[:-1] == ["--silent", "--show-error", "--fail-with-body", "--noproxy", "*", *words]
