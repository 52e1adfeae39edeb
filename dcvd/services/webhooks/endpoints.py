"""Webhook endpoints: created, changed and removed by their tenant."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.durations import format_duration
from dcvd.core.events import EventType
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import SECOND
from dcvd.core.operators import OPERATOR_ORG_ID, is_wanted_organization
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.delivery_settings import validate_schedule, validate_timeout
from dcvd.core.webhooks.endpoint import Endpoint, SigningSecret, UnsealedEndpoint
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, disable
from dcvd.core.webhooks.matching import EventMatch, normalise_match
from dcvd.core.webhooks.ordering import Ordering
from dcvd.core.webhooks.signing import new_secret
from dcvd.core.webhooks.subscriptions import parse_subscription
from dcvd.errors import InvalidInput, NotFound
from dcvd.kit.egress.guard import EgressPolicy, check_url
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.kit.vault.sealing import VaultError
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.names import validate_name
from dcvd.services.organizations import quotas
from dcvd.services.webhooks import client_certificates, endpoint_ordering, event_refusals, static_headers
from dcvd.services.webhooks.client_certificates import NewClientCertificate
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.webhooks import deliveries, delivery_endings, endpoints, signing_secrets

log = structlog.get_logger(__name__)

_MIN_BATCH_SIZE: Final = 20
_BATCH_SIZE: Final = 500
"""The most deliveries that one transaction ends or removes; how many it is follows from how long that takes."""
MAX_ATTEMPTS_PER_SECOND: Final = 1000
DROPPED_WHEN_ENABLED: Final = "Its webhook was enabled again without what it had missed."


class HeldDeliveries(StrEnum):
    """Which of the deliveries held for a disabled endpoint are sent when it is enabled."""

    HELD = "held"
    NONE = "none"


class EndpointChange(Struct, frozen=True, kw_only=True):
    """A change of an endpoint; what is UNSET stays as it is.

    headers: those to set and, with None, those to remove; None alone removes all (RFC 7396). client_certificate: None
    removes it.
    """

    name: str | UnsetType | None = UNSET
    url: str | UnsetType = UNSET
    events: Sequence[str] | UnsetType = UNSET
    max_per_second: int | UnsetType | None = UNSET
    timeout_seconds: int | UnsetType | None = UNSET
    retry_schedule: Sequence[str] | UnsetType | None = UNSET
    headers: Mapping[str, str | None] | UnsetType | None = UNSET
    client_certificate: NewClientCertificate | UnsetType | None = UNSET
    match: EventMatch | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    ordering: Ordering | UnsetType = UNSET
    replay: HeldDeliveries = HeldDeliveries.HELD


async def create(
    context: Context,
    org_id: str,
    *,
    url: str,
    events: Sequence[str],
    name: str | None = None,
    max_per_second: int | None = None,
    timeout_seconds: int | None = None,
    retry_schedule: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
    client_certificate: NewClientCertificate | None = None,
    ordering: Ordering = Ordering.DOMAIN,
    match: EventMatch | None = None,
) -> tuple[Endpoint, Secret]:
    """Create an endpoint with a fresh secret. Raises QuotaReached, InvalidInput naming the member at fault."""
    now = context.now()
    secret = new_secret(context.random_bytes)
    valid_headers = static_headers.validate(headers or {})
    certificate = None if client_certificate is None else client_certificates.validate(context, client_certificate)
    endpoint = Endpoint(
        id=context.new_id(IdPrefix.ENDPOINT),
        org_id=org_id,
        name=_validate_name(name),
        url=_validate_url(context, url),
        events=parse_subscription(events, for_operator=org_id == OPERATOR_ORG_ID),
        max_per_second=_validate_rate(max_per_second),
        timeout_ms=validate_timeout(timeout_seconds),
        retry_schedule=validate_schedule(retry_schedule),
        header_names=tuple(valid_headers),
        client_certificate=None if certificate is None else certificate.shown,
        match=_normalise_match(context, match),
        health=EndpointHealth(),
        ordering=ordering,
        created_at=now,
        updated_at=now,
    )
    secret_id = context.new_id(IdPrefix.SECRET)

    def unit(tx: Transaction) -> tuple[Endpoint, Secret]:
        quotas.require_room(context, tx, org_id, Quota.ENDPOINTS)
        endpoints.insert(tx, endpoint)
        endpoints.set_headers(tx, context.vault, org_id, endpoint.id, valid_headers)
        if certificate is not None:
            client_certificates.store(context, tx, endpoint, certificate)
        signing_secret = SigningSecret(secret=secret, created_at=now, expires_at=None)
        signing_secrets.insert(tx, context.vault, secret_id, org_id, endpoint.id, signing_secret)
        audit.record(context, tx, org_id, AuditAction.ENDPOINT_CREATED, endpoint.id, after=describe_endpoint(endpoint))
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


async def get(context: Context, org_id: str | None, endpoint_id: str) -> Endpoint:
    """Get an endpoint by its id, of an organization or of any. Raises NotFound, also for another organization's."""
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
    """Change what is given; waiting deliveries go to the new address, also where the new `match` excludes their events.

    Raises NotFound, InvalidInput; PreconditionFailed where the endpoint is in another state than `precondition` says;
    Conflict where headers are to be kept that cannot be read.

    Enabling an endpoint resets its health, and sends what was held for it, unless `replay` says that it is not wanted.
    """
    name = UNSET if requested_change.name is UNSET else _validate_name(requested_change.name)
    url = UNSET if requested_change.url is UNSET else _validate_url(context, requested_change.url)
    is_operators = org_id == OPERATOR_ORG_ID
    events = (
        UNSET
        if requested_change.events is UNSET
        else parse_subscription(requested_change.events, for_operator=is_operators)
    )
    rate = UNSET if requested_change.max_per_second is UNSET else _validate_rate(requested_change.max_per_second)
    timeout_seconds = requested_change.timeout_seconds
    timeout_ms = UNSET if timeout_seconds is UNSET else validate_timeout(timeout_seconds)
    delays = requested_change.retry_schedule
    schedule = UNSET if delays is UNSET else validate_schedule(delays)
    certificate = client_certificates.validate_change(context, requested_change.client_certificate)
    match = UNSET if requested_change.match is UNSET else _normalise_match(context, requested_change.match)
    if requested_change.replay is HeldDeliveries.NONE and requested_change.enabled is not True:
        raise InvalidInput("replay", word("replay_none_with_enabled"))
    if requested_change.replay is HeldDeliveries.NONE:
        await _drop_held_deliveries(context, org_id, endpoint_id, precondition, batch_size)

    def is_unordered(tx: Transaction) -> bool:
        return _get_expected(tx, org_id, endpoint_id, precondition).ordering is Ordering.NONE

    if requested_change.ordering is Ordering.DOMAIN:
        await endpoint_ordering.hold_back_later(context, endpoint_id, is_unordered, batch_size=batch_size)

    def unit(tx: Transaction) -> Endpoint:
        stored = _get_expected(tx, org_id, endpoint_id, precondition)
        valid_headers = static_headers.merge(context, tx, stored, requested_change.headers)
        endpoint = replace(
            stored,
            name=stored.name if name is UNSET else name,
            url=stored.url if url is UNSET else url,
            events=stored.events if events is UNSET else events,
            max_per_second=stored.max_per_second if rate is UNSET else rate,
            timeout_ms=stored.timeout_ms if timeout_ms is UNSET else timeout_ms,
            retry_schedule=stored.retry_schedule if schedule is UNSET else schedule,
            match=stored.match if match is UNSET else match,
            header_names=stored.header_names if valid_headers is UNSET else tuple(valid_headers),
            client_certificate=stored.client_certificate if certificate is UNSET else certificate and certificate.shown,
            health=_next_health(stored.health, requested_change.enabled),
            ordering=stored.ordering if requested_change.ordering is UNSET else requested_change.ordering,
            # Later than before also where two changes fall into one millisecond: the entity tag has to differ.
            updated_at=max(context.now(), stored.updated_at + 1),
        )
        if requested_change.replay is HeldDeliveries.NONE and not stored.health.is_enabled:
            # Drops what was held since the last batch; in a moment few deliveries are added.
            _drop_batch(context, tx, endpoint_id, batch_size)
        endpoints.update(tx, endpoint)
        event_refusals.forget(tx, stored, endpoint)
        if valid_headers is not UNSET:
            endpoints.set_headers(tx, context.vault, org_id, endpoint.id, valid_headers)
        if certificate is not UNSET:
            client_certificates.store(context, tx, endpoint, certificate)
        audit.record_difference(
            context,
            tx,
            org_id,
            AuditAction.ENDPOINT_CHANGED,
            endpoint_id,
            describe_endpoint(stored),
            describe_endpoint(endpoint),
        )
        # An endpoint that is enabled again may have deliveries waiting.
        tx.announce(Topic.DELIVERIES, endpoint_id)
        return endpoint

    changed_endpoint = await context.database.write(unit)
    if requested_change.ordering is not UNSET:
        await endpoint_ordering.follow_ordering(context, endpoint_id, batch_size=batch_size)
    if schedule is not UNSET:
        await endpoint_ordering.follow_schedule(context, endpoint_id, batch_size=batch_size)
    return changed_endpoint


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
            audit.record(
                context, tx, org_id, AuditAction.ENDPOINT_REMOVED, endpoint_id, before=describe_endpoint(endpoint)
            )
            return True
        if endpoint.health.is_enabled:
            endpoints.update_health(tx, endpoint_id, disable(endpoint.health, DisabledReason.MANUAL))
        return False

    while not await context.database.write(unit):
        pass


