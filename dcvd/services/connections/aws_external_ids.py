"""ExternalIds: we make them, and give each to one organization, for one connection by a role at AWS.

If customers chose them, a tenant could name the role and ExternalId of somebody else (the confused deputy, IAM user
guide).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.core.connections import aws_policies
from dcvd.core.connections.aws_policies import IamPolicy
from dcvd.core.dns.hostnames import normalise
from dcvd.core.instants import DAY, to_rfc3339, to_seconds
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput, TooManyRequests
from dcvd.providers.route53.sessions import AwsSessions
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store.connections import aws_external_ids
from dcvd.store.engine.transactions import Transaction

_LIFETIME_MS: Final = 7 * DAY
_MAX_UNUSED: Final = 20
MAX_DOMAINS: Final = 50
_MAX_POLICY_CHARACTERS: Final = 6144
"""Characters of a managed policy without its blanks (IAM user guide, "IAM and AWS STS quotas")."""
_FIELD: Final = "credentials.externalId"


class ExternalId(Struct, frozen=True, kw_only=True):
    """A new ExternalId, and what the customer's role needs; `expires_at` in milliseconds."""

    external_id: str
    expires_at: int
    trust_policy: IamPolicy
    permissions_policy: IamPolicy


async def issue(context: Context, sessions: AwsSessions, org_id: str, domains: Sequence[str]) -> ExternalId:
    """Issue a new ExternalId.

    domains: the hostnames, as a tenant wrote them, whose records the role may write; an empty list allows all.

    Raises NotConfigured without a configured key or an identity of ours at AWS, InvalidInput for the domains,
    TooManyRequests where the organization has many that it has not used, Retryable where AWS could not be asked who we
    are.
    """
    _ = context.connection_vault  # without it no connection could follow
    permissions_policy = _build_permissions_policy(context, domains)
    identity = await sessions.get_identity(context.config.providers_route53)
    now = context.now()
    external_id = aws_policies.new_external_id(context.random_bytes)
    new_external_id = ExternalId(
        external_id=external_id,
        expires_at=now + _LIFETIME_MS,
        trust_policy=aws_policies.trust_policy(identity.arn, external_id),
        permissions_policy=permissions_policy,
    )

    def unit(tx: Transaction) -> ExternalId:
        expiries = aws_external_ids.list_unused_expiries(tx, org_id, now, _MAX_UNUSED)
        if len(expiries) >= _MAX_UNUSED:
            raise TooManyRequests(
                word("external_ids_unused", most=_MAX_UNUSED),
                retry_after_s=to_seconds(expiries[0] - now),
            )
        aws_external_ids.insert(tx, org_id, external_id, created_at=now, expires_at=new_external_id.expires_at)
        after = {"expiresAt": to_rfc3339(new_external_id.expires_at)}
        audit.record(context, tx, org_id, AuditAction.EXTERNAL_ID_CREATED, None, after=after)
        context.remember_result(tx, lambda: new_external_id)
        return new_external_id

    return await context.database.write(unit)


async def check_usable(context: Context, org_id: str, external_id: str) -> None:
    """Check an ExternalId before AWS is asked. Raises InvalidInput as `consume` does."""
    now = context.now()
    if not await context.database.read(lambda snapshot: aws_external_ids.is_usable(snapshot, org_id, external_id, now)):
        raise _unknown_external_id_error()


def consume(tx: Transaction, org_id: str, external_id: str, now: int) -> None:
    """Use up an ExternalId, in the transaction that stores the connection.

    Raises InvalidInput with the code `external_id_unknown` for one that was not given to this organization, or that is
    used or expired.
    """
    if not aws_external_ids.consume(tx, org_id, external_id, now):
        raise _unknown_external_id_error()


def _unknown_external_id_error() -> InvalidInput:
    return InvalidInput(
        _FIELD,
        word("external_id_unknown", field=_FIELD),
        code="external_id_unknown",
    )


def _build_permissions_policy(context: Context, domains: Sequence[str]) -> IamPolicy:
    if len(domains) > MAX_DOMAINS:
        raise InvalidInput("domains", word("role_domains_too_many", count=len(domains), most=MAX_DOMAINS))
    allowed = context.config.domains.allow_reserved_tlds
    hostnames = dict.fromkeys(
        normalise(name, allowed_tlds=allowed, field=f"domains[{index}]") for index, name in enumerate(domains)
    )
    policy = aws_policies.permissions_policy([*hostnames])
    if len(msgspec.json.encode(policy)) > _MAX_POLICY_CHARACTERS:
        raise InvalidInput(
            "domains",
            word("policy_too_long", most=_MAX_POLICY_CHARACTERS),
        )
    return policy
