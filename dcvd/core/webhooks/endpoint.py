"""Endpoints: who is told, of what, and with which secrets."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.secret import Secret
from dcvd.core.webhooks.health import EndpointHealth


class Endpoint(Struct, frozen=True, kw_only=True):
    """A tenant's receiver; `events` are the types that it subscribed to.

    `header_names` are those of the static headers that each of its deliveries carries, whose values are secrets.
    """

    id: str
    org_id: str
    url: str
    events: tuple[EventType, ...]
    max_per_second: int | None
    header_names: tuple[str, ...]
    health: EndpointHealth
    created_at: int
    updated_at: int


class SigningSecret(Struct, frozen=True, kw_only=True):
    """A secret of an endpoint; the present one has no end, an earlier one signs until `expires_at`."""

    secret: Secret
    created_at: int
    expires_at: int | None


class UnsealedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint with its secrets opened: what sending needs."""

    endpoint: Endpoint
    secrets: tuple[SigningSecret, ...]
    headers: Mapping[str, Secret]


def select_signing_secrets(secrets: Sequence[SigningSecret], now: int) -> list[Secret]:
    """Those that sign at an instant: the present one, then the earlier ones that have not expired, newest first."""
    if len(secrets) == 1 and secrets[0].expires_at is None:
        # As it is for nearly every attempt.
        return [secrets[0].secret]
    valid = [secret for secret in secrets if secret.expires_at is None or now < secret.expires_at]
    valid.sort(key=lambda secret: (secret.expires_at is None, secret.created_at), reverse=True)
    return [secret.secret for secret in valid]
