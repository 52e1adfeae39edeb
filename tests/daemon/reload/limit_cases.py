"""What one organization may have, by the quotas that the daemon reads at each use."""

from dcvd.core.organizations.quotas import Quota
from dcvd.services.organizations import quotas
from tests.daemon.reload.cases import row
from tests.daemon.reload.place import Place


async def read_quotas(place: Place) -> str:
    org_id = await place.new_organization()
    return repr(await place.context.database.read(lambda tx: quotas.read_quotas(place.context, tx, org_id)))


for quota in Quota:
    value = '"7777B"' if quota is Quota.REMEMBERED_BYTES else "7777"
    row(f"limits.{quota}", value, f"{quota}=7777", read_quotas)
