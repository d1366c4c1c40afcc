"""Who is calling: the address at the other end, or what a proxy that we trust says of it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# No chain of proxies is longer; a forged header may be.
_MOST_HOPS = 32


class TrustedProxies:
    """The networks whose word about the caller's address is taken."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def client_address(scope: Scope, trusted: TrustedProxies) -> str | None:
    """The caller's address; None when the server does not know it.

    `X-Forwarded-For` is read from the right, where the proxy next to us has written, and only as
    far as those who wrote it are trusted: what stands further left anybody may have sent.
    """
    client = scope.get("client")
    peer: str | None = client[0] if client else None
    if not trusted or peer is None:
        return peer
    nearest = _read(peer)
    if nearest is None or nearest not in trusted:
        return peer
    for hop in _forwarded_for(scope):
        address = _read(hop)
        if address is None:
            break
        nearest = address
        if address not in trusted:
            break
    return str(nearest)


def _forwarded_for(scope: Scope) -> list[str]:
    """The addresses from right to left; several headers are one list."""
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(values).decode("latin-1").rsplit(",", _MOST_HOPS)[: -_MOST_HOPS - 1 : -1]


def _read(hop: str) -> Address | None:
    """An address, also as some proxies write it: with a port, in brackets, mapped to IPv6."""
    text = hop.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
