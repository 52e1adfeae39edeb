"""Domain × observation → domain and events. The only place that changes a domain's status or makes its events.

A look at a domain applies its DNS observation, then Cloudflare's, then `pass_time`; see `look`.
"""

from collections.abc import Iterable
from typing import Any, assert_never

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from dcvd.core.diagnosis import Wanted, findings_of, judge, permitted
from dcvd.core.domains.cloudflare_statuses import CertificateClass, HostnameClass, certificate_class, hostname_class
from dcvd.core.domains.dns_facts import DnsObservation
from dcvd.core.domains.domain import (
    CHALLENGE_LABEL,
    POINTS_HERE,
    WAITING,
    DnsState,
    Domain,
    DomainError,
    DomainStatus,
    Finding,
    LeftRecord,
    Record,
)
from dcvd.core.domains.hostnames import is_target
from dcvd.core.domains.observations import CloudflareObservation, HostnameGone, HostnameSeen, RegistrationRefused
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.lifecycle import certificates, remedies
from dcvd.core.lifecycle import status as serving
from dcvd.core.lifecycle.remedies import Remedy
from dcvd.core.lifecycle.status import CHECKS_TO_DOUBT, awaits_proof, waiting_status, waits_for_validation


class Transition(Struct, frozen=True):
    """What came of an observation.

    revalidate: DNS has just turned right; from `look`, only where Cloudflare still waits to be told so.
    unknown: values of Cloudflare's that we do not know, for the log.
    remedy: what is to be done at Cloudflare now, the revalidation included; only from `look`.
    """

    domain: Domain
    events: tuple[EventDraft, ...] = ()
    revalidate: bool = False
    unknown: tuple[str, ...] = ()
    remedy: Remedy | None = None


Observation = DnsObservation | CloudflareObservation


class Rules(Struct, frozen=True, kw_only=True):
    """What the operator decides of every domain.

    expiring_soon: the warning thresholds in milliseconds before expiry, longest first.
    authorities: the CAs that may issue, in the order in which they are tried (`google`, `lets_encrypt`, `ssl_com`);
        empty where Cloudflare chooses.
    """

    expiring_soon: tuple[int, ...]
    authorities: tuple[str, ...] = ()


def look(domain: Domain, observations: Iterable[Observation], now: int, rules: Rules) -> Transition:
    """One whole look: every observation in the given order (DNS first), then what the clock alone brings about."""
    before = domain
    events: list[EventDraft] = []
    unknown: tuple[str, ...] = ()
    revalidate = False
    allowed: tuple[str, ...] | None = None
    for observation in observations:
        if isinstance(observation, DnsObservation):
            allowed = permitted(observation.facts, Wanted.of(before, rules.authorities))
        step = observe(domain, observation, now, rules)
        domain = step.domain
        events.extend(step.events)
        unknown += step.unknown
        revalidate = revalidate or step.revalidate
    step = pass_time(domain, now, rules.expiring_soon)
    domain = step.domain
    events.extend(step.events)
    changed = domain.status is not before.status or domain.dns_state is not before.dns_state
    challenged = domain.challenge_verified and not before.challenge_verified and awaits_proof(domain)
    revalidate = (revalidate or challenged) and waits_for_validation(domain)
    domain, remedy = remedies.tend(domain, now, rules.authorities, turned_right=revalidate, permitted=allowed)
    return Transition(
        replace(domain, looks=0 if changed else before.looks + 1), tuple(events), revalidate, unknown, remedy
    )


def observe(domain: Domain, observation: Observation, now: int, rules: Rules) -> Transition:
    """Apply one observation; total over what can be seen."""
    match observation:
        case DnsObservation():
            return _dns(domain, observation, now, rules)
        case HostnameSeen():
            return _seen(domain, observation, now)
        case HostnameGone():
            return _gone(domain, observation, now)
        case RegistrationRefused():
            return _with_status(
                domain, domain, DomainStatus.ERROR, DomainError(observation.code, observation.message), now
            )
        case _:
            assert_never(observation)


def pass_time(domain: Domain, now: int, expiring_soon: tuple[int, ...]) -> Transition:
    """Warn of an expiry once for each certificate and threshold; a threshold slept through fires late, once."""
    certificate = domain.certificate
    if certificate is None or certificate.expires_at <= now or domain.status is not DomainStatus.ACTIVE:
        return Transition(domain)
    if domain.warned_for is not None and certificate.expires_at < domain.warned_for:
        # A stale answer brought an earlier certificate back for a moment: what was told of a later one stays told.
        return Transition(domain)
    told = domain.warned_level if certificate.expires_at == domain.warned_for else 0
    level = certificates.warning_level(certificate, expiring_soon, now)
    if level <= told:
        return Transition(domain)
    after = replace(domain, warned_for=certificate.expires_at, warned_level=level, updated_at=now)
    data = {**domain_data(after), "renewal": certificates.renewal(certificate, now)}
    draft = EventDraft(EventType.DOMAIN_EXPIRING_SOON, data, after.id, expires_at=certificate.expires_at)
    return Transition(after, (draft,))


def domain_data(domain: Domain) -> EventData:
    """The members that every event of a domain carries."""
    expires_at = domain.expires_at
    return {
        "domain_id": domain.id,
        "domain_name": domain.name,
        "status": domain.status.value,
        "expires_at": None if expires_at is None else to_rfc3339(expires_at - expires_at % SECOND),
    }


def added(domain: Domain) -> EventDraft:
    """The event of a domain that was just created."""
    return EventDraft(EventType.DOMAIN_ADDED, domain_data(domain), domain.id)


