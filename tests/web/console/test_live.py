"""Live regions: made once for everybody who looks at them, whenever something has happened."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from helpers.caller import Caller, InlinePool
from helpers.house import HANDSET, MINE, House
from helpers.loops import in_loop
from helpers.pages import submit
from plum_emulator.engine.emulator import Emulator
from plum_emulator.errors import NotFound, StorageFailed
from plum_emulator.model.accounts import Account
from plum_emulator.web.console.live import Listener, Live, rest_after
from plum_emulator.web.console.pages import Region

FIRST = "16175550123"
CONVERSATION = f"/console/live?{urlencode({'region': f'conversation?handset={FIRST}'})}"


def told(block: bytes) -> list[tuple[str, str]]:
    """The regions that a piece of the stream brings, each with its HTML."""
    events = [event for event in block.decode().split("\n\n") if event.startswith("event: region\n")]
    values = [json.loads(event.partition("data: ")[2]) for event in events]
    return [(value["region"], value["html"]) for value in values]


def test_the_stream_begins_with_the_region_as_it_is_and_goes_on_with_every_change(house: House, caller: Caller) -> None:
    with caller.listening(CONVERSATION) as listener:
        assert listener.status == 200
        assert listener.headers["content-type"].startswith("text/event-stream")
        assert listener.block() == b"retry: 1000\n\n"
        [(region, html)] = told(listener.block())
        assert region == f"conversation?handset={FIRST}"
        assert "Nothing yet" in html
        submit(caller, f"/console/phones/{FIRST}/texts", body="HELLO <b>")
        [(_, html)] = told(listener.block())
        assert "HELLO &lt;b&gt;" in html
        house.queue(to=FIRST, body="Good day")
        assert "queued" in told(listener.block())[0][1]
        house.advance(1000)
        assert "sent" in told(listener.block())[0][1]


def test_what_the_control_surface_changes_is_seen(caller: Caller) -> None:
    """A reset is an event; a new Application URL is none, and is seen all the same."""
    submit(caller, f"/console/phones/{FIRST}/texts", body="HELLO")
    with caller.listening(CONVERSATION) as listener:
        listener.block()
        assert "HELLO" in told(listener.block())[0][1]
        caller.post("/_plum/reset")
        assert "Nothing yet" in told(listener.block())[0][1]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "0 regions were asked for"),
        ("region=nothing", "there is no region"),
        (
            urlencode([("region", f"conversation?handset={FIRST}{n:03}") for n in range(50)]),
            "50 regions were asked for",
        ),
        ("region=conversation", "is not a phone number"),
        ("region=conversation%3Fhandset%3D..", "is not a phone number"),
        ("region=others&account=nobody", "there is no account"),
    ],
)
def test_regions_that_there_are_not_are_refused(onlooker: Caller, query: str, words: str) -> None:
    heard = onlooker.get(f"/console/live?{query}")
    assert heard.status in (400, 404)
    assert words in heard.body.decode()


@dataclass
class FakePages:
    """Pages of one account whose regions are as they are told to be; counts how often each is made."""

    emulator: Emulator
    shown: dict[str, Callable[[], str]]
    made: list[str] = field(default_factory=list)

    def region(self, account: Account, spec: str, *, named: str) -> Region:  # noqa: ARG002 # as pages do
        self.made.append(spec)
        return Region(self.shown[spec](), f"run.{len(self.made)}")

    def gone(self, error: NotFound) -> Region:
        return Region(error.message, f"run.{len(self.made)}")


@asynccontextmanager
async def looking(live: Live, account: Account, *specs: str) -> AsyncIterator[Listener]:
    listener = live.join(account, "", specs)
    try:
        yield listener
    finally:
        live.leave(listener)


async def news(listener: Listener) -> Mapping[str, str]:
    """What the listener hears next."""
    await listener.woken.wait()
    listener.woken.clear()
    heard, listener.news = listener.news, {}
    return dict(told(b"".join(heard.values())))


def in_turn(*answers: str | Exception) -> Callable[[], str]:
    """A region that is this, then that, or cannot be made."""
    rest = iter(answers)

    def made() -> str:
        answer = next(rest)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return made


def a_live(house: House, beat: float = 60.0, **shown: Callable[[], str]) -> tuple[Live, FakePages]:
    pages = FakePages(house.emulator, shown)
    return Live(pages, pool=InlinePool(), rest=0.0, beat=beat), pages  # type: ignore[arg-type] # as much of Pages as it asks for


@in_loop
async def test_a_region_is_made_once_for_all_who_look_on() -> None:
    house = House()
    words = iter(("one", "two", "three"))
    live, pages = a_live(house, log=lambda: next(words))
    async with looking(live, house.account, "log") as first:
        assert await news(first) == {"log": "one"}
        async with looking(live, house.account, "log") as second, looking(live, house.account, "log") as third:
            assert await news(first) == {"log": "two"}
            assert (await news(second), await news(third)) == ({"log": "two"}, {"log": "two"})
            house.receive()
            assert [await news(each) for each in (first, second, third)] == [{"log": "three"}] * 3
    assert pages.made == ["log"] * 3
    house.close()


@in_loop
async def test_what_is_as_it_was_is_not_told() -> None:
    house = House()
    number = iter(range(10))
    live, _ = a_live(house, same=lambda: "same", other=lambda: str(next(number)))
    async with looking(live, house.account, "same", "other") as listener:
        assert await news(listener) == {"same": "same", "other": "0"}
        house.receive()
        assert await news(listener) == {"other": "1"}
    house.close()


@in_loop
async def test_what_a_page_was_given_is_told_again_to_all_who_may_see_that_page() -> None:
    """The page may be seen later than what was told meanwhile; so the newest is told, be it news or not."""
    house = House()
    live, pages = a_live(house, log=lambda: "same", clock=lambda: "same")
    async with looking(live, house.account, "log", "clock") as listener, looking(live, house.second, "log") as other:
        await news(listener)
        await news(other)
        live.placed(house.account, "", "log")
        assert await news(listener) == {"log": "same"}
        house.receive(account=house.second)
        house.receive()
        live.placed(house.second, "", "log")
        assert await news(other) == {"log": "same"}
        assert listener.news == {}
    assert pages.made.count("clock") == 2
    house.close()


@in_loop
async def test_what_somebody_is_owed_and_cannot_be_made_is_told_when_it_can() -> None:
    house = House()
    live, _ = a_live(house, beat=0.01, log=in_turn("same", StorageFailed("full"), "same"))
    async with looking(live, house.account, "log") as listener:
        await news(listener)
        live.placed(house.account, "", "log")
        assert await news(listener) == {"log": "same"}
    house.close()


def test_pages_say_of_each_region_when_it_was_made(caller: Caller) -> None:
    """Of two that one emulator made, the newer has the higher number, in pages and in streams alike."""
    page = caller.get("/").body.decode()
    numbers = [int(number) for number in re.findall(r'data-made="[0-9a-f]{8}\.([0-9]+)"', page)]
    assert len(numbers) == page.count("data-live=")
    assert numbers == sorted(set(numbers))
    with caller.listening(CONVERSATION) as listener:
        listener.block()
        [event] = listener.block().decode().split("\n\n")[:1]
    made = json.loads(event.partition("data: ")[2])["made"]
    assert int(made.partition(".")[2]) > max(numbers)
    assert made.partition(".")[0] in page


@pytest.mark.parametrize(
    ("took", "seconds"),
    [(0, 0.2), (5, 0.2), (20, 0.38), (100, 1.9), (1000, 2.0)],
)
def test_rounds_are_followed_by_a_rest_of_nineteen_times_their_work_and_never_of_more_than_two_seconds(
    took: float, seconds: float
) -> None:
    assert rest_after(took) == pytest.approx(seconds)


@in_loop
async def test_of_many_changes_somebody_slow_hears_the_last_alone() -> None:
    house = House()
    number = iter(range(100))
    live, pages = a_live(house, log=lambda: str(next(number)))
    async with looking(live, house.account, "log") as slow, looking(live, house.account, "log") as quick:
        await news(quick)
        for _ in range(5):
            house.receive()
            await news(quick)
        assert await news(slow) == {"log": str(len(pages.made) - 1)}
    house.close()


@in_loop
async def test_another_account_is_not_told() -> None:
    house = House()
    number = iter(range(10))
    live, pages = a_live(house, log=lambda: str(next(number)))
    async with looking(live, house.second, "log") as listener:
        assert await news(listener) == {"log": "0"}
        house.receive()
        house.receive(account=house.second)
        assert await news(listener) == {"log": "1"}
    assert len(pages.made) == 2
    house.close()


@in_loop
async def test_requests_that_are_no_events_are_seen_at_the_next_beat() -> None:
    house = House()
    live, _ = a_live(house, beat=0.01, traffic=lambda: str(house.account.exchanges))
    async with looking(live, house.account, "traffic") as listener:
        assert await news(listener) == {"traffic": "0"}
        house.platform.next_exchange(house.account)
        assert await news(listener) == {"traffic": "1"}
    house.close()


@in_loop
async def test_where_something_happens_all_the_time_others_have_their_beat() -> None:
    """A busy account does not keep the clock of another from being shown."""
    house = House()
    number = iter(range(1_000_000))
    live, pages = a_live(house, beat=0.01, clock=lambda: str(next(number)), log=lambda: "x")
    async with looking(live, house.second, "clock") as quiet, looking(live, house.account, "log"):
        await news(quiet)
        while pages.made.count("clock") < 3:
            house.receive()
            await asyncio.sleep(0)
    house.close()


@in_loop
async def test_a_region_that_cannot_be_made_stays_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in one region is logged, and the others go on."""
    house = House()
    number = iter(range(10))

    def fails() -> str:
        raise StorageFailed("full")

    def broken() -> str:
        raise ZeroDivisionError

    live, _ = a_live(house, fails=fails, broken=broken, works=lambda: str(next(number)))
    async with looking(live, house.account, "fails", "broken", "works") as listener:
        assert await news(listener) == {"works": "0"}
    assert [record.getMessage() for record in caplog.records] == ["a bug of the emulator"]
    house.close()


