"""Transitions: what an observation changes in a domain, and which events follow.

Nothing else changes a domain's status or makes its events. A check applies its DNS observation, then Cloudflare's, then
`warn_of_expiry`; see `apply_check`.
"""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import EdgeObservation
from dcvd.core.custom_hostnames.statuses import DELETED_HOSTNAME_STATUS, CertificateClass, HostnameClass
from dcvd.core.diagnosis.caa import permitted_authorities
from dcvd.core.diagnosis.challenge import drop_needless_challenge
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.dns import diagnose_dns
from dcvd.core.diagnosis.edge import is_edge_finding
from dcvd.core.diagnosis.findings import date_findings, sort_findings
from dcvd.core.diagnosis.proofs import find_proof, observe_proof, proof_findings
from dcvd.core.diagnosis.readiness import is_ready
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.adoption import find_read_only_reason, order_as_it_is
from dcvd.core.domains.claims import add_proof, held_error, hide_validation, is_held, sketch_hostname
from dcvd.core.domains.domain import (
    POINTING_STATES,
    WAITING_STATUSES,
    DnsState,
    Domain,
    DomainError,
    DomainStatus,
    Finding,
)
from dcvd.core.domains.hostname_orders import describe_differences, order_of
from dcvd.core.domains.observations import (
    ClaimHeld,
    CloudflareHostname,
    CloudflareHostnameAbsence,
    CloudflareObservation,
    ParkedHostname,
    RegistrationRefusal,
)
from dcvd.core.domains.renewals import renewal_state
from dcvd.core.domains.targets import choose_challenge_target
from dcvd.core.domains.typed_records import remember_zone
from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import DAY
from dcvd.core.lifecycle import certificates, damping, dormancy, expiry_warnings, first_checks, probes, remedies
from dcvd.core.lifecycle.domain_events import (
    dns_event_data,
    domain_event_data,
    dormant_event_data,
    findings_data,
)
from dcvd.core.lifecycle.doubt import is_in_doubt
from dcvd.core.lifecycle.remedies import Remedy
from dcvd.core.lifecycle.status import (
    choose_waiting_status,
    decide_status,
    hostname_gone_error,
    is_validation_pending,
    waits_for_validation,
)


class Transition(Struct, frozen=True):
    """The result of an observation: the new domain and its events.

    needs_revalidation: whether DNS has just become right; after `apply_check` only if Cloudflare waits for that.
    unknown_values: values of Cloudflare's that we do not know, for the log.
    remedy: what is to be done at Cloudflare now, the revalidation included; only after `apply_check`.
    """

    domain: Domain
    events: tuple[EventDraft, ...] = ()
    needs_revalidation: bool = False
    unknown_values: tuple[str, ...] = ()
    remedy: Remedy | None = None


Observation = DnsObservation | CloudflareObservation | EdgeObservation | ClaimHeld


class LifecycleRules(Struct, frozen=True, kw_only=True):
    """The operator's settings that apply to every domain.

    expiry_thresholds_ms: when to warn, in milliseconds before expiry, longest first.
    certificate_authorities: the CAs that may issue, in the order in which they are tried (`google`, `lets_encrypt`,
        `ssl_com`); empty where Cloudflare chooses.
    dormant_after_ms: for how long a claim may be unproved before it is dormant.
    is_time_confirmed: whether something confirms the time; else no certificate has expired, nor will soon.
    """

    expiry_thresholds_ms: tuple[int, ...]
    certificate_authorities: tuple[str, ...] = ()
    dormant_after_ms: int = 30 * DAY
    is_time_confirmed: bool = True


