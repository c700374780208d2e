"""`Plum`: an account of one's own on an emulator, with everything that a test does with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from plum_emulator.client import Client, ExpectationFailed, Json, Lease
from plum_emulator.clock import as_text, read_duration, read_instant
from plum_emulator.errors import NotPossible
from plum_emulator.model.phones import normalized
from plum_emulator.testing.applications import Function, FunctionApplication, Wsgi
from plum_emulator.testing.failures import PlumFailure
from plum_emulator.testing.phones import Phone
from plum_emulator.testing.sights import Attempt, Message
from plum_emulator.testing.unhandled import unhandled_line
from plum_emulator.values import refuse_unknown

if TYPE_CHECKING:
    from plum_emulator.testing.servers import PlumServer

Duration = float | str | timedelta
_LOOKUPS = ("contains", "matches", "equals")
_FIELDS = ("to", "from_", "body", "type", "status")
_MORE = ("at_least", "at_most", "since", "nothing_else")
_LISTED = 1000


class Plum:
    """An account on an emulator. `client` is the control surface as it is, for what has no method here."""

    def __init__(self, lease: Lease[Client], server: PlumServer, *, lifetime: float) -> None:
        self._lease = lease
        self._server = server
        self._urls: list[str] = []
        self._raised: list[BaseException] = []
        self._expected: set[str] = set()
        # In the emulator's real time, as nobody's requests are: the account's own clock may show any.
        self._made_at = as_text(read_instant(lease.details["expires_at"]) - round(lifetime * 1000))
        self.client: Client = lease.client
        self.others: list[Plum] = []

    # What the application under test is told.

    @property
    def base_url(self) -> str:
        """Where the emulator is: in place of `https://hosting.plumvoice.com` or whatever your application calls."""
        return self._lease.base_url

    @property
    def username(self) -> str:
        """The account's login."""
        return self._lease.username

    @property
    def password(self) -> str:
        """Its password."""
        return self._lease.password

    @property
    def numbers(self) -> list[str]:
        """Its SMS numbers, 11 digits each."""
        return self._lease.numbers

    @property
    def number(self) -> str:
        """The first of its SMS numbers."""
        return self._lease.number

    @property
    def sink_url(self) -> str:
        """A result URL that takes everything, and keeps it."""
        return self._lease.sink_url

    @property
    def env(self) -> dict[str, str]:
        """Variables for a child process: for an application, and for the commands of `plum-emulator`."""
        return {
            "PLUM_BASE_URL": self.base_url,
            "PLUM_USERNAME": self.username,
            "PLUM_PASSWORD": self.password,
            "PLUM_NUMBER": self.number,
            "PLUM_EMULATOR_URL": self.base_url,
            "PLUM_EMULATOR_USERNAME": self.username,
            "PLUM_EMULATOR_PASSWORD": self.password,
        }

    def application(self, application: str | Wsgi | Function, *, number: str = "") -> str:
        """What texts to the number, or to all numbers, are posted to; the URL it has.

        A URL, a WSGI application (Flask's, Django's), or a function that takes an `InboundText` and answers with
        nothing, a text, several texts, or reply XML. What a function raises is raised in the test.
        """
        url = application if isinstance(application, str) else self.serve(application)
        for each in [number] if number else self.numbers:
            self.client.set_application(each, url)
        return url

    def serve(self, application: Wsgi | Function) -> str:
        """Serve a function or a WSGI application until the test ends; its URL, for a result URL for example."""
        wsgi = application if _is_wsgi(application) else FunctionApplication(application, raised=self._raised.append)  # type: ignore[arg-type] # told apart by their parameters
        url = self._server.applications.add(wsgi)  # type: ignore[arg-type] # the same
        self._urls.append(url)
        return url

    # Time.

    def advance(self, by: Duration | None = None, *, until: Literal["next", "idle"] | None = None) -> Json:
        """Move the clock on by `"5s"`, `"2m"`, seconds or a timedelta, to what is due next, or until nothing is.

        When it returns everything has settled: callbacks were sent, applications were posted to and have answered.
        """
        __tracebackhide__ = True
        report = self.client.advance(None if by is None else _seconds(by), until=until)
        self.raise_what_applications_raised()
        return report

    def settle(self) -> None:
        """On a manual clock, let everything happen that is due already. Time stands still."""
        __tracebackhide__ = True
        if self._lease.details["clock"] == "manual":
            self.advance(0)

    def deliver(self) -> None:
        """On a manual clock, let everything happen that is under way, which moves the clock."""
        __tracebackhide__ = True
        if self._lease.details["clock"] == "manual":
            self.advance(until="idle")

    @property
    def now(self) -> str:
        """What time it is for the account: `2026-01-31T12:00:00.000Z`."""
        return str(self.client.clock()["now"])

    # What was sent and received.

    def expect(
        self, *, count: int | None = None, extract: Any = None, timeout: float | None = None, **fields: Any
    ) -> Message:
        """A message like this was sent, or is within `timeout` seconds of real time; the newest such message.

        Fields are `to`, `from_`, `body`, `type` and `status`; `body__contains` and `body__matches` look inside.
        `extract="code"`, `"link"` or a regular expression takes something out: `message.extracted`. `count` is how
        many there are. Raises PlumFailure, which tells what came nearest and what happened.
        """
        __tracebackhide__ = True
        answer = self._expected_or_failed(count=count, extract=extract, timeout=timeout, **_patterns(fields))
        self.raise_what_applications_raised()
        self._expected |= {each["sms_message_id"] for each in answer["messages"]}
        return Message.of(answer["messages"][-1], extracted=answer["extracted"])

    def expect_none(self, *, timeout: float | None = None, **fields: Any) -> None:
        """No message like this was sent; nor is any within `timeout` seconds of real time, if you give some."""
        __tracebackhide__ = True
        self._expected_or_failed(count=0, timeout=timeout, **_patterns(fields))
        self.raise_what_applications_raised()

    def expect_nothing_else(self) -> None:
        """Every message that went out was expected by `expect` before. Raises PlumFailure, which lists the others."""
        __tracebackhide__ = True
        others = self.unexpected()
        if others:
            lines = [f"  {each.type} {each.status} to {each.to}: {each.body!r}" for each in others]
            raise PlumFailure("\n".join((f"{_counted(others, 'message')} went out that nobody expected:", *lines)))

    def unexpected(self) -> list[Message]:
        """The messages that went out and that `expect` has not found, oldest first."""
        self.settle()
        return [each for each in self.messages() if each.type != "inbound" and each.id not in self._expected]

    def message(self, id_: str | Message) -> Message:
        """One message as it is now."""
        return Message.of(self.client.story(_id(id_)))

    def messages(self) -> list[Message]:
        """The account's messages, oldest first, at most the newest thousand."""
        return [Message.of(each) for each in reversed(self.client.log(limit=_LISTED))]

    def callbacks(self, message: str | Message | None = None) -> list[Attempt]:
        """The attempts to tell result URLs of a message's statuses, or of every message's, oldest first."""
        return self._attempts("callback", message)

    def posts(self, message: str | Message | None = None) -> list[Attempt]:
        """The posts of an inbound text, or of every one, to its application, oldest first."""
        return self._attempts("inbound", message)

    def phone(self, number: str) -> Phone:
        """The handset with this number, written in any usual way."""
        return Phone(normalized(number), self)

    # Rules and faults.

    def rule(self, *, when: Mapping[str, Any] | None = None, then: Mapping[str, Any]) -> str:
        """When something happens, let something else come of it; the rule's id."""
        return str(self.client.add_rule(when=dict(when or {}), then=dict(then))["id"])

    @property
    def rules(self) -> list[Json]:
        """The account's rules, with how often each matched and fired."""
        return self.client.rules()

    def unused_rules(self) -> list[Json]:
        """The rules that never fired."""
        return self.client.rules(unused=True)

    def scenario(self, name: str) -> None:
        """Switch on the rules of a scenario: `"carrier-outage"` for example."""
        self.client.switch_on(name)

    def lose_next_answer(self) -> str:
        """The next message is queued, and the application never hears of it: its connection is reset."""
        return self.rule(when={"operation": "queue", "first": 1}, then={"answer_lost": True})

    def refuse_next(self, error: str = "Error sending sms request") -> str:
        """The next message is refused, in Plum's words."""
        return self.rule(when={"operation": "queue", "first": 1}, then={"error": error})

    def fail_to(self, number: str, outcome: str = "failed") -> str:
        """Messages to this number end in this way."""
        return self.rule(when={"operation": "queue", "to": number}, then={"outcome": outcome})

    # Callbacks by hand, snapshots.

    def hold_callbacks(self) -> None:
        """Send no callback until `release_callbacks`."""
        self.client.hold()

    def release_callbacks(self, ids: Sequence[int] | None = None) -> list[Attempt]:
        """Send the callbacks that are held, in this order if you give one; what came of each."""
        return [Attempt.of(each) for each in self.client.release(ids)]

    @property
    def held_callbacks(self) -> list[Json]:
        """The callbacks that are held, oldest first."""
        return [each for each in self.client.callbacks()["pending"] if each["state"] == "held"]

    def snapshot(self, name: str = "here") -> None:
        """Put everything that the account is aside under this name."""
        self.client.save(name)

    def restore(self, name: str = "here") -> None:
        """Make the account what it was at the snapshot."""
        self.client.restore(name)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """What happens inside the block leaves no trace: the account is what it was, clock and ids too."""
        self.client.save("unchanged")
        try:
            yield
        finally:
            self.client.restore("unchanged")
            self.client.delete("unchanged")

    # For the one who made it.

    @contextmanager
    def beside(self, count: int, **wanted: Any) -> Iterator[None]:
        """So many further accounts on the same emulator, made in the same way, as `others`, until the block ends."""
        with ExitStack() as stack:
            for place in range(2, count + 2):
                own = {"seed": f"{wanted['seed']} {place}"} if "seed" in wanted else {}
                self.others.append(stack.enter_context(self._server.leased(**{**wanted, **own})))
            yield

    def raise_what_applications_raised(self) -> None:
        """Raise the first thing that a function of the test raised while it answered, if nobody has heard of it."""
        __tracebackhide__ = True
        if self._raised:
            raise self._raised.pop(0)

    def expect_every_rule_used(self) -> None:
        """Every rule has fired. Raises PlumFailure, which lists the others."""
        __tracebackhide__ = True
        unused = self.unused_rules()
        if unused:
            lines = [f"  {rule['id']}: when {rule['when']} then {rule['then']}" for rule in unused]
            raise PlumFailure("\n".join((f"{_counted(unused, 'rule')} never fired:", *lines)))

    def expect_nothing_unhandled(self) -> None:
        """No request came for an unknown service, or under an unknown login. Raises PlumFailure, which lists them."""
        __tracebackhide__ = True
        unhandled = [unhandled_line(each, self.username) for each in self.nobodys_requests()]
        if unhandled:
            raise PlumFailure("\n".join((f"{_counted(unhandled, 'request')} for nobody:", *unhandled)))

    def nobodys_requests(self) -> list[Json]:
        """Requests under a login that no account has, since this account was made; oldest first."""
        found = self.client.exchanges(nobody=1, limit=_LISTED)
        return [each for each in reversed(found) if each["at"] >= self._made_at]

    def close(self) -> None:
        """Serve the test's applications no more."""
        for url in self._urls:
            self._server.applications.remove(url)

    def _expected_or_failed(self, **wanted: Any) -> Json:
        __tracebackhide__ = True
        try:
            return self.client.expect(**wanted)
        except ExpectationFailed as failed:
            self.raise_what_applications_raised()  # which is why nothing came
            raise PlumFailure.of(failed) from None

    def _attempts(self, operation: str, message: str | Message | None) -> list[Attempt]:
        if message is None:
            found = self.client.exchanges(operation=operation, limit=_LISTED)[::-1]
        else:
            found = self.client.story(_id(message))["exchanges"]
        return [Attempt.of(each) for each in found if each["operation"] == operation and each["direction"] == "out"]

    def __repr__(self) -> str:
        return (
            f"<Plum account {self.username} on {urlsplit(self.base_url).netloc}, {self._lease.details['clock']} clock>"
        )


