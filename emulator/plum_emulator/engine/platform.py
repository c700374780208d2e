"""The operations: what Plum's services, the control surface and the command line can ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from plum_emulator.clock import Mode
from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.feed import Feed
from plum_emulator.engine.lifecycle import Lifecycle
from plum_emulator.engine.rules import Rules
from plum_emulator.errors import InvalidNumber, NotFound, NotPossible, Refusal, StorageFailed
from plum_emulator.model.accounts import Account, Number
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.listings import (
    EVERY_EXCHANGE,
    EVERY_MESSAGE,
    Conversation,
    ExchangeFilter,
    Listing,
    LogFilter,
    Page,
    Part,
)
from plum_emulator.model.messages import Draft, Message
from plum_emulator.model.phones import normalized
from plum_emulator.model.urls import application_problem
from plum_emulator.scenario.effects import NOTHING, Effects, Facts
from plum_emulator.scenario.rules import Operation
from plum_emulator.store.agenda import Due
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.store import Store
from plum_emulator.wire.requests import SendRequest

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A message with everything that is known about it. `inbound` is what it replies to, `due` what comes next."""

    message: Message
    inbound: Message | None
    replies: list[Message]
    automatic_texts: list[AutomaticText]
    exchanges: list[Exchange]
    due: list[Due]


