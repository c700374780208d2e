"""`plum-emulator serve`: start an emulator, and say so when it is ready."""

from __future__ import annotations

import gc
import json
import logging
import os
import shlex
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from plum_emulator import __version__
from plum_emulator.cli.options import Function, Seconds
from plum_emulator.settings import ENVIRONMENT_PREFIX, Settings

_DEFAULTS = Settings()


def _words(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _setting(flag: str, help_: str, **more: Any) -> Callable[[Function], Function]:
    """An option that is a field of Settings, with its default and its environment variable."""
    name = flag.removeprefix("--").replace("-", "_")
    return click.option(
        flag,
        envvar=ENVIRONMENT_PREFIX + name.upper(),
        default=getattr(_DEFAULTS, name),
        show_default=True,
        help=help_,
        **more,
    )


@click.command()
@_setting("--host", "Address to bind.")
@_setting("--port", "Port to listen on; 0 for any free one.", type=click.IntRange(0, 65535))
@_setting(
    "--database",
    "SQLite file that keeps everything; without it, a temporary one.",
    type=click.Path(dir_okay=False, path_type=Path),
)
@_setting(
    "--accounts",
    "Accounts file (TOML), in place of the default accounts; see `plum-emulator init`.",
    type=click.Path(path_type=Path),
)
@_setting("--seed", "The same seed gives the same message ids, in order.")
@_setting(
    "--clock",
    "Clock of the accounts: real, manual, 60x, or any of these from an instant on: manual@2026-01-31T12:00:00Z.",
)
@_setting("--soak", "Allow rules with a probability, for soak runs.", is_flag=True)
@_setting("--sent-after", "Seconds from `queued` to `sent`.", type=Seconds())
@_setting("--received-after", "Seconds from `sent` to the final status.", type=Seconds())
@_setting(
    "--egress",
    "Where requests may go besides this machine and private networks: HOST,… or any.",
    multiple=True,
    callback=_words,
)
@click.option(
    "--allow-host",
    "allow_hosts",
    envvar="PLUM_EMULATOR_ALLOW_HOST",
    multiple=True,
    callback=_words,
    help="Further host names that the control surface answers to.",
)
@_setting(
    "--token",
    "What requests from other machines have to bring, at least 16 characters; "
    "without it, one is made where `--host` lets them come.",
)
@_setting("--callback-timeout", "Seconds that a result URL has to answer.", type=Seconds())
@_setting("--application-timeout", "Seconds that an Application URL has to answer.", type=Seconds())
@_setting("--callback-attempts", "How often a callback that fails is tried in all.", type=click.IntRange(1, 20))
@_setting(
    "--callback-backoff",
    "Seconds before the second attempt; twice as many before each further one.",
    type=Seconds(),
)
@click.option("--json", "as_json", is_flag=True, help="One ready line in JSON, in place of the banner.")
def serve(*, as_json: bool, **options: Any) -> None:
    """Start an emulator."""
    early = threading.Event()  # a signal while it starts is obeyed once it serves, so that nothing is left half made
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: early.set())
    from plum_emulator.server import Server  # half of the start-up time: only when really serving

    logging.basicConfig(format="plum-emulator: %(message)s", level=logging.WARNING)
    server = Server(Settings(**options))

    def say_so() -> None:
        # What is there now stays: Python need not look through it again, neither while it serves nor at its end.
        gc.freeze()
        click.echo(_ready_line(server) if as_json else _banner(server))

    server.run(on_ready=say_so, stop_at_once=early.is_set)
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
            "token": server.token or None,
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
            *_for_others(server),
            "",
            "Queue a message:",
            "",
            f"  curl -u {shlex.quote(login)} {fields} {server.address}/ws/sms/queue.json",
            "",
            "Stop with Ctrl-C.",
        )
    )


def _for_others(server: Any) -> list[str]:
    """What other machines need, where there is a token."""
    if not server.token:
        return []
    url = server.address_for_others
    return [f"  network   {url}/?token={quote(server.token, safe='')}" if url else f"  token     {server.token}"]


def _destination(url: str) -> str:
    if not url:
        return "texts are kept, and nothing is posted"
    return f"texts go to {'the built-in demo application' if url == '/demo' else url}"
