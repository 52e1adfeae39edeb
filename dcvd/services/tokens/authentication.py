"""Authenticate the bearers of tokens, and go on asking whether they still have the rights with which they began."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.members import MemberStatus, choose_lower
from dcvd.core.organizations.status import OrganizationStatus, build_refusal
from dcvd.core.tokens import token as token_rules
from dcvd.core.tokens.networks import is_address_within
from dcvd.core.tokens.reach import parse_reach
from dcvd.core.tokens.token import Token
from dcvd.errors import Forbidden, Unauthenticated
from dcvd.services.context import Context
from dcvd.store import members
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.tokens import tokens

REFUSAL: Final = (
    "The bearer token is not valid: malformed, unknown, revoked or expired. Ask your operator for a new one."
)
"""One sentence for all: a caller never learns what exactly was wrong."""


async def authenticate(context: Context, presented_token: str, address: str | None = None) -> Token:
    """Return the live token that a text belongs to, with no higher role than that of the member whose it is.

    address: the client's.

    Raises Unauthenticated, which never says what exactly was wrong, and Forbidden where the organization may not use
    the API, or from a network that is not allowed.
    """
    if not token_rules.is_well_formed(presented_token):
        raise Unauthenticated(REFUSAL)
    token_hash = token_rules.hash_token(presented_token)

    def query(snapshot: Snapshot) -> tuple[Token, OrganizationStatus] | None:
        token = tokens.find_by_hash(snapshot, token_hash, context.now())
        limited_token = None if token is None else limit_to_member(snapshot, token)
        if limited_token is None:
            return None
        return limited_token, organizations.read_status(snapshot, limited_token.org_id)

    found = await context.database.read(query)
    if found is None or token_rules.is_expired(found[0].expires_at, context.now()):
        raise Unauthenticated(REFUSAL)
    token, status = found
    if (refusal := build_refusal(status)) is not None:
        raise refusal
    if token.allowed_networks is not None and not is_address_within(address, token.allowed_networks):
        raise Forbidden("This token works from some networks alone, and not from yours.", code="network_not_allowed")
    return token


def limit_to_member(snapshot: Snapshot, token: Token) -> Token | None:
    """Return a token with the role that it has as the token of its member; None where the member may do nothing.

    Whoever changes a member gives their tokens a new version of their rights, so this holds for as long as that does.
    """
    if token.member_id is None:
        return token
    member = members.get(snapshot, token.member_id)
    if member is None or member.status is not MemberStatus.ACTIVE:
        return None
    return replace(token, role=choose_lower(token.role, member.role))


def build_caller(token: Token, request_id: str | None = None, address: str | None = None) -> Caller:
    """Return the caller that the bearer of a token is."""
    return Caller(
        kind=CallerKind.TOKEN,
        role=token.role,
        id=token.id,
        org_id=token.org_id,
        member_id=token.member_id,
        scopes=None if token.scopes is None else frozenset(token.scopes),
        domains=None if token.domains is None else parse_reach(token.domains),
        is_read_only=token.read_only,
        allowed_networks=token.allowed_networks,
        rights_version=token.rights_version,
        request_id=request_id,
        address=address,
    )


def act_as(context: Context, caller: Caller) -> Context:
    """Return a context in which a caller acts.

    The bearer of a token is asked in every transaction whether they still have the rights with which they were
    authenticated. So nothing is stored after the revocation that another transaction stored, however long ago the
    request began; such a unit raises Unauthenticated.
    """
    if caller.kind is not CallerKind.TOKEN:
        return context.for_caller(caller)

    def check(tx: Transaction) -> None:
        if not tokens.has_rights(tx, caller.id, caller.rights_version, context.now()):
            raise Unauthenticated(REFUSAL)

    return context.for_caller(caller, check)
