"""Domain × observation → domain and events. The only place that changes a domain's status or makes its events.

A look at a domain applies its DNS observation, then Cloudflare's, then `pass_time`; see `look`.
"""

from collections.abc import Iterable
from typing import Any, assert_never

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from dcvd.core.diagnosis import DnsRequirements, diagnose_dns, findings_of, permitted_authorities
from dcvd.core.domains.cloudflare_statuses import (
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
)
from dcvd.core.domains.dns_facts import DnsObservation
from dcvd.core.domains.domain import (
    CHALLENGE_LABEL,
    POINTING_STATES,
    WAITING_STATUSES,
    DnsState,
    Domain,
    DomainError,
    DomainStatus,
    Finding,
    LeftoverRecord,
    Record,
)
from dcvd.core.domains.hostnames import is_cname_target
from dcvd.core.domains.observations import (
    CloudflareHostname,
    CloudflareHostnameAbsence,
    CloudflareObservation,
    RegistrationRefusal,
)
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.lifecycle import certificates, remedies
from dcvd.core.lifecycle import status as serving
from dcvd.core.lifecycle.remedies import Remedy
from dcvd.core.lifecycle.status import (
    FAILED_CHECKS_TO_BELIEVE,
    choose_waiting_status,
    is_validation_pending,
    waits_for_validation,
)


class Transition(Struct, frozen=True):
    """What came of an observation.

    needs_revalidation: DNS has just turned right; from `look`, only where Cloudflare still waits to be told so.
    unknown_values: values of Cloudflare's that we do not know, for the log.
    remedy: what is to be done at Cloudflare now, the revalidation included; only from `look`.
    """

    domain: Domain
    events: tuple[EventDraft, ...] = ()
    needs_revalidation: bool = False
    unknown_values: tuple[str, ...] = ()
    remedy: Remedy | None = None


Observation = DnsObservation | CloudflareObservation


class LifecycleRules(Struct, frozen=True, kw_only=True):
    """What the operator decides of every domain.

    expiry_thresholds_ms: the warning thresholds in milliseconds before expiry, longest first.
    certificate_authorities: the CAs that may issue, in the order in which they are tried (`google`, `lets_encrypt`,
        `ssl_com`); empty where Cloudflare chooses.
    """

    expiry_thresholds_ms: tuple[int, ...]
    certificate_authorities: tuple[str, ...] = ()


def apply_check(domain: Domain, observations: Iterable[Observation], now: int, rules: LifecycleRules) -> Transition:
    """One whole look: every observation in the given order (DNS first), then what the clock alone brings about."""
    before = domain
    events: list[EventDraft] = []
    unknown: tuple[str, ...] = ()
    revalidate = False
    allowed: tuple[str, ...] | None = None
    for observation in observations:
        if isinstance(observation, DnsObservation):
            allowed = permitted_authorities(
                observation.facts, DnsRequirements.of_domain(before, rules.certificate_authorities)
            )
        step = apply_observation(domain, observation, now, rules)
        domain = step.domain
        events.extend(step.events)
        unknown += step.unknown_values
        revalidate = revalidate or step.needs_revalidation
    step = warn_of_expiry(domain, now, rules.expiry_thresholds_ms)
    domain = step.domain
    events.extend(step.events)
    changed = domain.status is not before.status or domain.dns_state is not before.dns_state
    challenged = domain.challenge_verified and not before.challenge_verified and is_validation_pending(domain)
    revalidate = (revalidate or challenged) and waits_for_validation(domain)
    domain, remedy = remedies.choose_remedy(
        domain, now, rules.certificate_authorities, became_right=revalidate, permitted_authorities=allowed
    )
    return Transition(
        replace(domain, checks_since_change=0 if changed else before.checks_since_change + 1),
        tuple(events),
        revalidate,
        unknown,
        remedy,
    )


def apply_observation(domain: Domain, observation: Observation, now: int, rules: LifecycleRules) -> Transition:
    """Apply one observation; total over what can be seen."""
    match observation:
        case DnsObservation():
            return _apply_dns(domain, observation, now, rules)
        case CloudflareHostname():
            return _apply_hostname(domain, observation, now)
        case CloudflareHostnameAbsence():
            return _apply_absence(domain, observation, now)
        case RegistrationRefusal():
            return _set_status(
                domain, domain, DomainStatus.ERROR, DomainError(observation.code, observation.message), now
            )
        case _:
            assert_never(observation)


