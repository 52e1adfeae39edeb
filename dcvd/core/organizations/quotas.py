"""How much one organization may have of each thing; 0 is no limit."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.organizations.rate_limits import Rate
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
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
    Quota.ENDPOINTS: "quota_of_webhooks",
    Quota.TOKENS: "quota_of_tokens",
    Quota.CONNECTIONS: "quota_of_connections",
    Quota.ZONES: "quota_of_zones",
    Quota.LINKS: "quota_of_links",
    Quota.MEMBERS: "quota_of_members",
    Quota.DOMAINS: "quota_of_domains",
    Quota.REMEMBERED_LINES: "quota_of_remembered_lines",
    Quota.REMEMBERED_BYTES: "quota_of_remembered_bytes",
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
            raise InvalidInput(f"quotas.{name}", word("quota_unknown", name=repr(name), known=", ".join(_OVERRIDABLE)))
        if value is None:
            changed.pop(name, None)
        elif 0 <= value <= _HIGHEST:
            changed[name] = value
        else:
            raise InvalidInput(f"quotas.{name}", word("quota_beyond", name=name, value=value, most=_HIGHEST))
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

    def take(self, adding: int) -> "Room":
        """Return the room that is left when the organization has so many more."""
        return replace(self, count=self.count + adding)

    def find_refusal(self) -> QuotaReached | None:
        """Return the error for one more; None where there is room for it."""
        return None if self.free else self.build_refusal()

    def build_refusal(self) -> QuotaReached:
        """Build the error for more than there is room for."""
        return QuotaReached(
            word(
                "quota_reached",
                number=say("quota_more_than", limit=self.limit) if self.count > self.limit else self.count,
                things=say(_NOUNS[self.quota]),
                limit=self.limit,
                quota=self.quota.value,
                remedy=say("quota_remedy_wait" if self.quota in _REMEMBERED else "quota_remedy_remove"),
            )
        )
