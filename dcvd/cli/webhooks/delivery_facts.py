"""One delivery as facts, for eyes."""

from dcvd.api.operators.all.views import OrganizationDelivery
from dcvd.api.webhooks.delivery_view import DeliveryView
from dcvd.cli.terminal.ages import format_instant
from dcvd.cli.terminal.facts import print_facts


def print_delivery(delivery: DeliveryView, *, url: str = "", domain_name: str | None = None) -> None:
    """Print a delivery; `url`: where it goes, `domain_name`: that of the domain that it is about."""
    waits_for, domain = delivery.waits_for, " ".join(filter(None, (domain_name, delivery.domain_id)))
    print_facts(
        [
            ("Id", delivery.id),
            ("Organization", delivery.organization.name if isinstance(delivery, OrganizationDelivery) else ""),
            ("Event", f"{delivery.event.value} {delivery.event_id}"),
            ("Domain", domain),
            ("Webhook", " ".join(filter(None, (delivery.webhook_id, url)))),
            ("Status", delivery.status.value),
            ("Attempts", str(delivery.attempts)),
            ("Next attempt", format_instant(delivery.next_attempt_at, missing="none")),
            ("Waits for", "" if waits_for is None else f"{waits_for.delivery_id} ({waits_for.event.value})"),
            ("Last error", delivery.last_error or ""),
            ("Request", delivery.request_id or ""),
            ("Created", format_instant(delivery.created_at, missing="")),
            ("Body", delivery.body or ""),
        ]
    )
