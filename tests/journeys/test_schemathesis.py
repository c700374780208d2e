"""The control surface against its description, by a program that knows nothing but the description.

Schemathesis makes requests up, good ones and bad ones; each answer has a status, a type and a form that are
described, and is never a surprise of the server. What an account has is told to half of the requests, so that they
get somewhere. Left out: the events, whose answer does not end, and the import, whose bodies it cannot make up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from helpers import openapi
from helpers.house import HANDSET
from helpers.programs import Emulator, emulator

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = ("/_plum/events", "/_plum/accounts/import")
LONGEST = 0.01  # seconds: nobody waits for what does not come
EXAMPLES = 15

SCHEMA = schemathesis.openapi.from_dict(openapi.control().document)
OPERATIONS: dict[str, Any] = {
    found.label: found
    for result in SCHEMA.get_all_operations()
    if isinstance(result, Ok) and (found := result.ok()).path not in LEFT_OUT
}


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to ask for: the values of parameters by their places."""

    username: str
    parameters: dict[str, dict[str, Any]]

    def told(self, case: Case[Any]) -> None:
        """Let the request ask for it."""
        for name in case.path_parameters:
            case.path_parameters[name] = self.parameters.get(case.path, {}).get(name, self.parameters[""].get(name))
        if not case.path.startswith("/_plum/accounts"):
            case.query["account"] = self.username
        if case.path == "/_plum/rules/{id}" and isinstance(case.body, dict):
            case.body.pop("id", None)  # it would have to be the same


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator for all; it must not complain."""
    with emulator("--seed", "schemathesis") as running:
        yield running


@pytest.fixture
def known(shared: Emulator) -> Known:
    """An account on a clock that stands still, with one of each kind of thing in it."""
    session = requests.Session()

    def ask(method: str, path: str, value: Any = None) -> Any:
        answer = session.request(method, f"{shared.url}/_plum/{path}", json=value, timeout=20)
        assert answer.ok, answer.text
        return answer.json()

    lease = ask("POST", "accounts/lease", {"clock": "manual"})
    username, number = lease["username"], lease["numbers"][0]
    here = f"?account={username}"
    ask("PUT", f"callbacks{here}", {"hold": True})
    ask("PUT", f"rules/known{here}", {"when": {"nth": 7}, "then": {"outcome": "failed"}})
    fields = {"to": HANDSET, "from": number, "body": "code 1234", "result_url": lease["sink_url"]}
    login = (username, lease["password"])
    (row,) = session.post(f"{shared.url}/ws/sms/queue.json", data=fields, auth=login, timeout=20).json()["result"][
        "sms_messages"
    ]
    ask("POST", f"inbound{here}", {"from": HANDSET, "to": number, "body": "Hello"})
    ask("POST", f"clock/advance{here}", {"seconds": 1})
    callback = ask("GET", f"callbacks{here}")["pending"][0]["id"]
    ask("PUT", f"snapshots/known{here}")
    session.close()
    return Known(
        username,
        {
            "": {
                "id": callback,
                "name": "known",
                "n": 1,
                "number": number,
                "path": "results",
                "sms_message_id": row["sms_message_id"],
                "username": username,
            },
            "/_plum/rules/{id}": {"id": "known"},
            "/_plum/scenarios/{name}": {"name": "landlines"},
        },
    )


ASKED = [
    pytest.param(label, mode, id=f"{mode.value} {label}")
    for label, operation in OPERATIONS.items()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode.is_positive or operation.body or operation.query or operation.path_parameters  # else nothing can be wrong
]


@pytest.mark.parametrize(("label", "mode"), ASKED)
def test_every_answer_is_as_described(shared: Emulator, known: Known, label: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[label]
    session = requests.Session()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def ask(case: Case[Any], in_the_know: bool) -> None:
        if in_the_know:
            known.told(case)
        _shorten(case)
        case.call_and_validate(base_url=shared.url, session=session, checks=CHECKS, timeout=10)

    try:
        ask()
    finally:
        session.close()


def _shorten(case: Case[Any]) -> None:
    """Let nobody wait: neither an expectation for what does not come, nor a sink before it answers."""
    if not isinstance(case.body, dict):
        return
    if case.path.startswith("/_plum/expect"):
        case.body.setdefault("timeout", LONGEST)
    for name in ("timeout", "delay"):
        seconds = case.body.get(name)
        if isinstance(seconds, int | float) and seconds > LONGEST:
            case.body[name] = LONGEST


def test_nearly_every_operation_is_asked() -> None:
    described = {each.path for each in openapi.control().operations}
    assert {operation.path for operation in OPERATIONS.values()} == described - set(LEFT_OUT)
