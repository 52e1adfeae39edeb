"""Serve Cloudflare's API for custom hostnames and for verifying a token, below /client/v4."""

import uuid
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from dcvd.sandbox.cloudflare_api.gate import ISSUED_TOKEN, read_identifier
from dcvd.sandbox.hostnames.bodies import (
    Body,
    decode,
    read_edit,
    read_extras,
    read_fallback_origin,
    read_hostname,
    read_order,
)
from dcvd.sandbox.hostnames.listing import is_uuid, needs_every_record, read_page, result_info, select_hostnames
from dcvd.sandbox.hostnames.model import CustomHostname
from dcvd.sandbox.http.envelope import CloudflareErrorResponse, json_response, success_response
from dcvd.sandbox.world import QUOTA_ALLOCATED, World

_ZONE_PATH: Final = "/zones/{zone_id}"
_HOSTNAMES_PATH: Final = f"{_ZONE_PATH}/custom_hostnames"
_HOSTNAME_PATH: Final = f"{_HOSTNAMES_PATH}/{{custom_hostname_id}}"
_FALLBACK_PATH: Final = f"{_HOSTNAMES_PATH}/fallback_origin"


class CloudflareApi:
    """Handlers for the state of one sandbox; `gate.py` has refused every request without a valid token."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        in_zone = self._require_zone
        return [
            web.get("/user/tokens/verify", self.verify_token, allow_head=False),
            web.get(f"{_ZONE_PATH}/dcv_delegation/uuid", in_zone(self.get_delegation_uuid), allow_head=False),
            web.get(_FALLBACK_PATH, in_zone(self.get_fallback), allow_head=False),
            web.put(_FALLBACK_PATH, in_zone(self.put_fallback)),
            web.delete(_FALLBACK_PATH, in_zone(self.delete_fallback)),
            web.get(f"{_HOSTNAMES_PATH}/quota", in_zone(self.get_quota), allow_head=False),
            web.get(_HOSTNAMES_PATH, in_zone(self.list_hostnames), allow_head=False),
            web.post(_HOSTNAMES_PATH, in_zone(self.create_hostname)),
            web.get(_HOSTNAME_PATH, in_zone(self.get_hostname), allow_head=False),
            web.patch(_HOSTNAME_PATH, in_zone(self.edit_hostname)),
            web.delete(_HOSTNAME_PATH, in_zone(self.delete_hostname)),
        ]

    async def verify_token(self, request: web.Request) -> web.Response:
        valid = {"code": 10000, "message": "This API Token is valid and active"}
        return success_response({"id": request[ISSUED_TOKEN].id, "status": "active"}, messages=[valid])

    async def list_hostnames(self, request: web.Request) -> web.Response:
        hostnames, now = self._world.hostnames, self._world.clock.now()
        page, per_page = read_page(request.query)
        first = (page - 1) * per_page
        if needs_every_record(request.query):
            selected = select_hostnames(hostnames.list_all(now), request.query, now)
            total, records = len(selected), selected[first : first + per_page]
        else:
            total, records = len(hostnames), hostnames.page(first, per_page, now)
        return success_response(
            [self._world.hostname_view(record) for record in records],
            info=result_info(page, per_page, len(records), total),
        )

    async def create_hostname(self, request: web.Request) -> web.Response:
        body = decode(await request.read())
        hostname = read_hostname(body)
        self._refuse_beyond_plan(body)
        order = read_order(body, hostname, ssl_id=str(uuid.uuid4()), now=self._world.clock.now())
        record = self._world.create(hostname, order, read_extras(body))
        return success_response(self._world.hostname_view(record), status=201, messages=self._billing_messages())

    async def get_hostname(self, request: web.Request) -> web.Response:
        return success_response(self._world.hostname_view(self._find_hostname(request)))

    async def edit_hostname(self, request: web.Request) -> web.Response:
        record = self._find_hostname(request)
        body = decode(await request.read())
        self._refuse_beyond_plan(body)
        record = self._world.edit(record, read_edit(body), read_extras(body))
        return success_response(self._world.hostname_view(record), status=202)

    async def delete_hostname(self, request: web.Request) -> web.Response:
        """Delete a hostname; the answer is the bare id without the envelope, as Cloudflare documents it."""
        record = self._find_hostname(request)
        self._world.hostnames.remove(record)
        return json_response({"id": record.id})

    async def get_quota(self, _request: web.Request) -> web.Response:
        used = len(self._world.hostnames)
        return success_response(
            {
                "allocated": QUOTA_ALLOCATED,
                "used": used,
                "exceeded": used > QUOTA_ALLOCATED,
                "hard_cap": self._world.hard_cap,
            }
        )

    async def get_delegation_uuid(self, _request: web.Request) -> web.Response:
        return success_response({"uuid": self._world.delegation_uuid})

    async def get_fallback(self, _request: web.Request) -> web.Response:
        fallback = self._world.fallback
        if fallback is None:
            raise CloudflareErrorResponse(1551)
        return success_response(fallback.to_json(fallback.status(self._world.clock.now())))

    async def put_fallback(self, request: web.Request) -> web.Response:
        self._world.set_fallback(read_fallback_origin(decode(await request.read())))
        assert self._world.fallback is not None
        return success_response(self._world.fallback.to_json("initializing"))

    async def delete_fallback(self, _request: web.Request) -> web.Response:
        fallback = self._world.fallback
        if fallback is None:
            raise CloudflareErrorResponse(1551)
        self._world.set_fallback(None)
        return success_response(fallback.to_json("pending_deletion"))

    def _find_hostname(self, request: web.Request) -> CustomHostname:
        record_id = request.match_info["custom_hostname_id"].lower()
        if not is_uuid(record_id):
            raise CloudflareErrorResponse(1435)
        record = self._world.hostnames.get(record_id, self._world.clock.now())
        if record is None:
            raise CloudflareErrorResponse(1436)
        return record

    def _refuse_beyond_plan(self, body: Body) -> None:
        """Raise CloudflareErrorResponse 1413, 1414, 1459 or 1460 for what only Enterprise plans have."""
        ssl = body.get("ssl")
        if self._world.plan == "enterprise":
            return
        if "custom_metadata" in body:
            raise CloudflareErrorResponse(1413)
        if not {"custom_origin_server", "custom_origin_sni"}.isdisjoint(body):
            raise CloudflareErrorResponse(1414)
        if not isinstance(ssl, dict):
            return
        if ssl.get("certificate_authority"):
            raise CloudflareErrorResponse(1459)
        if ssl.get("wildcard") is True:
            raise CloudflareErrorResponse(1460)

    def _billing_messages(self) -> tuple[str, ...]:
        """Return the warning about the bill, if any; `messages` about custom hostnames are strings, not objects."""
        if len(self._world.hostnames) <= QUOTA_ALLOCATED:
            return ()
        return (f"You have used all {QUOTA_ALLOCATED} custom hostnames of your allocation; further ones are billed.",)

    def _require_zone(self, handler: Handler) -> Handler:
        """Wrap a handler, so that it gets only requests with the operator's token for the sandbox's own zone."""

        async def handle_in_zone(request: web.Request) -> web.StreamResponse:
            is_own_zone = read_identifier(request, "zone_id") == self._world.settings.zone_id
            if not is_own_zone or request[ISSUED_TOKEN] is not self._world.operator_token:
                raise CloudflareErrorResponse(9109)
            return await handler(request)

        return handle_in_zone
