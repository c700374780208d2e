"""`serve`: what it says when it is ready, what its options do, and how it refuses to start."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from helpers.programs import (
    COMMAND,
    HANDSET,
    NUMBER,
    QUIET_NUMBER,
    Emulator,
    emulator,
    plain_environment,
    run,
)
from helpers.raw import ask
from helpers.receivers import closed_port, receiver
from helpers.watching import watching
from plum_emulator import __version__
from plum_emulator.store.store import Store
from plum_emulator.web.http import network_address

pytestmark = pytest.mark.journey

ONE_ACCOUNT = """
[[accounts]]
username = "anna"
password = "o'ne two"
[[accounts.numbers]]
number = "(617) 555-0101"
application_url = "http://127.0.0.1:1/sms"
"""


def banner(*options: str) -> list[str]:
    """What a person reads when the emulator starts."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *options], stdout=subprocess.PIPE, text=True, env=plain_environment()
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        while not lines or not lines[-1].startswith("Stop with"):
            lines.append(process.stdout.readline().rstrip("\n"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    return lines


def test_the_ready_line_says_what_a_program_needs(tmp_path: Path) -> None:
    """One line of JSON, once requests are taken."""
    file = tmp_path / "plum.db"
    with emulator("--database", str(file)) as running:
        assert running.ready == {
            "ready": True,
            "url": f"http://127.0.0.1:{running.port}",
            "token": None,
            "pid": running.process.pid,
            "version": __version__,
            "accounts": [
                {"username": "username", "password": "password", "numbers": [NUMBER, QUIET_NUMBER]},
                {"username": "demo", "password": "demo", "numbers": ["12125550100"]},
            ],
            "database": str(file),
        }
        assert running.client().ready()


def test_the_banner_says_what_a_person_needs() -> None:
    """Where, as whom, with which numbers, what is kept, what to type."""
    lines = banner()
    url = lines[0].rpartition(" ")[2]
    assert lines == [
        f"Plum emulator {__version__} is ready at {url}",
        "",
        "  login     username:password",
        f"  numbers   {NUMBER}  texts go to the built-in demo application",
        f"            {QUIET_NUMBER}  texts are kept, and nothing is posted",
        "  database  temporary, removed at the end (keep it with --database plum.db)",
        "",
        "Queue a message:",
        "",
        f"  curl -u username:password -d to={HANDSET} -d from={NUMBER} -d body=Hello {url}/ws/sms/queue.json",
        "",
        "Stop with Ctrl-C.",
    ]


def test_the_banner_shows_the_first_account_of_the_file(tmp_path: Path) -> None:
    """A login that a shell would take apart is quoted in the line to paste."""
    file = tmp_path / "accounts.toml"
    file.write_text(ONE_ACCOUNT)
    lines = banner("--accounts", str(file))
    assert lines[2:4] == [
        "  login     anna:o'ne two",
        "  numbers   16175550101  texts go to http://127.0.0.1:1/sms",
    ]
    assert lines[-3].startswith("""  curl -u 'anna:o'"'"'ne two' -d to=16175550123 -d from=16175550101 """)


def test_a_file_that_init_wrote_is_served(tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    assert run("init", str(file)).returncode == 0
    with emulator("--accounts", str(file)) as running:
        usernames = [account["username"] for account in running.ready["accounts"]]
    assert usernames == ["username", "second"]


def test_the_same_seed_gives_the_same_ids() -> None:
    """In the same order, whatever the port and the time."""

    def ids() -> list[str]:
        with emulator("--seed", "a seed") as running:
            client = running.client()
            return [client.queue(to=HANDSET, from_=NUMBER, body="Hello")[0]["sms_message_id"] for _ in range(3)]

    first = ids()
    assert ids() == first
    assert len(set(first)) == 3


def test_every_option_may_come_from_the_environment(tmp_path: Path) -> None:
    """Words of a list are parted by commas or blanks."""
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ONE_ACCOUNT)
    environment = {
        "PLUM_EMULATOR_DATABASE": str(tmp_path / "plum.db"),
        "PLUM_EMULATOR_ACCOUNTS": str(accounts),
        "PLUM_EMULATOR_SEED": "a seed",
        "PLUM_EMULATOR_SENT_AFTER": "0",
        "PLUM_EMULATOR_RECEIVED_AFTER": "0",
        "PLUM_EMULATOR_ALLOW_HOST": "one.test,two.test three.test",
        "PLUM_EMULATOR_EGRESS": "one.test,two.test",
        "PLUM_EMULATOR_CALLBACK_ATTEMPTS": "2",
        "PLUM_EMULATOR_CALLBACK_BACKOFF": "0",
    }
    with emulator(environment=environment) as running:
        client = running.client("anna", "o'ne two")
        with watching(client) as watch:
            [message] = client.queue(
                to=HANDSET, from_="16175550101", body="Hello", result_url=f"http://127.0.0.1:{closed_port()}"
            )
            watch.callback(message["sms_message_id"], "received")
            watch.seen.clear()
            watch.callback(message["sms_message_id"], "received")  # the second attempt
        attempts = [exchange["attempt"] for exchange in client.exchanges(operation="callback")]
        hosts = [_health(running, host) for host in ("one.test", "two.test", "three.test", "four.test")]
    assert running.ready["database"] == str(tmp_path / "plum.db")
    assert [account["username"] for account in running.ready["accounts"]] == ["anna"]
    assert attempts == [2, 1, 2, 1]
    assert hosts == [200, 200, 200, 403]


def _health(running: Emulator, host: str) -> int:
    return ask(running.url, f"GET /_plum/health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).status


def test_an_option_goes_before_its_environment_variable(tmp_path: Path) -> None:
    environment = {"PLUM_EMULATOR_DATABASE": str(tmp_path / "environment.db")}
    with emulator("--database", str(tmp_path / "option.db"), environment=environment) as running:
        assert running.ready["database"] == str(tmp_path / "option.db")
    assert not (tmp_path / "environment.db").exists()


def test_a_stranger_is_called_when_that_was_allowed() -> None:
    """`--egress`: this address is on no network, so that the request fails further on."""
    options = ("--sent-after", "0", "--received-after", "0", "--egress", "192.0.2.1", "--callback-timeout", "0.2")
    with emulator(*options) as running:
        client = running.client()
        with watching(client) as watch:
            [message] = client.queue(to=HANDSET, from_=NUMBER, body="Hello", result_url="http://192.0.2.1/")
            allowed = watch.callback(message["sms_message_id"], "sent")["outcome"]
            [message] = client.queue(to=HANDSET, from_=NUMBER, body="Hello", result_url="http://192.0.2.2/")
            refused = watch.callback(message["sms_message_id"], "sent")["outcome"]
    assert not allowed.startswith("refused")
    assert refused.startswith("refused: 192.0.2.2 is not on this machine or a private network")


def test_it_listens_on_ipv6_when_told_to() -> None:
    with receiver() as results, emulator("--host", "::1", "--sent-after", "0", "--received-after", "0") as running:
        assert running.url == f"http://[::1]:{running.port}"
        running.client().queue(to=HANDSET, from_=NUMBER, body="Hello", result_url=results.url)
        results.wait_for(2)


ANYWHERE = ("--host", "0.0.0.0")  # noqa: S104 # what is tested


def test_where_others_can_come_a_token_is_made(tmp_path: Path) -> None:
    """A new one each time, unless a database keeps it."""

    def token(*options: str) -> str:
        with emulator(*ANYWHERE, *options) as running:
            assert running.url == f"http://127.0.0.1:{running.port}"
            assert running.client().ready()  # over loopback nobody needs it
            found: str = running.ready["token"]
            return found

    kept = ("--database", str(tmp_path / "plum.db"))
    tokens = [token(), token(), token(*kept), token(*kept)]
    assert [len(each) for each in tokens] == [32, 32, 32, 32]
    assert tokens[2] == tokens[3]
    assert len(set(tokens)) == 3


@pytest.mark.parametrize("host", [(), ANYWHERE])
@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_token_of_ones_own_is_used(host: tuple[str, ...], how: str, tmp_path: Path) -> None:
    """It goes before one that the database keeps, and is not kept there."""
    file = tmp_path / "plum.db"
    given = ("--token", TOKEN) if how == "option" else ()
    environment = {"PLUM_EMULATOR_TOKEN": TOKEN} if how == "environment" else {}
    with emulator(*host, *given, "--database", str(file), environment=environment) as running:
        assert running.ready["token"] == TOKEN
        asked = b"GET /_plum/health HTTP/1.1\r\nHost: x\r\nVia: x\r\nAuthorization: Bearer %s\r\n\r\n"
        assert ask(running.url, asked % TOKEN.encode()).status == 200
        assert ask(running.url, asked % b"another").status == 401
    assert TOKEN.encode() not in file.read_bytes()


TOKEN = "0123456789 abcde/".replace(" ", "+")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        pytest.param(("--token", TOKEN), f"  token     {TOKEN}", id="only through a proxy"),
        pytest.param(
            (*ANYWHERE, "--token", TOKEN),
            f"  network   http://{network_address()}:{{port}}/?token=0123456789%2Babcde%2F"
            if network_address()
            else f"  token     {TOKEN}",
            id="over the network",
        ),
    ],
)
def test_the_banner_says_what_others_need(options: tuple[str, ...], line: str) -> None:
    """The address that they open, where there is one."""
    lines = banner(*options)
    assert lines[6] == line.format(port=lines[0].rpartition(":")[2])


@pytest.mark.parametrize(
    "token", ["x", "fifteen-letters", "a token with blanks", "sixteen-at-least\n", "sixteen-at-l\xe9ast", "x" * 257]
)
def test_a_token_that_does_not_guard_or_cannot_be_sent_is_one_line(token: str) -> None:
    """It is not shown."""
    ran = run("serve", "--port", "0", "--token", token)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "plum-emulator: a token has 16 to 256 characters, visible ones of ASCII and no blanks; "
        "make one with: python -c 'import secrets; print(secrets.token_urlsafe(24))'\n"
    )


