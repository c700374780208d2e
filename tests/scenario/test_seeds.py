"""The accounts file: the default one, the template, and every way in which one can be malformed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from helpers.messages import any_text
from plum_emulator import resources
from plum_emulator.errors import AccountsFileError
from plum_emulator.model.accounts import OPTED_OUT_MODES, Number, OptedOutMode, Seed
from plum_emulator.scenario.seeds import read_seeds

DEMO_APPLICATION = "/demo"
COMPARE = "compare it with: plum-emulator init -"

USUAL = """
[[accounts]]
username = "u"
password = "p"
  [[accounts.numbers]]
  number = "16175550100"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where an accounts file may be written."""
    return tmp_path / "accounts.toml"


def refused(file: Path) -> AccountsFileError:
    """Why the file cannot be used: one line that names it."""
    with pytest.raises(AccountsFileError) as caught:
        read_seeds(file)
    assert str(file) in caught.value.message
    assert len(caught.value.one_line().splitlines()) == 1
    return caught.value


def test_the_default_accounts_make_plums_samples_run_as_printed() -> None:
    """username:password as login, `from` 2435678910; all other numbers are NXX-555-0100 to 0199."""
    assert read_seeds(None) == [
        Seed(
            username="username",
            password="password",
            numbers=(
                Number(number="12435678910", application_url=DEMO_APPLICATION),
                Number(number="16175550100"),
                Number(number="16175550199", pci=True),
            ),
        ),
        Seed(
            username="demo",
            password="demo",
            demo=True,
            numbers=(Number(number="12125550100", application_url=DEMO_APPLICATION),),
        ),
    ]


def test_the_template_is_an_accounts_file() -> None:
    assert read_seeds(resources.fixture("accounts-template.toml")) == [
        Seed(
            username="username",
            password="password",
            numbers=(
                Number(number="12435678910", application_url=DEMO_APPLICATION),
                Number(number="16175550100"),
                Number(number="16175550199", pci=True),
            ),
        ),
        Seed(username="second", password="secret", numbers=(Number(number="12125550100"),)),
    ]


def test_the_template_shows_every_key() -> None:
    template = resources.fixture("accounts-template.toml").read_text(encoding="utf-8")
    keys = ("username", "password", "demo", "opted_out", "number", "application_url", "pci", *OPTED_OUT_MODES)
    assert [key for key in keys if key not in template] == []


def test_what_the_template_keeps_in_comments_can_be_used_too(file: Path) -> None:
    template = resources.fixture("accounts-template.toml").read_text(encoding="utf-8")
    file.write_text(template.replace("# demo =", "demo =").replace("# opted_out =", "opted_out ="), encoding="utf-8")
    first = read_seeds(file)[0]
    assert (first.demo, first.opted_out) == (True, "undelivered")


def test_numbers_are_written_in_any_usual_form(file: Path) -> None:
    file.write_text(USUAL.replace("16175550100", "(617) 555-0100"), encoding="utf-8")
    assert read_seeds(file) == [Seed(username="u", password="p", numbers=(Number(number="16175550100"),))]


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
def test_every_way_with_opted_out_handsets_can_be_chosen(mode: OptedOutMode, file: Path) -> None:
    file.write_text(USUAL.replace("password", f'opted_out = "{mode}"\npassword'), encoding="utf-8")
    assert read_seeds(file)[0].opted_out == mode


@pytest.mark.parametrize("url", ["", "/demo", "http://127.0.0.1:8000/sms", "https://host/ü"])
def test_an_application_url_is_kept_as_it_is(url: str, file: Path) -> None:
    file.write_text(USUAL + f'  application_url = "{url}"\n', encoding="utf-8")
    assert read_seeds(file)[0].numbers == (Number(number="16175550100", application_url=url),)


def test_the_order_of_accounts_and_numbers_is_the_files(file: Path) -> None:
    second = USUAL.replace('"u"', '"v"').replace("0100", "0102") + '  [[accounts.numbers]]\n  number = "16175550101"\n'
    file.write_text(USUAL + second, encoding="utf-8")
    assert [(seed.username, [number.number for number in seed.numbers]) for seed in read_seeds(file)] == [
        ("u", ["16175550100"]),
        ("v", ["16175550102", "16175550101"]),
    ]


NOT_ACCOUNTS = "it holds [[accounts]] tables, at least one, and nothing else"
URL = "an http:// or https:// URL with a host was expected"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("", NOT_ACCOUNTS, id="empty"),
        pytest.param("# nothing yet\n", NOT_ACCOUNTS, id="comments alone"),
        pytest.param("accounts = []", NOT_ACCOUNTS, id="no accounts"),
        pytest.param("[accounts]\n", NOT_ACCOUNTS, id="one table instead of a list"),
        pytest.param('accounts = "u"', NOT_ACCOUNTS, id="a string"),
        pytest.param("[[account]]\n", NOT_ACCOUNTS, id="misspelt"),
        pytest.param(USUAL + "[settings]\nport = 1\n", NOT_ACCOUNTS, id="something else"),
        pytest.param("accounts = [1]", "account 1: a table was expected", id="a number for an account"),
        pytest.param("[[accounts]]\n", "account 1: username is missing", id="no username"),
        pytest.param('[[accounts]]\nusername = "u"\n', "account 1: password is missing", id="no password"),
        pytest.param(
            '[[accounts]]\nusername = "u"\npassword = "p"\n', "account 1: numbers is missing", id="no numbers at all"
        ),
        pytest.param(
            '[[accounts]]\nusername = "u"\npassword = "p"\nnumbers = []\n',
            "account 1: it needs at least one number that is not a PCI number",
            id="an empty list of numbers",
        ),
        pytest.param(
            USUAL + "  pci = true\n",
            "account 1: it needs at least one number that is not a PCI number",
            id="PCI numbers alone",
        ),
        pytest.param(
            USUAL.replace("username", "user"),
            "account 1: 'user' is unknown; did you mean 'username'?",
            id="unknown key of an account",
        ),
        pytest.param(
            USUAL + "  label = 'x'\n",
            "account 1, number 1: 'label' is unknown; there are: number, application_url, pci",
            id="unknown key of a number",
        ),
        pytest.param(
            USUAL.replace('"u"', "1"),
            "account 1: username = 1, but a string in quotes was expected",
            id="username without quotes",
        ),
        pytest.param(
            USUAL.replace('"p"', "12345"),
            "account 1: password, but a string in quotes was expected",
            id="a password is never shown",
        ),
        pytest.param(
            USUAL.replace("password", "demo = 'yes'\npassword"),
            "account 1: demo = 'yes', but true or false was expected",
            id="demo in quotes",
        ),
        pytest.param(
            USUAL.replace("password", "demo = 1\npassword"),
            "account 1: demo = 1, but true or false was expected",
            id="demo as a number",
        ),
        pytest.param(
            '[[accounts]]\nusername = "u"\npassword = "p"\nnumbers = "16175550100"\n',
            "account 1: numbers = '16175550100', but a list of tables was expected",
            id="numbers as a string",
        ),
        pytest.param(
            '[[accounts]]\nusername = "u"\npassword = "p"\nnumbers = ["16175550100"]\n',
            "account 1, number 1: a table was expected",
            id="numbers as a list of strings",
        ),
        pytest.param(
            USUAL.replace('"16175550100"', "16175550100"),
            "account 1, number 1: number = 16175550100, but a string in quotes was expected",
            id="a number without quotes",
        ),
        pytest.param(
            USUAL + '  pci = "no"\n',
            "account 1, number 1: pci = 'no', but true or false was expected",
            id="pci in quotes",
        ),
        pytest.param(
            USUAL + "  application_url = false\n",
            "account 1, number 1: application_url = False, but a string in quotes was expected",
            id="application_url as a boolean",
        ),
        pytest.param(
            USUAL + f"  application_url = {list(range(999))}\n",
            f"account 1, number 1: application_url = {str(list(range(999)))[:77]}, but a string in quotes was expected",
            id="a long value is cut",
        ),
        pytest.param(
            USUAL.replace('"u"', '""'),
            "account 1: a username has at least one character, and no colon",
            id="empty username",
        ),
        pytest.param(
            USUAL.replace('"u"', '"a:b"'),
            "account 1: a username has at least one character, and no colon",
            id="colon in the username",
        ),
        pytest.param(
            USUAL.replace("password", 'opted_out = "ignored"\npassword'),
            "account 1: opted_out is one of undelivered, generic, detailed, not 'ignored'",
            id="unknown mode",
        ),
        pytest.param(
            USUAL.replace("password", "callback_attempts = 0\npassword"),
            "account 1: 'callback_attempts' is 0, but a whole number from 1 to 20 was expected",
            id="no attempt at all",
        ),
        pytest.param(
            USUAL.replace("password", "sent_after = true\npassword"),
            "account 1: 'sent_after' is true, but a number from 0 to 31622400 was expected",
            id="a delay that is no number",
        ),
        pytest.param(
            USUAL.replace("password", 'clock = "fast"\npassword'),
            "account 1: clock: 'fast' is not a clock; "
            "there are: real, manual, 60x for sixty times as fast, and manual@2026-01-31T12:00:00Z",
            id="unknown clock",
        ),
        pytest.param(
            USUAL.replace("16175550100", "555-0100"),
            "account 1, number 1: '555-0100' is not a phone number",
            id="no phone number",
        ),
        pytest.param(
            USUAL + '  application_url = "127.0.0.1:8000/sms"\n',
            f"account 1, number 1: application_url: {URL}",
            id="application URL without a scheme",
        ),
        pytest.param(
            USUAL + '  application_url = "//host/sms"\n',
            f"account 1, number 1: application_url: {URL}",
            id="application URL with two slashes",
        ),
        pytest.param(USUAL + USUAL.replace("0100", "0101"), "username 'u' is there twice", id="a username twice"),
        pytest.param(
            USUAL.replace('"u"', '"a\\nb"') + USUAL.replace('"u"', '"a\\nb"').replace("0100", "0101"),
            "username 'a\\nb' is there twice",
            id="a username with a newline twice",
        ),
        pytest.param(
            USUAL + USUAL.replace('"u"', '"v"').replace("16175550100", "617-555-0100"),
            "number '16175550100' is there twice",
            id="a number in two accounts",
        ),
        pytest.param(
            USUAL + '  [[accounts.numbers]]\n  number = "6175550100"\n  pci = true\n',
            "number '16175550100' is there twice",
            id="a number twice in one account",
        ),
        pytest.param(
            USUAL + USUAL.replace('"u"', '"v"').replace("number =", "nummer ="),
            "account 2, number 1: 'nummer' is unknown; did you mean 'number'?",
            id="the second account is named as the second",
        ),
    ],
)
def test_a_file_that_says_something_else_is_told_where_and_what(content: str, problem: str, file: Path) -> None:
    file.write_text(content, encoding="utf-8")
    error = refused(file)
    assert (error.message, error.hint) == (f"the accounts file {file}: {problem}", COMPARE)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[[accounts]\n", id="bracket missing"),
        pytest.param(b"[[accounts]]\nusername = u\n", id="quotes missing"),
        pytest.param(b'[[accounts]]\nusername = "u\n', id="quote not closed"),
        pytest.param(b"[[accounts]]\ndemo = true\ndemo = false\n", id="a key twice"),
        pytest.param(b"{'accounts': []}", id="Python"),
        pytest.param(b'{"accounts": []}', id="JSON"),
        pytest.param(b"accounts:\n- username: u\n", id="YAML"),
        pytest.param(b'username = "caf\xe9"', id="Latin-1"),
        pytest.param(b"\x00\x01\x02", id="binary"),
        pytest.param(USUAL.encode("utf-16"), id="UTF-16"),
        pytest.param(b"accounts = " + b"9" * 5000, id="an endless integer"),
        pytest.param(b"accounts = " + b"[" * 100_000, id="arrays nested too deep"),
        pytest.param(b"accounts = 2026-02-31", id="a day that is none"),
        pytest.param(b'username = "\\uD800"', id="half a surrogate pair"),
    ],
)
def test_a_file_that_is_not_toml_is_told_so(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    error = refused(file)
    assert error.message.startswith(f"the accounts file {file} is not TOML: ")
    assert error.hint == COMPARE


def test_a_file_that_is_not_there_is_told_so(file: Path) -> None:
    error = refused(file)
    assert error.message == f"the accounts file {file} cannot be read: No such file or directory"
    assert error.hint == "write one with: plum-emulator init"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).message == f"the accounts file {tmp_path} cannot be read: Is a directory"


def toml(value: Any) -> str:
    """A value as TOML, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


