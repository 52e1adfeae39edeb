"""Mint tokens."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.audit import AuditAction
from dcvd.core.callers import CallerKind
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import to_rfc3339
from dcvd.core.members import MemberStatus, say_status
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.tokens import token as token_rules
from dcvd.core.tokens.token import Role, Token, say_role
from dcvd.errors import InvalidInput
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.names import validate_name
from dcvd.services.organizations import quotas
from dcvd.services.tokens import expiry
from dcvd.services.tokens.rights import NO_OWN_LIMITS, TokenLimits, check_member_of_token, describe_token, grant
from dcvd.store import members
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.tokens import tokens


class MintedToken(Struct, frozen=True):
    """A new token with its plain text, which is shown once and never stored."""

    token: Token
    plaintext: Secret


async def create(
    context: Context,
    org_id: str,
    *,
    name: str,
    role: Role,
    expires_at: int | UnsetType | None,
    member_id: str | UnsetType | None = UNSET,
    limits: TokenLimits = NO_OWN_LIMITS,
) -> MintedToken:
    """Mint a token for an organization that exists.

    expires_at: None without an end; UNSET for the end of the caller's own rights.
    member_id: the active member whose token it is to be, None for one of the organization itself; UNSET for that of the
    caller's own token, so that nobody keeps by such a token what they lose.

    Raises Forbidden when it could do more than the caller, InvalidInput for a bad name or limit or an expiry that has
    passed, QuotaReached.
    """
    now, caller = context.now(), context.caller
    granted = grant(context, role, limits, expires_at=expires_at)
    check_expiry(granted.expires_at, now)
    owner_id = caller.member_id if member_id is UNSET else member_id
    check_member_of_token(caller, owner_id)
    plaintext = token_rules.mint_token(context.random_bytes)
    token = Token(
        id=context.new_id(IdPrefix.TOKEN),
        org_id=org_id,
        name=validate_name(name, subject="token"),
        role=role,
        created_at=now,
        expires_at=granted.expires_at,
        last_used_at=None,
        scopes=granted.scopes,
        domains=granted.domains,
        read_only=granted.read_only,
        allowed_networks=granted.allowed_networks,
        minted_by=caller.id if caller.kind is CallerKind.TOKEN else None,
        member_id=owner_id,
    )
    token_hash = token_rules.hash_token(plaintext.reveal())

    def unit(tx: Transaction) -> MintedToken:
        if owner_id is not None:
            _check_member(tx, org_id, owner_id, role)
        quotas.require_room(context, tx, org_id, Quota.TOKENS)
        expiry.remove_excess(context, tx, org_id)
        tokens.insert(tx, token, token_hash)
        audit.record(context, tx, org_id, AuditAction.TOKEN_MINTED, token.id, after=describe_token(token))
        minted = MintedToken(token, plaintext)
        context.remember_result(tx, lambda: minted)
        return minted

    return await context.database.write(unit)


def _check_member(snapshot: Snapshot, org_id: str, member_id: str, role: Role) -> None:
    member = members.get(snapshot, member_id)
    if member is None or member.org_id != org_id:
        raise InvalidInput("memberId", word("member_unknown", member=member_id))
    if member.status is not MemberStatus.ACTIVE:
        raise InvalidInput("memberId", word("member_without_tokens", status=say_status(member.status)))
    if not token_rules.has_rank(member.role, role):
        raise InvalidInput("role", word("member_role_exceeded", role=say_role(member.role), wanted=say_role(role)))


def check_expiry(expires_at: int | None, now: int) -> None:
    """Raise InvalidInput for an expiry that has passed."""
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("expiresAt", word("expiry_passed", instant=to_rfc3339(expires_at)))
