"""docs/fidelity.md against the tests that it names."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from itertools import groupby

import pytest

from helpers.manual.pages import ROOT, page

PAGE = page("docs/fidelity.md")
SECTIONS = [heading for heading in PAGE.headings if re.match(r"\d", heading)]
CLAUSES = [row for heading in SECTIONS for row in PAGE.section(heading).table]
GRADES = ("D", "I", "U")
NOT_YET = "not emulated yet"
each_clause = pytest.mark.parametrize("clause", CLAUSES, ids=lambda row: row["Clause"])


@cache
def functions_of(file: str) -> set[str]:
    """The names of the functions in a file of the checkout, which is read and not imported."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@each_clause
def test_a_clause_has_a_statement_and_a_grade(clause: dict[str, str]) -> None:
    assert clause["Statement"]
    assert clause["Grade"] in GRADES


@each_clause
def test_a_clause_is_held_by_tests_that_are_there_or_is_not_emulated_yet(clause: dict[str, str]) -> None:
    held_by = clause["Held by"]
    if held_by == NOT_YET:
        return
    assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`( `tests/[\w/]+\.py::test_\w+`)*", held_by), held_by
    for named in held_by.split():
        file, _, name = named.strip("`").partition("::")
        assert (ROOT / file).is_file(), f"there is no {file}"
        assert name in functions_of(file), f"{file} has no {name}"


@each_clause
def test_a_clause_names_no_test_twice(clause: dict[str, str]) -> None:
    named = Counter(clause["Held by"].split()) if clause["Held by"] != NOT_YET else Counter[str]()
    assert [name for name, times in named.items() if times > 1] == []


def test_there_are_twelve_sections_in_order() -> None:
    assert [heading.split()[0] for heading in SECTIONS] == [str(number) for number in range(1, 13)]


def test_clauses_are_numbered_without_gaps_in_their_sections() -> None:
    """So no two have the same number, and all stand in order."""
    numbers = [row["Clause"] for row in CLAUSES]
    sections = {key: len(list(rows)) for key, rows in groupby(numbers, key=lambda number: number.partition(".")[0])}
    assert numbers == [f"{section}.{place + 1}" for section, count in sections.items() for place in range(count)]
    assert [f"{heading.split()[0]}.1" in numbers for heading in SECTIONS] == [True] * 12
    for heading in SECTIONS:
        rows = PAGE.section(heading).table
        assert {row["Clause"].partition(".")[0] for row in rows} == {heading.split()[0]}


def test_every_row_of_the_page_is_a_clause() -> None:
    """A second table in a section would be read by nobody."""
    assert len(re.findall(r"^\| \d", PAGE.text, re.MULTILINE)) == len(CLAUSES)


def test_the_counts_in_the_introduction_are_right() -> None:
    counted = Counter(row["Grade"] for row in CLAUSES)
    told = {row["Grade"]: int(row["Clauses"]) for row in PAGE.section("Grades").table}
    assert told == {grade: counted[grade] for grade in GRADES}
    not_yet = sum(row["Held by"] == NOT_YET for row in CLAUSES)
    assert re.findall(r"(\d+) clauses", PAGE.section("Grades").prose) == [str(not_yet)]


def test_clauses_that_a_clause_refers_to_are_there() -> None:
    numbers = {row["Clause"] for row in CLAUSES}
    prose = [re.sub(r"`[^`]*`", "", row["The emulator"]) for row in CLAUSES]
    assert {number for text in prose for number in re.findall(r"\b\d+\.\d+\b", text)} - numbers == set()
