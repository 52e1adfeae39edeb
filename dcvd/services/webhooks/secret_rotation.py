"""Rotate the secret of an endpoint at its tenant's request; the earlier secrets stay valid for a while."""

from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import DAY, to_rfc3339
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.endpoint import Endpoint, SigningSecret
from dcvd.core.webhooks.signing import new_secret
from dcvd.errors import Conflict
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import signing_secrets

log = structlog.get_logger(__name__)

DEFAULT_GRACE_MS: Final = DAY
MAX_GRACE_MS: Final = 7 * DAY
_MAX_VALID_SECRETS: Final = 10
_BATCH_SIZE: Final = 200


class SecretRotation(Struct, frozen=True, kw_only=True):
    """The new secret, and the instant from which the one before it signs no more, in milliseconds."""

    endpoint: Endpoint
    secret: Secret
    previous_expires_at: int


async def rotate(
    context: Context, org_id: str, endpoint_id: str, *, grace_ms: int = DEFAULT_GRACE_MS
) -> SecretRotation:
    """Make a new secret, which signs from the next attempt on; the present one signs beside it for `grace_ms` ms.

    Raises NotFound, and Conflict when so many are valid at once that their signatures would not fit a header.
    """
    secret = new_secret(context.random_bytes)
    secret_id = context.new_id(IdPrefix.SECRET)

    def unit(tx: Transaction) -> SecretRotation:
        now = context.now()
        endpoint = endpoints.get_owned(tx, org_id, endpoint_id)
        if grace_ms > 0 and signing_secrets.count_valid(tx, endpoint_id, now) >= _MAX_VALID_SECRETS:
            message = word("secrets_too_many", most=_MAX_VALID_SECRETS, endpoint=endpoint_id)
            raise Conflict(message, code="too_many_secrets")
        signing_secrets.expire_current(tx, endpoint_id, now + grace_ms)
        if grace_ms == 0:
            # Somebody who gives no grace has leaked a secret, and wants no earlier one to be valid.
            signing_secrets.expire_earlier(tx, endpoint_id, now)
        signing_secret = SigningSecret(secret=secret, created_at=now, expires_at=None)
        signing_secrets.insert(tx, context.vault, secret_id, org_id, endpoint_id, signing_secret)
        after = {"previousExpiresAt": to_rfc3339(now + grace_ms)}
        audit.record(context, tx, org_id, AuditAction.ENDPOINT_SECRET_ROTATED, endpoint_id, after=after)
        rotation = SecretRotation(endpoint=endpoint, secret=secret, previous_expires_at=now + grace_ms)
        context.remember_result(tx, lambda: rotation)
        return rotation

    rotation = await context.database.write(unit)
    log.info("webhook.secret_rotated", endpoint_id=endpoint_id, org_id=org_id, grace_ms=grace_ms)
    return rotation


async def seal_plaintext_secrets(context: Context) -> None:
    """Seal the secrets that an earlier version stored plain; run at start, and finds nothing from then on."""
    sealed_count = 0
    while True:
        count = await context.database.write(lambda tx: signing_secrets.seal_plaintext(tx, context.vault, _BATCH_SIZE))
        sealed_count += count
        if count < _BATCH_SIZE:
            break
    if sealed_count:
        log.info("webhook.secrets_sealed", secrets=sealed_count)
