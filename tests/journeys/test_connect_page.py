"""What the Connect page has to be pasted is pasted, and does what it says."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from helpers.envelopes import resources_of
from helpers.programs import HANDSET, NUMBER, Emulator, emulator, plain_environment
from helpers.tools import php_with_curl, tool

pytestmark = pytest.mark.journey

# The quotes of three languages, what each of them would replace, and letters that Latin-1 has not.
ODD = ("o'\"$USER\\n`x`{$y}", "p\u00e4ss\u2713'\\\t\u200b\U0001f600$(id)")
ACCOUNTS = f"""
[[accounts]]
username = {json.dumps(ODD[0])}
password = {json.dumps(ODD[1], ensure_ascii=False)}
numbers = [{{ number = "{NUMBER}", application_url = "/demo" }}]

[[accounts]]
username = "username"
password = "password"
numbers = [{{ number = "16175550177", application_url = "/demo" }}]
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with an ordinary account, and one whose login is anything but."""
    file = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    file.write_text(ACCOUNTS)
    with emulator("--accounts", str(file)) as running:
        yield running


@pytest.fixture(params=["username", ODD[0]], ids=["an ordinary account", "an odd account"])
def account(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def pasted(running: Emulator, account: str, id_: str) -> str:
    """What the page's button copies."""
    with urlopen(f"{running.url}/console/connect?{urlencode({'account': account})}") as answer:  # noqa: S310 # ours
        page = answer.read().decode()
    found = re.search(f'<pre id="{id_}">(.*?)</pre>', page, re.DOTALL)
    assert found
    return unescape(found[1])


def output(words: list[str], **environment: str) -> str:
    """What a program prints."""
    ran = subprocess.run(
        words, env=plain_environment(environment), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def body_that_arrived(running: Emulator, account: str, sms_message_id: str) -> str:
    """The body of this message in the account's own log."""
    password = dict([("username", "password"), ODD])[account]
    body: str = running.client(account, password).story(sms_message_id)["body"]
    return body


def test_the_line_for_curl_queues_a_message(running: Emulator, account: str) -> None:
    line = pasted(running, account, "sample-curl")
    [message] = resources_of(output([tool("bash"), "-c", f"{line} --silent"]))
    assert body_that_arrived(running, account, message["sms_message_id"]) == "Hello"


def test_the_php_sample_queues_a_message(running: Emulator, account: str, tmp_path: Path) -> None:
    file = tmp_path / "sample.php"
    file.write_text(pasted(running, account, "sample-php"))
    [message] = resources_of(output([php_with_curl(), str(file)]))
    assert message["to"] == HANDSET
    assert body_that_arrived(running, account, message["sms_message_id"]) == "Hello from PHP"


def test_the_python_sample_queues_a_message(running: Emulator, account: str, tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text(pasted(running, account, "sample-python"))
    answer = ast.literal_eval(output([sys.executable, str(file)]))
    [message] = answer["result"]["sms_messages"]
    assert message["to"] == HANDSET
    assert body_that_arrived(running, account, message["sms_message_id"]) == "Hello from Python"


def test_the_environment_is_exported(running: Emulator, account: str) -> None:
    lines = pasted(running, account, "sample-environment")
    show = f"{shlex.quote(sys.executable)} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    exported = json.loads(output([tool("sh"), "-c", f"{lines}\n{show}", "-"]))
    assert exported["PLUM_BASE_URL"] == running.url
    assert (exported["PLUM_USERNAME"], exported["PLUM_NUMBER"]) in {("username", "16175550177"), (ODD[0], NUMBER)}
    assert exported["PLUM_PASSWORD"] in ("password", ODD[1])


def test_a_text_from_the_command_line_is_answered(running: Emulator, account: str) -> None:
    line = pasted(running, account, "command-receive")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert "Text HELLO, TWICE, LONG, BROKEN or NOTHING" in output([tool("bash"), "-c", line], PATH=path)
