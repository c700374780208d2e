"""Exports: the journal and the messages for other people's tools, and the account for another machine."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

from flask import Response, request

from plum_emulator import __version__
from plum_emulator.engine.emulator import Emulator
from plum_emulator.model.accounts import Account
from plum_emulator.web.control.asking import Route, account_of, base, choice, login
from plum_emulator.web.gateway import STREAM
from plum_emulator.wire.exports import har, journal_csv, journal_lines, message_lines, messages_csv

_TYPES = {
    "har": "application/json",
    "jsonl": "application/jsonl; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
}
_AT_A_TIME = 200


class ExportRoutes:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._platform = emulator.platform

    def routes(self) -> list[Route]:
        """Methods, path and view of each."""
        return [
            ("GET", "/export", self.export_journal),
            ("GET", "/export/messages", self.export_messages),
            ("GET", "/export/account", self.export_account),
        ]

    def export_journal(self) -> Response:
        """The journal as HAR, JSON lines or CSV, oldest first."""
        account, format_ = self._account(), choice("format", ("har", "jsonl", "csv"))
        exchanges = self._platform.journal(account)
        if format_ == "har":
            return _streamed(har(exchanges, base=base(), version=__version__), account, "journal", format_)
        if format_ == "jsonl":
            lines = journal_lines(exchanges, base=base(), login=login(account))
            return _streamed(lines, account, "journal", format_)
        return _streamed(journal_csv(exchanges), account, "journal", format_)

    def export_messages(self) -> Response:
        """The messages as JSON lines or CSV, oldest first."""
        account, format_ = self._account(), choice("format", ("jsonl", "csv"))
        messages = self._platform.all_messages(account)
        made = message_lines(messages) if format_ == "jsonl" else messages_csv(messages)
        return _streamed(made, account, "messages", format_)

    def export_account(self) -> Response:
        """The account with everything that it owns, as a database file that an emulator can be started with."""
        account = self._account()
        return Response(
            self._emulator.snapshots.write(account),
            content_type="application/vnd.sqlite3",
            headers={"Content-Disposition": _attached(account, "account", "db")},
        )

    def _account(self) -> Account:
        return account_of(self._emulator.accounts)


class _Pieces:
    """Pieces of an export, made in a thread a few at a time, so that a long journal holds up nobody."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces

    async def chunks(self) -> AsyncIterator[bytes]:
        """The export's bytes."""
        while some := await asyncio.to_thread(lambda: list(itertools.islice(self._pieces, _AT_A_TIME))):
            yield "".join(some).encode()


def _streamed(pieces: Iterator[str], account: Account, what: str, format_: str) -> Response:
    if request.method == "GET":  # HEAD asks for the head alone
        request.environ[STREAM] = _Pieces(pieces)
    return Response(
        b"",
        content_type=_TYPES[format_],
        headers={"Content-Disposition": _attached(account, what, format_)},
    )


def _attached(account: Account, what: str, ending: str) -> str:
    name = "".join(
        letter if (letter.isascii() and letter.isalnum()) or letter in "-_." else "_" for letter in account.username
    )
    return f'attachment; filename="{name[:64]}-{what}.{ending}"'
