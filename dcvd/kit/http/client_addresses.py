"""Whose a connection or a request is: a client's address, behind trusted proxies too, and what counts as one client."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from dcvd.core.addresses import IpAddress, IpNetwork, parse_ip

_MAX_ADDRESS_CHARS: Final = 64  # 45 of an IPv6 address, and the id of its zone
_CLIENT_PREFIX_BITS: Final = 64  # of IPv6: one client is commonly given so large a network


class ClientAddresses:
    """Knows the proxies that are trusted to say for whom they ask."""

    def __init__(self, trusted_proxies: Sequence[IpNetwork] = ()) -> None:
        self._trusted_proxies = tuple(trusted_proxies)
        self.find_claimant = lru_cache(4096)(self._find_claimant)
        self._judge_known = lru_cache(4096)(self._judge_short)

    def find_client(self, peer: str, forwarded_for: Iterable[bytes]) -> str:
        """Return the client's address, given that of the connection's other end and the lines of X-Forwarded-For.

        Only trusted proxies are believed: the client is the last address in the lines that is none of theirs. What is
        no address says nothing, and neither does what stands before it.
        """
        client, is_trusted = self._judge(peer)
        if client is None or not is_trusted:
            return peer
        for entry in reversed(b",".join(forwarded_for).split(b",")):
            address, is_trusted = self._judge(entry.decode("latin-1").strip(" \t"))
            if address is None:
                break
            client = address
            if not is_trusted:
                break
        return str(client)

    def _find_claimant(self, address: str) -> str | None:
        """Return what stands for the client of an address, None where many clients may share the address.

        That is so at proxies. Where none is configured, loopback may be one.
        """
        parsed = parse_address(address)
        if parsed is None or self._is_trusted(parsed) or (parsed.is_loopback and not self._trusted_proxies):
            return None
        if isinstance(parsed, IPv6Address):
            return str(IPv6Network((parsed.packed, _CLIENT_PREFIX_BITS), strict=False))
        return str(parsed)

    def _judge(self, text: str) -> tuple[IpAddress | None, bool]:
        """Return the address that a text is, and whether it is one of a trusted proxy."""
        # What a client writes may be as long as a header, and is not to be kept.
        return (None, False) if len(text) > _MAX_ADDRESS_CHARS else self._judge_known(text)

    def _judge_short(self, text: str) -> tuple[IpAddress | None, bool]:
        address = parse_address(text)
        return address, address is not None and self._is_trusted(address)

    def _is_trusted(self, address: IpAddress) -> bool:
        return any(address in network for network in self._trusted_proxies)


@lru_cache(4096)
def parse_address(text: str) -> IpAddress | None:
    """Parse an address; an IPv4 address that an IPv6 socket shows is that IPv4 address."""
    address = parse_ip(text)
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(address.packed)  # without its zone id
    return address
