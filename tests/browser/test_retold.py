"""A session at the console becomes a test that passes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from helpers.browser import EACH_WAY, flaws
from helpers.programs import plain_environment
from plum_emulator.client import Client

pytestmark = [pytest.mark.journey, pytest.mark.slow]

FIRST = "16175550123"
# Without the other plugins that are installed here, which take seconds to load.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "plum_emulator.pytest_plugin", "-p", "no:cacheprovider")


def a_session(page: Page, console: Client) -> None:
    """Somebody texts two keywords and reads the answers."""
    page.goto("/")
    for text, answer in (("HELLO", "Hello!"), ("TWICE", "Two.")):
        page.locator(f"#body-{FIRST}").fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".bubble.mine").last).to_contain_text(text)
        console.advance(until="idle")
        expect(page.locator(".bubble.theirs").last).to_contain_text(answer)


def test_what_was_texted_is_copied_as_a_test_and_passes(page: Page, console: Client, tmp_path: Path) -> None:
    """Copied with the button, pasted in a file, and run by pytest."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    a_session(page, console)
    page.get_by_role("link", name="Copy this session as a test").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    file = tmp_path / "test_session.py"
    file.write_text(copied, encoding="utf-8")
    ran = run(*PYTEST, str(file), folder=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout
    file.write_text(copied.replace("Two.", "Three."), encoding="utf-8")
    ran = run(*PYTEST, str(file), folder=tmp_path)
    assert ran.returncode == 1, ran.stdout


def test_what_was_texted_is_saved_as_commands_and_passes(page: Page, console: Client, tmp_path: Path) -> None:
    a_session(page, console)
    page.goto("/console/test")
    page.get_by_label("As", exact=True).select_option("curl")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as session.sh").click()
    saved.value.save_as(tmp_path / "session.sh")
    ran = run("sh", "session.sh", folder=tmp_path, environment={"PLUM": console.url})
    assert ran.returncode == 0, ran.stdout


@EACH_WAY
def test_the_page_keeps_nobody_out(page: Page, console: Client) -> None:
    a_session(page, console)
    page.goto("/console/test")
    expect(page.locator("#told")).to_contain_text("HELLO")
    assert flaws(page) == []


def run(*command: str, folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=plain_environment(
            {"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(environment or {})}
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
