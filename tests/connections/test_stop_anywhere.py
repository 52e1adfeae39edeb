"""Connections are made, used and removed, and dcvd stops at any instant of it: the provider and the database agree."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from dcvd.config import Config, Live
from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.instants import HOUR
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError
from dcvd.jobs import ConnectionMaintenance
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.services import organizations
from dcvd.services.connections import authorizations, code_exchange
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.queries import list_page
from dcvd.services.connections.removal import disconnect
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from tests.connections.conftest import connect
from tests.connections.provider import ProviderDrivers, ProviderServer, serving
from tests.connections.views import tokens
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.unreliable_database import Fate, Strike, UnreliableDatabase

_CALLBACK: Final = "https://app.example.com/callback"
_TOKEN_ID: Final = "token_x"
_UNITS: Final = ("TokenRefresher._store", "create.", "_erase.", "_disconnect.", "_carry_out.", "require_reauth.")
"""What a strike of the disk may hit."""

works = st.lists(
    st.tuples(st.sampled_from(["connect", "use", "use later", "refresh", "maintain", "disconnect"]), st.integers(0, 1)),
    min_size=1,
    max_size=6,
)
strikes = st.none() | st.tuples(st.sampled_from(_UNITS), st.integers(1, 2), st.sampled_from(Fate))


class Process:
    """One life of dcvd, as far as connections go."""

    def __init__(self, context: Context, access: ProviderAccess, org_id: str) -> None:
        self.context = context
        self.access = access
        self.org_id = org_id

    async def connect(self) -> None:
        redirect = await authorizations.start_authorization(
            self.context, self.access.token_client, self.org_id, _TOKEN_ID, Provider.CLOUDFLARE
        )
        await code_exchange.connect_for_tenant(
            self.context,
            self.access,
            self.org_id,
            _TOKEN_ID,
            Provider.CLOUDFLARE,
            code=Secret(marked("code")),
            state=redirect.state.reveal(),
            redirect_uri=_CALLBACK,
            issuer=None,
        )

    async def use(self, connection: Connection) -> None:
        await (await self.access.open_driver(self.org_id, connection.id)).check_credentials()

    async def maintain(self) -> None:
        await ConnectionMaintenance(self.context, self.access, Metrics()).run_once()

    async def work(self, name: str, connection: Connection) -> None:
        """Do one thing; an answer that is an error is an answer."""
        try:
            match name:
                case "connect":
                    await self.connect()
                case "use":
                    await self.use(connection)
                case "use later":
                    await asyncio.sleep(0.01)
                    await self.use(connection)
                case "refresh":
                    await self.access.refresh_if_due(self.org_id, connection.id)
                case "maintain":
                    await self.maintain()
                case _:
                    await disconnect(self.context, self.access, self.org_id, connection.id, actor="token:token_x")
        except DcvdError:
            return


@asynccontextmanager
async def _running(
    path: Path, provider: ProviderServer, clock: ManualClock, org_id: str = ""
) -> AsyncIterator[Process]:
    """A process, stopped as the daemon stops it once its requests and jobs have ended."""
    client = OauthCloudflareConfig(
        client_id="dcvd",
        client_secret=Secret(marked("client")),
        redirect_uris=(_CALLBACK,),
        authorize_url=f"{provider.url}/authorize",
        token_url=f"{provider.url}/token",
        revoke_url=f"{provider.url}/revoke",
    )
    database = await UnreliableDatabase.open(path, readers=1)
    context = Context(database, Live(Config(oauth_cloudflare=client)), vault=Vault(VaultKey(bytes(32))), clock=clock)
    fetcher = Fetcher()
    await fetcher.start()
    access = ProviderAccess(
        context, ProviderDrivers(fetcher, provider), TokenClient(fetcher, context.live_config), Metrics()
    )
    try:
        yield Process(context, access, org_id or (await organizations.create(context, "Acme")).id)
    finally:
        await access.tasks.drain(30)
        await access.close()
        await fetcher.close()
        await database.close()


async def _stop_at(
    step: int, process: Process, provider: ProviderServer, begun: list[Coroutine[Any, Any, None]]
) -> None:
    """Let all work go on at once, and cut off whoever waits for it at that step; or let it end."""
    reached = asyncio.Event()
    steps_left = step

    def count() -> None:
        nonlocal steps_left
        steps_left -= 1
        if steps_left <= 0:
            reached.set()

    async def count_write() -> None:
        count()

    assert isinstance(process.context.database, UnreliableDatabase)
    process.context.database.before_write = count_write
    provider.on_step = count
    callers = [asyncio.create_task(each) for each in begun]
    while not reached.is_set() and not all(caller.done() for caller in callers):
        await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert not [each for each in results if isinstance(each, Exception)]


async def _live(path: Path, chosen: list[tuple[str, int]], step: int, strike: tuple[str, int, Fate] | None) -> None:
    clock = ManualClock(1_800_000_000_000)
    async with serving() as provider:
        async with _running(path, provider, clock) as process:
            made = [await connect(process.context, process.org_id, provider.grant()) for _ in range(2)]
            clock.advance(2 * HOUR)
            assert isinstance(process.context.database, UnreliableDatabase)
            if strike is not None:
                process.context.database.strikes = (Strike(*strike),)
            await _stop_at(step, process, provider, [process.work(name, made[which]) for name, which in chosen])
        provider.on_step = None
        async with _running(path, provider, clock, process.org_id) as process:
            await process.maintain()
            context = process.context
            kept = (await list_page(context, ConnectionUsage(), process.org_id, cursor=None, limit=100)).items
            assert {each.status for each in kept} <= {ConnectionStatus.ACTIVE}, "no pair that was rotated is lost"
            stored = [(await tokens(context, each)).refresh_token for each in kept]
            # What is stored lives, and what lives is stored: nothing was revoked that is kept, nor left behind alive.
            assert {token.reveal() for token in stored if token is not None} == provider.live_refresh_tokens
            for each in kept:
                await process.use(each)


@example(chosen=[("connect", 0)], step=30, strike=("create.", 1, Fate.DONE_ANYWAY))
@example(chosen=[("use", 0)], step=3, strike=None)
@example(chosen=[("refresh", 0)], step=30, strike=("TokenRefresher._store", 1, Fate.LOST))
@example(chosen=[("disconnect", 0)], step=2, strike=None)
@given(chosen=works, step=st.integers(1, 30), strike=strikes)
@examples(1, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_wherever_dcvd_stops_what_the_provider_takes_is_what_is_stored(
    tmp_path: Path, blank_database: Path, chosen: list[tuple[str, int]], step: int, strike: tuple[str, int, Fate] | None
) -> None:
    path = Path(shutil.copy(blank_database, tmp_path))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    asyncio.run(_live(path, chosen, step, strike))
