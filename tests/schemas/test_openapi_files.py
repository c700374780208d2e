"""The OpenAPI files in `schemas/`: valid, complete, and saying what the emulator does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator import validate as validate_openapi

from helpers import openapi
from helpers.caller import Caller
from helpers.house import HANDSET, MINE, House
from helpers.openapi import Description, Operation
from helpers.xml_answers import checked_values, xsd
from plum_emulator.model.events import Kind
from plum_emulator.model.messages import Status, Type
from plum_emulator.wire.requests import _ALIASES

DESCRIPTIONS = {"plum-sms": openapi.plum_sms(), "control": openapi.control()}
both = pytest.mark.parametrize("description", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
METHODS = {"queue": "POST", "status": "GET", "messages": "GET", "conversation": "GET"}
KNOWN = f"account_number={MINE}&customer_number={HANDSET}&limit=50"


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    """Somebody who only asks."""
    house = House()
    caller = Caller(house)
    yield caller
    caller.close()
    house.close()


@both
def test_the_file_is_openapi_3_1(description: Description) -> None:
    assert description.document["openapi"].startswith("3.1.")
    validate_openapi(description.document, cls=OpenAPIV31SpecValidator)


@both
def test_every_object_that_we_answer_with_is_closed(description: Description) -> None:
    """A field that is not described is not there. Only Plum's form takes fields that nobody knows."""
    schemas = description.document["components"]["schemas"]
    open_ones = [
        place
        for place, node in description.nodes()
        if node.get("type") == "object" and "properties" in node and node.get("additionalProperties") is not False
    ]
    assert open_ones == (["/components/schemas/Send"] if "Send" in schemas else [])


@both
def test_every_required_field_is_described_and_every_field_of_an_answer_required(description: Description) -> None:
    """Who asks may leave fields out; a rule is shown as it was written."""
    asked = {id(node) for node in _of_requests(description)}
    for place, node in description.nodes():
        if node.get("type") != "object" or node.get("additionalProperties") is not False:
            continue
        if id(node) in asked:
            assert set(node.get("required", ())) <= set(node["properties"]), place
        else:
            assert node["required"] == list(node["properties"]), place


@both
def test_every_parameter_of_a_path_is_described_and_no_other(description: Description) -> None:
    for operation in description.operations:
        parameters = _parameters(description, operation)
        in_path = [each["name"] for each in parameters if each["in"] == "path"]
        assert in_path == re.findall(r"\{([^}]+)\}", operation.path), operation
        names = [(each["in"], each["name"]) for each in parameters]
        assert len(names) == len(set(names)), operation


@both
def test_every_operation_has_a_tag_that_is_explained_and_every_tag_an_operation(description: Description) -> None:
    explained = {tag["name"] for tag in description.document.get("tags", ())}
    used = {tag for operation in description.operations for tag in operation.node.get("tags", ())}
    assert used == explained
    assert all(operation.node.get("tags") for operation in description.operations) or not explained


def test_a_parameter_of_the_query_is_taken_exactly_where_it_is_described(caller: Caller) -> None:
    """Any other is refused by its name. A sink takes what arrives."""
    description = openapi.control()
    named = {each["name"] for _, each in description.nodes() if each.get("in") == "query"} - {"account"}
    for operation in description.operations:
        taken = {each["name"] for each in _parameters(description, operation) if each["in"] == "query"}
        path = re.sub(r"\{[^}]+\}", "7", operation.path)
        for name in named if operation.path != "/_plum/sink/{path}" else ():
            # An account that nobody has keeps everything else from happening.
            heard = caller.call(operation.method, f"{path}?account=nobody&{name}=")
            refused = heard.status == 400 and heard.error == f"{name!r} is unknown"
            assert refused == (name not in taken), (operation, name)


@both
def test_every_reference_leads_somewhere_and_every_component_is_used(description: Description) -> None:
    used = {node["$ref"] for _, node in description.nodes() if isinstance(node.get("$ref"), str)}
    for reference in used:
        assert description.resolved({"$ref": reference})
    elsewhere = {"UnknownService", "MethodNotAllowed", "Event"}  # answers to what has no path; the data of a stream
    for kind, components in description.document["components"].items():
        for name in components:
            spare = kind == "securitySchemes" or name in elsewhere
            assert spare or f"#/components/{kind}/{name}" in used, f"{kind} {name}"