def get_owned(snapshot: Snapshot, org_id: str | None, endpoint_id: str) -> Endpoint:
    """Get an endpoint of an organization, or of any. Raises NotFound, also for another organization's."""
    endpoint = endpoints.get(snapshot, endpoint_id)
    if endpoint is None or not is_wanted_organization(org_id, endpoint.org_id):
        raise NotFound(word("webhook_unknown", endpoint=endpoint_id))
    return endpoint


def _get_expected(snapshot: Snapshot, org_id: str, endpoint_id: str, precondition: Precondition) -> Endpoint:
    """Get an organization's endpoint. Raises NotFound; PreconditionFailed if it is in another state than expected."""
    endpoint = get_owned(snapshot, org_id, endpoint_id)
    precondition.check(endpoint.entity_tag, say("the_webhook", id=endpoint_id))
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
            credentials=client_certificates.unseal(context, snapshot, endpoint),
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
        endpoint = _get_expected(tx, org_id, endpoint_id, precondition)
        if endpoint.health.is_enabled:
            return True
        return batch_sizer.run_step(lambda size: _drop_batch(context, tx, endpoint_id, size) < size)

    while not await context.database.write(unit):
        pass


def _drop_batch(context: Context, tx: Transaction, endpoint_id: str, batch_size: int) -> int:
    ids = deliveries.list_pending_ids(tx, endpoint_id, batch_size)
    delivery_endings.drop(tx, ids, DROPPED_WHEN_ENABLED, context.now())
    return len(ids)


