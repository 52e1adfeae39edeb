"""Domain × observation → domain and events. The only place that changes a domain's status or makes its events.

A look at a domain applies its DNS observation, then Cloudflare's, then `pass_time`; see `look`.
"""

from collections.abc import Iterable
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import asdict, replace

from dcvd.core import certificates
from dcvd.core.cloudflare_states import (
    ORDER_OPEN,
    CertificateClass,
    HostnameClass,
    certificate_class,
    hostname_class,
)
from dcvd.core.diagnosis import Wanted, findings_data, findings_of, judge
from dcvd.core.dns_facts import DnsObservation
from dcvd.core.domain import (
    POINTS_HERE,
    WAITING,
    Certificate,
    DnsState,
    Domain,
    DomainError,
    DomainStatus,
    records_to_remove,
)
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.observation import CloudflareObservation, HostnameGone, HostnameSeen, RegistrationRefused

CHECKS_TO_DOUBT: Final = 2
"""How many failed checks in a row it takes to believe them: one failed check never costs a domain anything."""


class Transition(Struct, frozen=True):
    """What came of an observation.

    revalidate: DNS has just turned right; from `look`, only where Cloudflare still waits to be told so.
    unknown: values of Cloudflare's that we do not know, for the log.
    """

    domain: Domain
    events: tuple[EventDraft, ...] = ()
    revalidate: bool = False
    unknown: tuple[str, ...] = ()


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
    for observation in observations:
        step = observe(domain, observation, now, rules)
        domain = step.domain
        events.extend(step.events)
        unknown += step.unknown
        revalidate = revalidate or step.revalidate
    step = pass_time(domain, now, rules.expiring_soon)
    domain = step.domain
    events.extend(step.events)
    changed = domain.status is not before.status or domain.dns_state is not before.dns_state
    return Transition(
        replace(domain, looks=0 if changed else before.looks + 1),
        tuple(events),
        revalidate and _waits_for_validation(domain),
        unknown,
    )


def _waits_for_validation(domain: Domain) -> bool:
    """Whether Cloudflare still has to find the record, maybe only hours from now.

    Once it has, telling it to look again would only throw away the certificate that is being issued.
    """
    if domain.cf_id is None or domain.status is DomainStatus.ACTIVE:
        return False
    match hostname_class(domain.cf_status):
        case HostnameClass.WAITING | HostnameClass.MOVED:
            return True
        case HostnameClass.SERVING:
            ssl = certificate_class(domain.cf_ssl_status)
            return domain.cf_ssl_status == "pending_validation" or ssl is CertificateClass.TIMED_OUT
        case _:
            return False


def observe(domain: Domain, observation: Observation, now: int, rules: Rules) -> Transition:
    """Apply one observation; total over what can be seen."""
    match observation:
        case DnsObservation():
            return _dns(domain, observation, now, rules)
        case HostnameSeen():
            return _seen(domain, observation, now)
        case HostnameGone():
            return _gone(domain, now)
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


def removed(domain: Domain) -> EventDraft:
    """The event of a domain whose removal was accepted."""
    left_behind = [asdict(record) for record in records_to_remove(domain)]
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
        settled = replace(after, status=_waiting_status(after, before.status))
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


def _waiting_status(domain: Domain, previous: DomainStatus) -> DomainStatus:
    """`issuing` once the record was seen by us or by the CA; it takes two failed checks to fall back."""
    seen_by_us = domain.dns_state is DnsState.VERIFIED
    seen_by_ca = domain.cf_ssl_status is not None and (
        domain.cf_ssl_status == "pending_issuance"
        or certificate_class(domain.cf_ssl_status) in (CertificateClass.AFTER_ISSUE, CertificateClass.SERVING)
    )
    validated = domain.cf_status is not None and hostname_class(domain.cf_status) is HostnameClass.SERVING
    if seen_by_us or seen_by_ca or validated:
        return DomainStatus.ISSUING
    if previous is DomainStatus.ISSUING and domain.dns_failures < CHECKS_TO_DOUBT:
        return DomainStatus.ISSUING
    return DomainStatus.PENDING_CNAME