@both
def test_every_example_is_valid(description: Description) -> None:
    count = 0
    for place, node in description.nodes():
        for mimetype, schema, value in _examples(description, node):
            count += 1
            if mimetype == "text/xml":
                service = _service_of(schema)
                values = checked_values(value.encode())
                assert service is None or value.split("\n")[1].startswith(f"<{service}>"), place
                description.validate(values, schema)
            else:
                description.validate(value, schema)
    assert count > 10


@both
def test_everything_has_a_description_for_people(description: Description) -> None:
    for operation in description.operations:
        assert operation.node["summary"], operation
        assert operation.node["operationId"], operation
    ids = [operation.node["operationId"] for operation in description.operations]
    assert len(ids) == len(set(ids))
    for name, parameter in description.document["components"]["parameters"].items():
        assert parameter["description"].strip().endswith("."), name


def test_the_control_surface_is_described_route_by_route(caller: Caller) -> None:
    """Both ways: what is there is described, and what is described is there."""
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+?)_?>", r"{\1}", rule.rule))
        for rule in caller.app.url_map.iter_rules()
        if rule.rule.startswith("/_plum")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(operation.method, operation.path) for operation in openapi.control().operations}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("service", METHODS)
def test_plums_services_are_described_method_by_method(caller: Caller, service: str, method: str) -> None:
    """Both ways, for every form of the path: a method that is not described is 405, one that is, is not."""
    paths = [path for path in openapi.plum_sms().document["paths"] if re.match(rf"/ws/sms/{service}\b", path)]
    assert len(paths) == (8 if service == "status" else 3)
    for path in paths:
        described = openapi.plum_sms().operation(method, path) is not None
        assert described == (method == METHODS[service])
        heard = caller.call(method, path.replace("{sms_message_id}", "0" * 32))
        assert (heard.status == 405) == (not described), path


def test_there_are_no_other_services(caller: Caller) -> None:
    """The emulator itself lists what it has, to whoever asks for something else."""
    caller.get("/ws/sms/nothing.json")
    exchange = caller.get("/_plum/exchanges?nobody=1").values["exchanges"][0]
    assert exchange["outcome"] == f"Unknown service: there are {', '.join(METHODS)}"
    described = {re.split(r"[./]", path)[1 + 2] for path in openapi.plum_sms().document["paths"]}
    assert described == set(METHODS)


def test_every_format_is_answered_as_described(caller: Caller) -> None:
    """The caller holds each answer against the description: format, status and schema."""
    for operation in openapi.plum_sms().operations:
        path = operation.path.replace("{sms_message_id}", "0" * 32)
        heard = caller.call(operation.method, path, headers=[("Accept", "text/xml")])
        assert heard.status == 200
        types = list(openapi.plum_sms().resolved(operation.node["responses"]["200"])["content"])
        assert heard.header("Content-Type").partition(";")[0] == types[-1]


def test_every_kind_of_event_is_described() -> None:
    schemas = openapi.control().document["components"]["schemas"]
    kinds = [openapi.control().resolved(each)["properties"]["event"]["const"] for each in schemas["Event"]["oneOf"]]
    assert sorted(kinds) == sorted(get_args(Kind))


def test_the_words_of_statuses_and_types_are_the_models() -> None:
    """In both OpenAPI files and in the XSDs."""
    plums, controls = (each.document["components"]["schemas"] for each in DESCRIPTIONS.values())
    simple: Any = xsd("messages").types
    for described, words in (
        (plums["MessageStatus"]["enum"], get_args(Status)),
        (controls["Status"]["enum"], get_args(Status)),
        (simple["message_status"].enumeration, get_args(Status)),
        (plums["MessageType"]["enum"], get_args(Type)),
        (controls["Type"]["enum"], get_args(Type)),
        (simple["message_type"].enumeration, get_args(Type)),
    ):
        assert sorted(described) == sorted(words)


