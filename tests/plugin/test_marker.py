"""The marker `plum`: each argument, and each mistake."""

from __future__ import annotations

import pytest

from helpers.suites import Suite, said


@pytest.mark.parametrize(
    ("argument", "fact"),
    [
        pytest.param('clock="real"', "plum.client.clock()['mode'] == 'real'", id="clock"),
        pytest.param('clock="60x"', "plum.client.clock()['rate'] == 60", id="a fast clock"),
        pytest.param(
            'scenario="carrier-outage"', "{r['scenario'] for r in plum.rules} == {'carrier-outage'}", id="one"
        ),
        pytest.param(
            'scenario=("carrier-outage", "lost-answers")',
            "{r['scenario'] for r in plum.rules} == {'carrier-outage', 'lost-answers'}",
            id="several scenarios",
        ),
        pytest.param("numbers=3", "len(plum.numbers) == 3", id="numbers"),
        pytest.param('numbers=("16175550177",)', "plum.numbers == ['16175550177']", id="certain numbers"),
        pytest.param("accounts=3", "len({each.username for each in (plum, *plum.others)}) == 3", id="accounts"),
        pytest.param('unexpected="ignore"', "plum.messages() == []", id="unexpected"),
        pytest.param("unused_rules=None", "plum.rules == []", id="unused_rules"),
        pytest.param('unhandled="ignore"', "plum.others == []", id="unhandled"),
        pytest.param("sent_after=7", "plum.client.account()['options']['sent_after'] == 7", id="an option"),
        pytest.param("demo=True", "plum.client.account()['demo'] is True", id="demo"),
    ],
)
def test_an_argument_shapes_the_account(suite: Suite, argument: str, fact: str) -> None:
    """What the marker says is so in the test; the nearest marker wins."""
    result = suite.run(
        f"""
        import pytest
        pytestmark = pytest.mark.plum(numbers=2)

        @pytest.mark.plum({argument})
        def test_it(plum):
            assert {fact}

        def test_beside_it(plum):
            assert len(plum.numbers) == 2
        """
    )

    result.assert_outcomes(passed=2)


MISTAKES = [
    pytest.param('clok="real"', "@pytest.mark.plum: 'clok' is unknown; did you mean 'clock'?", id="name"),
    pytest.param('"real"', "@pytest.mark.plum takes names, as clock='real'", id="without a name"),
    pytest.param('clock="manul"', "'manul' is not a clock; there are: real, manual, 60x", id="clock"),
    pytest.param('scenario="carrier-outrage"', "scenario: 'carrier-outrage' is unknown; did you mean", id="scenario"),
    pytest.param("scenario=5", "scenario: 5 is unknown; there are: ", id="scenario of another kind"),
    pytest.param("numbers=0", "'numbers' is 0, but a whole number from 1 to 100 was expected", id="numbers"),
    pytest.param('numbers=["911"]', "'911' is not a phone number", id="a certain number"),
    pytest.param("accounts=0", "accounts = 0 is not a number of accounts", id="accounts"),
    pytest.param('unexpected="fial"', "unexpected: 'fial' is unknown; did you mean 'fail'?", id="unexpected"),
    pytest.param("unused_rules=True", "unused_rules: True is unknown; there are: ignore, fail", id="unused_rules"),
    pytest.param('unhandled="ignor"', "unhandled: 'ignor' is unknown; did you mean 'ignore'?", id="unhandled"),
    pytest.param('sent_after="soon"', "'sent_after' is 'soon', but a number from 0", id="an option"),
    pytest.param('opted_out="undelivred"', "did you mean 'undelivered'?", id="opted_out"),
]


@pytest.mark.parametrize(("arguments", "complaint"), MISTAKES)
def test_a_mistake_in_it_ends_the_run_before_any_test(suite: Suite, arguments: str, complaint: str) -> None:
    """A usage error names the test, and what was meant; there is no traceback."""
    result = suite.run(
        f"""
        import pytest

        def test_other():
            pass
        @pytest.mark.plum({arguments})
        def test_it(plum):
            pass
        """
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.assert_outcomes()
    result.stderr.fnmatch_lines(["ERROR: test_it.py::test_it: *"])
    assert complaint in said(result)
    assert "Traceback" not in said(result)


def test_all_mistakes_are_told_at_once(suite: Suite) -> None:
    """One run is enough to see them."""
    result = suite.run(
        """
        import pytest

        @pytest.mark.plum(clok="real")
        def test_a(plum): pass
        @pytest.mark.plum(number=2)
        def test_b(plum): pass
        """
    )

    result.stderr.fnmatch_lines(
        ["ERROR: test_it.py::test_a: *did you mean 'clock'?", "ERROR: *did you mean 'numbers'?"]
    )


def test_a_mistake_in_a_test_that_is_left_out_is_nobodys(suite: Suite) -> None:
    """Only what is to run is judged."""
    result = suite.run(
        """
        import pytest

        @pytest.mark.plum(clok="real")
        def test_a(plum): pass
        def test_b(plum): pass
        """,
        "-k",
        "test_b",
    )

    result.assert_outcomes(passed=1, deselected=1)


def test_the_marker_is_registered(suite: Suite) -> None:
    """Strict markers know it, and `pytest --markers` tells what it takes."""
    result = suite.run("def test_it(plum): pass", "--strict-markers", "--markers")

    result.stdout.fnmatch_lines(['@pytest.mark.plum(clock="manual", scenario=None, *'])
