"""Outcomes of tests that use `plum`, and what the report of a failing one tells."""

from __future__ import annotations

import re

import pytest

from helpers.suites import Suite, said

HEADING = "plum timeline"
SEND = "plum.client.queue(to='16175550123', from_=plum.number, body='Hello')"


def test_each_outcome_is_pytests_own_and_only_failures_tell_the_story(suite: Suite) -> None:
    """Tests pass, fail, err, are skipped and fail as expected as ever; a failure and an error have the timeline."""
    result = suite.run(
        f"""
        import pytest

        @pytest.fixture
        def broken(plum):
            raise ValueError("no")

        def test_passes(plum):
            {SEND}
        def test_fails(plum):
            assert plum.messages()
        def test_errs(plum, broken):
            pass
        def test_skips(plum):
            pytest.skip("later")
        @pytest.mark.xfail
        def test_fails_as_expected(plum):
            assert plum.messages()
        """
    )

    result.assert_outcomes(passed=1, failed=1, errors=1, skipped=1, xfailed=1)
    assert said(result).count(HEADING) == 2


def test_a_failure_tells_what_happened_in_order_with_the_accounts_time(suite: Suite) -> None:
    """The timeline has messages, statuses, callbacks, refused requests, and rules that fired or never did."""
    result = suite.run(
        """
        import pytest
        from plum_emulator.errors import CallFailed

        def test_it(plum):
            plum.client.set_clock("manual@2026-01-31T12:00:00Z")
            plum.rule(when={"operation": "status"}, then={"http_status": 503})
            plum.client.queue(to="16175550123", from_=plum.number, body="Hello", result_url=plum.sink_url)
            plum.advance("1s")
            plum.refuse_next()
            with pytest.raises(CallFailed):
                plum.client.queue(to="16175550124", from_=plum.number, body="Another")
            plum.expect(body="Goodbye", timeout=0)
        """,
        "--color=no",
    )

    head, *lines = story(result)
    assert re.fullmatch(r"account lease-\d+, numbers 1\d{10}, manual clock at 2026-01-31T12:00:01.000Z", head)
    assert [re.sub(r"http://\S+", "URL", re.sub(r"\b1\d{10}\b|  [0-9a-f]{8}  ", " N ", line)) for line in lines] == [
        "12:00:00.000  clock manual",
        "12:00:00.000 N outbound queued       N  >  N   Hello",
        "12:00:01.000 N outbound sent         N  >  N   Hello",
        "12:00:01.000 N callback sent > URL ok",
        "12:00:01.000  rule rule-2 fired: queue",
        "12:00:01.000  POST /ws/sms/queue.json: Error sending sms request: rule rule-2",
        "due next at 12:00:03.000, when the clock gets there: plum.advance(until='next')",
        "rule rule-1 never fired: when {'operation': 'status'} then {'http_status': 503}",
    ]


def test_a_failure_tells_the_story_of_every_account_of_the_test(suite: Suite) -> None:
    """An account on each clock and the others that a marker brings: each has its timeline, and each is ended."""
    result = suite.run(
        """
        import pytest

        @pytest.mark.plum(accounts=2)
        def test_it(plum, plum_real_time):
            print("used", *(each.username for one in (plum, plum_real_time) for each in (one, *one.others)))
            assert plum.messages()

        def test_they_are_gone(plum):
            print("left", plum.username, *(each["username"] for each in plum.client.accounts()))
            assert 0
        """
    )

    used = next(line.split()[1:] for line in result.outlines if line.startswith("used "))
    left = next(line.split()[1:] for line in result.outlines if line.startswith("left "))
    told = [line.split()[1].rstrip(",") for line in result.outlines if line.startswith("account ")]
    assert (len({*used}), told[:-1]) == (4, used)
    assert not {*used} & {*left}


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        pytest.param({"failed": 1}, "assert 0", id="failed"),
        pytest.param({"skipped": 1}, "pytest.skip()", id="skipped"),
        pytest.param({"xfailed": 1}, "pytest.xfail()", id="failed as expected"),
    ],
)
def test_a_test_that_did_not_pass_is_not_judged_further(suite: Suite, outcome: dict[str, int], ending: str) -> None:
    """What may be made a failure at the end is one only where all went well until then."""
    result = suite.run(
        f"""
        import pytest

        @pytest.mark.plum(unexpected="fail", unused_rules="fail", unhandled="fail")
        def test_it(plum):
            {SEND}
            plum.refuse_next()
            {ending}
        """
    )

    result.assert_outcomes(**outcome)


