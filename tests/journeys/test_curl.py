"""curl, as people and scripts use it."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from helpers.envelopes import resources_of
from helpers.programs import COMMAND, HANDSET, NUMBER, Emulator, plain_environment
from helpers.tools import tool
from helpers.watching import watching

pytestmark = pytest.mark.journey
LOGIN = ("-u", "username:password")
FIELDS = ("-d", f"to={HANDSET}", "-d", f"from={NUMBER}")


def curl(*arguments: str) -> str:
    """What curl prints."""
    ran = subprocess.run(
        [tool("curl"), "--silent", "--show-error", "--noproxy", "*", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def queue(shared: Emulator, *arguments: str, service: str = "queue.json") -> str:
    """What the queue service answers to curl."""
    return curl(*LOGIN, *arguments, f"{shared.url}/ws/sms/{service}")


def test_the_line_in_the_banner_works_when_it_is_pasted() -> None:
    """`serve` prints a curl line; pasted into a shell, it queues a message."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, env=plain_environment()
    )
    try:
        assert process.stdout is not None
        banner = []
        while "Stop with" not in (line := process.stdout.readline()):
            banner.append(line.strip())
        [pasted] = [line for line in banner if line.startswith("curl ")]
        [message] = resources_of(curl(*shlex.split(pasted)[1:]))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert (message["body"], message["from"], message["status"]) == ("Hello", NUMBER, "queued")
    assert process.returncode == 0


def test_a_url_encoded_post_is_queued(shared: Emulator) -> None:
    """`--data-urlencode` escapes; the text comes back as it was."""
    body = "naïve & 50% off + 1 = 日本 \U0001f600"
    [message] = resources_of(queue(shared, *FIELDS, "--data-urlencode", f"body={body}"))
    assert message["body"] == body


def test_a_multipart_post_is_queued(shared: Emulator) -> None:
    """`-F` sends multipart/form-data."""
    [message] = resources_of(queue(shared, "-F", f"to={HANDSET}", "-F", f"from={NUMBER}", "-F", "body=naïve & co"))
    assert message["body"] == "naïve & co"


def test_a_large_body_with_expect_is_told_to_continue_and_cut_into_parts(shared: Emulator, tmp_path: Path) -> None:
    """curl waits for `100 Continue` before a large body; over 160 characters, a body becomes several messages."""
    body = "".join(f"{place:08d}" for place in range(2000))
    (tmp_path / "body.txt").write_text(body)
    headers = tmp_path / "headers.txt"
    answer = queue(
        shared,
        *("-H", "Expect: 100-continue", "--expect100-timeout", "20", "-D", str(headers)),
        *(*FIELDS, "--data-urlencode", f"body@{tmp_path / 'body.txt'}"),
    )
    messages = resources_of(answer)
    assert headers.read_text().splitlines()[0] == "HTTP/1.1 100 Continue"
    assert [len(message["body"]) for message in messages] == [160] * 100
    assert "".join(message["body"] for message in messages) == body


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(shared: Emulator, tmp_path: Path) -> None:
    """With Expect, the refusal comes in place of `100 Continue`."""
    (tmp_path / "body.txt").write_text("x" * 2 * 1024 * 1024)
    answer = queue(shared, *FIELDS, "--data-urlencode", f"body@{tmp_path / 'body.txt'}", "-w", "%{http_code}")
    assert answer == '{"status":"failure","error":"Request too large"}413'


def test_xml_is_answered_when_the_path_asks_for_it(shared: Emulator) -> None:
    """The extension picks the format."""
    answer = queue(shared, *FIELDS, "-d", "body=Hello", service="queue.xml")
    [message] = resources_of(answer)
    assert answer == (
        '<?xml version="1.0" encoding="utf-8"?>\n<queue><status>success</status><error/><result><sms_messages>'
        f"<sms_message><sms_message_id>{message['sms_message_id']}</sms_message_id><to>{HANDSET}</to>"
        f"<from>{NUMBER}</from><body>Hello</body>"
        f"<request_timestamp>{message['request_timestamp']}</request_timestamp><result_url/><status>queued</status>"
        "</sms_message></sms_messages></result></queue>\n"
    )


def test_a_wrong_login_is_unauthorized_and_its_password_is_kept_nowhere(shared: Emulator) -> None:
    """401 with the failure envelope; the journal of nobody keeps the request without the password."""
    answer = curl(
        *("-u", "username:hunter2", *FIELDS, "-d", "body=Hello", "-w", "%{http_code} %header{www-authenticate}"),
        f"{shared.url}/ws/sms/queue.json",
    )
    journal = curl(f"{shared.url}/_plum/exchanges?nobody=1")
    assert answer == ('{"status":"failure","error":"Unauthorized access to queue service"}401 Basic realm="Plum Voice"')
    assert json.loads(journal)["exchanges"][0]["request"]["headers"][1] == ["authorization", "Basic username:***"]
    assert "hunter2" not in journal


def test_status_messages_and_conversation_agree_on_a_message(shared: Emulator) -> None:
    """One message, four services, two formats."""
    handset = "13125550123"
    with watching(shared.client()) as watch:
        [queued] = resources_of(queue(shared, "-d", f"to={handset}", "-d", f"from={NUMBER}", "-d", "body=Hello"))
        watch.status(queued["sms_message_id"], "received")
    message = {**queued, "status": "received", "type": "outbound"}
    for question in (
        f"status.json?sms_message_id={queued['sms_message_id']}",
        f"messages.json?phone_number={handset}",
        f"conversation.json?account_number={NUMBER}&customer_number={handset}",
    ):
        assert resources_of(queue(shared, service=question)) == [message]
        [in_xml] = resources_of(queue(shared, service=question.replace(".json", ".xml")))
        assert in_xml == {name: str(value) for name, value in message.items()}
