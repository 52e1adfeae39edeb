"""Serve the control API, below /sandbox.

It controls DNS records, the clock, forced states, the edge, deletions, renewals, refusals, faults, customers' zones
and tokens, and shows the whole state. It asks for no password, so a web page in a browser must not reach it: a request
with an Origin header is refused.
"""

from typing import Annotated, cast, get_args

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from dcvd.core.durations import parse_duration
from dcvd.core.instants import format_instant, from_rfc3339, to_rfc3339
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.sandbox.consent.requests import PERMISSIONS
from dcvd.sandbox.control.fault_requests import FaultRequest, fault_view, read_fault
from dcvd.sandbox.control.guide import format_guide
from dcvd.sandbox.customers.model import ZoneStatus, ZoneType
from dcvd.sandbox.customers.tokens import Permission
from dcvd.sandbox.customers.views import token_view, zone_view
from dcvd.sandbox.edge.server import EdgeServer
from dcvd.sandbox.edge.states import EdgeState
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.model import CustomHostname
from dcvd.sandbox.hostnames.statuses import Authority, HostnameStatus, SslStatus
from dcvd.sandbox.http.decoding import choice_error, decode, error_text
from dcvd.sandbox.http.envelope import json_response
from dcvd.sandbox.nameserver.records import DEFAULT_TTL
from dcvd.sandbox.nameserver.server import Nameserver
from dcvd.sandbox.settings import Plan
from dcvd.sandbox.world import QUOTA_HARD_CAP, World


class _RecordsRequest(msgspec.Struct, forbid_unknown_fields=True):
    values: list[str]
    ttl: int = DEFAULT_TTL


class _ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    advance: str


class _RenewalRequest(msgspec.Struct, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=3650)] = 90


