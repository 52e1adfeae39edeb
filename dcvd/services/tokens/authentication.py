"""Authenticate the bearers of tokens and links, and go on asking whether they still have the rights that they had."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.links import Link, is_link_token
from dcvd.core.members import MemberStatus, choose_lower
from dcvd.core.organizations.status import OrganizationStatus, build_refusal
from dcvd.core.sentences.wording import word
from dcvd.core.tokens import token as token_rules
from dcvd.core.tokens.networks import is_address_within
from dcvd.core.tokens.reach import parse_reach
from dcvd.core.tokens.token import Role, Token
from dcvd.errors import Forbidden, Unauthenticated
from dcvd.services.context import Context
from dcvd.services.links.rules import is_in_force
from dcvd.services.tokens.member_sessions import find_session_role
from dcvd.store import links, members, sessions
from dcvd.store.engine.kept_rows import KeptRows
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.tokens import tokens

REFUSAL: Final = word("token_refused")
"""One sentence for all: a caller never learns what exactly was wrong."""


_MAX_BYTES: Final = 16 * 1024 * 1024
_OVERHEAD_BYTES: Final = 768
_ENTRY_BYTES: Final = 160
"""What a kept caller takes beside what limits their token, and each entry of that beside its text, or less."""
_WHAT_TOKENS_DEPEND_ON: Final = {
    "api_tokens": ("last_used_at", "last_address"),
    "members": (),
    "organizations": ("last_sequence", "forgotten_sequence", "remembered_lines", "remembered_bytes"),
}
"""The tables, each with the columns that change often and do not matter."""


class FoundCaller(Struct, frozen=True, weakref=True):
    """Whom a secret makes a caller, and how their organization is, where they act for one."""

    caller: Caller
    status: OrganizationStatus | None


class KeptCallers:
    """Authenticates the bearers of tokens and links. Whose a token is, is kept until a commit changes that; built once.

    A token has no higher role than its member, if any.
    """

    def __init__(self, context: Context, max_bytes: int = _MAX_BYTES) -> None:
        self._context = context
        self._tokens = KeptRows[FoundCaller](_WHAT_TOKENS_DEPEND_ON, max_size=max_bytes, size_of=_measure)
        context.database.keep(self._tokens)

    async def authenticate(
        self, presented_token: str, address: str | None = None, request_id: str | None = None
    ) -> Caller:
        """Return the caller that the bearer of a token or link is. address: the client's.

        Raises Unauthenticated, which never says what exactly was wrong, and Forbidden where the organization may not
        use the API, or from a network that is not allowed.
        """
        if is_link_token(presented_token):
            link_hash = token_rules.hash_token(presented_token)
            return await admit_found(
                self._context,
                lambda snapshot, now: _find_link_caller(self._context, snapshot, link_hash, now),
                address,
                request_id,
            )
        if not token_rules.is_well_formed(presented_token):
            raise Unauthenticated(REFUSAL)
        token_hash = token_rules.hash_token(presented_token)
        found = self._tokens.find(token_hash) or await self._find_token(token_hash)
        return _admit(found, self._context.now(), address, request_id)

    def find_kept(self, token_hash: str) -> FoundCaller | None:
        """Find whose a token is, where that is kept: the same object for as long as nothing of it has changed."""
        return self._tokens.find(token_hash)

    def admit_kept(self, found: FoundCaller, address: str | None, request_id: str | None) -> Caller:
        """Return the caller that was found. Raises what `authenticate` does."""
        return _admit(found, self._context.now(), address, request_id)

    async def _find_token(self, token_hash: str) -> FoundCaller | None:
        with self._tokens.reading() as reading:
            found = await _read_found(self._context, lambda snapshot, now: find_token_caller(snapshot, token_hash, now))
            # Guesses are not kept: there is no end of them.
            if found is not None:
                reading.keep(token_hash, found)
        return found


def _measure(found: FoundCaller) -> int:
    reach, networks = found.caller.domains, found.caller.allowed_networks or ()
    limits = networks if reach is None else (*networks, *reach.ids, *reach.names, *reach.parents)
    return _OVERHEAD_BYTES + sum(len(entry) + _ENTRY_BYTES for entry in limits)


async def admit_found(
    context: Context,
    find_caller: Callable[[Snapshot, int], Caller | None],
    address: str | None,
    request_id: str | None,
) -> Caller:
    """Return the caller that is found by what was presented, where they may come.

    Raises what `KeptCallers.authenticate` does.
    """
    found = await _read_found(context, find_caller)
    return _admit(found, context.now(), address, request_id)


async def _read_found(context: Context, find_caller: Callable[[Snapshot, int], Caller | None]) -> FoundCaller | None:
    def query(snapshot: Snapshot) -> FoundCaller | None:
        caller = find_caller(snapshot, context.now())
        if caller is None:
            return None
        return FoundCaller(
            caller, None if caller.org_id is None else organizations.read_status(snapshot, caller.org_id)
        )

    return await context.database.read(query)


def _admit(found: FoundCaller | None, now: int, address: str | None, request_id: str | None) -> Caller:
    if found is None or token_rules.is_expired(found.caller.ends_at, now):
        raise Unauthenticated(REFUSAL)
    caller, status = found.caller, found.status
    if status is not None and (refusal := build_refusal(status)) is not None:
        raise refusal
    if caller.allowed_networks is not None and not is_address_within(address, caller.allowed_networks):
        raise Forbidden(word("network_not_allowed"), code="network_not_allowed")
    return replace(caller, request_id=request_id, address=address)


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


def act_as(context: Context, caller: Caller) -> Context:
    """Return a context in which a caller acts.

    The bearer of a token, link or session is asked in every transaction whether they still have the rights with which
    they were authenticated. So nothing is stored after the revocation that another transaction stored, however long ago
    the request began; such a unit raises what the next request would, as far as that is known without the route.
    """
    match caller.kind:
        case CallerKind.TOKEN:
            return context.for_caller(caller, lambda tx: _check_token(context, tx, caller))
        case CallerKind.LINK:
            return context.for_caller(caller, lambda tx: _check_link(context, tx, caller))
        case CallerKind.MEMBER:
            return context.for_caller(caller, lambda tx: _check_member(context, tx, caller))
        case CallerKind.OPERATOR if caller.session_id is not None:
            return context.for_caller(caller, lambda tx: _check_session(context, tx, caller))
        case CallerKind.OPERATOR | CallerKind.DAEMON:
            return context.for_caller(caller)


def build_changed_rights_error() -> Forbidden:
    """Build the error for a request that was ended because its bearer's rights changed, where they still have some."""
    return Forbidden(word("rights_changed"), code="rights_changed")


