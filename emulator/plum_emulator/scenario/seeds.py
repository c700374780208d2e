"""The accounts file: who is there when the emulator starts, and after every reset."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from plum_emulator import resources
from plum_emulator.clock import Timing, read_timing
from plum_emulator.errors import AccountsFileError, InvalidNumber, NotPossible
from plum_emulator.model.accounts import OPTED_OUT_MODES, Number, Options, Seed
from plum_emulator.model.phones import normalized
from plum_emulator.model.urls import application_problem
from plum_emulator.scenario.wanted import OPTIONS, read_options
from plum_emulator.values import Values, did_you_mean

_ACCOUNT_KEYS: dict[str, type] = {
    "username": str,
    "password": str,
    "demo": bool,
    "opted_out": str,
    "clock": str,
    **dict.fromkeys(OPTIONS, object),
    "numbers": list,
}
_NUMBER_KEYS = {"number": str, "application_url": str, "pci": bool}


def read_seeds(path: Path | None) -> list[Seed]:
    """The accounts of the file, or the default ones. Raises AccountsFileError, naming the place."""
    file = path or resources.fixture("accounts.toml")
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AccountsFileError(
            f"the accounts file {file} cannot be read: {error.strerror}",
            hint="write one with: plum-emulator init",
        ) from None
    except (ValueError, RecursionError) as error:  # also endless integers, and arrays nested too deep
        raise AccountsFileError(
            f"the accounts file {file} is not TOML: {error}", hint="compare it with: plum-emulator init -"
        ) from None
    try:
        return _seeds(document)
    except _Malformed as error:
        raise AccountsFileError(
            f"the accounts file {file}: {error}", hint="compare it with: plum-emulator init -"
        ) from None


class _Malformed(Exception):
    pass


def _seeds(document: dict[str, Any]) -> list[Seed]:
    entries = document.get("accounts")
    if not isinstance(entries, list) or not entries or set(document) != {"accounts"}:
        raise _Malformed("it holds [[accounts]] tables, at least one, and nothing else")
    seeds = [_seed(entry, f"account {place}") for place, entry in enumerate(entries, 1)]
    _no_twins([seed.username for seed in seeds], "username")
    _no_twins([number.number for seed in seeds for number in seed.numbers], "number")
    return seeds


def _seed(entry: object, where: str) -> Seed:
    values = _checked(entry, _ACCOUNT_KEYS, where, required=("username", "password", "numbers"))
    if not values["username"] or ":" in values["username"]:
        raise _Malformed(f"{where}: a username has at least one character, and no colon")
    mode = values.get("opted_out", "undelivered")
    if mode not in OPTED_OUT_MODES:
        raise _Malformed(f"{where}: opted_out is one of {', '.join(OPTED_OUT_MODES)}, not {mode!r}")
    numbers = [_number(item, f"{where}, number {place}") for place, item in enumerate(values["numbers"], 1)]
    if not any(not number.pci for number in numbers):
        raise _Malformed(f"{where}: it needs at least one number that is not a PCI number")
    return Seed(
        username=values["username"],
        password=values["password"],
        demo=values.get("demo", False),
        opted_out=mode,
        numbers=tuple(numbers),
        options=_options(values, where),
        clock=_clock(values, where),
    )


def _options(values: dict[str, Any], where: str) -> Options:
    try:
        return read_options(Values({name: values[name] for name in OPTIONS if name in values}, OPTIONS))
    except NotPossible as error:
        raise _Malformed(f"{where}: {error.message}") from None


def _clock(values: dict[str, Any], where: str) -> Timing | None:
    try:
        return read_timing(values["clock"]) if "clock" in values else None
    except NotPossible as error:
        raise _Malformed(f"{where}: clock: {error.one_line()}") from None


def _number(entry: object, where: str) -> Number:
    values = _checked(entry, _NUMBER_KEYS, where, required=("number",))
    try:
        number = normalized(values["number"])
    except InvalidNumber as error:
        raise _Malformed(f"{where}: {error.message}") from None
    url = values.get("application_url", "")
    problem = application_problem(url)
    if problem:
        raise _Malformed(f"{where}: application_url: {problem}")
    return Number(number=number, application_url=url, pci=values.get("pci", False))


def _checked(entry: object, keys: dict[str, type], where: str, *, required: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _Malformed(f"{where}: a table was expected")
    for name, value in entry.items():
        if name not in keys:
            raise _Malformed(f"{where}: {name!r} is unknown; {did_you_mean(name, keys)}")
        if not isinstance(value, keys[name]):
            seen = "" if name == "password" else f" = {value!r}"[:80]
            raise _Malformed(f"{where}: {name}{seen}, but {_KINDS[keys[name]]} was expected")
    for name in required:
        if name not in entry:
            raise _Malformed(f"{where}: {name} is missing")
    return entry


_KINDS = {str: "a string in quotes", bool: "true or false", list: "a list of tables"}


def _no_twins(values: list[str], what: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise _Malformed(f"{what} {value!r} is there twice")
