"""The built wheel is whole: installed somewhere else, it runs without a file of the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from helpers.programs import HANDSET, NUMBER, QUICK, emulator, plain_environment
from helpers.raw import ask
from helpers.tools import missing
from helpers.watching import watching

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CHECKOUT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
WHERE = """
import json, sys
import plum_emulator.cli.serve, plum_emulator.server
from plum_emulator import resources
read = [str(resources.schema("sms-reply.xsd")), str(resources.fixture("accounts.toml"))]
print(json.dumps(read + [module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [*PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(CHECKOUT)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if built.returncode and "hatchling" in built.stderr:
        missing("the wheel cannot be built here: its build backend, hatchling, cannot be fetched")
    assert built.returncode == 0, built.stderr
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment, with the wheel in it, and beside it what the wheel depends on."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / "bin"
    python = str(programs / "python")
    subprocess.run([*PIP, "--python", python, "install", "--no-deps", str(wheel)], check=True, timeout=300)
    [packages] = folder.glob("lib/python*/site-packages")
    # A path in a .pth file brings the dependencies of the tests, but not the .pth file of the editable checkout.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def files_below(folder: Path) -> set[str]:
    """The names of the files in it."""
    return {path.name for path in folder.iterdir() if path.is_file()}


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
