"""Endpoints: the receivers of webhooks, their subscriptions and their secrets."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from dcvd.core.http.client_certificates import ClientCertificate, ClientCredentials
from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.secret import Secret
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.core.webhooks.matching import EventMatch
from dcvd.core.webhooks.ordering import Ordering


class Endpoint(Struct, frozen=True, kw_only=True):
    """A tenant's receiver; `events` is its subscription, as `subscriptions` reads it.

    `header_names` are the names of the static headers that its deliveries carry; their values are secret.
    client_certificate: the one that we show it, if any; its key is secret.
    name: what its tenant calls it; None where it has no name.
    timeout_ms: within how many milliseconds it has to answer; None: as the operator has configured.
    retry_schedule: the delay in milliseconds before each attempt; None: as the operator has configured.
    `match`: what the domain of an event has to be like; None where every event will do.
    `history_starts_at`: deliveries of events before that instant may have been deleted.
    """

    id: str
    org_id: str
    name: str | None = None
    url: str
    events: tuple[str, ...]
    max_per_second: int | None
    timeout_ms: int | None = None
    retry_schedule: tuple[int, ...] | None = None
    header_names: tuple[str, ...]
    client_certificate: ClientCertificate | None = None
    match: EventMatch | None = None
    health: EndpointHealth
    ordering: Ordering = Ordering.DOMAIN
    history_starts_at: int = 0
    created_at: int
    updated_at: int

    @property
    def entity_tag(self) -> str:
        """The tag of what a tenant can change of it. Health and rates may differ under the same tag.

        `updated_at` stands for the values of the headers: it is another one after each change.
        """
        return build_entity_tag(
            self.id,
            self.name,
            self.url,
            self.events,
            self.max_per_second,
            self.timeout_ms,
            self.retry_schedule,
            self.header_names,
            None if self.client_certificate is None else self.client_certificate.fingerprint,
            self.match,
            self.health.is_enabled,
            self.ordering,
            self.updated_at,
        )


class SigningSecret(Struct, frozen=True, kw_only=True):
    """A signing secret of an endpoint; the present one does not expire, an earlier one signs until `expires_at`."""

    secret: Secret
    created_at: int
    expires_at: int | None


class UnsealedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint with its secrets unsealed, as sending needs it."""

    endpoint: Endpoint
    secrets: tuple[SigningSecret, ...]
    headers: Mapping[str, Secret]
    credentials: ClientCredentials | None = None


def select_signing_secrets(secrets: Sequence[SigningSecret], now: int) -> list[Secret]:
    """Return the secrets that sign now: the present one, then the earlier ones that have not expired, newest first."""
    if len(secrets) == 1 and secrets[0].expires_at is None:
        # Nearly every endpoint has one secret, so it is not sorted.
        return [secrets[0].secret]
    valid = [secret for secret in secrets if secret.expires_at is None or now < secret.expires_at]
    valid.sort(key=lambda secret: (secret.expires_at is None, secret.created_at), reverse=True)
    return [secret.secret for secret in valid]
