"""The operations: what Plum's services, the control surface and the command line can ask for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.feed import Event, Feed
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.errors import InvalidNumber, NotFound, NotPossible, Refusal, StorageFailed
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account, Number
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.listings import Conversation, Listing
from plum_emulator.model.messages import Draft, Message
from plum_emulator.model.phones import normalized
from plum_emulator.model.urls import application_problem
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.store import Store
from plum_emulator.wire.requests import SendRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A message with everything that is known about it."""

    message: Message
    replies: list[Message]
    automatic_texts: list[AutomaticText]
    exchanges: list[Exchange]


class Platform:
    """Each operation is one transaction, on one account."""

    def __init__(self, *, store: Store, accounts: Accounts, lifecycle: Lifecycle, ids: IdSource, feed: Feed) -> None:
        self.accounts = accounts
        self.feed = feed
        self._store = store
        self._lifecycle = lifecycle
        self._ids = ids
        self._unclaimed = store.journal.last_n(None)

    def queue(self, account: Account, request: SendRequest, *, exchange: int) -> list[Message]:
        """Accept a message; one for each of its parts. Raises Refusal when its recipient is refused."""
        draft = Draft(
            type="outbound",
            to=request.to_number,
            from_=request.from_number,
            body=request.body,
            result_url=request.result_url,
        )
        with self._lifecycle.together():
            planned = self._lifecycle.plan_for(account, to=draft.to, from_=draft.from_)
            if planned.error:
                raise Refusal(planned.error, reason=planned.reason)
            return self._lifecycle.accept(account, draft, planned, exchange=exchange)

    def when_kept(self, ended: Callable[[bool], None]) -> bool:
        """Call `ended` once what was queued so far is committed (True) or lost (False).

        False, and no call, when there is nothing to wait for.
        """
        return self._store.when_group_ends(ended)

    def message(self, account: Account, sms_message_id: str) -> Message:
        """The account's message with this id. Raises Refusal."""
        with self._store.reading():
            message = self._store.messages.by_id(account.id, sms_message_id)
        if message is None:
            raise Refusal("Invalid 'sms_message_id'", reason=f"no message {sms_message_id[:40]!r} in the log")
        return message

    def messages(self, account: Account, listing: Listing) -> list[Message]:
        """A page of the account's log."""
        with self._store.reading():
            return self._store.messages.page(account.id, listing)

    def conversation(self, account: Account, asked: Conversation) -> list[Message]:
        """A page of what two numbers exchanged."""
        with self._store.reading():
            return self._store.messages.conversation(account.id, asked)

    def receive(self, account: Account, *, to: str, from_: str, body: str) -> Message:
        """A handset texts one of the account's numbers. Raises NotFound or NotPossible."""
        number, handset = self._number(account, to, "to"), _number(from_, "from")
        if number == handset:
            raise NotPossible(f"{number} cannot text itself", hint="let a handset be 'from': 16175550123")
        if not body:
            raise NotPossible("the body is empty", hint="a text has at least one character")
        if not account.can_text(number):
            raise NotPossible(f"{number} is a PCI number, which cannot receive texts", hint=_has(account))
        with self._lifecycle.transaction():
            return self._lifecycle.arrive(account, to=number, from_=handset, body=body)

    def log(self, account: Account, *, limit: int, before: str | None = None, words: str = "") -> list[Message]:
        """The newest messages, older than the one with the id `before`; all, or those with these words."""
        if words:
            self._store.index_bodies()
        with self._store.reading():
            place = self._found(account, before).seq if before else None
            if words:
                return self._store.messages.search(account.id, words, limit=limit, before=place)
            return self._store.messages.newest(account.id, limit=limit, before=place)

    def story(self, account: Account, sms_message_id: str) -> Story:
        """Everything about one message. Raises NotFound."""
        with self._store.transaction():
            message = self._found(account, sms_message_id)
        with self._store.reading():
            return Story(
                message=message,
                replies=self._store.messages.replies_to(message.seq),
                automatic_texts=self._store.opt_outs.texts_after(message.seq),
                exchanges=self._store.journal.of_message(account.id, seq=message.seq, asked_by=message.exchange),
            )

    def exchanges(
        self, account: Account | None, *, limit: int, before: int | None, operation: str | None
    ) -> list[Exchange]:
        """The newest exchanges of the account, or of logins that are nobody's."""
        self._store.write_journal()
        with self._store.reading():
            return self._store.journal.page(
                account.id if account else None, limit=limit, before=before, operation=operation
            )

    def set_application(self, account: Account, number: str, url: str) -> Number:
        """Where texts to the number are posted from now on; "" for nowhere. Raises NotFound or NotPossible."""
        known = self._number(account, number, "number")
        problem = application_problem(url)
        if problem:
            raise NotPossible(f"application_url: {problem}", hint="for example http://127.0.0.1:8000/sms")
        if not account.can_text(known):
            raise NotPossible(f"{known} is a PCI number, which cannot receive texts", hint=_has(account))
        number_now = Number(number=known, application_url=url)
        with self._store.reading():  # memory and table change as one, whoever else changes them
            with self._store.transaction():
                self._store.accounts.set_application(known, url)
            account.numbers[known] = number_now
        return number_now

    def reset(self, account: Account) -> None:
        """Bring the account back to its seed: no messages, no journal, nothing due, nobody opted out."""
        with self._store.reading():
            # Ids start again only when they were asked to be repeatable; else an application could meet one twice.
            issued = 0 if self._ids.repeatable else account.issued
            with self._lifecycle.transaction():
                self._store.agenda.delete_all(account.id)
                self._store.opt_outs.delete_all(account.id)
                self._store.journal.delete_all(account.id)
                self._store.messages.delete_all(account.id)
                self._store.accounts.reserve(account.id, issued)
                numbers = self._store.accounts.reset(account)
                now = self.accounts.clock(account.id).now()
                self._lifecycle.tell(Event(account=account.id, at=now, kind="reset"))
            account.numbers, account.issued, account.reserved, account.exchanges = numbers, issued, issued, 0

    def now(self, account: Account | None) -> int:
        """What time it is for the account, or for nobody."""
        return self.accounts.clock(account.id if account else 0).now()

    def close(self) -> None:
        """Give back the ids that were reserved and not used."""
        with self._store.transaction():
            for account in self.accounts:
                self._store.accounts.reserve(account.id, account.issued)

    def next_exchange(self, account: Account | None) -> int:
        """The count of the exchange that begins now."""
        if account is None:
            self._unclaimed += 1
            return self._unclaimed
        account.exchanges += 1
        return account.exchanges

    def note(self, exchange: Exchange) -> None:
        """Keep an exchange in the journal."""
        self._store.journal.note(exchange)
        # A group takes a crowd along when it ends, and must not end before its answers wait for it.
        if self._store.journal.crowded and not self._store.grouping:
            with suppress(StorageFailed):  # they go on waiting, and the log tells of it once a second
                self._store.write_journal()

    def _found(self, account: Account, sms_message_id: str) -> Message:
        message = self._store.messages.by_id(account.id, sms_message_id)
        if message is None:
            raise NotFound(
                f"account {account.username!r} has no message {sms_message_id[:40]!r}",
                hint="GET /_plum/messages lists them",
            )
        return message

    def _number(self, account: Account, text: str, name: str) -> str:
        number = _number(text, name)
        if number not in account.numbers:
            raise NotFound(f"{number} is not a number of account {account.username!r}", hint=_has(account))
        return number


def _number(text: str, name: str) -> str:
    try:
        return normalized(text)
    except InvalidNumber as error:
        raise NotPossible(f"{name}: {error.message}", hint=error.hint) from None


def _has(account: Account) -> str:
    return f"its SMS numbers are: {', '.join(account.sms_numbers())}"
