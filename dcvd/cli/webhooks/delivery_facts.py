"""One delivery as facts, for eyes."""

from dcvd.api.operators.all.views import OrganizationDeliveryAnswer
from dcvd.cli.options import print_json
from dcvd.cli.terminal.ages import format_instant
from dcvd.cli.terminal.facts import print_facts


def print_delivery(shown: OrganizationDeliveryAnswer) -> None:
    """Print a delivery with where it goes and what it is about."""
    delivery = shown.delivery
    waits_for, domain = delivery.waits_for, " ".join(filter(None, (shown.domain_name, delivery.domain_id)))
    print_facts(
        [
            ("Id", delivery.id),
            ("Organization", delivery.organization.name),
            ("Event", f"{delivery.event.value} {delivery.event_id}"),
            ("Domain", domain),
            ("Webhook", " ".join(filter(None, (delivery.webhook_id, shown.url)))),
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


def print_changed(changed: OrganizationDeliveryAnswer, *, as_json: bool) -> None:
    """Print a delivery that was sent again or given up, as it is now."""
    print_json({"delivery": changed.delivery}) if as_json else print_delivery(changed)
