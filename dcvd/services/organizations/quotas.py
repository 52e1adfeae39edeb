"""Quotas: whether an organization has room for more, asked in the transaction that stores it."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from dcvd.config import Config
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.organizations.quotas import Quota, Quotas, Room, change_overrides
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.store import domains, links, members, zones
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.tokens import tokens
from dcvd.store.webhooks import endpoints

log = structlog.get_logger(__name__)

_COUNTERS: Final[Mapping[Quota, Callable[[Snapshot, str, int, int], int]]] = {
    Quota.ENDPOINTS: lambda snapshot, org_id, limit, _: endpoints.count_of_org(snapshot, org_id, limit),
    Quota.TOKENS: lambda snapshot, org_id, limit, now: tokens.count_live_of_org(snapshot, org_id, now, limit),
    Quota.CONNECTIONS: lambda snapshot, org_id, limit, _: connections.count_of_org(snapshot, org_id, limit),
    Quota.ZONES: lambda snapshot, org_id, limit, _: zones.count_of_org(snapshot, org_id, limit),
    Quota.LINKS: lambda snapshot, org_id, limit, now: links.count_live_of_org(snapshot, org_id, now, limit),
    Quota.MEMBERS: lambda snapshot, org_id, limit, _: members.count_of_org(snapshot, org_id, limit),
    Quota.DOMAINS: lambda snapshot, org_id, limit, _: domains.count_of_org(snapshot, org_id, limit),
    Quota.REMEMBERED_LINES: lambda snapshot, org_id, *_: organizations.read_remembered(snapshot, org_id).lines,
    Quota.REMEMBERED_BYTES: lambda snapshot, org_id, *_: organizations.read_remembered(snapshot, org_id).bytes,
}
"""For each quota, the function that counts what an organization has of it at an instant, at least up to a limit."""


def read_quotas(context: Context, snapshot: Snapshot, org_id: str) -> Quotas:
    """Read an organization's quotas: those that the operator configured, but for its own."""
    overrides = organizations.read_quota_overrides(snapshot, org_id)
    return Quotas(**{quota: _choose_limit(context.config, overrides, quota) for quota in Quota})


def measure_room(context: Context, snapshot: Snapshot, org_id: str, quota: Quota) -> Room | None:
    """Measure how much room an organization has; None without a limit, and for the operator.

    Nobody else can take it if `snapshot` is the transaction that stores what is added.
    """
    limit = _choose_limit(context.config, organizations.read_quota_overrides(snapshot, org_id), quota)
    if not limit or org_id == OPERATOR_ORG_ID:
        return None
    return Room(quota=quota, limit=limit, count=_COUNTERS[quota](snapshot, org_id, limit + 1, context.now()))


def _choose_limit(config: Config, overrides: Mapping[str, int], quota: Quota) -> int:
    """Return an organization's own quota if it has one, else the configured one; 0 is no limit.

    overrides: an organization's own, under names of which another version of dcvd may know more.
    """
    limit: int = overrides[quota] if quota in overrides else getattr(config.limits, quota)
    return limit


def count_all(context: Context, snapshot: Snapshot, org_id: str, limit: int) -> dict[Quota, int]:
    """Count what an organization has of each thing that has a quota, but of no thing further than `limit`."""
    return {quota: count(snapshot, org_id, limit, context.now()) for quota, count in _COUNTERS.items()}


def require_room(context: Context, snapshot: Snapshot, org_id: str, quota: Quota) -> None:
    """Raise QuotaReached where an organization has no room for one more. See `measure_room`."""
    room = measure_room(context, snapshot, org_id, quota)
    if room is not None and (error := room.find_refusal()) is not None:
        raise error


async def set_quotas(context: Context, org_id: str, changes: Mapping[str, int | None]) -> Quotas:
    """Set some of an organization's quotas and rates, see `change_quotas`, and return the quotas.

    Raises NotFound, InvalidInput.
    """

    def unit(tx: Transaction) -> Quotas:
        organization = organizations.find(tx, org_id)
        if organization is None or organization.id != org_id:
            raise NotFound(word("organization_unknown", organization=org_id))
        change_quotas(tx, org_id, changes)
        return read_quotas(context, tx, org_id)

    quotas = await context.database.write(unit)
    log.info("organization.quotas_set", org_id=org_id, **changes)
    return quotas


def change_quotas(tx: Transaction, org_id: str, changes: Mapping[str, int | None]) -> None:
    """Change some of the quotas and rates of an organization that exists; None goes back to what is configured.

    What the organization has already stays, also where it is more than the new quota. Raises InvalidInput for an
    unknown name, or for a number that is no quota.
    """
    overrides = organizations.read_quota_overrides(tx, org_id)
    organizations.set_quota_overrides(tx, org_id, change_overrides(overrides, changes))
    tx.announce(Topic.LIMITS, org_id)
