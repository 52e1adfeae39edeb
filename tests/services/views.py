"""What the database holds, as tests want to see it."""

import json
from typing import Any

from dcvd.core.jobs import Job
from dcvd.services.context import Context
from dcvd.store import events
from dcvd.store.jobs import jobs


async def bodies(context: Context, org_id: str) -> list[dict[str, Any]]:
    """Every event's body of an organization, in order."""
    found = await context.database.read(lambda snapshot: events.list_of_org(snapshot, org_id, after=0, limit=1000))
    return [json.loads(event.body) for event in found]


async def event_names(context: Context, org_id: str) -> list[str]:
    """Every event's type of an organization, in order."""
    return [body["event"] for body in await bodies(context, org_id)]


async def all_jobs(context: Context, org_id: str) -> list[Job]:
    """An organization's jobs, oldest first."""
    found = await context.database.read(
        lambda snapshot: jobs.list_of_org(snapshot, org_id, state=None, before=None, limit=1000)
    )
    return found[::-1]


async def deliveries_owed(context: Context) -> list[tuple[str, str, str]]:
    """(endpoint, event type, state) of every delivery."""
    return await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT d.endpoint_id, e.type, d.state FROM webhook_endpoints w JOIN deliveries d ON d.endpoint_id = w.id"
            " JOIN events e ON e.id = d.event_id WHERE w.org_id IN (SELECT id FROM organizations) ORDER BY d.id"
        )
    )