def warn_of_expiry(domain: Domain, now: int, expiry_thresholds_ms: tuple[int, ...]) -> Transition:
    """Warn of an expiry once for each certificate and threshold; a threshold slept through fires late, once."""
    certificate = domain.certificate
    if certificate is None or certificate.expires_at <= now or domain.status is not DomainStatus.ACTIVE:
        return Transition(domain)
    if domain.warned_expires_at is not None and certificate.expires_at < domain.warned_expires_at:
        # A stale answer brought an earlier certificate back for a moment: what was told of a later one stays told.
        return Transition(domain)
    told = domain.warnings_sent if certificate.expires_at == domain.warned_expires_at else 0
    level = certificates.count_passed_thresholds(certificate, expiry_thresholds_ms, now)
    if level <= told:
        return Transition(domain)
    after = replace(domain, warned_expires_at=certificate.expires_at, warnings_sent=level, updated_at=now)
    data = {**domain_event_data(after), "renewal": certificates.renewal_state(certificate, now)}
    draft = EventDraft(EventType.DOMAIN_EXPIRING_SOON, data, after.id, expires_at=certificate.expires_at)
    return Transition(after, (draft,))


def domain_event_data(domain: Domain) -> EventData:
    """The members that every event of a domain carries."""
    expires_at = domain.expires_at
    return {
        "domain_id": domain.id,
        "domain_name": domain.name,
        "status": domain.status.value,
        "expires_at": None if expires_at is None else to_rfc3339(expires_at - expires_at % SECOND),
    }


def draft_added_event(domain: Domain) -> EventDraft:
    """The event of a domain that was just created."""
    return EventDraft(EventType.DOMAIN_ADDED, domain_event_data(domain), domain.id)


def draft_removed_event(domain: Domain, leftover_records: Iterable[LeftoverRecord]) -> EventDraft:
    """The event of a domain whose removal was accepted, and of what it leaves in DNS."""
    left_behind = [asdict(record) for record in leftover_records]
    return EventDraft(
        EventType.DOMAIN_REMOVED, {**domain_event_data(domain), "records_to_remove": left_behind}, domain.id
    )


def _apply_dns(before: Domain, observation: DnsObservation, now: int, rules: LifecycleRules) -> Transition:
    verdict = diagnose_dns(observation.facts, DnsRequirements.of_domain(before, rules.certificate_authorities), now)
    if verdict.state is None and not verdict.findings:
        return Transition(before)
    state = before.dns_state if verdict.state is None else verdict.state
    failed = verdict.state is DnsState.FAILED
    failures = before.dns_failures + 1 if failed else 0 if verdict.state is not None else before.dns_failures
    pointed_here = before.dns_state in POINTING_STATES
    holds = failed and pointed_here and failures < FAILED_CHECKS_TO_BELIEVE
    after = replace(
        before,
        dns_state=before.dns_state if holds else state,
        dns_failures=failures,
        challenge_verified=(
            before.challenge_verified if verdict.challenge_verified is None else verdict.challenge_verified
        ),
        findings=verdict.findings,
        dns_checked_at=now,
    )
    became_verified = after.dns_state is DnsState.VERIFIED and before.dns_state is not DnsState.VERIFIED
    left_verified = pointed_here and after.dns_state is DnsState.FAILED
    news = before.status in WAITING_STATUSES and not holds and _has_changed_errors(before, after)
    # The status is settled before the events are drafted, so that they all carry the one that follows from the check.
    settled = after
    if after.status in WAITING_STATUSES:
        settled = replace(after, status=choose_waiting_status(after, before.status))
    events: list[EventDraft] = []
    if became_verified:
        events.append(_draft_dns_event(EventType.DNS_VERIFIED, settled))
    if left_verified or news:
        events.append(_draft_dns_event(EventType.DNS_CHECK_FAILED, settled))
    if (settled.status, settled.dns_state, settled.findings) != (before.status, before.dns_state, before.findings):
        settled = replace(settled, updated_at=now)
    return Transition(settled, tuple(events), needs_revalidation=became_verified)


def _draft_dns_event(kind: EventType, domain: Domain) -> EventDraft:
    data = domain_event_data(domain)
    if kind is EventType.DNS_CHECK_FAILED:
        data["findings"] = findings_data(findings_of(domain))
    return EventDraft(kind, data, domain.id)