def apply_check(domain: Domain, observations: Iterable[Observation], now: int, rules: LifecycleRules) -> Transition:
    """Apply a whole check: its observations in the given order (DNS first, the edge last), then the warning of
    an expiry.

    What proves the claim is applied too, unless others claim the name: whether it is proved before them, the caller
    knows, who then gives the domain with its proof, or the observation `ClaimHeld`.
    """
    before = domain
    observations = tuple(observations)
    events: list[EventDraft] = []
    unknown_values: tuple[str, ...] = ()
    needs_revalidation = False
    permitted: tuple[str, ...] | None = None
    for observation in observations:
        if isinstance(observation, DnsObservation):
            permitted = permitted_authorities(
                observation.facts, DnsRequirements.of_domain(before, rules.certificate_authorities)
            )
        step = apply_observation(domain, observation, now, rules)
        domain = step.domain
        events.extend(step.events)
        unknown_values += step.unknown_values
        needs_revalidation = needs_revalidation or step.needs_revalidation
    if before.awaits_first_check:
        domain, events = first_checks.end_import(domain, observations, events)
    domain = probes.drop_outdated(drop_needless_challenge(domain), now)
    if not domain.is_contested:
        domain = add_proof(domain, observe_proof(domain, observations), now)
    wait = dormancy.apply_wait(before, domain, observations, now, rules.dormant_after_ms)
    domain = wait.domain
    if wait.falls_dormant:
        events.append(EventDraft(EventType.DOMAIN_DORMANT, dormant_event_data(domain), domain.id))
    if rules.is_time_confirmed and not domain.awaits_adoption:
        step = warn_of_expiry(domain, now, rules.expiry_thresholds_ms)
        domain = step.domain
        events.extend(step.events)
    has_changed = domain.status is not before.status or domain.dns_state is not before.dns_state
    challenge_turned = domain.challenge_verified and not before.challenge_verified and is_validation_pending(domain)
    needs_revalidation = (needs_revalidation or challenge_turned) and waits_for_validation(domain)
    domain, remedy = remedies.choose_remedy(
        domain, now, rules.certificate_authorities, became_right=needs_revalidation, permitted_authorities=permitted
    )
    ready_since = (before.ready_since or now) if is_ready(domain, now) else None
    has_been_ready = before.ready_since is not None or before.broken_since is not None
    broken_since = (before.broken_since or now) if has_been_ready and ready_since is None else None
    return Transition(
        replace(
            domain,
            checks_since_change=0 if has_changed else before.checks_since_change + 1,
            ready_since=ready_since,
            broken_since=broken_since,
            updated_at=domain.updated_at if ready_since == before.ready_since else now,
        ),
        tuple(events),
        needs_revalidation,
        unknown_values,
        remedy,
    )


def apply_observation(domain: Domain, observation: Observation, now: int, rules: LifecycleRules) -> Transition:
    """Apply one observation of any kind."""
    match observation:
        case DnsObservation():
            return _apply_dns(domain, observation, now, rules)
        case CloudflareHostname() if domain.awaits_adoption:
            return _adopt(domain, observation, now, rules)
        case CloudflareHostname():
            return _apply_hostname(domain, observation, now, rules)
        case CloudflareHostnameAbsence():
            return _apply_absence(domain, observation, now)
        case ParkedHostname():
            return _apply_parked(domain, observation, now, rules)
        case RegistrationRefusal():
            return _set_status(
                domain, domain, DomainStatus.ERROR, DomainError(observation.code, observation.message), now
            )
        case EdgeObservation():
            return Transition(probes.apply_probe(domain, observation, now))
        case ClaimHeld():
            step = _set_status(domain, domain, DomainStatus.ERROR, held_error(domain.name), now)
            return step if observation.is_new else Transition(step.domain)
        case _:
            assert_never(observation)


def warn_of_expiry(domain: Domain, now: int, expiry_thresholds_ms: tuple[int, ...]) -> Transition:
    """Warn of an expiry once for each certificate and threshold; missed thresholds cause one late warning."""
    certificate = domain.certificate
    if certificate is None or certificate.expires_at <= now or domain.status is not DomainStatus.ACTIVE:
        return Transition(domain)
    passed = certificates.count_passed_thresholds(certificate, expiry_thresholds_ms, now)
    if passed <= expiry_warnings.count_sent(domain, certificate):
        return Transition(domain)
    after = replace(expiry_warnings.remember(domain, certificate, passed, now), updated_at=now)
    data = {**domain_event_data(after), "renewal": renewal_state(certificate, now)}
    draft = EventDraft(EventType.DOMAIN_EXPIRING_SOON, data, after.id, expires_at=certificate.expires_at)
    return Transition(after, (draft,))


def _apply_silence(before: Domain, findings: tuple[Finding, ...], now: int) -> Transition:
    """Apply a check that learned nothing of the domain: what was known of it stands, beside our own fault."""
    known = (each for each in before.findings if each.code != FindingCode.RESOLVERS_FAILED)
    after = replace(before, findings=date_findings(before.findings, sort_findings((*known, *findings)), now))
    return Transition(before if after.findings == before.findings else replace(after, updated_at=now))


