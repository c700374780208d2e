"""What the pytest plugin costs: a test, a suite of a thousand tests, and a test run that does not use it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.effort import Effort
from bench.report import Group, at_most, median_and_range, number, ratios
from plum_emulator.settings import ENVIRONMENT_PREFIX

_HOW = """\
Whole test runs, `python -m pytest`, each in a process of its own; {rounds} interleaved rounds. A test is measured from
pytest's first look at it to its last, its fixtures made and ended; the figure of a run is the median of its {tests:,}
tests, which leaves out the start of the servers, {first} for the emulator's. A message: the test posts one with
requests, over a connection of its own, and looks whether it came (`plum.expect`; `httpserver.check`). pytest-httpserver
keeps nothing and clears a list between tests; `plum` leases an account and ends it, three requests over HTTP. The suite
has a message in each test. A run that does not use the plugin has one test, which does nothing; without the plugin it
has `-p no:plum_emulator`, too. There are {commands} of each, in turn; the least of both are compared."""

_KINDS = ("a fixture that gives nothing", "`httpserver`", "`plum`", "`httpserver`, a message", "`plum`, a message")
_EMPTY, _HTTPSERVER, _PLUM, _HTTPSERVER_MESSAGE, _PLUM_MESSAGE = _KINDS
_TESTS = {
    _EMPTY: "def test(place, nothing):\n    pass",
    _HTTPSERVER: "def test(place, httpserver):\n    pass",
    _PLUM: "def test(place, plum):\n    pass",
    _HTTPSERVER_MESSAGE: """\
def test(place, httpserver):
    httpserver.expect_oneshot_request("/ws/sms/queue.json", "POST").respond_with_json({"status": "success"})
    fields = {"to": "16175550123", "from": "16175550100", "body": "Hello"}
    requests.post(httpserver.url_for("/ws/sms/queue.json"), fields, auth=("username", "password")).raise_for_status()
    httpserver.check()""",
    _PLUM_MESSAGE: """\
def test(place, plum):
    fields = {"to": "16175550123", "from": plum.number, "body": "Hello"}
    url = f"{plum.base_url}/ws/sms/queue.json"
    requests.post(url, fields, auth=(plum.username, plum.password)).raise_for_status()
    plum.expect(to="16175550123", body="Hello")""",
}
_MODULE = """\
import pytest
import requests


@pytest.mark.parametrize("place", range({tests}))
{test}
"""
_CONFTEST = """\
import json
import time
from pathlib import Path

import pytest

TIMES = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol():
    start = time.perf_counter()
    result = yield
    TIMES.append((time.perf_counter() - start) * 1000)
    return result


def pytest_sessionfinish(session):
    if TIMES:
        Path(__file__).with_name("times.json").write_text(json.dumps(TIMES))


@pytest.fixture
def nothing():
    return None
"""
_SUITE = 1_000
# What stands in this environment for other reasons would be measured too.
_ALONE = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
_WITHOUT = ("-p", "no:plum_emulator")


def measure(effort: Effort, folder: Path) -> Group:
    """The figures of the plugin."""
    (folder / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
    tests = {kind: folder / f"test_{place}.py" for place, kind in enumerate(_KINDS)}
    for kind, path in tests.items():
        path.write_text(_MODULE.format(tests=effort.tests, test=_TESTS[kind]), encoding="utf-8")
    medians: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    first: list[float] = []
    for _ in range(effort.rounds):
        for kind, path in tests.items():
            times = _times(path)
            medians[kind].append(statistics.median(times))
            if kind == _PLUM:
                first.append(times[0])
    suites = _suites(effort, folder)
    loading = _loading(effort, folder)
    fixtures = ratios(medians[_PLUM], medians[_HTTPSERVER])
    messages = ratios(medians[_PLUM_MESSAGE], medians[_HTTPSERVER_MESSAGE])
    rows = {
        **{f"ms a test: {kind}": times for kind, times in medians.items()},
        "`plum` against `httpserver`, times": fixtures,
        "`plum` against `httpserver`, a message in each, times": messages,
        **suites,
        **loading,
    }
    return Group(
        title="Plugin",
        how=_HOW.format(
            rounds=effort.rounds,
            tests=effort.tests,
            first=f"{statistics.median(first):.0f} ms",
            commands=effort.commands,
        ),
        columns=("what", "measured"),
        rows=[
            (name, median_and_range(values) if len(values) > 1 else number(*values)) for name, values in rows.items()
        ],
        aims=[
            at_most("a test with `plum`, all in", statistics.median(medians[_PLUM]), 5, " ms"),
            at_most("a test with `plum` against one with `httpserver`", statistics.median(fixtures), 3, " times"),
            at_most("the same, a message in each", statistics.median(messages), 3, " times"),
            at_most("loading the plugin, unused", statistics.median(loading[_ADDED]), 15, " ms"),
        ],
    )


def _times(path: Path) -> list[float]:
    """Milliseconds of each test of a module, in their order."""
    _run("-q", path)
    times: list[float] = json.loads(path.with_name("times.json").read_text(encoding="utf-8"))
    return times


def _suites(effort: Effort, folder: Path) -> dict[str, list[float]]:
    suite = folder / "test_suite.py"
    suite.write_text(_MODULE.format(tests=_SUITE, test=_TESTS[_PLUM_MESSAGE]), encoding="utf-8")
    times: dict[str, list[float]] = {f"s a suite of {_SUITE:,} tests, {workers}": [] for workers in _WORKERS}
    for _ in range(effort.rounds):
        for options, seconds in zip(_WORKERS.values(), times.values(), strict=True):
            seconds.append(_run("-q", *options, suite) / 1000)
    return times


_WORKERS = {"one process": (), "two workers of xdist": ("-n", "2")}
_ADDED = "ms that loading the plugin adds, unused: least less least"


def _loading(effort: Effort, folder: Path) -> dict[str, list[float]]:
    unused = folder / "test_unused.py"
    unused.write_text("def test():\n    pass\n", encoding="utf-8")
    with_it: list[float] = []
    without: list[float] = []
    for _ in range(effort.commands):
        with_it.append(_run("-q", unused))
        without.append(_run("-q", *_WITHOUT, unused))
    # The least of each: nothing else made them slow, and what else runs is many times what is asked here.
    return {
        "ms importing the plugin, after pytest": [_import() for _ in range(effort.commands)],
        "ms a run that does not use it": with_it,
        "ms a run without it": without,
        _ADDED: [min(with_it) - min(without)],
    }


def _import() -> float:
    """The milliseconds that a process which has pytest takes to import the plugin."""
    return float(subprocess.check_output([sys.executable, "-c", _IMPORT], text=True))


_IMPORT = """\
import time
import pytest
start = time.perf_counter()
import plum_emulator.pytest_plugin
print((time.perf_counter() - start) * 1000)
"""


def _run(*arguments: str | Path) -> float:
    """Run pytest to its end; the milliseconds that it took. Raises when a test failed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    folder = Path(arguments[-1]).parent
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *_ALONE, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    took = (time.perf_counter() - start) * 1000
    if done.returncode:
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took


_OURS = (ENVIRONMENT_PREFIX, "PYTEST_")
