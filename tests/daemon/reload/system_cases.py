"""When the operator's programs are told what dcvd itself lacks, by the limits that the daemon reads at each use."""

from dcvd.core.domains.saas_zone import HostnameUsage, SaasZone
from dcvd.core.instants import HOUR
from dcvd.core.system_conditions import SystemState, list_changes
from dcvd.services.events.operator_events import read_limits
from tests.daemon.reload.cases import row
from tests.daemon.reload.place import Place


async def list_what_is_told(place: Place) -> str:
    """What is told of a zone that is half full, a backup of three hours ago, and 5 GiB that are free."""
    now = place.context.now()
    zone = SaasZone(usage=HostnameUsage(50, 100, 0))
    state = SystemState(zone=zone, database_path="dcvd.db", last_backup_at=now - 3 * HOUR, free_bytes=5 << 30)
    changes = list_changes(state, read_limits(place.context.config), {}, now)
    return " ".join(change.condition.value for change in changes)


row("system_events.quota_percent", "45", "quota_low", list_what_is_told)
row("system_events.backup_max_age", '"2h"', "backup_late", list_what_is_told)
row("system_events.disk_floor", '"6GiB"', "disk_low", list_what_is_told)
