"""The way of a domain from its name to https, in steps that its owner can follow."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import POINTING_STATES, DnsState, Domain, DomainStatus, Finding


class SetupStep(StrEnum):
    """A step, in the order in which one needs the one before."""

    NAME = "name"
    """The zone that holds the name exists, and its servers answer."""
    RECORD = "record"
    """There is a record at the name."""
    TARGET = "target"
    """It leads here."""
    CAA = "caa"
    """The zone lets the CA issue."""
    CERTIFICATE = "certificate"
    HTTPS = "https"


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    WRONG = "wrong"
    """Somebody has to act."""
    CURRENT = "current"
    """It is what is waited for."""
    AHEAD = "ahead"


class StepProgress(Struct, frozen=True, kw_only=True):
    """How far a step is, since when, in milliseconds, as far as that is known, and what was found about it."""

    step: SetupStep
    state: StepState
    since: int | None = None
    findings: tuple[Finding, ...] = ()


_RECORD_CODES: Final = frozenset(
    {
        FindingCode.CNAME_MISSING,
        FindingCode.NAME_DOUBLED,
        FindingCode.WILDCARD_MASKS,
        FindingCode.PROPAGATING,
        FindingCode.SUBDOMAIN_DELEGATED,
        FindingCode.OWNERSHIP_UNPROVED,
        FindingCode.WILDCARD_MISSING,
        FindingCode.DORMANT,
    }
)
_CODES: Final[dict[SetupStep, frozenset[FindingCode]]] = {
    SetupStep.NAME: frozenset(
        {
            FindingCode.DOMAIN_SUSPENDED,
            FindingCode.DOMAIN_UNREGISTERED,
            FindingCode.DNSSEC_BOGUS,
            FindingCode.NS_INCONSISTENT,
            FindingCode.NS_LAME,
            FindingCode.RESOLVERS_FAILED,
            FindingCode.HOSTNAME_INVALID,
            FindingCode.HOSTNAME_TOO_LONG,
            FindingCode.HOSTNAME_UNUSUAL,
            FindingCode.TLD_UNKNOWN,
        }
    ),
    SetupStep.RECORD: _RECORD_CODES,
    SetupStep.TARGET: frozenset(
        {
            FindingCode.WRONG_RECORD_TYPE,
            FindingCode.CNAME_WRONG_TARGET,
            FindingCode.TARGET_DOUBLED,
            FindingCode.APEX_CNAME,
            FindingCode.CONFLICTING_RECORDS,
            FindingCode.AAAA_ELSEWHERE,
            FindingCode.PROXIED_UNVERIFIABLE,
            FindingCode.CNAME_LOOP,
            FindingCode.CHAIN_LONG,
            FindingCode.TARGET_UNRESOLVED,
        }
    ),
    SetupStep.CAA: frozenset({FindingCode.CAA_BLOCKS, FindingCode.CAA_UNANSWERED}),
    SetupStep.CERTIFICATE: frozenset(
        {
            FindingCode.CHALLENGE_TXT_CONFLICT,
            FindingCode.CHALLENGE_HIDDEN,
            FindingCode.CHALLENGE_PROXIED,
            FindingCode.CHALLENGE_MISSING,
            FindingCode.DELEGATION_MISSING,
            FindingCode.WILDCARD_NEEDS_DELEGATION,
            FindingCode.CLOUDFLARE_UNAUTHORIZED,
            FindingCode.CLOUDFLARE_ZONE_NOT_FOUND,
            FindingCode.CLOUDFLARE_ZONE_INACTIVE,
            FindingCode.CLOUDFLARE_UNAVAILABLE,
            FindingCode.SAAS_NOT_ENABLED,
            FindingCode.PLAN_LACKS,
            FindingCode.MANY_WAITING,
            FindingCode.REGISTRATION_REFUSED,
            FindingCode.ZONE_HOLD,
            FindingCode.HOSTNAME_TAKEN,
            FindingCode.QUOTA_EXCEEDED,
            FindingCode.CA_RATE_LIMITED,
            FindingCode.TOKEN_EXPIRED,
            FindingCode.HTTP_CHALLENGE_BLOCKED,
            FindingCode.VALIDATION_UNANSWERED,
            FindingCode.REGISTRY_UNANSWERED,
            FindingCode.NAME_UNRESOLVED,
            FindingCode.MPIC_FAILED,
            FindingCode.FAILED_AUTHORIZATIONS,
            FindingCode.CA_FAULT,
            FindingCode.CA_REFUSES_NAME,
            FindingCode.PROXIED_PREVALIDATION,
            FindingCode.UNKNOWN_ERROR,
            FindingCode.HIGH_RISK_DOMAIN,
            FindingCode.MOVED,
            FindingCode.VALIDATION_TIMED_OUT,
            FindingCode.HOSTNAME_DIFFERS,
        }
    ),
    SetupStep.HTTPS: frozenset(
        {
            FindingCode.EDGE_UNREACHABLE,
            FindingCode.EDGE_WITHOUT_CERTIFICATE,
            FindingCode.EDGE_WRONG_CERTIFICATE,
            FindingCode.EDGE_REFUSES,
            FindingCode.ORIGIN_DOWN,
            FindingCode.FALLBACK_ORIGIN,
        }
    ),
}
STEP_OF_CODE: Final[dict[str, SetupStep]] = {code: step for step, codes in _CODES.items() for code in codes}
"""The step at which a finding is told, by its code."""


def list_steps(domain: Domain, findings: Sequence[Finding]) -> tuple[StepProgress, ...]:
    """Return all steps in their order; each finding stands at its step, and what no step knows at the certificate's."""
    told: dict[SetupStep, list[Finding]] = {step: [] for step in SetupStep}
    for finding in findings:
        told[STEP_OF_CODE.get(finding.code, SetupStep.CERTIFICATE)].append(finding)
    # An error that no finding is about stands at the first step that is not done.
    is_stopped = domain.error is not None and all(finding.severity != "error" for finding in findings)
    steps: list[StepProgress] = []
    for step in SetupStep:
        is_reached = all(before.state is StepState.DONE for before in steps)
        faults = [finding for finding in told[step] if finding.severity == "error"]
        if faults or (is_stopped and is_reached and not _is_done(step, domain, told)):
            state = StepState.WRONG
        elif _is_done(step, domain, told):
            state = StepState.DONE
        else:
            state = StepState.CURRENT if is_reached else StepState.AHEAD
        since = faults[0].since if faults else _find_since(step, state, domain)
        steps.append(StepProgress(step=step, state=state, since=since, findings=tuple(told[step])))
    return tuple(steps)


