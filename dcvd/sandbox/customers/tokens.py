"""Bearer tokens of customers: which zones each one sees, and what it may do there."""

import hashlib
import secrets
from collections.abc import Callable, Collection
from typing import Final, Literal

import msgspec

from dcvd.sandbox.customers.model import CustomerZone

Permission = Literal["zone.read", "dns.read", "dns.write"]
"""By the names that scopes of Cloudflare's OAuth have. `dns.write` includes `dns.read`."""

_PREFIX: Final = "sandbox_"


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is good for.

    zones: ids. account: all the zones that this account of a customer's has. is_verifiable: `/user/tokens/verify` knows
    it, as it knows API tokens alone.
    expires_at: milliseconds, None for never.
    """

    id: str
    permissions: frozenset[Permission]
    zones: frozenset[str] = frozenset()
    account: str | None = None
    is_verifiable: bool = True
    expires_at: int | None = None

    def has_permission(self, permission: Permission) -> bool:
        held = self.permissions
        return permission in held or (permission == "dns.read" and "dns.write" in held)

    def may_see(self, zone: CustomerZone) -> bool:
        return zone.id in self.zones or zone.account == self.account


class CustomerTokens:
    """Issued tokens; only their hashes are kept."""

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
        """A new token in plain text; `lifetime_ms` in milliseconds."""
        token = new_secret()
        self._issued_count += 1
        grant = IssuedToken(
            id=f"token-{self._issued_count}",
            permissions=frozenset(permissions),
            zones=frozenset(zones),
            account=account,
            is_verifiable=is_verifiable,
            expires_at=None if lifetime_ms is None else self._now() + lifetime_ms,
        )
        self._tokens[_hash(token)] = grant
        return token, grant

    def find(self, token: str) -> IssuedToken | None:
        """What a token that is presented is good for; None where it is unknown, revoked or over."""
        grant = self._tokens.get(_hash(token))
        if grant is None or (grant.expires_at is not None and grant.expires_at <= self._now()):
            return None
        return grant

    def revoke(self, token_id: str) -> bool:
        """Whether there was such a token."""
        for hashed, grant in self._tokens.items():
            if grant.id == token_id:
                del self._tokens[hashed]
                return True
        return False

    def all(self) -> list[IssuedToken]:
        """In the order of their issue."""
        return list(self._tokens.values())


def new_secret() -> str:
    """48 characters that nobody guesses, and that a search for the prefix finds where they should not be."""
    return _PREFIX + secrets.token_urlsafe(30)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