def _apply_dns(before: Domain, observation: DnsObservation, now: int, rules: LifecycleRules) -> Transition:
    diagnosis = diagnose_dns(
        observation.facts,
        DnsRequirements.of_domain(before, rules.certificate_authorities),
        now,
        earlier_findings=before.findings,
        delegated_at=before.delegated_at,
    )
    if diagnosis.state is None and all(each.code == FindingCode.RESOLVERS_FAILED for each in diagnosis.findings):
        return _apply_silence(before, diagnosis.findings, now)
    unproved = (
        () if before.may_serve or find_proof(before, observation.facts) else proof_findings(before, diagnosis.state)
    )
    state = before.dns_state if diagnosis.state is None else diagnosis.state
    is_failed = diagnosis.state is DnsState.FAILED
    failures = before.dns_failures + 1 if is_failed else 0 if diagnosis.state is not None else before.dns_failures
    pointed_here = before.dns_state in POINTING_STATES
    keeps_state = is_failed and pointed_here and is_in_doubt(failures)
    after = replace(
        before,
        dns_state=before.dns_state if keeps_state else state,
        dns_failures=failures,
        challenge_verified=(
            before.challenge_verified if diagnosis.challenge_verified is None else diagnosis.challenge_verified
        ),
        findings=date_findings(
            before.findings,
            sort_findings((*unproved, *diagnosis.findings, *filter(is_edge_finding, before.findings))),
            now,
        ),
        dns_checked_at=now,
        delegated_at=now if observation.facts.is_registered else before.delegated_at,
    )
    after = remember_zone(after, observation.facts)
    errors_changed = before.status in WAITING_STATUSES and not keeps_state and _has_changed_errors(before, after)
    if errors_changed or after.dns_state is not before.dns_state:
        if damping.may_turn(before, now):
            after = damping.count_turn(after, now)
        else:
            after, errors_changed = replace(after, dns_state=before.dns_state, findings=before.findings), False
    became_verified = after.dns_state is DnsState.VERIFIED and before.dns_state is not DnsState.VERIFIED
    left_verified = pointed_here and after.dns_state is DnsState.FAILED
    # The status is decided before the events are drafted, so that they all carry the new one.
    domain = after
    if after.status in WAITING_STATUSES:
        domain = replace(after, status=choose_waiting_status(after, before.status))
    events: list[EventDraft] = []
    if became_verified:
        # One check causes one event about DNS: what else is wrong stands in the findings of this one.
        events.append(_draft_dns_event(EventType.DNS_VERIFIED, domain, now))
    elif left_verified or errors_changed:
        events.append(_draft_dns_event(EventType.DNS_CHECK_FAILED, domain, now))
    if (domain.status, domain.dns_state, domain.findings) != (before.status, before.dns_state, before.findings):
        domain = replace(domain, updated_at=now)
    return Transition(domain, tuple(events), needs_revalidation=became_verified)


def _draft_dns_event(kind: EventType, domain: Domain, now: int) -> EventDraft:
    return EventDraft(kind, dns_event_data(domain, findings_of(domain, now)), domain.id)


def _has_changed_errors(before: Domain, after: Domain) -> bool:
    """Whether the errors are others than before; of a record that is not wrong, whether there are more."""
    old_codes, new_codes = _error_codes(before), _error_codes(after)
    return old_codes != new_codes if after.dns_state is DnsState.FAILED else bool(new_codes - old_codes)


def _error_codes(domain: Domain) -> frozenset[str]:
    return frozenset(finding.code for finding in domain.findings if finding.severity == "error")


def _apply_absence(before: Domain, observation: CloudflareHostnameAbsence, now: int) -> Transition:
    if observation.id is not None and observation.id != before.cf_id:
        # The answer is about the id from before the domain was registered again.
        return Transition(before)
    after = replace(
        before,
        cf_id=None,
        cf_status=DELETED_HOSTNAME_STATUS,
        cf_differences=(),
        cf_checked_at=now,
        cf_changed_at=now,
        waits_for_txt=False,
        next_certificate=None,
    )
    return _set_status(before, after, DomainStatus.ERROR, hostname_gone_error(before), now)


def _adopt(before: Domain, hostname: CloudflareHostname, now: int, rules: LifecycleRules) -> Transition:
    """Apply the first answer about an imported domain: it is as it is there, and what is late was so before."""
    transition = _apply_hostname(order_as_it_is(before, hostname), hostname, now, rules)
    if not rules.is_time_confirmed:
        return transition
    return replace(transition, domain=warn_of_expiry(transition.domain, now, rules.expiry_thresholds_ms).domain)


