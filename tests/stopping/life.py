"""One life of dcvd as far as its work goes: requests and jobs that share a database, until it stops."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.config.sections import DomainsConfig, WebhooksConfig
from dcvd.core.jobs import JobState
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import ConnectionMaintenance, JobWorker
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.drivers import DriverFactory
from dcvd.services import organizations
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition
from tests.connections.provider import ProviderServer
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.services.views import all_jobs
from tests.unreliable_database import Strike, UnreliableDatabase
from tests.waiting import until

CALLBACK: Final = "https://app.example.com/callback"
TARGET: Final = "edge.sandbox.test"
_PATIENCE_S: Final = 30.0


def copy_blank(blank_database: Path, folder: Path) -> Path:
    """Copy the blank database over what an earlier example left in a folder."""
    path = Path(shutil.copy(blank_database, folder))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path


class Life:
    """What works while it lasts.

    database: the context's. patience_s: seconds that a stop leaves to what changes tokens, before it is cancelled.
    """

    def __init__(
        self, database: UnreliableDatabase, context: Context, access: ProviderAccess, org_id: str, worker: JobWorker
    ) -> None:
        self.database = database
        self.context = context
        self.access = access
        self.org_id = org_id
        self.worker = worker
        self.patience_s = _PATIENCE_S

    async def maintain(self) -> None:
        """Make a round of the maintenance of connections, as each start does."""
        await ConnectionMaintenance(self.context, self.access).run_once()

    async def has_work(self, kinds: Sequence[str]) -> bool:
        """Whether a job of one of these kinds is due or at work."""
        if self.worker.pool.running_count:
            return True
        now = self.context.now()
        jobs = await all_jobs(self.context, self.org_id)
        return any(
            job.kind in kinds and job.state is JobState.PENDING and (job.next_attempt_at or 0) <= now for job in jobs
        )

    async def end_all(self, kinds: Sequence[str]) -> None:
        """Wait until no job of these kinds is pending; none has to wait for its next attempt."""

        async def is_over() -> bool:
            pending = [
                job
                for job in await all_jobs(self.context, self.org_id)
                if job.kind in kinds and job.state is JobState.PENDING
            ]
            for job in pending:
                if (job.next_attempt_at or 0) > self.context.now():
                    await queue.retry(self.context, self.org_id, job.id)
            return not pending

        await until(is_over)


@asynccontextmanager
async def living(
    path: Path,
    provider: ProviderServer,
    clock: ManualClock,
    drivers: DriverFactory,
    fetcher: Fetcher,
    *,
    org_id: str = "",
    definitions: Sequence[JobDefinition[Any]] = (),
) -> AsyncIterator[Life]:
    """A life with a worker for the jobs of these definitions; it is stopped in the order in which the daemon is.

    org_id: the organization of an earlier life; else one is made.
    """
    client = OauthCloudflareConfig(
        client_id="dcvd",
        client_secret=Secret(marked("client")),
        redirect_uris=(CALLBACK,),
        authorize_url=f"{provider.url}/authorize",
        token_url=f"{provider.url}/token",
        revoke_url=f"{provider.url}/revoke",
    )
    config = Config(
        cloudflare=CloudflareConfig(api_token=Secret("x"), zone_id="z", cname_target=TARGET),
        domains=DomainsConfig(allow_reserved_tlds=("test",)),
        oauth_cloudflare=client,
        webhooks=WebhooksConfig(allow_http=True, ports=(1,)),
    )
    database = await UnreliableDatabase.open(path, readers=1)
    context = Context(database, Live(config), vault=Vault(VaultKey(bytes(32))), clock=clock)
    await fetcher.start()
    access = ProviderAccess(context, drivers, TokenClient(fetcher, context.live_config), Metrics())
    worker = JobWorker(
        context,
        cast(CloudflareClient, None),
        access,
        Metrics(),
        definitions=definitions,
        read_pause_s=0.001,
        cool_down_s=0.001,
    )
    running = asyncio.create_task(worker.run())
    life = Life(database, context, access, org_id or (await organizations.create(context, "Acme")).id, worker)
    try:
        yield life
    finally:
        running.cancel()
        await asyncio.wait([running])
        await worker.pool.drain(0)
        await access.tasks.drain(life.patience_s)
        await access.close()
        await fetcher.close()
        await database.close()


async def stop_at(
    step: int,
    life: Life,
    provider: ProviderServer,
    begun: Sequence[Coroutine[Any, Any, None]],
    *,
    kinds: Sequence[str] = (),
    is_patient: bool = True,
    strike: Strike | None = None,
) -> None:
    """Let all work go on at once, and cut off whoever waits for it at that step; or let it end.

    A step is a transaction, or what a provider is asked and answers. kinds: of the jobs that are work too. is_patient:
    else a stop waits for nobody, and only transactions are steps: what a provider has answered must not be lost then.
    """
    reached = asyncio.Event()
    steps_left = step

    def count() -> None:
        nonlocal steps_left
        steps_left -= 1
        if steps_left <= 0:
            reached.set()

    async def count_write() -> None:
        count()

    life.patience_s = _PATIENCE_S if is_patient else 0.0
    life.database.before_write = count_write
    life.database.strikes = () if strike is None else (strike,)
    provider.on_step = count if is_patient else None
    callers = [asyncio.create_task(each) for each in begun]
    while not reached.is_set():
        await asyncio.sleep(0)
        if all(caller.done() for caller in callers) and not (kinds and await life.has_work(kinds)):
            break
    for caller in callers:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert not [each for each in results if isinstance(each, Exception)]
