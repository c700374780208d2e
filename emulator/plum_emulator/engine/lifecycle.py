"""What happens to messages: accepted, moved on, received, answered. All of it inside one transaction at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from plum_emulator.engine.accounts import Accounts
from plum_emulator.engine.feed import Feed
from plum_emulator.engine.rules import Rules
from plum_emulator.errors import Refusal
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.model.exchanges import Exchange
from plum_emulator.model.messages import FINAL, Draft, Message, Status
from plum_emulator.model.texts import AUTOMATIC_TEXTS, Keyword, keyword, parts
from plum_emulator.scenario.effects import NOTHING, Effects, Facts
from plum_emulator.scenario.magic import MagicNumbers
from plum_emulator.scenario.plans import Delays, Plan, plan
from plum_emulator.scenario.rules import Callbacks, Operation
from plum_emulator.store.agenda import Due, NewCallback
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.store import Store
from plum_emulator.wire.posts import status_callback

Heard = Callable[[int, int], None]
Soon = Callable[[Callable[[], None]], object]

_RESERVE = 1000
_AS_USUAL = Callbacks()
NOT_FORWARDED = "a HELP word is answered by the carrier, and is not forwarded to the application"
NOT_POSTED = "the number has no Application URL, so nothing was posted"


class Lifecycle:
    """The one place where a message's row changes. `heard(account, instant)` is told of every new agenda row;
    `soon(work)` does some work in the next turn of the loop."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        ids: IdSource,
        magic: MagicNumbers,
        delays: Delays,
        rules: Rules,
        feed: Feed,
        heard: Heard,
        soon: Soon,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._ids = ids
        self._magic = magic
        self._delays = delays
        self._rules = rules
        self._feed = feed
        self._heard = heard
        self._soon = soon
        self._happened: list[Event] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All rows or none; watchers hear of it after the commit, or never."""
        with self._store.reading():
            self._store.end_group()
            self._happened = []
            try:
                with self._store.transaction():
                    yield
            except BaseException:
                self._accounts.forget_reserved()
                raise
            self._publish(self._happened)

    @contextmanager
    def together(self) -> Iterator[None]:
        """The same, committed with everything else that comes in this turn of the loop: one commit serves many.

        Nobody may be told of what is done inside before the group has ended (`Store.when_group_ends`).
        """
        began = self._store.join_group()
        happened = self._happened = []
        try:
            with self._store.reading():
                yield
            self._store.when_group_ends(lambda kept: self._group_ended(happened, kept=kept))
        except Refusal:
            raise  # decided before anything was written
        except BaseException:
            self._accounts.forget_reserved()
            self._store.end_group(commit=False)
            raise
        finally:
            if began:
                self._soon(self._store.end_group)

    def _group_ended(self, happened: list[Event], *, kept: bool) -> None:
        if kept:
            self._publish(happened)
        else:
            self._accounts.forget_reserved()

    def _publish(self, happened: list[Event]) -> None:
        for event in happened:
            self._feed.publish(event)

    def tell(self, event: Event) -> None:
        """Let watchers know, once the transaction is through."""
        self._happened.append(event)

    def plan_for(self, account: Account, *, to: str, from_: str, effects: Effects = NOTHING) -> Plan:
        """What will happen to a message between these numbers, if it is sent now."""
        return plan(
            to=to,
            fate=self._magic.fate_of(to),
            delays=self._delays_of(account),
            opted_out=self._store.opt_outs.has(account.id, number=from_, handset=to),
            mode=account.seed.opted_out,
            effects=effects,
        )

    def effects_on(self, account: Account, draft: Draft) -> Effects:
        """What the account's rules do to a message that no service was asked for."""
        return self._rules.fire(account, lambda: self._facts("queue", account, draft), treating=True)

    def accept(
        self, account: Account, draft: Draft, planned: Plan, *, exchange: int | None, effects: Effects = NOTHING
    ) -> list[Message]:
        """Queue a message, cut into its parts; each part has its own id, life and callbacks (clause 4)."""
        now = self._accounts.clock(account.id).now()
        messages = []
        for body in parts(draft.body):
            part = draft if body is draft.body else replace(draft, body=body)
            message = self._store.messages.insert(
                part, account=account.id, sms_message_id=self._next_id(account), at=now, exchange=exchange
            )
            self._put_on_agenda(message, planned, now)
            if effects.then.callbacks:
                self._store.rules.treat(
                    account=account.id,
                    message=message.seq,
                    rules=" ".join(effects.rules),
                    callbacks=asdict(effects.then.callbacks),
                )
            messages.append(message)
            self.tell(Event(account=account.id, at=now, kind="status", message=message))
        return messages

    def record_failed(self, account: Account, draft: Draft, reason: str, *, exchange: int | None) -> Message:
        """Keep a reply that could not be sent, with the reason (clause 7)."""
        now = self._accounts.clock(account.id).now()
        message = self._store.messages.insert(
            draft,
            account=account.id,
            sms_message_id=self._next_id(account),
            at=now,
            status="failed",
            reason=reason,
            exchange=exchange,
        )
        self.tell(Event(account=account.id, at=now, kind="status", message=message))
        return message

    def arrive(self, account: Account, *, to: str, from_: str, body: str) -> Message:
        """A text reaches one of the account's numbers; keywords do what carriers do with them (clause 10)."""
        now = self._accounts.clock(account.id).now()
        word = keyword(body)
        url = account.numbers[to].application_url
        message = self._store.messages.insert(
            Draft(type="inbound", to=to, from_=from_, body=body),
            account=account.id,
            sms_message_id=self._next_id(account),
            at=now,
            status="received",
            reason=_why_not_posted(url, word),
        )
        self.tell(Event(account=account.id, at=now, kind="status", message=message))
        if word:
            self._obey(word, message)
        if url and word != "help":
            effects = self._rules.fire(
                account, lambda: Facts(operation="inbound", at=now, to=to, from_=from_, body=body)
            )
            for _ in range(2 if effects.then.inbound_twice else 1):
                self._store.agenda.add_inbound(
                    account=account.id, message=message.seq, due_at=now, rules=" ".join(effects.rules)
                )
            self._heard(account.id, now)
        return message

    def change_status(self, due: Due, *, now: int) -> tuple[Message, Due | None] | None:
        """Give a message the status that is due, and the callback that tells of it, if it goes out at once."""
        self._store.agenda.done(due)
        assert due.status is not None  # noqa: S101 # a row of kind `status` has one
        message = self._store.messages.move(
            due.message, due.status, at=due.due_at, notification=due.notification, reason=due.reason
        )
        if message is None:
            return None
        self.tell(Event(account=due.account, at=due.due_at, kind="status", message=message))
        if due.status == "received":
            self._hand_over(message)
        if not message.result_url:
            return message, None
        return message, self._call_back(message, due.status, now)

    def _call_back(self, message: Message, status: Status, now: int) -> Due | None:
        """Put a callback on the agenda, as rules and holding want it; its row when it goes out at once."""
        account = self._accounts.by_id(message.account)
        rules, how = self._callbacks_of(account, message, status, now)
        if how.drop:
            self._note_dropped(account, message, status, now, rules)
            return None
        holding = account.holding
        new = NewCallback(
            account=account.id,
            message=message.seq,
            status=status,
            at=now,
            delay=how.delay,
            held=holding is not None,
            release_at=now + holding.timeout if holding and holding.timeout is not None else None,
            kept_back=how.reorder and status not in FINAL,
            rules=rules,
        )
        due = self._store.agenda.add_callback(new)
        if how.double:
            self._store.agenda.add_callback(new)
        if new.delay:
            self._heard(account.id, now + new.delay)
        if new.release_at is not None:
            self._heard(account.id, new.release_at)
        return due

    def _callbacks_of(self, account: Account, message: Message, status: Status, now: int) -> tuple[str, Callbacks]:
        effects = self._rules.fire(
            account,
            lambda: Facts(
                operation="callback", at=now, to=message.to, from_=message.from_, body=message.body, status=status
            ),
        )
        if effects.then.callbacks:
            return " ".join(effects.rules), effects.then.callbacks
        treated = self._store.rules.treatment(message.seq)
        return (treated[0], Callbacks(**treated[1])) if treated else ("", _AS_USUAL)

    def _note_dropped(self, account: Account, message: Message, status: Status, now: int, rules: str) -> None:
        account.exchanges += 1
        request = status_callback(
            url=message.result_url, sms_message_id=message.sms_message_id, status=status, timeout=0
        )
        outcome = f"not sent: dropped by rule {rules}"
        self._store.journal.write(
            Exchange(
                account=account.id,
                n=account.exchanges,
                at=now,
                direction="out",
                operation="callback",
                method=request.method,
                url=request.url,
                request_headers=request.headers,
                request_body=request.body,
                status=None,
                response_headers=(),
                response_body=b"",
                duration_ms=0,
                outcome=outcome,
                message=message.seq,
                attempt=0,
                rules=rules,
            )
        )
        data = {"url": request.url, "status": status, "http_status": None, "outcome": outcome, "attempt": 0}
        self.tell(Event(account=account.id, at=now, kind="callback", message=message, data=data))

    def _facts(self, operation: Operation, account: Account, draft: Draft) -> Facts:
        now = self._accounts.clock(account.id).now()
        return Facts(operation=operation, at=now, to=draft.to, from_=draft.from_, body=draft.body)

    def _delays_of(self, account: Account) -> Delays:
        options, usual = account.options, self._delays
        if options.sent_after is None and options.received_after is None:
            return usual
        return Delays(
            sent_after=usual.sent_after if options.sent_after is None else round(options.sent_after * 1000),
            received_after=usual.received_after
            if options.received_after is None
            else round(options.received_after * 1000),
        )

    def _put_on_agenda(self, message: Message, planned: Plan, now: int) -> None:
        if planned.steps:
            self._store.agenda.add_statuses(
                account=message.account,
                message=message.seq,
                statuses=[(now + step.after, step.status, step.notification, step.reason) for step in planned.steps],
            )
            self._heard(message.account, now + planned.steps[0].after)

    def _hand_over(self, message: Message) -> None:
        """A message to another emulated number arrives there."""
        owner = self._accounts.owner(message.to)
        if owner:
            self.arrive(owner, to=message.to, from_=message.from_, body=message.body)

    def _obey(self, word: Keyword, message: Message) -> None:
        opt_outs, pair = self._store.opt_outs, {"number": message.to, "handset": message.from_}
        if word == "stop":
            opt_outs.opt_out(message.account, at=message.requested_at, **pair)
        elif word == "start":
            opt_outs.opt_in(message.account, **pair)
        text = AutomaticText(message=message.seq, body=AUTOMATIC_TEXTS[word], at=message.requested_at, **pair)
        opt_outs.add_text(message.account, text)
        self.tell(Event(account=message.account, at=text.at, kind="text", message=message, data={"body": text.body}))

    def _next_id(self, account: Account) -> str:
        account.issued += 1
        if account.issued > account.reserved:
            account.reserved = account.issued + _RESERVE - 1
            self._store.accounts.reserve(account.id, account.reserved)
        return self._ids.message_id(account.username, account.issued, own_seed=account.ids_from)


def _why_not_posted(url: str, word: str | None) -> str | None:
    if word == "help":
        return NOT_FORWARDED
    if not url:
        return NOT_POSTED
    return None
