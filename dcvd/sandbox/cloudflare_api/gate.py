"""Check every request (Host header, faults, bearer token), and put every answer into Cloudflare's envelope."""

import asyncio
import socket
import struct
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from dcvd.core.addresses import is_loopback
from dcvd.sandbox.customers.tokens import IssuedToken
from dcvd.sandbox.faults import ApiFault
from dcvd.sandbox.http.envelope import (
    CloudflareErrorResponse,
    failure_response,
    json_response,
    no_route_error,
    refusal_response,
)
from dcvd.sandbox.world import World

log = structlog.get_logger(__name__)

API_PREFIX: Final = "/client/v4"
ISSUED_TOKEN: Final = web.RequestKey("issued_token", IssuedToken)
"""What the token of a request permits, once the request has passed the gate."""


@web.middleware
async def require_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a Host header that does not name this machine: a web page may be trying DNS rebinding."""
    if not _is_loopback_authority(request.headers.get("Host", "")):
        message = "The Host header does not name this machine; call the sandbox at 127.0.0.1 or localhost."
        return json_response({"error": message}, 421)
    return await handler(request)


class CloudflareGate:
    """The middlewares of the Cloudflare API; `shutdown` ends the calls that a `timeout` fault holds back."""

    def __init__(self, world: World, shutdown: asyncio.Event) -> None:
        self._world = world
        self._shutdown = shutdown

    @property
    def middlewares(self) -> list[Middleware]:
        """The middlewares, the outermost first."""
        return [self.count_and_fail, self._limit, self._envelope, self._authenticate]

    @web.middleware
    async def count_and_fail(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count the request and apply a matching fault; paths are matched without /client/v4."""
        path = request.path.removeprefix(API_PREFIX)
        self._world.requests[f"{request.method} {_path_template(request)}"] += 1
        fault = self._world.faults.take_api_fault(request.method, path)
        if fault is None:
            return await handler(request)
        return await self._apply(fault, request, handler)

    async def _apply(self, fault: ApiFault, request: web.Request, handler: Handler) -> web.StreamResponse:
        match fault.kind:
            case "status":
                response = failure_response(fault.status, 10001, "A fault of the sandbox makes this request fail.")
                response.headers.update({**self._world.rate.build_headers(), **fault.headers})
                return response
            case "timeout":
                await self._shutdown.wait()
                return _reset_connection(request)
            case "refuse":
                return _reset_connection(request)
            case "lost_answer":
                await handler(request)
                return _reset_connection(request)

    @web.middleware
    async def _limit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        rate = self._world.rate
        is_admitted = rate.admit()
        response = (
            await handler(request) if is_admitted else failure_response(429, 10429, "Rate limit reached. Please wait.")
        )
        response.headers.update(rate.build_headers(is_refusal=not is_admitted))
        return response

    @web.middleware
    async def _envelope(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except CloudflareErrorResponse as refusal:
            response = refusal_response(refusal)
        except web.HTTPMethodNotAllowed as error:
            response = refusal_response(CloudflareErrorResponse(10405))
            response.headers["Allow"] = error.headers["Allow"]
        except web.HTTPNotFound:
            response = refusal_response(no_route_error())
        except web.HTTPException as error:
            response = failure_response(error.status, 6003, error.reason)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            log.exception("sandbox.call_failed", method=request.method, path=request.path)
            response = refusal_response(CloudflareErrorResponse(1500))
        return response

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        header = request.headers.get("Authorization")
        if header is None:
            raise CloudflareErrorResponse(1403)
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise CloudflareErrorResponse(6003, chain=[(6111, "Invalid format for Authorization header")])
        issued = self._world.find_token(token.strip())
        is_verification = request.path == f"{API_PREFIX}/user/tokens/verify"
        if issued is None or (is_verification and not issued.is_verifiable):
            raise CloudflareErrorResponse(1000 if is_verification else 10000)
        request[ISSUED_TOKEN] = issued
        return await handler(request)


def read_identifier(request: web.Request, member: str) -> str:
    """Return the id of a zone or a DNS record in the path. Raises CloudflareErrorResponse 7003 for any other text."""
    text = request.match_info[member].lower()
    if len(text) != 32 or not set(text) <= set("0123456789abcdef"):
        raise no_route_error()
    return text


def _path_template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "(no route)" if resource is None else resource.canonical.removeprefix(API_PREFIX)


def _reset_connection(request: web.Request) -> web.Response:
    """Break the connection with RST, so that the client sees a reset and never a clean end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


def _is_loopback_authority(authority: str) -> bool:
    try:
        host = URL(f"http://{authority}").host
    except ValueError:
        return False
    return host is not None and is_loopback(host)