def _patterns(fields: dict[str, Any]) -> dict[str, Any]:
    """`body__contains="x"` as the control surface has it."""
    patterns: dict[str, Any] = {}
    for name, value in fields.items():
        field, lookup, how = name.partition("__")
        refuse_unknown([field], (*_FIELDS, *_MORE))
        if lookup and (how not in _LOOKUPS or field in _MORE):
            raise NotPossible(f"{name!r} is unknown", hint=f"after a field and __ come: {', '.join(_LOOKUPS)}")
        if field in _MORE:
            patterns[field] = value
        else:
            patterns.setdefault(field, {}).update(_pattern(value, how or "equals"))
    return patterns


def _pattern(value: Any, how: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {how: value.number if isinstance(value, Phone) else value}


def _counted(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _seconds(by: Duration) -> float:
    if isinstance(by, timedelta):
        return by.total_seconds()
    return read_duration(by) if isinstance(by, str) else by


def _id(message: str | Message) -> str:
    return message if isinstance(message, str) else message.id


def _is_wsgi(application: Any) -> bool:
    """Whether it takes an environ and a start_response: two parameters, where a function takes one."""
    import inspect

    if hasattr(type(application), "wsgi_app"):
        return True
    try:
        parameters = inspect.signature(application).parameters.values()
    except (TypeError, ValueError):
        return True
    placed = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    needed = [each for each in placed if each.default is each.empty]
    if len(needed) > 2 or inspect.iscoroutinefunction(application):
        raise NotPossible("an asynchronous application is not served here", hint="serve it, and give its URL")
    return len(needed) == 2
