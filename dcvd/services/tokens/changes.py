"""Change a token: its name, its expiry, and its secret."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.instants import DAY, HOUR, format_instant
from dcvd.core.organizations.quotas import Quota
from dcvd.core.sentences.sentence import say
from dcvd.core.tokens import token as token_rules
from dcvd.core.tokens.token import Token
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.names import validate_name
from dcvd.services.organizations import quotas
from dcvd.services.rights_changes import announce_change
from dcvd.services.tokens.minting import MintedToken, check_expiry
from dcvd.services.tokens.rights import check_life, check_takeover, check_visible, describe_token
from dcvd.store import sessions
from dcvd.store.engine.transactions import Transaction
from dcvd.store.tokens import tokens

DEFAULT_GRACE_MS: Final = HOUR
MAX_GRACE_MS: Final = 7 * DAY


class TokenChanges(Struct, frozen=True, kw_only=True):
    """The new values of a token; UNSET leaves the present one. expires_at: None for a token that never expires."""

    name: str | UnsetType = UNSET
    expires_at: int | UnsetType | None = UNSET


async def change(
    context: Context,
    org_id: str,
    token_id: str,
    changes: TokenChanges,
    *,
    precondition: Precondition = ANY_STATE,
) -> Token:
    """Change a token's name or expiry.

    Raises NotFound, Forbidden for a token that may do more than the caller, InvalidInput for a bad name or an expiry
    that has passed; QuotaReached where there is no room for a token that is to live again; PreconditionFailed where the
    token is in another state than `precondition` says.
    """
    name = changes.name if changes.name is UNSET else validate_name(changes.name, subject="token")

    def unit(tx: Transaction) -> Token:
        now = context.now()
        token = check_visible(context.caller, tokens.get(tx, token_id), org_id, token_id)
        check_takeover(context.caller, token)
        precondition.check(token.entity_tag, say("the_token", id=token_id))
        changed = replace(
            token,
            name=token.name if name is UNSET else name,
            expires_at=token.expires_at if changes.expires_at is UNSET else changes.expires_at,
        )
        if changed.expires_at != token.expires_at:
            check_expiry(changed.expires_at, now)
            check_life(context.caller, changed.expires_at)
            if token_rules.is_expired(token.expires_at, now):
                quotas.require_room(context, tx, org_id, Quota.TOKENS)
            # Requests that are under way wait for the expiry that the token had.
            tokens.bump_rights(tx, token_id)
            announce_change(context, tx, token_id)
        tokens.change(tx, token_id, changed.name, changed.expires_at)
        audit.record_difference(
            context,
            tx,
            org_id,
            AuditAction.TOKEN_CHANGED,
            token_id,
            describe_token(token),
            describe_token(changed),
        )
        stored = tokens.get(tx, token_id)
        assert stored is not None, "it was changed in this transaction"
        return stored

    return await context.database.write(unit)


async def rotate(context: Context, org_id: str, token_id: str, *, grace_ms: int = DEFAULT_GRACE_MS) -> MintedToken:
    """Make a new secret for a token, which keeps its id and its rights; the present secret works for `grace_ms` more.

    Where a secret ends at once, requests that are under way end too, but not the one that asks for it: without grace,
    and where the secret before the present one was still in its own. The sessions that began with it end with it.

    Raises NotFound, Forbidden for a token that may do more than the caller.
    """
    plaintext = token_rules.mint_token(context.random_bytes)
    token_hash = token_rules.hash_token(plaintext.reveal())

    def unit(tx: Transaction) -> MintedToken:
        token = check_visible(context.caller, tokens.get(tx, token_id), org_id, token_id)
        check_takeover(context.caller, token)
        now = context.now()
        previous_expires_at = now + grace_ms if grace_ms else None
        tokens.replace_secret(tx, token_id, token_hash, previous_expires_at)
        sessions.follow_rotation(tx, token_id, previous_expires_at)
        if not grace_ms:
            tokens.bump_rights(tx, token_id)
        if not grace_ms or (token.previous_expires_at is not None and token.previous_expires_at > now):
            announce_change(context, tx, token_id)
        after = {"previousExpiresAt": format_instant(previous_expires_at)}
        audit.record(context, tx, org_id, AuditAction.TOKEN_ROTATED, token_id, after=after)
        minted = MintedToken(replace(token, previous_expires_at=previous_expires_at), plaintext)
        context.remember_result(tx, lambda: minted)
        return minted

    return await context.database.write(unit)
