"""`python -m bench`: measure everything, print it, and keep it in bench/RESULTS.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import (
    advances,
    console,
    expects,
    leases,
    lives,
    machine,
    plugin,
    report,
    resets,
    services,
    snapshots,
    soak,
    startup,
    storage,
)
from bench.effort import FULL, QUICK, Effort

_RESULTS = Path(__file__).with_name("RESULTS.md")
_GROUPS: dict[str, Callable[[Effort, Path], report.Group]] = {
    "services": services.measure,
    "lives": lives.measure,
    "startup": startup.measure,
    "resets": resets.measure,
    "leases": leases.measure,
    "snapshots": snapshots.measure,
    "advances": advances.measure,
    "expects": expects.measure,
    "console": console.measure,
    "plugin": plugin.measure,
    "soak": soak.measure,
    "storage": storage.measure,
}
_REMARK = """\
Written by `make bench`. Ratios compare the two sides of one round and travel between machines; absolute figures are of
this machine, while nothing else ran on it."""
_QUICK_REMARK = (
    "**A quick run, with fewer rounds and smaller numbers: a first look, not a result. Nothing was written.**"
)
_PART_REMARK = "**A part of the benchmark. Nothing was written.**"


def main() -> None:
    """Measure, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"only these: {', '.join(_GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="two minutes, smaller numbers; RESULTS.md is left alone")
    asked = parser.parse_args()
    unknown = [name for name in asked.groups if name not in _GROUPS]
    if unknown:
        parser.error(f"there is no group {unknown[0]!r}; there are {', '.join(_GROUPS)}")
    whole = not asked.quick and not asked.groups
    remark = _REMARK if whole else _QUICK_REMARK if asked.quick else _PART_REMARK
    text = _measured(asked.groups or list(_GROUPS), QUICK if asked.quick else FULL, remark)
    print(text)
    if whole:
        _RESULTS.write_text(text, encoding="utf-8")
        print(f"written to {_RESULTS}", file=sys.stderr)


def _measured(names: list[str], effort: Effort, remark: str) -> str:
    about, groups, start = machine.described(), [], time.monotonic()
    for name in names:
        # A folder for each group: a million messages need not wait for the others.
        with tempfile.TemporaryDirectory(prefix="plum-bench-") as folder:
            groups.append(_GROUPS[name](effort, Path(folder)))
        print(f"{name}: done, {time.monotonic() - start:.0f} s since the beginning", file=sys.stderr)
    return report.written(groups, about, remark=remark)


if __name__ == "__main__":
    main()
