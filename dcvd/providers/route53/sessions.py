"""Our own AWS identity, and the temporary credentials of the roles that it assumes."""

import asyncio
from collections import OrderedDict
from typing import Final

import structlog
from msgspec import Struct

from dcvd.config.oauth_sections import OauthRoute53Config
from dcvd.core.connections.credentials import AwsRole
from dcvd.errors import NotConfigured, Permanent, Retryable, Unauthorized
from dcvd.kit.clock import Clock
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.route53 import sts
from dcvd.providers.route53.calls import AwsClient
from dcvd.providers.route53.faults import PERMISSION_MISSING, UNAUTHORIZED
from dcvd.providers.route53.sigv4 import SigningKeys
from dcvd.providers.route53.sts import CallerIdentity, TemporaryKeys

log = structlog.get_logger(__name__)

_MAX_SESSIONS: Final = 1000
_MARGIN_MS: Final = 300_000
"""Milliseconds before their end at which keys are given out no more: a write may take a minute, and clocks differ."""

_SessionKey = tuple[str, str, str, str]


class _Session(Struct):
    """A role's keys, and the lock under which they are fetched."""

    lock: asyncio.Lock
    temporary_keys: TemporaryKeys | None = None


class AwsSessions:
    """One for the whole process: a role is assumed once however many need it, and held until shortly before its end.

    A role is held for the ExternalId that it was assumed with, which is one organization's.
    """

    def __init__(self, fetcher: Fetcher, clock: Clock | None = None, *, client: AwsClient | None = None) -> None:
        self.client = client if client is not None else AwsClient(fetcher, clock)
        self._sessions: OrderedDict[_SessionKey, _Session] = OrderedDict()
        self._identity: tuple[tuple[str, str], CallerIdentity] | None = None

    async def get_identity(self, config: OauthRoute53Config) -> CallerIdentity:
        """Whom customers' roles have to trust.

        Raises Unavailable where it is not configured, Retryable where AWS cannot be asked, or refuses it.
        """
        keys = get_own_keys(config)
        known_as = (config.client_id, config.token_url)
        if self._identity is None or self._identity[0] != known_as:
            try:
                identity = await sts.get_caller_identity(self.client, config.token_url, keys)
            except (Unauthorized, Permanent) as error:
                raise _identity_refused_error(error) from error
            self._identity = (known_as, identity)
        return self._identity[1]

    async def get_keys(self, config: OauthRoute53Config, role: AwsRole) -> SigningKeys:
        """Keys of the role that hold for some minutes yet. Raises as `assume`."""
        who = _session_key(config, role)
        session = self._sessions.pop(who, None) or _Session(lock=asyncio.Lock())
        self._sessions[who] = session
        if len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        async with session.lock:
            if (
                session.temporary_keys is None
                or session.temporary_keys.expires_at - _MARGIN_MS <= self.client.clock.now()
            ):
                session.temporary_keys = await self.assume(config, role, role.external_id)
            return session.temporary_keys.keys

    def forget(self, config: OauthRoute53Config, role: AwsRole, keys: SigningKeys) -> None:
        """AWS says that these are past their end; newer ones are kept."""
        session = self._sessions.get(_session_key(config, role))
        if session is not None and session.temporary_keys is not None and session.temporary_keys.keys == keys:
            session.temporary_keys = None

    async def assume(self, config: OauthRoute53Config, role: AwsRole, external_id: str | None) -> TemporaryKeys:
        """Assume the role now, with an ExternalId of the caller's choice or none.

        The session's name, which the customer finds in CloudTrail, is the ExternalId that he has from us. Raises
        Unauthorized where the role does not let us, Unavailable where our identity is not configured, Retryable where
        AWS cannot be asked, or refuses our identity itself.
        """
        try:
            return await sts.assume_role(
                self.client,
                config.token_url,
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


def get_own_keys(config: OauthRoute53Config) -> SigningKeys:
    """Those of our own identity. Raises Unavailable."""
    if not config.client_id or config.client_secret is None:
        raise NotConfigured(
            "Roles at AWS need an AWS identity of dcvd's own: its operator has to set oauth.route53.client_id and "
            "oauth.route53.client_secret_file.",
            code="aws_identity_missing",
        )
    return SigningKeys(access_key_id=config.client_id, secret_access_key=config.client_secret)


def _identity_refused_error(error: Unauthorized | Permanent) -> Retryable:
    """The operator's fault, not the customer's: his connection is well, and is tried again."""
    log.error("route53.identity_refused", error=error.message)
    return Retryable(
        f"AWS refuses dcvd's own identity; its operator has to look at oauth.route53.client_id. {error.message}",
        code="aws_identity_refused",
    )


def _session_key(config: OauthRoute53Config, role: AwsRole) -> _SessionKey:
    return config.token_url, config.client_id, role.role_arn, role.external_id
