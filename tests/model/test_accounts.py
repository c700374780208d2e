"""What an account may text with (clause 4)."""

from __future__ import annotations

import pytest

from plum_emulator.model.accounts import Account, Number, Seed

FIRST = Number(number="16175550100", application_url="http://127.0.0.1:8000/sms")
PCI = Number(number="16175550199", pci=True)
LAST = Number(number="12125550100")
SEED = Seed(username="username", password="password", numbers=(FIRST, PCI, LAST))
ACCOUNT = Account(id=1, seed=SEED, numbers={number.number: number for number in SEED.numbers})


@pytest.mark.parametrize(
    ("number", "can"),
    [
        pytest.param(FIRST.number, True, id="its first"),
        pytest.param(LAST.number, True, id="its last"),
        pytest.param(PCI.number, False, id="its PCI number"),
        pytest.param("16175550101", False, id="somebody else's"),
        pytest.param("6175550100", False, id="not in 11 digits"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_an_account_texts_from_its_sms_numbers_only(number: str, can: bool) -> None:
    """`from` is one of the account's SMS numbers, never a PCI number."""
    assert ACCOUNT.can_text(number) is can


def test_sms_numbers_come_in_the_seeds_order_without_pci_numbers() -> None:
    assert ACCOUNT.sms_numbers() == [FIRST.number, LAST.number]


def test_an_account_has_the_name_of_its_seed() -> None:
    assert ACCOUNT.username == "username"
