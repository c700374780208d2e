"""However a run ends, nothing of the emulator stays: no thread, no socket, no process, no temporary file."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from helpers.suites import Suite, said

pytestmark = [pytest.mark.journey, pytest.mark.slow]

# It looks at the very end, when all hooks and fixtures of others are through.
CONFTEST = """
    import os, socket, sys, threading, pytest

    served = os.path.abspath("served")

    def sockets():
        found = []
        for name in os.listdir("/proc/self/fd"):
            try:
                found.append(os.readlink(f"/proc/self/fd/{name}"))
            except OSError:
                pass  # that of the listing itself
        return sorted(each for each in found if each.startswith("socket:"))

    def pytest_configure(config):
        before = sockets()
        def look():
            new = [each for each in sockets() if each not in before]
            threads = [each.name for each in threading.enumerate() if each.name.startswith("plum")]
            print("\\nleft over:", new, threads, file=sys.stderr)
        config.add_cleanup(look)
        def heard(event, arguments):
            if event == "socket.connect" and not str(arguments[1][0]).startswith("127."):
                print("reached out to", arguments[1], file=sys.stderr)
        sys.addaudithook(heard)

    @pytest.fixture(autouse=True)
    def told(plum):
        plum.application(lambda text: "hello")
        plum.phone("16175550123").texts("hello")
        with open(served, "a", encoding="utf-8") as file:
            print(plum.base_url, file=file)
    """

USUAL = "def test_it(plum): plum.advance('5s')"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of the run; empty at the beginning."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize(
    ("source", "hook", "ending"),
    [
        pytest.param(USUAL, "", "1 passed", id="as usual"),
        pytest.param("def test_it(plum): raise KeyboardInterrupt", "", "KeyboardInterrupt", id="interrupted"),
        pytest.param(
            "import pytest\n@pytest.mark.plum(unexpected='fail')\n"
            "def test_it(plum):\n"
            "    plum.client.queue(to='16175550123', from_=plum.number, body='Hello')\n"
            "    raise KeyboardInterrupt",
            "",
            "KeyboardInterrupt",
            id="interrupted, and not judged",
        ),
        pytest.param("import pytest\ndef test_it(plum): pytest.exit('enough')", "", "Exit: enough", id="left"),
        pytest.param(USUAL, "pytest_runtest_logreport(report)", "INTERNALERROR", id="internal error"),
    ],
)
def test_a_run_that_ends_leaves_nothing(suite: Suite, temporary: Path, source: str, hook: str, ending: str) -> None:
    """It ends by itself; its emulator and its applications have stopped, and it has talked to this machine alone."""
    first = "import pytest\n@pytest.hookimpl(tryfirst=True)\n"
    broken = f"{first}def {hook}:\n    1 / 0\n" if hook else ""
    suite.pytester.makeconftest(CONFTEST)
    suite.pytester.makepyfile(breaking=broken)

    result = suite.run_apart(source, "-p", "breaking", "-p", "no:randomly", "-p", "no:xdist", "-s")

    assert ending in said(result)
    assert "nobody expected" not in said(result)
    assert re.findall("left over: (.*)", said(result)) == ["[] []"]
    assert "reached out" not in said(result)
    assert list(temporary.iterdir()) == []
    assert_gone(suite, least=1)


def test_a_run_whose_fixtures_are_not_torn_down_ends_nevertheless(suite: Suite, temporary: Path) -> None:
    """Somebody's hook breaks an interrupted run off: the emulator's threads stop all the same, and do not hold it."""
    suite.pytester.makeconftest(CONFTEST)
    suite.pytester.makepyfile(
        breaking="import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish(session): 1 / 0\n"
    )

    result = suite.run_apart("def test_it(plum): raise KeyboardInterrupt", "-p", "breaking", "-p", "no:xdist")

    assert "ZeroDivisionError" in said(result)
    assert re.findall(r"left over: \[.*?\] (.*)", said(result)) == ["[]"]
    assert list(temporary.iterdir()) == []
    assert_gone(suite, least=1)


def test_a_worker_that_dies_leaves_nothing(suite: Suite, temporary: Path) -> None:
    """xdist starts another one, whose tests pass; of the dead one's emulator nothing is left."""
    suite.pytester.makeconftest(CONFTEST)

    result = suite.run_apart(
        """
        import os
        import pytest

        @pytest.mark.parametrize("n", range(6))
        def test_it(plum, n):
            plum.client.queue(to="16175550123", from_=plum.number, body="Hello")
            if n == 2:
                os._exit(1)
            plum.advance("5s")
        """,
        "-n",
        "2",
    )

    result.assert_outcomes(passed=5, failed=1)
    assert "worker 'gw" in said(result)
    assert [path for path in temporary.iterdir() if "pytest" not in path.name] == []
    assert_gone(suite, least=2)


def test_what_would_leave_this_machine_is_refused(suite: Suite) -> None:
    """A result URL elsewhere is not called; the attempt says so."""
    suite.run(
        """
        def test_it(plum):
            plum.client.queue(to="16175550123", from_=plum.number, body="Hello", result_url="http://192.0.2.1/told")
            plum.advance("1s")
            [attempt] = plum.callbacks()
            assert (attempt.url, attempt.ok, attempt.http_status) == ("http://192.0.2.1/told", False, None)
            assert "this machine" in attempt.outcome
        """
    ).assert_outcomes(passed=1)


def assert_gone(suite: Suite, *, least: int) -> None:
    """Nobody listens where its emulators were, and no process of it is left."""
    urls = {*(suite.pytester.path / "served").read_text(encoding="utf-8").split()}
    ports = [int(url.rpartition(":")[2]) for url in urls]
    assert len(ports) >= least
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
    assert [process for process in Path("/proc").glob("[0-9]*/cwd") if lies_in(process, suite.pytester.path)] == []


def lies_in(link: Path, folder: Path) -> bool:
    """Whether the process works in the folder. One that has gone meanwhile does not."""
    try:
        return Path(link.readlink()) == folder and not is_this(link)
    except OSError:
        return False


def is_this(link: Path) -> bool:
    """Whether it is the process of this very test: pytester works in the folder too."""
    return link.parent.name == str(os.getpid())