def _gone(before: Domain, now: int) -> Transition:
    after = replace(before, cf_status="deleted", cf_checked_at=now)
    message = f"Cloudflare no longer has {before.name}: it was deleted there. Remove the domain here and add it again."
    return _with_status(before, after, DomainStatus.ERROR, DomainError("deleted", message), now)


def _seen(before: Domain, seen: HostnameSeen, now: int) -> Transition:
    host, ssl = hostname_class(seen.status), certificate_class(seen.ssl_status)
    after = replace(
        before,
        cf_id=seen.id,
        cf_status=seen.status,
        cf_ssl_status=seen.ssl_status,
        cf_errors=seen.errors,
        cf_ssl_errors=seen.ssl_errors,
        cf_checked_at=now,
        doubts=before.doubts + 1 if host is HostnameClass.WAITING else 0,
    )
    after, renewed = _with_certificate(after, seen, ssl, now)
    status, error = _judge_status(before, after, host, ssl, now, listed=_lists(seen, after.certificate))
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


def _with_certificate(domain: Domain, seen: HostnameSeen, ssl: CertificateClass, now: int) -> tuple[Domain, bool]:
    """The domain with the certificate that serves now, and whether that is a renewal.

    Certificates listed while a new one is being deployed may be the new one, which does not serve yet: they wait. So do
    those of a domain that never served, whose first order may have been started again just after it was issued.
    """
    served = domain.certificate is not None or ssl is CertificateClass.TIMED_OUT
    in_service = seen.ssl_status in ORDER_OPEN and served
    if not (ssl in (CertificateClass.SERVING, CertificateClass.EXPIRED) or in_service):
        return domain, False
    # A key type that was given up ends its listed days expired; it must not hide the certificate that serves.
    alive = [entry for entry in seen.certificates if entry.expires_at is not None and entry.expires_at > now]
    chosen = certificates.choose(alive or seen.certificates)
    known = domain.certificate
    if chosen is None or not certificates.supersedes(known, chosen):
        return domain, False
    latest = domain.latest_expiry
    renewed = (
        latest is not None
        and chosen.expires_at > latest
        and known is not None
        and (known.serial is None or chosen.serial is None or known.serial != chosen.serial)
    )
    # A later issue starts with nothing told of it, even where it ends before the one that it replaces.
    fresh = certificates.is_newer(known, chosen)
    after = replace(
        domain,
        certificate=chosen,
        latest_expiry=chosen.expires_at if latest is None else max(latest, chosen.expires_at),
        warned_for=None if fresh else domain.warned_for,
        warned_level=0 if fresh else domain.warned_level,
    )
    return after, renewed


def _lists(seen: HostnameSeen, certificate: Certificate | None) -> bool:
    return certificate is not None and any(
        entry.serial == certificate.serial and entry.expires_at == certificate.expires_at for entry in seen.certificates
    )


def _judge_status(
    before: Domain, after: Domain, host: HostnameClass, ssl: CertificateClass, now: int, *, listed: bool
) -> tuple[DomainStatus, DomainError | None]:
    match host:
        case HostnameClass.UNKNOWN | HostnameClass.NEUTRAL:
            return before.status, before.error
        case HostnameClass.BLOCKED | HostnameClass.MOVED | HostnameClass.DELETED:
            return DomainStatus.ERROR, _hostname_error(host, after)
        case HostnameClass.WAITING:
            if before.status is DomainStatus.ACTIVE and after.doubts < CHECKS_TO_DOUBT:
                return before.status, None
            if ssl is CertificateClass.TIMED_OUT:
                return DomainStatus.ERROR, _timed_out(after)
            return _waiting_status(after, before.status), None
        case HostnameClass.SERVING:
            return _serving_status(before, after, ssl, now, listed=listed)
        case _:
            assert_never(host)


