from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from plum_emulator.testing import Plum

from campaign import Campaign, GivenUp, client

PEOPLE = [f"161755501{place:02}" for place in range(20, 45)]
ANN, BOB, CAT = PEOPLE[:3]


@pytest_asyncio.fixture
async def http(plum: Plum) -> AsyncIterator[httpx.AsyncClient]:
    async with client(plum.env) as http:
        yield http


@pytest.fixture
def campaign(plum: Plum, http: httpx.AsyncClient) -> Campaign:
    """When it pauses, the account's clock moves on: nobody waits."""

    async def pause(seconds: float) -> None:
        await asyncio.to_thread(plum.advance, seconds)

    return Campaign(http=http, number=plum.number, pause=pause)


async def test_everybody_is_texted(plum: Plum, campaign: Campaign) -> None:
    outcomes = await campaign.text(PEOPLE, "The shop opens at 9")
    assert outcomes == dict.fromkeys(PEOPLE, "received")
    plum.expect(body="The shop opens at 9", count=len(PEOPLE))
    plum.expect_nothing_else()


async def test_each_outcome_is_known(plum: Plum, campaign: Campaign) -> None:
    plum.fail_to(BOB, "failed")
    plum.fail_to(CAT, "undelivered")
    outcomes = await campaign.text([ANN, BOB, CAT], "Hello")
    assert outcomes == {ANN: "received", BOB: "failed", CAT: "undelivered"}


@pytest.mark.plum(received_after=50.0)
async def test_a_slow_carrier_is_waited_for(plum: Plum, campaign: Campaign) -> None:
    """Nearly a minute, in a moment."""
    assert await campaign.text([ANN], "Hello") == {ANN: "received"}
    sent, received = (at for status, at in plum.expect(to=ANN).statuses if status != "queued")
    assert sent < received


@pytest.mark.plum(received_after=3600.0)
async def test_a_carrier_that_takes_an_hour_is_given_up(campaign: Campaign) -> None:
    with pytest.raises(GivenUp, match="no outcome yet"):
        await campaign.text([ANN], "Hello")


async def test_lost_answers_text_nobody_twice(plum: Plum, campaign: Campaign) -> None:
    plum.lose_next_answer()
    assert await campaign.text([ANN, BOB, CAT], "Hello") == dict.fromkeys([ANN, BOB, CAT], "received")
    plum.expect(body="Hello", count=3)


async def test_an_outage_is_sat_out(plum: Plum, campaign: Campaign) -> None:
    plum.rule(when={"operation": "queue", "first": 3}, then={"http_status": 503})
    assert await campaign.text([ANN], "Hello") == {ANN: "received"}
    plum.expect(to=ANN, count=1)


async def test_what_plum_refuses_is_told_in_its_words(plum: Plum, campaign: Campaign) -> None:
    plum.refuse_next("Error sending sms request")
    with pytest.raises(GivenUp, match="Error sending sms request"):
        await campaign.text([ANN], "Hello")
    plum.expect_none(to=ANN)


async def test_it_works_in_real_time_too(plum_real_time: Plum) -> None:
    async with client(plum_real_time.env) as http:
        campaign = Campaign(http=http, number=plum_real_time.number, every=0.01, tries=500)
        assert await campaign.text(PEOPLE[:5], "Hello") == dict.fromkeys(PEOPLE[:5], "received")
