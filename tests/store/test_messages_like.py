"""Looking for texts in the log: what SQLite leaves out, nobody would have found."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from helpers.laws import examples
from plum_emulator.model.accounts import Number, Seed
from plum_emulator.model.messages import Draft
from plum_emulator.model.patterns import Pattern
from plum_emulator.store.store import Store

SEED = Seed(username="username", password="password", numbers=(Number(number="16175550100"),))
TEXTS = st.text(st.sampled_from("aAäÄ\u0000%_'\"x\n🙂"), max_size=6)


@given(st.lists(TEXTS, max_size=8), TEXTS, st.booleans())
@example(["a\0b", "a", "b"], "\0", True)
@example(["a\0b"], "b", True)
@examples(60)
def test_texts_are_found_as_a_pattern_finds_them(bodies: list[str], wanted: str, contains: bool) -> None:
    """Case counts, and no character has a meaning of its own."""
    pattern = Pattern(contains=wanted) if contains else Pattern(equals=wanted)
    store = Store()
    with store.transaction():
        store.accounts.plant([SEED])
        for place, body in enumerate(bodies):
            draft = Draft(type="outbound", to="12125550123", from_="16175550100", body=body)
            store.messages.insert(draft, account=1, sms_message_id=str(place), at=place)
    with store.reading():
        found = store.messages.since(1, 0, limit=100, like=[("body", pattern)])
    store.close()
    assert [message.body for message in found] == [body for body in bodies if pattern.holds(body)]
