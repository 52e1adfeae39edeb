"""Storing how attempts ended: all that ended while the last ones were being stored share the next transaction."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, assert_never

import structlog

from dcvd.core.webhooks.deliveries import Consequence, DeliveryState, NextReason
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries
from dcvd.services.webhooks.deliveries import Made
from dcvd.store.engine.database import Snapshot
from dcvd.store.webhooks import attempts
from dcvd.store.webhooks.attempts import MadeAttempt

log = structlog.get_logger(__name__)

_MOST: Final = 256
_GATHER: Final = 0.002
"""Seconds for which an outcome waits for those of the other attempts under way. The more share a transaction, the fewer
times the loop and the database's thread take the interpreter's lock from each other, and the fewer pages are written
for each; an attempt that is alone does not wait."""
_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0)


class _Entry:
    """An attempt on its way to the disk."""

    __slots__ = ("future", "made", "settled")

    def __init__(self, made: Made, loop: asyncio.AbstractEventLoop) -> None:
        self.made = made
        self.future: asyncio.Future[Consequence] = loop.create_future()
        self.settled = False

    def stored(self, consequence: Consequence) -> None:
        self.settled = True
        if not self.future.done():
            self.future.set_result(consequence)

    def lost(self, error: Exception) -> None:
        self.settled = True
        if not self.future.done():
            self.future.set_exception(error)


class Recorder:
    """`record` returns when the outcome is on disk. A database that refuses is asked again until it takes it."""

    def __init__(
        self,
        context: Context,
        doubted: Callable[[Collection[str]], None],
        is_well: Callable[[str], bool] = lambda endpoint_id: False,  # noqa: ARG005
        under_way: Callable[[], int] = lambda: 0,
    ) -> None:
        """`doubted` is told of endpoints for which something was perhaps stored that nobody announced; `is_well` tells
        of an endpoint that no failure was stored since its last success; `under_way` counts the attempts."""
        self._context = context
        self._doubted = doubted
        self._is_well = is_well
        self._under_way = under_way
        self._all_ended = asyncio.Event()
        self._waiting: list[_Entry] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, made: Made) -> Consequence:
        """What follows from an attempt, stored. Raises StoreError when the database has been closed.

        A caller that is cancelled waits all the same: the receiver may have it, so the outcome must not be lost.
        """
        loop = asyncio.get_running_loop()
        entry = _Entry(made, loop)
        self._waiting.append(entry)
        if len(self._waiting) >= self._under_way():
            self._all_ended.set()
        if self._task is None:
            self._task = asyncio.create_task(self._store(), name="delivery.recorder")
        try:
            return await entry.future
        except asyncio.CancelledError:
            # The cancellation took the future along; a shield for each attempt would cost more than another future.
            if not entry.settled:
                entry.future = loop.create_future()
                await asyncio.wait([entry.future])
                entry.future.exception()  # it was logged where it came up
            raise

    async def _store(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._store_batch(batch)
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Wait a moment for the other attempts under way, as long as not all of them have ended."""
        if len(self._waiting) >= self._under_way():
            return
        self._all_ended.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GATHER):
                await self._all_ended.wait()

    async def _store_batch(self, batch: Sequence[_Entry]) -> None:
        try:
            consequences = await self._insist([entry.made for entry in batch])
        except Exception as error:
            if len(batch) > 1:
                # One of them may be what the database does not take; the others must not suffer for it.
                for one in batch:
                    await self._store_batch([one])
                return
            log.exception("delivery.outcome_lost", delivery_id=batch[0].made.due.id)
            batch[0].lost(error)
            return
        for entry, consequence in zip(batch, consequences, strict=True):
            entry.stored(consequence)

    async def _insist(self, made: Sequence[Made]) -> Sequence[Consequence]:
        pauses = iter(_PAUSES)
        stored: dict[str, Consequence] = {}
        doubtful = False
        while True:
            try:
                if doubtful:
                    stored = await self._stored(made)
                left = [one for one in made if one.due.id not in stored]
                # Asked when all earlier outcomes are stored; what fails in this batch is judged with it.
                well = {one.endpoint_id for one in left if self._is_well(one.endpoint_id)}
                followed = await deliveries.record_attempts(self._context, left, well=well) if left else []
            except StoreError as error:
                if error.code == "database_closed":
                    raise
                # A full disk must not turn into a storm of repeats: the slots are held until the outcomes are stored.
                pause = next(pauses, _PAUSES[-1])
                log.exception("delivery.outcomes_not_stored", attempts=len(made), retry_in_s=pause)
                doubtful = True
                self._doubted({one.endpoint_id for one in made})
                await asyncio.sleep(pause)
            else:
                stored |= {one.due.id: consequence for one, consequence in zip(left, followed, strict=True)}
                return [stored[one.due.id] for one in made]

    async def _stored(self, made: Sequence[Made]) -> dict[str, Consequence]:
        """What followed from those that are on disk after all: a commit that fails may have been made all the same,
        and an attempt must not count twice."""

        def query(snapshot: Snapshot) -> list[MadeAttempt]:
            return [
                found
                for one in made
                for found in attempts.of_delivery(snapshot, one.due.id)
                if found.attempt.number == one.attempt.number
            ]

        return {
            found.attempt.delivery_id: Consequence(
                state=_state(found.next_reason), next_attempt_at=found.next_attempt_at, reason=found.next_reason
            )
            for found in await self._context.database.read(query)
            if found.next_reason is not None
        }


def _state(reason: NextReason) -> DeliveryState:
    match reason:
        case NextReason.DELIVERED:
            return DeliveryState.DELIVERED
        case NextReason.SCHEDULE | NextReason.RETRY_AFTER:
            return DeliveryState.PENDING
        case NextReason.GONE | NextReason.SCHEDULE_ENDED | NextReason.ONCE:
            return DeliveryState.DEAD
        case _:
            assert_never(reason)
