"""Assume customers' roles with our own AWS identity, and keep their temporary keys."""

import asyncio
from typing import Final

import structlog
from msgspec import Struct

from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.connections.credentials import AwsRole
from dcvd.errors import NotConfigured, Permanent, Retryable, Unauthorized
from dcvd.kit.clock import Clock
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.providers.route53 import sts
from dcvd.providers.route53.calls import AwsClient
from dcvd.providers.route53.faults import PERMISSION_MISSING, UNAUTHORIZED
from dcvd.providers.route53.sigv4 import SigningKeys
from dcvd.providers.route53.sts import CallerIdentity, TemporaryKeys

log = structlog.get_logger(__name__)

_MAX_SESSIONS: Final = 1000
_MARGIN_MS: Final = 300_000
"""Milliseconds before their expiry at which keys are used no more: a write may take a minute, and clocks differ."""

_SessionKey = tuple[str, str, str, str]


class _Session(Struct):
    """A role's keys, and the lock under which they are fetched."""

    lock: asyncio.Lock
    temporary_keys: TemporaryKeys | None = None


class AwsSessions:
    """The sessions of all roles, for the whole process.

    A role is assumed once for all callers, and its keys are kept until shortly before they expire. They are kept for
    the ExternalId with which the role was assumed, which belongs to one organization.
    """

    def __init__(self, fetcher: Fetcher, clock: Clock | None = None, *, client: AwsClient | None = None) -> None:
        self.client = client if client is not None else AwsClient(fetcher, clock)
        self._sessions = RecentEntries[_SessionKey, _Session](_MAX_SESSIONS)
        self._identity: tuple[tuple[str, str], CallerIdentity] | None = None

    async def get_identity(self, config: Route53ProviderConfig) -> CallerIdentity:
        """Return our own identity, which customers' roles have to trust.

        Raises NotConfigured if it is not configured, Retryable if AWS cannot be asked or refuses the identity.
        """
        keys = get_own_keys(config)
        identity_key = (config.access_key_id, config.sts_url)
        if self._identity is None or self._identity[0] != identity_key:
            try:
                identity = await sts.get_caller_identity(self.client, config.sts_url, keys)
            except (Unauthorized, Permanent) as error:
                raise _identity_refused_error(error) from error
            self._identity = (identity_key, identity)
        return self._identity[1]

    async def get_keys(self, config: Route53ProviderConfig, role: AwsRole) -> SigningKeys:
        """Return keys of the role that stay valid for some minutes. Raises the same errors as `assume`."""
        session = self._sessions.use(_session_key(config, role), lambda: _Session(lock=asyncio.Lock()))
        async with session.lock:
            if (
                session.temporary_keys is None
                or session.temporary_keys.expires_at - _MARGIN_MS <= self.client.clock.now()
            ):
                session.temporary_keys = await self.assume(config, role, role.external_id)
            return session.temporary_keys.keys

    def forget(self, config: Route53ProviderConfig, role: AwsRole, keys: SigningKeys) -> None:
        """Forget keys that AWS reports as expired; newer keys of the role are kept."""
        session = self._sessions.get(_session_key(config, role))
        if session is not None and session.temporary_keys is not None and session.temporary_keys.keys == keys:
            session.temporary_keys = None

    async def assume(self, config: Route53ProviderConfig, role: AwsRole, external_id: str | None) -> TemporaryKeys:
        """Assume the role now, with the given ExternalId or none.

        The session's name, which the customer finds in CloudTrail, is the ExternalId that they have from us. Raises
        Unauthorized if the role does not trust us, NotConfigured if our own identity is not configured, Retryable if
        AWS cannot be asked or refuses our identity itself.
        """
        try:
            return await sts.assume_role(
                self.client,
                config.sts_url,
                get_own_keys(config),
                role_arn=role.role_arn,
                session_name=role.external_id[:64],
                external_id=external_id,
            )
        except Unauthorized as error:
            raise _identity_refused_error(error) from error
        except Permanent as error:
            if error.code != PERMISSION_MISSING:
                raise
            raise Unauthorized(
                f"AWS does not let dcvd assume {role.role_arn} with its ExternalId: the role is gone, or its trust "
                "policy is not the one that dcvd gave for it. A role that was made a moment ago may need a minute.",
                code=UNAUTHORIZED,
            ) from error


def get_own_keys(config: Route53ProviderConfig) -> SigningKeys:
    """Return the keys of our own identity. Raises NotConfigured."""
    if not config.access_key_id or config.secret_access_key is None:
        raise NotConfigured(
            "Roles at AWS need an AWS identity of dcvd's own: its operator has to set "
            "providers.route53.access_key_id and providers.route53.secret_access_key_file.",
            code="aws_identity_missing",
        )
    return SigningKeys(access_key_id=config.access_key_id, secret_access_key=config.secret_access_key)


def _identity_refused_error(error: Unauthorized | Permanent) -> Retryable:
    """The error for a refusal of our own identity: the operator has to act, and customers' connections stay intact."""
    log.error("route53.identity_refused", error=error.message)
    return Retryable(
        f"AWS refuses dcvd's own identity; its operator has to check providers.route53.access_key_id. {error.message}",
        code="aws_identity_refused",
    )


def _session_key(config: Route53ProviderConfig, role: AwsRole) -> _SessionKey:
    return config.sts_url, config.access_key_id, role.role_arn, role.external_id
