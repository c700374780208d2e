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
    (["advance"], [], "One of DURATION and --until is needed."),
    (["advance"], ["5", "--until", "idle"], "One of DURATION and --until is needed."),
    (["advance"], ["--until", "never"], "'never' is not one of 'next', 'idle'"),
    (["advance"], ["5", "--most", "0"], "0 is not in the range"),
    *(
        (["advance"], ["--", value], f"'{value}' is not a duration, as 5, 500ms, 2m, 1.5h or 3d are.")
        for value in ("soon", "-1", "5 m", "5w", "1e9", "", "m", "36601d", "\u0661", "nan")
    ),
    (["clock"], ["stop"], "No such command 'stop'"),
    (["clock", "set"], [], "CLOCK"),
    (["expect"], ["--count", "-1"], "-1 is not in the range"),
    (["expect"], ["--timeout", "soon"], "'soon' is not a number of seconds from 0 up."),
    (["expect"], ["--callbacks", "--body", "Hello"], "--body does not go with --callbacks."),
    (["expect"], ["--callbacks", "--extract", "code"], "--extract does not go with --callbacks."),
    (["expect"], ["--inbound", "--status", "sent"], "--status does not go with --inbound."),
    (["expect"], ["--inbound", "--type", "reply"], "--type does not go with --inbound."),
    (["lease"], ["--numbers", "101"], "101 is not in the range"),
    (["lease"], ["--lifetime", "long"], "'long' is not a duration"),
    (["lease"], ["--opted-out", "maybe"], "'maybe' is not one of"),
    (["accounts", "make"], ["clinic:secret"], "NUMBERS"),
    (["accounts", "make"], ["clinic", NUMBER], "USERNAME:PASSWORD is needed, not 'clinic'."),
    (["accounts", "end"], [], "USERNAME"),
    (["rules", "add"], [], "RULE"),
    (["rules", "add"], ["{"], "this is not JSON: Expecting property name"),
    (["rules", "add"], ["[]"], "an object was expected, not '[]'"),
    (["rules", "add"], ["@/no/such.json"], "/no/such.json cannot be read: No such file or directory."),
    (["rules", "remove"], [], "ID..."),
    (["scenario", "on"], ["/no/such.toml"], "/no/such.toml: /no/such.toml cannot be read: No such file or directory."),
    (["scenario", "on"], ["landlines", "--as", "mine"], "--as goes with a file."),
    (["callbacks", "release"], ["0"], "0 is not in the range"),
    (["callbacks", "release"], ["one"], "'one' is not a valid integer"),
    (["callbacks", "release"], ["--body", "x"], "One ID is needed to edit a callback."),
    (["callbacks", "release"], ["1", "2", "--to-url", "x"], "One ID is needed to edit a callback."),
    (["callbacks", "release"], ["1", "--header", "X-Name"], "a header is written 'Name: value'."),
    (["callbacks", "drop"], [], "ID..."),
    (["callbacks", "hold"], ["--timeout", "long"], "'long' is not a duration"),
    (["replay"], ["first"], "'first' is not a valid integer"),
    (["snapshot", "save"], [], "NAME"),
    (["export"], ["everything"], "No such command 'everything'"),
    (["export", "journal"], ["--format", "xml"], "'xml' is not one of 'har', 'jsonl', 'csv'"),
    (["export", "messages"], ["--format", "har"], "'har' is not one of 'jsonl', 'csv'"),
]
CALLS = {
    "send": ["send", "Hello", "--to", "16175550123"],
    "receive": ["receive", "Hello", "--from", "16175550123"],
    "status": ["status", "0" * 32],
    "messages": ["messages"],
    "conversation": ["conversation", NUMBER, "16175550123"],
    "tail": ["tail"],
    "clock show": ["clock", "show"],
    "clock set": ["clock", "set", "manual"],
    "advance": ["advance", "5"],
    "expect": ["expect"],
    "expect callbacks": ["expect", "--callbacks"],
    "rules list": ["rules", "list"],
    "rules add": ["rules", "add", '{"then": {"reset": true}}'],
    "rules remove": ["rules", "remove", "some"],
    "rules clear": ["rules", "clear"],
    "scenario list": ["scenario", "list"],
    "scenario on": ["scenario", "on", "landlines"],
    "scenario off": ["scenario", "off", "landlines"],
    "callbacks list": ["callbacks", "list"],
    "callbacks hold": ["callbacks", "hold"],
    "callbacks let-go": ["callbacks", "let-go"],
    "callbacks release": ["callbacks", "release"],
    "callbacks drop": ["callbacks", "drop", "1"],
    "callbacks duplicate": ["callbacks", "duplicate", "1"],
    "replay": ["replay", "1"],
    "snapshot save": ["snapshot", "save", "some"],
    "snapshot list": ["snapshot", "list"],
    "snapshot restore": ["snapshot", "restore", "some"],
    "snapshot delete": ["snapshot", "delete", "some"],
    "reset": ["reset"],
    "export journal": ["export", "journal"],
    "export messages": ["export", "messages"],
    "export account": ["export", "account"],
}
# Whoever asks: they say which emulator, and not who.
FOR_ALL = {
    "lease": ["lease"],
    "accounts list": ["accounts", "list"],
    "accounts make": ["accounts", "make", "clinic:secret", "16175550188"],
    "accounts end": ["accounts", "end", "clinic"],
    "accounts import": ["accounts", "import", "/dev/null"],
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


@pytest.mark.parametrize("arguments", (CALLS | FOR_ALL).values(), ids=(CALLS | FOR_ALL).keys())
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


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
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
            ["advance", "5"],
            "the clock of account 'username' is real: it goes by itself; "
            'make it manual first: PUT /_plum/clock {"mode": "manual"}',
            id="advance what goes by itself",
        ),
        pytest.param(
            ["clock", "set", "scaled"],
            "'scaled' is not a clock; there are: real, manual, 60x for sixty times as fast, "
            "and manual@2026-01-31T12:00:00Z",
            id="clock",
        ),
        pytest.param(
            ["expect", "--type", "outgoing"],
            "'type' is 'outgoing', which is unknown; did you mean 'outbound'?",
            id="expect",
        ),
        pytest.param(
            ["expect", "--since", "now"],
            "since = 'now' is not a cursor; use one that an expectation answered",
            id="expect since",
        ),
        pytest.param(["rules", "add", '{"wen": {}}'], "rule: 'wen' is unknown; did you mean 'when'?", id="rules add"),
        pytest.param(
            ["rules", "add", '{"self": 1}'], "rule: 'self' is unknown; there are: id, when, then", id="rules add self"
        ),
        pytest.param(
            ["rules", "remove", "some"],
            "account 'username' has no rule 'some'; there are none; POST /_plum/rules makes one",
            id="rules remove",
        ),
        pytest.param(
            ["scenario", "on", "landline"],
            "there is no scenario 'landline'; did you mean 'landlines'?",
            id="scenario on",
        ),
        pytest.param(
            ["callbacks", "drop", "7"],
            "account 'username' has no callback 7 that has not ended; GET /_plum/callbacks lists them",
            id="callbacks drop",
        ),
        pytest.param(
            ["accounts", "end", "nobody"],
            "there is no account 'nobody'; there are: username, demo",
            id="accounts end",
        ),
        pytest.param(
            ["accounts", "make", "username:secret", "16175550188"],
            "there is an account 'username' already; choose another username",
            id="accounts make",
        ),
    ],
)
def test_a_call_that_is_to_be_mended_is_one_line_and_exit_code_2(
    run_there: Run, arguments: list[str], line: str
) -> None:
    """The emulator was asked for something that cannot be, or is not there."""
    assert run_there(*arguments) == Ran(2, err=f"plum-emulator: {line}\n")


@pytest.mark.parametrize("name", ["rules remove", "snapshot restore", "scenario off"])
def test_a_name_that_is_not_utf_8_is_one_line(run_there: Run, name: str) -> None:
    ran = run_there(*name.split(), "na\udcefve")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


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
