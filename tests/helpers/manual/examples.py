"""Plays the examples of a page as a reader would: in a folder of its own, against a real emulator.

What a page says about addresses holds for the stage too: 127.0.0.1:7586 is the emulator that was started last, and
127.0.0.1:8000 an application that takes everything and answers texts. `…` on a page stands for anything.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from helpers.manual.comparing import difference, error_in, shows
from helpers.manual.pages import ROOT, Block, Page
from helpers.programs import QUICK, emulator, plain_environment
from helpers.receivers import Answer, Hit, receiver
from plum_emulator.errors import PlumEmulatorError
from plum_emulator.scenario.scenarios import read_scenario, read_toml
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.wire.answers import read_answer

EMULATOR, APPLICATION = "127.0.0.1:7586", "127.0.0.1:8000"
_DEADLINE = 10.0  # for what has to be seen soon
_LONGEST = 60.0  # for programs that have to end, on a busy machine too
_PATIENCE = 1.0
_LOOK_EVERY = 0.05
_READY = re.compile(r"ready at http://(127\.0\.0\.1:\d+)")
_SERVES = re.compile(r"^(\$ )?(make run$|plum-emulator serve\b)", re.MULTILINE)
_LISTENS = re.compile(r"plum-emulator tail\b|curl -N\b")
_LOOKS = re.compile(r"curl (?!.*(-d|-X)\b)|plum-emulator (status|messages|conversation)\b|sqlite-utils\b|datasette\b")
_MAKES = re.compile(r"^make (\w[\w-]*)$", re.MULTILINE)
_INSTALLS = re.compile(r"(python3 -m venv|(\.venv/bin/)?pip install)\b(?P<wanted>.*)")
_TESTS = re.compile(r"(\.venv/bin/)?pytest\b")
# Plugins that are here for other reasons; a reader does not have them.
_ONLY_OURS = "-p no:schemathesis -p no:randomly -p no:asyncio -p no:hypothesispytest"


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A folder and an application; when the block ends, everything that was started has gone."""
    with ExitStack() as stack:
        application = stack.enter_context(receiver(_thanks))
        played = Stage(folder, stack, application=_authority(application.url))
        stack.callback(played.close)
        yield played


def _thanks(hit: Hit) -> Answer:
    return Answer(body=b"<reply><sms_message>Thank you.</sms_message></reply>" if "body" in hit.fields else b"")


def _authority(url: str) -> str:
    return url.removeprefix("http://")


