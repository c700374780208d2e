"""An application is tried with a sample text: posted and judged as any text is, and nothing comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.house import APPLICATION, HANDSET, MINE, NOW, OTHER, PCI, RESULTS, House, PromptTransport
from helpers.laws import examples
from helpers.loops import in_loop
from plum_emulator.engine.trying import SAMPLE_ID, Reply, Trial
from plum_emulator.errors import NotPossible
from plum_emulator.model.accounts import Number, Options, Seed
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.messages import Draft
from plum_emulator.wire.answers import Order

MAGIC_LANDLINE = "16175550153"


def a_house(**more: object) -> House:
    """A house whose application answers at once, on a clock that stands still."""
    house = House(transport=PromptTransport(), **more)  # type: ignore[arg-type] # as House takes them
    house.make_manual()
    return house


@pytest.fixture
def house() -> Iterator[House]:
    with a_house() as house:
        yield house


def answering(house: House, document: str | bytes, *, status: int = 200) -> None:
    """Let the application answer with this."""
    body = document.encode() if isinstance(document, str) else document
    house.transport.answer = lambda _request: Outcome(status=status, body=body)


async def tried(house: House, body: str = "hello", *, from_: str = HANDSET, to: str = MINE) -> Trial:
    return await house.emulator.trying.post(house.account, to=to, from_=from_, body=body)


def reply(body: str, *, to: str = HANDSET, from_: str = MINE, result_url: str = "") -> Draft:
    return Draft(type="reply", to=to, from_=from_, body=body, result_url=result_url, in_reply_to=0)


@in_loop
async def test_sample_is_posted_as_a_text_is_but_for_its_id(house: House) -> None:
    """The same URL, headers, fields in their order, and time-out; the id is one that no message has."""
    text = "héllo & wörld\r\n\U0001f600"
    trial = await tried(house, text, from_="(212) 555-0123")
    message = house.receive(text)
    await house.emulator.advances.advance(house.account)
    first, second = house.transport.sent
    assert trial.request == first
    assert first == OutgoingRequest(
        url=second.url,
        body=second.body.replace(message.sms_message_id.encode(), SAMPLE_ID.encode()),
        headers=second.headers,
        timeout=second.timeout,
        method=second.method,
    )
    assert parse_qsl(first.body.decode()) == [
        ("sms_message_id", SAMPLE_ID),
        ("to", MINE),
        ("from", HANDSET),
        ("body", text),
    ]


@in_loop
async def test_nothing_is_kept_sent_told_or_counted(house: House) -> None:
    """No message, no opt-out, no exchange, no event, no rule that fires, no id that is used up."""
    rule = {"when": {"operation": "inbound"}, "then": {"inbound_twice": True}}
    house.emulator.rules.put(house.account, rule)
    house.events.clear()
    answering(house, f'<reply><sms_message result_url="{RESULTS}">answer</sms_message></reply>')
    await tried(house, "STOP")
    await house.emulator.advances.advance(house.account, until="idle")
    assert (len(house.transport.sent), house.events, house.log(), house.account.exchanges) == (1, [], [], 0)
    assert [(count.matches, count.fired) for _, count in house.emulator.rules.of(house.account)] == [(0, 0)]
    assert (house.platform.next_due(house.account), house.account.issued, house.platform.now(house.account)) == (
        None,
        0,
        NOW,
    )


@in_loop
async def test_replies_are_those_that_would_be_sent(house: House) -> None:
    """Addressed, cut, and with what would become of them, or why they would not be sent."""
    answering(
        house,
        f"""<reply>
          <sms_message>plain</sms_message>
          <sms_message to="(617) 555-0142" result_url=" {RESULTS} ">{"x" * 170}</sms_message>
          <sms_message to="{MAGIC_LANDLINE}">to a landline</sms_message>
          <sms_message to="12">nowhere</sms_message>
          <sms_message from="{OTHER}">not mine</sms_message>
          <sms_message> </sms_message>
        </reply>""",
    )
    trial = await tried(house)
    assert (trial.error, trial.asked) == (None, 6)
    assert trial.replies == (
        Reply(draft=reply("plain"), texts=("plain",)),
        Reply(draft=reply("x" * 170, to="16175550142", result_url=RESULTS), texts=("x" * 160, "x" * 10)),
        Reply(
            draft=reply("to a landline", to=MAGIC_LANDLINE),
            texts=("to a landline",),
            note=f"To number: +{MAGIC_LANDLINE}, is not a mobile number",
        ),
        Reply(
            draft=reply("nowhere", to="12"),
            texts=("nowhere",),
            problem="to: '12' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123",
        ),
        Reply(
            draft=reply("not mine", from_=OTHER),
            texts=("not mine",),
            problem=f"from: {OTHER} is not one of the account's SMS numbers: {MINE}",
        ),
        Reply(draft=reply(" "), texts=(" ",), problem="the text of the sms_message is empty"),
    )


@in_loop
async def test_reply_to_an_opted_out_handset_is_told_what_becomes_of_it(house: House) -> None:
    house.receive("STOP")
    await house.emulator.advances.advance(house.account)
    answering(house, "<reply><sms_message>answer</sms_message></reply>")
    trial = await tried(house)
    assert [each.note for each in trial.replies] == ["Attempt to send to unsubscribed recipient"]


@in_loop
async def test_of_very_many_replies_the_first_hundred_are_looked_at(house: House) -> None:
    answering(house, "<reply>" + "<sms_message>again</sms_message>" * 250 + "</reply>")
    trial = await tried(house)
    assert (trial.asked, len(trial.replies)) == (250, 100)


BAD_ANSWERS = {
    "not valid": (
        Outcome(status=200, body=b"<reply>\n  <sms/></reply>"),
        "line 2, column 3: not valid against the SMS Reply Schema: Unexpected child with tag 'sms' at position 1",
    ),
    "not well-formed": (
        Outcome(status=200, body=b"<reply>"),
        "line 1, column 8: not well-formed XML: no element found",
    ),
    "empty": (Outcome(status=200), "the answer is empty"),
    "an error of the application": (
        Outcome(status=500, body=b"<reply/>"),
        "the application's answer is not used: answered 500, a 2xx was expected",
    ),
    "none": (
        Outcome(error="no answer within 15 s"),
        "the application's answer is not used: no answer within 15 s",
    ),
}


@pytest.mark.parametrize(("outcome", "message"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@in_loop
async def test_answer_that_cannot_be_used_is_told_with_the_reason(house: House, outcome: Outcome, message: str) -> None:
    house.transport.answer = lambda _request: outcome
    trial = await tried(house)
    assert trial.error is not None
    assert (trial.error.message, trial.outcome, trial.asked, trial.replies) == (message, outcome, 0, ())


@in_loop
async def test_time_out_is_the_accounts_own() -> None:
    number = Number(number=MINE, application_url=APPLICATION)
    seed = Seed(username="username", password="password", numbers=(number,), options=Options(application_timeout=0.25))
    with a_house(seeds=[seed]) as house:
        assert (await tried(house)).request.timeout == 0.25


@in_loop
async def test_path_of_the_emulator_is_posted_to_the_emulator(house: House) -> None:
    house.platform.set_application(house.account, MINE, "/demo")
    assert (await tried(house)).request.url == "http://127.0.0.1:7586/demo"


REFUSED = {
    "from nobody": (
        {"from_": "12"},
        "from: '12' is not a phone number; write 10 digits, or 11 with a leading 1: 16175550123",
    ),
    "from itself": ({"from_": MINE}, f"{MINE} cannot text itself; let a handset be 'from': 16175550123"),
    "empty": ({"body": ""}, "the text is empty; a text has at least one character"),
    "a word of the carrier's": (
        {"body": " help "},
        "a HELP word is answered by the carrier, and is not forwarded to the application; try another text",
    ),
    "to a PCI number": (
        {"to": PCI},
        f"{PCI} has no Application URL, so there is nothing to try; save one first",
    ),
    "to another account's number": (
        {"to": OTHER},
        f"{OTHER} has no Application URL, so there is nothing to try; save one first",
    ),
}


@pytest.mark.parametrize(("sample", "message"), REFUSED.values(), ids=REFUSED)
@in_loop
async def test_what_no_application_would_ever_get_is_not_tried(
    house: House, sample: dict[str, str], message: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        await tried(house, **sample)
    assert (refused.value.one_line(), house.transport.sent) == (message, [])


NUMBERS = st.none() | st.sampled_from(
    [HANDSET, MINE, OTHER, PCI, "617-555-0154", "6175550158", "6175550159", "12", "", "\u0661"]
)
ORDERS = st.builds(
    Order,
    body=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"))
    | st.just("long " * 70),
    to=NUMBERS,
    from_=NUMBERS,
    result_url=st.none() | st.sampled_from(["", RESULTS, "ftp://x", "  "]),
)


def answer_of(orders: list[Order]) -> str:
    """The document that asks for these."""

    def attribute(name: str, value: str | None) -> str:
        return "" if value is None else f" {name}={quoteattr(value)}"

    def element(order: Order) -> str:
        attributes = (("to", order.to), ("from", order.from_), ("result_url", order.result_url))
        written = "".join(attribute(name, value) for name, value in attributes)
        return f"<sms_message{written}>{escape(order.body)}</sms_message>"

    return f"<reply>{''.join(map(element, orders))}</reply>"


@examples(60)
@given(orders=st.lists(ORDERS, max_size=4))
def test_trial_foretells_what_a_real_text_leads_to(orders: list[Order]) -> None:
    """Whatever an application asks for, the replies of a trial are the messages that a real text is answered with."""

    @in_loop
    async def story() -> None:
        with a_house() as house:
            answering(house, answer_of(orders))
            trial = await tried(house)
            inbound = house.receive()
            await house.emulator.advances.advance(house.account)
            came = [
                (each.to, each.from_, each.body, each.result_url, each.reason if each.status == "failed" else "")
                for each in house.log()
                if each.in_reply_to == inbound.seq
            ]
            assert house.now(inbound).reason == (trial.error.one_line() if trial.error else None)
            assert came == [
                (each.draft.to, each.draft.from_, text, each.draft.result_url, each.problem)
                for each in trial.replies
                for text in each.texts
            ]

    story()