def removed(domain: Domain, left: Iterable[LeftRecord]) -> EventDraft:
    """The event of a domain whose removal was accepted, and of what it leaves in DNS."""
    left_behind = [asdict(record) for record in left]
    return EventDraft(EventType.DOMAIN_REMOVED, {**domain_data(domain), "records_to_remove": left_behind}, domain.id)


def _dns(before: Domain, observation: DnsObservation, now: int, rules: Rules) -> Transition:
    verdict = judge(observation.facts, Wanted.of(before, rules.authorities), now)
    if verdict.state is None and not verdict.findings:
        return Transition(before)
    state = before.dns_state if verdict.state is None else verdict.state
    failed = verdict.state is DnsState.FAILED
    failures = before.dns_failures + 1 if failed else 0 if verdict.state is not None else before.dns_failures
    pointed_here = before.dns_state in POINTS_HERE
    holds = failed and pointed_here and failures < CHECKS_TO_DOUBT
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
    news = before.status in WAITING and not holds and _has_news(before, after)
    # The status is settled before the events are drafted, so that they all carry the one that follows from the check.
    settled = after
    if after.status in WAITING:
        settled = replace(after, status=waiting_status(after, before.status))
    events: list[EventDraft] = []
    if became_verified:
        events.append(_dns_event(EventType.DNS_VERIFIED, settled))
    if left_verified or news:
        events.append(_dns_event(EventType.DNS_CHECK_FAILED, settled))
    if (settled.status, settled.dns_state, settled.findings) != (before.status, before.dns_state, before.findings):
        settled = replace(settled, updated_at=now)
    return Transition(settled, tuple(events), revalidate=became_verified)


def _dns_event(kind: EventType, domain: Domain) -> EventDraft:
    data = domain_data(domain)
    if kind is EventType.DNS_CHECK_FAILED:
        data["findings"] = findings_data(findings_of(domain))
    return EventDraft(kind, data, domain.id)


def _has_news(before: Domain, after: Domain) -> bool:
    """Whether another thing is wrong than before; of a right record, whether one thing more is."""
    was, now = _errors(before), _errors(after)
    return was != now if after.dns_state is DnsState.FAILED else bool(now - was)


def _errors(domain: Domain) -> frozenset[str]:
    return frozenset(finding.code for finding in domain.findings if finding.severity == "error")


def _gone(before: Domain, observation: HostnameGone, now: int) -> Transition:
    if observation.id is not None and observation.id != before.cf_id:
        # It was asked about before the domain was registered again.
        return Transition(before)
    after = replace(before, cf_id=None, cf_status="deleted", cf_checked_at=now, wants_txt=False, next_certificate=None)
    return _with_status(before, after, DomainStatus.ERROR, serving.gone(before), now)


def _seen(before: Domain, seen: HostnameSeen, now: int) -> Transition:
    if before.cf_id is not None and before.cf_id != seen.id:
        return Transition(before)
    host, ssl = hostname_class(seen.status), certificate_class(seen.ssl_status)
    after = replace(
        before,
        cf_id=seen.id,
        cf_status=seen.status,
        cf_ssl_status=seen.ssl_status,
        cf_errors=seen.errors,
        cf_ssl_errors=seen.ssl_errors,
        cf_checked_at=now,
        wants_txt=seen.wants_txt,
        certificate_authority=seen.certificate_authority or before.certificate_authority,
        challenge_target=_challenge_target(before, seen.delegation),
        doubts=before.doubts + 1 if host is HostnameClass.WAITING else 0,
    )
    after, renewed = certificates.follow(after, seen, ssl, now)
    listed = certificates.lists(seen, after.certificate)
    status, error = serving.judge(before, after, host, ssl, now, listed=listed)
    transition = _with_status(before, after, status, error, now)
    events = list(transition.events)
    if renewed:
        events.append(EventDraft(EventType.DOMAIN_RENEWED, domain_data(transition.domain), before.id))
    unknown = tuple(
        value
        for value, is_unknown in (
            (f"status={seen.status}", host is HostnameClass.UNKNOWN),
            (f"ssl.status={seen.ssl_status}", ssl is CertificateClass.UNKNOWN),
        )
        if is_unknown
    )
    return Transition(transition.domain, tuple(events), unknown=unknown)


def _challenge_target(domain: Domain, delegation: Record | None) -> str | None:
    """Cloudflare shows it only while an order is open: what it said once stays. Another name's is not ours."""
    if delegation is None or delegation.name != f"{CHALLENGE_LABEL}.{domain.name}":
        return domain.challenge_target
    return delegation.value if is_target(delegation.value) else domain.challenge_target


def _with_status(
    before: Domain, after: Domain, status: DomainStatus, error: DomainError | None, now: int
) -> Transition:
    kept = error if status is DomainStatus.ERROR else None
    domain = replace(after, status=status, error=kept)
    events: tuple[EventDraft, ...] = ()
    if status is DomainStatus.ACTIVE and before.status is not DomainStatus.ACTIVE:
        events = (EventDraft(EventType.DOMAIN_ACTIVE, domain_data(domain), domain.id),)
    elif kept is not None and (before.error is None or before.error.code != kept.code):
        data = {
            **domain_data(domain),
            "error": {"code": kept.code, "message": kept.message},
            "findings": findings_data(findings_of(domain)),
        }
        events = (EventDraft(EventType.DOMAIN_ERROR, data, domain.id),)
    if domain != replace(before, cf_checked_at=domain.cf_checked_at, doubts=domain.doubts):
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
