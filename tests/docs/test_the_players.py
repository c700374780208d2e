"""An example that is not so does not pass unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.manual.examples import stage
from helpers.manual.pages import Page


def block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


TEST = "def test(plum): assert plum.numbers"
RULES = 'title = "A day"\n[[rules]]\nthen = { reset = true }'


def play(text: str, folder: Path) -> None:
    with stage(folder) as played:
        played.play(Page("a page", text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(block("sh", "echo one") + block("sh", "echo two"), id="commands that succeed"),
        pytest.param(block("sh", "echo '{\"n\": 1}'") + block("json", '{"n": 2}'), id="a number that varies"),
        pytest.param(block("sh", 'echo \'{"id": "ab"}\'') + block("json", '{"id": "a…"}'), id="a text that varies"),
        pytest.param(block("sh", "echo '[1, 2]'") + block("json", "[1]"), id="a list that is shown in part"),
        pytest.param(block("sh", 'echo \'{"error": "no"}\'') + block("json", '{"error": "no"}'), id="an error"),
        pytest.param(block("json", '{"any": "thing"}'), id="JSON of its own"),
        pytest.param(block("console", "$ echo one; echo two; echo three\none\nthree"), id="lines in their order"),
        pytest.param(block("console", "$ false\n$ echo $?\n1"), id="an exit code that is shown"),
        pytest.param(block("console", "$ make test"), id="a target of make"),
        pytest.param(block("xml", "<reply/>"), id="an answer"),
        pytest.param(block("toml", RULES), id="a scenario"),
        pytest.param(block("toml day.toml", RULES) + block("console", "$ cat day.toml\n[[rules]]"), id="a file"),
        pytest.param(block("python one.py", "1 / 0") + block("console", "$ cat one.py\n1 / 0"), id="a module"),
        pytest.param(block("ini a.ini", "[pytest]") + block("console", "$ cat a.ini\n[pytest]"), id="a configuration"),
        pytest.param(block("console", "$ python3 -m venv .venv\n$ pip install pytest"), id="an installation"),
        pytest.param(block("python test_one.py", TEST) + block("console", "$ pytest\n…1 passed in …"), id="a test"),
    ],
)
def test_example_that_is_so_passes(text: str, tmp_path: Path) -> None:
    play(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(block("sh", "false\ntrue"), "ended with 1", id="a command fails"),
        pytest.param(block("ruby", "puts 1"), "nobody can play 'ruby'", id="an unknown language"),
        pytest.param(block("", "text"), "nobody can play ''", id="no language"),
        pytest.param(block("sh", 'echo \'{"error": "no"}\''), "fails", id="an error that is not shown"),
        pytest.param(block("sh", "echo '<status>failure</status>'"), "fails", id="an error in XML"),
        pytest.param(block("sh", "echo '{\"a\": 1}'") + block("json", '{"b": 1}'), "['a']", id="another field"),
        pytest.param(block("sh", "echo '{\"a\": 1}'") + block("json", '{"a": true}'), "is 1", id="another kind"),
        pytest.param(block("sh", "echo '[\"a\"]'") + block("json", '["b"]'), "is 'a'", id="another text"),
        pytest.param(block("sh", "echo '[1]'") + block("json", "[1, 2]"), "1 items", id="a shorter list"),
        pytest.param(block("sh", "echo hello") + block("json", "{}"), "JSON answer", id="no JSON answer"),
        pytest.param(block("json", "{"), "Expecting", id="JSON that does not parse"),
        pytest.param(block("console", "$ echo one\ntwo"), "'one", id="another line"),
        pytest.param(block("console", "$ echo one; echo two\ntwo\none"), "says", id="lines in another order"),
        pytest.param(block("console", "$ false"), "ended with 1", id="an exit code that is not shown"),
        pytest.param(block("console", "$ false\n$ echo $?\n2"), "says '1", id="another exit code"),
        pytest.param(block("console", "one"), "begins with a command", id="a console without a command"),
        pytest.param(block("console", "$ make nothing"), "no target nothing", id="a target that is not there"),
        pytest.param(block("python", "assert False"), "AssertionError", id="Python that fails"),
        pytest.param(block("toml", "[[account]]"), "accounts", id="a malformed accounts file"),
        pytest.param(block("toml", "[[rules]]\nthen = {}"), "title", id="a malformed scenario"),
        pytest.param(block("xml", "<reply><sms/></reply>"), "not valid", id="an answer that is not valid"),
        pytest.param(block("console", "$ pip install no-such-thing"), "not installed", id="an unknown package"),
        pytest.param(
            block("python test_one.py", "def test(): assert 0") + block("console", "$ pytest"),
            "ended with 1",
            id="a test",
        ),
        pytest.param(block("sql", "SELECT 1"), "unable to open", id="a question to no database"),
    ],
)
def test_example_that_is_not_so_fails(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        play(text, tmp_path)
    assert said in str(caught.value)
    assert str(caught.value).startswith("a page")
