"""Statuses reach the result URL: in order, once each, and nobody waits for somebody else's receiver (clause 6)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers.programs import HANDSET, NUMBER, QUICK, Emulator, emulator
from helpers.receivers import Answer, Hit, Receiver, closed_port, dead_receiver, receiver
from helpers.tools import tool
from helpers.watching import watching
from plum_emulator.client import Client

pytestmark = pytest.mark.journey


def send(client: Client, result_url: str, *, to: str = HANDSET, body: str = "Hello") -> str:
    """The id of a message that was queued."""
    [message] = client.queue(to=to, from_=NUMBER, body=body, result_url=result_url)
    return str(message["sms_message_id"])


def outcomes(client: Client, sms_message_id: str) -> list[tuple[str, str]]:
    """What came of each callback of a message: what it told, and how that ended."""
    return [
        (exchange["request"]["body"].rpartition("=")[2], exchange["outcome"])
        for exchange in client.story(sms_message_id)["exchanges"]
        if exchange["operation"] == "callback"
    ]


def test_statuses_are_posted_as_a_form_in_their_order(shared: Emulator, results: Receiver) -> None:
    """Path and query of the result URL are kept untouched; `queued` is not told."""
    id_ = send(shared.client(), f"{results.url}/a%2Fb/../c;d?x=1&y=%41+b&z")
    hits = results.wait_for(2)
    assert [(hit.method, hit.path, hit.body.decode()) for hit in hits] == [
        ("POST", "/a%2Fb/../c;d?x=1&y=%41+b&z", f"sms_message_id={id_}&status=sent"),
        ("POST", "/a%2Fb/../c;d?x=1&y=%41+b&z", f"sms_message_id={id_}&status=received"),
    ]
    assert hits[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        pytest.param("0150", ["failed"], id="fails at sending"),
        pytest.param("0151", ["sent", "failed"], id="fails after sent"),
        pytest.param("0152", ["sent", "undelivered"], id="undelivered"),
        pytest.param("0153", ["undelivered"], id="landline"),
        pytest.param("0154", ["undelivered"], id="opted out"),
    ],
)
def test_a_magic_number_chooses_the_statuses_that_are_told(
    shared: Emulator, results: Receiver, line: str, statuses: list[str]
) -> None:
    """The recipient `NXX-555-01nn` picks the outcome."""
    id_ = send(shared.client(), results.url, to=f"1617555{line}")
    assert [hit.status for hit in results.wait_for(len(statuses))] == [(id_, status) for status in statuses]


def test_each_part_of_a_long_message_has_its_own_callbacks(shared: Emulator, results: Receiver) -> None:
    """400 characters are three messages, six callbacks."""
    parts = shared.client().queue(to=HANDSET, from_=NUMBER, body="x" * 400, result_url=results.url)
    hits = results.wait_for(6)
    for part in parts:
        mine = [hit.status for hit in hits if hit.fields["sms_message_id"] == part["sms_message_id"]]
        assert mine == [(part["sms_message_id"], "sent"), (part["sms_message_id"], "received")]


def test_many_messages_at_once_have_their_statuses_in_order(shared: Emulator, results: Receiver) -> None:
    """However many there are, `received` never overtakes `sent`."""
    client = shared.client()
    ids = [send(client, results.url) for _ in range(150)]
    seen: dict[str, list[str]] = {id_: [] for id_ in ids}
    for hit in results.wait_for(2 * len(ids)):
        seen[hit.fields["sms_message_id"]].append(hit.fields["status"])
    assert seen == {id_: ["sent", "received"] for id_ in ids}


def test_a_slow_receiver_gets_the_next_status_only_after_it_answered(shared: Emulator) -> None:
    """Callbacks of one message never overlap."""
    open_now: list[str] = []
    overlaps: list[str] = []
    with watching(shared.client()) as watch:

        def answer(hit: Hit) -> Answer:
            overlaps.extend(open_now)
            open_now.append(hit.fields["status"])
            if hit.fields["status"] == "sent":
                watch.status(hit.fields["sms_message_id"], "received")  # the next status is there; it has to wait
            open_now.remove(hit.fields["status"])
            return Answer()

        with receiver(answer) as slow:
            id_ = send(shared.client(), slow.url)
            assert [hit.status for hit in slow.wait_for(2)] == [(id_, "sent"), (id_, "received")]
    assert overlaps == []


@pytest.mark.parametrize("each", ["one path", "a path for each"])
def test_a_dead_receiver_delays_no_other_message(results: Receiver, each: str) -> None:
    """Hundreds of messages to a server that takes connections and never answers; one message elsewhere."""
    with dead_receiver() as dead, emulator(*QUICK, "--callback-timeout", "60") as running:
        client = running.client()
        with watching(client) as watch:
            stuck = [send(client, f"{dead}/{place if each != 'one path' else ''}") for place in range(700)]
            watch.status(stuck[-1], "received")
            id_ = send(client, results.url)
            assert [hit.status for hit in results.wait_for(2)] == [(id_, "sent"), (id_, "received")]
        assert outcomes(client, stuck[0]) == []


def test_a_receiver_that_is_too_slow_is_given_up_and_the_message_goes_on() -> None:
    """After the time-out of one callback comes the next."""
    with dead_receiver() as dead, emulator(*QUICK, "--callback-timeout", "0.3") as running:
        client = running.client()
        with watching(client) as watch:
            id_ = send(client, dead)
            watch.callback(id_, "received")
        assert outcomes(client, id_) == [("sent", "no answer within 0.3 s"), ("received", "no answer within 0.3 s")]
        assert client.status(id_)["status"] == "received"


def test_a_receiver_that_is_not_there_leaves_a_reason(shared: Emulator) -> None:
    """The message runs its course all the same."""
    port = closed_port()
    client = shared.client()
    with watching(client) as watch:
        id_ = send(client, f"http://127.0.0.1:{port}/")
        watch.callback(id_, "received")
    (first, why), (second, _) = outcomes(client, id_)
    assert (first, second) == ("sent", "received")
    assert f"127.0.0.1:{port}" in why


def test_an_answer_other_than_2xx_is_kept_and_a_redirect_is_not_followed(shared: Emulator) -> None:
    """One attempt by default."""

    def answer(_hit: Hit) -> Answer:
        return Answer(status=307, headers={"Location": "/elsewhere"})

    client = shared.client()
    with receiver(answer) as elsewhere, watching(client) as watch:
        id_ = send(client, f"{elsewhere.url}/r")
        watch.callback(id_, "received")
    assert [hit.path for hit in elsewhere.hits] == ["/r", "/r"]
    assert outcomes(client, id_) == [
        ("sent", "answered 307, a 2xx was expected"),
        ("received", "answered 307, a 2xx was expected"),
    ]


def test_a_callback_that_fails_is_tried_again_when_that_is_set() -> None:
    """`--callback-attempts 3`: the next status waits until the last attempt has ended."""
    answers = iter([503, 503, 200, 200])

    def answer(_hit: Hit) -> Answer:
        return Answer(status=next(answers))

    options = (*QUICK, "--callback-attempts", "3", "--callback-backoff", "0.05")
    with receiver(answer) as moody, emulator(*options) as running:
        id_ = send(running.client(), moody.url)
        assert [hit.fields["status"] for hit in moody.wait_for(4)] == ["sent", "sent", "sent", "received"]
        assert [hit.fields["sms_message_id"] for hit in moody.hits] == [id_] * 4


def test_a_certificate_that_nobody_vouches_for_leaves_a_reason(shared: Emulator, tmp_path: Path) -> None:
    """https is checked as everybody checks it; nothing is told to a server that may be somebody else."""
    certificate = tmp_path / "certificate.pem"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(certificate))
    subprocess.run(
        [
            tool("openssl"),
            "req",
            "-x509",
            "-days",
            "1",
            "-subj",
            "/CN=127.0.0.1",
            *key,
            "-out",
            tmp_path / "public.pem",
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    certificate.write_text(certificate.read_text() + (tmp_path / "public.pem").read_text())
    client = shared.client()
    with receiver(certificate=certificate) as secret, watching(client) as watch:
        id_ = send(client, secret.url)
        watch.callback(id_, "received")
    assert secret.hits == []
    assert [why[:15] for _, why in outcomes(client, id_)] == ["SSL certificate"] * 2


def test_a_stranger_on_the_internet_is_never_called(shared: Emulator) -> None:
    """An address that is neither this machine nor a private network is refused; the reason says how to allow it."""
    client = shared.client()
    with watching(client) as watch:
        id_ = send(client, "http://203.0.113.7/results")
        watch.callback(id_, "received")
    reason = "refused: 203.0.113.7 is not on this machine or a private network; allow it with --egress 203.0.113.7"
    assert outcomes(client, id_) == [("sent", reason), ("received", reason)]