def test_readyz_waits_for_an_emulator_that_is_still_to_come() -> None:
    """`--wait` in a script: the emulator is started after it."""
    url = f"http://127.0.0.1:{closed_port()}"
    waiting = subprocess.Popen(
        [*COMMAND, "readyz", "--wait", "20", "--url", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=plain_environment(),
    )
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", url.rpartition(":")[2]], stdout=subprocess.DEVNULL, env=plain_environment()
    ) as serving:
        out, err = waiting.communicate(timeout=30)
        serving.terminate()
    assert (waiting.returncode, out, err) == (0, "ready\n", "")


def _a_folder(folder: Path) -> str:
    return str(folder)


def _in_no_folder(folder: Path) -> str:
    return str(folder / "none" / "plum.db")


def _no_database(folder: Path) -> str:
    (folder / "plum.db").write_text("This is a text, and a rather long one, as no database begins with it. " * 100)
    return str(folder / "plum.db")


def _of_something_else(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "plum.db")) as db:
        db.execute("CREATE TABLE invoices (id INTEGER)")
    return str(folder / "plum.db")


def _newer(folder: Path) -> str:
    Store(folder / "plum.db").close()
    with closing(sqlite3.connect(folder / "plum.db")) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            ("plum_emulator", "9999_later", "2099-01-01"),
        )
        db.commit()
    return str(folder / "plum.db")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        pytest.param(_a_folder, "File '{file}' is a directory.", id="a folder"),
        pytest.param(
            _in_no_folder, "the folder {folder}/none of the database does not exist; make it first", id="in no folder"
        ),
        pytest.param(
            _no_database,
            "the database {file} cannot be used: file is not a database; name another file with --database",
            id="no database",
        ),
        pytest.param(
            _of_something_else,
            "{file} is a database of something else (invoices, …); name another file with --database",
            id="of something else",
        ),
        pytest.param(
            _newer,
            "the database {file} was written by a newer plum-emulator (9999_later); "
            "upgrade plum-emulator, or name another file with --database",
            id="newer",
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(make: Callable[[Path], str], line: str, tmp_path: Path) -> None:
    """It is left as it is."""
    file = make(tmp_path)
    before = Path(file).read_bytes() if Path(file).is_file() else None
    ran = run("serve", "--port", "0", "--database", file)
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
    assert line.format(file=file, folder=tmp_path) in ran.stderr
    assert before is None or Path(file).read_bytes() == before


HELP = "compare it with: plum-emulator init -"
GOOD = 'username = "a"\npassword = "b"\n'
NUMBERS = 'numbers = [{number = "16175550101"}]\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            None, "cannot be read: No such file or directory; write one with: plum-emulator init", id="missing"
        ),
        pytest.param("[[accounts]", "is not TOML: ", id="no TOML"),
        pytest.param(b"\xff\xfe", "is not TOML: ", id="no text"),
        pytest.param("", f": it holds [[accounts]] tables, at least one, and nothing else; {HELP}", id="empty"),
        pytest.param(f"[[accounts]]\n{GOOD}", f": account 1: numbers is missing; {HELP}", id="no numbers"),
        pytest.param(
            f"[[accounts]]\n{GOOD}numbers = []",
            ": account 1: it needs at least one number that is not a PCI number",
            id="no number",
        ),
        pytest.param(
            f'[[accounts]]\n{GOOD}numbers = [{{number = "12"}}]',
            ": account 1, number 1: '12' is not a phone number",
            id="a bad number",
        ),
        pytest.param(
            f'[[accounts]]\n{GOOD}{NUMBERS}usename = "x"',
            f": account 1: 'usename' is unknown; did you mean 'username'?; {HELP}",
            id="a typing error",
        ),
        pytest.param(
            f"[[accounts]]\n{GOOD}{NUMBERS}demo = 1",
            ": account 1: demo = 1, but true or false was expected",
            id="a wrong kind",
        ),
        pytest.param(f"[[accounts]]\n{GOOD}{NUMBERS}" * 2, " is there twice; ", id="twins"),
        pytest.param(
            f'[[accounts]]\n{GOOD}{NUMBERS}opted_out = "maybe"',
            ": account 1: opted_out is one of undelivered, generic, detailed, not 'maybe'",
            id="an unknown choice",
        ),
        pytest.param(
            f'[[accounts]]\n{GOOD}numbers = [{{number = "16175550101", application_url = "ftp://x"}}]',
            ": account 1, number 1: application_url: an http:// or https:// URL with a host was expected",
            id="a bad URL",
        ),
    ],
)
def test_an_accounts_file_that_is_malformed_is_one_line(text: str | bytes | None, line: str, tmp_path: Path) -> None:
    """It names the file and the place in it. Nothing was started, and nothing is left."""
    file, temporary = tmp_path / "accounts.toml", tmp_path / "temporary"
    temporary.mkdir()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = run("serve", "--port", "0", "--accounts", str(file), environment={"TMPDIR": str(temporary)})
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
    assert f"the accounts file {file}" in ran.stderr
    assert line in ran.stderr
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("host", ["", "no such host", "203.0.113.1", "a" * 80])
def test_a_host_that_is_not_this_machine_is_one_line(host: str) -> None:
    ran = run("serve", "--port", "0", "--host", host)
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
    assert ran.stderr.startswith("plum-emulator: cannot listen at ")
