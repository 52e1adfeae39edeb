"""Endpoints for eyes: the columns of their list, and the facts of one."""

from typing import Final

from dcvd.api.operators.all.views import OrganizationWebhook
from dcvd.api.webhooks.view import RatesView
from dcvd.cli.terminal.ages import format_age, format_instant, read_clock
from dcvd.cli.terminal.columns import Age, Column, Tone
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.organizations import ORGANIZATION_COLUMN
from dcvd.cli.webhooks.advice import word_as_commands
from dcvd.core.webhooks.health import HealthState


def _describe_health(webhook: OrganizationWebhook) -> str:
    health = webhook.health
    if health.reason is not None:
        return f"{health.status.value} ({health.reason.value})"
    return f"{health.status.value}, paused" if health.paused_until is not None else health.status.value


def _judge(webhook: OrganizationWebhook) -> Tone:
    if webhook.health.status is not HealthState.HEALTHY:
        return "bad"
    return "good" if webhook.health.paused_until is None else "doubtful"


WEBHOOK_COLUMNS: Final[tuple[Column[OrganizationWebhook], ...]] = (
    Column(heading="URL", cell=lambda each: each.url.removeprefix("https://"), shortest=20),
    ORGANIZATION_COLUMN,
    Column(heading="name", cell=lambda each: each.name or "", shortest=8, gives_way=2),
    Column(heading="health", cell=_describe_health, tone=_judge),
    Column(heading="failing", cell=lambda each: Age(each.health.failing_since), gives_way=4),
    Column(heading="id", cell=lambda each: each.id, gives_way=6),
    Column(heading="ordering", cell=lambda each: each.ordering.value, gives_way=1),
    Column(heading="events", cell=lambda each: " ".join(each.events), only_wide=True),
    Column(heading="last error", cell=lambda each: each.health.last_error or "", only_wide=True),
    Column(heading="created", cell=lambda each: Age(each.created_at), only_wide=True),
)


def print_webhook(webhook: OrganizationWebhook) -> None:
    """Print an endpoint with its health, and its rates and what it refuses where it has them."""
    health, certificate = webhook.health, webhook.client_certificate
    facts = [
        ("Id", webhook.id),
        ("Organization", webhook.organization.name),
        ("Name", webhook.name or ""),
        ("URL", webhook.url),
        ("Events", " ".join(webhook.events)),
        ("Health", _describe_health(webhook)),
        ("Failing since", _format_since(health.failing_since)),
        ("Failed attempts", str(health.failed_attempts) if health.failed_attempts else ""),
        ("Last error", health.last_error or ""),
        ("Paused until", format_instant(health.paused_until, missing="")),
        ("Ordering", webhook.ordering.value),
        ("Most per second", str(webhook.max_per_second or "")),
        ("Timeout", "" if webhook.timeout_seconds is None else f"{webhook.timeout_seconds} s"),
        ("Retry schedule", " ".join(webhook.retry_schedule or [])),
        ("Headers", " ".join(webhook.header_names)),
        ("Client certificate", "" if certificate is None else f"{certificate.subject}, until {certificate.expires_at}"),
        ("Created", format_instant(webhook.created_at, missing="")),
    ]
    facts += [(f"Last {window}", _format_rates(rates)) for window, rates in (webhook.rates or {}).items()]
    facts += [
        (
            f"Refuses {refusal.event.value}",
            f"{refusal.status_code} at {refusal.attempts} attempts. {word_as_commands(refusal.fix_parts)}",
        )
        for refusal in health.refused_events or []
    ]
    facts += [("Warning", warning.message) for warning in webhook.warnings]
    print_facts(facts)


def _format_since(instant: str | None) -> str:
    if instant is None:
        return ""
    return f"{format_instant(instant, missing='')} ({format_age(instant, read_clock())})"


def _format_rates(rates: RatesView) -> str:
    counts = f"{rates.delivered} delivered, {rates.failed_attempts} failed"
    return counts if rates.p50_ms is None else f"{counts}; half within {rates.p50_ms} ms, 95 % within {rates.p95_ms} ms"
