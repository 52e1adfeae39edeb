"""Owing events to endpoints: by the very path of production, or many at once by SQL."""

import msgspec

from dcvd.core.events import EventDraft, EventType
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.organizations import organizations
from tests.stored_events import MADE_UP

ADDED = EventType.DOMAIN_ADDED


async def happen(
    context: Context,
    org_id: str,
    times: int = 1,
    *,
    domain_id: str | None = None,
    kind: EventType = ADDED,
    expires_at: int | None = None,
) -> None:
    """Events of an organization, owed to its subscribers."""
    drafts = [EventDraft(kind, {MADE_UP: number}, domain_id, expires_at) for number in range(times)]
    await context.database.write(lambda tx: recording.record(context, tx, org_id, drafts))


async def backlog(context: Context, org_id: str, endpoint_id: str, count: int) -> None:
    """So many deliveries to one endpoint, all due, as if they had been owed for a while."""

    def unit(tx: Transaction) -> None:
        now = context.now() - 60_000
        numbers = msgspec.json.encode(list(organizations.allocate_sequences(tx, org_id, count))).decode()
        identifier = "?1 || printf('%08d', value)"
        tx.execute(
            "INSERT INTO events (id, org_id, sequence, type, body, created_at)"
            f" SELECT 'evt_' || {identifier}, ?3, value, ?4, CAST('{{\"n\":' || value || '}}' AS BLOB), ?5"
            " FROM json_each(?2)",
            (endpoint_id, numbers, org_id, ADDED, now),
        )
        tx.execute(
            "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state, next_attempt_at,"
            f" created_at, updated_at) SELECT 'dlv_' || {identifier}, ?3, ?1, 'evt_' || {identifier}, ?4,"
            " value, 'pending', ?5, ?5, ?5 FROM json_each(?2)",
            (endpoint_id, numbers, org_id, ADDED, now),
        )
        tx.announce(Topic.DELIVERIES, endpoint_id)

    await context.database.write(unit)
