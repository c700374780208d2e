"""Where a suite says which emulator is used, what fails, and what its accounts are like."""

from __future__ import annotations

import pytest

from helpers.receivers import Answer, receiver
from helpers.suites import Suite, said

NOWHERE = "http://127.0.0.1:9"
SUITE = """
    import pytest

    def test_a_message_is_delivered(plum):
        plum.client.queue(to="16175550123", from_=plum.number, body="Hello")
        plum.advance("5s")
        assert plum.phone("16175550123").last.body == "Hello"

    def test_where(plum, plum_server):
        print("served by", plum_server.url)
        assert plum.base_url == plum_server.url
    """


@pytest.mark.parametrize("place", ["option", "ini", "environment"])
def test_the_same_tests_run_on_an_emulator_elsewhere(suite: Suite, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """`--plum-url`, `plum_url` or PLUM_EMULATOR_URL names it, and nothing is started."""
    options = {"option": ("--plum-url", f"{suite.url}/"), "ini": ("-o", f"plum_url={suite.url}"), "environment": ()}
    if place == "environment":
        monkeypatch.setenv("PLUM_EMULATOR_URL", suite.url)

    result = suite.run_bare(SUITE, "-s", *options[place])

    result.assert_outcomes(passed=2)
    assert f"served by {suite.url}\n" in said(result)


def test_the_option_is_nearer_than_the_ini_option_and_that_than_the_environment(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who types a URL means it."""
    monkeypatch.setenv("PLUM_EMULATOR_URL", NOWHERE)

    suite.run_bare(SUITE, "-o", f"plum_url={suite.url}").assert_outcomes(passed=2)
    suite.run_bare(SUITE, "-o", f"plum_url={NOWHERE}", "--plum-url", suite.url).assert_outcomes(passed=2)


def test_an_emulator_that_wants_a_token_gets_the_one_of_the_environment(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PLUM_EMULATOR_TOKEN, for one in a container; without it the tests err with what to do."""
    with receiver(lambda _hit: Answer(status=401, body=b'{"error": "x", "hint": "y"}')) as server:
        url = server.url.rstrip("/")
        result = suite.run_bare(SUITE, "--plum-url", url)
        monkeypatch.setenv("PLUM_EMULATOR_TOKEN", "sixteen-at-least")
        suite.run_bare(SUITE, "--plum-url", url)

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([f"the emulator at {url} wants a token; give it with --token or PLUM_EMULATOR_TOKEN*"])
    assert [hit.headers.get("Authorization") for hit in server.hits] == [None, "Bearer sixteen-at-least"]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        pytest.param(
            NOWHERE, f"no emulator answers at {NOWHERE}: *; start one with: plum-emulator serve*", id="nobody"
        ),
        pytest.param(
            "ftp://here", "'ftp://here' is not the address of an emulator; for example http*", id="no address"
        ),
    ],
)
def test_an_emulator_that_is_not_there_is_told_in_a_line(suite: Suite, url: str, complaint: str) -> None:
    """Each test that needs it errs with what to do, and without a traceback of ours."""
    result = suite.run_bare(SUITE, "--plum-url", url)

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([complaint])
    assert "During handling" not in said(result)
    assert "pytest_plugin.py" not in said(result)


def test_without_a_url_one_is_started_and_stopped(suite: Suite) -> None:
    """The usual case: an emulator of the run's own."""
    result = suite.run_bare(SUITE, "-s")

    result.assert_outcomes(passed=2)
    assert "served by http://127.0.0.1:" in said(result)
    assert f"served by {suite.url}" not in said(result)


@pytest.mark.parametrize("name", ["plum_unexpected", "plum_unused_rules", "plum_unhandled"])
def test_a_mistake_in_an_ini_option_ends_the_run(suite: Suite, name: str) -> None:
    """A usage error names the option, and what was meant."""
    result = suite.run(SUITE, "-o", f"{name}=fial")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {name} in the configuration: 'fial' is unknown; did you mean 'fail'?"])


def test_fixtures_are_overridden_for_a_module_or_a_class(suite: Suite) -> None:
    """Numbers, options, seed and application: the nearest fixture wins, as everywhere in pytest."""
    result = suite.run(
        """
        import pytest

        @pytest.fixture
        def plum_numbers():
            return 2

        @pytest.fixture
        def plum_options():
            return {"sent_after": 7}

        @pytest.fixture
        def plum_application():
            return lambda text: f"you said {text}"

        @pytest.fixture
        def plum_seed():
            return "the same for all"

        ids = []

        def test_of_the_module(plum):
            phone = plum.phone("16175550123")
            message = phone.texts("Hi", to=plum.numbers[1])
            assert phone.wait_for("you said Hi").body == "you said Hi"
            assert plum.client.account()["options"]["sent_after"] == 7
            ids.append((plum.numbers, message.id))

        class TestOfTheClass:
            @pytest.fixture
            def plum_numbers(self):
                return ["16175550177"]

            def test_it(self, plum):
                assert plum.numbers == ["16175550177"]

        def test_again(plum):
            ids.append((plum.numbers, plum.phone("16175550123").texts("Hi", to=plum.numbers[1]).id))
            assert ids[0] == ids[1]

        def test_in_real_time(plum_real_time):
            assert len(plum_real_time.numbers) == 2
            assert plum_real_time.client.account()["options"]["sent_after"] == 7
        """
    )

    result.assert_outcomes(passed=4)


def test_an_option_that_the_emulator_refuses_is_told_in_a_line(suite: Suite) -> None:
    """In the emulator's own words, without a traceback of ours."""
    result = suite.run(
        """
        import pytest

        @pytest.fixture
        def plum_options():
            return {"sent_aftr": 7}

        def test_it(plum):
            pass
        """
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["'sent_aftr' is unknown; did you mean 'sent_after'?"])
    assert "During handling" not in said(result)
    assert "pytest_plugin.py" not in said(result)


def test_settings_of_the_emulator_are_a_fixture_too(suite: Suite) -> None:
    """The usual port in them is not taken: it is for an emulator that a person runs."""
    result = suite.run_bare(
        """
        import pytest
        from plum_emulator.settings import DEFAULT_PORT, Settings

        @pytest.fixture(scope="session")
        def plum_settings():
            return Settings(received_after=9)

        def test_it(plum, plum_server):
            assert not plum_server.url.endswith(str(DEFAULT_PORT))
            plum.client.queue(to="16175550123", from_=plum.number, body="Hello")
            plum.advance("9.9s")
            assert plum.messages()[0].status == "sent"
            plum.advance("0.2s")
            assert plum.messages()[0].status == "received"
        """
    )

    result.assert_outcomes(passed=1)
