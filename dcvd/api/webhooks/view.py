"""An endpoint as JSON."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from dcvd.api.webhooks.advice_view import AdvicePartView, advice_view
from dcvd.api.webhooks.match import MATCH_MEANING, WebhookMatchView, match_view
from dcvd.core.durations import format_duration
from dcvd.core.events import EventType
from dcvd.core.instants import SECOND, format_instant, to_rfc3339
from dcvd.core.secret import Secret
from dcvd.core.sentences.rendering import render
from dcvd.core.webhooks import endpoint_warnings
from dcvd.core.webhooks.advice import word_advice, word_as_call
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.endpoint_warnings import EndpointWarningCode
from dcvd.core.webhooks.event_refusals import EventRefusal, RefusingAnswer, advise_on_refusal
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, HealthState
from dcvd.core.webhooks.ordering import Ordering
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.webhooks.delivery_history import DeliveryRates

NAME_MEANING: Final = Meta(description="What you call it; null where it has no name.")
TIMEOUT_MEANING: Final = Meta(
    description="Within how many seconds it has to answer an attempt completely; null: as the operator has set."
)

SCHEDULE_MEANING: Final = Meta(
    description="The delay before each attempt, such as `30s`, `10m` or `4h`; null: as the operator has set."
)


class RefusedEventView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A type of event that an endpoint refuses for good: it gave the same answer with 400 or 422 at least three times.

    `answer` is the beginning of that answer's body. `fix` says what to do, and `fixParts` are the texts and the calls
    that it is made of.
    """

    event: EventType
    status_code: int
    attempts: int
    since: Instant
    answer: str
    delivery_id: str
    fix: str
    fix_parts: list[AdvicePartView]


class EndpointWarning(Struct, frozen=True):
    """A warning: a stable code, the member that it is about, and a sentence that says what to do."""

    code: EndpointWarningCode
    field: str
    message: str


class HealthView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How an endpoint's attempts go. `reason`: why it is disabled; nothing is sent before `pausedUntil`.

    `failedAttempts` counts those since the last success, `failingSince` is when the first of them ended. Refusals of a
    type do not count while others are delivered. `refusedEvents` names such types, only in the answer about one
    endpoint.
    """

    status: HealthState
    reason: DisabledReason | None
    failed_attempts: int
    failing_since: Instant | None
    last_error: str | None
    paused_until: Instant | None
    refused_events: list[RefusedEventView] | UnsetType = UNSET


class RatesView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Attempts that delivered and that failed, and the milliseconds within which half and 95 % of all ended."""

    delivered: int
    failed_attempts: int
    p50_ms: int | None
    p95_ms: int | None


class ClientCertificateView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The certificate that is shown to an endpoint that asks for one; `fingerprint` is SHA-256, in hex."""

    subject: str
    issuer: str
    expires_at: Instant
    fingerprint: str


class WebhookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint for webhooks. Both secrets are one key, and only in the answer that made it.

    `secret` keys X-DCVaaS-Signature; `signingSecret` is for Standard Webhooks libraries. The values of its own headers
    are secrets as well and never shown. `rates`, of the last hour, day and week, are only in the answer about one
    endpoint.
    """

    id: str
    org_id: str
    name: Annotated[str | None, NAME_MEANING]
    url: str
    events: list[str]
    enabled: bool
    max_per_second: int | None
    timeout_seconds: Annotated[int | None, TIMEOUT_MEANING]
    retry_schedule: Annotated[list[str] | None, SCHEDULE_MEANING]
    header_names: list[str]
    client_certificate: ClientCertificateView | None
    ordering: Ordering
    warnings: list[EndpointWarning]
    match: Annotated[WebhookMatchView | None, MATCH_MEANING]
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
    certificate, schedule = endpoint.client_certificate, endpoint.retry_schedule
    return build_view(
        WebhookView,
        endpoint,
        enabled=endpoint.health.is_enabled,
        warnings=[_warning_view(warning) for warning in endpoint_warnings.find_warnings(endpoint)],
        client_certificate=None if certificate is None else build_view(ClientCertificateView, certificate),
        timeout_seconds=None if endpoint.timeout_ms is None else endpoint.timeout_ms // SECOND,
        retry_schedule=schedule and [format_duration(delay_ms) for delay_ms in schedule],
        match=match_view(endpoint.match),
        health=_health_view(endpoint.health, now),
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


def with_refusals(view: WebhookView, refusals: Sequence[EventRefusal]) -> WebhookView:
    """Add the types of events that it refuses for good."""
    shown_refusals = [
        _refusal_view(refusal.event_type, answer)
        for refusal in refusals
        if (answer := refusal.lasting_answer) is not None
    ]
    return replace(view, health=replace(view.health, refused_events=shown_refusals))


def _warning_view(warning: endpoint_warnings.EndpointWarning) -> EndpointWarning:
    return EndpointWarning(code=warning.code, field=warning.field, message=render((warning.sentence,)))


def _refusal_view(event_type: EventType, answer: RefusingAnswer) -> RefusedEventView:
    advice = advise_on_refusal(event_type, answer)
    return build_view(
        RefusedEventView,
        answer,
        event=event_type,
        since=to_rfc3339(answer.first_at),
        answer=answer.excerpt,
        fix=word_advice(advice, word_as_call),
        fix_parts=advice_view(advice),
    )


def _health_view(health: EndpointHealth, now: int) -> HealthView:
    is_paused = health.paused_until is not None and health.paused_until > now
    return build_view(
        HealthView,
        health,
        status=health.state,
        failed_attempts=health.failures,
        paused_until=format_instant(health.paused_until) if is_paused else None,
    )
