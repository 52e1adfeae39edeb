"""A custom hostname as Cloudflare keeps it, and what it looks like at an instant. Pure; `lifecycle.py` moves it on."""

import base64
import hashlib
from collections.abc import Mapping

import msgspec

from dcvd.sandbox.hostnames.certificates import Certificate, earliest_expiry, moved_to_expire
from dcvd.sandbox.hostnames.statuses import Authority, BundleMethod, HostnameStatus, Method, SslStatus, Stage

TlsSettings = Mapping[str, str | list[str]]


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What the sandbox's DNS says of one hostname, and since when the zone has had a working fallback origin.

    `refusal` is what the CA of its order says, where that will not issue for it.
    """

    cname: bool = False
    ownership_txt: frozenset[str] = frozenset()
    challenge_txt: frozenset[str] = frozenset()
    delegated: bool = False
    fallback_from: int | None = None
    refusal: str | None = None


class SslOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate's side of a hostname.

    `generation` numbers the sets of validation tokens, `issued` the pairs of certificates; both make their values
    repeatable. `incoming` are certificates issued and not yet deployed, `certificates` those that serve.
    `renewal_open`: new TXT tokens are asked for while the old certificates still serve.
    """

    id: str
    stage: Stage
    since: int
    method: Method = "http"
    wildcard: bool = False
    authority: Authority = "google"
    bundle_method: BundleMethod = "ubiquitous"
    settings: TlsSettings = msgspec.field(default_factory=dict)
    generation: int = 1
    issued: int = 0
    validated_since: int | None = None
    certificates: tuple[Certificate, ...] = ()
    incoming: tuple[Certificate, ...] = ()
    renewal_open: bool = False


class Forced(msgspec.Struct, frozen=True, kw_only=True):
    """What the control API holds in place of the hostname's own state; None is not forced.

    `sticky`: an edit, which starts validation again, does not release it.
    """

    status: HostnameStatus | None = None
    ssl_status: SslStatus | None = None
    expires_on: int | None = None
    validation_errors: tuple[str, ...] | None = None
    sticky: bool = False


class Hostname(msgspec.Struct, frozen=True, kw_only=True):
    """`owned_since` is since when the routing has been right, None while it is wrong; instants in milliseconds."""

    id: str
    hostname: str
    created_at: int
    pending_since: int
    ownership_token: str
    sight: Sight = Sight()
    owned_since: int | None = None
    validated: bool = False
    ssl: SslOrder | None = None
    forced: Forced = Forced()
    custom_metadata: Mapping[str, str] | None = None
    custom_origin_server: str | None = None
    custom_origin_sni: str | None = None


def challenge_tokens(ssl: SslOrder) -> tuple[str, ...]:
    """The TXT values of the present generation: one, or two for a wildcard or for SSL.com (one per key type)."""
    count = 2 if ssl.wildcard or ssl.authority == "ssl_com" else 1
    return tuple(_token(f"{ssl.id}:{ssl.generation}:{number}") for number in range(count))


def shown_status(record: Hostname) -> HostnameStatus:
    if record.forced.status is not None:
        return record.forced.status
    return HostnameStatus.ACTIVE if record.validated else HostnameStatus.PENDING


def shown_certificates(record: Hostname) -> tuple[Certificate, ...]:
    """Those that serve, then those on their way to the edge: both are listed during a renewal."""
    if record.ssl is None:
        return ()
    serving = record.ssl.certificates
    if record.forced.expires_on is not None:
        return moved_to_expire(serving or record.ssl.incoming, record.forced.expires_on)
    return serving + record.ssl.incoming


def shown_ssl_status(record: Hostname, now: int) -> SslStatus | None:
    if record.ssl is None:
        return None
    if record.forced.ssl_status is not None:
        return record.forced.ssl_status
    expiry = earliest_expiry(shown_certificates(record))
    if record.ssl.stage is SslStatus.ACTIVE and expiry is not None and expiry <= now:
        return SslStatus.EXPIRED
    return record.ssl.stage


def _token(seed: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode().rstrip("=")
