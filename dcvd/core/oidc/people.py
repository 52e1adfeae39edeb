"""What a provider says of a person: the address that it has verified, and their groups."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec import Struct

from dcvd.core.members import normalize_address
from dcvd.core.tokens.token import ROLE_ORDER, Role
from dcvd.errors import InvalidInput

_MAX_GROUPS: Final = 1_000


class VerifiedPerson(Struct, frozen=True, kw_only=True):
    """A person who signed in at a provider. role_group: the group that gives their role; None where none does."""

    issuer: str
    address: str
    role_group: str | None = None


class SignInChoice(Struct, frozen=True, kw_only=True):
    """A person who is yet to choose for which of their organizations they sign in. Instants are in milliseconds."""

    person: VerifiedPerson
    created_at: int
    expires_at: int

    def is_in_force(self, now: int) -> bool:
        """Whether they may still choose; one from the time before a clock was put back may not."""
        return self.created_at <= now < self.expires_at


def read_verified_address(claims: Mapping[str, Any]) -> str | None:
    """Return the address that the provider has verified, as members have theirs; None where it has verified none."""
    address = claims.get("email")
    if not isinstance(address, str) or claims.get("email_verified") is not True:
        return None
    try:
        return normalize_address(address)
    except InvalidInput:
        return None


def read_groups(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Return a person's groups, which stand in a claim as one text or as a list; none where there are too many."""
    value = claims.get(claim)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or len(values) > _MAX_GROUPS:
        return frozenset()
    return frozenset(each for each in values if isinstance(each, str))


def choose_role_group(groups: Collection[str], roles: Mapping[str, Role]) -> str | None:
    """Return the one of a person's groups that gives the highest role; None where they are in none that gives one."""
    giving = [group for group in roles if group in groups]
    return max(giving, key=lambda group: ROLE_ORDER.index(roles[group]), default=None)
