"""Connect: what an application is told, and samples that can be pasted as they are."""

from __future__ import annotations

import ast
import shlex
from html import unescape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.caller import Caller
from helpers.house import APPLICATION, MINE, OTHER, PCI, House
from helpers.pages import HOSTILE, get_page
from plum_emulator.model.accounts import Account, Number, Seed
from plum_emulator.web.console.connect import commands, samples

CONNECT = "/console/connect"
HERE = "http://127.0.0.1:7586"


def an_account(username: str = "username", password: str = "") -> Account:
    mine = Number(number=MINE)
    seed = Seed(username=username, password=password, numbers=(mine,))
    return Account(id=1, seed=seed, numbers={MINE: mine})


def texts(account: Account, url: str = HERE) -> dict[str, str]:
    """Everything that is there to be pasted."""
    return {each.id: each.text for each in (*samples(account, url), *commands(account, url))}


def pasted(caller: Caller, target: str) -> dict[str, str]:
    """What stands in the page to be copied, as its button copies it."""
    page = get_page(caller, target)
    whole = caller.get(target).body.decode()
    found = {}
    for id_ in page.values("button", "data-copy"):
        found[id_] = unescape(whole.partition(f'<pre id="{id_}">')[2].partition("</pre>")[0])
    return found


def test_address_login_numbers_and_a_result_url_are_there(onlooker: Caller) -> None:
    words = get_page(onlooker, CONNECT).words
    for expected in (
        f"Services {HERE}/ws/sms/",
        "Login username:password",
        f"Number {MINE} texts go to {APPLICATION} · Edit",
        f"Number {PCI} PCI number: no texts",
        f"Result URL Your own; or {HERE}/_plum/sink/results?account=username",
    ):
        assert expected in words, words


def test_the_page_speaks_of_the_account_and_the_address_that_was_asked(onlooker: Caller) -> None:
    target = f"{CONNECT}?account=second"
    heard = onlooker.get(target, host="localhost:7586")
    assert b"export PLUM_BASE_URL=http://localhost:7586\nexport PLUM_USERNAME=second" in heard.body
    assert f"{OTHER}</code> texts are kept, and nothing is posted" in heard.body.decode()
    assert f'href="/console/applications/{OTHER}?account=second"'.encode() in heard.body


def test_every_sample_has_a_button_that_copies_it_whole(onlooker: Caller, house: House) -> None:
    """A button without a script would do nothing, so it is not there."""
    assert pasted(onlooker, CONNECT) == texts(house.account)
    buttons = [each for tag, each in get_page(onlooker, CONNECT).tags if tag == "button" and "data-copy" in each]
    assert {(each["type"], each["class"]) for each in buttons} == {("button", "with-script-only")}
    assert [each["data-copy"] for each in buttons] == [
        "sample-curl",
        "sample-php",
        "sample-python",
        "sample-environment",
        "command-receive",
        "command-tail",
    ]


def test_an_account_without_a_number_is_shown_no_sample_of_one() -> None:
    account = Account(id=1, seed=Seed(username="username", password="password"))
    assert texts(account) == {"command-tail": "plum-emulator tail"}


def test_commands_say_only_what_is_not_usual() -> None:
    assert texts(an_account())["command-tail"] == "plum-emulator tail"
    elsewhere = texts(an_account("o'hara"), "http://127.0.0.1:80")["command-tail"]
    assert shlex.split(elsewhere) == ["plum-emulator", "tail", "--url", "http://127.0.0.1:80", "--username", "o'hara"]


@pytest.mark.parametrize(("peer", "told"), [("127.0.0.1", False), ("192.168.0.9", True)], ids=["here", "elsewhere"])
def test_who_comes_from_elsewhere_is_told_of_the_token(peer: str, told: bool) -> None:
    token = "a-token-of-many-letters"
    with House() as house:
        caller = Caller(house, token=token)
        heard = caller.get(CONNECT, headers=[("Authorization", f"Bearer {token}")], peer=peer)
        caller.close()
    assert (b"PLUM_EMULATOR_TOKEN" in heard.body) is told
    assert token.encode() not in heard.body


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(username=WORDS, password=WORDS)
def test_no_login_gets_out_of_its_quotes(username: str, password: str) -> None:
    """What a shell and Python make of the samples is the login, whatever is in it. PHP: see the journey."""
    shown = texts(an_account(username, password))
    curl = shlex.split(shown["sample-curl"])
    assert (curl[:3], len(curl)) == (["curl", "-u", f"{username}:{password}"], 10)
    exported = shlex.split(shown["sample-environment"])
    assert exported[3] == f"PLUM_USERNAME={username}"
    assert exported[5] == f"PLUM_PASSWORD={password}"
    (auth,) = [
        node.value
        for node in ast.walk(ast.parse(shown["sample-python"]))
        if isinstance(node, ast.keyword) and node.arg == "auth"
    ]
    login = eval(ast.unparse(auth))  # noqa: S307 # two literals, as the walk has shown
    assert [word if isinstance(word, str) else word.decode() for word in login] == [username, password]


def test_a_hostile_login_is_shown_as_text() -> None:
    seed = Seed(username=HOSTILE, password=HOSTILE, numbers=(Number(number=MINE, application_url=HOSTILE),))
    with House(seeds=[seed]) as house:
        caller = Caller(house)
        target = f"{CONNECT}?account={quote(HOSTILE)}"
        page = get_page(caller, target)
        assert f"Login {HOSTILE}:{HOSTILE}" in page.words
        assert pasted(caller, target) == texts(house.accounts.named(HOSTILE))
        caller.close()
