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
from pathlib import Path
from typing import Any

from helpers.manual.pages import ROOT, Block, Page
from helpers.programs import QUICK, emulator, plain_environment
from helpers.receivers import Answer, Hit, receiver
from plum_emulator.scenario.seeds import read_seeds
from plum_emulator.wire.answers import read_answer

EMULATOR, APPLICATION = "127.0.0.1:7586", "127.0.0.1:8000"
_DEADLINE = 10.0
_LOOK_EVERY = 0.1
_READY = re.compile(r"ready at http://(127\.0\.0\.1:\d+)")
_SERVES = re.compile(r"make run|plum-emulator serve\b")
_LISTENS = re.compile(r"plum-emulator tail\b|curl -N\b")
_LOOKS = re.compile(r"curl (?!.*(-d|-X)\b)|plum-emulator (status|messages|conversation)\b|sqlite-utils\b|datasette\b")
_MAKES = re.compile(r"^make (\w[\w-]*)$", re.MULTILINE)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A fresh emulator with its folder; when the block ends, everything that was started has gone."""
    with ExitStack() as stack:
        application = stack.enter_context(receiver(_thanks))
        started = stack.enter_context(emulator(*QUICK, folder=folder))
        played = Stage(folder, address=_authority(started.url), application=_authority(application.url))
        stack.callback(played.close)
        yield played


def _thanks(hit: Hit) -> Answer:
    return Answer(body=b"<reply><sms_message>Thank you.</sms_message></reply>" if "body" in hit.fields else b"")


def _authority(url: str) -> str:
    return url.removeprefix("http://")


class Stage:
    """Where the examples of one page are played, one after the other."""

    def __init__(self, folder: Path, *, address: str, application: str) -> None:
        self._folder = folder
        self._address = address
        self._application = application
        self._running: list[_Program] = []
        self._listening: list[tuple[_Program, list[str]]] = []
        self._code = 0
        self._players: dict[str, Callable[[Block], None]] = {
            "console": self._console,
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
        for block in page.blocks:
            where = f"{page.name}, line {block.line}"
            assert block.language in self._players, f"{where}: nobody can play {block.language!r}"
            try:
                self._play(block)
            except (AssertionError, subprocess.SubprocessError, ValueError) as error:
                raise AssertionError(f"{where}: {error}") from error
        self._expect_no_error()
        assert not self._listening, f"{page.name}: nothing comes after a command that listens"

    def close(self) -> None:
        """End what still runs."""
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
        if _shows(self._there(program.said), shown):
            return True
        self._sh(block)
        return False

    def _sh(self, block: Block) -> None:
        self._without_make(block.text)
        self._succeed(["sh", "-e", "-c", self._here(_MAKES.sub("", block.text))])

    def _python(self, block: Block) -> None:
        self._succeed([sys.executable, "-c", self._here(block.text)])

    def _json(self, block: Block) -> None:
        """What the example before it prints last, or else just JSON."""
        shown = json.loads(block.text)
        said, self._said = self._said, None
        if said is None:
            return
        end = time.monotonic() + _DEADLINE
        while (problem := _difference(shown, said.text)) and said.is_a_look and time.monotonic() < end:
            self._succeed(said.arguments)
            said, self._said = self._said, None
            assert said is not None
        assert not problem, problem

    def _console(self, block: Block) -> None:
        commands = _commands(block.text)
        for place, (command, shown) in enumerate(commands):
            self._without_make(command)
            following = commands[place + 1][0] if place + 1 < len(commands) else ""
            self._type(command, shown)
            assert self._code == 0 or following == "echo $?", f"{command!r} ended with {self._code}"

    def _type(self, command: str, shown: list[str]) -> None:
        if _SERVES.match(command):
            self._serve(command, shown)
        elif _LISTENS.match(command):
            self._listening.append((self._start(command), shown))
        elif _LOOKS.match(command):
            _until(lambda: _shows(self._run(command), shown), lambda: f"{shown} in {self._run(command)!r}")
        elif not _MAKES.match(command):
            said = self._run(command)
            assert _shows(said, shown), f"{command!r} says {said!r}, which is not {shown}"

    def _run(self, command: str) -> str:
        """Everything that a command says, seen from the page."""
        done = subprocess.run(
            ["sh", "-c", f"(exit {self._code})\n{self._here(command)}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._folder,
            env=self._environment(),
            timeout=_DEADLINE,
            check=False,
        )
        self._code = done.returncode
        return self._there(done.stdout)

    def _serve(self, command: str, shown: list[str]) -> None:
        """Start another emulator, on a free port; from here on it is the one that the page speaks of."""
        program = self._start(command.replace("make run", "plum-emulator serve"))
        _until(lambda: program.ended() or _READY.search(program.said), lambda: f"an emulator; it said {program.said}")
        ready = _READY.search(program.said)
        if ready:
            self._address = ready[1]
        self._code = program.ended() or 0
        said = self._there(program.said)
        assert _shows(said, shown), f"{command!r} says {said!r}, which is not {shown}"

    def _start(self, command: str) -> _Program:
        program = _Program(["sh", "-c", f"exec {self._here(command)}"], self._folder, self._environment())
        self._running.append(program)
        return program

    def _succeed(self, arguments: list[str]) -> None:
        done = subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            cwd=self._folder,
            env=self._environment(),
            timeout=_DEADLINE,
            check=False,
        )
        assert done.returncode == 0, f"it ended with {done.returncode}, and said {done.stdout}{done.stderr}"
        self._said = _Said(arguments, self._there(done.stdout))

    def _expect_no_error(self) -> None:
        """An example whose answer is an error says so: a block of JSON that shows it comes next."""
        said, self._said = self._said, None
        for value in _json_values(said.text) if said else ():
            assert not (isinstance(value, dict) and value.get("error")), f"the example before it fails: {value}"

    def _sql(self, block: Block) -> None:
        def find() -> list[Any]:
            with closing(sqlite3.connect(f"file:{self._folder / 'plum.db'}?mode=ro", uri=True)) as database:
                return database.execute(block.text).fetchall()

        _until(find, lambda: f"a row of {block.text}")

    def _toml(self, block: Block) -> None:
        path = self._folder / "from-the-page.toml"
        path.write_text(block.text, encoding="utf-8")
        read_seeds(path)

    def _xml(self, block: Block) -> None:
        read_answer(block.text.encode())

    def _without_make(self, text: str) -> None:
        """`make` would make a house in the house: its targets have to be there, and are not played."""
        for target in _MAKES.findall(text):
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"no target {target}"

    def _here(self, text: str) -> str:
        """The page's words, as they are right on this stage."""
        text = text.replace(".venv/bin/", "")
        return text.replace(EMULATOR, self._address).replace(APPLICATION, self._application)

    def _there(self, text: str) -> str:
        """What was said on this stage, as the page would say it."""
        return text.replace(self._address, EMULATOR).replace(self._application, APPLICATION)

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


