"""An emulator that listens at all addresses, asked over the network's: with its token, and without."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from helpers.programs import HANDSET, NUMBER, QUICK, Emulator, emulator, plain_environment, run
from helpers.receivers import Answer, receiver
from helpers.tools import headless_chromium
from helpers.watching import watching
from plum_emulator.client import Client
from plum_emulator.testing import PlumServer
from plum_emulator.web.http import address_for_others

pytestmark = pytest.mark.journey
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--no-proxy-server",
)
EVERYWHERE = "0.0.0.0"  # noqa: S104 # what is tested


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all, which may call this machine by any of its addresses."""
    with emulator("--host", EVERYWHERE, "--egress", "any", *QUICK) as running:
        yield running


@pytest.fixture
def url(shared: Emulator) -> str:
    """Its address for other machines."""
    found = address_for_others(EVERYWHERE, shared.port)
    if found is None:
        pytest.skip("this machine is on no network")
    return found


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A browser's memory: cookies, and nothing of the environment."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def afar(shared: Emulator, url: str) -> Client:
    """A client on another machine."""
    return replace(shared.client(), url=url, token=shared.ready["token"])


def test_over_loopback_nobody_needs_it(shared: Emulator) -> None:
    assert run("accounts", "list", "--url", shared.url).returncode == 0


@pytest.mark.parametrize("path", ["/", "/_plum/health", "/_plum/events", "/_plum/accounts", "/console/clock"])
def test_without_it_nothing_is_told(url: str, session: requests.Session, path: str) -> None:
    """Whichever host name is asked for."""
    for host in ("localhost", url.removeprefix("http://"), "plum.test"):
        answer = session.get(f"{url}{path}", headers={"Host": host}, timeout=20)
        assert answer.status_code == 401
        assert "password" not in answer.text


def test_with_it_in_the_header_a_program_may_do_everything(
    shared: Emulator, url: str, session: requests.Session
) -> None:
    session.headers["Authorization"] = f"Bearer {shared.ready['token']}"
    assert session.get(f"{url}/_plum/health", timeout=20).json()["status"] == "ok"
    text = {"from": HANDSET, "to": NUMBER, "body": "Hello"}
    assert session.post(f"{url}/_plum/inbound", json=text, timeout=20).status_code == 201


def test_who_opens_the_address_of_the_banner_goes_on_without_the_token_in_it(
    shared: Emulator, url: str, session: requests.Session
) -> None:
    """A cookie has it from then on, also for what the page does. Other sites' pages still may not."""
    page = session.get(f"{url}/?token={shared.ready['token']}", timeout=20)
    assert (page.status_code, page.url) == (200, f"{url}/")
    assert session.get(f"{url}/_plum/accounts", timeout=20).status_code == 200
    for origin, status in ((url, 201), ("http://plum.test", 403)):
        text = {"from": HANDSET, "to": NUMBER, "body": "Hello"}
        answer = session.post(f"{url}/_plum/inbound", json=text, headers={"Origin": origin}, timeout=20)
        assert answer.status_code == status


def test_plums_services_ask_for_their_login_only(url: str, session: requests.Session) -> None:
    """An application anywhere uses them as it uses Plum's."""
    fields = {"to": HANDSET, "from": NUMBER, "body": "Hello"}
    login = ("username", "password")
    assert session.post(f"{url}/ws/sms/queue.json", data=fields, auth=login, timeout=20).json()["status"] == "success"
    assert session.post(f"{url}/ws/sms/queue.json", data=fields, timeout=20).status_code == 401


def test_the_client_watches_from_afar(afar: Client) -> None:
    """Events are a stream that is open for long; a lease brings a client with the same token."""
    with afar.lease(clock="real") as lease, watching(lease.client) as watch:
        [message] = lease.client.queue(to=HANDSET, from_=lease.number, body="Hello", result_url=lease.sink_url)
        told = watch.callback(message["sms_message_id"], "sent")
    assert (told["outcome"], lease.sink_url.startswith(afar.url)) == ("ok", True)  # its own sink, without the token


@pytest.mark.parametrize(
    "command", [("accounts", "list"), ("clock", "show"), ("readyz",), ("receive", "--from", HANDSET, "Hello")]
)
def test_a_command_takes_it_from_an_option_or_the_environment(
    shared: Emulator, url: str, command: tuple[str, ...]
) -> None:
    token = shared.ready["token"]
    assert run(*command, "--url", url, "--token", token).returncode == 0
    environment = {"PLUM_EMULATOR_URL": url, "PLUM_EMULATOR_TOKEN": token}
    assert run(*command, environment=environment).returncode == 0


@pytest.mark.parametrize(
    ("token", "wants"), [("", "a token"), ("not the right one".replace(" ", "-"), "another token than this one")]
)
@pytest.mark.parametrize("command", [("accounts", "list"), ("clock", "show"), ("readyz", "--wait", "20"), ("tail",)])
def test_a_command_without_it_says_so_in_a_line(url: str, token: str, wants: str, command: tuple[str, ...]) -> None:
    """`readyz` does not wait for what will not come."""
    ran = run(*command, "--url", url, "--token", token)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"plum-emulator: the emulator at {url} wants {wants}; "
        "give it with --token or PLUM_EMULATOR_TOKEN; the emulator's banner shows it\n"
    )


def test_tests_use_an_emulator_elsewhere_with_it(shared: Emulator, url: str) -> None:
    """As those of the pytest plugin do."""
    with PlumServer(url, token=shared.ready["token"]) as server, server.leased() as plum:
        plum.client.queue(to=HANDSET, from_=plum.number, body="Hello")
        plum.advance("5s")
        assert plum.phone(HANDSET).last.body == "Hello"


@pytest.mark.slow
def test_a_browser_that_another_application_sends_here_gets_the_page(
    shared: Emulator, url: str, tmp_path: Path
) -> None:
    """One that reads QR codes, or a chat. The cookie comes along to the page without the token."""
    chromium = headless_chromium()
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    target = f"{url}/?token={shared.ready['token']}"
    with receiver(lambda _hit: Answer(status=302, headers={"Location": target})) as elsewhere:
        ran = subprocess.run(
            [chromium, *FLAGS, *sandbox, f"--user-data-dir={tmp_path}", "--dump-dom", elsewhere.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env=plain_environment({"HOME": str(tmp_path)}),
        )
    assert 'href="/_plum/openapi.yaml"' in ran.stdout
    assert "needs the emulator" not in ran.stdout