def _serving_status(
    before: Domain, after: Domain, ssl: CertificateClass, now: int, *, listed: bool
) -> tuple[DomainStatus, DomainError | None]:
    """The hostname is active at Cloudflare: now the certificate decides.

    While a renewal is in flight ssl.status leaves `active` though the old certificate still serves, so an outage is
    judged by a known certificate's expiry and not by that word. That holds for a domain in service; one that was taken
    out of it may have lost its old certificate, so there Cloudflare must list (`listed`) the one that we know.
    """
    certificate = after.certificate
    unexpired = certificate is not None and certificate.expires_at > now
    # In service with an expiry that Cloudflare never told: it goes on serving until something says otherwise.
    untold = certificate is None and before.status is DomainStatus.ACTIVE
    serves = untold or (unexpired and (listed or before.status is DomainStatus.ACTIVE))
    match ssl:
        case CertificateClass.SERVING:
            if certificate is None or unexpired:
                return DomainStatus.ACTIVE, None
            return DomainStatus.ERROR, _expired(after, now)
        case CertificateClass.GONE:
            message = f"The certificate of {after.name} is {after.cf_ssl_status} at Cloudflare: nothing serves https."
            return DomainStatus.ERROR, DomainError("certificate_gone", message)
        case CertificateClass.UNKNOWN | CertificateClass.NEUTRAL:
            if certificate is not None and not unexpired:
                return DomainStatus.ERROR, _expired(after, now)
            if serves:
                return DomainStatus.ACTIVE, None
            return (DomainStatus.ISSUING, None) if before.status in WAITING else (before.status, before.error)
        case CertificateClass.EXPIRED:
            return (DomainStatus.ACTIVE, None) if unexpired and serves else (DomainStatus.ERROR, _expired(after, now))
        case CertificateClass.TIMED_OUT:
            return (DomainStatus.ACTIVE, None) if serves else (DomainStatus.ERROR, _timed_out(after))
        case CertificateClass.BEFORE_ISSUE | CertificateClass.AFTER_ISSUE:
            if certificate is not None and not unexpired:
                return DomainStatus.ERROR, _expired(after, now)
            return (DomainStatus.ACTIVE if serves else DomainStatus.ISSUING), None
        case _:
            assert_never(ssl)


def _hostname_error(host: HostnameClass, domain: Domain) -> DomainError:
    detail = _said(domain.cf_errors)
    match host:
        case HostnameClass.BLOCKED:
            text = f"Cloudflare blocks {domain.name}. If its zone is on hold, its owner must release the hold."
            return DomainError("blocked", text + detail)
        case HostnameClass.MOVED:
            text = f"{domain.name} does not point to us, so Cloudflare gave it up. Create its CNAME again."
            return DomainError("moved", text + detail)
        case _:
            text = f"Cloudflare deleted {domain.name}. Remove the domain here and add it again."
            return DomainError("deleted", text + detail)


def _timed_out(domain: Domain) -> DomainError:
    stage = (domain.cf_ssl_status or "").removesuffix("timed_out").removesuffix("_") or "validation"
    detail = _said(domain.cf_ssl_errors or domain.cf_errors)
    message = f"The {stage} of {domain.name}'s certificate took too long, and Cloudflare stopped trying.{detail}"
    return DomainError(domain.cf_ssl_status or "timed_out", message)


def _said(errors: tuple[str, ...]) -> str:
    return f" Cloudflare says: {'; '.join(errors)}" if errors else ""


def _expired(domain: Domain, now: int) -> DomainError:
    expires_at = domain.expires_at
    when = f" on {to_rfc3339(expires_at)}" if expires_at is not None and expires_at <= now else ""
    return DomainError("certificate_expired", f"The certificate of {domain.name} expired{when} and none replaced it.")


def _with_status(
    before: Domain, after: Domain, status: DomainStatus, error: DomainError | None, now: int
) -> Transition:
    kept = error if status is DomainStatus.ERROR else None
    domain = replace(after, status=status, error=kept)
    events: tuple[EventDraft, ...] = ()
    if status is DomainStatus.ACTIVE and before.status is not DomainStatus.ACTIVE:
        events = (EventDraft(EventType.DOMAIN_ACTIVE, domain_data(domain), domain.id),)
    elif kept is not None and (before.error is None or before.error.code != kept.code):
        data = {**domain_data(domain), "error": {"code": kept.code, "message": kept.message}}
        events = (EventDraft(EventType.DOMAIN_ERROR, data, domain.id),)
    if domain != replace(before, cf_checked_at=domain.cf_checked_at, doubts=domain.doubts):
        domain = replace(domain, updated_at=now)
    return Transition(domain, events)
