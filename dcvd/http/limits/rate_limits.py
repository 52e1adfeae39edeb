"""How often tenants may ask: a token bucket for each token and each organization, for reads and for writes.

Litestar's RateLimitMiddleware runs before the token is known; see docs/adr/0005-rate-limits-of-our-own.md.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from dcvd.config import Config
from dcvd.core.callers import Caller, CallerKind
from dcvd.core.instants import MINUTE
from dcvd.core.organizations.rate_limits import Rate, RateLimits
from dcvd.core.sentences.wording import word
from dcvd.errors import TooManyRequests
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.kit.limits.token_bucket import TokenBucket
from dcvd.services.context import Context
from dcvd.services.organizations.rate_limits import get_default_rate_limits, read_rate_overrides
from dcvd.store.engine.transactions import Topic

RATE_LIMIT_FIELDS: Final = "dcvd.rate_limit_fields"
"""The key in the scope's state of the fields that tell the caller about their limits."""

_POLICY_NAMES: Final = {
    Rate.TOKEN_READS: "token-reads",
    Rate.TOKEN_WRITES: "token-writes",
    Rate.READS: "reads",
    Rate.WRITES: "writes",
}
_REFUSALS: Final = {
    Rate.TOKEN_READS: "rate_of_token_reads",
    Rate.TOKEN_WRITES: "rate_of_token_writes",
    Rate.READS: "rate_of_reads",
    Rate.WRITES: "rate_of_writes",
}


class Admission(Struct, frozen=True):
    """Whether a request is admitted, and the fields of its answer, which has them in either case."""

    fields: Sequence[tuple[bytes, bytes]]
    refusal: TooManyRequests | None = None


class _Settings(Struct, frozen=True):
    """What limits one organization and its tokens now, as `config` and its own limits have it."""

    config: Config
    limits: RateLimits


class _Limit:
    """The bucket of one rate of one token or organization, with what is told of it."""

    __slots__ = ("bucket", "policy", "refusal", "state_prefix")

    def __init__(self, rate: Rate, per_minute: int, bucket: TokenBucket) -> None:
        name = _POLICY_NAMES[rate]
        self.bucket = bucket
        self.policy = f'"{name}";q={bucket.capacity};w={math.ceil(bucket.fill_s)}'
        self.state_prefix = f'"{name}";r='
        self.refusal = word(_REFUSALS[rate], count=per_minute)


class _Counter:
    """The limits of one token or organization; where there is none, there is no bucket."""

    __slots__ = ("overrides", "reads", "settings", "writes")

    def __init__(self, overrides: Mapping[str, int] = {}) -> None:
        self.overrides = overrides
        self.settings: _Settings | None = None
        self.reads: _Limit | None = None
        self.writes: _Limit | None = None

    @property
    def is_idle(self) -> bool:
        """Whether every bucket is full, so that new ones would do as well."""
        return all(limit is None or limit.bucket.is_full for limit in (self.reads, self.writes))

    def follow(self, settings: _Settings, reads: Rate, writes: Rate, monotonic: Callable[[], float]) -> None:
        """Take over settings that may have changed; what was taken from a bucket stays taken."""
        if self.settings is not settings:
            self.settings = settings
            self.reads = _follow(self.reads, settings, reads, monotonic)
            self.writes = _follow(self.writes, settings, writes, monotonic)


