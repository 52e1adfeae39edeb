"""An endpoint as JSON."""

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.api.http.answers.instants import Instant
from dcvd.api.http.answers.views import build_view
from dcvd.core.events import EventType
from dcvd.core.instants import format_instant
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, HealthState
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.services.webhooks.delivery_history import DeliveryRates


class HealthView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How an endpoint's attempts go. `reason`: why it is disabled; nothing is sent before `pausedUntil`.

    `failedAttempts` counts those since the last success, `failingSince` is when the first of them ended.
    """

    status: HealthState
    reason: DisabledReason | None
    failed_attempts: int
    failing_since: Instant | None
    last_error: str | None
    paused_until: Instant | None


class RatesView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Attempts that delivered and that failed, and the milliseconds within which half and 95 % of all ended."""

    delivered: int
    failed_attempts: int
    p50_ms: int | None
    p95_ms: int | None


class WebhookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint for webhooks. Both secrets are one key, and only in the answer that made it.

    `secret` keys X-DCVaaS-Signature; `signingSecret` is for Standard Webhooks libraries. The values of its own headers
    are secrets as well and never shown. `rates`, of the last hour, day and week, are only in the answer about one
    endpoint.
    """

    id: str
    org_id: str
    url: str
    events: list[EventType]
    enabled: bool
    max_per_second: int | None
    header_names: list[str]
    health: HealthView
    rates: dict[str, RatesView] | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    signing_secret: str | UnsetType = UNSET
    created_at: Instant
    updated_at: Instant


class WebhookAnswer(Struct, frozen=True):
    webhook: WebhookView


class WebhookList(Struct, frozen=True, kw_only=True, rename="camel"):
    webhooks: list[WebhookView]
    next_cursor: str | None


class RotationAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The endpoint with its new secrets; the previous ones sign beside them until `previousExpiresAt`."""

    webhook: WebhookView
    previous_expires_at: Instant


def webhook_view(endpoint: Endpoint, now: int) -> WebhookView:
    """Show an endpoint without any secret; `now` decides whether a pause is over."""
    return build_view(
        WebhookView, endpoint, enabled=endpoint.health.is_enabled, health=_health_view(endpoint.health, now)
    )


def with_secrets(view: WebhookView, secret: Secret) -> WebhookView:
    """Add both forms of its secret, for the one answer that shows them."""
    return replace(view, secret=secret.reveal(), signing_secret=to_standard_secret(secret).reveal())


def with_rates(view: WebhookView, rates: dict[str, DeliveryRates]) -> WebhookView:
    """Add how its attempts went in the last hour, day and week."""
    shown_rates = {
        name: build_view(RatesView, each, delivered=each.delivered_count, failed_attempts=each.failed_count)
        for name, each in rates.items()
    }
    return replace(view, rates=shown_rates)


def _health_view(health: EndpointHealth, now: int) -> HealthView:
    is_paused = health.paused_until is not None and health.paused_until > now
    return build_view(
        HealthView,
        health,
        status=health.state,
        failed_attempts=health.failures,
        paused_until=format_instant(health.paused_until) if is_paused else None,
    )
