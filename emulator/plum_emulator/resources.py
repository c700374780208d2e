"""Finds `schemas/` and `fixtures/`: inside the installed package, or beside the checkout it runs from."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


def schema(name: str) -> Path:
    """The path of a file in `schemas/`."""
    return _find("schemas", name)


def fixture(name: str) -> Path:
    """The path of a file in `fixtures/`."""
    return _find("fixtures", name)


def _find(folder: str, name: str) -> Path:
    for root in (_PACKAGE, _CHECKOUT):
        path = root / folder / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder}/{name} is in neither {_PACKAGE} nor {_CHECKOUT}")
