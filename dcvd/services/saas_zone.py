"""Check what all hostnames need: the operator's zone at Cloudflare, and the target that customers point to."""

from collections.abc import Sequence
from typing import Protocol

from dcvd.config import Config
from dcvd.core.domains.saas_zone import ZoneFaultCode
from dcvd.core.domains.targets import new_target
from dcvd.core.records.zone_use import HostAddresses
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.zone_check import PartResult, ZonePart, check_zone
from dcvd.errors import Retryable


class AddressReader(Protocol):
    """Reads addresses in DNS, as `ZoneReader` of `dns/checks` does."""

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        """Return the addresses of hosts, all of them together. Raises Retryable."""


async def check(config: Config, client: CloudflareClient, reader: AddressReader) -> list[PartResult]:
    """Check the zone and the target; what was found is in the client's `zone_watch` too. Never raises."""
    results = await check_zone(client)
    return [*results, await _check_target(config.cloudflare.cname_target, client, reader)]


async def _check_target(target: str, client: CloudflareClient, reader: AddressReader) -> PartResult:
    name = new_target(target, bytes)
    try:
        addresses = await reader.read_addresses([name])
    except Retryable as error:
        return PartResult(ZonePart.TARGET, "unknown", error.message)
    if not addresses.found and addresses.unanswered:
        return PartResult(ZonePart.TARGET, "unknown", f"The name servers of {name} gave no answer; try again.")
    if addresses.found:
        client.zone_watch.clear(ZoneFaultCode.TARGET_UNRESOLVED)
        return _judge_target(name, client.zone_watch.zone.name)
    message = f"{name}, to which customers point, has no address: create a record for it in the zone."
    client.zone_watch.set(ZoneFaultCode.TARGET_UNRESOLVED, message, target=target)
    return PartResult(ZonePart.TARGET, "failing", message)


def _judge_target(name: str, zone_name: str | None) -> PartResult:
    """Judge a target that has addresses: Cloudflare takes a customer's CNAME only where it leads into the zone."""
    message = f"{name}, to which customers point, has addresses"
    if zone_name is None or name == zone_name or name.endswith(f".{zone_name}"):
        return PartResult(
            ZonePart.TARGET, "ok", f"{message}{'.' if zone_name is None else f' in the zone {zone_name}.'}"
        )
    advice = f"it is not in the zone {zone_name}: see that it leads there by a CNAME, or change cname_target."
    return PartResult(ZonePart.TARGET, "unknown", f"{message}, but {advice}")
