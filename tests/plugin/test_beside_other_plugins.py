"""The plugin beside others that people use, each run in a process of its own."""

from __future__ import annotations

import re

import pytest

from helpers.suites import Suite, said

pytestmark = [pytest.mark.journey, pytest.mark.slow]

MANY = """
    import pytest

    @pytest.mark.parametrize("n", range(24))
    def test_a_message(plum, n, testrun_uid, worker_id):
        message = plum.client.queue(to="16175550123", from_=plum.number, body=f"Number {n}")[0]
        plum.advance("5s")
        assert [text.body for text in plum.phone("16175550123").inbox] == [f"Number {n}"]
        print("ran", worker_id, plum.base_url, n, message["sms_message_id"])
    """


def test_workers_of_xdist_have_an_emulator_each(suite: Suite) -> None:
    """Four workers: each test finds its own message and nothing else, and ids are those of a run with one process."""
    apart = suite.run_apart(MANY, "-n", "4", "-rP")
    alone = suite.run_apart(MANY, "-n", "0", "-rP", "-p", "no:randomly")

    apart.assert_outcomes(passed=24)
    alone.assert_outcomes(passed=24)
    ran = re.findall(r"ran (\S+) (\S+) (\d+ \w+)", said(apart))
    assert len({worker for worker, _, _ in ran}) == len({url for _, url, _ in ran}) == 4
    assert {message for _, _, message in ran} == {*re.findall(r"ran \S+ \S+ (\d+ \w+)", said(alone))}


def test_workers_of_xdist_may_share_one_emulator(suite: Suite) -> None:
    """With a URL they do, and still nobody sees anybody else's messages."""
    result = suite.run_apart(MANY, "-n", "4", "-rP", "--plum-url", suite.url)

    result.assert_outcomes(passed=24)
    assert {url for _, url in re.findall(r"ran (\S+) (\S+)", said(result))} == {suite.url}


def test_a_mistake_in_a_marker_is_told_by_a_worker_too(suite: Suite) -> None:
    """The test errs alone, in a line; the worker lives on."""
    result = suite.run_apart(
        """
        import pytest

        @pytest.mark.plum(clok="real")
        def test_wrong(plum): pass
        def test_right(plum): pass
        """,
        "-n",
        "2",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["test_it.py::test_wrong: @pytest.mark.plum: 'clok' is unknown; did you mean 'clock'?"])


def test_any_order_will_do(suite: Suite) -> None:
    """pytest-randomly turns tests round, and sets chance to a seed: ids stay what they are."""
    runs = [suite.run_apart(MANY, "-rP", f"--randomly-seed={n}") for n in (1, 2)]

    first, second = (re.findall(r"ran \S+ \S+ (\d+ \w+)", said(run)) for run in runs)
    assert (len(first), first != second, {*first} == {*second}) == (24, True, True)


def test_coroutines_of_pytest_asyncio_use_it(suite: Suite) -> None:
    """`plum` in a coroutine; what waits for an application in the same loop goes to a thread."""
    result = suite.run_apart(
        """
        import asyncio
        import pytest

        @pytest.mark.asyncio
        async def test_a_message(plum):
            [message] = await asyncio.to_thread(plum.client.queue, to="16175550123", from_=plum.number, body="Hello")
            plum.advance("5s")
            assert plum.message(message["sms_message_id"]).status == "received"

        @pytest.mark.asyncio
        async def test_an_application_in_the_loop(plum):
            async def answer(reader, writer):
                head = await reader.readuntil(b"\\r\\n\\r\\n")
                body = b"<reply><sms_message>Hi</sms_message></reply>"
                writer.write(b"HTTP/1.0 200 OK\\r\\nContent-Type: text/xml\\r\\n\\r\\n" + body)
                await writer.drain()
                writer.close()
            async with await asyncio.start_server(answer, "127.0.0.1") as server:
                port = server.sockets[0].getsockname()[1]
                plum.application(f"http://127.0.0.1:{port}")
                phone = plum.phone("16175550123")
                await asyncio.to_thread(phone.texts, "Hello")
                assert (await asyncio.to_thread(phone.wait_for, "Hi")).body == "Hi"
        """,
        "-p",
        "no:randomly",
    )

    result.assert_outcomes(passed=2)


def test_a_class_of_unittest_uses_it(suite: Suite) -> None:
    """By a fixture that every test of the class has; a failure has its timeline."""
    result = suite.run_apart(
        """
        import unittest
        import pytest

        @pytest.mark.plum(numbers=2)
        class TestMessages(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _account(self, plum):
                self.plum = plum

            def setUp(self):
                self.assertEqual(len(self.plum.numbers), 2)
                self.plum.client.queue(to="16175550123", from_=self.plum.number, body="Hello")

            def test_passes(self):
                self.plum.expect(body="Hello")

            def test_fails(self):
                self.plum.expect(body="Goodbye", timeout=0)

            @pytest.mark.plum(unexpected="fail")
            def test_errs(self):
                pass
        """
    )

    result.assert_outcomes(passed=2, failed=1, errors=1)
    assert said(result).count("plum timeline") == 2


def test_the_plugin_can_be_left_out(suite: Suite) -> None:
    """`-p no:plum_emulator`: no fixture, no option, nothing of the package in the process."""
    result = suite.run_apart(
        """
        import sys

        def test_it():
            assert [name for name in sys.modules if name.startswith("plum_emulator")] == []
        def test_there_is_no_fixture(plum):
            pass
        """,
        "-p",
        "no:plum_emulator",
        "-p",
        "no:randomly",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E * fixture 'plum' not found"])
    assert suite.run_apart("", "-p", "no:plum_emulator", "--plum-url", "x").ret == pytest.ExitCode.USAGE_ERROR


def test_who_does_not_use_it_pays_nothing(suite: Suite) -> None:
    """The plugin is loaded, and of the package nothing but what that takes."""
    result = suite.run_apart(
        """
        import sys

        def test_it():
            found = sorted(name for name in sys.modules if name.startswith("plum_emulator"))
            assert found == ["plum_emulator", "plum_emulator.pytest_plugin"]
            assert not {"flask", "pycurl", "uvicorn", "apscheduler", "xmlschema"} & {*sys.modules}
        """
    )

    result.assert_outcomes(passed=1)


def test_the_coverage_of_somebodys_own_code_is_the_same_with_it(suite: Suite) -> None:
    """Unused or not there: the report is the same, line by line. Used: nothing of ours gets in."""
    suite.pytester.mkpydir("shop").joinpath("prices.py").write_text(
        "def price(n):\n    if n > 10:\n        return n\n    return n * 2\n", encoding="utf-8"
    )
    source = "from shop.prices import price\n\ndef test_it(): assert price(1) == 2\n"
    using = "from shop.prices import price\n\ndef test_it(plum): plum.advance('1s'); assert price(1) == 2\n"
    reported = ("--cov", "shop", "--cov-branch", "--cov-report", "term-missing", "-p", "no:randomly")

    without, unused, used = (
        coverage(suite.run_apart(text, *reported, *more))
        for text, more in ((source, ("-p", "no:plum_emulator")), (source, ()), (using, ()))
    )

    assert without == unused == used
    assert any(re.match(r"shop/prices.py +4 +1 +2 +1 +67% +3", line) for line in without)


def coverage(result: pytest.RunResult) -> list[str]:
    """The table of the report."""
    result.assert_outcomes(passed=1)
    begin = next(place for place, line in enumerate(result.outlines) if line.startswith("Name "))
    return [line for line in result.outlines[begin:] if not line.startswith("=")]
