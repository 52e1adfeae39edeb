"""What a call says about a token."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.instants import SECOND
from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role
from dcvd.errors import InvalidInput
from dcvd.http.answers.instants import Instant, parse_instant
from dcvd.services.tokens.changes import DEFAULT_GRACE_MS, MAX_GRACE_MS, TokenChanges
from dcvd.services.tokens.rights import TokenLimits


class NewToken(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token to be minted. `expiresAt`: when it ends; null: it lives until it is revoked.

    `scopes`: what it may do, within its role. `domains`: the only domains that it may know of: ids, names, and `*.`
    before a name for all below it. `readOnly`: it changes nothing, whatever its role. `allowedNetworks`: from where it
    works, in CIDR notation. Null is no limit; what is left out is as the minting token is limited.
    `memberId`: whose token it is; null for one of the organization itself, which only an owner makes with a token of a
    member. Where it is absent, it belongs to the member whose token mints it.
    """

    name: str
    role: Role = Role.MEMBER
    expires_at: Instant | UnsetType | None = UNSET
    scopes: list[Scope] | UnsetType | None = UNSET
    domains: list[str] | UnsetType | None = UNSET
    read_only: bool | UnsetType = UNSET
    allowed_networks: list[str] | UnsetType | None = UNSET
    member_id: str | UnsetType | None = UNSET

    @property
    def limits(self) -> TokenLimits:
        """How the token is to be limited."""
        return TokenLimits(
            scopes=self.scopes,
            domains=self.domains,
            read_only=self.read_only,
            allowed_networks=self.allowed_networks,
        )

    def read_expiry(self) -> int | UnsetType | None:
        """Return when it ends, in milliseconds. Raises InvalidInput for what is no instant."""
        return _read_expiry(self.expires_at)


class NewOperatorToken(NewToken, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token to be minted by an operator: its role is owner unless given."""

    role: Role = Role.OWNER


class TokenChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The new values of a token; what is left out stays. `expiresAt`: null for a token that never expires."""

    name: str | UnsetType = UNSET
    expires_at: Instant | UnsetType | None = UNSET

    def read(self) -> TokenChanges:
        """Return the changes. Raises InvalidInput for what is no instant."""
        return TokenChanges(name=self.name, expires_at=_read_expiry(self.expires_at))


class TokenRotation(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """For how long the present secret works beside the new one; 0: it ends at once, with what it has under way."""

    grace_seconds: int = DEFAULT_GRACE_MS // SECOND

    def read_grace_ms(self) -> int:
        """Return the grace in milliseconds. Raises InvalidInput."""
        if not 0 <= self.grace_seconds <= MAX_GRACE_MS // SECOND:
            message = f"graceSeconds is {self.grace_seconds}; give a whole number from 0 to {MAX_GRACE_MS // SECOND}."
            raise InvalidInput("graceSeconds", message)
        return self.grace_seconds * SECOND


class TokenRevocation(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which tokens to revoke: all that the caller may end; with `keepThis` all but the one that calls."""

    keep_this: bool = True


def _read_expiry(text: str | UnsetType | None) -> int | UnsetType | None:
    return UNSET if text is UNSET else parse_instant("expiresAt", text)
