"""The pytest plugin: `plum` is an account of the test's own, on an emulator that all tests share.

Loading it imports nothing of the package but this file: whoever does not use it pays nothing for it.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plum_emulator.settings import Settings
    from plum_emulator.testing import Plum, PlumServer

_MARKER = (
    'plum(clock="manual", scenario=None, numbers=1, accounts=1, unexpected=None, unused_rules=None, unhandled=None, '
    "**options): "
    'how the account of `plum` is made: its clock ("manual", "real", "60x"), scenarios that are switched on, its '
    "numbers, how many accounts there are (the rest are `plum.others`), whether messages that nobody expected, rules "
    'that never fired and requests that were nobody\'s fail the test ("fail" or "ignore"), and options of an '
    "account, sent_after for example."
)
_OWN = ("clock", "scenario", "numbers", "accounts", "unexpected", "unused_rules", "unhandled")
_OPTIONS = (
    "application_url",
    "demo",
    "opted_out",
    "sent_after",
    "received_after",
    "callback_timeout",
    "application_timeout",
    "callback_attempts",
    "callback_backoff",
)
_POLICIES = ("ignore", "fail")
_INI = {
    "plum_unexpected": "Messages that went out and that no `expect` found: ignore (the default) or fail.",
    "plum_unused_rules": "Rules that never fired: ignore (the default) or fail.",
    "plum_unhandled": "Requests for an unknown service or under an unknown login: ignore (the default) or fail.",
}
_IN_USE: pytest.StashKey[list[Plum]] = pytest.StashKey()
_HAS_PASSED: pytest.StashKey[bool] = pytest.StashKey()
_STORY: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("plum", "Plum emulator")
    group.addoption("--plum-url", help="Use the emulator that runs there, in place of one in this process.")
    parser.addini("plum_url", "Use the emulator that runs there, as --plum-url does.", default="")
    for name, help_ in _INI.items():
        parser.addini(name, help_, default="ignore")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    for name in _INI:
        _one_of(config.getini(name), _POLICIES, f"{name} in the configuration")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Markers are checked before any test runs."""
    if hasattr(config, "workerinput"):  # a worker of xdist could only crash: there the tests fail, each alone
        return
    mistakes = []
    for item in items:
        try:
            _marked(item)
        except pytest.UsageError as error:
            mistakes.append(str(error))
    if mistakes:
        raise pytest.UsageError(*mistakes)


@pytest.fixture(scope="session")
def plum_settings() -> Settings | None:
    """The settings of the emulator that is started for the tests. Override it for others than the usual ones."""
    return None


@pytest.fixture(scope="session")
def plum_server(pytestconfig: pytest.Config, plum_settings: Settings | None) -> Iterator[PlumServer]:
    """The emulator of this test run: one in a thread of this process, or the one that --plum-url names."""
    from plum_emulator.testing import PlumServer

    url = pytestconfig.getoption("--plum-url") or pytestconfig.getini("plum_url")
    with _no_traceback():
        server = PlumServer(
            url or os.environ.get("PLUM_EMULATOR_URL", ""),
            token=os.environ.get("PLUM_EMULATOR_TOKEN", ""),
            settings=plum_settings,
        )
    pytestconfig.add_cleanup(server.close)  # when somebody's hook breaks the session off, fixtures are not torn down
    with server:
        yield server


@pytest.fixture
def plum_numbers() -> int | list[str]:
    """How many numbers the account has, or which. Override it for a module or a class."""
    return 1


@pytest.fixture
def plum_seed(request: pytest.FixtureRequest) -> str:
    """What the account's ids and numbers follow from: the test's own name, so that they are always the same."""
    return str(request.node.nodeid)


@pytest.fixture
def plum_application() -> Any:
    """What the texts to the account's numbers are posted to: a URL, a function, a WSGI application, or None."""
    return None


@pytest.fixture
def plum_options() -> Mapping[str, Any]:
    """Further options of the account, `{"callback_attempts": 3}` for example. Override it for a module or a class."""
    return {}


@pytest.fixture
def plum(
    request: pytest.FixtureRequest,
    plum_server: PlumServer,
    plum_numbers: int | list[str],
    plum_seed: str,
    plum_options: Mapping[str, Any],
    plum_application: Any,
) -> Iterator[Plum]:
    """An account of the test's own, on a manual clock: nothing happens until the test says so."""
    yield from _account(
        request, plum_server, plum_application, clock="manual", numbers=plum_numbers, seed=plum_seed, **plum_options
    )


@pytest.fixture
def plum_real_time(
    request: pytest.FixtureRequest,
    plum_server: PlumServer,
    plum_numbers: int | list[str],
    plum_seed: str,
    plum_options: Mapping[str, Any],
    plum_application: Any,
) -> Iterator[Plum]:
    """The same in real time: messages are sent after 10 ms and delivered after 20, unless options say otherwise."""
    usual: dict[str, Any] = {"clock": "real", "sent_after": 0.01, "received_after": 0.02}
    usual |= {"numbers": plum_numbers, "seed": plum_seed, **plum_options}
    yield from _account(request, plum_server, plum_application, **usual)


