"""How many requests an organization and each of its tokens may make in a minute; 0 is no limit."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Rate(StrEnum):
    """What is limited; each is a field of `RateLimits`."""

    READS = "reads_per_minute"
    WRITES = "writes_per_minute"
    TOKEN_READS = "token_reads_per_minute"
    TOKEN_WRITES = "token_writes_per_minute"


class RateLimits(Struct, frozen=True, kw_only=True):
    """The limits of one organization in all, and of each of its tokens."""

    reads_per_minute: int
    writes_per_minute: int
    token_reads_per_minute: int
    token_writes_per_minute: int

    def get(self, rate: Rate) -> int:
        """Return one of the limits; 0 is no limit."""
        value: int = getattr(self, rate)
        return value

    def override(self, overrides: Mapping[str, int]) -> "RateLimits":
        """Return these limits with an organization's own in place of some; other names count for nothing."""
        return replace(self, **{rate: overrides[rate] for rate in Rate if rate in overrides})
