"""What has happened on the emulator whose pages are shown: a morning of a shop."""

from __future__ import annotations

from plum_emulator.client import Client

NOON = "manual@2026-01-31T12:00:00Z"

ANNA = "16175550123"
BEN = "16175550124"
UNREACHED = "16175550152"  # a magic number: undelivered after it was sent
LANDLINE = "16175550153"  # another


def play(client: Client) -> None:
    """Two customers text the demo application, and the shop tells three of them of their orders."""
    demo, shop = (number["number"] for number in client.numbers()[:2])
    results = client.sink_url()
    for sender, body in ((ANNA, "MENU"), (ANNA, "HELLO"), (BEN, "menu")):
        client.receive(from_=sender, to=demo, body=body)
        client.advance(20)
    for to, body in (
        (ANNA, "Your order 1042 is ready for you to fetch."),
        (UNREACHED, "Your order 1043 is ready for you to fetch."),
        (LANDLINE, "Your order 1044 is ready for you to fetch."),
    ):
        client.queue(to=to, from_=shop, body=body, result_url=results)
        client.advance(90)
    client.receive(from_=ANNA, to=shop, body="Thank you! I come at five.")
    client.advance(30)
    client.queue(to=BEN, from_=shop, body="Ben, your table for two is booked: tonight at eight.", result_url=results)
    client.advance(0.5)
    client.save("a-morning-in-the-shop")
    client.switch_on("slow-carrier")
    client.add_rule(when={"operation": "queue", "body": {"contains": "order"}}, then={"sent_after": 2})
    client.hold()
    client.queue(to=ANNA, from_=shop, body="Your order 1042 waits for you \u2013 we close at six.", result_url=results)
    client.advance(11)
