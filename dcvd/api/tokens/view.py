"""Tokens as JSON."""

from datetime import UTC, date, datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.callers import Caller
from dcvd.core.instants import DAY, format_instant
from dcvd.core.links import LinkPurpose
from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role, Token
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.tokens.minting import MintedToken
from dcvd.services.tokens.usage import TokenReport
from dcvd.store.engine.paging import Page


class TokenView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A token. `token` is its plain text, which is only in the answer that made it.

    `scopes`, `domains`, `allowedNetworks`: how it is limited; null is no limit.
    `mintedBy`: the id of the token that minted it; null where none did.
    `previousExpiresAt`: until when the secret before its last rotation works; null where none does.
    """

    id: str
    org_id: str
    name: str
    role: Role
    token: str | UnsetType = UNSET
    scopes: list[Scope] | None
    domains: list[str] | None
    read_only: bool
    allowed_networks: list[str] | None
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    last_address: str | None
    minted_by: str | None
    member_id: str | None
    previous_expires_at: Instant | None


class TokenAnswer(Struct, frozen=True):
    token: TokenView


class TokenList(Struct, frozen=True, kw_only=True, rename="camel"):
    tokens: list[TokenView]
    next_cursor: str | None


class RevokedTokens(Struct, frozen=True):
    """How many tokens were revoked."""

    revoked: int


class UsageDayView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The requests of one day (UTC) for one operation, such as `GET /api/domains`, and those that failed (4xx, 5xx)."""

    day: date
    operation: str
    requests: int
    errors: int


class UsageView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The use of a token in the last 90 days, with its sums; the latest day first."""

    requests: int
    errors: int
    last_used_at: Instant | None
    last_address: str | None
    days: list[UsageDayView]


class UsageAnswer(Struct, frozen=True):
    usage: UsageView


class CallerLinkView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The link by which a customer calls. `returnTo`: where their browser goes in the end; null is nowhere."""

    purpose: LinkPurpose
    domain_id: str | None
    return_to: str | None


class CallerView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who calls, and what they may do. `scopes`, `domains`, `allowedNetworks`: their limits; null is no limit.

    `link`: of a customer who came by one; its `role` says nothing then. `expiresAt`: null is without an end.
    """

    kind: Literal["token", "link"]
    id: str
    org_id: str
    role: Role
    scopes: list[Scope] | None
    domains: list[str] | None
    read_only: bool
    allowed_networks: list[str] | None
    expires_at: Instant | None
    link: CallerLinkView | None


class CallerAnswer(Struct, frozen=True):
    caller: CallerView


def token_view(token: Token) -> TokenView:
    """Show a token without its plain text."""
    return build_view(TokenView, token)


def minted_token_answer(minted: MintedToken) -> TokenAnswer:
    """Show a new token, or one with a new secret, with its plain text."""
    return TokenAnswer(build_view(TokenView, minted.token, token=minted.plaintext.reveal()))


def token_list(page: Page[Token]) -> TokenList:
    """Show a page of tokens, without any plain text."""
    return TokenList(tokens=[token_view(token) for token in page.items], next_cursor=page.next_cursor)


def usage_answer(report: TokenReport) -> UsageAnswer:
    """Show how a token was used."""
    counts = report.counts
    return UsageAnswer(
        build_view(
            UsageView,
            report.token,
            requests=sum(count.requests for count in counts),
            errors=sum(count.errors for count in counts),
            days=[build_view(UsageDayView, count, day=_to_date(count.day)) for count in counts],
        )
    )


def caller_answer(caller: Caller, org_id: str) -> CallerAnswer:
    """Show who calls."""
    return CallerAnswer(
        CallerView(
            kind="token" if caller.link is None else "link",
            id=caller.id,
            org_id=org_id,
            role=caller.role,
            scopes=None if caller.scopes is None else [scope for scope in Scope if scope in caller.scopes],
            domains=None if caller.domains is None else list(caller.domains.entries),
            read_only=caller.is_read_only,
            allowed_networks=None if caller.allowed_networks is None else list(caller.allowed_networks),
            expires_at=format_instant(caller.expires_at),
            link=None if caller.link is None else build_view(CallerLinkView, caller.link),
        )
    )


def _to_date(day: int) -> date:
    return datetime.fromtimestamp(day * DAY / 1000, UTC).date()
