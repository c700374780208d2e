"""A session as a test for pytest, with the fixture `plum`: the same is done once more, and the same comes of it.

The text is laid out as formatters want it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from plum_emulator.model.phones import is_number
from plum_emulator.wire.literals import literal, written
from plum_emulator.wire.remarks import about_application, comment
from plum_emulator.wire.retelling import retell
from plum_emulator.wire.sessions import OWN_SINK, LeftOut, Outcome, Retelling, Session, Step, Words

_WIDTH = 88
_REMARK = 80
_INDENT = " " * 4


def pytest_file(session: Session, *, name: str = "test_the_session_once_more") -> str:
    """A file for pytest with one test in it, of this name, which does what was done in the session."""
    return "\n".join((*_file(retell(session), name), ""))


def _file(told: Retelling, name: str) -> Iterator[str]:
    yield '"""A session with the Plum emulator, once more: what was texted and queued, and what came of it."""'
    marker = _marker(told)
    if marker:
        yield from ("", "import pytest")
    yield from _constants(told)
    yield from ("", "")
    if marker:
        yield from _call("@pytest.mark.plum", marker)
    yield f"def {name}(plum):"
    for line in _Test(told).lines():
        yield f"{_INDENT}{line}" if line else ""


def _marker(told: Retelling) -> list[str]:
    count = len(told.applications)
    asked = {"numbers": count} if count > 1 else {}
    return [
        f"{name}={literal(value) if isinstance(value, str) else repr(value)}"
        for name, value in {**asked, **told.options}.items()
    ]


def _constants(told: Retelling) -> Iterator[str]:
    lines: list[str] = []
    for name, url in _named("APPLICATION", told.urls()).items():
        lines += comment(about_application(url), width=_REMARK)
        lines += _assigned(name, url)
    for name, url in _named("RESULTS", told.result_urls()).items():
        lines += comment("Where statuses are posted to. The test passes without anybody there.", width=_REMARK)
        lines += _assigned(name, url)
    if lines:
        yield ""
        yield from lines


def _assigned(name: str, text: str) -> list[str]:
    # A formatter leaves a long text on the line that has its name.
    return [f"{name} = {literal(text)}"]


def _named(name: str, texts: Sequence[str]) -> dict[str, str]:
    """A name for each text: `PHONE`, `PHONE_2`, `PHONE_3`."""
    return {f"{name}_{place}" if place > 1 else name: text for place, text in enumerate(texts, 1)}


class _Test:
    """The body of the test, and what it knows of each phone: how many texts have arrived there."""

    def __init__(self, told: Retelling) -> None:
        self._told = told
        self._phones = {number: name for name, number in _named("phone", told.handsets).items()}
        self._urls = {url: name for name, url in _named("APPLICATION", told.urls()).items()}
        self._results = {url: name for name, url in _named("RESULTS", told.result_urls()).items()}
        self._arrived: Counter[str] = Counter()
        self._since: set[str] = set()
        self._bad: Counter[tuple[str, Words, str]] = Counter()
        self._doubted = False

    def lines(self) -> Iterator[str]:
        """The statements, not yet indented."""
        for note in self._told.notes:
            yield from comment(note, width=_REMARK)
        begin = [*self._set_up()]
        yield from begin
        for place, step in enumerate(self._told.steps):
            if place or begin or self._told.notes:
                yield ""
            if isinstance(step, LeftOut):
                yield from comment(step.why, width=_REMARK)
            else:
                yield from self._step(step)
        if not self._phones:
            if begin or self._told.steps or self._told.notes:
                yield ""
            yield "assert plum.messages() == []"

    def _set_up(self) -> Iterator[str]:
        urls = self._told.applications
        if len(set(urls)) == 1 and urls[0]:
            yield f"plum.application({self._urls[urls[0]]})"
        else:
            for place, url in enumerate(urls):
                if url:
                    yield f"plum.application({self._urls[url]}, number=plum.numbers[{place}])"
        for number, name in self._phones.items():
            yield f"{name} = plum.phone({literal(number)})"

    def _step(self, step: Step) -> Iterator[str]:
        for remark in step.remarks:
            yield from comment(remark, width=_REMARK)
        phone = self._phones[step.handset]
        if step.queued:
            yield from self._queued(step, phone)
        else:
            to = [f"to=plum.numbers[{step.number}]"] if step.number else []
            yield from _call(f"{phone}.texts", [literal(step.body), *to])
            yield 'plum.advance(until="idle")'
        touched = dict.fromkeys(
            (
                *(() if step.queued else (step.handset,)),
                *(outcome.to for outcome in step.outcomes if outcome.to in self._phones),
            )
        )
        if not step.sure:
            yield from self._lost_count(touched)
            return
        for number in touched:
            yield from self._seen(step, number)
        if not step.queued:
            yield from self._ended_badly(step)

    def _queued(self, step: Step, phone: str) -> Iterator[str]:
        sender = f"plum.numbers[{step.number}]" if step.number else "plum.number"
        arguments = [f"to={phone}.number", f"from_={sender}", f"body={literal(step.body)}"]
        if step.result_url:
            own = step.result_url == OWN_SINK
            arguments.append(f"result_url={'plum.sink_url' if own else self._results[step.result_url]}")
        one = len(step.outcomes) == 1
        yield from _call(f"{'[queued]' if one else 'queued'} = plum.client.queue", arguments)
        yield 'plum.advance(until="idle")'
        status = literal(step.outcomes[0].status)
        if one:
            yield f'assert plum.message(queued["sms_message_id"]).status == {status}'
        else:
            yield 'ended = [plum.message(part["sms_message_id"]).status for part in queued]'
            yield f"assert ended == [{status}] * {len(step.outcomes)}"

    def _seen(self, step: Step, number: str) -> Iterator[str]:
        """What has arrived on the phone since the step before."""
        name = self._phones[number]
        bodies: list[Words] = [(text,) for text in step.automatic] if number == step.handset else []
        bodies += [outcome.body for outcome in step.outcomes if outcome.to == number and outcome.status == "received"]
        since = self._slice(number)
        self._arrived[number] += len(bodies)
        yield from _listed(
            f"assert [text.body for text in {name}.inbox{since}] == ", [written(body) for body in bodies]
        )

    def _slice(self, number: str) -> str:
        count = self._arrived[number]
        if number not in self._since:
            return f"[{count}:]" if count else ""
        seen = _seen_name(self._phones[number])
        return f"[{seen} + {count} :]" if count else f"[{seen}:]"

    def _lost_count(self, touched: Sequence[str] | dict[str, None]) -> Iterator[str]:
        self._doubted = True
        for number in touched:
            name = self._phones[number]
            self._since.add(number)
            self._arrived[number] = 0
            yield f"{_seen_name(name)} = len({name}.inbox)"

    def _ended_badly(self, step: Step) -> Iterator[str]:
        """Replies that did not arrive, each by what it was and how often there is such a one by now."""
        for outcome in step.outcomes:
            if outcome.status != "received":
                self._bad[outcome.to, outcome.body, outcome.status] += 1
        for outcome in dict.fromkeys(outcome for outcome in step.outcomes if outcome.status != "received"):
            yield from _call("plum.expect", self._expected(outcome))

    def _expected(self, outcome: Outcome) -> list[str]:
        count = self._bad[outcome.to, outcome.body, outcome.status]
        to = [f"to={self._phones[outcome.to]}"] if is_number(outcome.to) else []
        how_many = [] if self._doubted or count == 1 else [f"count={count}"]
        return ['type="reply"', *to, f"body={written(outcome.body)}", f"status={literal(outcome.status)}", *how_many]


def _seen_name(phone: str) -> str:
    return phone.replace("phone", "seen", 1)


def _call(what: str, arguments: Sequence[str]) -> Iterator[str]:
    """A call on one line, or with each argument on a line of its own."""
    yield from _bracketed(f"{what}(", arguments, ")")


def _listed(begin: str, items: Sequence[str]) -> Iterator[str]:
    yield from _bracketed(f"{begin}[", items, "]")


def _bracketed(begin: str, items: Sequence[str], end: str) -> Iterator[str]:
    line = f"{begin}{', '.join(items)}{end}"
    if not items or len(_INDENT) + _columns(line) <= _WIDTH:
        yield line
    else:  # the comma at the end makes formatters leave it so
        yield begin
        yield from (f"{_INDENT}{item}," for item in items)
        yield end


def _columns(line: str) -> int:
    """How wide the line is at the most: of other alphabets' characters many take two columns."""
    return sum(1 if character.isascii() else 2 for character in line)
