"""What happens to a message that was queued, and who is told of it (clauses 5, 6 and 10)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest

from helpers.house import HANDSET, MINE, NOW, OK, OTHER, RESULTS, SEEDS, STRANGER, House
from plum_emulator.errors import Refusal
from plum_emulator.model.accounts import OPTED_OUT_MODES, Account, OptedOutMode, Seed
from plum_emulator.model.exchanges import Outcome, OutgoingRequest
from plum_emulator.model.listings import ExchangeFilter
from plum_emulator.settings import Settings

UNSUBSCRIBED = "Attempt to send to unsubscribed recipient"
ORDINARY = [("queued", 0), ("sent", 1000), ("received", 3000)]
HOUR = 3_600_000


def landline(number: str) -> str:
    return f"To number: +{number}, is not a mobile number"


@pytest.mark.parametrize(
    ("recipient", "history", "notification", "reason"),
    [
        (HANDSET, ORDINARY, None, None),
        ("12125550100", ORDINARY, None, None),
        ("19175550149", ORDINARY, None, None),
        ("19998881234", ORDINARY, None, None),
        ("12125560150", ORDINARY, None, None),
        ("12125550150", [("queued", 0), ("failed", 1000)], None, "the magic number 12125550150 fails at sending"),
        (
            "19175550151",
            [("queued", 0), ("sent", 1000), ("failed", 3000)],
            None,
            "the magic number 19175550151 fails after it was sent",
        ),
        (
            "12125550152",
            [("queued", 0), ("sent", 1000), ("undelivered", 3000)],
            None,
            "the magic number 12125550152 is undelivered after it was sent",
        ),
        ("12125550153", [("queued", 0), ("undelivered", 1000)], landline("12125550153"), None),
        ("15005550009", [("queued", 0), ("undelivered", 1000)], landline("15005550009"), None),
        ("12125550154", [("queued", 0), ("undelivered", 1000)], UNSUBSCRIBED, None),
        ("12125550155", [("queued", 0)], None, None),
        ("12125550156", [("queued", 0), ("sent", 1000)], None, None),
        ("12125550157", [("queued", 0), ("sent", 1000), ("received", 61_000)], None, None),
    ],
)
def test_recipient_chooses_the_statuses_and_each_is_posted_once(
    house: House, recipient: str, history: list[tuple[str, int]], notification: str | None, reason: str | None
) -> None:
    (message,) = house.queue(to=recipient, url=RESULTS)
    house.advance(HOUR)
    now = house.now(message)
    assert (house.history(message), now.notification, now.reason) == (history, notification, reason)
    assert house.callbacks(message) == [status for status, _ in history[1:]]
    exchanges = house.platform.story(house.account, message.sms_message_id).exchanges
    assert [(exchange.operation, exchange.at - NOW, exchange.url) for exchange in exchanges] == [
        ("callback", at, RESULTS) for _, at in history[1:]
    ]


def test_refused_recipient_leaves_no_message_and_nothing_to_come(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        house.queue(to="12125550158", url=RESULTS)
    assert (refused.value.message, refused.value.reason) == (
        "Error sending sms request",
        "the magic number 12125550158 is refused by the queue service",
    )
    house.advance(HOUR)
    assert (house.log(), house.transport.sent, house.events) == ([], [], [])


def test_status_does_not_change_before_its_instant(house: House) -> None:
    (message,) = house.queue()
    seen = []
    for step in (999, 1, 1999, 1):
        house.advance(step)
        seen.append(house.now(message).status)
    assert seen == ["queued", "sent", "sent", "received"]


def test_statuses_have_their_planned_instants_even_when_the_clock_jumps(house: House) -> None:
    (message,) = house.queue(url=RESULTS)
    house.clock.move_to(NOW + HOUR)
    house.advance()
    assert house.history(message) == ORDINARY
    assert house.callbacks(message) == ["sent", "received"]


def test_callback_is_a_form_of_id_and_status(house: House) -> None:
    (message,) = house.queue(url=RESULTS + "?a=b=c&d")
    house.advance(1000)
    (request,) = house.transport.sent
    assert (request.method, request.url, parse_qsl(request.body.decode()), request.timeout) == (
        "POST",
        RESULTS + "?a=b=c&d",
        [("sms_message_id", message.sms_message_id), ("status", "sent")],
        10.0,
    )


def test_without_a_result_url_nothing_is_posted(house: House) -> None:
    (message,) = house.queue()
    house.advance(HOUR)
    assert (house.history(message), house.transport.sent) == (ORDINARY, [])


def test_long_body_becomes_several_messages_each_with_its_own_life(house: House) -> None:
    """Over 160 characters: one resource, id, lifecycle and callback sequence for each part, in order (clause 4)."""
    parts = house.queue("a" * 160 + "b" * 160 + "c", url=RESULTS)
    house.advance(HOUR)
    assert [part.body for part in parts] == ["a" * 160, "b" * 160, "c"]
    assert len({part.sms_message_id for part in parts}) == 3
    assert [house.history(part) for part in parts] == [ORDINARY] * 3
    assert [house.callbacks(part) for part in parts] == [["sent", "received"]] * 3
    assert [message.body for message in house.log()] == [part.body for part in parts]


def test_next_callback_of_a_message_waits_until_the_one_before_has_ended(house: House) -> None:
    """Callbacks of one message arrive in the order of its statuses; nobody else waits for them (clause 6)."""
    (slow,) = house.queue("slow", url=RESULTS)
    (quick,) = house.queue("quick", url=RESULTS)
    go_to(house, 1000)
    (_, slow_ended), (_, quick_ended) = house.transport.waiting
    quick_ended(OK)
    go_to(house, 3000)
    assert (house.history(slow), house.history(quick)) == (ORDINARY, ORDINARY)
    assert (house.callbacks(slow), house.callbacks(quick)) == (["sent"], ["sent", "received"])
    go_to(house, 9000)
    slow_ended(OK)
    go_to(house, 9000)
    assert house.callbacks(slow) == ["sent", "received"]


def go_to(house: House, milliseconds: int) -> None:
    """Let everything happen up to this instant, without answers to what is posted."""
    house.clock.move_to(NOW + milliseconds)
    for account in house.accounts:
        house.worker.run_due(account.id)


def refusing(count: int) -> Callable[[OutgoingRequest], Outcome]:
    """A receiver that fails so many times, and then takes everything."""
    left = [Outcome(status=500)] * count

    def answer(_request: OutgoingRequest) -> Outcome:
        return left.pop() if left else Outcome(status=204)

    return answer


def attempts(house: House) -> list[tuple[str, int | None, int, str]]:
    """Every kept callback: its status, its attempt, its instant and what came of it, oldest first."""
    kept = house.platform.exchanges(house.account, limit=1000, filter=ExchangeFilter(operation="callback")).rows
    return [
        (dict(parse_qsl(e.request_body.decode()))["status"], e.attempt, e.at - NOW, e.outcome) for e in reversed(kept)
    ]


FAILED = "answered 500, a 2xx was expected"


def test_failed_callback_is_not_tried_again_unless_asked_for(house: House) -> None:
    house.transport.answer = refusing(1)
    house.queue(url=RESULTS)
    house.advance(HOUR)
    assert attempts(house) == [("sent", 1, 1000, FAILED), ("received", 1, 3000, "ok")]


def test_failed_callback_is_tried_again_with_longer_and_longer_pauses() -> None:
    house = House(settings=Settings(callback_attempts=4, callback_backoff=0.5))
    house.transport.answer = refusing(3)
    (message,) = house.queue(url=RESULTS)
    house.advance(HOUR)
    assert attempts(house) == [
        ("sent", 1, 1000, FAILED),
        ("sent", 2, 1500, FAILED),
        ("sent", 3, 2500, FAILED),
        ("sent", 4, 4500, "ok"),
        ("received", 1, 4500, "ok"),
    ]
    assert house.history(message) == ORDINARY
    house.close()


def test_callback_that_never_succeeds_is_given_up_and_the_next_one_goes_out() -> None:
    house = House(settings=Settings(callback_attempts=2, callback_backoff=1))
    house.transport.answer = refusing(4)
    house.queue(url=RESULTS)
    house.advance(HOUR)
    assert attempts(house) == [
        ("sent", 1, 1000, FAILED),
        ("sent", 2, 2000, FAILED),
        ("received", 1, 3000, FAILED),
        ("received", 2, 4000, FAILED),
    ]
    house.close()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(status=200), "ok"),
        (Outcome(status=299), "ok"),
        (Outcome(status=199), "answered 199, a 2xx was expected"),
        (Outcome(status=302), "answered 302, a 2xx was expected"),
        (Outcome(error="no answer within 10 s"), "no answer within 10 s"),
        (Outcome(status=200, error="end of response with 5 bytes missing"), "end of response with 5 bytes missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_came_of_a_callback_is_kept_in_words(house: House, outcome: Outcome, words: str) -> None:
    house.transport.answer = lambda _request: outcome
    house.queue(to="12125550156", url=RESULTS)
    house.advance(HOUR)
    assert attempts(house) == [("sent", 1, 1000, words)]


def test_body_that_answers_a_callback_is_ignored(house: House) -> None:
    """Even one that would be an answer to a text."""
    house.transport.answer = lambda _request: Outcome(status=200, body=BACK)
    (message,) = house.queue(url=RESULTS)
    house.advance(HOUR)
    assert (house.log(), house.callbacks(message)) == ([house.now(message)], ["sent", "received"])


def test_message_to_another_emulated_number_arrives_there(house: House) -> None:
    (message,) = house.queue("over there", to=OTHER)
    house.advance(2999)
    assert house.log(house.second) == []
    house.advance(1)
    (inbound,) = house.log(house.second)
    assert (inbound.type, inbound.to, inbound.from_, inbound.body, inbound.status, inbound.requested_at) == (
        "inbound",
        OTHER,
        MINE,
        "over there",
        "received",
        NOW + 3000,
    )
    assert inbound.sms_message_id != message.sms_message_id
    assert house.log() == [house.now(message)]


BACK = b"<reply><sms_message>back</sms_message></reply>"


def test_arrived_message_is_posted_to_the_application_of_the_number(house: House) -> None:
    house.platform.set_application(house.second, OTHER, "http://127.0.0.1:8000/other")
    house.platform.set_application(house.account, MINE, "")
    house.transport.answer = lambda _request: Outcome(status=200, body=BACK)
    house.queue("hello", to=OTHER)
    house.advance(3000)
    assert [request.url for request in house.transport.sent] == ["http://127.0.0.1:8000/other"]
    house.advance(3000)
    assert [(m.type, m.to, m.from_, m.body) for m in house.log()] == [
        ("outbound", OTHER, MINE, "hello"),
        ("inbound", MINE, OTHER, "back"),
    ]
    assert [m.type for m in house.log(house.second)] == ["inbound", "reply"]


def test_stop_from_an_emulated_number_opts_it_out(house: House) -> None:
    house.queue("STOP", to=MINE, account=house.second)
    house.advance(3000)
    (message,) = house.queue(to=OTHER)
    house.advance(HOUR)
    assert (house.now(message).status, house.now(message).notification) == ("undelivered", UNSUBSCRIBED)


OUT = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
IN = (
    "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP = "Reply STOP to unsubscribe. Msg&Data Rates May Apply"


@pytest.mark.parametrize(
    ("word", "text", "forwarded"),
    [
        ("STOP", OUT, True),
        (" cancel\n", OUT, True),
        ("End", OUT, True),
        ("QUIT", OUT, True),
        ("STOPALL", OUT, True),
        ("UNSUBSCRIBE", OUT, True),
        ("START", IN, True),
        ("yes", IN, True),
        ("UNSTOP", IN, True),
        ("HELP", HELP, False),
        ("info", HELP, False),
    ],
)
def test_keyword_brings_its_automatic_text_and_is_forwarded_unless_it_is_help(
    house: House, word: str, text: str, forwarded: bool
) -> None:
    """HELP words are answered by the carrier and never forwarded (clause 10)."""
    message = house.receive(word)
    house.advance(HOUR)
    story = house.platform.story(house.account, message.sms_message_id)
    assert [(t.handset, t.number, t.body, t.at) for t in story.automatic_texts] == [(HANDSET, MINE, text, NOW)]
    assert [dict(parse_qsl(r.body.decode()))["body"] for r in house.transport.sent] == ([word] if forwarded else [])
    assert house.log() == [house.now(message)], "an automatic text is on the handset, not in the log"
    assert (story.message.status, story.message.reason is None) == ("received", forwarded)


@pytest.mark.parametrize("word", ["STOP please", "don't stop", "", "STOP STOP", "stop."])
def test_word_within_a_longer_text_is_no_keyword(house: House, word: str) -> None:
    house.receive(word or "-")
    (message,) = house.queue()
    house.advance(HOUR)
    assert house.now(message).status == "received"


def test_opt_out_holds_for_the_pair_of_number_and_handset(house: House) -> None:
    house.receive("STOP")
    out, *others = [
        house.queue(to=HANDSET),
        house.queue(to=STRANGER),
        house.queue(to=HANDSET, account=house.second),
    ]
    house.advance(HOUR)
    assert house.now(out[0]).status == "undelivered"
    assert [house.now(other[0]).status for other in others] == ["received", "received"]


def test_start_opts_in_again(house: House) -> None:
    house.receive("STOP")
    house.receive("STOP")
    house.receive("START")
    (message,) = house.queue()
    house.advance(HOUR)
    assert house.history(message) == ORDINARY


def test_opt_out_counts_when_the_message_is_queued(house: House) -> None:
    (before,) = house.queue()
    house.receive("STOP")
    (after,) = house.queue()
    house.receive("START")
    house.advance(HOUR)
    assert (house.now(before).status, house.now(after).status) == ("received", "undelivered")


def with_mode(mode: OptedOutMode) -> House:
    first = SEEDS[0]
    return House(
        seeds=[
            Seed(username=first.username, password=first.password, numbers=first.numbers, opted_out=mode),
            SEEDS[1],
        ]
    )


REFUSALS = {"generic": "Error sending sms request", "detailed": UNSUBSCRIBED}


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
@pytest.mark.parametrize("recipient", [HANDSET, "12125550154"], ids=["sent STOP", "magic"])
def test_sending_to_an_opted_out_handset_goes_by_the_setting(mode: OptedOutMode, recipient: str) -> None:
    """Plum documents two different things, so it is a setting (clause 10)."""
    house = with_mode(mode)
    house.receive("STOP", from_=recipient)
    if mode == "undelivered":
        (message,) = house.queue(to=recipient, url=RESULTS)
        house.advance(HOUR)
        assert house.history(message) == [("queued", 0), ("undelivered", 1000)]
        assert house.now(message).notification == UNSUBSCRIBED
        assert house.callbacks(message) == ["undelivered"]
    else:
        with pytest.raises(Refusal) as refused:
            house.queue(to=recipient, url=RESULTS)
        assert (refused.value.message, refused.value.reason) == (
            REFUSALS[mode],
            f"{recipient} has opted out of this number",
        )
        assert [message.type for message in house.log()] == ["inbound"]
    house.close()


def replies(house: House, account: Account | None = None) -> list[tuple[str, str | None, str | None]]:
    return [(m.status, m.notification, m.reason) for m in house.log(account) if m.type == "reply"]


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("undelivered", ("undelivered", UNSUBSCRIBED, None)),
        ("generic", ("failed", None, f"Error sending sms request: {HANDSET} has opted out of this number")),
        ("detailed", ("failed", None, f"{UNSUBSCRIBED}: {HANDSET} has opted out of this number")),
    ],
)
def test_reply_to_an_opted_out_handset_goes_by_the_setting(
    mode: OptedOutMode, kept: tuple[str, str | None, str | None]
) -> None:
    house = with_mode(mode)
    house.transport.answer = lambda _request: Outcome(status=200, body=BACK)
    house.receive("STOP")
    house.advance(HOUR)
    assert replies(house) == [kept]
    house.close()