def _account(request: pytest.FixtureRequest, server: PlumServer, application: Any, **usual: Any) -> Iterator[Plum]:
    node = request.node
    in_use = node.stash.setdefault(_IN_USE, [])
    with contextlib.ExitStack() as stack:
        with _no_traceback():
            said = _marked(node)
            wanted = {**usual, **_wanted(said)}
            plum = stack.enter_context(server.leased(**wanted))
            stack.enter_context(plum.beside(said.get("accounts", 1) - 1, **wanted))
            for scenario in _words(said.get("scenario")):
                plum.scenario(scenario)
            if application is not None:
                plum.application(application)
        node.stash[_HAS_PASSED] = False
        in_use.append(plum)
        yield plum
        try:
            if node.stash[_HAS_PASSED]:
                for each in (plum, *plum.others):
                    _check(each, request.config, said)
        except BaseException:
            node.stash[_STORY] = _story(in_use)
            raise
        finally:
            in_use.remove(plum)


@contextlib.contextmanager
def _no_traceback() -> Iterator[None]:
    """What the emulator refuses inside is told in its own words, without our code around it."""
    from plum_emulator.errors import PlumEmulatorError

    try:
        yield
    except PlumEmulatorError as error:
        raise pytest.fail.Exception(error.one_line(), pytrace=False) from None
    except pytest.UsageError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _check(plum: Plum, config: pytest.Config, own: Mapping[str, Any]) -> None:
    """What may fail a test that has passed otherwise."""
    plum.raise_what_applications_raised()
    if (own.get("unexpected") or config.getini("plum_unexpected")) == "fail":
        plum.expect_nothing_else()
    if (own.get("unused_rules") or config.getini("plum_unused_rules")) == "fail":
        plum.expect_every_rule_used()
    if (own.get("unhandled") or config.getini("plum_unhandled")) == "fail":
        plum.expect_nothing_unhandled()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo:
        _show_hint(call.excinfo.value)
    report = yield
    in_use = item.stash.get(_IN_USE, [])
    if report.when == "call":
        item.stash[_HAS_PASSED] = report.passed
    if report.failed and (in_use or _STORY in item.stash):
        report.sections.append(("plum timeline", _story(in_use) if in_use else item.stash[_STORY]))
    return report


def _show_hint(error: BaseException) -> None:
    """An error of ours tells its next step in the report too."""
    errors = sys.modules.get("plum_emulator.errors")  # not there: it is not ours
    if errors and isinstance(error, errors.PlumEmulatorError) and error.hint:
        error.add_note(error.hint)


def _story(in_use: list[Plum]) -> str:
    from plum_emulator.testing.timeline import timeline

    return "\n\n".join(timeline(each) for plum in in_use for each in (plum, *plum.others))


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What the markers of the test say; the nearest one wins. Raises UsageError."""
    said: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("plum"))):
        if marker.args:
            raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.plum takes names, as clock='real'")
        for name in marker.kwargs:
            _one_of(name, (*_OWN, *_OPTIONS), f"{node.nodeid}: @pytest.mark.plum")
        said |= marker.kwargs
    for name in ("unexpected", "unused_rules", "unhandled"):
        if said.get(name) is not None:
            _one_of(said[name], _POLICIES, f"{node.nodeid}: {name}")
    accounts = said.get("accounts", 1)
    if type(accounts) is not int or accounts < 1:
        raise pytest.UsageError(f"{node.nodeid}: accounts = {accounts!r} is not a number of accounts")
    if said:
        _check_values(said, node.nodeid)
    return said


def _check_values(said: Mapping[str, Any], where: str) -> None:
    """Judge the rest of a marker as the emulator would, which it is too early to ask."""
    from plum_emulator.errors import NotPossible
    from plum_emulator.scenario.scenarios import shipped
    from plum_emulator.scenario.wanted import read_lease

    for scenario in _words(said.get("scenario")):
        _one_of(scenario, tuple(shipped()), f"{where}: scenario")
    wanted = _wanted(said)
    try:
        read_lease({name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items()})
    except NotPossible as error:
        raise pytest.UsageError(f"{where}: {error.one_line()}") from None


def _wanted(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a marker says of the account itself."""
    names = ("clock", "numbers", *_OPTIONS)
    return {name: value for name, value in said.items() if name in names and value is not None}


def _one_of(word: object, known: tuple[str, ...], where: str) -> None:
    if word not in known:
        near = difflib.get_close_matches(str(word), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise pytest.UsageError(f"{where}: {word!r} is unknown; {hint}")


def _words(value: object) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)