def test_the_aliases_are_those_that_are_read() -> None:
    """The file, the code and the contract name the same."""
    described = {
        parameter["name"]: (parameter["name"], *parameter.get("x-aliases", ()))
        for parameter in openapi.plum_sms().document["components"]["parameters"].values()
        if parameter["in"] == "query" and parameter["name"] != "sms_message_id"
    }
    assert described == _ALIASES


@pytest.mark.parametrize("operation", openapi.plum_sms().operations, ids=lambda operation: operation.path)
def test_aliases_and_names_are_told_in_words_too(operation: Operation) -> None:
    for reference in operation.node.get("parameters", ()):
        parameter = openapi.plum_sms().resolved(reference)
        for alias in parameter.get("x-aliases", ()):
            assert f"`{alias}`" in parameter["description"], alias


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("messages", "offset", "1"),
        ("messages", "sort", "asc"),
        ("messages", "start_timestamp", "1700000001"),
        ("messages", "end_timestamp", "1700000001"),
        ("messages", "type", "inbound"),
        ("messages", "phone_number", "12125550124"),
        ("messages", "phone_number_type", "customer"),
        ("conversation", "sort", "desc"),
    ],
)
def test_an_alias_does_what_the_name_does(service: str, name: str, value: str) -> None:
    house = House()
    caller = Caller(house)
    for handset in (HANDSET, "12125550124"):
        caller.queue({"to": handset, "from": MINE, "body": "out"})
        house.advance(1000)
        house.platform.receive(house.account, to=MINE, from_=handset, body="in")
    base = KNOWN if service == "conversation" else "limit=50"
    if name == "phone_number_type":
        base += "&phone_number=12125550124&type=inbound"
    aliases = openapi.plum_sms().document["components"]["parameters"][name]["x-aliases"]
    answers = [caller.get(f"/ws/sms/{service}.json?{base}&{each}={value}").rows for each in (name, *aliases)]
    caller.close()
    house.close()
    assert answers[0]
    assert all(answer == answers[0] for answer in answers)


def test_the_errors_of_a_service_are_those_that_it_can_answer(caller: Caller) -> None:
    """Each error text of the description is the answer to some request."""
    requests: dict[str, list[str]] = {
        "Messages": [f"messages.json?{name}=%21" for name in ("offset", "limit", "sort", "start_timestamp", "type")]
        + ["messages.json?start=2&end=1", "messages.json?phone_number=%21"]
        + [f"messages.json?type=inbound&phone_number={HANDSET}"],
        "Conversation": [f"conversation.json?{KNOWN}&{name}=%21" for name in ("offset", "sort", "start_timestamp")]
        + [f"conversation.json?account_number={MINE}&customer_number={HANDSET}&limit=%21"]
        + [f"conversation.json?{KNOWN}&end=%21", "conversation.json", f"conversation.json?account_number={MINE}"],
    }
    for service, targets in requests.items():
        schema = openapi.plum_sms().document["components"]["schemas"][f"{service}Failure"]
        answered = {caller.get(f"/ws/sms/{target}").error for target in targets}
        assert answered == set(schema["properties"]["error"]["enum"])


def _examples(description: Description, node: openapi.Node) -> Iterator[tuple[str, openapi.Node, Any]]:
    """The examples of a content, and of a parameter."""
    for mimetype, media in (node.get("content") or {}).items():
        if mimetype == "text/event-stream":
            continue
        if "example" in media:
            yield mimetype, media["schema"], media["example"]
        for example in media.get("examples", {}).values():
            yield mimetype, media["schema"], description.resolved(example)["value"]
    if "in" in node and "example" in node:
        yield "", node["schema"], node["example"]


def _parameters(description: Description, operation: Operation) -> list[openapi.Node]:
    """The parameters of an operation, those of its path among them."""
    path = description.document["paths"][operation.path]
    return [description.resolved(each) for each in (*path.get("parameters", ()), *operation.node.get("parameters", ()))]


def _of_requests(description: Description) -> Iterator[openapi.Node]:
    """Every object in what can be asked."""
    waiting: list[Any] = [operation.node.get("requestBody") for operation in description.operations]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict) and id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += [description.resolved(node), *node.values()]


def _service_of(schema: openapi.Node) -> str | None:
    name = schema["$ref"].rpartition("/")[2].lower()
    return name if name in METHODS else None