def _has_changed_errors(before: Domain, after: Domain) -> bool:
    """Whether another thing is wrong than before; of a right record, whether one thing more is."""
    was, now = _error_codes(before), _error_codes(after)
    return was != now if after.dns_state is DnsState.FAILED else bool(now - was)


def _error_codes(domain: Domain) -> frozenset[str]:
    return frozenset(finding.code for finding in domain.findings if finding.severity == "error")


def _apply_absence(before: Domain, observation: CloudflareHostnameAbsence, now: int) -> Transition:
    if observation.id is not None and observation.id != before.cf_id:
        # It was asked about before the domain was registered again.
        return Transition(before)
    after = replace(
        before, cf_id=None, cf_status="deleted", cf_checked_at=now, waits_for_txt=False, next_certificate=None
    )
    return _set_status(before, after, DomainStatus.ERROR, serving.hostname_gone_error(before), now)


def _apply_hostname(before: Domain, hostname: CloudflareHostname, now: int) -> Transition:
    if before.cf_id is not None and before.cf_id != hostname.id:
        return Transition(before)
    host, ssl = classify_hostname_status(hostname.status), classify_ssl_status(hostname.ssl_status)
    after = replace(
        before,
        cf_id=hostname.id,
        cf_status=hostname.status,
        cf_ssl_status=hostname.ssl_status,
        cf_errors=hostname.verification_errors,
        cf_ssl_errors=hostname.validation_errors,
        cf_checked_at=now,
        waits_for_txt=hostname.waits_for_txt,
        certificate_authority=hostname.certificate_authority or before.certificate_authority,
        challenge_target=_challenge_target(before, hostname.delegation_record),
        pending_reports=before.pending_reports + 1 if host is HostnameClass.WAITING else 0,
    )
    after, renewed = certificates.apply_certificates(after, hostname, ssl, now)
    listed = certificates.is_listed(hostname, after.certificate)
    status, error = serving.decide_status(before, after, host, ssl, now, is_listed=listed)
    transition = _set_status(before, after, status, error, now)
    events = list(transition.events)
    if renewed:
        events.append(EventDraft(EventType.DOMAIN_RENEWED, domain_event_data(transition.domain), before.id))
    unknown = tuple(
        value
        for value, is_unknown in (
            (f"status={hostname.status}", host is HostnameClass.UNKNOWN),
            (f"ssl.status={hostname.ssl_status}", ssl is CertificateClass.UNKNOWN),
        )
        if is_unknown
    )
    return Transition(transition.domain, tuple(events), unknown_values=unknown)


def _challenge_target(domain: Domain, delegation: Record | None) -> str | None:
    """Cloudflare shows it only while an order is open: what it said once stays. Another name's is not ours."""
    if delegation is None or delegation.name != f"{CHALLENGE_LABEL}.{domain.name}":
        return domain.challenge_target
    return delegation.value if is_cname_target(delegation.value) else domain.challenge_target


def _set_status(before: Domain, after: Domain, status: DomainStatus, error: DomainError | None, now: int) -> Transition:
    kept = error if status is DomainStatus.ERROR else None
    domain = replace(after, status=status, error=kept)
    events: tuple[EventDraft, ...] = ()
    if status is DomainStatus.ACTIVE and before.status is not DomainStatus.ACTIVE:
        events = (EventDraft(EventType.DOMAIN_ACTIVE, domain_event_data(domain), domain.id),)
    elif kept is not None and (before.error is None or before.error.code != kept.code):
        data = {
            **domain_event_data(domain),
            "error": {"code": kept.code, "message": kept.message},
            "findings": findings_data(findings_of(domain)),
        }
        events = (EventDraft(EventType.DOMAIN_ERROR, data, domain.id),)
    if domain != replace(before, cf_checked_at=domain.cf_checked_at, pending_reports=domain.pending_reports):
        domain = replace(domain, updated_at=now)
    return Transition(domain, events)


def findings_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Members as of `Finding`; `next_check_at` in RFC 3339, null where the domain's next look is meant."""
    return [
        {
            **msgspec.to_builtins(finding),
            "next_check_at": None if finding.next_check_at is None else to_rfc3339(finding.next_check_at),
        }
        for finding in findings
    ]
