"""Our own AWS identity, and the temporary credentials of the roles that it assumes."""

import asyncio
from collections import OrderedDict
from typing import Final

import structlog
from msgspec import Struct

from dcvd.config.oauth import OauthRoute53
from dcvd.core.connections.credentials import AwsRole
from dcvd.errors import Permanent, Retryable, Unauthorized, Unavailable
from dcvd.kit.clock import Clock
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.route53 import sts
from dcvd.providers.route53.calls import AwsCalls
from dcvd.providers.route53.faults import PERMISSION_MISSING, UNAUTHORIZED
from dcvd.providers.route53.sigv4 import SigningKeys
from dcvd.providers.route53.sts import CallerIdentity, TemporaryKeys

log = structlog.get_logger(__name__)

_MOST: Final = 1000
_MARGIN: Final = 300_000
"""Milliseconds before their end at which keys are given out no more: a write may take a minute, and clocks differ."""

_Who = tuple[str, str, str, str]


class _Session(Struct):
    """A role's keys, and the lock under which they are fetched."""

    lock: asyncio.Lock
    held: TemporaryKeys | None = None


class AwsSessions:
    """One for the whole process: a role is assumed once however many need it, and held until shortly before its end.

    A role is held for the ExternalId that it was assumed with, which is one organization's.
    """

    def __init__(self, fetcher: Fetcher, clock: Clock | None = None, *, calls: AwsCalls | None = None) -> None:
        self.calls = calls if calls is not None else AwsCalls(fetcher, clock)
        self._sessions: OrderedDict[_Who, _Session] = OrderedDict()
        self._identity: tuple[tuple[str, str], CallerIdentity] | None = None

    async def identity(self, config: OauthRoute53) -> CallerIdentity:
        """Whom customers' roles have to trust.

        Raises Unavailable where it is not configured, Retryable where AWS cannot be asked, or refuses it.
        """
        keys = own_keys(config)
        known_as = (config.client_id, config.token_url)
        if self._identity is None or self._identity[0] != known_as:
            try:
                identity = await sts.caller_identity(self.calls, config.token_url, keys)
            except (Unauthorized, Permanent) as error:
                raise _identity_refused(error) from error
            self._identity = (known_as, identity)
        return self._identity[1]

    async def keys(self, config: OauthRoute53, role: AwsRole) -> SigningKeys:
        """Keys of the role that hold for some minutes yet. Raises as `assume`."""
        who = _who(config, role)
        session = self._sessions.pop(who, None) or _Session(lock=asyncio.Lock())
        self._sessions[who] = session
        if len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        async with session.lock:
            if session.held is None or session.held.expires_at - _MARGIN <= self.calls.clock.now():
                session.held = await self.assume(config, role, role.external_id)
            return session.held.keys

    def forget(self, config: OauthRoute53, role: AwsRole, keys: SigningKeys) -> None:
        """AWS says that these are past their end; newer ones are kept."""
        session = self._sessions.get(_who(config, role))
        if session is not None and session.held is not None and session.held.keys == keys:
            session.held = None

    async def assume(self, config: OauthRoute53, role: AwsRole, external_id: str | None) -> TemporaryKeys:
        """Assume the role now, with an ExternalId of the caller's choice or none.

        The session's name, which the customer finds in CloudTrail, is the ExternalId that he has from us. Raises
        Unauthorized where the role does not let us, Unavailable where our identity is not configured, Retryable where
        AWS cannot be asked, or refuses our identity itself.
        """
        try:
            return await sts.assume_role(
                self.calls,
                config.token_url,
                own_keys(config),
                role_arn=role.role_arn,
                session_name=role.external_id[:64],
                external_id=external_id,
            )
        except Unauthorized as error:
            raise _identity_refused(error) from error
        except Permanent as error:
            if error.code != PERMISSION_MISSING:
                raise
            raise Unauthorized(
                f"AWS does not let dcvd assume {role.role_arn} with its ExternalId: the role is gone, or its trust "
                "policy is not the one that dcvd gave for it. A role that was made a moment ago may need a minute.",
                code=UNAUTHORIZED,
            ) from error


def own_keys(config: OauthRoute53) -> SigningKeys:
    """Those of our own identity. Raises Unavailable."""
    if not config.client_id or config.client_secret is None:
        raise Unavailable(
            "Roles at AWS need an AWS identity of dcvd's own: its operator has to set oauth.route53.client_id and "
            "oauth.route53.client_secret_file.",
            code="aws_identity_missing",
        )
    return SigningKeys(access_key_id=config.client_id, secret_access_key=config.client_secret)


def _identity_refused(error: Unauthorized | Permanent) -> Retryable:
    """The operator's fault, not the customer's: his connection is well, and is tried again."""
    log.error("route53.identity_refused", error=error.message)
    return Retryable(
        f"AWS refuses dcvd's own identity; its operator has to look at oauth.route53.client_id. {error.message}",
        code="aws_identity_refused",
    )


def _who(config: OauthRoute53, role: AwsRole) -> _Who:
    return config.token_url, config.client_id, role.role_arn, role.external_id
