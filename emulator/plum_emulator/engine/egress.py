"""Where the emulator may send requests to: this machine and private networks, unless more was allowed.

Asked with the very address that is about to be connected to, so a name cannot resolve to something else later.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote

_LOCAL = [
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


class Egress:
    """The policy. `allowed` holds host names, addresses, or `any`; `own` is where the emulator itself listens.

    A request of the emulator to itself would be taken for one of this machine's, which may do everything. What asks for
    it, a result URL for example, comes from whoever has a login. So it reaches only what is there for that.
    """

    def __init__(self, allowed: tuple[str, ...] = (), *, own: tuple[str, int] | None = None) -> None:
        self._any = "any" in allowed
        self._hosts = frozenset(host.lower() for host in allowed)
        self._own = None if own is None else (_plain(own[0]), own[1])

    def is_own(self, address: str, port: int) -> bool:
        """Whether the emulator itself listens there."""
        if self._own is None or port != self._own[1]:
            return False
        ip, bound = _plain(address), self._own[0]
        return ip == bound or ip.is_unspecified or (bound.is_unspecified and _is_of_this_machine(ip))

    def asks_itself(self, port: int, path: str) -> bool:
        """Whether a request to this port, on whatever host, may be one to the emulator that is refused."""
        return self._own is not None and port == self._own[1] and not _may_ask_itself(path)

    def refusal(self, host: str, address: str, port: int = 0, path: str = "/") -> str | None:
        """Why a request to `host` may not connect to `address`, for this path; None when it may."""
        ip = _plain(address)
        if self.is_own(address, port) and not _may_ask_itself(path):
            return "the emulator asks itself for nothing but its sinks, its demo application and Plum's services"
        if ip.is_link_local:
            return f"{address} is a link-local address, which is never connected to"
        if self._any or host.lower() in self._hosts or str(ip) in self._hosts:
            return None
        if any(ip in network for network in _LOCAL):
            return None
        return f"{address} is not on this machine or a private network; allow it with --egress {host}"


def _may_ask_itself(path: str) -> bool:
    asked = "/" + unquote(path).lstrip("/")
    return asked == "/demo" or asked.startswith(("/_plum/sink/", "/ws/sms/"))


def _is_of_this_machine(ip: IPv4Address | IPv6Address) -> bool:
    if ip.is_loopback:
        return True
    try:
        with socket.socket(socket.AF_INET if ip.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as trial:
            trial.bind((str(ip), 0))  # nobody can be bound to another machine's address
    except OSError:
        return False
    return True


def _plain(address: str) -> IPv4Address | IPv6Address:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        return ip.ipv4_mapped
    return ip
