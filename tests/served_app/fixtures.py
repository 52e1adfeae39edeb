"""A real server on loopback and on a unix socket, over a real database file."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from prometheus_client import CollectorRegistry

from dcvd.api.app import Api
from dcvd.config import Config, Live, LoadedConfig, load
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.operators import OperatorRights, ProcessOwners
from dcvd.core.tokens.token import Role
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.http.app_services import AppServices
from dcvd.http.limits.admission_limits import (
    StreamSlots,
    build_check_limit,
    build_download_limit,
    build_sign_in_limit,
)
from dcvd.http.limits.failed_authentications import FailedAuthentications
from dcvd.http.limits.open_requests import OpenRequests
from dcvd.http.limits.rate_limits import RateLimiter
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.http.server.sockets import bind_tcp, bind_unix
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.metrics import Metrics
from dcvd.metrics.exposition import Exposition
from dcvd.oauth.openid import OpenIdClient
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.services import organizations
from dcvd.services.configuration import RunningConfiguration
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.domains.cloudflare_import import HostnameImporter
from dcvd.services.domains.kept_json import KeptDomains
from dcvd.services.events.feed import EventFeed
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.logos import LogoFetcher
from dcvd.services.readiness import Readiness
from dcvd.services.system.growth import DatabaseGrowth
from dcvd.services.system.overview import OverviewReader
from dcvd.services.tokens import minting
from dcvd.services.tokens.authentication import KeptCallers
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.watching import Watchers
from dcvd.services.zones.checks import ZoneChecker
from dcvd.store.engine.database import Database
from dcvd.store.organizations.organizations import Organization
from dcvd.web.entrance import PAGE_ENTRANCE
from tests.manual_clock import ManualClock
from tests.providing import access_of
from tests.served_app.client import Client
from tests.served_app.stand_ins import (
    NOW,
    QUIET_DAEMON,
    FakeLooker,
    FakeObserver,
    FakeProber,
    FakeTextReader,
    FakeZone,
)
from tests.unreliable_database import UnreliableDatabase

BODY_LIMIT = 4096

EventDict = MutableMapping[str, Any]
Mint = Callable[..., Awaitable[str]]


class _Loopback(AbstractResolver):
    """Leads every name to one port on loopback, so that paths and Host are exactly what a test writes."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing to release."""


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[EventDict]]:
    """What is logged; captured in every test, because rendering a traceback for nobody takes most of a second."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = tmp_path_factory.mktemp("config") / "dcvd.toml"
    path.write_text(
        f'[server]\nrequest_body_limit = "{BODY_LIMIT}B"\npublic_url = "https://dcv.example.net"\n'
        '[mail]\nhost = "mail.example.net"\nfrom_address = "alerts@example.net"\n'
    )
    environ = {
        "CLOUDFLARE_API_TOKEN": "t0ken",
        "CLOUDFLARE_ZONE_ID": "0123456789abcdef0123456789abcdef",
        "SAAS_CNAME_TARGET": "edge.example.net",
    }
    return load(path, environ).config


@pytest.fixture
async def context(config: Config, tmp_path: Path, clock: ManualClock, blank_database: Path) -> AsyncIterator[Context]:
    database = await UnreliableDatabase.open(Path(shutil.copy(blank_database, tmp_path)), readers=1)
    try:
        vault = Vault(VaultKey.generate(os.urandom))
        yield Context(database, Live(config), vault=vault, clock=clock, random_fraction=lambda: 0.0)
    finally:
        await database.close()


@pytest.fixture
def looker(context: Context) -> FakeLooker:
    return FakeLooker(context)


@pytest.fixture
def observer() -> FakeObserver:
    return FakeObserver()


@pytest.fixture
def prober(context: Context) -> FakeProber:
    return FakeProber(context)


@pytest.fixture
def feed(context: Context) -> EventFeed:
    return EventFeed(context)


@pytest.fixture
def last_use() -> TokenUsage:
    return TokenUsage()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture(scope="session")
def built_app(config: Config) -> Api:
    """The one application of all tests, because building its routes takes longer than most of them."""
    context = Context(cast(Database, None), Live(config))
    # What belongs to one test alone comes with `app`.
    loaded = LoadedConfig(config=context.config, path=Path("/none/dcvd.toml"), from_environment=(), warnings=())
    services = AppServices(
        importer=HostnameImporter(FakeZone()),
        configuration=RunningConfiguration(loaded, lambda: loaded),
        context=context,
        cloudflare=cast(CloudflareClient, None),
        callers=cast(KeptCallers, None),
        kept_domains=cast(KeptDomains, None),
        queue_positions=cast(QueuePositions, None),
        token_usage=TokenUsage(),
        open_requests=cast(OpenRequests, None),
        rate_limiter=cast(RateLimiter, None),
        failed_authentications=FailedAuthentications(context),
        checks=OnDemandChecks(context, FakeLooker(context)),
        operators=Live(OperatorRights()),
        metrics=Metrics(),
        exposition=Exposition(CollectorRegistry()),
        readiness=Readiness(),
        overview=cast(OverviewReader, None),
        feed=cast(EventFeed, None),
        watchers=cast(Watchers, None),
        hints=CloudflareNotificationHandler(context, Metrics()),
        diagnoser=Diagnoser(context, FakeObserver()),
        tester=FakeProber(context),
        find_own_fault=lambda endpoint_id: None,
        access=access_of(context),
        discovery=DomainConnectDiscovery(DnsObserver(config).zones, GuardedFetcher(EgressPolicy())),
        observer=DnsObserver(config),
        logos=LogoFetcher(GuardedFetcher(EgressPolicy())),
        zones=ZoneChecker(context, FakeTextReader()),
        openid=cast(OpenIdClient, None),
    )
    api = Api(services, PAGE_ENTRANCE)
    api.load_pages()
    return api


@pytest.fixture
def text_reader() -> FakeTextReader:
    return FakeTextReader()


@pytest.fixture
def saas_zone() -> FakeZone:
    return FakeZone(CloudflareHostname(id="cf-1", hostname="x.customer.com", status="active", ssl_status="active"))


@pytest.fixture
def app(
    built_app: Api,
    context: Context,
    last_use: TokenUsage,
    looker: FakeLooker,
    registry: CollectorRegistry,
    feed: EventFeed,
    prober: FakeProber,
    observer: FakeObserver,
    text_reader: FakeTextReader,
    saas_zone: FakeZone,
) -> Api:
    parts = built_app.services
    parts.importer = HostnameImporter(saas_zone, heartbeat_s=0.01)
    parts.zones = ZoneChecker(context, text_reader)
    parts.feed, parts.tester = feed, prober
    parts.watchers = Watchers(context)
    parts.find_own_fault = lambda endpoint_id: None
    parts.hints, parts.diagnoser = CloudflareNotificationHandler(context, Metrics()), Diagnoser(context, observer)
    parts.context, parts.token_usage, parts.metrics = context, last_use, Metrics()
    parts.exposition = Exposition(registry)
    parts.callers, parts.kept_domains = KeptCallers(context), KeptDomains(context)
    parts.queue_positions = QueuePositions(context)
    parts.open_requests = OpenRequests(context)
    parts.rate_limiter = RateLimiter(context)
    parts.failed_authentications = FailedAuthentications(context)
    parts.checks, parts.sync_limit = OnDemandChecks(context, looker), build_check_limit("work_syncs")
    parts.sign_in_limit = build_sign_in_limit()
    parts.download_limit = build_download_limit()
    parts.stream_slots, parts.readiness = StreamSlots(), Readiness(max_age_s=0.0)
    parts.overview = OverviewReader(context, parts.readiness, QUIET_DAEMON, DatabaseGrowth())
    parts.access = access_of(context)
    parts.logos = LogoFetcher(GuardedFetcher(EgressPolicy()))
    parts.operators = Live(OperatorRights(operators=ProcessOwners(uids=frozenset({os.getuid()}))))
    return built_app


@pytest.fixture
async def addresses(app: Api, tmp_path: Path) -> AsyncIterator[tuple[int, Path]]:
    """The TCP port and the socket file at which the server listens."""
    tcp, path = bind_tcp("127.0.0.1:0"), tmp_path / "s"
    port = tcp.getsockname()[1]
    server = HttpServer(app, sockets=[tcp, bind_unix(path)])
    serving = asyncio.create_task(server.serve(), name="http")
    try:
        async with asyncio.timeout(10):
            await server.listening_event.wait()
        yield port, path
    finally:
        await server.stop(timeout_s=1)
        await serving


@pytest.fixture
async def anybody(addresses: tuple[int, Path]) -> AsyncIterator[Client]:
    """A caller over TCP without a token."""
    connector = aiohttp.TCPConnector(resolver=_Loopback(addresses[0]), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session)


@pytest.fixture
async def operator(addresses: tuple[int, Path]) -> AsyncIterator[Client]:
    """A caller over the unix socket, with the uid of this process."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(addresses[1]))) as session:
        yield Client(session)


@pytest.fixture
def mint(context: Context, organization: Organization) -> Mint:
    """Mints a token for the organization and gives its plain text."""

    async def mint_token(role: Role = Role.OWNER, expires_at: int | None = None, org_id: str | None = None) -> str:
        minted = await minting.create(
            context, org_id or organization.id, name=f"a {role}", role=role, expires_at=expires_at
        )
        return minted.plaintext.reveal()

    return mint_token


@pytest.fixture
async def owner(anybody: Client, mint: Mint) -> Client:
    return anybody.as_bearer(await mint(Role.OWNER))


@pytest.fixture
async def admin(anybody: Client, mint: Mint) -> Client:
    return anybody.as_bearer(await mint(Role.ADMIN))


@pytest.fixture
async def member(anybody: Client, mint: Mint) -> Client:
    return anybody.as_bearer(await mint(Role.MEMBER))


@pytest.fixture
async def stranger(anybody: Client, mint: Mint, context: Context) -> Client:
    """The owner of another organization."""
    other = await organizations.create(context, "others")
    return anybody.as_bearer(await mint(Role.OWNER, org_id=other.id))
