"""What is done at Cloudflare to bring a domain back that does not come back by itself.

Where Cloudflare has given up (a stage timed out, the hostname moved), a PATCH starts it again; a CA that refuses is
left for the next; a hostname that is gone is registered again. Each costs a call of everybody's budget, and a PATCH
renews the tokens and validates the hostname anew. So a remedy is tried at most once per step of a schedule that grows
to a day until it went well, never while a customer is placing TXT records by hand, and never at what still serves while
DNS could not prove it again.

Where DNS does not point here a PATCH can only set Cloudflare's own clock back. That is wanted too, because a hostname
that has moved is deleted after 7 days, but only after 3 days: until then the error stands as it was told.
"""

import re
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis import FindingCode, cloudflare_findings
from dcvd.core.domains.cloudflare_statuses import (
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
)
from dcvd.core.domains.domain import POINTING_STATES, DnsState, Domain, DomainStatus
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.status import waits_for_validation

REMEDY_DELAYS_MS: Final = (0, HOUR, 4 * HOUR, 12 * HOUR, DAY)
"""The least wait after the n-th remedy, counted since it last went well; the last one repeats."""
REGISTER_AGAIN_DELAYS_MS: Final = (0, 5 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY)
"""The same for registering again: nothing serves meanwhile, so one PATCH just before holds it up for minutes only."""
WAIT_FOR_DNS_MS: Final = 3 * DAY
WAIT_FOR_ZONE_HOLD_MS: Final = 4 * HOUR
"""Cloudflare does not tell that a hold was released, so it is tried now and then."""
WAIT_FOR_CA_FAULT_MS: Final = DAY
"""An internal error of a CA's mostly passes by itself."""

_CA_REFUSAL_CODES: Final = frozenset({FindingCode.CAA_BLOCKS, FindingCode.CA_RATE_LIMITED})
"""What one CA says and the next may not. A risk that it sees in the name is for people to look at."""
_CA_FAULT: Final = re.compile(r"internal error.{0,40}(authority|\bCA\b)", re.IGNORECASE | re.DOTALL)


class RemedyKind(StrEnum):
    """What can be done."""

    REVALIDATE = "revalidate"
    CHANGE_AUTHORITY = "change_authority"
    REGISTER_AGAIN = "register_again"


class Remedy(Struct, frozen=True):
    """What is to be done now; `certificate_authority` is the CA to change to."""

    kind: RemedyKind
    certificate_authority: str | None = None


class RemedyProposal(Struct, frozen=True):
    """What would help a domain, and the least wait since its trouble was seen, in milliseconds."""

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
    """The domain with what is noted of its healing, and the remedy whose turn has come.

    certificate_authorities: as in `lifecycle.Rules`. permitted_authorities: those that the CAA records allow, where
    they were looked at. became_right: its DNS has just become right and Cloudflare still waits: that is told once,
    after a short step. A hostname to be registered again has lost its Cloudflare id; a CA to change to stands as the
    domain's.
    """
    hurried = became_right and not _waits_for_customer_txt(domain)
    found = propose_remedy(domain, certificate_authorities, permitted_authorities)
    if hurried and (found is None or found.least_wait_ms):
        found = RemedyProposal(_REVALIDATE)
    if found is None:
        return _forget_remedies(domain, now), None
    if domain.remedy_wait_started_at is None and found.least_wait_ms:
        return replace(domain, remedy_wait_started_at=now), None
    if _is_within_wait(domain, now, _remedy_wait_ms(domain, found, is_urgent=hurried)):
        return domain, None
    remedy = found.remedy
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
    """When the next remedy's turn comes, in milliseconds; None where there is none, or nothing holds it back."""
    found = propose_remedy(domain, certificate_authorities)
    if found is None or domain.remedy_wait_started_at is None:
        return None
    return domain.remedy_wait_started_at + _remedy_wait_ms(domain, found)


def restart_remedy_wait(domain: Domain, now: int) -> Domain:
    """The domain once a remedy was applied: its step counts from then, however long the job had to wait."""
    return replace(domain, remedy_wait_started_at=now) if domain.remedies_applied else domain


def needs_patch(domain: Domain, certificate_authorities: tuple[str, ...]) -> bool:
    """Whether a PATCH that was decided earlier is still called for."""
    if domain.cf_id is None or _waits_for_customer_txt(domain):
        return False
    return waits_for_validation(domain) or propose_remedy(domain, certificate_authorities) is not None


def authority_for_patch(
    domain: Domain, certificate_authorities: tuple[str, ...], *, chosen_authority: str | None
) -> str | None:
    """The CA that a PATCH changes to; None where it stays as it is.

    chosen_authority: the domain's when the job was taken, before Cloudflare was asked again and told its own. Where a
    look had overwritten that choice meanwhile, it is made again.
    """
    if chosen_authority in certificate_authorities and chosen_authority != domain.certificate_authority:
        return chosen_authority
    found = propose_remedy(domain, certificate_authorities)
    return None if found is None else found.remedy.certificate_authority


