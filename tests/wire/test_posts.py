"""What the emulator posts, byte for byte (clauses 6 and 7)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given

from helpers.laws import examples
from helpers.messages import ID, any_text, message
from plum_emulator import __version__
from plum_emulator.model.exchanges import OutgoingRequest
from plum_emulator.wire.forms import read_form
from plum_emulator.wire.posts import inbound_post, status_callback

HEADERS = (
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Accept", "*/*"),
    ("User-Agent", f"plum-emulator/{__version__}"),
)


def test_a_status_goes_to_the_result_url_as_id_and_status() -> None:
    """Path and query of the URL stay untouched."""
    url = "http://myserver.com/r.php?b=2&a=%7E#part"
    assert status_callback(url=url, sms_message_id=ID, status="sent", timeout=10) == OutgoingRequest(
        url=url,
        method="POST",
        body=f"sms_message_id={ID}&status=sent".encode(),
        headers=HEADERS,
        timeout=10,
    )


def test_an_inbound_message_goes_to_the_application_as_four_fields() -> None:
    """Numbers are 11 digits with a leading 1, no plus."""
    inbound = message(type="inbound", to="16175550100", from_="12125550123", body="Hi & by=e +1 é€😀\r\n\0")
    assert inbound_post(inbound, url="http://127.0.0.1:8000/sms", timeout=15) == OutgoingRequest(
        url="http://127.0.0.1:8000/sms",
        method="POST",
        body=f"sms_message_id={ID}&to=16175550100&from=12125550123".encode()
        + b"&body=Hi+%26+by%3De+%2B1+%C3%A9%E2%82%AC%F0%9F%98%80%0D%0A%00",
        headers=HEADERS,
        timeout=15,
    )


@given(any_text)
@examples(50)
def test_any_body_reaches_the_application_unchanged(body: str) -> None:
    posted = inbound_post(message(body=body), url="http://host/", timeout=1).body
    assert dict(parse_qsl(posted.decode(), keep_blank_values=True))["body"] == body
    assert read_form(posted, HEADERS[0][1])["body"] == body
