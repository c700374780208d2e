"""Named snapshots of an account, its seed, and the account as a file for another machine."""

from __future__ import annotations

import re
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from plum_emulator.clock import AccountClock, Timing
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.engine.rules import Live, Rules
from plum_emulator.engine.sinks import read_script
from plum_emulator.engine.worker import Worker
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account, Holding
from plum_emulator.model.events import Event, Kind
from plum_emulator.store.portable import Found, not_exported
from plum_emulator.store.snapshots import Snapshot
from plum_emulator.store.store import Store
from plum_emulator.values import did_you_mean

_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}")  # a path with . or .. in it is folded by clients
_MOST = 100


class Snapshots:
    """Saves and restores. Everything that an account owns goes back, its clock and its counts too."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        rules: Rules,
        worker: Worker,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._lifecycle = lifecycle
        self._rules = rules
        self._worker = worker
        self._ids = ids

    def of(self, account: Account) -> list[Snapshot]:
        """The account's snapshots, oldest first."""
        with self._store.reading():
            return self._store.snapshots.of(account.id)

    def save(self, account: Account, name: str) -> Snapshot:
        """Put everything that the account owns aside, in place of an earlier snapshot of this name."""
        if not _NAME.fullmatch(name):
            raise NotPossible(
                f"{name[:70]!r} is not a name for a snapshot", hint="1 to 64 letters, digits, dots, - and _"
            )
        with self._store.reading():
            self._store.catch_up()
            self._rules.keep_counts()
            clock = self._accounts.clock(account.id)
            state = {
                "clock": clock.as_left().as_dict(),
                "issued": account.issued,
                "exchanges": account.exchanges,
                "holding": asdict(account.holding) if account.holding else None,
            }
            with self._store.transaction():
                self._store.snapshots.save(account.id, name, at=clock.now(), state=state)
                kept = self._store.snapshots.of(account.id)
                if len(kept) > _MOST:
                    raise NotPossible(f"an account has at most {_MOST} snapshots", hint="DELETE one first")
            return next(snapshot for snapshot in kept if snapshot.name == name)

    def restore(self, account: Account, name: str) -> Snapshot:
        """Make the account what it was when the snapshot was saved. Raises NotFound."""
        with self._store.reading():
            snapshot = self._named(account, name)
            state = snapshot.state
            clock = self._accounts.clock(account.id)
            before = clock.timing
            timing, holding = _left(snapshot)
            clock.resume(timing)
            try:
                with self._lifecycle.transaction():
                    self._store.empty(account.id)
                    self._store.accounts.give_up_numbers(account.id)
                    low, high = self._store.snapshots.agenda_ids(snapshot)
                    self._store.snapshots.bring_back(account.id, snapshot, rows=self._store.agenda.move_up(low, high))
                    self._store.restored(account.id)
                    self._keep(account, clock.timing, holding, state["issued"], "restore", {"snapshot": name})
                    numbers = self._store.accounts.numbers(account.id)
                    rules = self._rules.kept(account.id)
            except BaseException:
                clock.timing = before
                raise
            account.numbers, account.holding = numbers, holding
            account.issued = account.reserved = state["issued"]
            account.exchanges = state["exchanges"]
            self._rules.restored(account.id, rules)
            self._worker.begin_anew(account.id)
            self._worker.hear_anew(account.id)
            return snapshot

    def delete(self, account: Account, name: str) -> None:
        """Forget a snapshot. Raises NotFound."""
        with self._store.reading():
            self._named(account, name)
            with self._store.transaction():
                self._store.snapshots.delete(account.id, name)

    def reset(self, account: Account) -> None:
        """Bring the account back to its seed: nothing sent or due, no rules, its first clock. Snapshots stay."""
        with self._store.reading():
            # Ids start again only when they were asked to be repeatable; else an application could meet one twice.
            issued = 0 if self._ids.repeatable or account.ids_from else account.issued
            clock = self._accounts.clock(account.id)
            before = clock.timing
            clock.resume(self._accounts.first_timing(account))
            try:
                with self._lifecycle.transaction():
                    self._store.empty(account.id)
                    self._store.events.delete_all(account.id)
                    self._keep(account, clock.timing, None, issued, "reset", {})
                    numbers = self._store.accounts.reset(account)
            except BaseException:
                clock.timing = before
                raise
            account.numbers, account.holding = numbers, None
            account.issued, account.reserved, account.exchanges = issued, issued, 0
            self._rules.forget(account.id)
            self._worker.begin_anew(account.id)

    def write(self, account: Account) -> bytes:
        """The account with everything that it owns, as a database file that an emulator can be started with."""
        with tempfile.TemporaryDirectory(prefix="plum-emulator-") as folder:
            path = Path(folder, "account.db")
            with self._store.reading():
                self._store.catch_up()
                self._rules.keep_counts()
                timing = self._accounts.clock(account.id).as_left()
                self._store.portable.write(account.id, path, issued=account.issued, timing=timing)
            return path.read_bytes()

    def read(self, file: bytes, *, username: str = "") -> Account:
        """Make the account that such a file holds, under another name if one is given. Raises NotPossible."""
        with tempfile.TemporaryDirectory(prefix="plum-emulator-") as folder:
            path = Path(folder, "account.db")
            path.write_bytes(file)
            found = self._store.portable.look(path)
            with self._store.reading():
                return self._adopted(found, path, username)

    def _adopted(self, found: Found, path: Path, username: str) -> Account:
        theirs = found.account
        seed = replace(theirs.seed, username=username or theirs.username)
        if self._accounts.has(seed.username):
            raise NotPossible(
                f"there is an account {seed.username!r} already", hint="give it another name with ?username="
            )
        for number in {**theirs.numbers, **{number.number: number for number in seed.numbers}}:
            holder = self._accounts.holder(number)
            if holder:
                raise NotPossible(f"{number} belongs to account {holder.username!r} already", hint="end that one first")
        account = replace(theirs, seed=seed, origin="asked", expires_at=None)
        with self._store.portable.read(
            path,
            account,
            theirs=theirs.id,
            places=self._store.messages.move_up(*found.places),
            rows=self._store.agenda.move_up(*found.rows),
        ):
            self._store.restored(account.id)
            account.exchanges = self._store.journal.last_n(account.id)
            rules = self._usable(account)
            clock = AccountClock(self._accounts.machine)
            clock.resume(found.timing or self._accounts.first_timing(account))
            self._store.accounts.keep_timing(account.id, clock.timing)
            self._store.accounts.keep_holding(account.id, account.holding)
        self._accounts.add(account, clock.timing)
        self._rules.restored(account.id, rules)
        self._worker.hear_anew(account.id)
        return account

    def _usable(self, account: Account) -> list[Live]:
        """The rules that were read in. Raises NotPossible when they or anything else could not be used later."""
        try:
            for snapshot in self._store.snapshots.of(account.id):
                _left(snapshot)
            for path in self._store.sinks.paths(account.id):
                read_script(self._store.sinks.script(account.id, path)[0])
            return self._rules.kept(account.id)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise not_exported(error) from None

    def _keep(
        self, account: Account, timing: Timing, holding: Holding | None, issued: int, kind: Kind, data: dict[str, Any]
    ) -> None:
        self._store.accounts.reserve(account.id, issued)
        self._store.accounts.keep_timing(account.id, timing)
        self._store.accounts.keep_holding(account.id, holding)
        now = self._accounts.clock(account.id).now()
        self._lifecycle.tell(Event(account=account.id, at=now, kind=kind, data=data))

    def _named(self, account: Account, name: str) -> Snapshot:
        snapshot = self._store.snapshots.named(account.id, name)
        if snapshot is None:
            known = [each.name for each in self._store.snapshots.of(account.id)]
            hint = did_you_mean(name, known) if known else f"there are none; PUT /_plum/snapshots/{name[:64]} saves one"
            raise NotFound(f"account {account.username!r} has no snapshot {name[:64]!r}", hint=hint)
        return snapshot


def _left(snapshot: Snapshot) -> tuple[Timing, Holding | None]:
    """How the clock went and whether callbacks were held."""
    timing, holding = snapshot.state["clock"], snapshot.state["holding"]
    return Timing(**timing), Holding(**holding) if holding else None
