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
from dcvd.core.domains.cloudflare_statuses import CertificateClass, HostnameClass, certificate_class, hostname_class
from dcvd.core.domains.domain import POINTS_HERE, DnsState, Domain, DomainStatus
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.status import waits_for_validation

STEPS: Final = (0, HOUR, 4 * HOUR, 12 * HOUR, DAY)
"""The least wait after the n-th remedy, counted since it last went well; the last one repeats."""
AGAIN_STEPS: Final = (0, 5 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY)
"""The same for registering again: nothing serves meanwhile, so one PATCH just before holds it up for minutes only."""
UNPROVABLE_PATIENCE: Final = 3 * DAY
HELD_PATIENCE: Final = 4 * HOUR
"""Cloudflare does not tell that a hold was released, so it is tried now and then."""
CA_FAULT_PATIENCE: Final = DAY
"""An internal error of a CA's mostly passes by itself."""

_REFUSALS: Final = frozenset({FindingCode.CAA_BLOCKS, FindingCode.CA_RATE_LIMITED})
"""What one CA says and the next may not. A risk that it sees in the name is for people to look at."""
_CA_FAULT: Final = re.compile(r"internal error.{0,40}(authority|\bCA\b)", re.IGNORECASE | re.DOTALL)


class RemedyKind(StrEnum):
    """What can be done."""

    REVALIDATE = "revalidate"
    CHANGE_AUTHORITY = "change_authority"
    REGISTER_AGAIN = "register_again"


class Remedy(Struct, frozen=True):
    """What is to be done now; `authority` is the CA to change to."""

    kind: RemedyKind
    authority: str | None = None


class Cure(Struct, frozen=True):
    """What would help a domain, and the least wait since its trouble was seen, in milliseconds."""

    remedy: Remedy
    patience: int = 0


_REVALIDATE: Final = Remedy(RemedyKind.REVALIDATE)
_REGISTER_AGAIN: Final = Remedy(RemedyKind.REGISTER_AGAIN)


def tend(
    domain: Domain,
    now: int,
    authorities: tuple[str, ...],
    *,
    turned_right: bool = False,
    permitted: tuple[str, ...] | None = None,
) -> tuple[Domain, Remedy | None]:
    """The domain with what is noted of its healing, and the remedy whose turn has come.

    authorities: as in `lifecycle.Rules`. permitted: those that the CAA records allow, where they were looked at.
    turned_right: its DNS has just become right and Cloudflare still waits: that is told once, after a short step.
    A hostname to be registered again has lost its Cloudflare id; a CA to change to stands as the domain's.
    """
    hurried = turned_right and not _places_txt(domain)
    found = cure(domain, authorities, permitted)
    if hurried and (found is None or found.patience):
        found = Cure(_REVALIDATE)
    if found is None:
        return _rested(domain, now), None
    if domain.healed_at is None and found.patience:
        return replace(domain, healed_at=now), None
    if _within(domain, now, _wait(domain, found, hurried=hurried)):
        return domain, None
    remedy = found.remedy
    return (
        replace(
            domain,
            cf_id=None if remedy.kind is RemedyKind.REGISTER_AGAIN else domain.cf_id,
            certificate_authority=remedy.authority or domain.certificate_authority,
            heals=domain.heals + 1,
            healed_at=now,
        ),
        remedy,
    )


def turn_at(domain: Domain, authorities: tuple[str, ...]) -> int | None:
    """When the next remedy's turn comes, in milliseconds; None where there is none, or nothing holds it back."""
    found = cure(domain, authorities)
    if found is None or domain.healed_at is None:
        return None
    return domain.healed_at + _wait(domain, found)


def healed(domain: Domain, now: int) -> Domain:
    """The domain once a remedy was applied: its step counts from then, however long the job had to wait."""
    return replace(domain, healed_at=now) if domain.heals else domain


def wants_patch(domain: Domain, authorities: tuple[str, ...]) -> bool:
    """Whether a PATCH that was decided earlier is still called for."""
    if domain.cf_id is None or _places_txt(domain):
        return False
    return waits_for_validation(domain) or cure(domain, authorities) is not None


def authority_to_ask(domain: Domain, authorities: tuple[str, ...], *, chosen: str | None) -> str | None:
    """The CA that a PATCH changes to; None where it stays as it is.

    chosen: the domain's when the job was taken, before Cloudflare was asked again and told its own. Where a look had
    overwritten that choice meanwhile, it is made again.
    """
    if chosen in authorities and chosen != domain.certificate_authority:
        return chosen
    found = cure(domain, authorities)
    return None if found is None else found.remedy.authority


