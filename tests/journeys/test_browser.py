"""The first page in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

from helpers.programs import NUMBER, QUIET_NUMBER, Emulator, plain_environment
from helpers.tools import tool

pytestmark = [pytest.mark.journey, pytest.mark.slow]
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def test_the_first_page_shows_login_numbers_and_what_to_type(shared: Emulator, tmp_path: Path) -> None:
    """What a person needs to begin: where, as whom, with which numbers, and a line to paste."""
    chromium = tool("chromium", "chromium-browser", "google-chrome")
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    ran = subprocess.run(
        [chromium, *FLAGS, *sandbox, f"--user-data-dir={tmp_path}", "--dump-dom", shared.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=plain_environment({"HOME": str(tmp_path)}),
    )
    page = " ".join(unescape(re.sub(r"<[^>]+>", " ", ran.stdout)).split())
    for words in (
        f"{shared.url}/ws/sms/",
        "username:password",
        NUMBER,
        QUIET_NUMBER,
        "demo:demo",
        "curl -u username:password",
        "plum-emulator receive",
    ):
        assert words in page