_scalars = st.one_of(any_text, st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.dates())
_anything = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(any_text, inner, max_size=3)),
    max_leaves=6,
)
Kinds = dict[str, st.SearchStrategy[Any]]


def _table(required: Kinds, other: Kinds) -> st.SearchStrategy[Any]:
    """Mostly right, now and then with anything at all in one place."""
    loose = {name: st.one_of(kind, _anything) for name, kind in {**required, **other}.items()}
    return st.one_of(
        st.fixed_dictionaries(required, optional=other), st.fixed_dictionaries({}, optional=loose), _anything
    )


_number = _table(
    {"number": st.one_of(st.from_regex(r"1[2-9][0-9]{2}555[0-9]{4}", fullmatch=True), any_text)},
    {"application_url": st.sampled_from(["", "/demo", "http://127.0.0.1:8000/", "nowhere"]), "pci": st.booleans()},
)
_account = _table(
    {"username": any_text, "password": any_text, "numbers": st.lists(_number, max_size=3)},
    {"demo": st.booleans(), "opted_out": st.sampled_from([*OPTED_OUT_MODES, "never"])},
)
_documents = st.one_of(
    st.lists(_account, max_size=3).map(lambda accounts: f"accounts = {toml(accounts)}"),
    _anything.map(lambda value: f"accounts = {toml(value)}"),
    st.text(alphabet='[]{}="\n accountsumber.#0123', max_size=60),
).map(str.encode)


@pytest.fixture(scope="module")
def same_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One file for many examples."""
    file = tmp_path_factory.mktemp("seeds") / "accounts.toml"
    yield file
    file.unlink(missing_ok=True)


@given(content=st.one_of(_documents, st.binary(max_size=60)))
@examples(100)
def test_any_file_is_accounts_or_one_clear_error(content: bytes, same_file: Path) -> None:
    same_file.write_bytes(content)
    seeds = seeds_or_error(same_file)
    if isinstance(seeds, AccountsFileError):
        assert str(same_file) in seeds.message
        assert len(seeds.one_line().splitlines()) == 1
        assert seeds.hint
        return
    assert all(seed.username and any(not number.pci for number in seed.numbers) for seed in seeds)
    assert len({seed.username for seed in seeds}) == len(seeds) > 0


def seeds_or_error(file: Path) -> list[Seed] | AccountsFileError:
    """What the file says, or why it cannot be used."""
    try:
        return read_seeds(file)
    except AccountsFileError as error:
        return error
