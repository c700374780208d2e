"""Recipients whose number chooses what happens to a message."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.laws import examples
from plum_emulator import resources
from plum_emulator.model.messages import may_become
from plum_emulator.model.phones import is_number
from plum_emulator.scenario.magic import ORDINARY, Fate, MagicNumbers

MAGIC = MagicNumbers.load()
FATES = {
    "0150": Fate(means="fails at sending", steps=("failed",)),
    "0151": Fate(means="fails after it was sent", steps=("sent", "failed")),
    "0152": Fate(means="is undelivered after it was sent", steps=("sent", "undelivered")),
    "0153": Fate(means="is a landline", landline=True),
    "0154": Fate(means="has opted out", opted_out=True),
    "0155": Fate(means="stays queued", steps=()),
    "0156": Fate(means="stays sent", steps=("sent",)),
    "0157": Fate(means="takes a minute", received_after=60),
    "0158": Fate(means="is refused by the queue service", error="Error sending sms request"),
}
LANDLINE = Fate(means="is a landline", landline=True)

area_codes = st.from_regex(r"[2-9][0-9]{2}", fullmatch=True)


def test_the_table_says_what_the_manual_says() -> None:
    assert MAGIC.lines == FATES
    assert MAGIC.numbers == {"15005550009": LANDLINE}


@pytest.mark.parametrize("line", FATES)
@given(area_codes)
@examples(20)
def test_a_line_has_its_fate_in_any_area(line: str, area: str) -> None:
    assert MAGIC.fate_of(f"1{area}555{line}") == FATES[line]


@given(area_codes, st.integers(0, 149))
@examples(40)
def test_lines_0100_to_0149_and_all_below_are_ordinary(area: str, line: int) -> None:
    assert MAGIC.fate_of(f"1{area}555{line:04d}") == ORDINARY


@given(area_codes, st.from_regex(r"[2-9][0-9]{2}", fullmatch=True), st.sampled_from([*FATES, "0100", "9999"]))
@examples(60)
def test_every_other_exchange_is_ordinary(area: str, exchange: str, line: str) -> None:
    if exchange != "555":
        assert MAGIC.fate_of(f"1{area}{exchange}{line}") == ORDINARY


@pytest.mark.parametrize("number", ["15005550009", "15005550153", "12125550153"])
def test_landlines(number: str) -> None:
    assert MAGIC.fate_of(number) == LANDLINE


@pytest.mark.parametrize("number", ["15005550008", "15015550009", "19998881234", "12435678910", "16175550159"])
def test_neighbours_of_magic_numbers_are_ordinary(number: str) -> None:
    assert MAGIC.fate_of(number) == ORDINARY


def test_an_ordinary_recipient_gets_its_message_as_usual() -> None:
    assert (
        Fate(
            means="ordinary", steps=("sent", "received"), received_after=None, opted_out=False, landline=False, error=""
        )
        == ORDINARY
    )


@pytest.mark.parametrize("fate", [*MAGIC.lines.values(), *MAGIC.numbers.values()], ids=lambda fate: fate.means)
def test_every_entry_says_what_it_means_and_moves_as_the_contract_lets_it(fate: Fate) -> None:
    assert fate.means not in ("", ORDINARY.means)
    assert all(may_become(before, after) for before, after in pairwise(("queued", *fate.steps)))


@pytest.mark.parametrize("line", MAGIC.lines)
def test_every_line_is_one_that_belongs_to_nobody(line: str) -> None:
    assert 100 <= int(line) <= 199
    assert len(line) == 4


@pytest.mark.parametrize("number", MAGIC.numbers)
def test_every_number_is_written_in_11_digits(number: str) -> None:
    assert is_number(number)
    assert len(number) == 11


@pytest.mark.parametrize(("line", "badly"), [("0150", True), ("0151", True), ("0152", True), ("0155", False)])
def test_a_fate_that_ends_in_a_bad_status_wants_an_explanation(line: str, badly: bool) -> None:
    assert FATES[line].ends_badly is badly
    assert not ORDINARY.ends_badly


def test_the_keys_that_the_file_explains_are_the_keys_that_it_takes() -> None:
    head = resources.fixture("magic-numbers.toml").read_text(encoding="utf-8").partition("[lines")[0]
    explained = set(re.findall(r"^#   ([a-z_]+)  ", head, re.MULTILINE))
    assert explained | {"means"} == {field.name for field in fields(Fate)}
