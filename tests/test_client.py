"""The client of a running emulator: what it returns, and how it fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from helpers.programs import HANDSET, NUMBER, QUIET_NUMBER
from helpers.receivers import Answer, Hit, closed_port, dead_receiver, receiver
from helpers.watching import watching
from plum_emulator.client import Client
from plum_emulator.clock import stopwatch
from plum_emulator.errors import CallFailed, ServerUnreachable, SettingsError
from plum_emulator.server import running
from plum_emulator.settings import Settings

PCI_NUMBER = "16175550199"
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where an emulator with the default seed is, which lives as long as the module."""
    with running(Settings(port=0, sent_after=0.02, received_after=0.02)) as server:
        yield server.address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    """Its first account, brought back to the seed afterwards."""
    client = Client(url=address)
    yield client
    client.reset()


def test_queue_gives_a_resource_for_each_part(client: Client) -> None:
    parts = client.queue(to=HANDSET, from_=NUMBER, body="x" * 161, result_url="http://127.0.0.1:1/")
    assert [(len(part["body"]), part["status"], part["result_url"]) for part in parts] == [
        (160, "queued", "http://127.0.0.1:1/"),
        (1, "queued", "http://127.0.0.1:1/"),
    ]


@pytest.mark.parametrize("body", ["naïve & 50% off; 1+1=2", "\U0001f600\n\r\t\0", "a=b&c=d", " ", "%41", "日本"])
def test_a_body_comes_back_as_it_was(client: Client, body: str) -> None:
    [part] = client.queue(to=HANDSET, from_=NUMBER, body=body)
    assert [message["body"] for message in (part, client.status(part["sms_message_id"]), *client.messages())] == [
        body
    ] * 3


def test_the_services_agree_on_a_message(client: Client) -> None:
    with watching(client) as watch:
        [part] = client.queue(to=HANDSET, from_=NUMBER, body="Hello")
        watch.status(part["sms_message_id"], "received")
    message = {**part, "status": "received", "type": "outbound"}
    assert client.status(part["sms_message_id"]) == message
    assert client.messages(type="outbound", phone_number=HANDSET, phone_number_type="customer") == [message]
    assert client.conversation(NUMBER, HANDSET, limit=50) == [message]
    assert client.messages(type="inbound") == []


def test_the_control_surface_tells_the_whole_story(client: Client) -> None:
    with watching(client) as watch:
        came = client.receive(from_=HANDSET, to=NUMBER, body="HELLO")
        watch.answer(came["sms_message_id"])
    story = client.story(came["sms_message_id"])
    assert [reply["body"] for reply in story["replies"]] == ["Hello! Text MENU to see what I know."]
    assert [exchange["operation"] for exchange in story["exchanges"]] == ["inbound"]
    assert client.exchanges(operation="inbound") == story["exchanges"]
    assert [message["body"] for message in client.log(q="hello", limit=1)] == [story["replies"][0]["body"]]


def test_an_application_url_is_changed_and_comes_back_with_a_reset(client: Client) -> None:
    numbers = client.numbers()
    assert [(number["number"], number["application_url"], number["pci"]) for number in numbers] == [
        (NUMBER, "/demo", False),
        (QUIET_NUMBER, "", False),
        (PCI_NUMBER, "", True),
    ]
    changed = client.set_application(QUIET_NUMBER, "http://127.0.0.1:1/sms")
    assert changed == {"number": QUIET_NUMBER, "application_url": "http://127.0.0.1:1/sms", "pci": False}
    assert client.numbers()[1] == changed
    client.reset()
    assert client.numbers() == numbers


def test_events_come_from_the_beginning_of_the_block_on(client: Client) -> None:
    client.queue(to=HANDSET, from_=NUMBER, body="Before")
    with client.events() as events:
        client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Now")
        bodies = [event["message"]["body"] for event in (next(events), next(events), next(events))]
    assert "Now" in bodies


def test_events_end_with_the_emulator() -> None:
    with running(Settings(port=0)) as server, Client(url=server.address).events() as events:
        server.stop()
        assert list(events) == []


def test_events_end_with_an_error_when_the_time_is_up(client: Client) -> None:
    with client.events(within=0.1) as events, pytest.raises(TimeoutError):
        next(events)


def test_the_time_is_up_also_while_events_come(client: Client) -> None:
    """It counts from the beginning of the block, not from the last event."""

    def text_again_and_again(events: Iterator[object]) -> None:
        for _ in events:
            client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Hello")

    elapsed = stopwatch()
    with client.events(within=0.3) as events:
        client.receive(from_=HANDSET, to=QUIET_NUMBER, body="Hello")
        with pytest.raises(TimeoutError):
            text_again_and_again(events)
    assert 300 <= elapsed() < 3000


