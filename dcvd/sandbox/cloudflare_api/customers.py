"""Serve Cloudflare's API for customers' zones and their DNS records, below /client/v4."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from dcvd.sandbox.cloudflare_api.gate import is_identifier, read_bearer_token
from dcvd.sandbox.customers.listing import build_records_page, build_zones_page
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord
from dcvd.sandbox.customers.tokens import IssuedToken, Permission
from dcvd.sandbox.customers.zones import CustomerZones
from dcvd.sandbox.hostnames.bodies import decode
from dcvd.sandbox.http.envelope import CloudflareErrorResponse, success_response

_ZONE_PATH: Final = "/zones/{zone_id}"
_RECORDS_PATH: Final = f"{_ZONE_PATH}/dns_records"
_RECORD_PATH: Final = f"{_RECORDS_PATH}/{{dns_record_id}}"


class CustomerApi:
    """Handlers for all zones; a token sees its own zones, and all others look as if they did not exist.

    find_token: finds what a token permits.
    """

    def __init__(self, zones: CustomerZones, find_token: Callable[[str], IssuedToken | None]) -> None:
        self._zones = zones
        self._find_known_token = find_token

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
        token = self._find_token(request)
        zones = [zone for zone in self._zones.all() if token.has_permission("zone.read") and token.may_see(zone)]
        page, info = build_zones_page(zones, request.query)
        return success_response(page, info=info)

    async def get_zone(self, request: web.Request) -> web.Response:
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

    def _find_token(self, request: web.Request) -> IssuedToken:
        token = self._find_known_token(read_bearer_token(request))
        assert token is not None, "the gate has refused every unknown token"
        return token

    def _find_zone(self, request: web.Request, permission: Permission) -> CustomerZone:
        zone_id = request.match_info["zone_id"].lower()
        if not is_identifier(zone_id):
            raise CloudflareErrorResponse(7003, chain=[(7000, "No route for that URI")])
        token = self._find_token(request)
        zone = self._zones.get(zone_id)
        if zone is None or not token.may_see(zone):
            raise CloudflareErrorResponse(9109)
        if not token.has_permission(permission):
            raise CloudflareErrorResponse(10000, status=403)
        return zone


def _find_record(zone: CustomerZone, request: web.Request) -> DnsRecord:
    record_id = request.match_info["dns_record_id"].lower()
    if not is_identifier(record_id):
        raise CloudflareErrorResponse(7003, chain=[(7000, "No route for that URI")])
    record = zone.records.get(record_id)
    if record is None:
        raise CloudflareErrorResponse(81044)
    return record
