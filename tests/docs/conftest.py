"""`pytest tests/docs --write-tables` writes the manual's tables anew, where code and manual differ."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-tables", action="store_true", help="write the manual's tables from the code")
