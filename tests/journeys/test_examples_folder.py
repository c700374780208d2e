"""examples/: each is a stranger's application, with the wheel installed, and its tests run as its README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from helpers.manual.pages import Page
from helpers.programs import plain_environment
from helpers.tools import missing, php_with_curl, tool

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CHECKOUT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (CHECKOUT / "examples").iterdir() if (path / "README.md").exists())
NEW_ENVIRONMENT = "python3 -m venv .venv"
NEEDS = {"php-clinic": php_with_curl, "node-alerts": lambda: tool("node")}
PASSED = re.compile(r"(\d+) passed|^\S+ pass (\d+)$", re.MULTILINE)  # what pytest says, and what node says
OTHERWISE = re.compile(
    r"[1-9]\d* (?:failed|errors?|skipped|xfailed|deselected)\b|^\S+ (?:fail|skipped|todo) [1-9]", re.M
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with nothing but the wheel and what that needs. All examples, in all workers, share it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "strangers"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "lock"):
        if not (shared / "ready").exists():
            run(f"{sys.executable} -m pip wheel --no-deps --wheel-dir {shared} {CHECKOUT}", shared)
            [wheel] = shared.glob("*.whl")
            run(f"{sys.executable} -m venv .venv", shared)
            run(f".venv/bin/pip install {wheel}", shared)
            (shared / "ready").touch()
    return shared / ".venv"


def stranger() -> dict[str, str]:
    """The environment of somebody who runs no test of ours around this."""
    ours = ("PYTEST_", "PYTHON", "COV_", "VIRTUAL_ENV")
    return {name: value for name, value in plain_environment().items() if not name.startswith(ours)}


def run(command: str, folder: Path) -> str:
    """Run a line in the folder; all that it said. Without a network there is nothing to install."""
    ran = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=stranger(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if ran.returncode and "pip" in command and "No matching distribution found" in ran.stdout:
        missing(f"cannot be fetched here: {ran.stdout.splitlines()[-1]}")
    assert ran.returncode == 0, f"{command}\n{ran.stdout}"
    return ran.stdout


def commands(example: Path) -> list[str]:
    """What its README tells a reader to type."""
    page = Page(example.name, (example / "README.md").read_text(encoding="utf-8"))
    [block] = page.blocks
    return block.text.splitlines()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_passes_its_own_tests_with_the_commands_of_its_readme(
    environment: Path, tmp_path: Path, name: str
) -> None:
    """A copy of the folder is enough: nothing of the checkout is near."""
    NEEDS.get(name, lambda: None)()
    example = tmp_path / name
    shutil.copytree(CHECKOUT / "examples" / name, example, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    making, installing, testing = commands(example)
    assert making == NEW_ENVIRONMENT
    (example / ".venv").symlink_to(environment)  # to make one for each takes a minute
    with FileLock(environment.parent / "lock"):
        run(installing, example)

    said = run(testing, example)

    assert OTHERWISE.search(said) is None, said
    [found] = PASSED.finditer(said)
    assert int(found[1] or found[2]) > 5


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_application_knows_of_the_emulator(name: str) -> None:
    """What an example would put into production names Plum, its address and its login, and no emulator."""
    folder = CHECKOUT / "examples" / name
    kinds = [path for kind in ("py", "php", "mjs") for path in folder.rglob(f"*.{kind}")]
    for_tests = {"conftest.py", "serving.py", "plum.mjs"}
    application = [path for path in kinds if path.name not in for_tests and "test" not in path.name]
    assert application
    assert [path.name for path in application if "emulator" in path.read_text(encoding="utf-8").lower()] == []


def test_every_example_has_a_page_of_the_manual() -> None:
    """And every page an example."""
    pages = sorted(path.stem for path in (CHECKOUT / "docs/examples").glob("*.md") if path.stem != "README")
    assert pages == EXAMPLES
    assert len(EXAMPLES) >= 5
