"""API tokens: minted, listed, revoked and authenticated."""

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core import tokens as token_rules
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import to_rfc3339
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.tokens import Role, Token
from dcvd.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from dcvd.services.context import Context
from dcvd.services.names import validate_name
from dcvd.services.note_buffer import NoteBuffer
from dcvd.services.organizations import quotas
from dcvd.store import tokens
from dcvd.store.engine.database import Transaction
from dcvd.store.engine.paging import Page, build_page, decode_cursor


class MintedToken(Struct, frozen=True):
    """A new token with its plain text, which is shown once and never stored."""

    token: Token
    plaintext: Secret


async def create(
    context: Context, org_id: str, *, name: str, role: Role, expires_at: int | None, minter_role: Role = Role.OWNER
) -> MintedToken:
    """Mint a token for an organization that exists; an operator mints as an owner.

    Raises Forbidden when `role` is above the minter's, InvalidInput for a bad name or an expiry that has passed, and
    QuotaReached.
    """
    now = context.now()
    if not token_rules.may_grant(minter_role, role):
        raise Forbidden(
            f"A token with the role {minter_role.value} cannot create one with the higher role {role.value}."
        )
    if expires_at is not None and expires_at <= now:
        raise InvalidInput(
            "expiresAt", f"expiresAt is {to_rfc3339(expires_at)}, which has passed; give a later instant."
        )
    plaintext = token_rules.mint_token(context.random_bytes)
    token = Token(
        id=context.new_id(IdPrefix.TOKEN),
        org_id=org_id,
        name=validate_name(name, subject="token"),
        role=role,
        created_at=now,
        expires_at=expires_at,
        last_used_at=None,
    )
    token_hash = token_rules.hash_token(plaintext.reveal())

    def unit(tx: Transaction) -> MintedToken:
        quotas.require_room(context, tx, org_id, Quota.TOKENS)
        tokens.insert(tx, token, token_hash)
        return MintedToken(token, plaintext)

    return await context.database.write(unit)


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Token]:
    """List an organization's tokens, newest first; never with a plain text."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: tokens.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def revoke(context: Context, org_id: str, token_id: str) -> None:
    """Revoke a token, which stops working at once. Raises NotFound."""

    def unit(tx: Transaction) -> None:
        if not tokens.delete(tx, org_id, token_id):
            raise NotFound(f"There is no token {token_id}.")

    await context.database.write(unit)


async def authenticate(context: Context, presented_token: str) -> Token:
    """Return the live token that a text belongs to. Raises Unauthenticated, which never says what exactly was wrong."""
    refusal = "The bearer token is not valid: malformed, unknown, revoked or expired. Ask your operator for a new one."
    if not token_rules.is_well_formed(presented_token):
        raise Unauthenticated(refusal)
    token_hash = token_rules.hash_token(presented_token)
    token = await context.database.read(lambda snapshot: tokens.find_by_hash(snapshot, token_hash))
    if token is None or token_rules.is_expired(token.expires_at, context.now()):
        raise Unauthenticated(refusal)
    return token


class TokenUsage:
    """The uses of tokens that were noted since they were last stored."""

    def __init__(self) -> None:
        self._used_at = NoteBuffer(tokens.touch)

    def record_use(self, token_id: str, now: int) -> None:
        """Note that a token was used."""
        self._used_at.record(token_id, now)

    def read_last_used_at(self, token: Token) -> int | None:
        """When a token was last used, also where that is not stored yet."""
        return self._used_at.get(token.id) or token.last_used_at

    async def list_page(self, context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Token]:
        """List tokens as the function `list_page` does, with the uses that are not stored yet."""
        page = await list_page(context, org_id, cursor=cursor, limit=limit)
        items = [replace(token, last_used_at=self.read_last_used_at(token)) for token in page.items]
        return Page(items, page.next_cursor)

    async def store(self, context: Context) -> None:
        """Store the uses; what cannot be stored is kept for the next call."""
        await self._used_at.store(context)
