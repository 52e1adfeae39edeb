"""Which addresses a tenant may make us dial: the public Internet, and what the operator allows.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6052 and 8215 (NAT64), RFC 3056 (6to4), RFC 4380.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network
MAX_NAME_CHARS: Final = 253
"""Characters of a DNS name as text without the trailing dot (RFC 1035)."""

_SPECIAL_IPV4_NETWORKS: Final = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_SPECIAL_IPV6_NETWORKS: Final = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard only"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST_IPV6: Final = IPv6Network("2000::/3")
WELL_KNOWN_NAT64: Final = IPv6Network("64:ff9b::/96")
IPV4ONLY_NAME: Final = "ipv4only.arpa"
"""A name that has no IPv6 address but those that DNS64 makes up (RFC 7050)."""
IPV4ONLY_ADDRESSES: Final = frozenset({IPv4Address("192.0.0.170"), IPv4Address("192.0.0.171")})
NAT64_PREFIX_LENGTHS: Final = (32, 40, 48, 56, 64, 96)
"""The lengths that a prefix of NAT64 may have (RFC 6052, section 2.2)."""
PLATFORM_NETWORKS: Final[tuple[IpNetwork, ...]] = tuple(
    IPv4Network(network)
    for network in (
        "161.26.0.0/16",  # IBM Cloud: services of the platform
        "166.8.0.0/14",  # IBM Cloud: private endpoints of its services
        "168.63.129.16/32",  # Azure: the agent of the host, DNS and DHCP
        "199.36.153.4/30",  # Google Cloud: restricted.googleapis.com
        "199.36.153.8/30",  # Google Cloud: private.googleapis.com
    )
)
"""Networks that look public, and lead a machine of a cloud to services of the platform itself."""


def refusal_reason(
    address: IpAddress,
    allowed_networks: Sequence[IpNetwork],
    *,
    denied_networks: Sequence[IpNetwork] = PLATFORM_NETWORKS,
    nat64_prefix: IPv6Network | None = None,
) -> str | None:
    """Return why an address must not be dialled, such as "loopback", or None when it may be.

    `denied_networks` wins over `allowed_networks`, and that over every rule; both also where they hold only the IPv4
    address that is embedded in the IPv6 one. nat64_prefix: the network's own besides the well-known 64:ff9b::/96.
    """
    if isinstance(address, IPv6Address):
        address = IPv6Address(address.packed)  # without its zone id, which only names an interface
    translated = _translated_ipv4(address, nat64_prefix)
    embedded = translated or _embedded_ipv4(address)
    for network in denied_networks:
        if address in network or (embedded is not None and embedded in network):
            return "denied"
    for network in allowed_networks:
        if address in network or (embedded is not None and embedded in network):
            return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    # Behind NAT64 and in a mapped address it is the IPv4 address that is reached.
    return _special_purpose(translated or mapped or address)


def _special_purpose(address: IpAddress) -> str | None:
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _SPECIAL_IPV4_NETWORKS if address in network), None)
    for network, reason in _SPECIAL_IPV6_NETWORKS:
        if address in network:
            return reason
    return None if address in _GLOBAL_UNICAST_IPV6 else "not in use on the Internet"


def parse_ip(text: str) -> IpAddress | None:
    """Parse an address in its canonical spelling; None for any other text."""
    if ":" not in text and not text[-1:].isdigit():
        return None  # Most texts are names, and to find that out by an exception takes thirty times as long.
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(text: str | None) -> bool:
    """Whether a text is an address on the public Internet, and of no network of the operator's own."""
    address = parse_ip(text or "")
    return address is not None and refusal_reason(address, ()) is None


def is_public_network(network: IpNetwork) -> bool:
    """Whether all addresses of a network are on the public Internet."""
    special: Sequence[tuple[IpNetwork, str]] = _SPECIAL_IPV4_NETWORKS
    if isinstance(network, IPv6Network):
        if not network.subnet_of(_GLOBAL_UNICAST_IPV6):
            return False
        special = _SPECIAL_IPV6_NETWORKS
    return not any(network.overlaps(each) for each, _ in special) and not any(
        network.version == each.version and network.overlaps(each) for each in PLATFORM_NETWORKS
    )


def is_loopback(host: str) -> bool:
    """Whether a host, as in a URL but without brackets, can only be this machine; no name is resolved."""
    address = parse_ip(host)
    return address.is_loopback if address is not None else host.lower() == "localhost"


def find_nat64_prefixes(addresses: Iterable[IpAddress]) -> list[IPv6Network]:
    """Find the prefixes by which DNS64 made these addresses of `ipv4only.arpa` (RFC 7050, section 3)."""
    found: list[IPv6Network] = []
    for address in addresses:
        for bits in NAT64_PREFIX_LENGTHS:
            if not isinstance(address, IPv6Address):
                continue
            prefix = IPv6Network((address.packed, bits), strict=False)
            if prefix not in found and _translate(address, prefix) in IPV4ONLY_ADDRESSES:
                found.append(prefix)
    return found


def _embedded_ipv4(address: IpAddress) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address embeds: mapped, or 6to4."""
    return None if isinstance(address, IPv4Address) else address.ipv4_mapped or address.sixtofour


def _translated_ipv4(address: IpAddress, nat64_prefix: IPv6Network | None) -> IPv4Address | None:
    """Return the IPv4 address to which NAT64 translates an address; None for any other (RFC 6052, section 2.2)."""
    for prefix in (WELL_KNOWN_NAT64, nat64_prefix):
        if prefix is not None and isinstance(address, IPv6Address) and address in prefix:
            return _translate(address, prefix)
    return None


def _translate(address: IPv6Address, prefix: IPv6Network) -> IPv4Address:
    # Bits 64 to 71 are none of the address.
    packed = address.packed if prefix.prefixlen == 96 else address.packed[:8] + address.packed[9:]
    start = prefix.prefixlen // 8
    return IPv4Address(packed[start : start + 4])
