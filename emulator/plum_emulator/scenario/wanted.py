"""An account that somebody asks for while the emulator runs: what can be said about it, in JSON or TOML."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from plum_emulator.clock import LATEST, MODES, RATE_MAX, Mode, Timing, read_instant, read_timing
from plum_emulator.errors import InvalidNumber, NotPossible
from plum_emulator.model.accounts import OPTED_OUT_MODES, Number, OptedOutMode, Options, Seed
from plum_emulator.model.phones import normalized
from plum_emulator.model.urls import application_problem
from plum_emulator.values import Values, shown

OPTIONS = tuple(field.name for field in fields(Options))
ATTEMPTS_MAX = 20
NUMBERS_MAX = 100
_NO_LOGIN = re.compile(r"[:/\x00-\x1f\x7f]|^\.{1,2}$")
_YEAR = 366 * 86400
_ACCOUNT = ("username", "password", "numbers", "application_url", "demo", "opted_out", "clock", "seed", *OPTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An account that somebody asks for. A lease may leave out login and numbers: then it gets `count` free ones,
    whose texts go to `application_url`. `lifetime` is milliseconds of real time."""

    seed: Seed
    count: int = 1
    application_url: str = ""
    own_seed: str = ""
    lifetime: int | None = None


def read_account(value: object) -> Wanted:
    """An account with a login and numbers of the caller's choice. Raises NotPossible."""
    values = Values(value, _ACCOUNT)
    values.required("username", "password", "numbers")
    if isinstance(values["numbers"], int):
        raise values.wrong("numbers", "a list of numbers")
    if not values.text("username"):
        raise values.wrong("username", "a login")
    return _wanted(values)


def read_lease(value: object) -> Wanted:
    """A lease: everything can be left out. Raises NotPossible."""
    return _wanted(Values(value, (*_ACCOUNT, "lifetime")))


def read_options(values: Values) -> Options:
    """How an account is treated, where something is said about it. Raises NotPossible."""
    numbers = {
        name: values.number(name, most=_YEAR) for name in OPTIONS if name != "callback_attempts" and name in values
    }
    return Options(callback_attempts=values.whole("callback_attempts", least=1, most=ATTEMPTS_MAX), **numbers)


def read_clock(value: object, name: str = "clock") -> Timing:
    """`"manual"`, `"60x"`, or an object with `mode`, `rate` and `now`. Raises NotPossible."""
    if isinstance(value, str):
        return read_timing(value)
    values = Values(value, ("mode", "rate", "now"), where=name)
    values.required("mode")
    mode: Mode = next(mode for mode in MODES if mode == values.one_of("mode", MODES))
    rate = values.number("rate", least=0.001, most=RATE_MAX)
    if mode == "scaled" and rate is None:
        raise NotPossible("a scaled clock needs a rate", hint='for example {"mode": "scaled", "rate": 60}')
    if mode != "scaled" and rate is not None:
        raise NotPossible(f"a {mode} clock has no rate", hint='{"mode": "scaled", "rate": 60} goes 60 times as fast')
    return Timing(mode=mode, rate=rate or 1.0, instant=_instant(values))


def _instant(values: Values) -> int | None:
    now = values["now"]
    if now is None or isinstance(now, str):
        return None if now is None else read_instant(now)
    if isinstance(now, bool) or not isinstance(now, int | float) or not 0 <= now * 1000 < LATEST:
        latest = datetime.fromtimestamp(LATEST / 1000, UTC).year
        raise values.wrong("now", f"an instant, 2026-01-31T12:00:00Z, or unix seconds before the year {latest},")
    return round(now * 1000)


def _wanted(values: Values) -> Wanted:
    username, password = values.text("username") or "", values.text("password") or ""
    if _NO_LOGIN.search(username) or len(username) > 100:
        raise values.wrong("username", "a login of at most 100 characters without colon, slash or control characters")
    url = values.text("application_url") or ""
    _check_application(url, "application_url")
    numbers = values["numbers"]
    count = 1
    if numbers is None or isinstance(numbers, int):
        count = values.whole("numbers", least=1, most=NUMBERS_MAX) or 1
        numbers = []
    elif not isinstance(numbers, list) or not 1 <= len(numbers) <= NUMBERS_MAX:
        raise values.wrong("numbers", f"how many, or a list of 1 to {NUMBERS_MAX} numbers,")
    mode: OptedOutMode | None = next(
        (mode for mode in OPTED_OUT_MODES if mode == values.one_of("opted_out", OPTED_OUT_MODES)), None
    )
    return Wanted(
        seed=Seed(
            username=username,
            password=password,
            demo=values.flag("demo"),
            opted_out=mode or "undelivered",
            numbers=_numbers(numbers, url),
            options=read_options(values),
            clock=None if values["clock"] is None else read_clock(values["clock"]),
        ),
        count=count,
        application_url=url,
        own_seed=values.text("seed") or "",
        lifetime=values.milliseconds("lifetime") if "lifetime" in values else None,
    )


def _numbers(written: list[object], url: str) -> tuple[Number, ...]:
    numbers = tuple(_number(value, f"number {place}", url) for place, value in enumerate(written, 1))
    for number in numbers:
        if sum(other.number == number.number for other in numbers) > 1:
            raise NotPossible(f"number {number.number} is there twice", hint="name each once")
    if numbers and all(number.pci for number in numbers):
        raise NotPossible("all numbers are PCI numbers", hint="an account needs at least one that sends texts")
    return numbers


def _number(value: object, where: str, url: str) -> Number:
    if isinstance(value, str):
        return Number(number=_normalized(value, where), application_url=url)
    values = Values(value, ("number", "application_url", "pci"), where=where)
    values.required("number")
    own = values.text("application_url")
    _check_application(own or "", f"{where}: application_url")
    number = _normalized(values.text("number") or "", where)
    pci = values.flag("pci")
    return Number(number=number, application_url="" if pci else (url if own is None else own), pci=pci)


def _normalized(text: str, where: str) -> str:
    try:
        return normalized(text)
    except InvalidNumber as error:
        raise NotPossible(f"{where}: {error.message}", hint=error.hint) from None


def _check_application(url: str, where: str) -> None:
    problem = application_problem(url)
    if problem:
        raise NotPossible(f"{where} is {shown(url)}: {problem}", hint="for example http://127.0.0.1:8000/sms")
