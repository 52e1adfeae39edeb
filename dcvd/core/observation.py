"""What was seen of a domain, by whom, before anyone judges it."""

from typing import Literal

from msgspec import Struct


class ObservedCertificate(Struct, frozen=True, kw_only=True):
    """One entry of Cloudflare's `ssl.certificates[]`; instants in milliseconds."""

    serial: str | None = None
    issuer: str | None = None
    signature: str | None = None
    issued_at: int | None = None
    expires_at: int | None = None


class HostnameSeen(Struct, frozen=True, kw_only=True):
    """Cloudflare answered with the custom hostname. `status` and `ssl_status` are its words, known to us or not."""

    id: str
    hostname: str
    status: str | None
    ssl_status: str | None
    errors: tuple[str, ...] = ()
    certificates: tuple[ObservedCertificate, ...] = ()


class HostnameGone(Struct, frozen=True):
    """Cloudflare no longer has the hostname that it once gave us (404, code 1436)."""


class RegistrationRefused(Struct, frozen=True):
    """Cloudflare will not register the hostname, and asking again will not help."""

    code: str
    message: str


CloudflareObservation = HostnameSeen | HostnameGone | RegistrationRefused


class DnsFacts(Struct, frozen=True, kw_only=True):
    """What DNS said of a hostname, without judgement. Names are lower case without the trailing dot.

    outcome: `answered` (at least one server gave an authoritative or recursive answer, NXDOMAIN included) or
        `unanswered`, which says something of our resolvers and nothing of the domain.
    exists: whether the name exists at all (False = NXDOMAIN).
    chain: the targets of the CNAME chain in order, empty when there is no CNAME.
    looped: whether the chain came back to a name that it had passed.
    addresses, target_addresses: A and AAAA of the hostname (through its chain), and of our target.
    is_apex: whether the zone begins at the hostname (it has an SOA of its own).
    nameservers: of the zone that holds the hostname, where they were asked for.
    """

    hostname: str
    target: str
    outcome: Literal["answered", "unanswered"]
    exists: bool = False
    chain: tuple[str, ...] = ()
    looped: bool = False
    addresses: tuple[str, ...] = ()
    target_addresses: tuple[str, ...] = ()
    is_apex: bool = False
    nameservers: tuple[str, ...] = ()


class DnsObservation(Struct, frozen=True):
    """One check of DNS."""

    facts: DnsFacts
