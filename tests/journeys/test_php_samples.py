"""Plum's published PHP samples run against the emulator with only the base address changed (clause 12)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers.envelopes import resources_of
from helpers.php import php_server
from helpers.programs import Emulator, plain_environment
from helpers.receivers import Receiver
from helpers.tools import php_with_curl, tool
from helpers.watching import watching

pytestmark = pytest.mark.journey
PHP = Path(__file__).parent / "php"


def run_sample(name: str, **environment: str) -> str:
    """What a sample prints."""
    ran = subprocess.run(
        [php_with_curl(), str(PHP / name)],
        env=plain_environment(environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_the_queue_sample_and_the_results_sample_run_together(shared: Emulator, tmp_path: Path) -> None:
    """`queuesms.php` queues a message, and `storesmsresults.php` stores each of its statuses."""
    kept = tmp_path / "results.txt"
    with php_server(tool("php"), PHP, {"RESULTS_FILE": str(kept)}) as site, watching(shared.client()) as watch:
        results_url = f"{site}/storesmsresults.php"
        answer = run_sample("queuesms.php", PLUM_BASE=shared.url, RESULT_URL=results_url)
        [queued] = resources_of(answer)
        id_ = queued["sms_message_id"]
        watch.callback(id_, "received")

    assert queued == {
        "sms_message_id": id_,
        "to": "19998881234",
        "from": "2435678910",
        "body": "Hello from the queue service",
        "request_timestamp": queued["request_timestamp"],
        "result_url": results_url,
        "status": "queued",
    }
    assert kept.read_text() == f"{id_} sent\n{id_} received\n"


def test_the_sample_is_accepted_as_printed_and_its_stranger_is_not_called(shared: Emulator) -> None:
    """Login, numbers and result URL as printed: accepted; but no request leaves for `myserver.com`."""
    with watching(shared.client()) as watch:
        [message] = resources_of(run_sample("queuesms.php", PLUM_BASE=shared.url, BODY="As printed"))
        watch.status(message["sms_message_id"], "received")

    assert message["result_url"] == "http://myserver.com/storesmsresults.php"
    told = [hit for hit in shared.client().exchanges(operation="callback") if "myserver.com" in hit["request"]["url"]]
    assert [exchange["answer"] for exchange in told] == [None] * len(told)


def test_a_body_in_many_scripts_comes_through_php_whole(shared: Emulator, results: Receiver) -> None:
    """curl sends an array as multipart, in UTF-8."""
    body = 'naïve & 50% off \N{EN DASH} "quotes" <tag> ✓ 日本 \U0001f600 =;+%20'
    [message] = resources_of(run_sample("queuesms.php", PLUM_BASE=shared.url, BODY=body, RESULT_URL=results.url))
    assert message["body"] == body


def test_an_unescaped_string_from_php_is_read_as_php_would_read_it(shared: Emulator, results: Receiver) -> None:
    """Raw spaces, raw UTF-8, raw `://`, and an unknown field: all taken."""
    result_url = f"{results.url}/r?a=1"
    body = "Hello there, 50% off \N{EN DASH} naïve"
    string = f"to=16175550123&from=12435678910&body={body}&result_url={result_url}&unknown=1"
    [message] = resources_of(run_sample("stringbody.php", PLUM_BASE=shared.url, STRING_BODY=string))
    assert (message["body"], message["result_url"]) == (body, result_url)
    hits = results.wait_for(2)
    assert [(hit.path, *hit.status) for hit in hits] == [
        ("/r?a=1", message["sms_message_id"], "sent"),
        ("/r?a=1", message["sms_message_id"], "received"),
    ]
