"""The built wheel is whole: installed somewhere else, it runs without a file of the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from filelock import FileLock

from helpers.programs import HANDSET, NUMBER, QUICK, emulator, plain_environment
from helpers.raw import ask
from helpers.tools import missing
from helpers.watching import watching

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CHECKOUT = Path(__file__).parents[2]
WHERE = """
import json, sys
import plum_emulator.cli.serve, plum_emulator.server
from plum_emulator import resources
read = [str(resources.schema("sms-reply.xsd")), str(resources.fixture("accounts.toml"))]
print(json.dumps(read + [module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheel"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    """The wheel, built from the checkout, once."""
    with FileLock(folder / "lock"):
        if not list(folder.glob("*.whl")):
            pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT))
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(folder: Path, wheel: Path) -> Path:
    """The programs of a fresh environment, with the wheel in it, and beside it what the wheel depends on."""
    environment = folder / "environment"
    with FileLock(folder / "lock"):
        if not environment.exists():
            venv.create(environment, with_pip=False, symlinks=True)
            pip("--python", str(environment / "bin/python"), "install", "--no-deps", str(wheel))
            [packages] = environment.glob("lib/python*/site-packages")
            # A path in a .pth file brings the dependencies, but not the .pth file of the editable checkout.
            (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin"


def pip(*arguments: str) -> None:
    """Run pip, which fetches the build backend. Without a network there is no wheel to test."""
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if ran.returncode and "No matching distribution found for hatchling" in ran.stderr:
        missing("the wheel cannot be built here: its build backend, hatchling, cannot be fetched")
    assert ran.returncode == 0, ran.stderr


def files_below(folder: Path) -> set[str]:
    """The names of the files in it."""
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_the_wheel_carries_schemas_fixtures_and_pages(wheel: Path) -> None:
    """All that the package reads is in it, and no tests."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    held = {
        kind: {Path(name).name for name in names if name.startswith(f"plum_emulator/{kind}/")}
        for kind in ("schemas", "fixtures", "web/templates", "web/static")
    }
    assert held == {
        "schemas": files_below(CHECKOUT / "schemas"),
        "fixtures": files_below(CHECKOUT / "fixtures"),
        "web/templates": files_below(CHECKOUT / "emulator/plum_emulator/web/templates"),
        "web/static": files_below(CHECKOUT / "emulator/plum_emulator/web/static"),
    }
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"plum_emulator"}
    assert "plum_emulator/py.typed" in names


def test_the_installed_package_uses_no_file_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Code, schemas and fixtures are found inside the package."""
    ran = subprocess.run(
        [str(installed / "python"), "-c", WHERE],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=plain_environment(),
        timeout=60,
    )
    files = [Path(file) for file in json.loads(ran.stdout)]
    ours = [file for file in files if "plum_emulator" in file.parts]
    assert len(ours) > 40
    assert all(file.is_relative_to(installed.parent) for file in ours)
    assert not [file for file in files if file.is_relative_to(CHECKOUT / "emulator")]


def test_the_installed_command_serves(installed: Path, tmp_path: Path) -> None:
    """A message runs its course, the demo application answers, and the first page is there."""
    command = [str(installed / "plum-emulator")]
    with emulator(*QUICK, command=command, folder=tmp_path) as running, watching(running.client()) as watch:
        [sent] = running.client().queue(to=HANDSET, from_=NUMBER, body="Hello")
        came = running.client().receive(from_=HANDSET, to=NUMBER, body="HELLO")
        watch.answer(came["sms_message_id"])
        watch.status(sent["sms_message_id"], "received")
        [reply] = running.client().story(came["sms_message_id"])["replies"]
        page = ask(running.url, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        description = ask(running.url, b"GET /_plum/openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert reply["body"] == "Hello! Text MENU to see what I know."
    assert (page.status, description.status) == (200, 200)
    template = subprocess.run([*command, "init", "-"], capture_output=True, text=True, check=True, timeout=60)
    assert template.stdout == (CHECKOUT / "fixtures/accounts-template.toml").read_text()
