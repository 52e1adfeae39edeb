"""Issue customers' bearer tokens, and keep which zones each one sees and what it may do there."""

import hashlib
import secrets
from collections.abc import Callable, Collection
from typing import Final, Literal

import msgspec

from dcvd.sandbox.customers.model import CustomerZone

Permission = Literal["zone.read", "dns.read", "dns.write"]
"""The permissions, named like the scopes of Cloudflare's OAuth. `dns.write` includes `dns.read`."""

_PREFIX: Final = "sandbox_"


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token permits.

    zones: their ids. account: a customer's account, all of whose zones the token sees too. is_verifiable: whether
    `/user/tokens/verify` knows it; that call knows only API tokens. expires_at: milliseconds, None for never.
    """

    id: str
    permissions: frozenset[Permission]
    zones: frozenset[str] = frozenset()
    account: str | None = None
    is_verifiable: bool = True
    expires_at: int | None = None

    def has_permission(self, permission: Permission) -> bool:
        permissions = self.permissions
        return permission in permissions or (permission == "dns.read" and "dns.write" in permissions)

    def may_see(self, zone: CustomerZone) -> bool:
        return zone.id in self.zones or zone.account == self.account


class CustomerTokens:
    """The issued tokens, of which only hashes are kept."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._issued_count = 0
        self._tokens: dict[str, IssuedToken] = {}

    def issue(
        self,
        permissions: Collection[Permission],
        *,
        zones: Collection[str] = (),
        account: str | None = None,
        is_verifiable: bool = True,
        lifetime_ms: int | None = None,
    ) -> tuple[str, IssuedToken]:
        """Issue a token; return its plain text and what it permits."""
        token = new_secret()
        self._issued_count += 1
        issued = IssuedToken(
            id=f"token-{self._issued_count}",
            permissions=frozenset(permissions),
            zones=frozenset(zones),
            account=account,
            is_verifiable=is_verifiable,
            expires_at=None if lifetime_ms is None else self._now() + lifetime_ms,
        )
        self._tokens[hash_token(token)] = issued
        return token, issued

    def find(self, token: str) -> IssuedToken | None:
        """Return what a presented token permits; None if it is unknown, revoked or expired."""
        issued = self._tokens.get(hash_token(token))
        if issued is None or (issued.expires_at is not None and issued.expires_at <= self._now()):
            return None
        return issued

    def revoke(self, token_id: str) -> bool:
        """Revoke a token by its id; return whether there was one."""
        for token_hash, issued in self._tokens.items():
            if issued.id == token_id:
                del self._tokens[token_hash]
                return True
        return False

    def all(self) -> list[IssuedToken]:
        """List the tokens in the order in which they were issued."""
        return list(self._tokens.values())


def new_secret() -> str:
    """Return a random secret of 48 characters; its prefix makes a leaked one easy to find."""
    return _PREFIX + secrets.token_urlsafe(30)


def hash_token(token: str) -> str:
    """Hash a token or a code, which are kept by their hashes alone."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