def _shows(said: str, shown: list[str]) -> bool:
    """Whether all lines that are shown were said, in this order."""
    lines = iter(said.splitlines())
    return all(any(_like(line, spoken) for spoken in lines) for line in shown if line.strip())


def _like(shown: str, said: str) -> bool:
    """Whether a text on a page, where `…` stands for anything, is what was said."""
    pattern = ".*".join(map(re.escape, shown.strip().split("…")))
    return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def _json_values(text: str) -> list[Any]:
    """The JSON values in a text, whatever else stands between them."""
    values, place, decoder = [], 0, json.JSONDecoder()
    while (begin := re.search(r"[\[{]", text[place:])) is not None:
        try:
            value, place = decoder.raw_decode(text, place + begin.start())
            values.append(value)
        except ValueError:
            place += begin.end()
    return values


def _difference(shown: Any, said: str) -> str:
    """How the last JSON value that was said differs from the one on the page; "" when it does not."""
    values = _json_values(said)
    try:
        assert values, f"a JSON answer was expected, and not {said!r}"
        _compare(shown, values[-1], "the answer")
    except AssertionError as problem:
        return str(problem)
    return ""


def _compare(shown: Any, said: Any, where: str) -> None:
    """Fails unless both have the same shape and texts. Numbers may differ; a list may be shown in part."""
    match shown, said:
        case dict(), dict():
            assert list(shown) == list(said), f"{where} has {list(said)}, and not {list(shown)}"
            for name, value in shown.items():
                _compare(value, said[name], f"{where}.{name}")
        case list(), list():
            assert len(shown) <= len(said), f"{where} has {len(said)} items, and not {len(shown)}"
            for place, value in enumerate(shown):
                _compare(value, said[place], f"{where}[{place}]")
        case str(), str():
            assert _like(shown, said), f"{where} is {said!r}, and not {shown!r}"
        case (bool(), bool()) | (None, None):
            assert shown is said, f"{where} is {said!r}, and not {shown!r}"
        case (int() | float(), int() | float()):
            pass
        case _:
            raise AssertionError(f"{where} is {said!r}, and not {shown!r}")


def _until(met: Callable[[], Any], expected: Callable[[], str]) -> None:
    """Return as soon as it is so."""
    end, pause = time.monotonic() + _DEADLINE, threading.Event()
    while not met():
        assert time.monotonic() < end, f"{expected()} did not come"
        pause.wait(_LOOK_EVERY)