class Platform:
    """Each operation is one transaction, on one account."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        lifecycle: Lifecycle,
        rules: Rules,
        feed: Feed,
        hear_next: Callable[[int], None],
    ) -> None:
        self.accounts = accounts
        self.feed = feed
        self._store = store
        self._lifecycle = lifecycle
        self._rules = rules
        self._hear_next = hear_next
        self._unclaimed = store.journal.last_n(None)

    def effects(self, account: Account, operation: Operation, request: SendRequest | None = None) -> Effects:
        """What the account's rules do to a request for a service."""

        def facts() -> Facts:
            now = self.accounts.clock(account.id).now()
            if request is None:
                return Facts(operation=operation, at=now)
            return Facts(
                operation=operation, at=now, to=request.to_number, from_=request.from_number, body=request.body
            )

        return self._rules.fire(account, facts)

    def queue(
        self, account: Account, request: SendRequest, *, exchange: int, effects: Effects = NOTHING
    ) -> list[Message]:
        """Accept a message; one for each of its parts. Raises Refusal when its recipient is refused."""
        draft = Draft(
            type="outbound",
            to=request.to_number,
            from_=request.from_number,
            body=request.body,
            result_url=request.result_url,
        )
        with self._lifecycle.together():
            planned = self._lifecycle.plan_for(account, to=draft.to, from_=draft.from_, effects=effects)
            if planned.error:
                raise Refusal(planned.error, reason=planned.reason)
            return self._lifecycle.accept(account, draft, planned, exchange=exchange, effects=effects)

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

    def log(
        self,
        account: Account,
        *,
        limit: int,
        before: str | None = None,
        after: str | None = None,
        filter: LogFilter = EVERY_MESSAGE,  # noqa: A002 # what a caller says; the builtin is not needed here
        through: int | None = None,
    ) -> Page[Message, str]:
        """The newest messages that pass the filter, or those next before, or after, the one with this id.

        `through` is how many are looked at for once where no index knows the wanted ones. Raises NotFound.
        """
        if filter.words:
            self._store.index_bodies()
        with self._store.reading():
            part = Part(
                limit=limit,
                before=self._place(account, before, places=bool(filter.words and through)),
                after=self._place(account, after, places=bool(filter.words and through)),
                through=through,
            )
            page = self._store.search.page(account.id, filter, part)
            return Page(rows=page.rows, more=self._mark(account, page.more), newer=self._mark(account, page.newer))

    def story(self, account: Account, sms_message_id: str) -> Story:
        """Everything about one message. Raises NotFound."""
        with self._store.transaction():
            message = self._found(account, sms_message_id)
        with self._store.reading():
            return Story(
                message=message,
                inbound=self._store.messages.by_seq(message.in_reply_to) if message.in_reply_to else None,
                replies=self._store.messages.replies_to(message.seq),
                automatic_texts=self._store.opt_outs.texts_after(message.seq),
                exchanges=self._store.journal.of_message(account.id, seq=message.seq, asked_by=message.exchange),
                due=self._store.agenda.of_message(account.id, message.seq, since=message.requested_at),
            )

    def exchanges(
        self,
        account: Account | None,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        filter: ExchangeFilter = EVERY_EXCHANGE,  # noqa: A002 # what a caller says; the builtin is not needed here
        through: int | None = None,
    ) -> Page[Exchange, int]:
        """The newest exchanges of the account, or of logins that are nobody's, by their counts; as in `log`."""
        self._store.catch_up()
        with self._store.reading():
            part = Part(limit=limit, before=before, after=after, through=through)
            return self._store.journal.page(account.id if account else None, filter, part)

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

    def next_due(self, account: Account) -> int | None:
        """The instant at which the next thing happens by itself."""
        with self._store.reading():
            return self._store.agenda.next_due(account.id)

    def agenda(self, account: Account, *, limit: int) -> list[tuple[Due, Message | None]]:
        """What comes next for the account, each with its message."""
        with self._store.reading():
            found = self._store.agenda.page(account.id, limit=limit)
            messages = self._store.messages.by_seqs({due.message for due in found})
            return [(due, messages.get(due.message)) for due in found]

    def journal(self, account: Account) -> Iterator[Exchange]:
        """The whole journal of the account, oldest first, read a little at a time."""
        self._store.catch_up()
        n = 0
        while True:
            with self._store.reading():
                page = self._store.journal.after(account.id, n, limit=_PAGE)
            if not page:
                return
            yield from page
            n = page[-1].n

    def all_messages(self, account: Account) -> Iterator[Message]:
        """Every message of the account, oldest first, read a little at a time."""
        place = 0
        while True:
            with self._store.reading():
                page = self._store.messages.after(account.id, place, limit=_PAGE)
            if not page:
                return
            yield from page
            place = page[-1].seq

    def missed(self, account: Account, number: int, *, limit: int) -> list[tuple[int, Event]]:
        """The account's events after this number, oldest first."""
        self._store.catch_up()
        with self._store.reading():
            return self._store.events.since(account.id, number, limit=limit)

    def set_clock(self, account: Account, mode: Mode, *, rate: float, instant: int | None) -> None:
        """How the account's clock goes from now on."""
        with self._store.reading():
            clock = self.accounts.clock(account.id)
            before = clock.timing
            clock.set(mode, rate=rate, instant=instant)
            try:
                with self._lifecycle.transaction():
                    self._store.accounts.keep_timing(account.id, clock.timing)
                    self._lifecycle.tell(Event(account=account.id, at=clock.now(), kind="clock", data={"mode": mode}))
            except BaseException:
                clock.timing = before
                raise
            self._hear_next(account.id)

    def now(self, account: Account | None) -> int:
        """What time it is for the account, or for nobody."""
        return self.accounts.clock(account.id if account else 0).now()

    def close(self) -> None:
        """Give back the ids that were reserved and not used."""
        self._rules.keep_counts()
        with self._store.transaction():
            for account in self.accounts:
                self._store.accounts.reserve(account.id, account.issued)

    @property
    def unclaimed(self) -> int:
        """How many requests came under logins that are nobody's."""
        return self._unclaimed

    def next_exchange(self, account: Account | None) -> int:
        """The count of the exchange that begins now."""
        if account is None:
            self._unclaimed += 1
            return self._unclaimed
        account.exchanges += 1
        return account.exchanges

    def note(self, exchange: Exchange) -> None:
        """Keep an exchange in the journal."""
        self._store.journal.keep(exchange)
        # A group takes a crowd along when it ends, and must not end before its answers wait for it.
        if self._store.journal.crowded and not self._store.grouping:
            with suppress(StorageFailed):  # they go on waiting, and the log tells of it once a second
                self._store.catch_up()

    def _mark(self, account: Account, place: int | None) -> str | None:
        message = None if place is None else self._store.messages.by_seq(place)
        if message is None:
            return None
        # A search for words may have got to a message that is another account's: its place says nothing of it.
        return message.sms_message_id if message.account == account.id else str(place)

    def _place(self, account: Account, mark: str | None, *, places: bool) -> int | None:
        if not mark:
            return None
        if places and mark.isascii() and mark.isdecimal() and len(mark) < 19:
            return int(mark)
        return self._found(account, mark).seq

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
