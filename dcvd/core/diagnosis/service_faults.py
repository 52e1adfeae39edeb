"""Findings that are the operator's: what keeps hostnames waiting at Cloudflare, whatever their DNS."""

from collections.abc import Iterator
from typing import Final, assert_never

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import Domain, DomainError, DomainErrorCode, DomainStatus, Finding
from dcvd.core.domains.saas_zone import PlanFeature, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.domains.stalls import Stall
from dcvd.core.domains.targets import is_made_from
from dcvd.core.instants import to_rfc3339
from dcvd.core.sentences.sentence import say

CLOUDFLARE_UNAVAILABLE: Final = "cloudflare_unavailable"
CLOUDFLARE_RATE_LIMITED: Final = "cloudflare_rate_limited"
_REFUSAL_PREFIX: Final = "cloudflare_"
"""The code of a refusal that no rule knows is this and the number of Cloudflare's error."""


def service_findings(
    domain: Domain, zone: SaasZone, registration_error: DomainError | None, stall: Stall | None
) -> Iterator[Finding]:
    """Find what keeps a domain waiting that is no fault of its owner's.

    `registration_error` as in `findings_of`; `stall` is the one that the domain is in.
    """
    faults = {fault.code: fault for fault in zone.faults if _concerns(fault, domain)}
    error_code = None if registration_error is None else registration_error.code
    if registration_error is not None and error_code in _FAULT_CODES and error_code not in faults:
        code = ZoneFaultCode(registration_error.code)
        faults[code] = ZoneFault(code=code, message=registration_error.message, since=0)
    for fault in faults.values():
        yield _fault_finding(domain, fault)
    yield from _plan_findings(domain, zone)
    # What the operator can mend is the cause, where there is such a fault.
    if stall is not None and not faults:
        yield _stall_finding(domain, stall)
    if registration_error is not None and not faults:
        yield from _failure_findings(domain, registration_error)
    if domain.error is not None and _is_unknown_refusal(domain.error.code):
        yield _refusal_finding(domain, domain.error)


def find_stall(domain: Domain, zone: SaasZone, cause: str | None) -> Stall | None:
    """Return the stall that a domain is in: many wait as it does, and its own DNS is right.

    cause: the code of what Cloudflare's texts blame on the domain's owner.
    """
    if any(finding.severity == "error" for finding in domain.findings):
        return None
    return next((stall for stall in zone.stalls if stall.holds(domain, cause)), None)


def _stall_finding(domain: Domain, stall: Stall) -> Finding:
    message = say(
        "many_waiting",
        hostname=domain.name,
        awaited=say(f"stage_{stall.stage.value}"),
        count=stall.count,
        since=to_rfc3339(stall.since),
    )
    return replace(new_finding(FindingCode.MANY_WAITING, "warning", "nobody", message, ()), since=stall.since)


def _concerns(fault: ZoneFault, domain: Domain) -> bool:
    """Whether a domain waits for what is at fault."""
    if domain.status is DomainStatus.ACTIVE or domain.dormant_since is not None:
        return False
    if fault.target is not None and not is_made_from(domain.cname_target, fault.target):
        return False
    match fault.code:
        case ZoneFaultCode.NOT_ENABLED | ZoneFaultCode.QUOTA_EXCEEDED:
            return domain.cf_id is None and not domain.is_parked
        case (
            ZoneFaultCode.UNAUTHORIZED
            | ZoneFaultCode.ZONE_NOT_FOUND
            | ZoneFaultCode.ZONE_INACTIVE
            | ZoneFaultCode.FALLBACK_ORIGIN
            | ZoneFaultCode.TARGET_UNRESOLVED
        ):
            return True
        case _:
            assert_never(fault.code)


def _fault_finding(domain: Domain, fault: ZoneFault) -> Finding:
    match fault.code:
        case ZoneFaultCode.UNAUTHORIZED:
            code, reason = FindingCode.CLOUDFLARE_UNAUTHORIZED, "waits_unauthorized"
        case ZoneFaultCode.ZONE_NOT_FOUND:
            code, reason = FindingCode.CLOUDFLARE_ZONE_NOT_FOUND, "waits_zone_not_found"
        case ZoneFaultCode.ZONE_INACTIVE:
            code, reason = FindingCode.CLOUDFLARE_ZONE_INACTIVE, "waits_zone_inactive"
        case ZoneFaultCode.NOT_ENABLED:
            code, reason = FindingCode.SAAS_NOT_ENABLED, "waits_not_enabled"
        case ZoneFaultCode.QUOTA_EXCEEDED:
            code, reason = FindingCode.QUOTA_EXCEEDED, "waits_quota"
        case ZoneFaultCode.FALLBACK_ORIGIN:
            code, reason = FindingCode.FALLBACK_ORIGIN, "waits_fallback_origin"
        case ZoneFaultCode.TARGET_UNRESOLVED:
            code, reason = FindingCode.TARGET_UNRESOLVED, "waits_target"
        case _:
            assert_never(fault.code)
    params = {"target": domain.cname_target} if code is FindingCode.TARGET_UNRESOLVED else {}
    finding = new_finding(code, "error", "operator", say(reason, hostname=domain.name, **params), [fault.message])
    return replace(finding, since=fault.since or None)


def _plan_findings(domain: Domain, zone: SaasZone) -> Iterator[Finding]:
    is_refused = domain.error is not None and domain.error.code == DomainErrorCode.PLAN_LACKS
    lacks_wildcard = domain.wildcard and zone.lacks(PlanFeature.WILDCARD)
    if not is_refused and not (lacks_wildcard and domain.cf_id is None and domain.dormant_since is None):
        return
    message = say("plan_lacks_wildcard" if lacks_wildcard else "plan_lacks", hostname=domain.name)
    evidence = [] if domain.error is None else [domain.error.message]
    yield new_finding(FindingCode.PLAN_LACKS, "error", "operator", message, evidence)


def _failure_findings(domain: Domain, error: DomainError) -> Iterator[Finding]:
    """Find why the registration has failed so far, where no other rule knows."""
    if error.code in (CLOUDFLARE_UNAVAILABLE, CLOUDFLARE_RATE_LIMITED):
        message = say("cloudflare_unavailable", hostname=domain.name)
        yield new_finding(FindingCode.CLOUDFLARE_UNAVAILABLE, "warning", "nobody", message, [error.message])
    elif _is_unknown_refusal(error.code):
        yield _refusal_finding(domain, error)


def _refusal_finding(domain: Domain, error: DomainError) -> Finding:
    message = say("registration_refused", hostname=domain.name)
    return new_finding(FindingCode.REGISTRATION_REFUSED, "error", "operator", message, [error.message])


def _is_unknown_refusal(code: str) -> bool:
    known = (CLOUDFLARE_UNAVAILABLE, CLOUDFLARE_RATE_LIMITED, *_FAULT_CODES)
    return code.startswith(_REFUSAL_PREFIX) and code not in known


_FAULT_CODES: Final = frozenset(code.value for code in ZoneFaultCode)
