"""The pytest plugin: `plum` is an account of the test's own, on an emulator that all tests share.

Loading it imports nothing of the package but this file: whoever does not use it pays nothing for it.
"""

from __future__ import annotations

import difflib
import os
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
_IN_USE: pytest.StashKey[Plum] = pytest.StashKey()
_HAS_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_STORY: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("plum", "Plum emulator")
    group.addoption("--plum-url", help="Use the emulator that runs there, in place of one in this process.")
    parser.addini("plum_url", "The same.", default="")
    for name, help_ in _INI.items():
        parser.addini(name, help_, default="ignore")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    for name in _INI:
        _one_of(config.getini(name), _POLICIES, f"{name} in the configuration", pytest.UsageError)


@pytest.fixture(scope="session")
def plum_settings() -> Settings | None:
    """The settings of the emulator that is started for the tests. Override it for others than the usual ones."""
    return None


@pytest.fixture(scope="session")
def plum_server(pytestconfig: pytest.Config, plum_settings: Settings | None) -> Iterator[PlumServer]:
    """The emulator of this test run: one in a thread of this process, or the one that --plum-url names."""
    from plum_emulator.testing import PlumServer

    url = pytestconfig.getoption("--plum-url") or pytestconfig.getini("plum_url")
    with PlumServer(url or os.environ.get("PLUM_EMULATOR_URL", ""), settings=plum_settings) as server:
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
    said = _marked(node)
    own = {name: said.pop(name) for name in _OWN if name in said}
    wanted: dict[str, Any] = {**usual, **said}
    wanted |= {name: own[name] for name in ("clock", "numbers") if name in own}
    with server.leased(**wanted) as plum, plum.beside(own.get("accounts", 1) - 1, **wanted):
        for scenario in _words(own.get("scenario")):
            plum.scenario(scenario)
        if application is not None:
            plum.application(application)
        node.stash[_IN_USE] = plum
        yield plum
        try:
            if not node.stash.get(_HAS_FAILED, False):
                _check(plum, request.config, own)
        except BaseException:
            node.stash[_STORY] = _story(plum)
            raise
        finally:
            del node.stash[_IN_USE]


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
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    plum = item.stash.get(_IN_USE, None)
    if report.failed:
        item.stash[_HAS_FAILED] = True
        story = item.stash.get(_STORY, "") or (_story(plum) if plum else "")
        if story:
            report.sections.append(("plum timeline", story))
    return report


def _story(plum: Plum) -> str:
    from plum_emulator.testing.timeline import timeline

    return timeline(plum)


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What the markers of the test say; the nearest one wins."""
    said: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("plum"))):
        if marker.args:
            raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.plum takes names, as clock='real'")
        for name in marker.kwargs:
            _one_of(name, (*_OWN, *_OPTIONS), f"{node.nodeid}: @pytest.mark.plum", pytest.UsageError)
        said |= marker.kwargs
    for name in ("unexpected", "unused_rules", "unhandled"):
        if name in said:
            _one_of(said[name], _POLICIES, f"{node.nodeid}: {name}", pytest.UsageError)
    accounts = said.get("accounts", 1)
    if type(accounts) is not int or accounts < 1:
        raise pytest.UsageError(f"{node.nodeid}: accounts = {accounts!r} is not a number of accounts")
    return said


def _one_of(word: str, known: tuple[str, ...], where: str, error: type[Exception]) -> None:
    if word not in known:
        near = difflib.get_close_matches(str(word), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise error(f"{where}: {word!r} is unknown; {hint}")


def _words(value: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
