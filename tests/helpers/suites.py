"""A stranger's suite of tests, which pytest runs as theirs: in this process, or in one of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

PLUGIN = ("-p", "plum_emulator.pytest_plugin")
QUIET = ("-p", "no:schemathesis", "-o", "asyncio_default_fixture_loop_scope=function")
DEADLINE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One folder with tests, and the emulator that its tests use where they start none."""

    pytester: pytest.Pytester
    url: str

    def run(self, source: str, *options: str) -> pytest.RunResult:
        """Run it in this process, with no plugin but ours, on the emulator that is there."""
        return self.run_bare(source, "--plum-url", self.url, *options)

    def run_bare(self, source: str, *options: str) -> pytest.RunResult:
        """The same, with an emulator of its own unless the options name one."""
        self.pytester.makepyfile(test_it=source)
        return self.pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *options)

    def run_apart(self, source: str, *options: str) -> pytest.RunResult:
        """Run it in a process of its own, with an emulator of its own, and with every plugin that is installed."""
        self.pytester.makepyfile(test_it=source)
        self.pytester._monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
        return self.pytester.runpytest_subprocess(*QUIET, *options, timeout=DEADLINE)


def said(result: pytest.RunResult) -> str:
    """Everything that the run printed."""
    return "\n".join((*result.outlines, *result.errlines))
