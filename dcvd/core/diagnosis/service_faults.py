"""Findings that are the operator's: what keeps hostnames waiting at Cloudflare, whatever their DNS."""

from collections.abc import Iterator
from typing import Final, assert_never

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import Domain, DomainError, DomainErrorCode, DomainStatus, Finding
from dcvd.core.domains.saas_zone import PlanFeature, SaasZone, ZoneFault, ZoneFaultCode
from dcvd.core.domains.stalls import Stage, Stall
from dcvd.core.domains.targets import is_made_from
from dcvd.core.instants import to_rfc3339

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
    match stall.stage:
        case Stage.ORDER:
            awaited = "Cloudflare to order the certificate"
        case Stage.VALIDATION:
            awaited = "the certificate authority to validate the name"
        case Stage.ISSUANCE:
            awaited = "the certificate authority to issue the certificate"
        case Stage.DEPLOYMENT:
            awaited = "Cloudflare to deploy the certificate"
        case Stage.HOSTNAME:
            awaited = "Cloudflare to serve the name"
        case _:
            assert_never(stall.stage)
    message = (
        f"{domain.name} waits for {awaited}, as {stall.count} domains of this service do, the first since "
        f"{to_rfc3339(stall.since)}. This is no fault of {domain.name}. No action needed: we keep trying."
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
            | ZoneFaultCode.FALLBACK_ORIGIN
            | ZoneFaultCode.TARGET_UNRESOLVED
        ):
            return True
        case _:
            assert_never(fault.code)


def _fault_finding(domain: Domain, fault: ZoneFault) -> Finding:
    match fault.code:
        case ZoneFaultCode.UNAUTHORIZED:
            code = FindingCode.CLOUDFLARE_UNAUTHORIZED
            reason = "Cloudflare refuses this service's API token. The operator has to give it a valid one."
        case ZoneFaultCode.ZONE_NOT_FOUND:
            code = FindingCode.CLOUDFLARE_ZONE_NOT_FOUND
            reason = "Cloudflare does not know the zone of this service. The operator has to set the right zone_id."
        case ZoneFaultCode.NOT_ENABLED:
            code = FindingCode.SAAS_NOT_ENABLED
            reason = "Cloudflare for SaaS is not enabled for the zone of this service. The operator has to enable it."
        case ZoneFaultCode.QUOTA_EXCEEDED:
            code = FindingCode.QUOTA_EXCEEDED
            reason = "the operator's quota of custom hostnames at Cloudflare is used up, and has to be raised."
        case ZoneFaultCode.FALLBACK_ORIGIN:
            code = FindingCode.FALLBACK_ORIGIN
            reason = (
                "the fallback origin of the operator's zone at Cloudflare is missing or not active, and the operator "
                "has to set it."
            )
        case ZoneFaultCode.TARGET_UNRESOLVED:
            code = FindingCode.TARGET_UNRESOLVED
            reason = f"{domain.cname_target}, to which it has to point, has no address. The operator has to create it."
        case _:
            assert_never(fault.code)
    finding = new_finding(code, "error", "operator", f"{domain.name} waits: {reason}", [fault.message])
    return replace(finding, since=fault.since or None)


def _plan_findings(domain: Domain, zone: SaasZone) -> Iterator[Finding]:
    is_refused = domain.error is not None and domain.error.code == DomainErrorCode.PLAN_LACKS
    lacks_wildcard = domain.wildcard and zone.lacks(PlanFeature.WILDCARD)
    if not is_refused and not (lacks_wildcard and domain.cf_id is None and domain.dormant_since is None):
        return
    what = "no certificates with a wildcard" if lacks_wildcard else "not all of what is ordered for it"
    advice = "; or the domain is added without the wildcard" if lacks_wildcard else ""
    message = (
        f"{domain.name} is not registered: the plan of the operator's zone at Cloudflare has {what}. The operator has "
        f"to change the plan, and to retry the registration{advice}."
    )
    evidence = [] if domain.error is None else [domain.error.message]
    yield new_finding(FindingCode.PLAN_LACKS, "error", "operator", message, evidence)


def _failure_findings(domain: Domain, error: DomainError) -> Iterator[Finding]:
    """Find why the registration has failed so far, where no other rule knows."""
    if error.code in (CLOUDFLARE_UNAVAILABLE, CLOUDFLARE_RATE_LIMITED):
        message = f"{domain.name} is not registered yet: Cloudflare does not take the call now. It is tried again."
        yield new_finding(FindingCode.CLOUDFLARE_UNAVAILABLE, "warning", "nobody", message, [error.message])
    elif _is_unknown_refusal(error.code):
        yield _refusal_finding(domain, error)


def _refusal_finding(domain: Domain, error: DomainError) -> Finding:
    message = f"Cloudflare refuses to register {domain.name}, and says why. The operator of this service has to act."
    return new_finding(FindingCode.REGISTRATION_REFUSED, "error", "operator", message, [error.message])


def _is_unknown_refusal(code: str) -> bool:
    known = (CLOUDFLARE_UNAVAILABLE, CLOUDFLARE_RATE_LIMITED, *_FAULT_CODES)
    return code.startswith(_REFUSAL_PREFIX) and code not in known


_FAULT_CODES: Final = frozenset(code.value for code in ZoneFaultCode)
