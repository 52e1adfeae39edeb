"""Lists of deliveries, of an organization's endpoints and of the operator's own: options and columns."""

from typing import Final

import click

from dcvd.api.operators.all.views import OrganizationDelivery
from dcvd.api.webhooks.delivery_view import AttemptView, DeliveryView
from dcvd.cli.operations import Operations, find_organization
from dcvd.cli.options import check_id
from dcvd.cli.sent_values import SentOption
from dcvd.cli.terminal.columns import Age, Column, Tone
from dcvd.cli.terminal.organizations import ORGANIZATION_COLUMN
from dcvd.core.ids import IdPrefix
from dcvd.core.webhooks.deliveries import DeliveryStatus

delivery_argument: Final = click.argument(
    "delivery_id", metavar="DELIVERY", callback=check_id(IdPrefix.DELIVERY, "delivery")
)
webhook_option: Final = click.option(
    "--webhook",
    cls=SentOption,
    sends="webhookId",
    metavar="WEBHOOK",
    help="Only to this endpoint, by its id, its URL or its name.",
)
status_option: Final = click.option(
    "--status", type=click.Choice([status.value for status in DeliveryStatus]), help="Only with this status."
)


async def find_organization_id(operations: Operations, delivery_id: str, organization: str | None) -> str:
    """Find whose a delivery is: by its id alone, or the organization that was given. Raises NotFound."""
    if organization is not None:
        return (await find_organization(operations, organization)).id
    return (await operations.show_delivery(delivery_id)).delivery.organization.id


def _judge(delivery: DeliveryView) -> Tone:
    match delivery.status:
        case DeliveryStatus.DELIVERED:
            return "good"
        case DeliveryStatus.DEAD:
            return "bad"
        case _:
            return "plain"


DELIVERY_COLUMNS: Final[tuple[Column[DeliveryView], ...]] = (
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="event", cell=lambda each: each.event.value, shortest=12),
    Column(heading="status", cell=lambda each: each.status.value, tone=_judge),
    Column(heading="attempts", cell=lambda each: str(each.attempts), gives_way=3),
    Column(heading="next attempt", cell=lambda each: Age(each.next_attempt_at), gives_way=4),
    Column(
        heading="waits for",
        cell=lambda each: "" if each.waits_for is None else each.waits_for.delivery_id,
        gives_way=2,
    ),
    Column(heading="webhook", cell=lambda each: each.webhook_id, gives_way=1),
    Column(heading="domain", cell=lambda each: each.domain_id or "", only_wide=True),
    Column(heading="created", cell=lambda each: Age(each.created_at), only_wide=True),
    Column(heading="last error", cell=lambda each: each.last_error or "", only_wide=True),
)
ORGANIZATION_DELIVERY_COLUMNS: Final[tuple[Column[OrganizationDelivery], ...]] = (
    DELIVERY_COLUMNS[0],
    ORGANIZATION_COLUMN,
    *DELIVERY_COLUMNS[1:],
)
ATTEMPT_COLUMNS: Final[tuple[Column[AttemptView], ...]] = (
    Column(heading="try", cell=lambda each: str(each.number)),
    Column(heading="at", cell=lambda each: Age(each.started_at)),
    Column(
        heading="status",
        cell=lambda each: "none" if each.status_code is None else str(each.status_code),
        tone=lambda each: "good" if each.error_class is None else "bad",
    ),
    Column(heading="ms", cell=lambda each: str(each.timings.total_ms), gives_way=2),
    Column(heading="error", cell=lambda each: each.error or "", shortest=16),
    Column(heading="next", cell=lambda each: each.next, shortest=16, gives_way=1),
    Column(heading="answer", cell=lambda each: each.response, only_wide=True),
)
