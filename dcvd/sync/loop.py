"""The timer: whatever domain is due is looked at, the longest waiting first, and none holds back another."""

from collections.abc import Collection
from typing import Final

import structlog

from dcvd.core.domain import Domain
from dcvd.core.instants import MINUTE
from dcvd.core.schedule import Lane
from dcvd.errors import RemoteError
from dcvd.kit.due import DueLoop
from dcvd.kit.tasks import Pool
from dcvd.services import looks
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.database import Topic
from dcvd.sync.looker import Looker

log = structlog.get_logger(__name__)

_AFTER_FAILURE: Final = 5 * MINUTE


class SyncLoop:
    """Looks at due domains, `sync.concurrency` at once."""

    def __init__(self, context: Context, looker: Looker) -> None:
        self._context = context
        self._looker = looker
        self.pool = Pool(context.config.sync.concurrency, "sync")
        self._loop = DueLoop(
            self.pool,
            fetch=self._due,
            key=lambda domain: domain.id,
            work=self._look,
            idle=self._idle,
            woken=context.database.listen(Topic.DOMAINS),
        )

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await self._loop.run()

    async def _due(self, limit: int, in_flight: Collection[str]) -> list[Domain]:
        now = self._context.now()
        # What is being looked at is still due in the store, so as many more are asked for.
        found = await self._context.database.read(
            lambda snapshot: [
                domain for kind in Lane for domain in domains.due(snapshot, kind, now, limit + len(in_flight))
            ]
        )
        return [domain for domain in found if domain.id not in in_flight][:limit]

    async def _look(self, domain: Domain) -> None:
        try:
            await self._looker.look(domain)
        except RemoteError as error:
            log.warning("sync.cloudflare_failed", domain=domain.name, domain_id=domain.id, error=error.message)
        except Exception:
            # Whatever it was, this domain waits its turn like the others and is not tried in a circle.
            await looks.postpone(self._context, domain, self._context.now() + _AFTER_FAILURE)
            raise

    async def _idle(self) -> float:
        return self._context.config.sync.tick / 1000