def propose_remedy(
    domain: Domain, certificate_authorities: tuple[str, ...], permitted_authorities: tuple[str, ...] | None = None
) -> RemedyProposal | None:
    """What would help, whenever its turn is; None where nothing is wrong or nothing that we can do would help."""
    if domain.cf_id is None:
        gone = domain.error is not None and domain.error.code == "deleted"
        return RemedyProposal(_REGISTER_AGAIN) if gone else None
    if _waits_for_customer_txt(domain):
        return None
    host = classify_hostname_status(domain.cf_status)
    match host:
        case HostnameClass.UNKNOWN | HostnameClass.NEUTRAL:
            return None
        case HostnameClass.DELETED:
            # One that is still listed can be brought back; one that is on its way out cannot be stopped.
            if domain.cf_status != "deleted":
                return None
            return RemedyProposal(_REGISTER_AGAIN if domain.remedies_applied else _REVALIDATE)
        case HostnameClass.BLOCKED:
            return (
                RemedyProposal(_REVALIDATE, WAIT_FOR_ZONE_HOLD_MS)
                if FindingCode.ZONE_HOLD in _cloudflare_finding_codes(domain)
                else None
            )
        case HostnameClass.MOVED:
            return RemedyProposal(_REVALIDATE, 0 if _may_point_here(domain) else WAIT_FOR_DNS_MS)
        case HostnameClass.WAITING | HostnameClass.SERVING:
            return _propose_certificate_remedy(domain, certificate_authorities, permitted_authorities)
        case _:
            assert_never(host)


def _propose_certificate_remedy(
    domain: Domain, certificate_authorities: tuple[str, ...], permitted_authorities: tuple[str, ...] | None
) -> RemedyProposal | None:
    if domain.status is DomainStatus.ACTIVE and not (_may_point_here(domain) and _may_validate(domain)):
        return None
    other = _propose_other_authority(domain, certificate_authorities, permitted_authorities)
    match classify_ssl_status(domain.cf_ssl_status):
        case CertificateClass.TIMED_OUT | CertificateClass.EXPIRED | CertificateClass.GONE:
            if other is not None:
                return other
            return RemedyProposal(_REVALIDATE, 0 if _may_validate(domain) else WAIT_FOR_DNS_MS)
        case CertificateClass.BEFORE_ISSUE:
            return other
        case _:
            return None


def _propose_other_authority(
    domain: Domain, certificate_authorities: tuple[str, ...], permitted_authorities: tuple[str, ...] | None
) -> RemedyProposal | None:
    """The next CA in the operator's order, where the present one says that it will not issue."""
    if len(certificate_authorities) < 2 or not domain.cf_ssl_errors:
        return None
    refused = not _CA_REFUSAL_CODES.isdisjoint(_cloudflare_finding_codes(domain))
    if not refused and not any(_CA_FAULT.search(text) for text in domain.cf_ssl_errors):
        return None
    if permitted_authorities is None and any(finding.code == FindingCode.CAA_BLOCKS for finding in domain.findings):
        return None
    present = domain.certificate_authority
    at = certificate_authorities.index(present) + 1 if present in certificate_authorities else 0
    for name in (*certificate_authorities[at:], *certificate_authorities[:at]):
        if name != present and (permitted_authorities is None or name in permitted_authorities):
            return RemedyProposal(Remedy(RemedyKind.CHANGE_AUTHORITY, name), 0 if refused else WAIT_FOR_CA_FAULT_MS)
    return None


def _cloudflare_finding_codes(domain: Domain) -> frozenset[str]:
    return frozenset(finding.code for finding in cloudflare_findings(domain))


def _waits_for_customer_txt(domain: Domain) -> bool:
    """Whether TXT records are open that the customer may be typing; a delegated challenge is Cloudflare's to answer."""
    given_up = classify_ssl_status(domain.cf_ssl_status) is CertificateClass.TIMED_OUT
    return domain.waits_for_txt and not domain.challenge_verified and not given_up


def _may_point_here(domain: Domain) -> bool:
    """Whether DNS points here, or nobody can know."""
    return domain.dns_state in POINTING_STATES or domain.dns_state is DnsState.UNKNOWN


def _may_validate(domain: Domain) -> bool:
    """Whether the CA could be shown whose the name is, as far as anybody knows."""
    if domain.validation == "http":
        return _may_point_here(domain)
    # Cloudflare also tries a name over HTTP once it points there, but never a wildcard.
    return domain.challenge_verified or (not domain.wildcard and _may_point_here(domain))


def _remedy_wait_ms(domain: Domain, proposal: RemedyProposal, *, is_urgent: bool = False) -> int:
    steps = REGISTER_AGAIN_DELAYS_MS if proposal.remedy.kind is RemedyKind.REGISTER_AGAIN else REMEDY_DELAYS_MS
    return max(steps[min(domain.remedies_applied, 1 if is_urgent else len(steps) - 1)], proposal.least_wait_ms)


def _forget_remedies(domain: Domain, now: int) -> Domain:
    """Nothing is wrong: what was done is forgotten, but not before its step is over, or a relapse would be too soon."""
    if domain.remedy_wait_started_at is None and not domain.remedies_applied:
        return domain
    if _is_within_wait(domain, now, REMEDY_DELAYS_MS[min(domain.remedies_applied, len(REMEDY_DELAYS_MS) - 1)]):
        return domain
    return replace(
        domain, remedies_applied=0 if _is_healthy(domain) else domain.remedies_applied, remedy_wait_started_at=None
    )


def _is_healthy(domain: Domain) -> bool:
    serves = classify_ssl_status(domain.cf_ssl_status) is CertificateClass.SERVING
    return (
        domain.status is DomainStatus.ACTIVE
        and serves
        and classify_hostname_status(domain.cf_status) is HostnameClass.SERVING
    )


def _is_within_wait(domain: Domain, now: int, wait_ms: int) -> bool:
    """Whether less than `wait_ms` has passed; an instant in the future comes of a clock that was put back since."""
    return (
        domain.remedy_wait_started_at is not None
        and domain.remedy_wait_started_at <= now < domain.remedy_wait_started_at + wait_ms
    )
