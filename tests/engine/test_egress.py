"""Where requests may go to."""

from __future__ import annotations

import pytest

from plum_emulator.engine.egress import Egress

NEVER = "{} is a link-local address, which is never connected to"
STRANGER = "{} is not on this machine or a private network; allow it with --egress {}"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "::1",
        "fd00::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
    ],
)
def test_this_machine_and_private_networks_are_allowed(address: str) -> None:
    assert Egress().refusal("app.test", address) is None


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.0",
        "11.0.0.0",
        "192.167.255.255",
        "128.0.0.1",
        "0.0.0.0",  # noqa: S104 # asked about, not bound to
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "2606:2800:220:1::1",
        "ff02::1",
        "::ffff:93.184.216.34",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_every_other_address_is_refused_with_the_option_that_allows_it(address: str) -> None:
    assert Egress().refusal("stranger.test", address) == STRANGER.format(address, "stranger.test")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "127.0.0.1"])
def test_any_allows_every_address_but_link_local_ones(address: str) -> None:
    assert Egress(("any",)).refusal("stranger.test", address) is None


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"]
)
@pytest.mark.parametrize("allowed", [(), ("any",), ("metadata.test",), ("169.254.169.254", "fe80::1")], ids=str)
def test_link_local_addresses_are_refused_whatever_is_allowed(allowed: tuple[str, ...], address: str) -> None:
    """Cloud machines answer at 169.254.169.254 with their own credentials."""
    assert Egress(allowed).refusal("metadata.test", address) == NEVER.format(address)


ITSELF = "the emulator asks itself for nothing but its sinks, its demo application and Plum's services"


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/_plum/sink/results", None),
        ("/demo", None),
        ("/ws/sms/queue.json", None),
        ("//ws/sms/queue.json", None),
        ("/_plum/reset", ITSELF),
        ("//_plum/reset", ITSELF),
        ("/%5Fplum/reset", ITSELF),
        ("/%2F_plum/reset", ITSELF),
        ("/_plum/sink", ITSELF),
        ("/console/clock/reset", ITSELF),
        ("/demo/x", ITSELF),
        ("/", ITSELF),
    ],
)
@pytest.mark.parametrize(
    ("own", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),  # noqa: S104 # asked about: to connect there is to connect to this machine
        ("127.0.0.1", "::ffff:0.0.0.0"),
        ("::1", "::"),
        ("0.0.0.0", "127.0.0.5"),  # noqa: S104 # said to be bound to, and not bound to
        ("::", "::1"),
        ("::", "127.0.0.1"),
    ],
)
def test_the_emulator_asks_itself_only_for_what_anybody_may(
    own: str, address: str, path: str, refusal: str | None
) -> None:
    """Its own requests come from this machine, and ask for what somebody else has written."""
    egress = Egress(("any",), own=(own, 7586))
    assert egress.refusal("app.test", address, 7586, path) == refusal
    assert egress.refusal("app.test", address, 7587, path) is None
    assert egress.asks_itself(7586, path) == (refusal is not None)
    assert not egress.asks_itself(7587, path)


def test_another_machine_at_the_same_port_is_not_the_emulator() -> None:
    assert Egress(own=("0.0.0.0", 7586)).refusal("app.test", "10.254.254.254", 7586, "/_plum/reset") is None  # noqa: S104
    assert Egress(own=("127.0.0.1", 7586)).refusal("app.test", "127.0.0.2", 7586, "/_plum/reset") is None


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("hooks.test", "93.184.216.34", True),
        ("HOOKS.test", "93.184.216.34", True),
        ("other.test", "93.184.216.34", False),
        ("sub.hooks.test", "93.184.216.34", False),
        ("other.test", "198.51.100.7", True),
        ("other.test", "198.51.100.8", False),
        ("other.test", "2606:2800:220:1::1", True),
    ],
)
def test_named_hosts_and_addresses_are_allowed_and_no_others(host: str, address: str, allowed: bool) -> None:
    egress = Egress(("Hooks.test", "198.51.100.7", "2606:2800:220:1::1"))
    assert (egress.refusal(host, address) is None) == allowed
