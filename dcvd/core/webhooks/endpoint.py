"""Endpoints: the receivers of webhooks, their subscriptions and their secrets."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.secret import Secret
from dcvd.core.webhooks.health import EndpointHealth


class Endpoint(Struct, frozen=True, kw_only=True):
    """A tenant's receiver; `events` are the types that it subscribes to.

    `header_names` are the names of the static headers that its deliveries carry; their values are secret.
    `history_starts_at`: deliveries of events before that instant may have been deleted.
    """

    id: str
    org_id: str
    url: str
    events: tuple[EventType, ...]
    max_per_second: int | None
    header_names: tuple[str, ...]
    health: EndpointHealth
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
            self.url,
            self.events,
            self.max_per_second,
            self.header_names,
            self.health.is_enabled,
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


def select_signing_secrets(secrets: Sequence[SigningSecret], now: int) -> list[Secret]:
    """Return the secrets that sign now: the present one, then the earlier ones that have not expired, newest first."""
    if len(secrets) == 1 and secrets[0].expires_at is None:
        # Nearly every endpoint has one secret, so it is not sorted.
        return [secrets[0].secret]
    valid = [secret for secret in secrets if secret.expires_at is None or now < secret.expires_at]
    valid.sort(key=lambda secret: (secret.expires_at is None, secret.created_at), reverse=True)
    return [secret.secret for secret in valid]
