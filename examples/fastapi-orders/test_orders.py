from __future__ import annotations

from typing import Any

import httpx
import pytest
from plum_emulator.testing import Phone, Plum


def ask_for_code(plum: Plum, shop: httpx.Client, customer: Phone) -> str:
    """A code, read from the customer's phone."""
    assert shop.post("/codes", json={"phone": customer.number}).status_code == 202
    code: str = plum.expect(to=customer, body__contains="Your code is", extract="code").extracted
    return code


def log_in(shop: httpx.Client, customer: Phone, code: str) -> int:
    return shop.post("/login", json={"phone": customer.number, "code": code}).status_code


def order(shop: httpx.Client, customer: Phone) -> dict[str, Any]:
    answer = shop.post("/orders", json={"phone": customer.number})
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def link_of(shop: httpx.Client, made: dict[str, Any]) -> str:
    """What the shop knows of the text with the link."""
    return str(shop.get(f"/orders/{made['id']}").json()["link"])


def test_the_code_from_the_text_lets_in_once(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    code = ask_for_code(plum, shop, customer)
    assert len(code) == 6
    assert log_in(shop, customer, code) == 200
    assert log_in(shop, customer, code) == 403


def test_a_second_code_takes_the_place_of_the_first(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    first = ask_for_code(plum, shop, customer)
    second = ask_for_code(plum, shop, customer)
    plum.expect(to=customer, count=2)
    assert log_in(shop, customer, second) == 200
    assert log_in(shop, customer, first) == 403


def test_the_code_of_another_customer_does_not_let_in(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    other = plum.phone("16175550124")
    ask_for_code(plum, shop, customer)
    assert log_in(shop, customer, ask_for_code(plum, shop, other)) == 403


@pytest.mark.parametrize(("later", "answer"), [("299s", 200), ("301s", 403)])
def test_a_code_is_good_for_five_minutes(
    plum: Plum, shop: httpx.Client, customer: Phone, later: str, answer: int
) -> None:
    code = ask_for_code(plum, shop, customer)
    plum.advance(later)
    assert log_in(shop, customer, code) == answer


def test_the_link_in_the_text_leads_to_the_order(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    made = order(shop, customer)
    link = plum.expect(to=customer, extract="link").extracted
    assert httpx.get(link).json() == made
    plum.advance("1m")
    assert link_of(shop, made) == "received"


def test_callbacks_in_the_wrong_order_leave_the_last_status(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    plum.hold_callbacks()
    made = order(shop, customer)
    plum.advance("1m")
    sent, received = plum.held_callbacks
    plum.release_callbacks([received["id"], sent["id"]])
    assert [each.ok for each in plum.callbacks()] == [True, True]
    assert link_of(shop, made) == "received"


@pytest.mark.plum(scenario="doubled-callbacks")
def test_doubled_callbacks_change_nothing(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    made = order(shop, customer)
    plum.deliver()
    assert len(plum.callbacks()) == 4
    assert link_of(shop, made) == "received"


def test_a_text_that_failed_is_known(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    plum.fail_to(customer.number)
    made = order(shop, customer)
    plum.deliver()
    assert link_of(shop, made) == "failed"


def test_while_plum_is_down_the_customer_is_told(plum: Plum, shop: httpx.Client, customer: Phone) -> None:
    plum.rule(when={"operation": "queue", "first": 1}, then={"http_status": 503})
    assert shop.post("/codes", json={"phone": customer.number}).status_code == 503
    plum.expect_none(to=customer)
    assert log_in(shop, customer, ask_for_code(plum, shop, customer)) == 200
