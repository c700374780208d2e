"""A real session, copied as a test for pytest and as a script: both pass, and neither does if something else comes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.house import House
from helpers.leases import Leased, lease
from helpers.programs import HANDSET, Emulator, emulator, plain_environment
from helpers.suites import PLUGIN
from helpers.tools import tool
from plum_emulator.engine.retelling import session_of
from plum_emulator.wire.as_script import shell_script
from plum_emulator.wire.as_test import pytest_file
from plum_emulator.wire.sessions import Session

pytestmark = pytest.mark.journey

DEADLINE = 120.0
FAILING, OTHER = "16175550150", "16175550124"
HOSTILE = "it's \"quoted\" $(id) `id` \\n %s {plum}\n\ttwo\r\0 lines\u2028 naïve 日本 \U0001f600 '''"
Change = Callable[[str], str]


def as_pytest(session: Session, running: Emulator, folder: Path, change: Change = str) -> str:
    """What comes of the test: `passed`, or everything that pytest says."""
    file = folder / "test_session.py"
    file.write_text(change(pytest_file(session)), encoding="utf-8")
    options = (*PLUGIN, "-p", "no:cacheprovider", "--plum-url", running.url)
    command = [sys.executable, "-m", "pytest", *options, str(file)]
    return _said(command, folder, {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, passed="1 passed")


def as_script(session: Session, running: Emulator, folder: Path, change: Change = str) -> str:
    """What comes of the script: `passed`, or everything that it says."""
    tool("curl")
    file = folder / "session.sh"
    file.write_text(change(shell_script(session)), encoding="utf-8")
    return _said([tool("dash", "sh"), str(file)], folder, {"PLUM": running.url}, passed="ok\n")


def _said(command: list[str], folder: Path, extra: dict[str, str], *, passed: str) -> str:
    ran = subprocess.run(
        command, cwd=folder, env=plain_environment(extra), capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert (ran.returncode == 0) == (passed in ran.stdout), ran.stdout + ran.stderr
    return "passed" if ran.returncode == 0 else ran.stdout + ran.stderr


def kept(account: Leased) -> Session:
    """The session as an emulator gathers it, from everything that this one has kept."""
    house = House()
    try:
        copy = house.emulator.snapshots.read(account.export("account"), username="copy")
        return session_of(house.platform, copy, base=account.url)
    finally:
        house.close()


def accounts(running: Emulator) -> list[str]:
    """The logins that there are."""
    return [each["username"] for each in running.client().accounts()]


def talk(account: Leased, *texts: str) -> None:
    """A handset says these, one after the other."""
    for body in texts:
        account.told("POST", "/inbound", {"from": HANDSET, "to": account.number, "body": body})
        account.advance(until="idle")


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """An emulator with the usual delays."""
    with emulator() as started:
        yield started


@pytest.fixture(scope="module")
def session(running: Emulator) -> Session:
    """Somebody played with the demo application, and an application queued some messages."""
    account = lease(running.url, clock="manual", numbers=2, application_url="/demo")
    second = running.client(account.username).numbers()[1]["number"]
    talk(account, "HELLO", "TWICE", HOSTILE, "LONG", "BROKEN", "NOTHING", f"call {account.number}", "HELP")
    account.told("POST", "/inbound", {"from": OTHER, "to": second, "body": "HELLO"})
    account.queue("This fails.", to=FAILING, result_url="http://127.0.0.1:9/results")
    account.queue(HOSTILE, to=HANDSET, result_url=f"{running.url}/_plum/sink/a?account={account.username}")
    account.ask_queue("x" * 170, to=HANDSET)
    account.advance(until="idle")
    talk(account, "STOP", "HELLO", "START", "HELLO", "HELLO")
    account.queue("It is under way.", to=HANDSET)
    return kept(account)


@pytest.mark.parametrize("told", [as_pytest, as_script])
def test_the_copy_of_a_session_passes(
    told: Callable[..., str], session: Session, running: Emulator, tmp_path: Path
) -> None:
    """Whatever was texted and queued, and whatever came of it; nothing is left behind."""
    before = accounts(running)
    assert told(session, running, tmp_path) == "passed"
    assert accounts(running) == before


@pytest.mark.parametrize("told", [as_pytest, as_script])
@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        pytest.param("Hello! Text MENU", "Good-bye! Text MENU", "Good-bye!", id="a reply"),
        pytest.param('"Two."', '"Three."', "Three.", id="the second of two replies"),
        pytest.param(
            "successfully been unsubscribed", "been unsubscribed", "been unsubscribed", id="an automatic text"
        ),
        pytest.param('"failed"', '"undelivered"', "undelivered", id="how a queued message ended"),
        pytest.param('"undelivered"', '"failed"', "failed", id="how a reply ended"),
    ],
)
def test_the_copy_fails_when_something_else_was_expected(
    told: Callable[..., str], was: str, is_: str, said: str, session: Session, running: Emulator, tmp_path: Path
) -> None:
    """It says what it expected, and its account has ended all the same."""

    def change(text: str) -> str:
        assert was in text
        return text.replace(was, is_)

    before = accounts(running)
    complaint = told(session, running, tmp_path, change)
    assert (said in complaint, complaint == "passed") == (True, False)
    assert accounts(running) == before


def test_the_script_fails_when_a_reply_is_not_expected(session: Session, running: Emulator, tmp_path: Path) -> None:
    """Besides what is expected of a step, nothing else comes."""
    complaint = as_script(
        session,
        running,
        tmp_path,
        lambda text: text.replace('"type": "reply", "count": 2', '"type": "reply", "count": 1'),
    )
    assert "1 message was expected, 2 came" in complaint


def test_the_script_says_that_no_emulator_is_there(session: Session, tmp_path: Path) -> None:
    """And leaves nothing undone."""
    script = tmp_path / "session.sh"
    script.write_text(shell_script(session), encoding="utf-8")
    nowhere = plain_environment({"PLUM": "http://127.0.0.1:9"})
    ran = subprocess.run([tool("dash", "sh"), str(script)], env=nowhere, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "not ok: no account at http://127.0.0.1:9" in ran.stderr


@pytest.mark.parametrize("told", [as_pytest, as_script])
def test_a_session_under_rules_passes_without_them(told: Callable[..., str], running: Emulator, tmp_path: Path) -> None:
    """What rules had a hand in is said, and not asserted; what came before and after is."""
    account = lease(running.url, clock="manual", application_url="/demo")
    talk(account, "HELLO")
    account.rule({"outcome": "failed"}, operation="queue", body={"contains": "Two"})
    talk(account, "TWICE")
    account.queue("Two.", to=OTHER)
    talk(account, "MENU")
    session = kept(account)
    lines = (shell_script(session) + pytest_file(session)).splitlines()
    texts = " ".join(line.strip().removeprefix("# ") for line in lines)
    assert texts.count("is not asserted: it was changed by rule-1, and the test has no rules.") == 2
    assert texts.count("is left out: it was changed by rule-1") == 2
    assert told(session, running, tmp_path) == "passed"


@pytest.mark.parametrize("told", [as_pytest, as_script])
@pytest.mark.parametrize("opted_out", ["generic", "detailed"])
def test_the_account_is_treated_in_the_same_way(
    told: Callable[..., str], opted_out: str, running: Emulator, tmp_path: Path
) -> None:
    """Its options are asked for: a reply to a handset that has sent STOP fails at once."""
    account = lease(running.url, clock="manual", application_url="/demo", opted_out=opted_out, demo=True)
    talk(account, "STOP", "HELLO", "HELLO", "START", "HELLO")
    session = kept(account)
    assert [each.status for each in session.messages if each.type == "reply"] == ["failed", "failed", "received"]
    assert told(session, running, tmp_path) == "passed"
