"""Webhook endpoints: made, changed, removed by their tenant."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import structlog
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.ids import Prefix
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint, OpenedEndpoint, SigningSecret
from dcvd.core.webhooks.health import DisabledReason, Health, disabled
from dcvd.core.webhooks.signing import new_secret
from dcvd.errors import InvalidInput, NotFound
from dcvd.kit.egress import EgressPolicy, check_headers, check_url
from dcvd.kit.vault.sealing import VaultError
from dcvd.services.context import Context
from dcvd.store.engine.database import Snapshot, Topic, Transaction
from dcvd.store.engine.paging import Page, decode_cursor, page
from dcvd.store.webhooks import deliveries, delivery_history, endpoints, signing_secrets

log = structlog.get_logger(__name__)

_BATCH: Final = 500
"""Deliveries a transaction when many end or go: the writer is never held for long."""
_MOST_HEADERS: Final = 20
_HEADER_BYTES: Final = 4096
_MOST_PER_SECOND: Final = 1000
_OURS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-encoding",
        "content-type",
        "cookie",
        "date",
        "proxy-authorization",
        "user-agent",
    }
)
_OUR_PREFIXES: Final = ("webhook-", "x-dcvaas-")
NOT_WANTED: Final = "Its webhook was enabled again without what it had missed."


class Held(StrEnum):
    """What becomes of the deliveries that were held for a disabled endpoint when it is enabled."""

    HELD = "held"
    NONE = "none"


class Change(Struct, frozen=True, kw_only=True):
    """What is to change of an endpoint; what is UNSET stays as it is."""

    url: str | UnsetType = UNSET
    events: Sequence[str] | UnsetType = UNSET
    max_per_second: int | UnsetType | None = UNSET
    headers: Mapping[str, str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    replay: Held = Held.HELD


async def create(
    context: Context,
    org_id: str,
    *,
    url: str,
    events: Sequence[str],
    max_per_second: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[Endpoint, Secret]:
    """A new endpoint with a fresh secret. Raises InvalidInput naming the member at fault."""
    now = context.now()
    secret = new_secret(context.random_bytes)
    static = _checked_headers(headers or {})
    endpoint = Endpoint(
        id=context.new_id(Prefix.ENDPOINT),
        org_id=org_id,
        url=_checked_url(context, url),
        events=_checked_events(events),
        max_per_second=_checked_rate(max_per_second),
        header_names=tuple(static),
        health=Health(),
        created_at=now,
        updated_at=now,
    )
    secret_id = context.new_id(Prefix.SECRET)

    def unit(tx: Transaction) -> Endpoint:
        endpoints.insert(tx, endpoint)
        endpoints.set_headers(tx, context.vault, org_id, endpoint.id, static)
        signing = SigningSecret(secret=secret, created_at=now, expires_at=None)
        signing_secrets.insert(tx, context.vault, secret_id, org_id, endpoint.id, signing)
        return endpoint

    return await context.database.write(unit), secret


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Endpoint]:
    """Newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: endpoints.of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, endpoint_id: str) -> Endpoint:
    """By id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: owned(snapshot, org_id, endpoint_id))


async def change(context: Context, org_id: str, endpoint_id: str, wanted: Change) -> Endpoint:
    """Change what is given; what waits for the endpoint goes to its new address. Raises NotFound, InvalidInput.

    Enabling starts its health anew, and sends what was held for it, unless `replay` says that it is not wanted.
    """
    url = UNSET if wanted.url is UNSET else _checked_url(context, wanted.url)
    events = UNSET if wanted.events is UNSET else _checked_events(wanted.events)
    rate = UNSET if wanted.max_per_second is UNSET else _checked_rate(wanted.max_per_second)
    static = UNSET if wanted.headers is UNSET else _checked_headers(wanted.headers)
    if wanted.replay is Held.NONE and wanted.enabled is not True:
        raise InvalidInput("replay", 'replay "none" goes with "enabled": true, and with nothing else.')
    if wanted.replay is Held.NONE:
        await _drop_held(context, org_id, endpoint_id)

    def unit(tx: Transaction) -> Endpoint:
        stored = owned(tx, org_id, endpoint_id)
        endpoint = replace(
            stored,
            url=stored.url if url is UNSET else url,
            events=stored.events if events is UNSET else events,
            max_per_second=stored.max_per_second if rate is UNSET else rate,
            header_names=stored.header_names if static is UNSET else tuple(static),
            health=_health(stored.health, wanted.enabled),
            updated_at=context.now(),
        )
        if wanted.replay is Held.NONE and not stored.health.enabled:
            # What was held since the last batch; a disabled endpoint is owed few things in a moment.
            _drop_batch(context, tx, endpoint_id)
        endpoints.update(tx, endpoint)
        if static is not UNSET:
            endpoints.set_headers(tx, context.vault, org_id, endpoint.id, static)
        # An endpoint that is enabled again may have deliveries waiting.
        tx.announce(Topic.DELIVERIES, endpoint_id)
        return endpoint

    return await context.database.write(unit)


async def remove(context: Context, org_id: str, endpoint_id: str) -> None:
    """Gone with all that was owed to it. Raises NotFound.

    A long history goes in batches, for which nothing is sent to the endpoint any more.
    """

    def unit(tx: Transaction) -> bool:
        endpoint = owned(tx, org_id, endpoint_id)
        if delivery_history.delete_of_endpoint(tx, endpoint_id, _BATCH) < _BATCH:
            endpoints.delete(tx, org_id, endpoint_id)
            return True
        if endpoint.health.enabled:
            endpoints.update_health(tx, endpoint_id, disabled(endpoint.health, DisabledReason.MANUAL))
        return False

    while not await context.database.write(unit):
        pass


def owned(snapshot: Snapshot, org_id: str, endpoint_id: str) -> Endpoint:
    """An organization's endpoint. Raises NotFound; another organization's looks the same as none."""
    endpoint = endpoints.get(snapshot, endpoint_id)
    if endpoint is None or endpoint.org_id != org_id:
        raise NotFound(f"There is no webhook {endpoint_id}.")
    return endpoint


def opened(context: Context, snapshot: Snapshot, endpoint_id: str) -> OpenedEndpoint | None:
    """An endpoint with its secrets, of whichever organization.

    None when it was removed, or when its secrets cannot be opened, which is logged: one tenant's damaged row must not
    stop the deliveries of all.
    """
    endpoint = endpoints.get(snapshot, endpoint_id)
    if endpoint is None:
        return None
    try:
        return OpenedEndpoint(
            endpoint=endpoint,
            secrets=tuple(signing_secrets.of_endpoint(snapshot, context.vault, endpoint.org_id, endpoint_id)),
            headers=endpoints.headers(snapshot, context.vault, endpoint.org_id, endpoint_id),
        )
    except VaultError as error:
        log.error("webhook.secrets_unreadable", endpoint_id=endpoint_id, code=error.code, error=error.message)  # noqa: TRY400
        return None


def egress_policy(context: Context) -> EgressPolicy:
    """Where deliveries may go, as configured."""
    webhooks = context.config.webhooks
    return EgressPolicy(
        allow_http=webhooks.allow_http,
        allow_private=tuple(webhooks.allow_private),
        ports=frozenset({80, 443, *webhooks.ports}),
    )


async def _drop_held(context: Context, org_id: str, endpoint_id: str) -> None:
    """End what is held for a disabled endpoint, in batches."""

    def unit(tx: Transaction) -> bool:
        if owned(tx, org_id, endpoint_id).health.enabled:
            return True
        return _drop_batch(context, tx, endpoint_id) < _BATCH

    while not await context.database.write(unit):
        pass


def _drop_batch(context: Context, tx: Transaction, endpoint_id: str) -> int:
    ids = deliveries.pending_ids(tx, endpoint_id, _BATCH)
    now = context.now()
    deliveries.promote(tx, deliveries.drop(tx, ids, NOT_WANTED, now), now)
    return len(ids)


def _health(health: Health, enabled: bool | UnsetType) -> Health:
    if enabled is UNSET or enabled is health.enabled:
        return health
    return Health() if enabled else disabled(health, DisabledReason.MANUAL)


def _checked_url(context: Context, url: str) -> str:
    refusal = check_url(url, egress_policy(context))
    if refusal is not None:
        raise InvalidInput("url", refusal, code="bad_url")
    return url


def _checked_rate(rate: int | None) -> int | None:
    if rate is not None and not 1 <= rate <= _MOST_PER_SECOND:
        message = f"maxPerSecond is {rate}; give a whole number from 1 to {_MOST_PER_SECOND}, or null for no limit."
        raise InvalidInput("maxPerSecond", message)
    return rate


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    checked: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        refusal = check_headers({name: value})
        if refusal is None and (lower in _OURS or lower.startswith(_OUR_PREFIXES)):
            refusal = f"The header {name} is set by dcvd itself and cannot be chosen."
        if refusal is None and lower in checked:
            refusal = f"The header {name} is given twice."
        if refusal is not None:
            raise InvalidInput("headers", refusal, code="bad_header")
        checked[lower] = value
    if len(checked) > _MOST_HEADERS or sum(map(len, (*checked, *checked.values()))) > _HEADER_BYTES:
        message = f"There may be {_MOST_HEADERS} headers of {_HEADER_BYTES} bytes in all."
        raise InvalidInput("headers", message, code="bad_header")
    return dict(headers)


def _checked_events(events: Sequence[str]) -> tuple[EventType, ...]:
    if not events:
        known = ", ".join(EventType)
        raise InvalidInput("events", f"events is empty; name at least one of: {known}.", code="no_events")
    wanted: list[EventType] = []
    for index, name in enumerate(events):
        event = checked_event(f"events[{index}]", name)
        if event not in wanted:
            wanted.append(event)
    return tuple(wanted)


def checked_event(field: str, name: str) -> EventType:
    """The event of that name. Raises InvalidInput naming the field."""
    try:
        return EventType(name)
    except ValueError as error:
        message = f"{field} is {name!r}, which is no event; the events are: {', '.join(EventType)}."
        raise InvalidInput(field, message, code="unknown_event") from error
