"""The janitor: a round each minute that removes what is past its retention."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

import structlog

from dcvd.core.alerts.sending import MessageState
from dcvd.core.domains.bulk import KEY_RETENTION_MS
from dcvd.core.http.idempotency import KEY_LIFETIME_MS
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.instants import DAY
from dcvd.core.jobs import JobState
from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.errors import StoreError
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.metrics import Metrics
from dcvd.services import clock_skew
from dcvd.services.context import Context
from dcvd.services.jobs.dns_writes import WRITE_DNS
from dcvd.services.lifecycle import renewals
from dcvd.services.links import expiry as link_expiry
from dcvd.services.sessions import expiry as session_expiry
from dcvd.services.tokens import expiry as token_expiry
from dcvd.services.tokens.usage import RETENTION_DAYS, TokenUsage
from dcvd.services.webhooks import endpoint_health
from dcvd.store import audit, bulk_lines, events, idempotency, sign_in_choices, sign_in_links, timeline, written_records
from dcvd.store.alerts import messages
from dcvd.store.connections import aws_external_ids, oauth_states
from dcvd.store.engine import maintenance
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs
from dcvd.store.tokens import usage as token_usage
from dcvd.store.webhooks import attempts, delivery_endings, delivery_history, endpoints, signing_secrets

log = structlog.get_logger(__name__)

_BATCH_PAUSE_S: Final = 0.02
_COUNT_RETENTION_MS: Final = 8 * DAY
"""A week's rates reach back to the start of the five minutes in which it begins."""
_ENDPOINTS_PER_READ: Final = 200
_MIN_FREE_PAGES: Final = 64
"""Free pages that are not worth giving back: they are used again soon."""


