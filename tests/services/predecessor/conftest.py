"""Imports of the dumps in `tests.predecessor`, at a sandbox of Cloudflare's and at a provider that tests rule."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.core.predecessor.reading import ReadResult
from dcvd.core.predecessor.rows import ImportOutcome, ImportRequest, ImportResult
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.sandbox import Sandbox
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.logos import LogoFetcher
from dcvd.services.predecessor.importing import Importer
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.connections.provider import ProviderDrivers, ProviderServer, serving
from tests.manual_clock import ManualClock
from tests.marked import marked

Bring = Callable[..., Awaitable[list[ImportResult]]]


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def config(config: Config, provider: ProviderServer) -> Config:
    client = OauthCloudflareConfig(
        client_id="dcvd", client_secret=Secret(marked("client")), token_url=f"{provider.url}/token"
    )
    return replace(config, oauth_cloudflare=client)


@pytest.fixture
def context(database: Database, live_config: Live[Config], clock: ManualClock) -> Context:
    return Context(database, live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0)


@pytest.fixture
async def access(context: Context, provider: ProviderServer) -> AsyncIterator[ProviderAccess]:
    fetcher = Fetcher()
    await fetcher.start()
    made = ProviderAccess(
        context, ProviderDrivers(fetcher, provider), TokenClient(fetcher, context.live_config), Metrics()
    )
    yield made
    await made.tasks.drain(5)
    await fetcher.close()


@pytest.fixture
async def bring(
    context: Context, cloudflare: CloudflareClient, access: ProviderAccess, quick_sandbox: Sandbox
) -> AsyncIterator[Bring]:
    """Imports what was read, and returns what became of each row."""
    fetcher = GuardedFetcher(EgressPolicy())
    await fetcher.start()
    importer = Importer(context, cloudflare, access, LogoFetcher(fetcher), retry_delays_s=())

    async def run(
        read: Iterable[ReadResult], *, dry_run: bool = False, with_deleted: bool = False
    ) -> list[ImportResult]:
        results: list[ImportResult] = []
        simulated: set[str] = set()
        for each in read:
            if isinstance(each, ImportResult):
                results.append(each)
                continue
            request = ImportRequest(
                rows=[each], dry_run=dry_run, with_deleted=with_deleted, simulated_org_ids=frozenset(simulated)
            )
            async for some in importer.run(request):
                results += some
            if results[-1].outcome is ImportOutcome.WOULD_IMPORT:
                simulated.add(results[-1].id)
        return results

    yield run
    await fetcher.close()
