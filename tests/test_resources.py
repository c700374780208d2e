"""Schemas and fixtures are found, in the checkout as in the installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from plum_emulator import resources


@pytest.mark.parametrize("name", ["accounts.toml", "accounts-template.toml", "magic-numbers.toml"])
def test_a_fixture_is_found(name: str) -> None:
    path = resources.fixture(name)
    assert (path.name, path.parent.name, path.is_file()) == (name, "fixtures", True)


@pytest.mark.parametrize("name", ["sms-reply.xsd", "control.openapi.yaml"])
def test_a_schema_is_found(name: str) -> None:
    path = resources.schema(name)
    assert (path.name, path.parent.name, path.is_file()) == (name, "schemas", True)


def test_what_is_not_there_is_named_with_the_places_that_were_searched() -> None:
    package = Path(resources.__file__).parent
    with pytest.raises(FileNotFoundError) as caught:
        resources.schema("missing.xsd")
    assert str(caught.value) == f"schemas/missing.xsd is in neither {package} nor {package.parent.parent}"


def test_a_fixture_is_no_schema() -> None:
    with pytest.raises(FileNotFoundError):
        resources.schema("accounts.toml")