def test_what_fails_inside_the_block_is_not_taken_for_the_emulators_fault(client: Client) -> None:
    """An OSError of the caller's own stays what it is."""
    with pytest.raises(BrokenPipeError), client.events():
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        pytest.param(
            lambda client: client.queue(to="123", from_=NUMBER, body="Hello"),
            "queue: Invalid 'to' phone number",
            "GET {url}/_plum/exchanges says why",
            id="queue",
        ),
        pytest.param(
            lambda client: client.status("0" * 32),
            "status: Invalid 'sms_message_id'",
            "GET {url}/_plum/exchanges says why",
            id="status",
        ),
        pytest.param(
            lambda client: client.messages(limit="many"),
            "messages: Invalid 'limit'",
            "GET {url}/_plum/exchanges says why",
            id="messages",
        ),
        pytest.param(
            lambda client: client.story("nonsense"),
            "account 'username' has no message 'nonsense'",
            "GET /_plum/messages lists them",
            id="story",
        ),
        pytest.param(
            lambda client: client.set_application("123", ""),
            "number: '123' is not a phone number",
            "write 10 digits, or 11 with a leading 1: 16175550123",
            id="set_application",
        ),
        pytest.param(
            lambda client: client.receive(from_=HANDSET, to=NUMBER, body=""),
            "the body is empty",
            "a text has at least one character",
            id="receive",
        ),
    ],
)
def test_a_refusal_is_told_in_the_emulators_own_words(client: Client, call: object, message: str, hint: str) -> None:
    assert callable(call)
    with pytest.raises(CallFailed) as failed:
        call(client)
    assert (failed.value.message, failed.value.hint) == (message, hint.format(url=client.url))


@pytest.mark.parametrize("name", ["messages", "numbers", "log", "exchanges", "reset", "events"])
def test_an_account_that_is_not_there_is_a_bad_setting(address: str, name: str) -> None:
    call = getattr(Client(url=address, username="nobody"), name)
    with pytest.raises(SettingsError, match="the emulator has no account 'nobody'"), ExitStack() as stack:
        stack.enter_context(call()) if name == "events" else call()


def test_a_wrong_password_is_a_bad_setting_and_is_not_told(address: str) -> None:
    stranger = Client(url=address, password="hunter2")
    with pytest.raises(SettingsError) as failed:
        stranger.messages()
    assert "hunter2" not in failed.value.one_line() + repr(stranger)


def test_nobody_there_is_told_with_what_to_do() -> None:
    client = Client(url=f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(ServerUnreachable) as failed:
        client.messages()
    assert failed.value.message == f"no emulator answers at {client.url}: [Errno 111] Connection refused"
    assert failed.value.hint == "start one with: plum-emulator serve, or name it with --url or PLUM_EMULATOR_URL"


def test_a_server_that_never_answers_is_given_up() -> None:
    with dead_receiver() as url, pytest.raises(ServerUnreachable, match="timed out"):
        Client(url=url, timeout=0.1).messages()


def test_a_server_that_hangs_up_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            listening.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ServerUnreachable):
            Client(url=f"http://127.0.0.1:{listening.getsockname()[1]}").messages()
        thread.join()


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"[]", b"", b"\xff"])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_server_that_is_no_emulator_is_told(body: bytes, status: int) -> None:
    def answer(_hit: Hit) -> Answer:
        return Answer(status=status, body=body)

    with receiver(answer) as other, pytest.raises(CallFailed, match="that is not an emulator's"):
        Client(url=other.url).numbers()
    with receiver(answer) as other:
        assert Client(url=other.url).ready() is (status == 200)


def test_a_stream_that_breaks_off_ends() -> None:
    """What came before it is there."""

    def serve() -> None:
        connection = listening.accept()[0]
        connection.recv(65536)
        event = b'data: {"event": "reset"}\n\n'
        connection.sendall(ENDLESS + b"d\r\n: listening\n\n\r\n" + b"%x\r\n%b\r\n" % (len(event), event) + b"5\r\nda")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        with Client(url=f"http://127.0.0.1:{listening.getsockname()[1]}").events() as events:
            assert next(events) == {"event": "reset"}
            with pytest.raises((StopIteration, ServerUnreachable)):
                next(events)
        thread.join()


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1", "https://127.0.0.1", "http://", "http://[::1", "http://a:b", "http://a/b", "http://a:99999"],
)
def test_an_address_that_is_none_is_a_bad_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="is not the address of an emulator"):
        Client(url=url).messages()


def test_the_address_of_an_emulator_may_end_with_a_slash(address: str) -> None:
    assert Client(url=address + "/").ready()
