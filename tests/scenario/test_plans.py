"""What will happen to a message: fates by what an account does about opted-out handsets (clauses 5 and 10)."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from plum_emulator.model.accounts import OPTED_OUT_MODES, OptedOutMode
from plum_emulator.model.messages import may_become
from plum_emulator.scenario.effects import NOTHING, Effects
from plum_emulator.scenario.magic import ORDINARY, Fate, MagicNumbers
from plum_emulator.scenario.plans import Delays, Plan, Step, plan
from plum_emulator.scenario.rules import OUTCOMES, Outcome, Then

TO = "12125550123"
DELAYS = Delays(sent_after=1000, received_after=2000)
LINES = MagicNumbers.load().lines

SENT = Step(after=1000, status="sent")
USUAL = Plan(steps=(SENT, Step(after=3000, status="received")))
OPTED_OUT: dict[OptedOutMode, Plan] = {
    "undelivered": Plan(
        steps=(Step(after=1000, status="undelivered", notification="Attempt to send to unsubscribed recipient"),)
    ),
    "generic": Plan(error="Error sending sms request", reason=f"{TO} has opted out of this number"),
    "detailed": Plan(error="Attempt to send to unsubscribed recipient", reason=f"{TO} has opted out of this number"),
}
# What becomes of a message to a recipient with the fate of this line, whatever the account's mode; None: see OPTED_OUT.
EXPECTED: dict[str, Plan | None] = {
    "0150": Plan(steps=(Step(after=1000, status="failed", reason=f"the magic number {TO} fails at sending"),)),
    "0151": Plan(
        steps=(SENT, Step(after=3000, status="failed", reason=f"the magic number {TO} fails after it was sent"))
    ),
    "0152": Plan(
        steps=(
            SENT,
            Step(after=3000, status="undelivered", reason=f"the magic number {TO} is undelivered after it was sent"),
        )
    ),
    "0153": Plan(
        steps=(Step(after=1000, status="undelivered", notification=f"To number: +{TO}, is not a mobile number"),)
    ),
    "0154": None,
    "0155": Plan(),
    "0156": Plan(steps=(SENT,)),
    "0157": Plan(steps=(SENT, Step(after=61_000, status="received"))),
    "0158": Plan(error="Error sending sms request", reason=f"the magic number {TO} is refused by the queue service"),
}


def planned(
    fate: Fate, mode: OptedOutMode = "undelivered", *, opted_out: bool = False, effects: Effects = NOTHING
) -> Plan:
    """The plan for a message to TO."""
    return plan(to=TO, fate=fate, delays=DELAYS, opted_out=opted_out, mode=mode, effects=effects)


def rule(then: Then, *, wait: int = 0, refused: str = "") -> Effects:
    """What comes of one rule that fired."""
    return Effects(rules=("r",), then=then, wait=wait, refused=refused)


def test_the_table_below_leaves_no_line_out() -> None:
    assert EXPECTED.keys() == LINES.keys()


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
def test_an_ordinary_message_is_sent_and_received(mode: OptedOutMode) -> None:
    """Queued, about a second later sent, two more seconds later received."""
    assert planned(ORDINARY, mode) == USUAL


@pytest.mark.parametrize(("line", "mode"), list(product(LINES, OPTED_OUT_MODES)))
def test_a_magic_number_has_its_plan_in_every_mode(line: str, mode: OptedOutMode) -> None:
    assert planned(LINES[line], mode) == (EXPECTED[line] or OPTED_OUT[mode])


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
@pytest.mark.parametrize("line", [line for line in LINES if line != "0158"])
def test_a_handset_that_sent_stop_is_opted_out_whatever_its_line(line: str, mode: OptedOutMode) -> None:
    """Plum documents two ways: queued and then undelivered, or refused, in general or in detail."""
    assert planned(LINES[line], mode, opted_out=True) == OPTED_OUT[mode]
    assert planned(ORDINARY, mode, opted_out=True) == OPTED_OUT[mode]


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
def test_a_number_that_the_queue_service_refuses_is_refused_before_all_else(mode: OptedOutMode) -> None:
    assert planned(LINES["0158"], mode, opted_out=True) == EXPECTED["0158"]


@pytest.mark.parametrize(
    ("delays", "instants"),
    [
        (Delays(sent_after=0, received_after=0), [0, 0]),
        (Delays(sent_after=500, received_after=0), [500, 500]),
        (Delays(sent_after=0, received_after=250), [0, 250]),
    ],
    ids=str,
)
def test_delays_add_up(delays: Delays, instants: list[int]) -> None:
    steps = plan(to=TO, fate=ORDINARY, delays=delays, opted_out=False, mode="undelivered").steps
    assert [step.after for step in steps] == instants


def test_a_delay_of_the_line_counts_from_sent() -> None:
    fate = Fate(received_after=0.25)
    assert [step.after for step in planned(fate).steps] == [1000, 1250]


TOLD: dict[str, Plan] = {
    "queued": Plan(),
    "sent": Plan(steps=(SENT,)),
    "received": USUAL,
    "failed": Plan(steps=(SENT, Step(after=3000, status="failed", reason="rule r: the outcome is failed"))),
    "undelivered": Plan(
        steps=(SENT, Step(after=3000, status="undelivered", reason="rule r: the outcome is undelivered"))
    ),
    "landline": Plan(
        steps=(
            Step(
                after=1000,
                status="undelivered",
                notification=f"To number: +{TO}, is not a mobile number",
                reason=f"rule r: {TO} counts as a landline",
            ),
        )
    ),
}
OPTED_OUT_AS_TOLD: dict[OptedOutMode, Plan] = {
    "undelivered": Plan(
        steps=(
            Step(
                after=1000,
                status="undelivered",
                notification="Attempt to send to unsubscribed recipient",
                reason=f"rule r: {TO} counts as opted out",
            ),
        )
    ),
    "generic": Plan(error="Error sending sms request", reason=f"rule r: {TO} counts as opted out"),
    "detailed": Plan(error="Attempt to send to unsubscribed recipient", reason=f"rule r: {TO} counts as opted out"),
}


@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
@pytest.mark.parametrize("opted_out", [False, True], ids=["opted in", "opted out"])
@pytest.mark.parametrize("fate", [ORDINARY, *LINES.values()], ids=lambda fate: fate.means)
def test_the_outcome_of_a_rule_counts_before_magic_numbers_and_opt_outs(
    fate: Fate, opted_out: bool, mode: OptedOutMode
) -> None:
    for word, outcome in OUTCOMES.items():
        # The minute that line 0157 takes is part of its fate, and left out with it.
        expected = OPTED_OUT_AS_TOLD[mode] if word == "opted_out" else TOLD[word]
        assert planned(fate, mode, opted_out=opted_out, effects=rule(Then(outcome=outcome))) == expected


def test_an_outcome_of_one_step_comes_when_the_message_would_be_sent() -> None:
    assert planned(ORDINARY, effects=rule(Then(outcome=("failed",)))) == Plan(
        steps=(Step(after=1000, status="failed", reason="rule r: the outcome is failed"),)
    )


def test_every_rule_that_fired_is_named() -> None:
    effects = Effects(rules=("a", "b"), then=Then(outcome=("failed",)))
    assert planned(ORDINARY, effects=effects).steps[0].reason == "rules a, b: the outcome is failed"


@pytest.mark.parametrize(
    ("effects", "instants"),
    [
        (rule(Then(sent_after=0)), [0, 2000]),
        (rule(Then(final_after=0)), [1000, 1000]),
        (rule(Then(sent_after=5, final_after=7)), [5, 12]),
        (rule(Then(), wait=500), [1500, 3500]),
        (rule(Then(sent_after=5), wait=500), [505, 2505]),
        (rule(Then(sent_after=5, outcome=("sent", "failed")), wait=500), [505, 2505]),
        (rule(Then(sent_after=5, outcome="landline"), wait=500), [505]),
    ],
)
def test_delays_of_a_rule_take_the_place_of_the_usual_ones(effects: Effects, instants: list[int]) -> None:
    assert [step.after for step in planned(ORDINARY, effects=effects).steps] == instants


def test_the_final_delay_of_a_rule_counts_before_that_of_the_recipient() -> None:
    minute = LINES["0157"]
    assert [step.after for step in planned(minute, effects=rule(Then(sent_after=0))).steps] == [0, 60_000]
    assert [step.after for step in planned(minute, effects=rule(Then(final_after=5))).steps] == [1000, 1005]


@pytest.mark.parametrize("fate", [ORDINARY, *LINES.values()], ids=lambda fate: fate.means)
@pytest.mark.parametrize("mode", OPTED_OUT_MODES)
def test_a_rule_about_something_else_leaves_the_plan_as_it_is(fate: Fate, mode: OptedOutMode) -> None:
    """The error of a rule is answered without a plan."""
    effects = rule(Then(error="no", answer_lost=True))
    assert planned(fate, mode, effects=effects) == planned(fate, mode)


def test_a_message_over_a_rate_limit_is_refused_before_all_else() -> None:
    effects = rule(Then(outcome="landline"), refused="rule r: too many")
    assert planned(LINES["0154"], "detailed", opted_out=True, effects=effects) == Plan(
        error="Error sending sms request", reason="rule r: too many"
    )


fates = st.one_of(st.just(ORDINARY), st.sampled_from(list(LINES.values())))
outcomes: st.SearchStrategy[Outcome | None] = st.sampled_from([None, ("failed",), *OUTCOMES.values()])
effects = st.one_of(
    st.just(NOTHING),
    st.builds(
        Effects,
        rules=st.just(("r",)),
        then=st.builds(
            Then,
            outcome=outcomes,
            sent_after=st.none() | st.integers(0, 10**6),
            final_after=st.none() | st.integers(0, 10**6),
        ),
        wait=st.integers(0, 10**6),
        refused=st.sampled_from(["", "too many"]),
    ),
)
delays = st.builds(Delays, sent_after=st.integers(0, 10**6), received_after=st.integers(0, 10**6))


@given(fates, delays, st.booleans(), st.sampled_from(OPTED_OUT_MODES), effects)
@examples(150)
def test_any_plan_is_a_refusal_or_a_way_that_the_contract_lets_it_go(
    fate: Fate, delays: Delays, opted_out: bool, mode: OptedOutMode, effects: Effects
) -> None:
    found = plan(to=TO, fate=fate, delays=delays, opted_out=opted_out, mode=mode, effects=effects)
    if found.error:
        assert found.reason
        assert not found.steps
    statuses = ["queued", *(step.status for step in found.steps)]
    assert all(may_become(before, after) for before, after in pairwise(statuses))
    assert all(before.after <= after.after for before, after in pairwise(found.steps))
    assert all((step.notification or step.reason) is not None for step in found.steps if step.status == "failed")
