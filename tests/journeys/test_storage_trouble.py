"""The database is taken, full, or gone: each in words, and the emulator lives on."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from helpers.programs import HANDSET, NUMBER, QUICK, emulator, run
from helpers.raw import ask, queue_request
from helpers.receivers import receiver
from helpers.watching import watching
from plum_emulator.client import Client

pytestmark = pytest.mark.journey
BODY = f"to={HANDSET}&from={NUMBER}&body=Hello".encode()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root, and the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (65536, 512, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_refuses_in_the_envelope_and_all_goes_on_when_there_is_room(small_disk: Path) -> None:
    """500, nothing half done; what was accepted before waits, and runs its course once there is room."""
    options = ("--sent-after", "0.5", "--received-after", "0", "--database", str(small_disk / "plum.db"))
    with receiver() as results, emulator(*options, may_complain=True) as running:
        client = running.client()
        with watching(client) as watch:
            before = client.queue(to=HANDSET, from_=NUMBER, body="Before", result_url=results.url)[0]
            filler = fill(small_disk)
            refused = 0
            while refused < 3:
                got = ask(running.url, queue_request(BODY))
                refused = refused + 1 if got.status == 500 else 0
            assert json.loads(got.body) == {"status": "failure", "error": "Error sending sms request"}
            assert ask(running.url, queue_request(BODY, target="/ws/sms/queue.xml")).body == (
                b'<?xml version="1.0" encoding="utf-8"?>\n'
                b"<queue><status>failure</status><error>Error sending sms request</error></queue>\n"
            )
            assert client.ready()
            filler.unlink()
            watch.status(before["sms_message_id"], "received")
            [after] = client.queue(to=HANDSET, from_=NUMBER, body="After", result_url=results.url)
            watch.callback(after["sms_message_id"], "received")
        assert "Traceback" not in running.complaints()
        assert "is the disk full" in running.complaints()
    told = [hit.status for hit in results.hits if hit.fields["sms_message_id"] == before["sms_message_id"]]
    assert told == [(before["sms_message_id"], "sent"), (before["sms_message_id"], "received")]
    with closing(sqlite3.connect(small_disk / "plum.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_that_is_full_at_the_start_is_one_line(small_disk: Path) -> None:
    """Exit code 2."""
    fill(small_disk)
    ran = run("serve", "--port", "0", "--database", str(small_disk / "plum.db"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "full" in ran.stderr


def test_a_deleted_database_harms_nobody_who_is_served_and_the_next_start_begins_anew(tmp_path: Path) -> None:
    """An open file lives until it is closed."""
    options = (*QUICK, "--database", str(tmp_path / "plum.db"))
    with emulator(*options) as running:
        client = running.client()
        for file in tmp_path.iterdir():
            file.unlink()
        with watching(client) as watch:
            [message] = client.queue(to=HANDSET, from_=NUMBER, body="Hello")
            watch.status(message["sms_message_id"], "received")
        assert [found["sms_message_id"] for found in client.messages()] == [message["sms_message_id"]]
    with emulator(*options) as running:
        assert running.client().messages() == []


def test_two_emulators_on_one_database_are_refused(tmp_path: Path) -> None:
    """The second says so in one line; the first goes on; after it, another may."""
    options = ("--port", "0", "--database", str(tmp_path / "plum.db"))
    with emulator(*QUICK, *options[2:]) as running:
        ran = run("serve", *options)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr == (
            f"plum-emulator: the database {tmp_path / 'plum.db'} is in use by another emulator; "
            "stop that one, or name another file with --database\n"
        )
        running.client().queue(to=HANDSET, from_=NUMBER, body="Hello")
    with emulator(*QUICK, *options[2:]) as running:
        assert [message["body"] for message in running.client().messages()] == ["Hello"]


def test_a_killed_emulator_leaves_no_lock_behind(tmp_path: Path) -> None:
    """The lock goes with the process."""
    options = (*QUICK, "--database", str(tmp_path / "plum.db"))
    with emulator(*options) as running:
        running.process.kill()
        running.process.wait()
    with emulator(*options) as running:
        assert running.client().ready()


def test_two_emulators_on_one_port_are_refused() -> None:
    """The second says so in one line, and what to do; the first goes on."""
    with emulator() as running:
        ran = run("serve", "--port", str(running.port))
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr == (
            f"plum-emulator: cannot listen at 127.0.0.1 port {running.port}: Address already in use; "
            "choose another with --port or PLUM_EMULATOR_PORT (0 for any free one)\n"
        )
        assert running.client().ready()


def story(client: Client, id_: str) -> dict[str, Any]:
    """Everything about a message, but for the curl lines, which name the port."""
    told = client.story(id_)
    return {**told, "exchanges": [{**each, "curl": ""} for each in told["exchanges"]]}


def test_messages_of_another_start_are_still_there(tmp_path: Path) -> None:
    """With a database, log, statuses, opt-outs, Application URLs and journal outlive the process."""
    options = (*QUICK, "--database", str(tmp_path / "plum.db"))
    with emulator(*options) as running:
        client = running.client()
        client.set_application(NUMBER, "")
        with watching(client) as watch:
            [sent] = client.queue(to=HANDSET, from_=NUMBER, body="Hello")
            watch.status(sent["sms_message_id"], "received")
        client.receive(from_=HANDSET, to=NUMBER, body="STOP")
        before = (client.log(), client.numbers(), story(client, sent["sms_message_id"]))
    with emulator(*options) as running:
        client = running.client()
        assert (client.log(), client.numbers(), story(client, sent["sms_message_id"])) == before
        with watching(client) as watch:
            [refused] = client.queue(to=HANDSET, from_=NUMBER, body="Hello")
            watch.status(refused["sms_message_id"], "undelivered")
