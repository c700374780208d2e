"""`plum-emulator serve`: start an emulator, and say so when it is ready."""

from __future__ import annotations

import gc
import json
import logging
import os
import shlex
import signal
from pathlib import Path
from typing import Any

import click

from plum_emulator import __version__
from plum_emulator.cli.options import Seconds
from plum_emulator.settings import DEFAULT_HOST, DEFAULT_PORT, Settings

_DEFAULTS = Settings()


def _words(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


@click.command()
@click.option("--host", envvar="PLUM_EMULATOR_HOST", default=DEFAULT_HOST, show_default=True, help="Address to bind.")
@click.option(
    "--port",
    envvar="PLUM_EMULATOR_PORT",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0 for any free one.",
)
@click.option(
    "--database",
    envvar="PLUM_EMULATOR_DATABASE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that keeps everything; without it, a temporary one.",
)
@click.option(
    "--accounts",
    envvar="PLUM_EMULATOR_ACCOUNTS",
    type=click.Path(path_type=Path),
    help="Accounts file (TOML), in place of the default accounts; see `plum-emulator init`.",
)
@click.option("--seed", envvar="PLUM_EMULATOR_SEED", help="The same seed gives the same message ids, in order.")
@click.option(
    "--sent-after",
    envvar="PLUM_EMULATOR_SENT_AFTER",
    type=Seconds(),
    default=_DEFAULTS.sent_after,
    show_default=True,
    help="Seconds from `queued` to `sent`.",
)
@click.option(
    "--received-after",
    envvar="PLUM_EMULATOR_RECEIVED_AFTER",
    type=Seconds(),
    default=_DEFAULTS.received_after,
    show_default=True,
    help="Seconds from `sent` to the final status.",
)
@click.option(
    "--egress",
    envvar="PLUM_EMULATOR_EGRESS",
    multiple=True,
    callback=_words,
    help="Where requests may go besides this machine and private networks: HOST,… or any.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    envvar="PLUM_EMULATOR_ALLOW_HOST",
    multiple=True,
    callback=_words,
    help="Further host names that the control surface answers to.",
)
@click.option(
    "--callback-timeout",
    envvar="PLUM_EMULATOR_CALLBACK_TIMEOUT",
    type=Seconds(),
    default=_DEFAULTS.callback_timeout,
    show_default=True,
    help="Seconds that a result URL has to answer.",
)
@click.option(
    "--application-timeout",
    envvar="PLUM_EMULATOR_APPLICATION_TIMEOUT",
    type=Seconds(),
    default=_DEFAULTS.application_timeout,
    show_default=True,
    help="Seconds that an Application URL has to answer.",
)
@click.option(
    "--callback-attempts",
    envvar="PLUM_EMULATOR_CALLBACK_ATTEMPTS",
    type=click.IntRange(1, 20),
    default=_DEFAULTS.callback_attempts,
    show_default=True,
    help="How often a callback that fails is tried in all.",
)
@click.option(
    "--callback-backoff",
    envvar="PLUM_EMULATOR_CALLBACK_BACKOFF",
    type=Seconds(),
    default=_DEFAULTS.callback_backoff,
    show_default=True,
    help="Seconds before the second attempt; twice as many before each further one.",
)
@click.option("--json", "as_json", is_flag=True, help="One ready line in JSON, in place of the banner.")
def serve(*, as_json: bool, **options: Any) -> None:
    """Start an emulator."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until it serves: whatever was made is removed again
    from plum_emulator.server import Server  # half of the start-up time: only when really serving

    logging.basicConfig(format="plum-emulator: %(message)s", level=logging.WARNING)
    server = Server(Settings(**options))

    def say_so() -> None:
        # What is there now stays: Python need not look through it again, neither while it serves nor at its end.
        gc.freeze()
        click.echo(_ready_line(server) if as_json else _banner(server))

    server.run(on_ready=say_so)
    gc.freeze()


def _ready_line(server: Any) -> str:
    accounts = [
        {
            "username": account.username,
            "password": account.seed.password,
            "numbers": account.sms_numbers(),
        }
        for account in server.accounts
    ]
    database = server.settings.database
    return json.dumps(
        {
            "ready": True,
            "url": server.address,
            "pid": os.getpid(),
            "version": __version__,
            "accounts": accounts,
            "database": str(database) if database else None,
        }
    )


def _banner(server: Any) -> str:
    account = server.first_account()
    login = f"{account.username}:{account.seed.password}"
    fields = f"-d to=16175550123 -d from={account.sms_numbers()[0]} -d body=Hello"
    numbers = [
        f"{number.number}  {_destination(number.application_url)}"
        for number in account.numbers.values()
        if not number.pci
    ]
    database = server.settings.database
    kept = str(database) if database else "temporary, removed at the end (keep it with --database plum.db)"
    return "\n".join(
        (
            f"Plum emulator {__version__} is ready at {server.address}",
            "",
            f"  login     {login}",
            f"  numbers   {f'{chr(10)}            '.join(numbers)}",
            f"  database  {kept}",
            "",
            "Queue a message:",
            "",
            f"  curl -u {shlex.quote(login)} {fields} {server.address}/ws/sms/queue.json",
            "",
            "Stop with Ctrl-C.",
        )
    )


def _destination(url: str) -> str:
    if not url:
        return "texts are kept, and nothing is posted"
    return f"texts go to {'the built-in demo application' if url == '/demo' else url}"