@in_loop
async def test_a_region_whose_subject_is_gone_says_so() -> None:
    house = House()
    live, _ = a_live(house, message=in_turn("a message", NotFound("there is no such message")))
    async with looking(live, house.account, "message") as listener:
        assert await news(listener) == {"message": "a message"}
        house.receive()
        assert await news(listener) == {"message": "there is no such message"}
    house.close()


@in_loop
async def test_a_region_that_could_not_be_made_is_tried_again() -> None:
    """Storage that fails for a moment leaves no page behind for good."""
    house = House()
    live, _ = a_live(house, beat=0.01, log=in_turn(StorageFailed("full"), StorageFailed("full"), "there again"))
    async with looking(live, house.account, "log") as listener:
        assert await news(listener) == {"log": "there again"}
    house.close()


@in_loop
async def test_nothing_is_kept_for_those_who_have_gone() -> None:
    """Also when they go while what they looked at is being made."""
    house = House()
    live, pages = a_live(house, log=lambda: "x")

    def and_goes(number: int) -> Callable[[], str]:
        def made() -> str:
            live.leave(passing[number])
            return "x" * 1000

        return made

    passing: dict[int, Listener] = {}
    async with looking(live, house.account, "log") as listener:
        await news(listener)
        for number in range(5):
            pages.shown[f"other {number}"] = and_goes(number)
            passing[number] = live.join(house.account, "", (f"other {number}",))
            live.placed(house.account, "", "log")
            await news(listener)
        assert live.kept == 1
    assert live.kept == 0
    house.close()


@in_loop
async def test_nothing_is_made_and_nobody_watches_when_nobody_looks_on() -> None:
    house = House()
    live, pages = a_live(house, log=lambda: "x")
    async with looking(live, house.account, "log") as listener:
        await news(listener)
    await asyncio.sleep(0)
    house.receive(to=MINE, from_=HANDSET)
    live.touch()
    await asyncio.sleep(0)
    assert pages.made == ["log"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    house.close()


@in_loop
async def test_an_account_that_has_ended_is_told_no_more() -> None:
    house = House()
    live, pages = a_live(house, log=lambda: str(len(pages.made)))
    async with looking(live, house.account, "log") as listener:
        await news(listener)
        house.accounts.remove(house.account)
        live.touch()
        await listener.woken.wait()
        assert list(listener.news.values()) == [b"event: gone\ndata: {}\n\n"]
        assert pages.made == ["log"]
    house.close()
