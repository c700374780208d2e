"""The reference of the pytest plugin, as lists that are written from its code: what there is, and its docstring."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any

from plum_emulator import pytest_plugin
from plum_emulator.testing import Attempt, InboundText, Message, Phone, Plum, PlumServer
from plum_emulator.testing.phones import Text

_FOR_THE_PLUGIN = {"beside", "close"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A fixture of the plugin."""

    name: str
    scope: str
    says: str


def fixtures() -> list[Fixture]:
    """The fixtures, in the order of the plugin. Read from its source: pytest has no public way to list them."""
    tree = ast.parse(inspect.getsource(pytest_plugin))
    return [
        Fixture(name=function.name, scope=scope, says=_flowing(ast.get_docstring(function)))
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for scope in _scopes(function)
    ]


def _scopes(function: ast.FunctionDef) -> Iterator[str]:
    """The scope of the fixture that this is; none when it is no fixture."""
    for decorator in map(ast.unparse, function.decorator_list):
        if decorator.startswith("pytest.fixture"):
            found = re.search(r"scope='(\w+)'", decorator)
            yield found[1] if found else "function"


@dataclass(slots=True)
class _Told:
    """What the plugin tells pytest of itself. Stands for pytest's parser, a group of it, and its configuration."""

    options: list[tuple[str, str, str]] = field(default_factory=list)
    inis: list[tuple[str, str, str]] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def getgroup(self, *_: str) -> _Told:
        return self

    def addoption(self, name: str, *, help: str) -> None:  # noqa: A002 # pytest's name
        self.options.append((name, "", help))

    def addini(self, name: str, help: str, default: str) -> None:  # noqa: A002 # the same
        self.inis.append((name, default, help))

    def addinivalue_line(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def getini(self, name: str) -> str:
        return next(default for known, default, _ in self.inis if known == name)


def _told() -> _Told:
    told = _Told()
    teller: Any = pytest_plugin
    teller.pytest_addoption(told)
    teller.pytest_configure(told)
    return told


def _fixtures() -> str:
    return _bullets((f"`{each.name}` ({each.scope})", each.says) for each in fixtures())


def _marker() -> str:
    lines = [line for name, line in _told().lines if name == "markers"]
    heads = [line.partition("): ") for line in lines]
    return _bullets((f"`@pytest.mark.{head})`", says) for head, _, says in heads)


def options() -> list[str]:
    """The names of the command-line options and ini settings."""
    told = _told()
    return [name for name, *_ in (*told.options, *told.inis)]


def _options() -> str:
    told = _told()
    return _bullets(
        (f"`{name}`{f' = `{default}`' if default else ''}", says) for name, default, says in (*told.options, *told.inis)
    )


def members(kind: type) -> list[tuple[str, str]]:
    """The public members of a class as they are called, each with what it says of itself; a field says its type."""
    types = {each.name: str(each.type) for each in fields(kind)} if is_dataclass(kind) else {}
    own = [(name, member) for name, member in vars(kind).items() if name not in types]
    called = [
        (_called(name, member), _flowing(inspect.getdoc(member))) for name, member in own if _is_shown(name, member)
    ]
    return [*((name, f"`{type_}`") for name, type_ in types.items() if not name.startswith("_")), *called]


def _is_shown(name: str, member: object) -> bool:
    """Whether a test calls it: not what is private, makes one, or is for the fixture that does."""
    return not name.startswith("_") and not isinstance(member, classmethod) and name not in _FOR_THE_PLUGIN


def _called(name: str, member: object) -> str:
    if isinstance(member, property) or not callable(member):
        return name
    _, *parameters = inspect.signature(member).parameters.values()
    plain = inspect.Signature([each.replace(annotation=inspect.Parameter.empty) for each in parameters])
    return f"{name}{plain}"


def _members(kind: type) -> str:
    return _bullets((f"`{called}`", says) for called, says in members(kind))


def _bullets(items: Iterable[tuple[str, str]]) -> str:
    return "\n".join(_WRAPPER.fill(f"{head}: {says}") for head, says in items)


def _flowing(doc: str | None) -> str:
    assert doc, "it has no docstring, so the manual has nothing to say of it"
    return " ".join(doc.split())


_WRAPPER = textwrap.TextWrapper(
    width=120, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
)

_KINDS: tuple[type, ...] = (Plum, Phone, Text, Message, Attempt, InboundText, PlumServer)
LISTS: dict[str, Callable[[], str]] = {
    "fixtures": _fixtures,
    "marker": _marker,
    "options of the plugin": _options,
    **{kind.__name__: partial(_members, kind) for kind in _KINDS},
}
