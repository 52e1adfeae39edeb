"""Claims: the record by which an organization proves that a name is its to use, and what a claim without proof is told.

A name may be claimed by several organizations. Until one has proved its claim, none learns of the others.
"""

import hashlib
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.base32 import RFC_4648
from dcvd.core.custom_hostnames.statuses import (
    NEW_SSL_STATUS,
    UNVALIDATED_HOSTNAME_STATUS,
    UNVALIDATED_SSL_STATUS,
    CertificateClass,
    HostnameClass,
)
from dcvd.core.domains.domain import (
    CHALLENGE_LABEL,
    Domain,
    DomainError,
    DomainErrorCode,
    Proof,
    Record,
)
from dcvd.core.domains.observations import CloudflareHostname, ParkedHostname

PROOF_LABEL: Final = "_dcvd"
"""The label below which the TXT record stands that proves a name or a zone."""
MAX_CLAIMS: Final = 20
"""The most claims on one name; a further one takes the place of the one that is least alive."""

_TEXT_PREFIX: Final = "dcvd-verification="
_TEXT_BYTES: Final = 20
_NOT_POINTED_HERE: Final = ("custom hostname does not CNAME to this zone.",)
"""What Cloudflare says of a hostname that it has not validated."""
_UNVALIDATED_CLASSES: Final = frozenset(
    {
        CertificateClass.NOT_ORDERED,
        CertificateClass.INITIALIZING,
        CertificateClass.AWAITING_VALIDATION,
        CertificateClass.TIMED_OUT_BEFORE_ISSUE,
    }
)


class RemovalReason(StrEnum):
    """Why a domain was removed, as its event says."""

    REQUESTED = "requested"
    CLAIMED_BY_ANOTHER = "claimed_by_another"
    """Another organization has proved that the name is its own."""
    MOVED = "moved"
    """An operator has given the name to another organization."""
    TOO_MANY_CLAIMS = "too_many_claims"
    """Claims without proof give way to newer ones."""


def proof_text(object_id: str) -> str:
    """Return the value of the TXT record that proves a domain or a zone: of this id alone, and as long as it lives."""
    digest = hashlib.blake2b(object_id.encode(), digest_size=_TEXT_BYTES, person=b"dcvd-proof").digest()
    return f"{_TEXT_PREFIX}{RFC_4648.write(digest)}"


def proof_record(object_id: str, name: str) -> Record | None:
    """Return the TXT record that proves a domain or a zone; None for a name too long to have one."""
    label = f"{PROOF_LABEL}.{name}"
    return Record("TXT", label, proof_text(object_id)) if len(label) <= MAX_NAME_CHARS else None


def wants_proof_text(domain: Domain) -> bool:
    """Whether a check of the domain has to look for its TXT record, because that could change anything."""
    if domain.has_strong_proof:
        return False
    return domain.is_contested or (domain.proof is None and not domain.has_own_target)


def add_proof(domain: Domain, proof: Proof | None, now: int) -> Domain:
    """Return the domain with a proof that was observed; a weaker one than it has changes nothing."""
    if proof is None or domain.has_strong_proof or proof is domain.proof:
        return domain
    return replace(domain, proof=proof, proved_at=now, dormant_since=None, unproved_ms=0, updated_at=now)


def held_error(name: str) -> DomainError:
    """Return the error of a claim that is proved, while another was proved before."""
    return DomainError(
        DomainErrorCode.DOMAIN_HELD,
        f"Another organization of this service has proved {name} before; ask the operator to move it to you.",
    )


def sketch_hostname(domain: Domain, parked: ParkedHostname) -> CloudflareHostname:
    """Return what Cloudflare would say of a parked claim's hostname, if it had one that is not validated.

    So a claim says the same of itself whether another has the hostname or not.
    """
    target = None if parked.is_new else parked.challenge_target
    return CloudflareHostname(
        id="",
        hostname=domain.name,
        status=UNVALIDATED_HOSTNAME_STATUS,
        ssl_status=NEW_SSL_STATUS if parked.is_new else UNVALIDATED_SSL_STATUS,
        verification_errors=_NOT_POINTED_HERE,
        certificate_authority=parked.certificate_authority,
        waits_for_txt=domain.validation == "delegated" and not parked.is_new,
        delegation_record=None if target is None else Record("CNAME", f"{CHALLENGE_LABEL}.{domain.name}", target),
    )


def is_held(domain: Domain) -> bool:
    """Whether the domain has the error that another holds the name."""
    return domain.error is not None and domain.error.code == DomainErrorCode.DOMAIN_HELD


def hide_validation(domain: Domain, hostname: CloudflareHostname) -> CloudflareHostname:
    """Return what Cloudflare says of a hostname as far as it counts for the domain.

    While several claim the name, that it is validated was the doing of whoever owns it, and says nothing of the others.
    """
    if domain.may_serve:
        return hostname
    if hostname.hostname_class is not HostnameClass.SERVING and hostname.certificate_class in _UNVALIDATED_CLASSES:
        return replace(hostname, certificates=())
    return replace(
        hostname,
        status=UNVALIDATED_HOSTNAME_STATUS,
        ssl_status=UNVALIDATED_SSL_STATUS,
        verification_errors=_NOT_POINTED_HERE,
        validation_errors=(),
        certificates=(),
    )
