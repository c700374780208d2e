from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plum_emulator.testing import Phone, Plum

from serving import Clinic, clinic_served


@pytest.fixture
def clinic(plum: Plum, tmp_path: Path) -> Iterator[Clinic]:
    kept = tmp_path / "kept"
    kept.mkdir()
    with clinic_served(plum.env | {"CLINIC_FOLDER": str(kept)}, tmp_path / "php.log") as clinic:
        plum.application(f"{clinic.url}/texts")
        yield clinic


@pytest.fixture
def patient(plum: Plum) -> Phone:
    return plum.phone("16175550123")
