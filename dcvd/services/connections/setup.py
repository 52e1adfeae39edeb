"""Connect by credentials, which are tried at the provider before they are stored."""

import asyncio
from typing import Final

from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import AwsRole, Credentials
from dcvd.core.organizations.quotas import Quota
from dcvd.errors import InvalidInput, Permanent, Retryable, Unauthorized
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.providers.drivers import DriverFactory
from dcvd.providers.route53.roles import verify_role
from dcvd.services.connections import aws_external_ids, creation
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store.engine.transactions import Transaction

_FIELD: Final = "credentials"
_MAX_TRIES_OF_ORGANIZATION: Final = 4
_MAX_TRIES: Final = 32
"""Tries of credentials at once, of one organization and of all."""
_MAX_TRIES_PER_MINUTE: Final = 20
"""Tries of one organization."""
TIMEOUT_S: Final = 20.0
"""Seconds that all calls to the provider together may take."""


class CredentialTrials:
    """Makes connections by credentials, within limits: each try calls a provider, which may take many for an attack."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._limit = AdmissionLimit(
            "work_credentials",
            max_per_caller=_MAX_TRIES_OF_ORGANIZATION,
            max_total=_MAX_TRIES,
            max_per_minute=_MAX_TRIES_PER_MINUTE,
        )

    async def connect(
        self,
        context: Context,
        drivers: DriverFactory,
        org_id: str,
        provider: Provider,
        credentials: Credentials,
        *,
        actor: str,
    ) -> Connection:
        """Make a connection by credentials.

        Raises NotConfigured without a configured key, QuotaReached where there are too many connections already,
        InvalidInput with the code `credentials_refused` where the provider does not accept the credentials, or with the
        provider's own code where they cannot be used, Retryable where the provider could not be asked, TooManyRequests
        or Retryable at a limit.
        """

        def consume_external_id(tx: Transaction) -> None:
            if isinstance(credentials, AwsRole):
                aws_external_ids.consume(tx, org_id, credentials.external_id, context.now())

        with self._limit.admit(org_id):
            _ = context.connection_vault  # raises before any provider is asked
            await context.database.read(
                lambda snapshot: quotas.require_room(context, snapshot, org_id, Quota.CONNECTIONS)
            )
            if isinstance(credentials, AwsRole):
                await aws_external_ids.check_usable(context, org_id, credentials.external_id)
            account = await _try_credentials(context, drivers, org_id, provider, credentials, self._timeout_s)
            return await creation.create(
                context,
                org_id,
                provider,
                credentials,
                account=account,
                scopes=(),
                expires_at=None,
                refresh_at=None,
                actor=actor,
                in_transaction=consume_external_id,
            )


async def _try_credentials(
    context: Context,
    drivers: DriverFactory,
    org_id: str,
    provider: Provider,
    credentials: Credentials,
    timeout_s: float,
) -> str | None:
    """Try credentials at the provider; return what it calls the account."""
    try:
        driver = drivers.create_driver(org_id, provider, credentials)
    except InvalidInput as error:
        field = error.field if error.field.startswith(_FIELD) else f"{_FIELD}.{error.field}"
        raise InvalidInput(field, error.said, code=error.code) from error
    try:
        async with asyncio.timeout(timeout_s):
            if isinstance(credentials, AwsRole):
                await verify_role(
                    drivers.aws_sessions, context.config.providers_route53, credentials, context.random_bytes
                )
            return await driver.check_credentials()
    except Unauthorized as error:
        raise InvalidInput(_FIELD, error.said, code="credentials_refused") from error
    except Permanent as error:
        raise InvalidInput(_FIELD, error.said, code=error.code) from error
    except TimeoutError as error:
        raise Retryable(
            f"{provider.value} has not answered for {timeout_s:g} s, so the credentials could not be checked and "
            "nothing is stored. Try again.",
            code="provider_unavailable",
        ) from error