def _check_token(context: Context, tx: Transaction, caller: Caller) -> None:
    now = context.now()
    _check_session(context, tx, caller)
    if tokens.has_rights(tx, caller.id, caller.rights_version, caller.expires_at, now):
        return
    stored = tokens.get(tx, caller.id)
    token = None if stored is None else limit_to_member(tx, stored)
    # Where the rights are the same, it is the secret that has ended.
    if token is None or token_rules.is_expired(token.expires_at, now) or token.rights_version == caller.rights_version:
        raise Unauthenticated(REFUSAL)
    raise build_refusal(organizations.read_status(tx, token.org_id)) or build_changed_rights_error()


def _check_member(context: Context, tx: Transaction, caller: Caller) -> None:
    """A member's rights have no version: what they hang on is asked again."""
    _check_session(context, tx, caller)
    role = find_session_role(context, tx, caller)
    if role is None or caller.org_id is None:
        raise Unauthenticated(REFUSAL)
    if (refusal := build_refusal(organizations.read_status(tx, caller.org_id))) is not None:
        raise refusal
    if role is not caller.role:
        raise build_changed_rights_error()


def _check_session(context: Context, tx: Transaction, caller: Caller) -> None:
    if caller.session_id is not None and not sessions.is_stored(tx, caller.session_id, context.now()):
        raise Unauthenticated(REFUSAL)


def _check_link(context: Context, tx: Transaction, caller: Caller) -> None:
    """A link's rights have no version: what they hang on is asked again."""
    link = links.get(tx, caller.id)
    if link is None or not is_in_force(context, tx, link, context.now()):
        raise Unauthenticated(REFUSAL)
    if (refusal := build_refusal(organizations.read_status(tx, link.org_id))) is not None:
        raise refusal


def find_token_caller(snapshot: Snapshot, token_hash: str, now: int) -> Caller | None:
    """Find whom the secret with this hash makes a caller; None where it works no more."""
    found = tokens.find_by_hash(snapshot, token_hash) or _find_by_previous_secret(snapshot, token_hash, now)
    token = None if found is None else limit_to_member(snapshot, found)
    return None if token is None else build_caller(token)


def _find_by_previous_secret(snapshot: Snapshot, token_hash: str, now: int) -> Token | None:
    """Find the token whose secret before the last rotation this was, while that still works.

    For its bearer the token ends with that secret: else they would go on by what they make with it in the meantime.
    """
    token = tokens.find_by_previous_hash(snapshot, token_hash, now)
    if token is None:
        return None
    ends = [end for end in (token.expires_at, token.previous_expires_at) if end is not None]
    return replace(token, expires_at=min(ends))


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
        expires_at=token.expires_at,
        rights_version=token.rights_version,
        request_id=request_id,
        address=address,
    )


def _find_link_caller(context: Context, snapshot: Snapshot, token_hash: str, now: int) -> Caller | None:
    link = links.find_by_hash(snapshot, token_hash)
    return None if link is None or not is_in_force(context, snapshot, link, now) else _build_link_caller(link)


def _build_link_caller(link: Link) -> Caller:
    return Caller(
        kind=CallerKind.LINK,
        role=Role.MEMBER,
        id=link.id,
        org_id=link.org_id,
        domains=link.reach,
        link=link,
        expires_at=link.expires_at,
    )