def _apply_hostname(before: Domain, hostname: CloudflareHostname, now: int, rules: LifecycleRules) -> Transition:
    if before.dormant_since is not None or before.cf_id not in (None, hostname.id):
        # It was asked about before the claim fell asleep, or before it got the hostname that it has.
        return Transition(before)
    hostname = hide_validation(before, hostname)
    after = replace(
        before,
        cf_id=hostname.id,
        cf_status=hostname.status,
        cf_ssl_status=hostname.ssl_status,
        cf_errors=_keep_order(before.cf_errors, hostname.verification_errors),
        cf_ssl_errors=_keep_order(before.cf_ssl_errors, hostname.validation_errors),
        cf_differences=describe_differences(order_of(before), hostname),
        cf_checked_at=now,
        waits_for_txt=hostname.waits_for_txt,
        certificate_authority=hostname.certificate_authority or before.certificate_authority,
        challenge_target=choose_challenge_target(before, hostname.delegation_record),
        pending_reports=before.pending_reports + 1 if hostname.hostname_class is HostnameClass.WAITING else 0,
        kept_settings=hostname.kept_settings,
        read_only=find_read_only_reason(hostname, is_adopted=before.awaits_adoption or before.read_only is not None),
    )
    if _said_by_cloudflare(after) != _said_by_cloudflare(before):
        after = replace(after, cf_changed_at=now)
    after, is_renewal = certificates.apply_certificates(after, hostname, now)
    is_listed = certificates.is_listed(hostname, after.certificate)
    known, is_confirmed = _forget_missing_hostname(before), rules.is_time_confirmed
    status, error = decide_status(known, after, now, is_listed=is_listed, is_time_confirmed=is_confirmed)
    transition = _set_status(before, after, status, error, now)
    events = list(transition.events)
    if is_renewal:
        events.append(EventDraft(EventType.DOMAIN_RENEWED, domain_event_data(transition.domain), before.id))
    unknown_values = tuple(
        value
        for value, is_unknown in (
            (f"status={hostname.status}", hostname.hostname_class is HostnameClass.UNKNOWN),
            (f"ssl.status={hostname.ssl_status}", hostname.certificate_class is CertificateClass.UNKNOWN),
        )
        if is_unknown
    )
    return Transition(transition.domain, tuple(events), unknown_values=unknown_values)


def _apply_parked(before: Domain, observation: ParkedHostname, now: int, rules: LifecycleRules) -> Transition:
    if before.cf_id is not None or before.dormant_since is not None:
        return Transition(before)
    sketched = sketch_hostname(before, observation)
    transition = _apply_hostname(replace(_forget_missing_hostname(before), cf_id=sketched.id), sketched, now, rules)
    domain = replace(transition.domain, cf_id=None)
    if is_held(before):
        return Transition(replace(domain, status=before.status, error=before.error))
    return replace(transition, domain=domain)


def _forget_missing_hostname(before: Domain) -> Domain:
    """Return the domain without the error that Cloudflare did not have its hostname, once it has one."""
    if before.cf_id is not None or before.status is not DomainStatus.ERROR:
        return before
    return replace(before, status=choose_waiting_status(before, DomainStatus.PENDING_CNAME), error=None)


def _said_by_cloudflare(domain: Domain) -> tuple[object, ...]:
    return domain.cf_status, domain.cf_ssl_status, domain.cf_errors, domain.cf_ssl_errors


def _keep_order(known: tuple[str, ...], listed: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is listed, in the known order where it is the same: Cloudflare's own order says nothing."""
    return known if sorted(known) == sorted(listed) else listed


def _set_status(before: Domain, after: Domain, status: DomainStatus, error: DomainError | None, now: int) -> Transition:
    current_error = error if status is DomainStatus.ERROR else None
    domain = replace(after, status=status, error=current_error)
    events: tuple[EventDraft, ...] = ()
    if status is DomainStatus.ACTIVE and before.status is not DomainStatus.ACTIVE:
        events = (EventDraft(EventType.DOMAIN_ACTIVE, domain_event_data(domain), domain.id),)
    elif current_error is not None and (before.error is None or before.error.code != current_error.code):
        data = {
            **domain_event_data(domain),
            "error": {"code": current_error.code, "message": current_error.message},
            "findings": findings_data(findings_of(domain, now)),
        }
        events = (EventDraft(EventType.DOMAIN_ERROR, data, domain.id),)
    if domain != replace(
        before,
        cf_checked_at=domain.cf_checked_at,
        pending_reports=domain.pending_reports,
        kept_settings=domain.kept_settings,
    ):
        domain = replace(domain, updated_at=now)
    return Transition(domain, events)
