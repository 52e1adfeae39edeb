"""The calls of Cloudflare's API with customers' zones and their DNS records, below /client/v4."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from dcvd.sandbox.cloudflare_api.gate import bearer, is_identifier
from dcvd.sandbox.customers.listing import records_page, zones_page
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord
from dcvd.sandbox.customers.tokens import Grant, Permission
from dcvd.sandbox.customers.zones import CustomerZones
from dcvd.sandbox.hostnames.bodies import decode
from dcvd.sandbox.http.envelope import Refused, success

_ZONE: Final = "/zones/{zone_id}"
_RECORDS: Final = f"{_ZONE}/dns_records"
_RECORD: Final = f"{_RECORDS}/{{dns_record_id}}"


class CustomerApi:
    """Handlers over all zones; a token sees those that it was made for, and others look as if they were not there.

    find: what a token is good for.
    """

    def __init__(self, zones: CustomerZones, find: Callable[[str], Grant | None]) -> None:
        self._zones = zones
        self._find = find

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/zones", self.list_zones, allow_head=False),
            web.get(_ZONE, self.get_zone, allow_head=False),
            web.get(_RECORDS, self.list_records, allow_head=False),
            web.post(_RECORDS, self.create),
            web.get(_RECORD, self.get, allow_head=False),
            web.put(_RECORD, self.put),
            web.patch(_RECORD, self.patch),
            web.delete(_RECORD, self.delete),
        ]

    async def list_zones(self, request: web.Request) -> web.Response:
        """Empty for a token that may not read zones."""
        grant = self._grant(request)
        seen = [zone for zone in self._zones.all() if grant.may("zone.read") and grant.sees(zone)]
        shown, info = zones_page(seen, request.query)
        return success(shown, info=info)

    async def get_zone(self, request: web.Request) -> web.Response:
        return success(self._zone(request, "zone.read").view())

    async def list_records(self, request: web.Request) -> web.Response:
        zone = self._zone(request, "dns.read")
        shown, info = records_page(list(zone.records.values()), request.query)
        return success(shown, info=info)

    async def create(self, request: web.Request) -> web.Response:
        zone = self._zone(request, "dns.write")
        return success(self._zones.add(zone, decode(await request.read())).view())

    async def get(self, request: web.Request) -> web.Response:
        return success(_record(self._zone(request, "dns.read"), request).view())

    async def put(self, request: web.Request) -> web.Response:
        zone = self._zone(request, "dns.write")
        body = decode(await request.read())
        return success(self._zones.put(zone, _record(zone, request), body).view())

    async def patch(self, request: web.Request) -> web.Response:
        zone = self._zone(request, "dns.write")
        body = decode(await request.read())
        return success(self._zones.patch(zone, _record(zone, request), body).view())

    async def delete(self, request: web.Request) -> web.Response:
        zone = self._zone(request, "dns.write")
        record = _record(zone, request)
        self._zones.delete(zone, record)
        return success({"id": record.id})

    def _grant(self, request: web.Request) -> Grant:
        grant = self._find(bearer(request))
        assert grant is not None, "the gate lets nobody else in"
        return grant

    def _zone(self, request: web.Request, permission: Permission) -> CustomerZone:
        zone_id = request.match_info["zone_id"].lower()
        if not is_identifier(zone_id):
            raise Refused(7003, chain=[(7000, "No route for that URI")])
        grant = self._grant(request)
        zone = self._zones.get(zone_id)
        if zone is None or not grant.sees(zone):
            raise Refused(9109)
        if not grant.may(permission):
            raise Refused(10000, status=403)
        return zone


def _record(zone: CustomerZone, request: web.Request) -> DnsRecord:
    record_id = request.match_info["dns_record_id"].lower()
    if not is_identifier(record_id):
        raise Refused(7003, chain=[(7000, "No route for that URI")])
    record = zone.records.get(record_id)
    if record is None:
        raise Refused(81044)
    return record