class Stage:
    """Where the examples of one page are played, one after the other."""

    def __init__(self, folder: Path, stack: ExitStack, *, application: str) -> None:
        self._folder = folder
        self._stack = stack
        self._address = EMULATOR
        self._application = application
        self._running: list[_Program] = []
        self._listening: list[tuple[_Program, list[str]]] = []
        self._code = 0
        self._players: dict[str, Callable[[Block], object]] = {
            "console": self._console,
            "ini": self._file,
            "json": self._json,
            "python": self._python,
            "sh": self._sh,
            "sql": self._sql,
            "toml": self._toml,
            "xml": self._xml,
        }
        self._said: _Said | None = None
        self._settings = folder / ".settings"
        self._settings.mkdir()
        (self._settings / ".curlrc").write_text("silent\nshow-error\n")  # as curl is when it writes to a terminal

    def play(self, page: Page) -> None:
        """Every example of the page. Fails at the first that does not do what the page says."""
        if _asks_an_emulator(page):
            started = self._stack.enter_context(emulator(*QUICK, folder=self._folder))
            self._address = _authority(started.url)
        for block in page.blocks:
            with _naming(f"{page.name}, line {block.line}"):
                assert block.language in self._players, f"nobody can play {block.language!r}"
                self._play(block)
        with _naming(page.name):
            self._expect_no_error()
            assert not self._listening, "nothing comes after a command that listens"

    def close(self) -> None:
        """End what the page has started."""
        for program in self._running:
            program.end()

    def _play(self, block: Block) -> None:
        if block.language != "json":
            self._expect_no_error()
        self._players[block.language](block)
        if block.language == "sh":
            self._let_hear(block)

    def _let_hear(self, block: Block) -> None:
        """What happens in the example may have happened before a program listened: then it happens again."""
        listening, self._listening = self._listening, []
        for program, shown in listening:
            _until(partial(self._heard, program, shown, block), expected=partial(str, shown))

    def _heard(self, program: _Program, shown: list[str], block: Block) -> bool:
        for _ in _moments(_PATIENCE):
            if shows(self._there(program.said), shown):
                return True
        self._sh(block)
        return False

    def _sh(self, block: Block) -> None:
        self._without_make(block.text)
        self._said = self._succeed(["sh", "-e", "-c", self._here(_MAKES.sub("", block.text))])

    def _python(self, block: Block) -> None:
        """A module that the examples after it use, when it has a file's name; else a script."""
        if block.file:
            self._file(block)
            return
        self._said = self._succeed([sys.executable, "-c", self._here(block.text)])

    def _json(self, block: Block) -> None:
        """What the example before it prints last, or else just JSON."""
        shown = json.loads(block.text)
        said, self._said = self._said, None
        if said is None:
            return
        problem = difference(shown, said.text)
        for _ in _moments(_DEADLINE) if problem and said.is_a_look else ():
            problem = difference(shown, self._succeed(said.arguments).text)
            if not problem:
                break
        assert not problem, problem

    def _console(self, block: Block) -> None:
        commands = _commands(block.text)
        for place, (command, shown) in enumerate(commands):
            self._without_make(command)
            following = commands[place + 1][0] if place + 1 < len(commands) else ""
            self._type(command, shown)
            assert self._code == 0 or following == "echo $?", f"{command!r} ended with {self._code}"

    def _type(self, command: str, shown: list[str]) -> None:
        if wanted := _INSTALLS.match(command):
            self._without_install(wanted["wanted"].split())
        elif _SERVES.match(command):
            self._serve(command, shown)
        elif _LISTENS.match(command):
            self._listening.append((self._start(command), shown))
        elif _LOOKS.match(command):
            _until(lambda: shows(self._run(command), shown), lambda: f"{shown} in {self._run(command)!r}")
        elif not _MAKES.match(command):
            said = self._run(command)
            assert shows(said, shown), f"{command!r} says {said!r}, which is not {shown}"

    def _run(self, command: str) -> str:
        """Everything that a command says, seen from the page."""
        done = subprocess.run(
            ["sh", "-c", f"(exit {self._code})\n{self._here(command)}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._folder,
            env=self._environment_of(command),
            timeout=_LONGEST,
            check=False,
        )
        self._code = done.returncode
        return self._there(done.stdout)

    def _serve(self, command: str, shown: list[str]) -> None:
        """Start another emulator, on a free port; from here on it is the one that the page speaks of."""
        if command == "make run":
            command = "plum-emulator serve"
            started = re.search(rf"^run:.*\n\t.*/{command} \$\(ARGS\)$", _makefile(), re.MULTILINE)
            assert started, "make run does something else"
        program = self._start(command)

        def has_shown() -> bool:
            ended, ready = program.ended(), _READY.search(program.said)
            self._address = ready[1] if ready else self._address
            self._code = ended or 0
            return ended is not None or (ready is not None and shows(self._there(program.said), shown))

        _until(has_shown, lambda: f"{shown} in {program.said!r}")
        said = self._there(program.said)
        assert shows(said, shown), f"{command!r} says {said!r}, which is not {shown}"

    def _start(self, command: str) -> _Program:
        program = _Program(["sh", "-c", f"exec {self._here(command)}"], self._folder, self._environment())
        self._running.append(program)
        return program

    def _succeed(self, arguments: list[str]) -> _Said:
        done = subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            cwd=self._folder,
            env=self._environment(),
            timeout=_LONGEST,
            check=False,
        )
        assert done.returncode == 0, f"it ended with {done.returncode}, and said {done.stdout}{done.stderr}"
        return _Said(arguments, self._there(done.stdout))

    def _expect_no_error(self) -> None:
        """An example whose answer is an error says so: a block of JSON that shows it comes next."""
        said, self._said = self._said, None
        assert said is None or not error_in(said.text), f"the example before fails: {said.text}"

    def _sql(self, block: Block) -> None:
        def find() -> list[Any]:
            with closing(sqlite3.connect(f"file:{self._folder / 'plum.db'}?mode=ro", uri=True)) as database:
                return database.execute(block.text).fetchall()

        _until(find, lambda: f"a row of {block.text}")

    def _toml(self, block: Block) -> None:
        """A scenario or an accounts file. One with a name is there for the examples that follow."""
        path = self._file(block)
        if "[[rules]]" in block.text:
            read_scenario(read_toml(block.text), name=path.stem)
        else:
            read_seeds(path)

    def _file(self, block: Block) -> Path:
        path = self._folder / (block.file or f"from-the-page.{block.language}")
        path.write_text(self._here(block.text), encoding="utf-8")
        return path

    def _xml(self, block: Block) -> None:
        read_answer(block.text.encode())

    def _without_make(self, text: str) -> None:
        """`make` would make a house in the house: its targets have to be there, and are not played."""
        for target in _MAKES.findall(text):
            assert re.search(rf"^{target}:", _makefile(), re.MULTILINE), f"no target {target}"

    def _without_install(self, wanted: list[str]) -> None:
        """What a reader installs is here already: the environment of the tests has it."""
        for name in wanted:
            assert name.startswith(".") or _is_installed(name), f"{name} is not installed here"

    def _here(self, text: str) -> str:
        """The page's words, as they are right on this stage."""
        text = text.replace(".venv/bin/", "")
        return text.replace(EMULATOR, self._address).replace(APPLICATION, self._application)

    def _there(self, text: str) -> str:
        """What was said on this stage, as the page would say it."""
        return text.replace(self._address, EMULATOR).replace(self._application, APPLICATION)

    def _environment_of(self, command: str) -> dict[str, str]:
        """A test run starts an emulator of its own, unless the page says otherwise."""
        environment = self._environment()
        if not _TESTS.match(command):
            return environment
        own = {name: value for name, value in environment.items() if not name.startswith(("PLUM_EMULATOR_", "PYTEST_"))}
        return {**own, "PYTEST_ADDOPTS": _ONLY_OURS}

    def _environment(self) -> dict[str, str]:
        return plain_environment(
            {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "CURL_HOME": str(self._settings),
                "PLUM_EMULATOR_URL": f"http://{self._address}",
                "PLUM_EMULATOR_PORT": "0",
                "PLUM_EMULATOR_SENT_AFTER": "0.05",
                "PLUM_EMULATOR_RECEIVED_AFTER": "0.05",
            }
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """What an example printed."""

    arguments: list[str]
    text: str

    @property
    def is_a_look(self) -> bool:
        """Whether the example only looks, so that it may look again."""
        return _LOOKS.match(self.arguments[-1]) is not None


class _Program:
    """A program that goes on, and what it has said so far."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.said = ""
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env=environment
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def ended(self) -> int | None:
        """Its exit code, once it has ended and everything it said is here."""
        code = self._process.poll()
        if code is not None:
            self._reader.join()
        return code

    def end(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_DEADLINE)
        finally:
            self._process.kill()
            self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for line in stdout:
                self.said += line


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """What is typed after each `$ `, and the lines that are shown then."""
    commands: list[tuple[str, list[str]]] = []
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            assert commands, "a console begins with a command, after `$ `"
            commands[-1][1].append(line)
    return commands


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Whatever goes wrong inside is told with its place."""
    try:
        yield
    except (AssertionError, PlumEmulatorError, sqlite3.Error, subprocess.SubprocessError, ValueError) as error:
        raise AssertionError(f"{place}: {error}") from error


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _asks_an_emulator(page: Page) -> bool:
    """Whether the examples ask an emulator that they do not start themselves."""
    texts = [block.text for block in page.blocks]
    asks = any(EMULATOR in text or "plum-emulator" in _INSTALLS.sub("", text) for text in texts)
    return asks and not any(_SERVES.search(text) for text in texts)


def _makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def _until(met: Callable[[], Any], expected: Callable[[], str]) -> None:
    """Return as soon as it is so."""
    assert any(met() for _ in _moments(_DEADLINE)), f"{expected()} did not come"


def _moments(seconds: float) -> Iterator[None]:
    """Now, and every few moments until the time is over."""
    end, pause = time.monotonic() + seconds, threading.Event()
    yield
    while time.monotonic() < end:
        pause.wait(_LOOK_EVERY)
        yield
