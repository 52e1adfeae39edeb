"""Remedies: what we do at Cloudflare for a domain that does not recover by itself.

Where Cloudflare has given up (a stage timed out, the hostname moved), a PATCH starts it again. Where a CA refuses, the
next CA is chosen. Where the hostname is gone, it is registered again. Each remedy costs a call of the shared budget,
and a PATCH renews the validation tokens and validates the hostname anew. So until the domain is healthy, a remedy is
tried only once per step of a schedule whose steps grow to a day. No remedy is tried while a customer is placing TXT
records by hand, nor for a domain that still serves while DNS does not allow a new validation.

Where DNS does not point here, a PATCH only restarts Cloudflare's own clock. That is useful because a moved hostname is
deleted after 7 days, but it is not done before 3 days have passed: until then the reported error stays.

Nothing is done for a hostname that is only read.
"""

import re
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.custom_hostnames.certificate_authorities import select_authorities
from dcvd.core.custom_hostnames.statuses import CertificateClass, HostnameClass
from dcvd.core.diagnosis.cloudflare.findings import cloudflare_findings
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.remedy_waits import REMEDY_DELAYS_MS, WAIT_FOR_DNS_MS, may_point_here, may_validate
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.status import waits_for_validation

REGISTER_AGAIN_DELAYS_MS: Final = (0, 5 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY)
"""The same for a new registration. Nothing serves meanwhile, so a PATCH just before delays it by minutes only."""
FORGET_AFTER_MS: Final = DAY
"""The least time from a remedy until a healthy domain starts at the first step again."""
WAIT_FOR_ZONE_HOLD_MS: Final = 4 * HOUR
"""Cloudflare does not say when a zone hold is released, so a PATCH is tried now and then."""
WAIT_FOR_CA_FAULT_MS: Final = DAY
"""An internal error of a CA mostly passes by itself."""

_CA_REFUSAL_CODES: Final = frozenset({FindingCode.CAA_BLOCKS, FindingCode.CA_RATE_LIMITED, FindingCode.CA_REFUSES_NAME})
"""Refusals of one CA that the next may not share. A CAA query that failed is none, as it fails for the next CA too, nor
is a high-risk name, which people have to review."""
_CA_FAULT: Final = re.compile(r"internal error.{0,40}(authority|\bCA\b)", re.IGNORECASE | re.DOTALL)


class RemedyKind(StrEnum):
    """The kind of a remedy."""

    REVALIDATE = "revalidate"
    CHANGE_AUTHORITY = "change_authority"
    REGISTER_AGAIN = "register_again"


class Remedy(Struct, frozen=True):
    """A remedy to apply now; `certificate_authority` is the CA to change to."""

    kind: RemedyKind
    certificate_authority: str | None = None


class RemedyProposal(Struct, frozen=True):
    """A remedy that would help a domain, and the least wait since its trouble was seen, in milliseconds."""

    remedy: Remedy
    least_wait_ms: int = 0


_REVALIDATE: Final = Remedy(RemedyKind.REVALIDATE)
_REGISTER_AGAIN: Final = Remedy(RemedyKind.REGISTER_AGAIN)


def choose_remedy(
    domain: Domain,
    now: int,
    certificate_authorities: tuple[str, ...],
    *,
    became_right: bool = False,
    permitted_authorities: tuple[str, ...] | None = None,
) -> tuple[Domain, Remedy | None]:
    """Return the domain with its remedies counted, and the remedy to apply now, if one is due.

    A domain that is to be registered again loses its Cloudflare id. A CA to change to becomes the domain's.

    certificate_authorities: as in `LifecycleRules`. permitted_authorities: those that the CAA records permit, or None
        where they were not checked.
    became_right: whether its DNS has just become right while Cloudflare still waits; then Cloudflare is asked to
        validate it, unless the step of the last remedy is not over: until then Cloudflare's own next try, within hours,
        has to do.
    """
    is_urgent = became_right and domain.read_only is None and not _waits_for_customer_txt(domain)
    proposal = propose_remedy(domain, certificate_authorities, permitted_authorities)
    if is_urgent and (proposal is None or proposal.least_wait_ms):
        proposal = RemedyProposal(_REVALIDATE)
    if proposal is None:
        return _forget_remedies(domain, now), None
    if domain.remedy_wait_started_at is None and proposal.least_wait_ms:
        return replace(domain, remedy_wait_started_at=now), None
    if _is_within_wait(domain, now, _remedy_wait_ms(domain, proposal)):
        return domain, None
    remedy = proposal.remedy
    return (
        replace(
            domain,
            cf_id=None if remedy.kind is RemedyKind.REGISTER_AGAIN else domain.cf_id,
            certificate_authority=remedy.certificate_authority or domain.certificate_authority,
            remedies_applied=domain.remedies_applied + 1,
            remedy_wait_started_at=now,
        ),
        remedy,
    )


