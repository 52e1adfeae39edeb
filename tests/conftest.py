"""What every part's tests share: a real database file, a context with a clock that stands still, and a guard that
explains every statement that any test runs, and holds every event to its schema."""

import gc
import logging
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace

from dcvd.config import CloudflareConfig, Config, Live, SocketAddress, parse_address
from dcvd.config import DnsConfig as DnsConfig
from dcvd.config.sections import DomainsConfig, WebhooksConfig
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.pragmas import prepare_writer
from dcvd.store.engine.transactions import Parameters, Snapshot
from dcvd.store.organizations.organizations import Organization
from tests.free_ports import find_free_port
from tests.manual_clock import ManualClock
from tests.plans import Plans
from tests.stored_events import StoredEvents
from tests.unreliable_database import UnreliableDatabase

pytest_plugins = [
    "tests.compiling",
    "tests.examples",
    "tests.exporters",
    "tests.leaks",
    "tests.jobs.working",
    "tests.sampled",
    "tests.system_names",
]

VAULT = Vault(VaultKey(bytes(32)))
_PLANS = Plans()
_EVENTS = StoredEvents()


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the garbage collector need not go through all of it again and again.

    It took a twentieth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


structlog.configure(
    # Its own choice draws a frame with the values of all variables around each traceback, for a tenth of a second.
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


_LOGGERS = [logging.getLogger(name) for name in (None, "aiosqlite", "uvicorn")]
_LOGGING = structlog.get_config(), [logger.level for logger in _LOGGERS]


@pytest.fixture(autouse=True)
def _logging_is_put_back() -> Iterator[None]:
    """Commands that run in the test's own process, or in that of a fixture before it, set it up for their own."""
    _put_logging_back()
    yield
    _put_logging_back()


def _put_logging_back() -> None:
    config, levels = _LOGGING
    structlog.configure(**config)
    for logger, level in zip(_LOGGERS, levels, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = [handler for handler in logger.handlers if not type(handler).__module__.startswith("dcvd")]
    logging.getLogger("uvicorn.error").filters.clear()
    logging.captureWarnings(capture=False)


@pytest.fixture(autouse=True)
def _no_statement_scans_a_table_that_grows_and_every_event_is_as_its_schema_says() -> Iterator[None]:
    Snapshot.statement_hook = _note
    yield
    Snapshot.statement_hook = None
    _PLANS.check()
    _EVENTS.check()


def _note(sql: str, rows: Sequence[Parameters]) -> None:
    _PLANS.note(sql)
    _EVENTS.note(sql, rows)


@pytest.fixture
def config() -> Config:
    """As for the sandbox: reserved names allowed, plain http to loopback."""
    return Config(
        cloudflare=CloudflareConfig(
            base_url="http://127.0.0.1:9/client/v4",
            api_token=Secret("sandbox-token"),
            zone_id="5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c",
            cname_target="edge.sandbox.test",
            certificates_per_minute=0,
            requests_per_5m=0,
        ),
        dns=DnsConfig(resolvers=(SocketAddress("127.0.0.1", 9),), authoritative=False),
        domains=DomainsConfig(allow_reserved_tlds=("test",)),
        webhooks=WebhooksConfig(allow_http=True, allow_private=(IPv4Network("127.0.0.0/8"),)),
    )


@pytest.fixture
def clock() -> ManualClock:
    """Stands at 2027-01-15T08:00:00Z until a test moves it."""
    return ManualClock(1_800_000_000_000)


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema and nothing else, as a start leaves it: to copy it takes a fifth of making it anew."""
    path = tmp_path_factory.mktemp("blank") / "dcvd.db"
    connection = sqlite3.connect(path, isolation_level=None)
    prepare_writer(connection)
    migrate(connection)
    connection.close()
    return path


@pytest.fixture
async def database(tmp_path: Path, blank_database: Path) -> AsyncIterator[UnreliableDatabase]:
    """A new database file; reliable until a test has it otherwise."""
    opened = await UnreliableDatabase.open(Path(shutil.copy(blank_database, tmp_path)))
    yield opened
    await opened.close()


@pytest.fixture
def context(database: Database, config: Config, clock: ManualClock) -> Context:
    """A context whose jitter is none."""
    source = random.Random(7)
    return Context(
        database, Live(config), vault=VAULT, clock=clock, random_bytes=source.randbytes, random_fraction=lambda: 0.0
    )


@pytest.fixture
async def organization(context: Context) -> Organization:
    """A tenant."""
    return await organizations.create(context, "Acme")


@pytest.fixture
async def rival(context: Context) -> Organization:
    """Another tenant, hostile by assumption."""
    return await organizations.create(context, "Rival")


@pytest.fixture
def org(organization: Organization) -> str:
    """The tenant's id."""
    return organization.id


@pytest.fixture
def rival_org(rival: Organization) -> str:
    """The other tenant's id."""
    return rival.id


@pytest.fixture
def schema() -> Iterator[sqlite3.Connection]:
    """A bare connection with the newest schema, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    yield connection
    connection.close()


@pytest.fixture
async def quick_sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox whose hostnames take 60 ms from a right CNAME to active."""
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.02)) as running:
        yield running


@pytest.fixture
def cloudflare_timeout() -> int:
    """Milliseconds for a call of the sandbox's API; a test of a call that gets no answer parametrizes it with less."""
    return 60_000


@pytest.fixture
def sandbox_config(config: Config, quick_sandbox: Sandbox, cloudflare_timeout: int) -> Config:
    """The configuration that fits `quick_sandbox`."""
    return replace(
        config,
        cloudflare=replace(config.cloudflare, base_url=quick_sandbox.api_url, timeout=cloudflare_timeout),
        dns=replace(config.dns, resolvers=(parse_address(quick_sandbox.dns_address),)),
    )


@pytest.fixture
def live_config(sandbox_config: Config) -> Live[Config]:
    """What `sandbox_context` and `cloudflare` read at each use; a test replaces its value as a reload does."""
    return Live(sandbox_config)


@pytest.fixture
async def sandbox_context(database: Database, live_config: Live[Config]) -> Context:
    """A context in real time against `quick_sandbox`."""
    return Context(database, live_config, vault=VAULT, random_fraction=lambda: 0.0)


@pytest.fixture
async def cloudflare(live_config: Live[Config]) -> AsyncIterator[CloudflareClient]:
    """A client of `quick_sandbox`."""
    client = CloudflareClient(live_config, Metrics())
    await client.start()
    yield client
    await client.close()


@pytest.fixture
def unused_tcp_port() -> int:
    """In place of pytest-asyncio's, which the kernel may give to somebody else before the test takes it."""
    return find_free_port()
