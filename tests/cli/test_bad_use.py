"""Bad use: one line on stderr that says what is wrong and what to do, exit code 2, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.commands import Ran, Run
from helpers.programs import NUMBER
from helpers.receivers import Answer, closed_port, receiver
from plum_emulator.client import Client

USAGE = [
    ([], ["nonsense"], "nonsense"),
    ([], ["--nonsense"], "--nonsense"),
    (["serve"], ["--nonsense"], "--nonsense"),
    (["serve"], ["extra"], "extra"),
    (["serve"], ["--port", "65536"], "65536 is not in the range"),
    (["serve"], ["--port", "http"], "'http' is not"),
    (["serve"], ["--callback-attempts", "0"], "0 is not in the range"),
    *(
        (["serve"], [f"{option}={value}"], f"'{option}': '{value}' is not a number of seconds from 0 up.")
        for option in ("--sent-after", "--received-after", "--callback-timeout", "--application-timeout")
        for value in ("-1", "nan", "soon")
    ),
    (["status"], [], "SMS_MESSAGE_ID"),
    (["send"], ["Hello"], "--to"),
    (["receive"], ["Hello"], "--from"),
    (["conversation"], [NUMBER], "CUSTOMER_NUMBER"),
    (["messages"], ["--type", "all of them"], "'all of them' is not one of"),
    (["messages"], ["--limit", "49"], "49 is not in the range"),
    (["readyz"], ["--wait", "-1"], "'-1' is not a number of seconds from 0 up."),
]
CALLS = {
    "send": ["send", "Hello", "--to", "16175550123"],
    "receive": ["receive", "Hello", "--from", "16175550123"],
    "status": ["status", "0" * 32],
    "messages": ["messages"],
    "conversation": ["conversation", NUMBER, "16175550123"],
    "tail": ["tail"],
}


@pytest.mark.parametrize(
    ("command", "arguments", "what"), [pytest.param(*row, id=" ".join((*row[0], *row[1]))) for row in USAGE]
)
def test_bad_use_is_one_line_and_exit_code_2(run: Run, command: list[str], arguments: list[str], what: str) -> None:
    """It names what is wrong, and the page that helps."""
    ran = run(*command, *arguments)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert ran.err.startswith("plum-emulator: ")
    assert what in ran.err
    assert ran.err.endswith(f" (see: {' '.join(('plum-emulator', *command))} --help)\n")


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:7586", "http://[", "http://a:b", "http://127.0.0.1/ws/sms", "x"]
)
def test_an_address_that_is_none_is_one_line(run: Run, url: str) -> None:
    assert run("messages", "--url", url) == Ran(
        2, err=f"plum-emulator: '{url}' is not the address of an emulator; for example http://127.0.0.1:7586\n"
    )


@pytest.mark.parametrize("arguments", CALLS.values(), ids=CALLS.keys())
def test_an_emulator_that_is_not_there_is_one_line(run: Run, arguments: list[str]) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    assert run(*arguments, "--url", url) == Ran(
        2,
        err=f"plum-emulator: no emulator answers at {url}: [Errno 111] Connection refused; "
        "start one with: plum-emulator serve, or name it with --url or PLUM_EMULATOR_URL\n",
    )


@pytest.mark.parametrize("arguments", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("login", [("--username", "nobody")], ids=["unknown account"])
def test_an_account_that_is_not_there_is_one_line(run_there: Run, arguments: list[str], login: tuple[str, str]) -> None:
    assert run_there(*arguments, *login) == Ran(
        2,
        err="plum-emulator: the emulator has no account 'nobody' with this password; "
        "name another with --username and --password; the emulator's banner shows them\n",
    )


def test_a_wrong_password_is_one_line_without_it(run_there: Run) -> None:
    ran = run_there("messages", "--password", "hunter2")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["send", "Hello", "--to", "123"],
            "queue: Invalid 'to' phone number; GET {url}/_plum/exchanges says why",
            id="send",
        ),
        pytest.param(
            ["send", "", "--to", "16175550123"],
            "queue: Invalid 'body'; GET {url}/_plum/exchanges says why",
            id="send nothing",
        ),
        pytest.param(
            ["send", "Hello", "--to", "16175550158"],
            "queue: Error sending sms request; GET {url}/_plum/exchanges says why",
            id="send to a magic number",
        ),
        pytest.param(
            ["receive", "Hello", "--from", "123"],
            "from: '123' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123",
            id="receive",
        ),
        pytest.param(
            ["receive", "Hello", "--from", "16175550123", "--to", "16175550199"],
            "16175550199 is a PCI number, which cannot receive texts; its SMS numbers are: 12435678910, 16175550100",
            id="receive at a PCI number",
        ),
        pytest.param(
            ["receive", "Hello", "--from", "16175550123", "--to", "16175550100"],
            "no reply: the number has no Application URL, so nothing was posted",
            id="receive where nobody answers",
        ),
        pytest.param(
            ["status", "0"],
            "status: Invalid 'sms_message_id'; GET {url}/_plum/exchanges says why",
            id="status",
        ),
        pytest.param(
            ["conversation", "16175550123", "16175550124"],
            "conversation: Invalid 'account_number'; GET {url}/_plum/exchanges says why",
            id="conversation",
        ),
        pytest.param(
            ["messages", "--type", "inbound", "--number", NUMBER],
            "messages: Invalid 'phone_number_type'; GET {url}/_plum/exchanges says why",
            id="messages",
        ),
    ],
)
def test_what_the_emulator_refuses_is_one_line_and_exit_code_1(
    run_there: Run, client: Client, arguments: list[str], line: str
) -> None:
    """The command was well put, and the answer was no."""
    assert run_there(*arguments) == Ran(1, err=f"plum-emulator: {line.format(url=client.url)}\n")


@pytest.mark.parametrize("url", ["http://" + "a" * 80, "http://\udcff", "http://a b", "http://127.0.0.1:0"])
def test_an_address_that_cannot_be_is_one_line(run: Run, url: str) -> None:
    ran = run("messages", "--url", url)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


def test_a_server_that_is_no_emulator_is_one_line(run: Run) -> None:
    """Somebody else may have taken the port."""
    with receiver(lambda _hit: Answer(status=404)) as other:
        ran = run("readyz", "--url", other.url)
    assert ran == Ran(
        1, err=f"plum-emulator: no emulator is ready at {other.url}; start one with: plum-emulator serve\n"
    )


def test_a_name_with_a_line_break_stays_in_one_line(run: Run, tmp_path: Path) -> None:
    """What acts on a terminal is shown, not done."""
    file = tmp_path / "a\n\x1b[31mb"
    file.touch()
    ran = run("init", str(file))
    lost = "\N{REPLACEMENT CHARACTER}"
    assert ran == Ran(
        2,
        err=f"plum-emulator: {tmp_path}/a {lost}[31mb is there already; name another, or write over it with --force\n",
    )
