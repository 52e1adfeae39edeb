"""Webhook endpoints: created, changed and removed by their tenant."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.events import EventType
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.ids import IdPrefix
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint, SigningSecret, UnsealedEndpoint
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, disable
from dcvd.core.webhooks.signing import new_secret
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.kit.egress.guard import EgressPolicy, check_headers, check_url
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.kit.vault.sealing import VaultError
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.webhooks import deliveries, delivery_endings, endpoints, signing_secrets

log = structlog.get_logger(__name__)

_MIN_BATCH_SIZE: Final = 20
_BATCH_SIZE: Final = 500
"""The most deliveries that one transaction ends or removes; how many it is follows from how long that takes."""
MAX_HEADERS: Final = 20
_MAX_HEADER_BYTES: Final = 4096
MAX_ATTEMPTS_PER_SECOND: Final = 1000
_RESERVED_HEADERS: Final = frozenset(
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
_RESERVED_HEADER_PREFIXES: Final = ("webhook-", "x-dcvaas-")
DROPPED_WHEN_ENABLED: Final = "Its webhook was enabled again without what it had missed."


class HeldDeliveries(StrEnum):
    """Which of the deliveries held for a disabled endpoint are sent when it is enabled."""

    HELD = "held"
    NONE = "none"


class EndpointChange(Struct, frozen=True, kw_only=True):
    """A change of an endpoint; what is UNSET stays as it is.

    headers: those to set and, with None, those to remove; None alone removes all (RFC 7396).
    """

    url: str | UnsetType = UNSET
    events: Sequence[str] | UnsetType = UNSET
    max_per_second: int | UnsetType | None = UNSET
    headers: Mapping[str, str | None] | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    replay: HeldDeliveries = HeldDeliveries.HELD


async def create(
    context: Context,
    org_id: str,
    *,
    url: str,
    events: Sequence[str],
    max_per_second: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[Endpoint, Secret]:
    """Create an endpoint with a fresh secret. Raises QuotaReached, InvalidInput naming the member at fault."""
    now = context.now()
    secret = new_secret(context.random_bytes)
    valid_headers = _validate_headers(headers or {})
    endpoint = Endpoint(
        id=context.new_id(IdPrefix.ENDPOINT),
        org_id=org_id,
        url=_validate_url(context, url),
        events=_parse_event_types(events),
        max_per_second=_validate_rate(max_per_second),
        header_names=tuple(valid_headers),
        health=EndpointHealth(),
        created_at=now,
        updated_at=now,
    )
    secret_id = context.new_id(IdPrefix.SECRET)

    def unit(tx: Transaction) -> tuple[Endpoint, Secret]:
        quotas.require_room(context, tx, org_id, Quota.ENDPOINTS)
        endpoints.insert(tx, endpoint)
        endpoints.set_headers(tx, context.vault, org_id, endpoint.id, valid_headers)
        signing_secret = SigningSecret(secret=secret, created_at=now, expires_at=None)
        signing_secrets.insert(tx, context.vault, secret_id, org_id, endpoint.id, signing_secret)
        audit.record(context, tx, org_id, AuditAction.ENDPOINT_CREATED, endpoint.id, after=_describe(endpoint))
        context.remember_result(tx, lambda: (endpoint, secret))
        return endpoint, secret

    return await context.database.write(unit)


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Endpoint]:
    """List an organization's endpoints, newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: endpoints.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, endpoint_id: str) -> Endpoint:
    """Get an endpoint by its id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: get_owned(snapshot, org_id, endpoint_id))


async def change(
    context: Context,
    org_id: str,
    endpoint_id: str,
    requested_change: EndpointChange,
    *,
    precondition: Precondition = ANY_STATE,
    batch_size: int = _BATCH_SIZE,
) -> Endpoint:
    """Change what is given; waiting deliveries go to the new address.

    Raises NotFound, InvalidInput; PreconditionFailed where the endpoint is in another state than `precondition` says;
    Conflict where headers are to be kept that cannot be read.

    Enabling an endpoint resets its health, and sends what was held for it, unless `replay` says that it is not wanted.
    """
    url = UNSET if requested_change.url is UNSET else _validate_url(context, requested_change.url)
    events = UNSET if requested_change.events is UNSET else _parse_event_types(requested_change.events)
    rate = UNSET if requested_change.max_per_second is UNSET else _validate_rate(requested_change.max_per_second)
    if requested_change.replay is HeldDeliveries.NONE and requested_change.enabled is not True:
        raise InvalidInput("replay", 'replay "none" goes with "enabled": true, and with nothing else.')
    if requested_change.replay is HeldDeliveries.NONE:
        await _drop_held_deliveries(context, org_id, endpoint_id, precondition, batch_size)

    def unit(tx: Transaction) -> Endpoint:
        stored = get_owned(tx, org_id, endpoint_id)
        precondition.check(stored.entity_tag, f"The webhook {endpoint_id}")
        valid_headers = _merge_headers(context, tx, stored, requested_change.headers)
        endpoint = replace(
            stored,
            url=stored.url if url is UNSET else url,
            events=stored.events if events is UNSET else events,
            max_per_second=stored.max_per_second if rate is UNSET else rate,
            header_names=stored.header_names if valid_headers is UNSET else tuple(valid_headers),
            health=_next_health(stored.health, requested_change.enabled),
            # Later than before also where two changes fall into one millisecond: the entity tag has to differ.
            updated_at=max(context.now(), stored.updated_at + 1),
        )
        if requested_change.replay is HeldDeliveries.NONE and not stored.health.is_enabled:
            # Drops what was held since the last batch; in a moment few deliveries are added.
            _drop_batch(context, tx, endpoint_id, batch_size)
        endpoints.update(tx, endpoint)
        if valid_headers is not UNSET:
            endpoints.set_headers(tx, context.vault, org_id, endpoint.id, valid_headers)
        audit.record_difference(
            context, tx, org_id, AuditAction.ENDPOINT_CHANGED, endpoint_id, _describe(stored), _describe(endpoint)
        )
        # An endpoint that is enabled again may have deliveries waiting.
        tx.announce(Topic.DELIVERIES, endpoint_id)
        return endpoint

    return await context.database.write(unit)


async def remove(context: Context, org_id: str, endpoint_id: str, *, batch_size: int = _BATCH_SIZE) -> None:
    """Remove an endpoint with all its deliveries. Raises NotFound.

    A long history is removed in batches; meanwhile nothing is sent to the endpoint any more. Where that is cut off, the
    endpoint is left disabled with the rest of its deliveries, in their order.
    """

    batch_sizer = BatchSizer(min_size=min(_MIN_BATCH_SIZE, batch_size), max_size=batch_size)

    def unit(tx: Transaction) -> bool:
        return batch_sizer.run_step(lambda size: remove_some(tx, size))

    def remove_some(tx: Transaction, size: int) -> bool:
        endpoint = get_owned(tx, org_id, endpoint_id)
        if delivery_endings.delete_of_endpoint(tx, endpoint_id, size, context.now()) < size:
            endpoints.delete(tx, org_id, endpoint_id)
            audit.record(context, tx, org_id, AuditAction.ENDPOINT_REMOVED, endpoint_id, before=_describe(endpoint))
            return True
        if endpoint.health.is_enabled:
            endpoints.update_health(tx, endpoint_id, disable(endpoint.health, DisabledReason.MANUAL))
        return False

    while not await context.database.write(unit):
        pass


def get_owned(snapshot: Snapshot, org_id: str, endpoint_id: str) -> Endpoint:
    """Get an organization's endpoint. Raises NotFound, also for another organization's."""
    endpoint = endpoints.get(snapshot, endpoint_id)
    if endpoint is None or endpoint.org_id != org_id:
        raise NotFound(f"There is no webhook {endpoint_id}.")
    return endpoint


def unseal_endpoint(context: Context, snapshot: Snapshot, endpoint_id: str) -> UnsealedEndpoint | None:
    """Get an endpoint with its secrets, of whichever organization.

    None when it was removed, or when its secrets cannot be opened, which is logged: one tenant's damaged row must not
    stop the deliveries of all.
    """
    endpoint = endpoints.get(snapshot, endpoint_id)
    if endpoint is None:
        return None
    try:
        return UnsealedEndpoint(
            endpoint=endpoint,
            secrets=tuple(signing_secrets.unseal_all(snapshot, context.vault, endpoint.org_id, endpoint_id)),
            headers=endpoints.unseal_headers(snapshot, context.vault, endpoint.org_id, endpoint_id),
        )
    except VaultError as error:
        log.error("webhook.secrets_unreadable", endpoint_id=endpoint_id, code=error.code, error=error.message)  # noqa: TRY400
        return None


def build_egress_policy(context: Context) -> EgressPolicy:
    """Build the policy that says where deliveries may go, as configured."""
    webhook_config = context.config.webhooks
    return EgressPolicy(
        allow_http=webhook_config.allow_http,
        allow_private=tuple(webhook_config.allow_private),
        ports=frozenset({80, 443, *webhook_config.ports}),
        deny=webhook_config.deny,
        nat64_prefix=webhook_config.nat64_prefix,
    )


async def _drop_held_deliveries(
    context: Context, org_id: str, endpoint_id: str, precondition: Precondition, batch_size: int
) -> None:
    """Drop the deliveries held for a disabled endpoint, in batches. Raises PreconditionFailed."""

    batch_sizer = BatchSizer(min_size=min(_MIN_BATCH_SIZE, batch_size), max_size=batch_size)

    def unit(tx: Transaction) -> bool:
        endpoint = get_owned(tx, org_id, endpoint_id)
        precondition.check(endpoint.entity_tag, f"The webhook {endpoint_id}")
        if endpoint.health.is_enabled:
            return True
        return batch_sizer.run_step(lambda size: _drop_batch(context, tx, endpoint_id, size) < size)

    while not await context.database.write(unit):
        pass


def _drop_batch(context: Context, tx: Transaction, endpoint_id: str, batch_size: int) -> int:
    ids = deliveries.list_pending_ids(tx, endpoint_id, batch_size)
    delivery_endings.drop(tx, ids, DROPPED_WHEN_ENABLED, context.now())
    return len(ids)


def _merge_headers(
    context: Context, snapshot: Snapshot, endpoint: Endpoint, change: Mapping[str, str | None] | UnsetType | None
) -> dict[str, str] | UnsetType:
    """Return all headers after a change (RFC 7396), whose names differ in more than case; UNSET where they stay.

    Raises InvalidInput, and Conflict where those to be kept cannot be read.
    """
    if change is UNSET:
        return UNSET
    if change is None:
        return {}
    given = _validate_headers({name: value or "" for name, value in change.items()})
    try:
        stored = endpoints.unseal_headers(snapshot, context.vault, endpoint.org_id, endpoint.id)
    except VaultError as error:
        raise Conflict(
            'The headers of this webhook cannot be read, so none can be kept: send "headers": null, then all of them.',
            code=error.code,
        ) from error
    replaced = {name.lower() for name in given}
    kept = {name: value.reveal() for name, value in stored.items() if name.lower() not in replaced}
    return _validate_headers(kept | {name: value for name, value in change.items() if value is not None})


def _next_health(health: EndpointHealth, requested_enabled: bool | UnsetType) -> EndpointHealth:
    if requested_enabled is UNSET or requested_enabled is health.is_enabled:
        return health
    return EndpointHealth() if requested_enabled else disable(health, DisabledReason.MANUAL)


def _validate_url(context: Context, url: str) -> str:
    refusal = check_url(url, build_egress_policy(context))
    if refusal is not None:
        raise InvalidInput("url", refusal, code="bad_url")
    return url


def _validate_rate(rate: int | None) -> int | None:
    if rate is not None and not 1 <= rate <= MAX_ATTEMPTS_PER_SECOND:
        message = (
            f"maxPerSecond is {rate}; give a whole number from 1 to {MAX_ATTEMPTS_PER_SECOND}, or null for no limit."
        )
        raise InvalidInput("maxPerSecond", message)
    return rate


def _validate_headers(headers: Mapping[str, str]) -> dict[str, str]:
    valid_headers: dict[str, str] = {}
    for name, value in headers.items():
        lower_name = name.lower()
        refusal = check_headers({name: value})
        if refusal is None and (lower_name in _RESERVED_HEADERS or lower_name.startswith(_RESERVED_HEADER_PREFIXES)):
            refusal = f"The header {name} is set by dcvd itself and cannot be chosen."
        if refusal is None and lower_name in valid_headers:
            refusal = f"The header {name} is given twice."
        if refusal is not None:
            raise InvalidInput("headers", refusal, code="bad_header")
        valid_headers[lower_name] = value
    if len(valid_headers) > MAX_HEADERS or sum(map(len, (*valid_headers, *valid_headers.values()))) > _MAX_HEADER_BYTES:
        message = f"There may be {MAX_HEADERS} headers of {_MAX_HEADER_BYTES} bytes in all."
        raise InvalidInput("headers", message, code="bad_header")
    return dict(headers)


def _parse_event_types(events: Sequence[str]) -> tuple[EventType, ...]:
    if not events:
        known_types = ", ".join(EventType)
        raise InvalidInput("events", f"events is empty; name at least one of: {known_types}.", code="no_events")
    event_types: list[EventType] = []
    for index, name in enumerate(events):
        event_type = parse_event_type(f"events[{index}]", name)
        if event_type not in event_types:
            event_types.append(event_type)
    return tuple(event_types)


def parse_event_type(field: str, name: str) -> EventType:
    """Return the event type of that name. Raises InvalidInput naming the field."""
    try:
        return EventType(name)
    except ValueError as error:
        message = f"{field} is {name!r}, which is no event; the events are: {', '.join(EventType)}."
        raise InvalidInput(field, message, code="unknown_event") from error


def _describe(endpoint: Endpoint) -> dict[str, Any]:
    """Return what an audit shows of an endpoint: of its headers the names alone, because their values are secret."""
    return {
        "url": endpoint.url,
        "events": [event.value for event in endpoint.events],
        "maxPerSecond": endpoint.max_per_second,
        "headerNames": endpoint.header_names,
        "enabled": endpoint.health.is_enabled,
    }
