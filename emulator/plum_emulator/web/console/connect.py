"""Connect: what an application is told, so that it finds the emulator, and samples to paste."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, request

from plum_emulator.model.accounts import Account
from plum_emulator.settings import DEFAULT_URL
from plum_emulator.web.console.pages import Pages, RegionOf, Route
from plum_emulator.web.guard import is_local
from plum_emulator.wire.literals import literal

_HANDSET = "16175550123"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Something to paste, and what it does. `id` is unique on the page."""

    id: str
    title: str
    does: str
    text: str


class ConnectPages:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [("GET", "/console/connect", self.connect)]

    def regions(self) -> dict[str, RegionOf]:
        """None: nothing here changes by itself."""
        return {}

    def connect(self) -> Response:
        """Address, login, numbers, and samples that work when they are pasted."""
        account = self._pages.account()
        url = request.host_url.rstrip("/")
        return self._pages.page(
            "connect",
            account,
            url=url,
            sink=f"{url}/_plum/sink/results?{urlencode({'account': account.username})}",
            samples=samples(account, url),
            commands=commands(account, url),
            local=is_local(request.environ),
        )


def samples(account: Account, url: str) -> list[Sample]:
    """How an application queues a message, in several languages; none for an account without an SMS number."""
    numbers = account.sms_numbers()
    if not numbers:
        return []
    queue, login = f"{url}/ws/sms/queue.json", (account.username, account.seed.password)
    return [
        Sample(
            id="sample-curl",
            title="curl",
            does="Queues a message, as an application does.",
            text=_curl(queue, login, numbers[0]),
        ),
        Sample(
            id="sample-php",
            title="PHP",
            does="In the manner of Plum's own sample: the fields go to curl as an array.",
            text=_php(queue, login, numbers[0]),
        ),
        Sample(
            id="sample-python",
            title="Python",
            does="With the package requests.",
            text=_python(queue, login, numbers[0]),
        ),
        Sample(
            id="sample-environment",
            title="Environment variables",
            does="For an application that reads there where Plum is; the names are those of our examples.",
            text=_environment(url, login, numbers[0]),
        ),
    ]


def commands(account: Account, url: str) -> list[Sample]:
    """Our own commands, for this emulator and this account."""
    options = _options(url, account.username)
    receive = Sample(
        id="command-receive",
        title="Text a number",
        does="Texts the first number from a handset, and shows what its application answers.",
        text=f"plum-emulator receive --from {_HANDSET} MENU{options}",
    )
    tail = Sample(
        id="command-tail",
        title="Watch",
        does="Shows what happens, live, until Ctrl-C.",
        text=f"plum-emulator tail{options}",
    )
    return [receive, tail] if account.sms_numbers() else [tail]


def _curl(queue: str, login: tuple[str, str], number: str) -> str:
    user, where = shlex.quote(":".join(login)), shlex.quote(queue)
    return f"curl -u {user} -d to={_HANDSET} -d from={number} -d body=Hello {where}"


def _php(queue: str, login: tuple[str, str], number: str) -> str:
    return f"""<?php
$username = {_php_string(login[0])};
$password = {_php_string(login[1])};

$fields = array(
    'to' => '{_HANDSET}',
    'from' => '{number}',
    'body' => 'Hello from PHP',
);

$curl = curl_init({_php_string(queue)});
curl_setopt($curl, CURLOPT_USERPWD, $username . ':' . $password);
curl_setopt($curl, CURLOPT_POST, true);
curl_setopt($curl, CURLOPT_POSTFIELDS, $fields);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
echo curl_exec($curl);"""


def _python(queue: str, login: tuple[str, str], number: str) -> str:
    # What is not ASCII would go out as Latin-1, if it could.
    user, password = (literal(word) + ("" if word.isascii() else ".encode()") for word in login)
    return f"""import requests

answer = requests.post(
    {literal(queue)},
    data={{"to": "{_HANDSET}", "from": "{number}", "body": "Hello from Python"}},
    auth=({user}, {password}),
    timeout=10,
)
print(answer.json())"""


def _environment(url: str, login: tuple[str, str], number: str) -> str:
    variables = {"BASE_URL": url, "USERNAME": login[0], "PASSWORD": login[1], "NUMBER": number}
    return "\n".join(f"export PLUM_{name}={shlex.quote(value)}" for name, value in variables.items())


def _php_string(text: str) -> str:
    """The text as a PHP literal."""
    if text.isprintable():
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    escaped = (each if each.isalnum() else f"\\u{{{ord(each):x}}}" for each in text)
    return '"' + "".join(escaped) + '"'


def _options(url: str, username: str) -> str:
    """What a pasted command needs, so that it finds this emulator and this account."""
    where = "" if url == DEFAULT_URL else f" --url {shlex.quote(url)}"
    return where if username == "username" else f"{where} --username {shlex.quote(username)}"
