"""Programs that are not ours: PHP, curl, Chromium. A person may lack them; CI may not."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest


def tool(*names: str) -> str:
    """The path of the first of these programs that is here. Skips the test when none is; in CI it fails."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    return missing(f"{' or '.join(names)} is not here; bring it with: sh tests/bring-tools.sh")


def headless_chromium() -> str:
    """Chromium as Debian builds it for machines without a screen, where pages take half the time; or any other."""
    return tool("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def php_with_curl() -> str:
    """PHP with its curl extension, which Plum's samples use."""
    php = tool("php")
    modules = subprocess.run([php, "-m"], capture_output=True, text=True, check=True, timeout=30).stdout
    if "curl" not in modules.split():
        missing("PHP's curl extension is not here; bring it with: sh tests/bring-tools.sh")
    return php


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
