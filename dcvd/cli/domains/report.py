"""A domain as text for a terminal."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import click

from dcvd.api.domains.finding_view import FindingView
from dcvd.api.domains.record_view import RequiredRecordView
from dcvd.api.domains.view import CertificateView, RegistrationView
from dcvd.api.operators.domain_view import OperatorDomainView
from dcvd.api.webhooks.delivery_view import DeliveryView
from dcvd.cli.operations.domain_answers import DomainReport, JobOutput, TimelineEntryOutput
from dcvd.cli.terminal.ages import InstantStyle, read_clock
from dcvd.cli.terminal.columns import Column, Tone, colour
from dcvd.cli.terminal.lists import format_list
from dcvd.cli.terminal.screen import Screen, find_screen
from dcvd.cli.terminal.tables import format_facts
from dcvd.cli.terminal.text import make_harmless
from dcvd.core.domains.domain import Certificate, Severity
from dcvd.core.domains.renewals import renewal_due_at, renewal_overdue_at, renewal_state
from dcvd.core.instants import from_rfc3339, to_rfc3339
from dcvd.core.numbers import count

TURNS: Final[dict[str, str]] = {
    "tenant": "the organization has to act",
    "cloudflare": "Cloudflare, or the CA, has to act",
    "customer": "the customer has to act",
    "operator": "you, the operator, have to act",
    "nobody": "nobody has to act",
}
_TONES: Final[dict[Severity, Tone]] = {"error": "bad", "warning": "doubtful", "info": "dim"}
_LAST_ENTRIES: Final = 8
_RECORDS: Final[tuple[Column[RequiredRecordView], ...]] = (
    Column(heading="type", cell=lambda each: each.type),
    Column(heading="name", cell=lambda each: each.fqdn),
    Column(heading="value", cell=lambda each: each.value or "(not known yet)"),
    Column(
        heading="found",
        cell=lambda each: "yes" if each.verified else "no",
        tone=lambda each: "good" if each.verified else "bad",
    ),
)


def print_report(report: DomainReport, *, is_wide: bool) -> None:
    """Print all that is known of a domain; `is_wide`: with instants instead of ages, and with all evidence."""
    parts = _format_parts(report, find_screen(), InstantStyle(read_clock(), is_exact=is_wide))
    click.echo("\n\n".join(parts))


def _format_parts(report: DomainReport, screen: Screen, instants: InstantStyle) -> Iterator[str]:
    domain = report.domain
    title = screen.style.emphasize(make_harmless(domain.domain_name))
    yield f"{title}\n{format_facts(_describe(domain, instants), screen.width)}"
    for finding in domain.findings:
        yield _format_finding(finding, screen, instants)
    if domain.required_records:
        notes = [make_harmless(record.note) for record in domain.required_records if record.note is not None]
        # Values are copied whole: where the table does not fit, each record is a block of facts.
        records = format_list(domain.required_records, _RECORDS, screen, now=instants.now, is_wide=True)
        yield "\n".join([_head("Required records", screen), records, *notes])
    yield f"{_head('Cloudflare and checks', screen)}\n{format_facts(_describe_checks(domain, instants), screen.width)}"
    failed = [*map(partial(_describe_job, instants=instants), report.jobs), *map(_describe_delivery, report.deliveries)]
    if failed:
        yield f"{_head('Jobs and deliveries that have not ended well', screen)}\n{format_facts(failed, screen.width)}"
    if report.timeline:
        entries = format_entries(report.timeline[:_LAST_ENTRIES], screen, instants)
        yield f"{_head('What happened last', screen)}\n{entries}"


def describe_status(domain: OperatorDomainView) -> str:
    """Say the status, and whether the domain is ready or stuck."""
    return f"{domain.status.value}, {'ready' if domain.ready else 'not ready'}{', stuck' if domain.stuck else ''}"


def _describe(domain: OperatorDomainView, instants: InstantStyle) -> list[tuple[str, str]]:
    reason = domain.reason
    facts = [
        ("Organization", f"{domain.organization.name} ({domain.organization.id})"),
        ("Id", domain.id),
        ("Status", describe_status(domain)),
        ("Reason", "" if reason is None else f"{reason.code}: {TURNS[reason.actor]}"),
        ("Since", instants.tell(domain.ready_since if reason is None else reason.since)),
        ("Error", "" if domain.error is None else f"{domain.error.code}: {domain.error.message}"),
        ("To do", domain.summary),
        ("External id", domain.external_id or ""),
        ("Labels", ", ".join(f"{key}={value}" for key, value in domain.labels.items())),
    ]
    return [fact for fact in facts if fact[1]]


def _describe_job(job: JobOutput, instants: InstantStyle) -> tuple[str, str]:
    next_attempt = "" if job.next_attempt_at is None else f", next attempt {instants.tell(job.next_attempt_at)}"
    error = "" if job.last_error is None else f": {job.last_error.message}"
    return f"{job.kind} job", f"{job.id} is {job.status}{next_attempt}{error}"


def _describe_delivery(delivery: DeliveryView) -> tuple[str, str]:
    error = delivery.last_error or "no answer"
    return (
        delivery.event.value,
        f"{delivery.id} is {delivery.status.value} after {count(delivery.attempts, 'attempt')}: {error}",
    )


def _describe_registration(registration: RegistrationView, instants: InstantStyle) -> str:
    position = "" if registration.position is None else f", at position {registration.position}"
    expected = "" if registration.expected_at is None else f", expected {instants.tell(registration.expected_at)}"
    return f"{registration.status}{position}{expected}"


def _describe_renewal(view: CertificateView, instants: InstantStyle) -> str:
    issued_at = None if view.issued_at is None else from_rfc3339(view.issued_at)
    certificate = Certificate(issued_at=issued_at, expires_at=from_rfc3339(view.expires_at))
    match renewal_state(certificate, instants.now):
        case "not_due":
            return f"due {instants.tell(to_rfc3339(renewal_due_at(certificate)))}"
        case "due":
            return f"due since {instants.tell(to_rfc3339(renewal_due_at(certificate)))}"
        case "overdue":
            return f"late since {instants.tell(to_rfc3339(renewal_overdue_at(certificate)))}"


def _describe_checks(domain: OperatorDomainView, instants: InstantStyle) -> list[tuple[str, str]]:
    certificate, queue = domain.certificate, domain.registration
    facts = [
        ("Hostname", domain.cf_status or "not registered"),
        ("Certificate", domain.cf_ssl_status or ""),
        ("Errors", "\n".join(domain.errors)),
        ("Registration", "" if queue is None else _describe_registration(queue, instants)),
        ("Issuer", "" if certificate is None else certificate.issuer or ""),
        ("Issued", "" if certificate is None else instants.tell(certificate.issued_at)),
        ("Expires", instants.tell(domain.expires_at)),
        ("Renewal", "" if certificate is None else _describe_renewal(certificate, instants)),
        ("DNS", domain.dns_status.value),
        ("DNS provider", "" if domain.dns_provider is None else domain.dns_provider.name),
        ("DNS checked", instants.tell(domain.dns_checked_at, "not yet")),
        ("Cloudflare checked", instants.tell(domain.cf_checked_at, "not yet")),
        ("Next check", instants.tell(domain.next_sync_at)),
        ("Validation", f"{domain.validation}{', with a wildcard' if domain.wildcard else ''}"),
        ("Proof", domain.ownership.proof.value if domain.ownership.proof is not None else "none"),
        ("Dormant", "" if domain.dormant_since is None else f"since {instants.tell(domain.dormant_since)}"),
        ("Added", instants.tell(domain.created_at)),
    ]
    return [fact for fact in facts if fact[1]]


def _format_finding(finding: FindingView, screen: Screen, instants: InstantStyle) -> str:
    head = colour(screen.style, _TONES[finding.severity], f"{finding.severity.upper()}  {make_harmless(finding.code)}")
    facts = [("What", finding.message), ("To act", TURNS[finding.actor])]
    if finding.since is not None:
        facts.append(("Since", instants.tell(finding.since)))
    if finding.fix is not None:
        fix = finding.fix
        facts.append(("Create", f"{fix.type}  {fix.host}  {fix.value}  (in the zone {fix.zone})"))
    if finding.hurts_at is not None:
        facts.append(("Works until", instants.tell(finding.hurts_at)))
    if instants.is_exact and finding.evidence:
        facts.append(("Found", "\n".join(finding.evidence)))
    facts.append(("Next check", instants.tell(finding.next_check_at)))
    return f"{head}\n{format_facts(facts, screen.width)}"


def format_entries(entries: Sequence[TimelineEntryOutput], screen: Screen, instants: InstantStyle) -> str:
    """Format entries of a timeline, each with when it was and who caused it."""
    return format_facts(
        [
            (
                instants.tell(entry.at),
                entry.sentence
                + (f" ({entry.actor})" if entry.actor is not None else "")
                + ("" if entry.detail is None else f": {entry.detail}"),
            )
            for entry in entries
        ],
        screen.width,
    )


def _head(text: str, screen: Screen) -> str:
    return screen.style.emphasize(text)