def next_remedy_at(domain: Domain, certificate_authorities: tuple[str, ...]) -> int | None:
    """Return when the next remedy is due, in milliseconds; None where there is none, or it has not to wait."""
    proposal = propose_remedy(domain, certificate_authorities)
    if proposal is None or domain.remedy_wait_started_at is None:
        return None
    return domain.remedy_wait_started_at + _remedy_wait_ms(domain, proposal)


def restart_remedy_wait(domain: Domain, now: int) -> Domain:
    """Return the domain after a remedy was applied: its wait counts from now, however late the job ran."""
    return replace(domain, remedy_wait_started_at=now) if domain.remedies_applied else domain


def needs_patch(domain: Domain, certificate_authorities: tuple[str, ...]) -> bool:
    """Whether a PATCH that was decided earlier is still needed."""
    if domain.cf_id is None or domain.read_only is not None or _waits_for_customer_txt(domain):
        return False
    return waits_for_validation(domain) or propose_remedy(domain, certificate_authorities) is not None


def authority_for_patch(
    domain: Domain, certificate_authorities: tuple[str, ...], *, chosen_authority: str | None
) -> str | None:
    """Return the CA that a PATCH changes to; None where the CA stays.

    chosen_authority: the domain's CA when the job started, before Cloudflare was asked again and answered with its own.
    Where a check had overwritten that choice by then, the CA is chosen again.
    """
    if chosen_authority in certificate_authorities and chosen_authority != domain.certificate_authority:
        return chosen_authority
    proposal = propose_remedy(domain, certificate_authorities)
    return None if proposal is None else proposal.remedy.certificate_authority


def propose_remedy(
    domain: Domain, certificate_authorities: tuple[str, ...], permitted_authorities: tuple[str, ...] | None = None
) -> RemedyProposal | None:
    """Return the remedy that would help, due or not; None where nothing is wrong, or no remedy would help."""
    if domain.read_only is not None:
        return None
    if domain.cf_id is None:
        return RemedyProposal(_REGISTER_AGAIN) if domain.awaits_reregistration else None
    if _waits_for_customer_txt(domain):
        return None
    match domain.hostname_class:
        case HostnameClass.UNKNOWN | HostnameClass.NEUTRAL | HostnameClass.BEING_DELETED:
            return None
        case HostnameClass.DELETED:
            return RemedyProposal(_REGISTER_AGAIN if domain.remedies_applied else _REVALIDATE)
        case HostnameClass.BLOCKED:
            return (
                RemedyProposal(_REVALIDATE, WAIT_FOR_ZONE_HOLD_MS)
                if FindingCode.ZONE_HOLD in _cloudflare_finding_codes(domain)
                else None
            )
        case HostnameClass.MOVED:
            return RemedyProposal(_REVALIDATE, 0 if may_point_here(domain) else WAIT_FOR_DNS_MS)
        case HostnameClass.WAITING | HostnameClass.SERVING:
            return _propose_certificate_remedy(domain, certificate_authorities, permitted_authorities)
        case _:
            assert_never(domain.hostname_class)


