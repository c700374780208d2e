"""The control surface from PHP, with nothing but what PHP has: the tests that an application's own suite would hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers.leases import lease
from helpers.php import php_server
from helpers.programs import Emulator, plain_environment
from helpers.tools import php_with_curl, tool

pytestmark = pytest.mark.journey
PHP = Path(__file__).parent / "php"


def test_a_php_test_leases_queues_loses_and_expects(shared: Emulator) -> None:
    """With plain streams: each of its own assertions holds."""
    ran = subprocess.run(
        [tool("php"), str(PHP / "control.php")],
        env=plain_environment({"PLUM_BASE": shared.url}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1 message was expected, 2 came\ndone\n", "")


def test_a_php_application_uses_the_platform_inside_its_callback(shared: Emulator, tmp_path: Path) -> None:
    """PHP's own server has one process: a platform that waited for its own callback would hang here."""
    php_with_curl()
    account = lease(shared.url, clock="manual", sent_after=1, received_after=1)
    kept = tmp_path / "results.txt"
    environment = {
        "PLUM_BASE": shared.url,
        "PLUM_LOGIN": f"{account.username}:{account.password}",
        "PLUM_NUMBER": account.number,
        "RESULTS_FILE": str(kept),
    }
    with php_server(tool("php"), PHP, environment) as site:
        account.queue("From outside", result_url=f"{site}/answers_inside.php")
        report = account.advance(1)
    assert kept.read_text() == "sent 200 202\nreceived\n"
    assert (report["joined"], report["stopped"]) == (False, None)
    assert [(message["body"], message["status"]) for message in account.messages()] == [
        ("From inside", "received"),
        ("From outside", "received"),
    ]
