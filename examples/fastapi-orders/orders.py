"""A shop: customers log in with a code that is texted to them, and get a link to follow their order."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Annotated

import httpx
from fastapi import Body, FastAPI, Form, HTTPException

CODE_LIVES = timedelta(minutes=5)
ORDER = ("asked", "queued", "sent", "received", "failed", "undelivered")
Word = Annotated[str, Body(embed=True)]


@dataclass(kw_only=True)
class Code:
    """A code that lets one customer in, once."""

    code: str
    until: datetime


@dataclass(kw_only=True)
class Order:
    """What was ordered, and whether the customer has the link."""

    id: int
    phone: str
    link: str = "asked"


class Texts:
    """The part of Plum that the shop uses."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._number = environment["PLUM_NUMBER"]
        self._login = (environment["PLUM_USERNAME"], environment["PLUM_PASSWORD"])
        self._services = environment.get("PLUM_BASE_URL", "https://hosting.plumvoice.com") + "/ws/sms"

    def send(self, to: str, body: str, *, result_url: str = "") -> None:
        """Queue a message. Raises HTTPException when Plum does not take it."""
        fields = {"to": to, "from": self._number, "body": body, "result_url": result_url}
        try:
            answer = httpx.post(f"{self._services}/queue.json", data=fields, auth=self._login, timeout=5)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise HTTPException(503, "texts cannot be sent just now") from error
        if answer.json()["status"] != "success":
            raise HTTPException(502, answer.json()["error"])


def utc_now() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


def create_app(environment: Mapping[str, str] = os.environ, *, now: Callable[[], datetime] = utc_now) -> FastAPI:
    """The shop. `app.state.url` is where Plum and customers reach it."""
    app = FastAPI()
    app.state.url = environment.get("PUBLIC_URL", "http://127.0.0.1:8000")
    texts = Texts(environment)
    codes: dict[str, Code] = {}
    orders: dict[int, Order] = {}
    ids = count(1)

    @app.post("/codes", status_code=202)
    def ask_for_code(phone: Word) -> None:
        """Text a code. A new one takes the place of the last."""
        code = f"{secrets.randbelow(10**6):06}"
        codes[phone] = Code(code=code, until=now() + CODE_LIVES)
        texts.send(phone, f"Your code is {code}. It is good for 5 minutes.")

    @app.post("/login")
    def log_in(phone: Word, code: Word) -> str:
        known = codes.pop(phone, None)
        if known is None or not secrets.compare_digest(known.code, code) or now() > known.until:
            raise HTTPException(403, "this code does not let you in; ask for another")
        return "welcome"

    @app.post("/orders", status_code=201)
    def order(phone: Word) -> Order:
        made = Order(id=next(ids), phone=phone)
        orders[made.id] = made
        link = f"{app.state.url}/orders/{made.id}"
        texts.send(phone, f"Thank you! Follow your order at {link}", result_url=f"{link}/link")
        return made

    @app.get("/orders/{id_}")
    def show(id_: int) -> Order:
        return orders[id_]

    @app.post("/orders/{id_}/link", status_code=204)
    def told(id_: int, status: Annotated[str, Form()]) -> None:
        """A status of the message with the link. Late and doubled ones change nothing."""
        if ORDER.index(status) > ORDER.index(orders[id_].link):
            orders[id_].link = status

    return app
