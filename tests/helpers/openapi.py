"""The OpenAPI files in `schemas/`, as something that answers can be held against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from plum_emulator import resources

Node = Mapping[str, Any]
_PARTS = {"{path}": ".+"}  # the one parameter that slashes may be in
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as the file has it."""

    method: str
    path: str
    node: Node

    def matches(self, path: str) -> bool:
        """Whether a request for this path is a request for this operation."""
        pattern = "".join(
            _PARTS.get(part, "[^/]+") if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]+\})", self.path)
        )
        return re.fullmatch(pattern, path) is not None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast, where PyYAML has it


class Description:
    """One OpenAPI file. `elsewhere` names the responses that answer what no operation describes."""

    def __init__(self, name: str, *, elsewhere: Mapping[int, str]) -> None:
        text = resources.schema(name).read_text(encoding="utf-8")
        self.document: dict[str, Any] = yaml.load(text, _LOADER)  # noqa: S506 # both loaders are safe ones
        self._elsewhere = elsewhere
        self._uri = f"urn:plum-emulator:{name}"
        resource = Resource.from_contents(self.document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(self._uri, resource)
        found = [
            Operation(method.upper(), path, node)
            for path, methods in self.document["paths"].items()
            for method, node in methods.items()
            if method in _METHODS
        ]
        # A path without parameters is meant before one with, and of two patterns the longer one.
        self.operations = sorted(found, key=lambda operation: ("{" in operation.path, -len(operation.path)))

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a request is for; HEAD is for the same as GET."""
        asked = "GET" if method == "HEAD" else method
        return next((each for each in self.operations if each.method == asked and each.matches(path)), None)

    def check(self, *, method: str, path: str, status: int, content_type: str, value: Any) -> None:
        """Fails unless the file says that this request may have this answer. `value` is its parsed body."""
        response = self._response(method, path, status)
        assert response, f"{method} {path}: the description has no answer {status}"
        content = response["content"]
        mimetype = content_type.partition(";")[0]
        if "*/*" in content:
            return
        assert mimetype in content, f"{method} {path}, {status}: {mimetype} is none of {list(content)}"
        if mimetype == "application/json" and method != "HEAD":
            self.validate(value, content[mimetype]["schema"])

    def validate(self, value: Any, schema: Node) -> None:
        """Fails unless the value is valid against a schema, or a reference to one, of this file."""
        if "$ref" in schema:
            schema = {"$ref": self._uri + schema["$ref"]}
        Draft202012Validator(schema, registry=self._registry).validate(value)

    def resolved(self, node: Node) -> Node:
        """The node itself, or what it refers to."""
        while "$ref" in node:
            target: Any = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def nodes(self) -> Iterator[tuple[str, Node]]:
        """Every object of the file, with its place."""
        yield from _walk("", self.document)

    def _response(self, method: str, path: str, status: int) -> Node | None:
        operation = self.operation(method, path)
        responses: Mapping[str, Any] = operation.node["responses"] if operation else {}
        response = responses.get(str(status)) or responses.get("default")
        if response is None and status in self._elsewhere:
            response = self.document["components"]["responses"][self._elsewhere[status]]
        return self.resolved(response) if response else None


def _walk(place: str, node: Any) -> Iterator[tuple[str, Node]]:
    if isinstance(node, dict):
        yield place, node
        for name, child in node.items():
            yield from _walk(f"{place}/{name}", child)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _walk(f"{place}/{index}", child)


@cache
def plum_sms() -> Description:
    """Plum's services."""
    elsewhere = {401: "Unauthorized", 404: "UnknownService", 405: "MethodNotAllowed"}
    return Description("plum-sms.openapi.yaml", elsewhere=elsewhere)


@cache
def control() -> Description:
    """The control surface."""
    elsewhere = {401: "TokenNeeded", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed"}
    return Description("control.openapi.yaml", elsewhere=elsewhere)