class RateLimiter:
    """Counts the requests of all tokens, links and organizations, in memory; after a restart every bucket is full.

    An organization's links have a bucket of their own beside that of its tokens, and as large: what customers ask for
    takes nothing from the organization's own systems. A bucket that is full again is forgotten. An organization's own
    limits are read when its buckets are made, and again when they change.
    """

    def __init__(self, context: Context, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._monotonic = monotonic
        self._organizations = RecentEntries[str, _Counter](None, lambda counter: counter.is_idle)
        self._links_of_organizations = RecentEntries[str, _Counter](None, lambda counter: counter.is_idle)
        self._tokens = RecentEntries[str, _Counter](None, lambda counter: counter.is_idle)
        self._changes = 0
        self._default_settings: _Settings | None = None
        context.database.subscribe(Topic.LIMITS, self._on_change)

    def __len__(self) -> int:
        """Return how many tokens, links and organizations are remembered."""
        return len(self._tokens) + len(self._organizations) + len(self._links_of_organizations)

    async def admit(self, caller: Caller, *, is_write: bool) -> Admission:
        """Take one request from what the caller and their organization may still make, if both may make one."""
        assert caller.org_id is not None, "only tenants are limited"
        return self._admit(caller, await self._find_organization(caller.org_id), is_write=is_write)

    def admit_at_once(self, caller: Caller, *, is_write: bool) -> Admission | None:
        """Do the same where the limits of the caller's organization are known; None where they have to be read."""
        assert caller.org_id is not None, "only tenants are limited"
        if caller.org_id not in self._organizations:
            return None
        return self._admit(caller, self._organizations.use(caller.org_id, _Counter), is_write=is_write)

    def _admit(self, caller: Caller, organization: _Counter, *, is_write: bool) -> Admission:
        assert caller.org_id is not None, "only tenants are limited"
        token = self._tokens.use(caller.id, _Counter)
        settings = self._choose_settings(organization)
        if caller.kind is CallerKind.LINK:
            organization = self._links_of_organizations.use(caller.org_id, _Counter)
        organization.follow(settings, Rate.READS, Rate.WRITES, self._monotonic)
        token.follow(settings, Rate.TOKEN_READS, Rate.TOKEN_WRITES, self._monotonic)
        limits = [
            limit
            for limit in ((token.writes, organization.writes) if is_write else (token.reads, organization.reads))
            if limit is not None
        ]
        longest_wait_s, refusal = 0.0, None
        for limit in limits:
            wait_s = limit.bucket.get_wait_s()
            if wait_s > longest_wait_s:
                longest_wait_s, refusal = wait_s, limit.refusal
        if refusal is None:
            for limit in limits:
                limit.bucket.take()
        fields = _format_fields(limits) if limits else ()
        return Admission(fields, None if refusal is None else TooManyRequests(refusal, retry_after_s=longest_wait_s))

    async def _find_organization(self, org_id: str) -> _Counter:
        while org_id not in self._organizations:
            changes = self._changes
            overrides = await read_rate_overrides(self._context, org_id)
            # Another request may have made it meanwhile, and be counted in it already.
            if changes == self._changes and org_id not in self._organizations:
                return self._organizations.use(org_id, partial(_Counter, overrides))
        return self._organizations.use(org_id, _Counter)

    def _choose_settings(self, organization: _Counter) -> _Settings:
        config = self._context.config
        defaults = self._default_settings
        if defaults is None or defaults.config is not config:
            defaults = self._default_settings = _Settings(config, get_default_rate_limits(config))
        if not organization.overrides:
            return defaults
        settings = organization.settings
        if settings is None or settings.config is not config:
            settings = _Settings(config, defaults.limits.override(organization.overrides))
        return settings

    def _on_change(self, org_id: str) -> None:
        self._changes += 1
        self._organizations.pop(org_id, None)


def _follow(limit: _Limit | None, settings: _Settings, rate: Rate, monotonic: Callable[[], float]) -> _Limit | None:
    per_minute = settings.limits.get(rate)
    if not per_minute:
        return None
    capacity = max(per_minute * settings.config.limits.burst // MINUTE, 1)
    fill_s = capacity * 60 / per_minute
    if limit is None:
        return _Limit(rate, per_minute, TokenBucket(capacity, fill_s, monotonic))
    limit.bucket.resize(capacity, fill_s)
    return _Limit(rate, per_minute, limit.bucket)


def _format_fields(limits: Sequence[_Limit]) -> list[tuple[bytes, bytes]]:
    """Format the fields of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4.

    The effective window ends where the next request comes back: so it never lasts longer than Retry-After says.
    """
    policies = ", ".join([limit.policy for limit in limits])
    states = ", ".join([_format_state(limit) for limit in limits])
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", states.encode())]


def _format_state(limit: _Limit) -> str:
    free, next_wait_s = limit.bucket.describe()
    return f"{limit.state_prefix}{free};t={math.ceil(next_wait_s)}"
