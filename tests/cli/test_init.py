"""`init`: an accounts file to begin with."""

from __future__ import annotations

from pathlib import Path

from helpers.commands import Ran, Run
from plum_emulator import resources
from plum_emulator.scenario.seeds import read_seeds

TEMPLATE = resources.fixture("accounts-template.toml").read_text(encoding="utf-8")


def test_init_writes_a_file_that_serve_reads(run: Run, tmp_path: Path) -> None:
    """Its comments explain it; its accounts are good as they stand."""
    file = tmp_path / "accounts.toml"
    assert run("init", str(file)) == Ran(
        0, out=f"{file} is written; start with: plum-emulator serve --accounts {file}\n"
    )
    assert file.read_text(encoding="utf-8") == TEMPLATE
    assert [seed.username for seed in read_seeds(file)] == ["username", "second"]


def test_init_refuses_to_write_over_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text("mine")
    assert run("init", str(file)) == Ran(
        2, err=f"plum-emulator: {file} is there already; name another, or write over it with --force\n"
    )
    assert file.read_text() == "mine"


def test_init_writes_over_a_file_when_told_to(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text("mine")
    assert run("init", str(file), "--force").code == 0
    assert file.read_text(encoding="utf-8") == TEMPLATE


def test_init_prints_the_file_to_the_output(run: Run) -> None:
    assert run("init", "-") == Ran(0, out=TEMPLATE)


def test_init_says_when_it_cannot_write(run: Run, tmp_path: Path) -> None:
    for file, why in ((tmp_path, "Is a directory"), (tmp_path / "none" / "file", "No such file or directory")):
        assert run("init", str(file), "--force") == Ran(
            2, err=f"plum-emulator: {file} cannot be written: {why}; name another file\n"
        )
