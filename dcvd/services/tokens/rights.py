"""What a token may do: nobody gives more than they have, or takes over what may do more than they."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.callers import Caller
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.networks import is_network_within, normalise_networks
from dcvd.core.tokens.reach import parse_reach, validate_entries
from dcvd.core.tokens.scopes import Scope, parse_scopes
from dcvd.core.tokens.token import Role, Token, has_rank, say_role
from dcvd.errors import Forbidden, NotFound
from dcvd.services.context import Context


class TokenLimits(Struct, frozen=True, kw_only=True):
    """How a token is limited within its role; None is no limit, UNSET is as the caller is limited."""

    scopes: Sequence[str] | UnsetType | None = UNSET
    domains: Sequence[str] | UnsetType | None = UNSET
    read_only: bool | UnsetType = UNSET
    allowed_networks: Sequence[str] | UnsetType | None = UNSET


NO_OWN_LIMITS = TokenLimits()


class GrantedLimits(Struct, frozen=True, kw_only=True):
    """The limits of a new token, which lie within those of its minter. expires_at: None without an end."""

    scopes: tuple[Scope, ...] | None
    domains: tuple[str, ...] | None
    read_only: bool
    allowed_networks: tuple[str, ...] | None
    expires_at: int | None


def grant(
    context: Context, role: Role, limits: TokenLimits, *, expires_at: int | UnsetType | None = UNSET
) -> GrantedLimits:
    """Return the limits of a new token. expires_at: None without an end, UNSET is the end of the caller's own rights.

    Raises InvalidInput for what is no limit, Forbidden where the token could do more than the caller.
    """
    caller = context.caller
    granted = GrantedLimits(
        scopes=_choose_scopes(caller, limits.scopes),
        domains=_choose_domains(context, limits.domains),
        read_only=caller.is_read_only if limits.read_only is UNSET else limits.read_only,
        allowed_networks=_choose_networks(caller, limits.allowed_networks),
        expires_at=caller.expires_at if expires_at is UNSET else expires_at,
    )
    excess = _find_excess(caller, role, granted)
    if excess is not None:
        raise Forbidden(word("token_exceeds_minter", excess=excess))
    return granted


def check_visible(caller: Caller, token: Token | None, org_id: str, token_id: str) -> Token:
    """Return a token that the caller may know of. Raises NotFound."""
    if token is None or token.org_id != org_id or not is_visible(caller, token):
        raise NotFound(word("token_unknown", token=token_id))
    return token


def is_visible(caller: Caller, token: Token) -> bool:
    """Whether a caller may know of a token: whoever is limited to some domains sees the tokens for no others."""
    if caller.domains is None or caller.id == token.id:
        return True
    return token.domains is not None and caller.domains.covers_all_of(parse_reach(token.domains))


def check_rank(caller: Caller, token: Token) -> None:
    """Raise Forbidden for a token of a higher role than the caller's."""
    if not has_rank(caller.role, token.role):
        raise Forbidden(
            word("token_of_higher_role", token=token.id, role=say_role(token.role), own=say_role(caller.role))
        )


def check_takeover(caller: Caller, token: Token) -> None:
    """Raise Forbidden for a token that may do more than the caller, who would get its secret or prolong its life.

    Its own bearer may do all that it may; but who has the secret before the last rotation, which ends first, gets no
    other one by it.
    """
    check_rank(caller, token)
    if caller.id == token.id:
        check_life(caller, token.expires_at)
        return
    check_member_of_token(caller, token.member_id)
    limits = GrantedLimits(
        scopes=token.scopes,
        domains=token.domains,
        read_only=token.read_only,
        allowed_networks=token.allowed_networks,
        expires_at=token.expires_at,
    )
    excess = _find_excess(caller, token.role, limits)
    if excess is not None:
        raise Forbidden(word("token_exceeds_taker", token=token.id, excess=excess))


def may_take_over(caller: Caller, token: Token) -> bool:
    """Whether `check_takeover` lets a caller change a token."""
    try:
        check_takeover(caller, token)
    except Forbidden:
        return False
    return True


def check_life(caller: Caller, expires_at: int | None) -> None:
    """Raise Forbidden where a token is, or is to be, in force for longer than the caller. None is without an end."""
    if _is_longer(caller, expires_at):
        raise Forbidden(word("rights_end_before", instant=to_rfc3339(caller.expires_at or 0)))


def check_member_of_token(caller: Caller, member_id: str | None) -> None:
    """Raise Forbidden where a member's token is to get hold of one that does not end with that member.

    Else a member who is suspended or removed would go on by it. Owners may: they could also appoint another owner.
    """
    if caller.member_id is not None and member_id != caller.member_id and caller.role is not Role.OWNER:
        raise Forbidden(word("tokens_of_other_members"))


def _is_longer(caller: Caller, expires_at: int | None) -> bool:
    return caller.expires_at is not None and (expires_at is None or expires_at > caller.expires_at)


def _find_excess(caller: Caller, role: Role, limits: GrantedLimits) -> Sentence | None:
    """Say what limits allow beyond the caller's own; None where nothing."""
    if not has_rank(caller.role, role):
        return say("excess_role", role=say_role(role), own=say_role(caller.role))
    if caller.is_read_only and not limits.read_only:
        return say("excess_writes")
    if caller.scopes is not None and (limits.scopes is None or not caller.scopes.issuperset(limits.scopes)):
        return say("excess_scopes")
    if caller.domains is not None and (
        limits.domains is None or not caller.domains.covers_all_of(parse_reach(limits.domains))
    ):
        return say("excess_domains")
    own_networks = caller.allowed_networks
    if own_networks is not None and (
        limits.allowed_networks is None
        or not all(is_network_within(network, own_networks) for network in limits.allowed_networks)
    ):
        return say("excess_networks")
    if _is_longer(caller, limits.expires_at):
        return say("excess_life")
    return None


def _choose_scopes(caller: Caller, given: Sequence[str] | UnsetType | None) -> tuple[Scope, ...] | None:
    if given is UNSET:
        return None if caller.scopes is None else tuple(scope for scope in Scope if scope in caller.scopes)
    return None if given is None else parse_scopes(given)


def _choose_domains(context: Context, given: Sequence[str] | UnsetType | None) -> tuple[str, ...] | None:
    if given is UNSET:
        reach = context.caller.domains
        return None if reach is None else reach.entries
    allowed_tlds = context.config.domains.allow_reserved_tlds
    return None if given is None else validate_entries(given, allowed_tlds=allowed_tlds)


def _choose_networks(caller: Caller, given: Sequence[str] | UnsetType | None) -> tuple[str, ...] | None:
    if given is UNSET:
        return caller.allowed_networks
    return None if given is None else normalise_networks(given)


def describe_token(token: Token) -> dict[str, Any]:
    """Return what an audit shows of a token, without anything secret."""
    return {
        "name": token.name,
        "role": token.role.value,
        "expiresAt": format_instant(token.expires_at),
        "scopes": token.scopes,
        "domains": token.domains,
        "readOnly": token.read_only,
        "allowedNetworks": token.allowed_networks,
        "memberId": token.member_id,
    }
