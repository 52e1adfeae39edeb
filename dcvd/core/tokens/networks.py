"""Networks as text (CIDR): from which addresses a token works."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from dcvd.core.addresses import IpNetwork
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

MAX_NETWORKS: Final = 50
_MAPPED_PREFIX_BITS: Final = 96


def normalise_networks(texts: Sequence[str], *, field: str = "allowedNetworks") -> tuple[str, ...]:
    """Return networks or addresses in their normal form, each once. Raises InvalidInput."""
    if not texts:
        raise InvalidInput(field, word("networks_empty", field=field))
    if len(texts) > MAX_NETWORKS:
        raise InvalidInput(field, word("entries_too_many", field=field, count=len(texts), most=MAX_NETWORKS))
    return tuple(sorted({str(_parse_network(text, field)) for text in texts}))


def is_address_within(address: str | None, networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks; an unknown one (None) lies in none."""
    if address is None:
        return False
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in ip_network(network) for network in networks)


def is_network_within(network: str, networks: Sequence[str]) -> bool:
    """Whether a network lies whole in one of the others."""
    inner = ip_network(network)
    return any(_is_subnet(inner, ip_network(outer)) for outer in networks)


def _is_subnet(inner: IpNetwork, outer: IpNetwork) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False


def _parse_network(text: str, field: str) -> IpNetwork:
    try:
        if "%" in text:
            raise ValueError("an interface has no place in it")
        return _unmap(ip_network(text))
    except ValueError as error:
        message = word("network_unusable", network=repr(text[:100]), reason=str(error))
        raise InvalidInput(field, message) from error


def _unmap(network: IpNetwork) -> IpNetwork:
    """Return a network of IPv4 addresses that are written as IPv6 ones as what it is; clients have the former."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_PREFIX_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_PREFIX_BITS))
