"""Figures as a person reads them: aims first, each with what was measured, then a table for each group."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Something that was to be reached, and what was measured."""

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures that belong together. Compare only inside a group."""

    title: str
    how: str
    columns: Row
    rows: list[Row]
    aims: list[Aim] = field(default_factory=list)


def at_least(what: str, value: float, bound: float, unit: str = "") -> Aim:
    """An aim to reach."""
    return Aim(what=what, wanted=f"≥ {bound:,g}{unit}", measured=f"{number(value)}{unit}", met=value >= bound)


def at_most(what: str, value: float, bound: float, unit: str = "") -> Aim:
    """An aim to stay within."""
    return Aim(what=what, wanted=f"≤ {bound:,g}{unit}", measured=f"{number(value)}{unit}", met=value <= bound)


def number(value: float) -> str:
    """Three digits, or all before the point; whole numbers as they are."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) < 10 else 1}f}"


def median_and_range(values: Sequence[float]) -> str:
    """The median with the least and the greatest: `0.58 (0.55 to 0.60)`."""
    return f"{number(statistics.median(values))} ({number(min(values))} to {number(max(values))})"


def ratios(values: Sequence[float], bases: Sequence[float]) -> list[float]:
    """Each value against the base of the same round."""
    return [value / base for value, base in zip(values, bases, strict=True)]


def written(groups: Sequence[Group], machine: Sequence[tuple[str, str]], *, remark: str) -> str:
    """The report, in Markdown."""
    aims = [aim for group in groups for aim in group.aims]
    parts = [
        "# Benchmark results",
        remark,
        "\n".join(f"- {name}: {value}" for name, value in machine),
        "## Aims",
        _verdict(aims),
        _table(
            ("aim", "wanted", "measured", ""),
            [(aim.what, aim.wanted, aim.measured, "met" if aim.met else "**missed**") for aim in aims],
        ),
    ]
    for group in groups:
        parts += [f"## {group.title}", group.how, _table(group.columns, group.rows)]
    return "\n\n".join(parts) + "\n"


def _verdict(aims: Sequence[Aim]) -> str:
    missed = [aim.what for aim in aims if not aim.met]
    if not missed:
        return f"All {len(aims)} aims were met in this run."
    return f"{len(missed)} of {len(aims)} aims were missed in this run: {'; '.join(missed)}."


def _table(columns: Row, rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = [columns, tuple("-" * max(width, 3) for width in widths), *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
