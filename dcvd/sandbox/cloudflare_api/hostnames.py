"""The calls of Cloudflare's API, below /client/v4: the custom-hostname family and the token check."""

import uuid
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from dcvd.sandbox.cloudflare_api.gate import bearer, is_identifier
from dcvd.sandbox.customers.tokens import Grant
from dcvd.sandbox.hostnames.bodies import (
    decode,
    read_edit,
    read_extras,
    read_fallback_origin,
    read_hostname,
    read_order,
)
from dcvd.sandbox.hostnames.listing import is_uuid, needs_every_record, page_of, result_info, select
from dcvd.sandbox.hostnames.model import Hostname
from dcvd.sandbox.http.envelope import Refused, as_json, success
from dcvd.sandbox.world import QUOTA_ALLOCATED, QUOTA_HARD_CAP, World

_ZONE: Final = "/zones/{zone_id}"
_HOSTNAMES: Final = f"{_ZONE}/custom_hostnames"


class CloudflareApi:
    """Handlers over one world; whoever is not let in has been refused before (see `gate.py`)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/user/tokens/verify", self.verify_token, allow_head=False),
            web.get(f"{_ZONE}/dcv_delegation/uuid", self._in_zone(self.delegation_uuid), allow_head=False),
            web.get(f"{_HOSTNAMES}/fallback_origin", self._in_zone(self.get_fallback), allow_head=False),
            web.put(f"{_HOSTNAMES}/fallback_origin", self._in_zone(self.put_fallback)),
            web.delete(f"{_HOSTNAMES}/fallback_origin", self._in_zone(self.delete_fallback)),
            web.get(f"{_HOSTNAMES}/quota", self._in_zone(self.quota), allow_head=False),
            web.get(_HOSTNAMES, self._in_zone(self.list), allow_head=False),
            web.post(_HOSTNAMES, self._in_zone(self.create)),
            web.get(f"{_HOSTNAMES}/{{custom_hostname_id}}", self._in_zone(self.get), allow_head=False),
            web.patch(f"{_HOSTNAMES}/{{custom_hostname_id}}", self._in_zone(self.edit)),
            web.delete(f"{_HOSTNAMES}/{{custom_hostname_id}}", self._in_zone(self.delete)),
        ]

    async def verify_token(self, request: web.Request) -> web.Response:
        valid = {"code": 10000, "message": "This API Token is valid and active"}
        return success({"id": self._grant(request).id, "status": "active"}, messages=[valid])

    async def list(self, request: web.Request) -> web.Response:
        hostnames, now = self._world.hostnames, self._world.clock.now()
        page, per_page = page_of(request.query)
        first = (page - 1) * per_page
        if needs_every_record(request.query):
            selected = select(hostnames.all(now), request.query, now)
            total, shown = len(selected), selected[first : first + per_page]
        else:
            total, shown = len(hostnames), hostnames.page(first, per_page, now)
        return success(
            [self._world.view(record) for record in shown], info=result_info(page, per_page, len(shown), total)
        )

    async def create(self, request: web.Request) -> web.Response:
        body = decode(await request.read())
        hostname = read_hostname(body)
        order = read_order(body, hostname, ssl_id=str(uuid.uuid4()), now=self._world.clock.now())
        record = self._world.create(hostname, order, read_extras(body))
        return success(self._world.view(record), status=201, messages=self._billing())

    async def get(self, request: web.Request) -> web.Response:
        return success(self._world.view(self._record(request)))

    async def edit(self, request: web.Request) -> web.Response:
        record = self._record(request)
        body = decode(await request.read())
        record = self._world.edit(record, read_edit(body), read_extras(body))
        return success(self._world.view(record), status=202)

    async def delete(self, request: web.Request) -> web.Response:
        """Cloudflare documents the bare id, without the envelope."""
        record = self._record(request)
        self._world.hostnames.remove(record)
        return as_json({"id": record.id})

    async def quota(self, _request: web.Request) -> web.Response:
        used = len(self._world.hostnames)
        return success(
            {
                "allocated": QUOTA_ALLOCATED,
                "used": used,
                "exceeded": used > QUOTA_ALLOCATED,
                "hard_cap": QUOTA_HARD_CAP,
            }
        )

    async def delegation_uuid(self, _request: web.Request) -> web.Response:
        return success({"uuid": self._world.delegation_uuid})

    async def get_fallback(self, _request: web.Request) -> web.Response:
        fallback = self._world.fallback
        if fallback is None:
            raise Refused(1551)
        return success(fallback.view(fallback.status(self._world.clock.now())))

    async def put_fallback(self, request: web.Request) -> web.Response:
        self._world.set_fallback(read_fallback_origin(decode(await request.read())))
        assert self._world.fallback is not None
        return success(self._world.fallback.view("initializing"))

    async def delete_fallback(self, _request: web.Request) -> web.Response:
        fallback = self._world.fallback
        if fallback is None:
            raise Refused(1551)
        self._world.set_fallback(None)
        return success(fallback.view("pending_deletion"))

    def _grant(self, request: web.Request) -> Grant:
        grant = self._world.grant(bearer(request))
        assert grant is not None, "the gate lets nobody else in"
        return grant

    def _record(self, request: web.Request) -> Hostname:
        record_id = request.match_info["custom_hostname_id"].lower()
        if not is_uuid(record_id):
            raise Refused(1435)
        record = self._world.hostnames.get(record_id, self._world.clock.now())
        if record is None:
            raise Refused(1436)
        return record

    def _billing(self) -> tuple[str, ...]:
        """In this family `messages` are plain strings."""
        if len(self._world.hostnames) <= QUOTA_ALLOCATED:
            return ()
        return (f"You have used all {QUOTA_ALLOCATED} custom hostnames of your allocation; further ones are billed.",)

    def _in_zone(self, handler: Handler) -> Handler:
        async def in_zone(request: web.Request) -> web.StreamResponse:
            zone_id = request.match_info["zone_id"]
            if not is_identifier(zone_id.lower()):
                raise Refused(7003, chain=[(7000, "No route for that URI")])
            if zone_id.lower() != self._world.settings.zone_id or self._grant(request) is not self._world.operator:
                raise Refused(9109)
            return await handler(request)

        return in_zone
