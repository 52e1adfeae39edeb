"""The records that a customer has to create for a domain."""

from dcvd.core.domains.domain import (
    CHALLENGE_LABEL,
    POINTING_STATES,
    WILDCARD_LABEL,
    WILDCARD_MISSING,
    DnsState,
    Domain,
    DomainStatus,
    Record,
    RequiredRecord,
    ValidationMethod,
)


def required_records(domain: Domain) -> tuple[RequiredRecord, ...]:
    """Return every record that the customer has to have in DNS, verified or not."""
    routing = RequiredRecord(
        type="CNAME",
        name=domain.name,
        value=domain.cname_target,
        purpose="routing",
        # The state tolerates one failed check, but this shows the last check's result, as the findings do.
        is_verified=domain.dns_state is DnsState.VERIFIED and not domain.dns_failures and not _is_by_wildcard(domain),
    )
    if domain.validation == "http" or not (domain.challenge_verified or needs_delegation(domain)):
        return (routing,)
    below = RequiredRecord(
        type="CNAME",
        name=f"{WILDCARD_LABEL}.{domain.name}",
        value=domain.cname_target,
        purpose="wildcard",
        is_verified=domain.dns_state is not DnsState.UNKNOWN and not _has_finding(domain, WILDCARD_MISSING),
    )
    validation = RequiredRecord(
        type="CNAME",
        name=f"{CHALLENGE_LABEL}.{domain.name}",
        value=domain.challenge_target,
        purpose="validation",
        is_verified=domain.challenge_verified,
    )
    return (routing, validation, below) if domain.wildcard else (routing, validation)


def needs_delegation(domain: Domain) -> bool:
    """Whether a domain's certificates need the delegated `_acme-challenge`."""
    is_active = domain.status is DomainStatus.ACTIVE
    return is_delegation_needed(
        domain.validation, wildcard=domain.wildcard, is_active=is_active, state=domain.dns_state
    )


def is_delegation_needed(
    validation: ValidationMethod, *, wildcard: bool, is_active: bool, state: DnsState | None
) -> bool:
    """Whether certificates need the delegated `_acme-challenge`.

    Cloudflare renews over HTTP where the hostname is no wildcard, is active, and leads here, whatever was ordered.
    """
    return wildcard or (validation == "delegated" and not (is_active and state in POINTING_STATES))


def _is_by_wildcard(domain: Domain) -> bool:
    """Whether the hostname leads here by a wildcard alone, as far as is known, while a record below it is missing."""
    return _has_finding(domain, "wildcard_masks")


def _has_finding(domain: Domain, wanted: str) -> bool:
    return any(finding.code == wanted for finding in domain.findings)


def missing_validation_record(domain: Domain) -> RequiredRecord | None:
    """Return the validation record of a domain, if it has one that we have not found in DNS yet."""
    records = required_records(domain)
    return next((record for record in records if record.purpose == "validation" and not record.is_verified), None)


def known_records(domain: Domain) -> tuple[Record, ...]:
    """Return the required records whose values are known.

    They are also what the customer should delete once the domain is removed: through a CNAME that is left behind,
    whoever gets its target next can answer for the customer's name.
    """
    return tuple(
        Record(record.type, record.name, record.value)
        for record in required_records(domain)
        if record.value is not None
    )
