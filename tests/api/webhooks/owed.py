"""Deliveries and their attempts, brought about without a network."""

from typing import Any

from dcvd.core.webhooks.deliveries import DueDelivery, FinishedAttempt
from dcvd.services.context import Context
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.store.webhooks import deliveries
from tests.served_app.client import Client
from tests.served_app.stand_ins import answered

URL = "https://hooks.customer.com/dcvd"


async def added(client: Client, **changes: Any) -> dict[str, Any]:
    """A webhook, with its secrets."""
    answer = await client.post("/api/webhooks", {"url": URL, "events": ["domain.added"], **changes})
    assert answer.status == 201, answer.body
    webhook: dict[str, Any] = answer.json["webhook"]
    return webhook


async def domain(client: Client, name: str = "app.customer.com") -> str:
    """A new domain, which is an event; its id."""
    answer = await client.post("/api/domains", {"domainName": name})
    assert answer.status == 201, answer.body
    found: str = answer.json["domain"]["id"]
    return found


async def tried(context: Context, webhook_id: str, status: int = 500, **changes: Any) -> list[DueDelivery]:
    """One attempt of all that is due to a webhook, answered with a status."""
    due = await context.database.read(
        lambda snapshot: deliveries.list_due(snapshot, webhook_id, context.now(), 250, [])
    )
    made = [
        FinishedAttempt(due_delivery=one, org_id="", endpoint_id=webhook_id, attempt=answered(one, status, **changes))
        for one in due
    ]
    await record_attempts(context, made)
    return due


async def given_up(context: Context, webhook_id: str) -> list[DueDelivery]:
    """Attempts until the schedule of what is due has ended, all at the same instant."""
    schedule = context.config.webhooks.retry_schedule
    due = await tried(context, webhook_id)
    for number in range(1, len(schedule)):
        again = [
            FinishedAttempt(
                due_delivery=one, org_id="", endpoint_id=webhook_id, attempt=answered(one, 500, number=number + 1)
            )
            for one in due
        ]
        await record_attempts(context, again)
    return due


async def listed(client: Client, path: str = "/api/deliveries") -> list[dict[str, Any]]:
    """The deliveries that a list shows."""
    answer = await client.get(path)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["deliveries"]
    return found