def _next_health(health: EndpointHealth, requested_enabled: bool | UnsetType) -> EndpointHealth:
    if requested_enabled is UNSET or requested_enabled is health.is_enabled:
        return health
    return EndpointHealth() if requested_enabled else disable(health, DisabledReason.MANUAL)


def _validate_url(context: Context, url: str) -> str:
    refusal = check_url(url, build_egress_policy(context))
    if refusal is not None:
        raise InvalidInput("url", refusal, code="bad_url")
    return url


def _validate_name(name: str | None) -> str | None:
    return None if name is None else validate_name(name, subject="webhook")


def _normalise_match(context: Context, match: EventMatch | None) -> EventMatch | None:
    return None if match is None else normalise_match(match, allowed_tlds=context.config.domains.allow_reserved_tlds)


def _validate_rate(rate: int | None) -> int | None:
    if rate is not None and not 1 <= rate <= MAX_ATTEMPTS_PER_SECOND:
        message = (
            f"maxPerSecond is {rate}; give a whole number from 1 to {MAX_ATTEMPTS_PER_SECOND}, or null for no limit."
        )
        raise InvalidInput("maxPerSecond", message)
    return rate


def parse_event_type(field: str, name: str) -> EventType:
    """Return the event type of that name. Raises InvalidInput naming the field."""
    try:
        return EventType(name)
    except ValueError as error:
        message = word("event_type_unknown", field=field, name=repr(name), known=", ".join(EventType))
        raise InvalidInput(field, message, code="unknown_event") from error


def describe_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """Return what an audit shows of an endpoint: of its headers the names alone, because their values are secret."""
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "events": endpoint.events,
        "maxPerSecond": endpoint.max_per_second,
        "timeoutSeconds": endpoint.timeout_ms and endpoint.timeout_ms // SECOND,
        "retrySchedule": endpoint.retry_schedule and [format_duration(delay) for delay in endpoint.retry_schedule],
        "headerNames": endpoint.header_names,
        "clientCertificate": endpoint.client_certificate and endpoint.client_certificate.fingerprint,
        "match": endpoint.match,
        "enabled": endpoint.health.is_enabled,
        "ordering": endpoint.ordering.value,
    }
