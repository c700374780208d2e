"""Where the emulator may send requests to: this machine and private networks, unless more was allowed.

Asked with the very address that is about to be connected to, so a name cannot resolve to something else later.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_LOCAL = [
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


class Egress:
    """The policy. `allowed` holds host names, addresses, or `any`."""

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        self._any = "any" in allowed
        self._hosts = frozenset(host.lower() for host in allowed)

    def refusal(self, host: str, address: str) -> str | None:
        """Why a request to `host` may not connect to `address`; None when it may."""
        ip = _plain(address)
        if ip.is_link_local:
            return f"{address} is a link-local address, which is never connected to"
        if self._any or host.lower() in self._hosts or str(ip) in self._hosts:
            return None
        if any(ip in network for network in _LOCAL):
            return None
        return f"{address} is not on this machine or a private network; allow it with --egress {host}"


def _plain(address: str) -> IPv4Address | IPv6Address:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        return ip.ipv4_mapped
    return ip