def cure(domain: Domain, authorities: tuple[str, ...], permitted: tuple[str, ...] | None = None) -> Cure | None:
    """What would help, whenever its turn is; None where nothing is wrong or nothing that we can do would help."""
    if domain.cf_id is None:
        gone = domain.error is not None and domain.error.code == "deleted"
        return Cure(_REGISTER_AGAIN) if gone else None
    if _places_txt(domain):
        return None
    host = hostname_class(domain.cf_status)
    match host:
        case HostnameClass.UNKNOWN | HostnameClass.NEUTRAL:
            return None
        case HostnameClass.DELETED:
            # One that is still listed can be brought back; one that is on its way out cannot be stopped.
            if domain.cf_status != "deleted":
                return None
            return Cure(_REGISTER_AGAIN if domain.heals else _REVALIDATE)
        case HostnameClass.BLOCKED:
            return Cure(_REVALIDATE, HELD_PATIENCE) if FindingCode.ZONE_HOLD in _codes(domain) else None
        case HostnameClass.MOVED:
            return Cure(_REVALIDATE, 0 if _routed(domain) else UNPROVABLE_PATIENCE)
        case HostnameClass.WAITING | HostnameClass.SERVING:
            return _certificate_cure(domain, authorities, permitted)
        case _:
            assert_never(host)


def _certificate_cure(domain: Domain, authorities: tuple[str, ...], permitted: tuple[str, ...] | None) -> Cure | None:
    if domain.status is DomainStatus.ACTIVE and not (_routed(domain) and _provable(domain)):
        return None
    other = _other_authority(domain, authorities, permitted)
    match certificate_class(domain.cf_ssl_status):
        case CertificateClass.TIMED_OUT | CertificateClass.EXPIRED | CertificateClass.GONE:
            if other is not None:
                return other
            return Cure(_REVALIDATE, 0 if _provable(domain) else UNPROVABLE_PATIENCE)
        case CertificateClass.BEFORE_ISSUE:
            return other
        case _:
            return None


def _other_authority(domain: Domain, authorities: tuple[str, ...], permitted: tuple[str, ...] | None) -> Cure | None:
    """The next CA in the operator's order, where the present one says that it will not issue."""
    if len(authorities) < 2 or not domain.cf_ssl_errors:
        return None
    refused = not _REFUSALS.isdisjoint(_codes(domain))
    if not refused and not any(_CA_FAULT.search(text) for text in domain.cf_ssl_errors):
        return None
    if permitted is None and any(finding.code == FindingCode.CAA_BLOCKS for finding in domain.findings):
        return None
    present = domain.certificate_authority
    at = authorities.index(present) + 1 if present in authorities else 0
    for name in (*authorities[at:], *authorities[:at]):
        if name != present and (permitted is None or name in permitted):
            return Cure(Remedy(RemedyKind.CHANGE_AUTHORITY, name), 0 if refused else CA_FAULT_PATIENCE)
    return None


def _codes(domain: Domain) -> frozenset[str]:
    return frozenset(finding.code for finding in cloudflare_findings(domain))


def _places_txt(domain: Domain) -> bool:
    """Whether TXT records are open that the customer may be typing; a delegated challenge is Cloudflare's to answer."""
    given_up = certificate_class(domain.cf_ssl_status) is CertificateClass.TIMED_OUT
    return domain.wants_txt and not domain.challenge_verified and not given_up


def _routed(domain: Domain) -> bool:
    """Whether DNS points here, or nobody can know."""
    return domain.dns_state in POINTS_HERE or domain.dns_state is DnsState.UNKNOWN


def _provable(domain: Domain) -> bool:
    """Whether the CA could be shown whose the name is, as far as anybody knows."""
    if domain.validation == "http":
        return _routed(domain)
    # Cloudflare also tries a name over HTTP once it points there, but never a wildcard.
    return domain.challenge_verified or (not domain.wildcard and _routed(domain))


def _wait(domain: Domain, found: Cure, *, hurried: bool = False) -> int:
    steps = AGAIN_STEPS if found.remedy.kind is RemedyKind.REGISTER_AGAIN else STEPS
    return max(steps[min(domain.heals, 1 if hurried else len(steps) - 1)], found.patience)


def _rested(domain: Domain, now: int) -> Domain:
    """Nothing is wrong: what was done is forgotten, but not before its step is over, or a relapse would be too soon."""
    if domain.healed_at is None and not domain.heals:
        return domain
    if _within(domain, now, STEPS[min(domain.heals, len(STEPS) - 1)]):
        return domain
    return replace(domain, heals=0 if _well(domain) else domain.heals, healed_at=None)


def _well(domain: Domain) -> bool:
    serves = certificate_class(domain.cf_ssl_status) is CertificateClass.SERVING
    return domain.status is DomainStatus.ACTIVE and serves and hostname_class(domain.cf_status) is HostnameClass.SERVING


def _within(domain: Domain, now: int, wait: int) -> bool:
    """Whether less than `wait` has passed; an instant in the future comes of a clock that was put back since."""
    return domain.healed_at is not None and domain.healed_at <= now < domain.healed_at + wait
