"""Applications that a test serves: functions, WSGI applications, URLs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any
from unittest.mock import MagicMock

import pytest
from flask import Flask, request

from helpers.applications import serving
from helpers.programs import HANDSET
from plum_emulator.errors import NotPossible
from plum_emulator.testing import InboundText, Plum, PlumFailure, PlumServer
from plum_emulator.testing.applications import Answer


def flask_application() -> Flask:
    """It repeats what it hears, from any path."""
    app = Flask(__name__)

    @app.post("/")
    @app.post("/deep/<path:_>")
    def answer(_: str = "") -> str:
        return f"<reply><sms_message>{request.form['body']} at {request.script_root[:1]}</sms_message></reply>"

    return app


@pytest.mark.parametrize(
    ("answer", "bodies"),
    [
        pytest.param(None, [], id="nothing"),
        pytest.param("Hi & <bye>", ["Hi & <bye>"], id="a text"),
        pytest.param(["One", "Two"], ["One", "Two"], id="several"),
        pytest.param((), [], id="none of several"),
        pytest.param(" <reply><sms_message>Own</sms_message></reply>", ["Own"], id="reply XML"),
    ],
)
def test_a_function_answers_with(plum: Plum, answer: Answer, bodies: list[str]) -> None:
    """Nothing, a text, several, or reply XML of its own."""
    plum.application(lambda _: answer)

    plum.phone(HANDSET).texts("Hello")

    assert [message.body for message in plum.messages() if message.type != "inbound"] == bodies
    assert [post.ok for post in plum.posts()] == [True]


def test_a_function_may_have_parameters_with_defaults(plum: Plum) -> None:
    """One that it needs makes it a function, whatever else it has."""

    def answer(text: InboundText, greeting: str = "Hi", *more: str) -> str:
        return f"{greeting} {text}{more or ''}"

    plum.application(answer)

    assert texted(plum) == "Hi Hello"


def test_a_mock_is_a_function(plum: Plum) -> None:
    """It hears the text, and answers what it was told to."""
    heard = MagicMock(return_value="Hi")
    plum.application(heard)

    assert texted(plum) == "Hi"
    assert heard.call_args.args[0].body == "Hello"


def test_a_flask_application_is_served_under_its_url(plum: Plum) -> None:
    """With the paths below it."""
    url = plum.application(flask_application())
    top = texted(plum)
    plum.application(f"{url}/deep/down")

    assert (top, texted(plum)) == ("Hello at /", "Hello at /")


def test_a_bare_wsgi_application_is_served(plum: Plum) -> None:
    """Anything with an environ and a start_response."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/xml")])
        return [b"<reply><sms_message>", environ["REQUEST_METHOD"].encode(), b"</sms_message></reply>"]

    plum.application(application)

    assert texted(plum) == "POST"


def test_an_application_elsewhere_is_named_by_its_url(plum: Plum) -> None:
    """It is served by somebody else."""
    with serving(flask_application()) as url:
        assert plum.application(url) == url
        assert texted(plum) == "Hello at "


@pytest.mark.plum(numbers=2)
def test_each_number_may_have_an_application_of_its_own(plum: Plum) -> None:
    """Texts to the others go where they went."""
    plum.application(lambda _: "all")
    plum.application(lambda _: "second", number=plum.numbers[1])

    assert [texted(plum, to=number) for number in plum.numbers] == ["all", "second"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), pytest.fail.Exception("no", pytrace=False)])
def test_what_a_function_raises_is_raised_in_the_test(plum: Plum, error: BaseException) -> None:
    """At the line that let it answer; once. The emulator has seen a 500."""

    def answer(_: InboundText) -> str:
        raise error

    plum.application(answer)

    with pytest.raises(type(error)) as raised:
        plum.phone(HANDSET).texts("Hello")
    plum.advance("5s")

    assert raised.value is error
    assert [post.http_status for post in plum.posts()] == [500]


def test_an_answer_that_is_none_is_raised_in_the_test(plum: Plum) -> None:
    """A number is no reply."""
    plum.application(lambda _: 5)  # type: ignore[arg-type] # the mistake

    with pytest.raises(TypeError):
        plum.phone(HANDSET).texts("Hello")


def test_what_it_raised_is_why_an_expectation_fails(plum: Plum) -> None:
    """The cause is told, not that nothing came."""

    def answer(_: InboundText) -> str:
        raise ValueError("no")

    plum.application(answer)
    plum.phone(HANDSET).texts("Hello", settle=False)

    with pytest.raises(ValueError, match="no"):
        plum.expect(body="Hi", timeout=0)


def test_a_function_may_use_the_account(plum: Plum) -> None:
    """It may look, and even move the clock, while it answers."""

    def answer(text: InboundText) -> str:
        plum.advance("1s")
        return f"{len(plum.messages())} message, {text}"

    plum.application(answer)
    plum.phone(HANDSET).texts("Hello")

    assert plum.expect(type="reply").body == "1 message, Hello"


def test_an_asynchronous_application_is_refused(plum: Plum) -> None:
    """With what to do: it has a server of its own."""

    async def answer(text: InboundText) -> str:
        return str(text)

    with pytest.raises(NotPossible, match="asynchronous"):
        plum.application(answer)  # type: ignore[arg-type] # the mistake


def test_a_served_function_takes_status_changes_too(plum: Plum) -> None:
    """`serve` gives a URL for a result URL."""
    app = Flask(__name__)
    told: list[str] = []

    @app.post("/")
    def result() -> str:
        told.append(request.form["status"])
        return ""

    plum.client.queue(to=HANDSET, from_=plum.number, body="Hello", result_url=plum.serve(app))
    plum.advance("5s")

    assert told == ["sent", "received"]
    assert [attempt.status for attempt in plum.callbacks()] == told


def test_an_application_is_served_no_more_when_its_account_has_ended(plum_server: PlumServer) -> None:
    """Late posts of another test cannot reach it, and its threads have gone with the server."""
    with PlumServer(plum_server.url) as server:
        with server.leased() as one:
            url = one.application(lambda _: "Hi")
            assert texted(one) == "Hi"
        with server.leased() as two:
            two.application(url)
            two.phone(HANDSET).texts("Hello")
            assert [post.http_status for post in two.posts()] == [404]
        before = [thread for thread in threading.enumerate() if thread.name == "plum-applications"]
    after = [thread for thread in threading.enumerate() if thread.name == "plum-applications"]

    assert len(before) - len(after) == 1


def texted(plum: Plum, *, to: str = "") -> str:
    """What a text is answered with."""
    inbound = plum.phone(HANDSET).texts("Hello", to=to)
    replies = [message for message in plum.messages() if message.from_ == inbound.to]
    assert replies, PlumFailure(plum.posts())
    return replies[-1].body
