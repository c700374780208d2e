"""curl as a person runs it."""

from __future__ import annotations

import subprocess

from helpers.commands import Ran
from helpers.programs import plain_environment
from helpers.tools import tool


def curl(*arguments: str) -> Ran:
    """How curl ends, and what it prints."""
    return _ran([tool("curl"), "--silent", "--show-error", "--noproxy", "*", *arguments])


def shell(line: str) -> Ran:
    """How a line ends that is pasted into a shell, and what it prints."""
    tool("curl")
    return _ran(["sh", "-c", line])


def _ran(words: list[str]) -> Ran:
    environment = plain_environment({"no_proxy": "*", "NO_PROXY": "*"})
    ran = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False, env=environment)
    return Ran(ran.returncode, ran.stdout, ran.stderr)
