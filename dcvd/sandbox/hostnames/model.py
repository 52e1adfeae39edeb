"""A custom hostname as Cloudflare keeps it, and its state at an instant. Pure; `lifecycle.py` advances it."""

import base64
import hashlib
from collections.abc import Mapping

import msgspec

from dcvd.sandbox.hostnames.certificates import IssuedCertificate, earliest_expiry, move_expiry
from dcvd.sandbox.hostnames.statuses import Authority, BundleMethod, HostnameStatus, Method, SslStatus, Stage

TlsSettings = Mapping[str, str | list[str]]


class HostnameConditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the sandbox's DNS says about one hostname, and since when the zone has had an active fallback origin.

    `authority_refusal` is the reason of the CA of its order, if that refuses to issue for it.
    """

    has_cname: bool = False
    ownership_txt: frozenset[str] = frozenset()
    challenge_txt: frozenset[str] = frozenset()
    is_delegated: bool = False
    fallback_active_at: int | None = None
    authority_refusal: str | None = None


class SslOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate order of a hostname.

    `token_generation` numbers the sets of validation tokens and `pair_count` the pairs of certificates, so that tokens
    and certificates are repeatable. `undeployed_certificates` are issued and not yet deployed; `certificates` serve.
    `is_renewal_open`: a renewal waits for new TXT records while the old certificates still serve.
    `custom_certificate`: the uploaded one that serves instead of issued ones; `custom_csr_id`: the signing request that
    it is for.
    """

    id: str
    stage: Stage
    stage_entered_at: int
    method: Method = "http"
    wildcard: bool = False
    authority: Authority = "google"
    bundle_method: BundleMethod = "ubiquitous"
    settings: TlsSettings = msgspec.field(default_factory=dict)
    token_generation: int = 1
    pair_count: int = 0
    validated_at: int | None = None
    certificates: tuple[IssuedCertificate, ...] = ()
    undeployed_certificates: tuple[IssuedCertificate, ...] = ()
    is_renewal_open: bool = False
    custom_certificate: str | None = None
    custom_csr_id: str | None = None


class ForcedState(msgspec.Struct, frozen=True, kw_only=True):
    """The state that the control API forces in place of the hostname's own; a member that is None is not forced.

    `is_sticky`: an edit, which starts validation again, does not release it.
    """

    status: HostnameStatus | None = None
    ssl_status: SslStatus | None = None
    expires_on: int | None = None
    validation_errors: tuple[str, ...] | None = None
    is_sticky: bool = False


class CustomHostname(msgspec.Struct, frozen=True, kw_only=True):
    """A custom hostname. `owned_at` is since when its routing has been right, None while it is wrong.

    Instants are milliseconds.
    """

    id: str
    hostname: str
    created_at: int
    pending_at: int
    ownership_token: str
    conditions: HostnameConditions = HostnameConditions()
    owned_at: int | None = None
    is_validated: bool = False
    ssl: SslOrder | None = None
    forced_state: ForcedState = ForcedState()
    custom_metadata: Mapping[str, str] | None = None
    custom_origin_server: str | None = None
    custom_origin_sni: str | None = None


def compute_challenge_tokens(ssl: SslOrder) -> tuple[str, ...]:
    """Return the TXT values of the current generation: one, or two for a wildcard or SSL.com (one per key type)."""
    count = 2 if ssl.wildcard or ssl.authority == "ssl_com" else 1
    return tuple(_compute_token(f"{ssl.id}:{ssl.token_generation}:{number}") for number in range(count))


def visible_status(record: CustomHostname) -> HostnameStatus:
    if record.forced_state.status is not None:
        return record.forced_state.status
    return HostnameStatus.ACTIVE if record.is_validated else HostnameStatus.PENDING


def visible_certificates(record: CustomHostname) -> tuple[IssuedCertificate, ...]:
    """Return the certificates that serve, then those that are being deployed: a renewal lists both."""
    if record.ssl is None:
        return ()
    serving = record.ssl.certificates
    if record.forced_state.expires_on is not None:
        return move_expiry(serving or record.ssl.undeployed_certificates, record.forced_state.expires_on)
    return serving + record.ssl.undeployed_certificates


def visible_ssl_status(record: CustomHostname, now: int) -> SslStatus | None:
    if record.ssl is None:
        return None
    if record.forced_state.ssl_status is not None:
        return record.forced_state.ssl_status
    expiry = earliest_expiry(visible_certificates(record))
    if record.ssl.stage is SslStatus.ACTIVE and expiry is not None and expiry <= now:
        return SslStatus.EXPIRED
    return record.ssl.stage


def _compute_token(seed: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode().rstrip("=")
