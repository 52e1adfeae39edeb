"""The stop in its order: what begins work ends first, then what that work uses is drained until it is empty."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace

from dcvd.config import Config, Live, LoadedConfig, ServerConfig
from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.config.provider_sections import CloudflareProviderConfig
from dcvd.config.sections import DatabaseConfig, VaultConfig
from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.instants import HOUR
from dcvd.core.secret import Secret
from dcvd.daemon import Daemon
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.services import organizations
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store.engine.database import Database
from tests.connections.conftest import Log
from tests.connections.provider import ProviderServer, serving
from tests.connections.views import stored, tokens
from tests.marked import marked
from tests.waiting import until

_KEY = VaultKey(bytes(range(32)))


@pytest.fixture
def log_lines() -> Iterator[Log]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
async def provider() -> AsyncIterator[ProviderServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def loaded(config: Config, provider: ProviderServer, tmp_path: Path) -> LoadedConfig:
    """A configuration that keeps to the test's own folder and provider."""
    client = OauthCloudflareConfig(
        client_id="dcvd",
        client_secret=Secret(marked("client")),
        token_url=f"{provider.url}/token",
        revoke_url=f"{provider.url}/revoke",
    )
    whole = replace(
        config,
        server=ServerConfig(listen=(), socket=tmp_path / "dcvd.sock", shutdown_timeout=2_000),
        database=DatabaseConfig(path=tmp_path / "dcvd.db", lock_wait=50),
        vault=VaultConfig(key=_KEY.to_text()),
        oauth_cloudflare=client,
        providers_cloudflare=CloudflareProviderConfig(api_base_url=f"{provider.url}/api"),
    )
    return LoadedConfig(config=whole, path=tmp_path / "dcvd.toml", from_environment=(), warnings=())


async def _with_database(loaded: LoadedConfig, work: Callable[[Context], Awaitable[Connection]]) -> Connection:
    """Work on the daemon's database while no daemon has it."""
    database = await Database.open(loaded.config.database.path, readers=1)
    try:
        return await work(Context(database, Live(loaded.config), vault=Vault(_KEY)))
    finally:
        await database.close()


@pytest.mark.sweep
async def test_a_refresh_that_a_job_begins_during_the_stop_is_stored_although_the_job_is_cut_off(
    loaded: LoadedConfig, provider: ProviderServer, log_lines: Log
) -> None:
    async def enqueue_write(context: Context) -> Connection:
        organization = await organizations.create(context, "Acme")
        now = context.now()
        made = await creation.create(
            context,
            organization.id,
            Provider.CLOUDFLARE,
            provider.grant(),
            account=None,
            scopes=(),
            expires_at=now + 2 * HOUR,
            refresh_at=now + HOUR,
            actor="token:token_x",
        )
        await additions.add(context, organization.id, "app.customer.test", connection_id=made.id)
        return made

    def logged(event: str) -> Callable[[], Awaitable[bool]]:
        async def is_logged() -> bool:
            return any(line["event"] == event for line in log_lines)

        return is_logged

    async def called() -> bool:
        return provider.calls["zones"] > 0

    async def asked() -> bool:
        return bool(provider.asked)

    connection = await _with_database(loaded, enqueue_write)
    provider.forget_access()
    provider.api_gate.clear()
    provider.gate.clear()
    daemon = Daemon(loaded)
    await daemon.start()
    await until(called)
    stopping = asyncio.create_task(daemon.stop())
    await until(logged("daemon.stopping"))
    provider.api_gate.set()
    await until(asked)
    await until(logged("pool.cancelling"))
    provider.gate.set()
    await stopping

    async def check(context: Context) -> Connection:
        kept = await tokens(context, connection)
        assert kept.refresh_token is not None
        assert kept.refresh_token.reveal() != provider.asked[0]["refresh_token"]
        return await stored(context, connection)

    assert (await _with_database(loaded, check)).version == 2
    assert len(provider.asked) == 1