class _ForceRequest(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    status: HostnameStatus | UnsetType | None = UNSET
    ssl_status: SslStatus | UnsetType | None = UNSET
    expires_on: str | UnsetType | None = UNSET
    validation_errors: tuple[str, ...] | UnsetType | None = UNSET
    is_sticky: bool | UnsetType = msgspec.field(name="sticky", default=UNSET)


class _RefusalRequest(msgspec.Struct, forbid_unknown_fields=True):
    refuses: Annotated[str, Meta(min_length=1)]
    hostname: str | None = None


class _PlanRequest(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    plan: Plan = "enterprise"
    hard_cap: Annotated[int, Meta(ge=0)] = QUOTA_HARD_CAP


class _EdgeRequest(msgspec.Struct, forbid_unknown_fields=True):
    state: EdgeState


class _ZoneRequest(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    account: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    status: ZoneStatus = "active"
    type: ZoneType = "full"


class _TokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    zones: Annotated[list[str], Meta(min_length=1)]
    permissions: list[Permission] = msgspec.field(default_factory=lambda: list(PERMISSIONS))


class ControlApi:
    """Handlers for the state of one sandbox."""

    def __init__(self, world: World, nameserver: Nameserver, edge: EdgeServer) -> None:
        self._world = world
        self._edge = edge
        self._nameserver = nameserver

    def routes(self) -> list[web.RouteDef]:
        return [
            web.put("/dns/{name}/{type}", self.put_dns),
            web.delete("/dns/{name}/{type}", self.delete_dns),
            web.post("/clock", self.advance_clock),
            web.patch("/hostnames/{hostname}", self.force_hostname),
            web.post("/hostnames/{hostname}/renew", self.renew_hostname),
            web.delete("/hostnames/{hostname}", self.delete_hostname),
            web.put("/authorities/{authority}", self.add_refusal),
            web.delete("/authorities/{authority}", self.remove_refusals),
            web.post("/faults", self.add_fault),
            web.delete("/faults", self.clear_faults),
            web.delete("/faults/{id}", self.delete_fault),
            web.put("/plan", self.set_plan),
            web.put("/edge/{hostname}", self.force_edge),
            web.delete("/edge/{hostname}", self.release_edge),
            web.post("/zones", self.create_zone),
            web.delete("/zones/{name}", self.delete_zone),
            web.post("/tokens", self.create_token),
            web.delete("/tokens/{id}", self.revoke_token),
            web.get("/state", self.show_state, allow_head=False),
            web.get("", self.show_guide, allow_head=False),
        ]

    async def show_guide(self, _request: web.Request) -> web.Response:
        return web.Response(text=f"{format_guide()}\n")

    async def put_dns(self, request: web.Request) -> web.Response:
        name, rdtype = request.match_info["name"], request.match_info["type"]
        records = decode(await request.read(), _RecordsRequest)
        self._world.set_dns(name, rdtype, records.values, records.ttl)
        return json_response({"name": name, "type": rdtype.upper(), "values": records.values, "ttl": records.ttl})

    async def delete_dns(self, request: web.Request) -> web.Response:
        self._world.delete_dns(request.match_info["name"], request.match_info["type"])
        return web.Response(status=204)

    async def advance_clock(self, request: web.Request) -> web.Response:
        text = decode(await request.read(), _ClockRequest).advance
        try:
            now = self._world.clock.advance(parse_duration(text))
        except ValueError as error:
            raise InvalidInput("advance", f"advance {text!r} cannot be done: {error_text(error)}.") from error
        return json_response({"now": to_rfc3339(now)})

    async def force_hostname(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), _ForceRequest)
        change = ForcedStateChange(**(asdict(body) | {"expires_on": _parse_instant(body.expires_on)}))
        return self._hostname_response(self._world.force(request.match_info["hostname"], change))

    async def renew_hostname(self, request: web.Request) -> web.Response:
        raw = await request.read()
        days = decode(raw or b"{}", _RenewalRequest).days
        return self._hostname_response(self._world.renew(request.match_info["hostname"], days))

    async def delete_hostname(self, request: web.Request) -> web.Response:
        self._world.delete(request.match_info["hostname"])
        return web.Response(status=204)

    async def add_refusal(self, request: web.Request) -> web.Response:
        authority = _parse_authority(request.match_info["authority"])
        body = decode(await request.read(), _RefusalRequest)
        hostname = None if body.hostname is None else body.hostname.lower().removesuffix(".")
        self._world.add_refusal(authority, body.refuses, hostname)
        return json_response({"authority": authority, "hostname": hostname, "refuses": body.refuses})

    async def remove_refusals(self, request: web.Request) -> web.Response:
        self._world.remove_refusals(_parse_authority(request.match_info["authority"]))
        return web.Response(status=204)

    async def add_fault(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), FaultRequest)
        fault = read_fault(body, self._world.faults.new_id())
        self._world.faults.add(fault, body.times)
        return json_response(fault_view(fault, body.times), 201)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._world.faults.clear()
        return web.Response(status=204)

    async def delete_fault(self, request: web.Request) -> web.Response:
        fault_id = request.match_info["id"]
        if not self._world.faults.remove(fault_id):
            raise NotFound(f"There is no fault {fault_id}; it may have been used up.")
        return web.Response(status=204)

    async def set_plan(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), _PlanRequest)
        self._world.plan = body.plan
        self._world.hard_cap = body.hard_cap
        return json_response({"plan": body.plan, "hardCap": body.hard_cap})

    async def force_edge(self, request: web.Request) -> web.Response:
        hostname, state = request.match_info["hostname"], decode(await request.read(), _EdgeRequest).state
        self._world.force_edge_state(hostname, state)
        return json_response({"hostname": hostname, "state": state.value})

    async def release_edge(self, request: web.Request) -> web.Response:
        self._world.force_edge_state(request.match_info["hostname"], None)
        return web.Response(status=204)

    async def create_zone(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), _ZoneRequest)
        account = body.account or self._world.settings.customer
        zone = self._world.customers.create(body.name, account, body.status, body.type)
        return json_response(zone_view(zone), 201)

    async def delete_zone(self, request: web.Request) -> web.Response:
        self._world.customers.remove(request.match_info["name"])
        return web.Response(status=204)

    async def create_token(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), _TokenRequest)
        zones = [self._world.customers.get_by_name(name) for name in body.zones]
        token, issued = self._world.tokens.issue(body.permissions, zones=[zone.id for zone in zones])
        return json_response({"id": issued.id, "token": token}, 201)

    async def revoke_token(self, request: web.Request) -> web.Response:
        token_id = request.match_info["id"]
        if not self._world.tokens.revoke(token_id):
            raise NotFound(f"There is no token {token_id}; it may have been revoked.")
        return web.Response(status=204)

    async def show_state(self, _request: web.Request) -> web.Response:
        world, now = self._world, self._world.clock.now()
        return json_response(
            {
                "now": to_rfc3339(now),
                "zoneId": world.settings.zone_id,
                "target": world.settings.target,
                "fallbackOrigin": world.fallback and world.fallback.to_json(world.fallback.status(now)),
                "hostnames": [self._hostname_state(record) for record in world.hostnames.list_all(now)],
                "dns": [
                    {
                        "name": name.to_text(omit_final_dot=True),
                        "type": rdataset.rdtype.name,
                        "values": [rdata.to_text() for rdata in rdataset],
                        "ttl": rdataset.ttl,
                    }
                    for name, rdataset in world.zone.records()
                ],
                "zones": [zone_view(zone) for zone in world.customers.all()],
                "tokens": [token_view(token, world.customers.all()) for token in world.tokens.all()],
                "edge": dict(sorted(world.forced_edge_states.items())),
                "refusals": world.list_refusals(),
                "faults": [fault_view(fault, left) for fault, left in world.faults.all()],
                "requests": dict(sorted(world.requests.items())),
                "edgeHandshakes": dict(sorted(self._edge.handshakes.items())),
                "dnsQueries": dict(sorted(self._nameserver.queries.items())),
            }
        )

    def _hostname_response(self, record: CustomHostname) -> web.Response:
        return json_response({"hostname": self._hostname_state(record)})

    def _hostname_state(self, record: CustomHostname) -> dict[str, object]:
        forced = record.forced_state
        return {
            **self._world.hostname_view(record),
            "forced": {
                "status": forced.status,
                "sslStatus": forced.ssl_status,
                "expiresOn": format_instant(forced.expires_on),
                "validationErrors": forced.validation_errors,
                "sticky": forced.is_sticky,
            },
        }


@web.middleware
async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure with `{"error": sentence}`, and refuse requests of web pages."""
    if "Origin" in request.headers:
        return _error_response(
            403, "A request with an Origin header comes from a web page; the control API serves none."
        )
    try:
        return await handler(request)
    except InvalidInput as error:
        return _error_response(400, error.message)
    except NotFound as error:
        return _error_response(404, error.message)
    except Conflict as error:
        return _error_response(409, error.message)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        response = _error_response(405, f"{request.method} is not allowed here; use {allowed}.")
        response.headers["Allow"] = allowed
        return response
    except web.HTTPException as error:
        return _error_response(error.status, f"{request.method} {request.path}: {error.reason}.")


def _error_response(status: int, sentence: str) -> web.Response:
    return json_response({"error": sentence}, status)


def _parse_authority(text: str) -> Authority:
    if text not in get_args(Authority):
        raise choice_error("authority", text, get_args(Authority))
    return cast(Authority, text)


def _parse_instant(value: str | UnsetType | None) -> int | UnsetType | None:
    if not isinstance(value, str):
        return value
    try:
        return from_rfc3339(value)
    except ValueError as error:
        raise InvalidInput("expiresOn", f"expiresOn: {error_text(error)}.") from error