class Janitor:
    """Makes a round each minute until it is cancelled."""

    def __init__(
        self, context: Context, token_usage: TokenUsage, metrics: Metrics, *, round_interval_s: float = 60.0
    ) -> None:
        self._context = context
        self._round_interval_s = round_interval_s
        self._metrics = metrics
        self._token_usage = token_usage
        self._is_refusing = False

    async def run(self) -> None:
        """Run until cancelled; a round that fails at the database is made again a minute later."""
        while True:
            await asyncio.sleep(self._round_interval_s)
            try:
                await self.run_once()
            except StoreError as error:
                log.warning("janitor.round_failed", error=error.message)

    async def run_once(self) -> None:
        """Store the last uses of tokens, call endpoints failing, remove what is past its retention, shrink the file.

        Where nothing confirms the time, nothing is called failing or removed.
        """
        await self._token_usage.store(self._context)
        await clock_skew.repair_clock_skew(self._context)
        now = self._context.confirmed_now()
        if now is None:
            self._refuse_round()
            return
        self._is_refusing = False
        await self._report_overdue_renewals()
        await endpoint_health.apply_time_to_all(self._context)
        keep = self._context.config.retention
        removed = {
            "bulk_lines": await self._sweep(lambda tx, limit: bulk_lines.delete_old(tx, now - KEY_RETENTION_MS, limit)),
            "answers": await self._sweep(lambda tx, limit: idempotency.delete_old(tx, now - KEY_LIFETIME_MS, limit)),
            "external_ids": await self._sweep(lambda tx, limit: aws_external_ids.delete_old(tx, now, limit)),
            "tokens": await self._sweep_expired(token_expiry.remove_expired, now - keep.tokens),
            "links": await self._sweep_expired(link_expiry.remove_expired, now - keep.tokens),
            "sessions": await self._sweep_expired(session_expiry.remove_ended, now),
            "sign_in_links": await self._sweep(lambda tx, limit: sign_in_links.delete_expired(tx, now, limit)),
            "sign_in_choices": await self._sweep(lambda tx, limit: sign_in_choices.delete_expired(tx, now, limit)),
            "audit": await self._sweep(lambda tx, limit: audit.delete_old(tx, now - keep.audit, limit)),
            "token_usage": await self._sweep(
                lambda tx, limit: token_usage.delete_before(tx, now // DAY - RETENTION_DAYS, limit)
            ),
            "oauth_states": await self._sweep(lambda tx, limit: oauth_states.delete_expired(tx, now, limit)),
            "secrets": await self._sweep(lambda tx, limit: signing_secrets.delete_expired(tx, now, limit)),
            "rates": await self._sweep(lambda tx, limit: attempts.delete_counts(tx, now - _COUNT_RETENTION_MS, limit)),
            "deliveries": await self._sweep_deliveries(DeliveryState.DELIVERED, now - keep.deliveries),
            "dropped": await self._sweep_deliveries(DeliveryState.DROPPED, now - keep.deliveries),
            "cancelled": await self._sweep_deliveries(DeliveryState.CANCELLED, now - keep.dead_letters),
            "dead_letters": await self._sweep_deliveries(DeliveryState.DEAD, now - keep.dead_letters),
            "held": await self._sweep_held_deliveries(now - keep.dead_letters),
            "alerts": await self._sweep(
                lambda tx, limit: messages.delete_ended(tx, MessageState.SENT, now - keep.deliveries, limit)
            ),
            "dead_alerts": await self._sweep(
                lambda tx, limit: messages.delete_ended(tx, MessageState.DEAD, now - keep.dead_letters, limit)
            ),
            "jobs": await self._sweep(lambda tx, limit: jobs.delete_ended(tx, JobState.DONE, now - keep.jobs, limit)),
            "dead_jobs": await self._sweep(
                lambda tx, limit: jobs.delete_ended(tx, JobState.DEAD, now - keep.dead_letters, limit)
            ),
            "events": await self._sweep_events(now - keep.events),
            "written_records": await self._sweep(
                lambda tx, limit: written_records.delete_orphans(tx, WRITE_DNS.name, now - keep.dead_letters, limit)
            ),
            "timeline": await self._sweep(lambda tx, limit: timeline.delete_old(tx, now - keep.timeline, limit)),
        }
        if any(removed.values()):
            log.info("janitor.removed", **{kind: count for kind, count in removed.items() if count})
            await self._shrink()

    def _refuse_round(self) -> None:
        self._metrics.count_refused_round()
        if not self._is_refusing:
            self._is_refusing = True
            log.warning("janitor.refused", why="nothing confirms the time, so nothing is past its retention")

    async def _report_overdue_renewals(self) -> None:
        summary = await renewals.summarize_renewals(self._context, limit=1)
        if summary.count:
            log.warning("renewals.late", count=summary.count, longest=summary.late[0].domain_name)

    async def _sweep_expired(self, remove: Callable[[Context, Transaction, int, int], int], cutoff_at: int) -> int:
        return await self._sweep(lambda tx, limit: remove(self._context, tx, cutoff_at, limit))

    async def _sweep_deliveries(self, state: DeliveryState, cutoff_at: int) -> int:
        """Remove deliveries in a state since before an instant, endpoint by endpoint, as they are indexed."""
        end_id = earliest_id(IdPrefix.DELIVERY, cutoff_at)
        total, after = 0, ""
        while True:
            start = after
            endpoint_ids = await self._context.database.read(
                lambda snapshot, start=start: delivery_history.list_endpoints_past_retention(  # type: ignore[misc]
                    snapshot, state, end_id, after=start, limit=_ENDPOINTS_PER_READ
                )
            )
            for endpoint_id in endpoint_ids:
                total += await self._sweep_endpoint(
                    endpoint_id, state, cutoff_at, lambda tx, ids: delivery_endings.delete_ended(tx, ids, cutoff_at)
                )
            if len(endpoint_ids) < _ENDPOINTS_PER_READ:
                return total
            after = endpoint_ids[-1]

    async def _sweep_held_deliveries(self, cutoff_at: int) -> int:
        """Remove deliveries held for disabled endpoints; they are kept as long as dead letters."""

        def delete(tx: Transaction, ids: Collection[str]) -> int:
            return delivery_endings.delete_held(tx, ids, cutoff_at, self._context.now())

        disabled_ids = await self._context.database.read(endpoints.list_disabled_ids)
        return sum(
            [
                await self._sweep_endpoint(endpoint_id, DeliveryState.PENDING, cutoff_at, delete)
                for endpoint_id in disabled_ids
            ]
        )

    async def _sweep_endpoint(
        self,
        endpoint_id: str,
        state: DeliveryState,
        cutoff_at: int,
        delete: Callable[[Transaction, Collection[str]], int],
    ) -> int:
        return await self._sweep_listed(
            lambda snapshot, after, limit: delivery_history.list_old_ids(
                snapshot, endpoint_id, state, cutoff_at, after=after, limit=limit
            ),
            delete,
        )

    async def _sweep_events(self, cutoff_at: int) -> int:
        return await self._sweep_listed(
            lambda snapshot, after, limit: events.list_old_ids(snapshot, cutoff_at, after=after, limit=limit),
            events.delete,
        )

    async def _sweep_listed(
        self,
        find: Callable[[Snapshot, str, int], list[str]],
        delete: Callable[[Transaction, Collection[str]], int],
    ) -> int:
        """Like `_sweep`, where many of the old rows may have to stay.

        `find(snapshot, after, limit)` lists old rows beside the writer, and returns no row twice.
        """
        batch_sizer = BatchSizer(min_size=20, max_size=1000)
        total, after = 0, ""
        while True:
            limit, start = batch_sizer.size, after
            old_ids = await self._context.database.read(lambda snapshot: find(snapshot, start, limit))  # noqa: B023
            if old_ids:
                total += await self._context.database.write(
                    lambda tx: batch_sizer.run_step(lambda _: delete(tx, old_ids))  # noqa: B023
                )
            if len(old_ids) < limit:
                return total
            after = old_ids[-1]
            await asyncio.sleep(_BATCH_PAUSE_S)

    async def _sweep(self, delete_batch: Callable[[Transaction, int], int]) -> int:
        """Run `delete_batch(tx, limit)` in transactions of their own until one removes less than its limit."""
        batch_sizer = BatchSizer(min_size=20, max_size=1000)
        total = 0
        while True:
            limit = batch_sizer.size
            count = await self._context.database.write(
                lambda tx: batch_sizer.run_step(lambda size: delete_batch(tx, size))
            )
            total += count
            if count < limit:
                return total
            await asyncio.sleep(_BATCH_PAUSE_S)

    async def _shrink(self) -> None:
        """Give free pages back to the file system, a few at a time."""
        batch_sizer = BatchSizer(min_size=_MIN_FREE_PAGES, max_size=4096)
        free = await self._context.database.maintain(maintenance.count_free_pages)
        while free > _MIN_FREE_PAGES:
            await self._context.database.maintain(
                lambda connection: batch_sizer.run_step(lambda pages: maintenance.shrink(connection, pages))
            )
            before, free = free, await self._context.database.maintain(maintenance.count_free_pages)
            if free >= before:
                # A file that was not made by dcvd keeps its free pages, and uses them again.
                return
            await asyncio.sleep(_BATCH_PAUSE_S)