def _is_done(step: SetupStep, domain: Domain, told: dict[SetupStep, list[Finding]]) -> bool:
    points_here = domain.dns_state in POINTING_STATES
    match step:
        case SetupStep.NAME:
            is_checked = domain.dns_state is not DnsState.UNKNOWN
            return is_checked or domain.delegated_at is not None or domain.is_ready
        case SetupStep.RECORD:
            return points_here or bool(told[SetupStep.TARGET])
        case SetupStep.TARGET:
            return points_here
        case SetupStep.CAA:
            return points_here or domain.certificate is not None
        case SetupStep.CERTIFICATE:
            return domain.status is DomainStatus.ACTIVE and domain.certificate is not None
        case SetupStep.HTTPS:
            return domain.is_ready


def _find_since(step: SetupStep, state: StepState, domain: Domain) -> int | None:
    match step, state:
        case SetupStep.NAME, StepState.DONE:
            return domain.delegated_at
        case SetupStep.CERTIFICATE, StepState.DONE:
            return None if domain.certificate is None else domain.certificate.issued_at
        case SetupStep.HTTPS, StepState.DONE:
            return domain.ready_since
        case ((SetupStep.CERTIFICATE | SetupStep.HTTPS), StepState.CURRENT):
            return domain.cf_changed_at
        case _, StepState.CURRENT:
            return domain.created_at
        case _:
            return None