def _propose_certificate_remedy(
    domain: Domain, certificate_authorities: tuple[str, ...], permitted_authorities: tuple[str, ...] | None
) -> RemedyProposal | None:
    if domain.status is DomainStatus.ACTIVE and not (may_point_here(domain) and may_validate(domain)):
        return None
    other = _propose_other_authority(domain, certificate_authorities, permitted_authorities)
    match domain.certificate_class:
        case (
            CertificateClass.TIMED_OUT_BEFORE_ISSUE
            | CertificateClass.TIMED_OUT
            | CertificateClass.DELETION_TIMED_OUT
            | CertificateClass.EXPIRED
            | CertificateClass.GONE
        ):
            if other is not None:
                return other
            return RemedyProposal(_REVALIDATE, 0 if may_validate(domain) else WAIT_FOR_DNS_MS)
        case (
            CertificateClass.NOT_ORDERED
            | CertificateClass.INITIALIZING
            | CertificateClass.AWAITING_VALIDATION
            | CertificateClass.AWAITING_ISSUE
        ):
            return other
        case (
            CertificateClass.AWAITING_DEPLOYMENT
            | CertificateClass.SERVING
            | CertificateClass.NEUTRAL
            | CertificateClass.UNKNOWN
        ):
            return None
        case _:
            assert_never(domain.certificate_class)


def _propose_other_authority(
    domain: Domain, certificate_authorities: tuple[str, ...], permitted_authorities: tuple[str, ...] | None
) -> RemedyProposal | None:
    """Propose the next CA in the operator's order, where the present one refuses or fails to issue."""
    if len(certificate_authorities) < 2 or not domain.cf_ssl_errors:
        return None
    is_refusal = not _CA_REFUSAL_CODES.isdisjoint(_cloudflare_finding_codes(domain))
    if not is_refusal and not any(_CA_FAULT.search(text) for text in domain.cf_ssl_errors):
        return None
    if permitted_authorities is None and any(finding.code == FindingCode.CAA_BLOCKS for finding in domain.findings):
        return None
    present = domain.certificate_authority
    usable = select_authorities(domain.name, certificate_authorities)
    start = certificate_authorities.index(present) + 1 if present in certificate_authorities else 0
    for name in (*certificate_authorities[start:], *certificate_authorities[:start]):
        if name != present and name in usable and (permitted_authorities is None or name in permitted_authorities):
            return RemedyProposal(Remedy(RemedyKind.CHANGE_AUTHORITY, name), 0 if is_refusal else WAIT_FOR_CA_FAULT_MS)
    return None


def _cloudflare_finding_codes(domain: Domain) -> frozenset[str]:
    return frozenset(finding.code for finding in cloudflare_findings(domain))


def _waits_for_customer_txt(domain: Domain) -> bool:
    """Whether the customer may be typing TXT records; Cloudflare itself answers a delegated challenge."""
    return domain.waits_for_txt and not domain.challenge_verified and not domain.certificate_class.has_timed_out


def _remedy_wait_ms(domain: Domain, proposal: RemedyProposal) -> int:
    steps = REGISTER_AGAIN_DELAYS_MS if proposal.remedy.kind is RemedyKind.REGISTER_AGAIN else REMEDY_DELAYS_MS
    return max(steps[min(domain.remedies_applied, len(steps) - 1)], proposal.least_wait_ms)


def _forget_remedies(domain: Domain, now: int) -> Domain:
    """Reset the remedies of a domain that needs none.

    That waits for a day after the last one; otherwise a domain that comes and goes would be treated at once each time.
    """
    if domain.remedy_wait_started_at is None and not domain.remedies_applied:
        return domain
    if _is_within_wait(domain, now, FORGET_AFTER_MS if domain.remedies_applied else 0):
        return domain
    return replace(
        domain, remedies_applied=0 if _is_healthy(domain) else domain.remedies_applied, remedy_wait_started_at=None
    )


def _is_healthy(domain: Domain) -> bool:
    return (
        domain.status is DomainStatus.ACTIVE
        and domain.certificate_class is CertificateClass.SERVING
        and domain.hostname_class is HostnameClass.SERVING
    )


def _is_within_wait(domain: Domain, now: int, wait_ms: int) -> bool:
    """Whether less than `wait_ms` has passed since the wait began; not if the clock was set back to before that."""
    return (
        domain.remedy_wait_started_at is not None
        and domain.remedy_wait_started_at <= now < domain.remedy_wait_started_at + wait_ms
    )
