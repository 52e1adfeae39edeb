"""Webhook endpoints: made, changed, removed by their tenant."""

from collections.abc import Sequence

from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.ids import Prefix
from dcvd.core.signing import new_secret
from dcvd.core.webhooks import Endpoint
from dcvd.errors import InvalidInput, NotFound
from dcvd.kit.egress import EgressPolicy, check_url
from dcvd.services.context import Context
from dcvd.store import endpoints
from dcvd.store.database import Snapshot, Topic, Transaction
from dcvd.store.paging import Page, decode_cursor, page


async def create(context: Context, org_id: str, *, url: str, events: Sequence[str]) -> Endpoint:
    """A new endpoint with a fresh secret. Raises InvalidInput naming `url` or `events`."""
    now = context.now()
    endpoint = Endpoint(
        id=context.new_id(Prefix.ENDPOINT),
        org_id=org_id,
        url=_checked_url(context, url),
        secret=new_secret(context.random_bytes),
        events=_checked_events(events),
        enabled=True,
        created_at=now,
        updated_at=now,
    )

    def unit(tx: Transaction) -> Endpoint:
        endpoints.insert(tx, endpoint)
        return endpoint

    return await context.database.write(unit)


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Endpoint]:
    """Newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: endpoints.of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, endpoint_id: str) -> Endpoint:
    """By id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: _owned(snapshot, org_id, endpoint_id))


async def change(
    context: Context,
    org_id: str,
    endpoint_id: str,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> Endpoint:
    """Change what is given; what waits for the endpoint goes to its new address. Raises NotFound, InvalidInput."""
    new_url = None if url is None else _checked_url(context, url)
    new_events = None if events is None else _checked_events(events)

    def unit(tx: Transaction) -> Endpoint:
        stored = _owned(tx, org_id, endpoint_id)
        endpoint = replace(
            stored,
            url=stored.url if new_url is None else new_url,
            events=stored.events if new_events is None else new_events,
            enabled=stored.enabled if enabled is None else enabled,
            updated_at=context.now(),
        )
        endpoints.update(tx, endpoint)
        # An endpoint that is enabled again may have deliveries waiting.
        tx.announce(Topic.DELIVERIES)
        return endpoint

    return await context.database.write(unit)


async def remove(context: Context, org_id: str, endpoint_id: str) -> None:
    """Gone with all that was owed to it. Raises NotFound."""

    def unit(tx: Transaction) -> None:
        if not endpoints.delete(tx, org_id, endpoint_id):
            raise _missing(endpoint_id)

    await context.database.write(unit)


def egress_policy(context: Context) -> EgressPolicy:
    """Where deliveries may go, as configured."""
    webhooks = context.config.webhooks
    return EgressPolicy(
        allow_http=webhooks.allow_http,
        allow_private=tuple(webhooks.allow_private),
        ports=frozenset({80, 443, *webhooks.ports}),
    )


def _owned(snapshot: Snapshot, org_id: str, endpoint_id: str) -> Endpoint:
    endpoint = endpoints.get(snapshot, org_id, endpoint_id)
    if endpoint is None:
        raise _missing(endpoint_id)
    return endpoint


def _missing(endpoint_id: str) -> NotFound:
    return NotFound(f"There is no webhook {endpoint_id}.")


def _checked_url(context: Context, url: str) -> str:
    refusal = check_url(url, egress_policy(context))
    if refusal is not None:
        raise InvalidInput("url", refusal, code="bad_url")
    return url


def _checked_events(events: Sequence[str]) -> tuple[EventType, ...]:
    if not events:
        known = ", ".join(EventType)
        raise InvalidInput("events", f"events is empty; name at least one of: {known}.", code="no_events")
    wanted: list[EventType] = []
    for index, name in enumerate(events):
        try:
            event = EventType(name)
        except ValueError as error:
            known = ", ".join(EventType)
            message = f"events[{index}] is {name!r}, which is no event; the events are: {known}."
            raise InvalidInput(f"events[{index}]", message, code="unknown_event") from error
        if event not in wanted:
            wanted.append(event)
    return tuple(wanted)
