"""How much one organization may have of each thing; 0 is no limit."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.organizations.rate_limits import Rate
from dcvd.errors import InvalidInput, QuotaReached

_HIGHEST: Final = 1 << 53
"""No quota is higher: larger integers are not exact in every reader of JSON."""


class Quota(StrEnum):
    """What is limited; each is a field of `Quotas`."""

    ENDPOINTS = "endpoints"
    TOKENS = "tokens"
    CONNECTIONS = "connections"
    ZONES = "zones"
    LINKS = "links"
    MEMBERS = "members"
    DOMAINS = "domains"
    REMEMBERED_LINES = "remembered_lines"
    REMEMBERED_BYTES = "remembered_bytes"


_NOUNS: Final = {
    Quota.ENDPOINTS: "webhooks",
    Quota.TOKENS: "tokens",
    Quota.CONNECTIONS: "connections",
    Quota.ZONES: "zones",
    Quota.LINKS: "links",
    Quota.MEMBERS: "members",
    Quota.DOMAINS: "domains",
    Quota.REMEMBERED_LINES: "answers, or lines of bulk calls, that are remembered by an Idempotency-Key",
    Quota.REMEMBERED_BYTES: "bytes of answers that are remembered by an Idempotency-Key",
}
_OVERRIDABLE: Final = (*Quota, *Rate)
_REMEMBERED: Final = frozenset({Quota.REMEMBERED_LINES, Quota.REMEMBERED_BYTES})


class Quotas(Struct, frozen=True, kw_only=True):
    """The quotas of one organization.

    tokens, links: those that have not expired. remembered_…: what is kept so that a repeated call gets the same answer.
    """

    endpoints: int
    tokens: int
    connections: int
    zones: int
    links: int
    members: int
    domains: int
    remembered_lines: int
    remembered_bytes: int

    def get(self, quota: Quota) -> int:
        """Return one of the quotas; 0 is no limit."""
        value: int = getattr(self, quota)
        return value


def change_overrides(overrides: Mapping[str, int], changes: Mapping[str, int | None]) -> dict[str, int]:
    """Return an organization's own quotas and rates after changes; None goes back to what the operator configured.

    Raises InvalidInput for an unknown name, or for a number that is no quota.
    """
    changed = dict(overrides)
    for name, value in changes.items():
        if name not in _OVERRIDABLE:
            raise InvalidInput(f"quotas.{name}", f"There is no quota {name!r}; there are: {', '.join(_OVERRIDABLE)}.")
        if value is None:
            changed.pop(name, None)
        elif 0 <= value <= _HIGHEST:
            changed[name] = value
        else:
            raise InvalidInput(f"quotas.{name}", f"{name} is {value}; give a number from 0 (no limit) to {_HIGHEST}.")
    return changed


class Room(Struct, frozen=True, kw_only=True):
    """The room below an organization's quota. `count`: how many it has; where it has more than `limit`, any such."""

    quota: Quota
    limit: int
    count: int

    @property
    def free(self) -> int:
        """How many more it may have."""
        return max(self.limit - self.count, 0)

    def find_refusal(self, adding: int) -> QuotaReached | None:
        """Return the error for so many more; None where there is room for them."""
        return self.build_refusal() if adding > self.free else None

    def build_refusal(self) -> QuotaReached:
        """Build the error for more than there is room for."""
        number = f"more than {self.limit}" if self.count > self.limit else str(self.count)
        remedy = "Remove what is not needed,"
        if self.quota in _REMEMBERED:
            remedy = "Each is forgotten within two days: send the rest later, or without a key,"
        return QuotaReached(
            f"Your organization has {number} {_NOUNS[self.quota]}, and may have {self.limit} (quota {self.quota}). "
            f"{remedy} or ask your operator for a higher quota."
        )
