"""Serve Cloudflare's API for customers' zones and their DNS records, below /client/v4."""

from typing import Final

from aiohttp import web

from dcvd.sandbox.cloudflare_api.gate import ISSUED_TOKEN, read_identifier
from dcvd.sandbox.customers.listing import build_records_page, build_zones_page
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord
from dcvd.sandbox.customers.tokens import Permission
from dcvd.sandbox.hostnames.bodies import decode
from dcvd.sandbox.http.envelope import CloudflareErrorResponse, success_response
from dcvd.sandbox.world import World

_ZONE_PATH: Final = "/zones/{zone_id}"
_RECORDS_PATH: Final = f"{_ZONE_PATH}/dns_records"
_RECORD_PATH: Final = f"{_RECORDS_PATH}/{{dns_record_id}}"


class CustomerApi:
    """Handlers for all zones; a token sees its own zones, and all others look as if they did not exist.

    The operator's token sees the zone of custom hostnames alone.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._zones = world.customers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/zones", self.list_zones, allow_head=False),
            web.get(_ZONE_PATH, self.get_zone, allow_head=False),
            web.get(_RECORDS_PATH, self.list_records, allow_head=False),
            web.post(_RECORDS_PATH, self.create_record),
            web.get(_RECORD_PATH, self.get_record, allow_head=False),
            web.put(_RECORD_PATH, self.overwrite_record),
            web.patch(_RECORD_PATH, self.edit_record),
            web.delete(_RECORD_PATH, self.delete_record),
        ]

    async def list_zones(self, request: web.Request) -> web.Response:
        """List the zones that the token sees; none if it may not read zones."""
        token = request[ISSUED_TOKEN]
        zones = [zone for zone in self._zones.all() if token.has_permission("zone.read") and token.may_see(zone)]
        page, info = build_zones_page(zones, request.query)
        return success_response(page, info=info)

    async def get_zone(self, request: web.Request) -> web.Response:
        if request[ISSUED_TOKEN] is self._world.operator_token:
            if read_identifier(request, "zone_id") != self._world.settings.zone_id:
                raise CloudflareErrorResponse(9109)
            return success_response(self._world.show_own_zone())
        return success_response(self._find_zone(request, "zone.read").to_json())

    async def list_records(self, request: web.Request) -> web.Response:
        zone = self._find_zone(request, "dns.read")
        page, info = build_records_page(list(zone.records.values()), request.query)
        return success_response(page, info=info)

    async def create_record(self, request: web.Request) -> web.Response:
        zone = self._find_zone(request, "dns.write")
        return success_response(self._zones.add_record(zone, decode(await request.read())).to_json())

    async def get_record(self, request: web.Request) -> web.Response:
        return success_response(_find_record(self._find_zone(request, "dns.read"), request).to_json())

    async def overwrite_record(self, request: web.Request) -> web.Response:
        zone = self._find_zone(request, "dns.write")
        body = decode(await request.read())
        return success_response(self._zones.overwrite_record(zone, _find_record(zone, request), body).to_json())

    async def edit_record(self, request: web.Request) -> web.Response:
        zone = self._find_zone(request, "dns.write")
        body = decode(await request.read())
        return success_response(self._zones.edit_record(zone, _find_record(zone, request), body).to_json())

    async def delete_record(self, request: web.Request) -> web.Response:
        zone = self._find_zone(request, "dns.write")
        record = _find_record(zone, request)
        self._zones.delete_record(zone, record)
        return success_response({"id": record.id})

    def _find_zone(self, request: web.Request, permission: Permission) -> CustomerZone:
        token = request[ISSUED_TOKEN]
        zone = self._zones.get(read_identifier(request, "zone_id"))
        if zone is None or not token.may_see(zone):
            raise CloudflareErrorResponse(9109)
        if not token.has_permission(permission):
            raise CloudflareErrorResponse(10000, status=403)
        return zone


def _find_record(zone: CustomerZone, request: web.Request) -> DnsRecord:
    record = zone.records.get(read_identifier(request, "dns_record_id"))
    if record is None:
        raise CloudflareErrorResponse(81044)
    return record
