"""Run one sandbox: an HTTP server with all its APIs, the nameserver, and the edge."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import structlog
from aiohttp import web

from dcvd.errors import DcvdError
from dcvd.sandbox.cloudflare_api.customers import CustomerApi
from dcvd.sandbox.cloudflare_api.gate import API_PREFIX, CloudflareGate, require_loopback
from dcvd.sandbox.cloudflare_api.hostnames import CloudflareApi
from dcvd.sandbox.consent.api import PREFIX as CONSENT_PREFIX
from dcvd.sandbox.consent.api import ConsentApi
from dcvd.sandbox.control.api import ControlApi, handle_errors
from dcvd.sandbox.edge.server import EdgeServer
from dcvd.sandbox.nameserver.records import DEFAULT_TTL
from dcvd.sandbox.nameserver.server import Nameserver
from dcvd.sandbox.settings import SandboxSettings, validate_settings
from dcvd.sandbox.world import World

log = structlog.get_logger(__name__)

_CONTROL_PREFIX: Final = "/sandbox"
_SHUTDOWN_TIMEOUT_S: Final = 0.5
"""Seconds that a call in flight may still take when the sandbox stops."""


class Sandbox:
    """A sandbox; `api_url`, `control_url`, `dns_address` and `edge_address` are known once it has started."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Raises InvalidInput for settings that cannot be used."""
        validate_settings(settings)
        self.settings = settings
        self.world = World(settings)
        self._nameserver = Nameserver(self.world.zone, self.world.faults)
        self._edge = EdgeServer(self.world.find_edge_state)
        self._shutdown = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._api_port = settings.api_port
        self._dns_port = settings.dns_port
        self._edge_port = settings.edge_port

    @property
    def api_url(self) -> str:
        return f"http://{_format_address(self.settings.api_host, self._api_port)}{API_PREFIX}"

    @property
    def control_url(self) -> str:
        return f"http://{_format_address(self.settings.api_host, self._api_port)}{_CONTROL_PREFIX}"

    @property
    def oauth_url(self) -> str:
        """The prefix of the authorization server's paths: `/auth`, `/token` and `/revoke`."""
        return f"http://{_format_address(self.settings.api_host, self._api_port)}{CONSENT_PREFIX}"

    @property
    def dns_address(self) -> str:
        return _format_address(self.settings.dns_host, self._dns_port)

    @property
    def edge_address(self) -> str:
        return _format_address(self.settings.edge_host, self._edge_port)

    @property
    def edge_ca(self) -> bytes:
        """The certificate, in PEM, of the authority that signs the edge's; config/sandbox-edge-ca.pem trusts it too."""
        return self._edge.build_root()

    async def start(self) -> None:
        """Start all servers. Raises DcvdError with the code `port_taken` if a port is not free."""
        self._dns_port = await self._nameserver.start(self.settings.dns_host, self.settings.dns_port)
        try:
            self._edge_port = await self._edge.start(self.settings.edge_host, self.settings.edge_port)
        except DcvdError:
            await self.stop()
            raise
        self._shutdown.clear()
        self._runner = web.AppRunner(
            self._build_application(),
            handle_signals=False,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
            handler_cancellation=True,
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self.settings.api_host, self.settings.api_port).start()
        except OSError as error:
            await self.stop()
            raise DcvdError(
                f"The sandbox cannot serve its API on {self.settings.api_host} port {self.settings.api_port}: "
                f"{error.strerror or error}; stop what uses it or choose another with --api.",
                code="port_taken",
            ) from error
        self._api_port = self._runner.addresses[0][1]
        log.info("sandbox.started", api=self.api_url, dns=self.dns_address, edge=self.edge_address)

    async def stop(self) -> None:
        """End the calls in flight and free the ports; a second call does nothing."""
        self._shutdown.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._edge.stop()
        await self._nameserver.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def set_dns(self, name: str, rdtype: str, values: Sequence[str], ttl: int = DEFAULT_TTL) -> None:
        """Replace the records of that name and type, values in presentation form. Raises InvalidInput."""
        self.world.set_dns(name, rdtype, values, ttl)

    def delete_dns(self, name: str, rdtype: str) -> None:
        """Remove the records of that name and type. Raises InvalidInput, and NotFound if there are none."""
        self.world.delete_dns(name, rdtype)

    def _build_application(self) -> web.Application:
        gate = CloudflareGate(self.world, self._shutdown)
        api = web.Application(middlewares=gate.middlewares)
        api.add_routes([*CloudflareApi(self.world).routes(), *CustomerApi(self.world).routes()])
        consent = web.Application(middlewares=[gate.count_and_fail])
        consent.add_routes(ConsentApi(self.world.consents, self.settings).routes())
        control = web.Application(middlewares=[handle_errors])
        control.add_routes(ControlApi(self.world, self._nameserver, self._edge).routes())
        application = web.Application(middlewares=[require_loopback])
        application.add_subapp(API_PREFIX, api)
        application.add_subapp(_CONTROL_PREFIX, control)
        application.add_subapp(CONSENT_PREFIX, consent)
        return application


def _format_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
