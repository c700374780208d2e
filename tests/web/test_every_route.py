"""What holds for every route of the control surface, as the description lists them."""

from __future__ import annotations

import re

import pytest

from helpers import openapi
from helpers.caller import Caller
from helpers.openapi import Operation

pytestmark = pytest.mark.slow  # hundreds of emulators: left out of the inner loop

DESCRIPTION = openapi.control()
SINK = "/_plum/sink/{path}"
OPERATIONS = {f"{each.method} {each.path}": each for each in DESCRIPTION.operations}


def _of(*, taking: str) -> pytest.MarkDecorator:
    """A test for each operation that takes this: an account, a body in JSON, or nothing but GET."""
    found = {
        name: each
        for name, each in OPERATIONS.items()
        if (taking == "account" and _names_account(each))
        or (taking == "json" and "application/json" in each.node.get("requestBody", {}).get("content", {}))
        or (taking == "get" and each.method == "GET" and each.path != SINK)
    }
    return pytest.mark.parametrize("operation", found.values(), ids=found)


def _names_account(operation: Operation) -> bool:
    path = DESCRIPTION.document["paths"][operation.path]
    account = {"$ref": "#/components/parameters/account"}
    return account in (*path.get("parameters", ()), *operation.node.get("parameters", ()))


def _target(operation: Operation) -> str:
    return _filled(operation.path)


def _filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "7", path.replace("{username}", "username"))


@_of(taking="account")
@pytest.mark.parametrize("name", ["nobody", "USERNAME", "username%20", "%FF", "a%00b", "%F0%9F%98%80"])
def test_an_unknown_account_is_404_everywhere(onlooker: Caller, operation: Operation, name: str) -> None:
    heard = onlooker.call(operation.method, f"{_target(operation)}?account={name}")
    assert heard.status == 404
    assert heard.error.startswith("there is no account '")
    assert heard.values["hint"] == "there are: username, second"


BODIES = {
    "not JSON": (b"a=1", "the body is not JSON: "),
    "not UTF-8": (b'{"a": "\xe9"}', "the body is not JSON: "),
    "cut off": (b'{"a": ', "the body is not JSON: "),
    "endless number": (b'{"a": ' + b"1" * 5000 + b"}", "the body is not JSON: "),
    "too deep": (b"[" * 100_000, "the body is JSON nested too deep"),
    "too large": (b" " * (1024 * 1024 + 1), "the request body is too large"),
    "list": (b"[]", ""),
    "null": (b"null", ""),
    "number": (b"1", ""),
    "NaN": (b"NaN", ""),
    "unknown field": (b'{"nobody_knows_this": 1}', "'nobody_knows_this' is unknown"),
    "half a pair": (b'{"\\ud800": 1}', "'\\ud800' is unknown"),
}


@_of(taking="json")
@pytest.mark.parametrize(("body", "error"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_is_refused_in_words(
    onlooker: Caller, operation: Operation, body: bytes, error: str
) -> None:
    """And nothing happens. What is wrong is said, shortly, and what to do."""
    heard = onlooker.call(operation.method, _target(operation), body=body)
    assert heard.status == 400
    assert re.fullmatch(rf"(\w+( 7)?: )?{re.escape(error)}.*", heard.error, re.DOTALL), heard.error
    assert len(heard.error) < 200
    assert heard.values["hint"]


@_of(taking="json")
def test_a_body_can_be_left_out_where_it_is_said(caller: Caller, operation: Operation) -> None:
    heard = caller.call(operation.method, _target(operation))
    missing = heard.status == 400 and heard.error.startswith("the body is not JSON: Expecting value")
    assert missing == operation.node["requestBody"]["required"]


@_of(taking="get")
def test_head_is_get_without_a_body(caller: Caller, operation: Operation) -> None:
    """Even where GET would go on for ever, or is long."""
    target = _target(operation)
    head = caller.call("HEAD", target)
    assert head.body == b""
    if operation.path == "/_plum/events":
        return
    got = caller.get(target)
    types = [each.header("Content-Type") for each in (head, got)]
    assert (head.status, types[0]) == (got.status, types[1])


@pytest.mark.parametrize("path", sorted({each.path for each in DESCRIPTION.operations} - {SINK}))
def test_a_wrong_method_names_the_right_ones(onlooker: Caller, path: str) -> None:
    """A name may be asked for too: /_plum/accounts/lease could be an account's."""
    target = _filled(path)
    described = {each.method for each in DESCRIPTION.operations if each.path == path}
    named = {each.method for each in DESCRIPTION.operations if each.matches(target)}
    allowed = sorted(described | {"OPTIONS"} | ({"HEAD"} if "GET" in described else set()))
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - named):
        heard = onlooker.call(method, target)
        assert heard.status == 405, method
        assert set(allowed) <= set(heard.header("Allow").split(", "))
        assert heard.values["hint"] == "see the Allow header, and /_plum/openapi.yaml"
    heard = onlooker.call("OPTIONS", target)
    assert (heard.status, set(allowed) <= set(heard.header("Allow").split(", "))) == (200, True)


@pytest.mark.parametrize("number", ["-1", "+1", "1.0", "x", "%D9%A3", "1%00", "9" * 19, "9" * 5000])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "callbacks/{}/release"),
        ("POST", "callbacks/{}/duplicate"),
        ("DELETE", "callbacks/{}"),
        ("POST", "exchanges/{}/replay"),
    ],
)
def test_what_is_no_number_of_anything_is_not_found(onlooker: Caller, method: str, path: str, number: str) -> None:
    """However long it is."""
    heard = onlooker.call(method, f"/_plum/{path.format(number)}")
    assert heard.status == 404


@pytest.mark.parametrize("host", ["plum.test", "10.1.2.3", ""])
@_of(taking="account")
def test_every_route_is_guarded(onlooker: Caller, operation: Operation, host: str) -> None:
    assert onlooker.call(operation.method, _target(operation), host=host).status == 403
