"""Whether a receiver took a request, and the words for it (clause 6)."""

from __future__ import annotations

import pytest

from plum_emulator.model.exchanges import Outcome


@pytest.mark.parametrize(
    ("outcome", "ok", "words"),
    [
        (Outcome(status=200), True, "ok"),
        (Outcome(status=201), True, "ok"),
        (Outcome(status=204), True, "ok"),
        (Outcome(status=299), True, "ok"),
        (Outcome(status=199), False, "answered 199, a 2xx was expected"),
        (Outcome(status=300), False, "answered 300, a 2xx was expected"),
        (Outcome(status=302), False, "answered 302, a 2xx was expected"),
        (Outcome(status=404), False, "answered 404, a 2xx was expected"),
        (Outcome(status=500), False, "answered 500, a 2xx was expected"),
        (Outcome(error="the connection was refused"), False, "the connection was refused"),
        (Outcome(status=200, error="the answer is too large"), False, "the answer is too large"),
    ],
)
def test_any_2xx_is_success_and_nothing_else(outcome: Outcome, ok: bool, words: str) -> None:
    assert (outcome.ok, outcome.in_words()) == (ok, words)


def test_no_answer_at_all_is_no_success() -> None:
    assert not Outcome().ok