UNEXPECTED = (SEND, "1 message went out that nobody expected:", "unexpected")
UNUSED = ("plum.refuse_next()", "1 rule never fired:", "unused_rules")
UNHANDLED = (
    "pytest.raises(Exception, plum.client.as_account('usrname', password='x').messages)",
    "1 request for nobody:",
    "unhandled",
)


@pytest.mark.parametrize(
    ("statement", "complaint", "name"),
    [
        pytest.param(*UNEXPECTED, id="unexpected"),
        pytest.param(*UNUSED, id="unused_rules"),
        pytest.param(*UNHANDLED, id="unhandled"),
    ],
)
def test_what_was_left_over_fails_a_test_where_that_is_wanted(
    suite: Suite, statement: str, complaint: str, name: str
) -> None:
    """Off by default; on by ini option or by marker; a marker is nearer than the ini option."""
    source = f"""
        import pytest

        def test_by_default(plum):
            {statement}
        @pytest.mark.plum({name}="fail")
        def test_strict(plum):
            {statement}
        @pytest.mark.plum({name}="ignore")
        def test_lenient(plum):
            {statement}
        """

    by_marker = suite.run(source)
    by_option = suite.run(source, "-o", f"plum_{name}=fail")

    by_marker.assert_outcomes(passed=3, errors=1)
    by_option.assert_outcomes(passed=3, errors=2)
    # Under CI pytest's summary at the end repeats it in full.
    failures = re.findall(rf"^E +.*PlumFailure: {re.escape(complaint)}", said(by_marker), re.MULTILINE)
    assert (len(failures), said(by_marker).count(HEADING)) == (1, 1)
    assert "ERROR at teardown of test_strict" in said(by_marker)
    assert re.findall("ERROR at teardown of (.*?) _", said(by_option)) == ["test_by_default", "test_strict"]


def test_what_was_expected_used_and_handled_fails_nothing(suite: Suite) -> None:
    """The strictest suite passes when nothing is left over."""
    result = suite.run(
        f"""
        import pytest

        @pytest.mark.plum(unexpected="fail", unused_rules="fail", unhandled="fail")
        def test_it(plum):
            plum.refuse_next()
            with pytest.raises(Exception):
                {SEND}
            {SEND}
            plum.expect(body="Hello")
        """
    )

    result.assert_outcomes(passed=1)


def test_what_a_function_of_another_account_raised_is_raised_at_the_end(suite: Suite) -> None:
    """Nobody asked the other account anything, and still it is heard."""
    result = suite.run(
        """
        import pytest

        @pytest.mark.plum(accounts=2)
        def test_it(plum):
            def answer(text):
                raise ValueError(f"not {text}")
            [other] = plum.others
            other.application(answer)
            plum.phone("16175550123")
            other.client.receive(from_="16175550123", to=other.number, body="this")
            other.client.advance(0)
        """
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E * ValueError: not this"])


def test_an_error_of_the_emulator_tells_its_next_step(suite: Suite) -> None:
    """What is wrong, and in the line below what to do."""
    result = suite.run(
        """
        def test_it(plum):
            plum.expect(bdy="Hello")
        """
    )

    result.stdout.fnmatch_lines(["E *NotPossible: 'bdy' is unknown", "E * did you mean 'body'?"])


def test_ids_and_numbers_of_a_test_are_the_same_in_every_run(suite: Suite) -> None:
    """They follow from the test's name: not from the order, nor from what ran before on the same emulator."""
    source = f"""
        def test_a(plum):
            print("ids", plum.number, {SEND}[0]["sms_message_id"])
        def test_b(plum):
            print("ids", plum.number, {SEND}[0]["sms_message_id"])
        """

    runs = [suite.run(source, "-s", *order) for order in ((), ("test_it.py::test_b", "test_it.py::test_a"))]

    first, second = (re.findall("ids (.*)", said(run)) for run in runs)
    assert (first, len({*first})) == (second[::-1], 2)


def story(result: pytest.RunResult) -> list[str]:
    """The lines of the timeline, of a run with one failure."""
    begin = next(place for place, line in enumerate(result.outlines) if HEADING in line) + 1
    end = next(place for place, line in enumerate(result.outlines) if place > begin and line.startswith("====="))
    return result.outlines[begin:end]
