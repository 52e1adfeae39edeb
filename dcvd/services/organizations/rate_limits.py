"""Rate limits: how often an organization and its tokens may ask; counted in memory, where requests are let in."""

from collections.abc import Mapping

from dcvd.config import Config
from dcvd.core.organizations.rate_limits import Rate, RateLimits
from dcvd.services.context import Context
from dcvd.store.organizations import organizations


def get_default_rate_limits(config: Config) -> RateLimits:
    """Return the limits of an organization that has none of its own."""
    return RateLimits(**{rate: getattr(config.limits, rate) for rate in Rate})


async def read_rate_overrides(context: Context, org_id: str) -> Mapping[str, int]:
    """Read the limits in which an organization differs from the configuration, beside its quotas, by name."""
    return await context.database.read(lambda snapshot: organizations.read_quota_overrides(snapshot, org_id))
