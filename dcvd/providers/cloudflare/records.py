"""Read and change DNS records at Cloudflare."""

from collections.abc import Sequence

import structlog

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.text import make_printable
from dcvd.errors import Permanent, Unauthorized
from dcvd.providers.cloudflare.calls import CloudflareDnsApi
from dcvd.providers.cloudflare.faults import is_gone
from dcvd.providers.owner_names import OwnerName, find_nearest_zone
from dcvd.providers.record_provider import DEADLINE_S
from dcvd.providers.stepwise_provider import ChangeStep, StepwiseProvider

log = structlog.get_logger(__name__)


class CloudflareRecords(StepwiseProvider):
    """Cloudflare's driver, for an API that is called with an API token or an OAuth access token."""

    def __init__(self, api: CloudflareDnsApi, *, deadline_s: float = DEADLINE_S) -> None:
        super().__init__("Cloudflare", deadline_s=deadline_s)
        self._api = api

    async def _check_credentials(self) -> str | None:
        """Return the account's name. The list of zones decides: Cloudflare verifies only API tokens of users."""
        try:
            status = await self._api.verify_token()
        except (Unauthorized, Permanent) as error:
            log.debug("cloudflare.token_not_verifiable", code=error.code)
        else:
            if status != "active":
                raise Unauthorized(
                    f"Cloudflare says that this API token is {make_printable(status)[:20]}; create another.",
                    code="provider_unauthorized",
                )
        return await self._api.find_account()

    async def _find_zone(self, name: str) -> Zone | None:
        return await find_nearest_zone(name, self._find_exact_zone)

    async def _find_exact_zone(self, name: str) -> Zone | None:
        """Return the active zone of a name, else one that is not active yet.

        What is written to that does not appear in DNS until its registrar delegates to Cloudflare.
        """
        zones = await self._api.list_zones(name)
        return next((zone for zone in zones if zone.is_active), zones[0] if zones else None)

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        return await self._api.list_records(owner.zone, owner.name)

    def _plan_steps(
        self, removed: Sequence[ZoneRecord], added: Sequence[ZoneRecord], staying: Sequence[ZoneRecord]
    ) -> list[ChangeStep]:
        """Overwrite a CNAME by a CNAME in one call."""
        if len(removed) == len(added) == 1 and removed[0].type == added[0].type == "CNAME":
            return [ChangeStep(removed=tuple(removed), added=tuple(added))]
        return super()._plan_steps(removed, added, staying)

    async def _make_step(self, owner: OwnerName, step: ChangeStep) -> None:
        match step.removed, step.added:
            case (old,), (new,):
                await self._api.overwrite_record(owner.zone, _require_id(old), new)
            case (old,), ():
                try:
                    await self._api.delete_record(owner.zone, _require_id(old))
                except Permanent as error:
                    if not is_gone(error):
                        raise
            case _:
                await self._api.create_record(owner.zone, step.added[0])


def _require_id(record: ZoneRecord) -> str:
    assert record.id is not None, "a record that was read has an id"
    return record.id
