"""Where the service may connect to on behalf of a workspace: the internet, and nothing inside.

Judged is the address of a connection and not a name, which may mean another address a moment
later. The table is our own: `ipaddress.is_global` takes NAT64, 6to4 and multicast for global.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from app.domain.reach.jobs import AttemptFailed

# Everything of IPv4 that is no host of the internet, by RFC 6890 and its successors.
_INSIDE_V4 = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # "this" network; Linux connects 0.0.0.0 to itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; metadata of some clouds
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services, though the range is public
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
    )
]
# Of IPv6 only 2000::/3 is the internet. What lies outside is loopback, private, link-local,
# multicast, and the forms that carry an IPv4 address: mapped, compatible, translated, NAT64.
_INTERNET_V6 = ip_network("2000::/3")
_INSIDE_V6 = [
    ip_network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
]

_WEB_PORTS = frozenset({80, 443, *range(1024, 65536)})
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")


class DestinationRefused(AttemptFailed):
    """The address is not one that the service connects to for others."""

    def __init__(self, message: str) -> None:
        super().__init__(message, final=True)


def is_internet(address: str) -> bool:
    """Whether this is the address of a host of the public internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _INSIDE_V4)
    if ip.scope_id is not None:
        return False
    return ip in _INTERNET_V6 and not any(ip in network for network in _INSIDE_V6)


class EgressPolicy:
    """The rule, and the exceptions the operator made: networks, addresses and names of hosts."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._networks = []
        self._hosts = set()
        for entry in allowed:
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(_folded(entry))

    def permits(self, host: str, address: str) -> bool:
        """Whether a connection meant for `host` may go to `address`."""
        return is_internet(address) or self._is_exception(host, address)

    def read(self, url: str) -> httpx.URL:
        """The URL, if it is one that may be called; DestinationRefused otherwise.

        Spellings of addresses are not judged here: what they come to is, when it is connected.
        """
        try:
            read = httpx.URL(url)
            port = read.port
        except (httpx.InvalidURL, ValueError) as error:
            raise DestinationRefused("this is not a URL") from error
        if read.scheme not in ("http", "https") or not _HOST.fullmatch(read.raw_host):
            raise DestinationRefused("only http and https URLs can be called")
        if read.userinfo:
            raise DestinationRefused("a URL must not hold a user name or password")
        usual = port is None or port in _WEB_PORTS
        if not (usual or self._is_exception(read.host, read.host)):
            raise DestinationRefused("only the ports 80, 443 and those from 1024 on can be called")
        return read

    def _is_exception(self, host: str, address: str) -> bool:
        if _folded(host) in self._hosts:
            return True
        try:
            ip: IPv4Address | IPv6Address = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._networks)


def _folded(host: str) -> str:
    return host.lower().strip().rstrip(".")
