"""Which URLs the emulator can post to (clauses 4 and 7)."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.messages import any_code_points
from plum_emulator.model.urls import application_problem, is_own, url_problem

EXPECTED = "an http:// or https:// URL with a host was expected"
BLANK = "the URL has a blank or a control character in it; write %20 for a blank"


@pytest.mark.parametrize(
    "url",
    [
        "http://myserver.com/storesmsresults.php",
        "https://myserver.com",
        "HTTP://MYSERVER.COM/",
        "http://127.0.0.1:8000/results?id=1&x=%20#part",
        "http://localhost:65535",
        "http://[::1]:8000/",
        "http://user:password@host/",
        "http://host:/",
        "http://myserver.com/é?ü=€",
        "http://bücher.example/",
        "http://host/" + "a" * (2048 - len("http://host/")),
    ],
)
def test_an_http_url_with_a_host_can_be_posted_to(url: str) -> None:
    assert url_problem(url) is None
    assert application_problem(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("myserver.com/results", EXPECTED),
        ("//myserver.com/results", EXPECTED),
        ("ftp://myserver.com/", EXPECTED),
        ("file:///etc/passwd", EXPECTED),
        ("javascript:alert(1)", EXPECTED),
        ("mailto:you@example.com", EXPECTED),
        ("http:", EXPECTED),
        ("http://", EXPECTED),
        ("http:///path", EXPECTED),
        ("http://:8000/", EXPECTED),
        ("http://user@/", EXPECTED),
        ("http:\\\\host\\", EXPECTED),
        ("http://host:0/", EXPECTED),
        ("http://host:65536/", "the URL cannot be read: Port out of range 0-65535"),
        ("http://[::1/", "the URL cannot be read: Invalid IPv6 URL"),
        ("http://host/a b", BLANK),
        (" http://host/", BLANK),
        ("http://host/\n", BLANK),
        ("http://ho\tst/", BLANK),
        ("http://host/\0", BLANK),
        ("http://host/\x7f", BLANK),
        ("http://host/\r\nX-Header: 1", BLANK),
        ("http://host/" + "a" * 2048, "the URL has 2060 characters; at most 2048 are taken"),
    ],
)
def test_any_other_url_has_its_problem_told(url: str, problem: str) -> None:
    assert url_problem(url) == problem
    assert application_problem(url) == problem


@pytest.mark.parametrize("port", ["abc", "-1", "1.5", "80a"])
def test_a_port_that_is_no_number_is_a_problem(port: str) -> None:
    assert (url_problem(f"http://host:{port}/") or "").startswith("the URL cannot be read: Port could not be cast")


def test_a_huge_url_is_not_remembered() -> None:
    """A request has up to 1 MiB: a thousand such URLs in a cache would be a gigabyte."""
    url = "http://host/" + "a" * 1_000_000
    held = sys.getrefcount(url)
    assert url_problem(url) == "the URL has 1000012 characters; at most 2048 are taken"
    assert sys.getrefcount(url) == held


@pytest.mark.parametrize("url", ["", "/", "/demo", "/sms?application=1", "/a/b/c"])
def test_an_application_url_may_be_empty_or_a_path_of_the_emulator(url: str) -> None:
    assert application_problem(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("/a b", BLANK),
        ("/\n", BLANK),
        ("//evil.example/", EXPECTED),
        ("demo", EXPECTED),
        (" ", BLANK),
        ("/" + "a" * 2048, "the URL has 2064 characters; at most 2048 are taken"),
    ],
)
def test_a_path_that_cannot_be_one_has_its_problem_told(url: str, problem: str) -> None:
    assert application_problem(url) == problem


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("/demo", True),
        ("/", True),
        ("//evil.example/demo", False),
        ("http://host/demo", False),
        ("", False),
        ("demo", False),
    ],
)
def test_only_a_path_means_the_emulator_itself(url: str, own: bool) -> None:
    assert is_own(url) is own


@given(st.one_of(any_code_points, any_code_points.map("http://".__add__), st.text("htps:/[]@.012%#?", max_size=30)))
def test_any_text_can_be_posted_to_or_has_a_problem_in_one_line(url: str) -> None:
    for problem in (url_problem(url), application_problem(url)):
        assert problem is None or len(problem.splitlines()) == 1
