"""Where an emulator can be reached, by what it is bound to."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from plum_emulator.web.http import address_for_others, network_address


@pytest.mark.parametrize(
    ("bound", "address"),
    [
        ("127.0.0.1", None),
        ("127.8.9.10", None),
        ("::1", None),
        ("192.168.0.7", "http://192.168.0.7:7586"),
        ("fd00::7", "http://[fd00::7]:7586"),
    ],
)
def test_what_is_bound_to_one_address_is_reached_there(bound: str, address: str | None) -> None:
    """On loopback by this machine alone."""
    assert address_for_others(bound, 7586) == address


@pytest.mark.parametrize("bound", ["0.0.0.0", "::"])  # noqa: S104 # asked about, not bound to
def test_what_is_bound_to_all_addresses_is_reached_at_that_of_the_network(bound: str) -> None:
    own = network_address()
    expected = None if own is None else f"http://[{own}]:7586" if ":" in own else f"http://{own}:7586"
    assert address_for_others(bound, 7586) == expected


def test_the_address_on_the_network_is_one_that_this_machine_has() -> None:
    """Something can listen there, and it is not loopback."""
    own = network_address()
    if own is None:
        pytest.skip("this machine is on no network")
    assert not ip_address(own).is_loopback
    with socket.create_server((own, 0), family=socket.AF_INET6 if ":" in own else socket.AF_INET) as listening:
        assert listening.getsockname()[0] == own
