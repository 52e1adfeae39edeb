"""Store finished attempts: all that finish while a transaction runs share the next one."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

import structlog

from dcvd.core.webhooks.deliveries import AttemptConsequence, FinishedAttempt, RecordedAttempt
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import attempts

log = structlog.get_logger(__name__)

_MAX_BATCH: Final = 256
_LATEST_ATTEMPTS: Final = 4
"""Among so many of a delivery are the one that was stored last, and the one that it repeated."""
GATHER_S: Final = 0.002
"""Seconds for which a finished attempt waits for others in flight. The more attempts share a transaction, the fewer
times the loop and the database's thread take the interpreter's lock from each other, and the fewer pages are written
for each; an attempt that is alone does not wait. Nor does half of what is in flight: while it is stored, the other half
is sent, and neither the loop nor the database waits for the other to be done with all."""
SLOW_STORE_S: Final = 0.002
"""Seconds; where the last batch took longer to be stored, on a slow disk, the next one waits for all that is in flight:
then two transactions take longer than one and that wait."""
RECORD_PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a batch that the database refused is stored again: the last pause for all later tries too."""


class _PendingAttempt:
    """A finished attempt that is not stored yet."""

    __slots__ = ("finished_attempt", "future", "is_settled")

    def __init__(self, finished_attempt: FinishedAttempt, loop: asyncio.AbstractEventLoop) -> None:
        self.finished_attempt = finished_attempt
        self.future: asyncio.Future[AttemptConsequence] = loop.create_future()
        self.is_settled = False

    def resolve(self, consequence: AttemptConsequence) -> None:
        self.is_settled = True
        if not self.future.done():
            self.future.set_result(consequence)

    def fail(self, error: Exception) -> None:
        self.is_settled = True
        if not self.future.done():
            self.future.set_exception(error)


class AttemptRecorder:
    """Stores finished attempts in batches, and repeats a batch until the database accepts it."""

    def __init__(
        self,
        context: Context,
        on_uncertain: Callable[[Collection[str]], None],
        is_healthy: Callable[[str], bool] = lambda endpoint_id: False,  # noqa: ARG005
        count_in_flight: Callable[[], int] = lambda: 0,
        *,
        pauses_s: Sequence[float] = RECORD_PAUSES_S,
        gather_s: float = GATHER_S,
        slow_store_s: float = SLOW_STORE_S,
    ) -> None:
        """Create the recorder of one pool.

        on_uncertain: called with the ids of endpoints whose attempts may have been stored without an announcement.
        is_healthy: whether an endpoint is known to have no stored failure since its last success.
        count_in_flight: returns the number of attempts in flight.
        """
        self._context = context
        self._on_uncertain = on_uncertain
        self._is_healthy = is_healthy
        self._count_in_flight = count_in_flight
        self._pauses_s = pauses_s
        self._gather_s = gather_s
        self._slow_store_s = slow_store_s
        self._enough_event = asyncio.Event()
        self._pending: list[_PendingAttempt] = []
        self._is_refused = False
        self._task: asyncio.Task[None] | None = None
        self._last_store_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the database refuses outcomes just now: what is sent meanwhile might be sent twice."""
        return self._is_refused

    async def record(self, finished_attempt: FinishedAttempt) -> AttemptConsequence:
        """Store an attempt, and return what follows from it. Raises StoreError when the database has been closed.

        A cancelled caller still waits until the attempt is on disk: the receiver may have got the delivery.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        entry = _PendingAttempt(finished_attempt, loop)
        self._pending.append(entry)
        if self._has_enough():
            self._enough_event.set()
        if self._task is None:
            self._task = asyncio.create_task(self._store(), name="delivery.recorder")
        try:
            return await entry.future
        except asyncio.CancelledError:
            # The cancellation ended the future too; a shield for each attempt would cost more than another future.
            if not entry.is_settled:
                entry.future = loop.create_future()
                await asyncio.wait([entry.future])
                entry.future.exception()  # it was logged where it was raised
            raise

    async def _store(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._pending:
                await self._gather()
                batch, self._pending = self._pending[:_MAX_BATCH], self._pending[_MAX_BATCH:]
                started_s = loop.time()
                await self._store_batch(batch)
                self._last_store_s = loop.time() - started_s
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Wait a moment for other attempts in flight, unless enough of them have ended."""
        if self._has_enough():
            return
        self._enough_event.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._gather_s):
                await self._enough_event.wait()

    def _has_enough(self) -> bool:
        share = 1 if self._last_store_s > self._slow_store_s else 2
        return share * len(self._pending) >= self._count_in_flight()

    async def _store_batch(self, batch: Sequence[_PendingAttempt]) -> None:
        try:
            consequences = await self._store_until_accepted([entry.finished_attempt for entry in batch])
        except Exception as error:
            if len(batch) > 1:
                # The database may refuse only one of them; the others must not suffer for it.
                for single in batch:
                    await self._store_batch([single])
                return
            log.exception("delivery.outcome_lost", delivery_id=batch[0].finished_attempt.due_delivery.id)
            batch[0].fail(error)
            return
        for entry, consequence in zip(batch, consequences, strict=True):
            entry.resolve(consequence)

    async def _store_until_accepted(self, finished_attempts: Sequence[FinishedAttempt]) -> Sequence[AttemptConsequence]:
        pauses = iter(self._pauses_s)
        consequences: dict[str, AttemptConsequence] = {}
        is_uncertain = False
        while True:
            try:
                if is_uncertain:
                    consequences = await self._read_stored(finished_attempts)
                unstored = [finished for finished in finished_attempts if finished.due_delivery.id not in consequences]
                # All earlier outcomes are stored by now; failures within this batch are taken into account with it.
                healthy_ids = {finished.endpoint_id for finished in unstored if self._is_healthy(finished.endpoint_id)}
                new_consequences = (
                    await deliveries.record_attempts(self._context, unstored, healthy_endpoint_ids=healthy_ids)
                    if unstored
                    else []
                )
            except StoreError as error:
                if error.code == "database_closed":
                    raise
                # A full disk must not turn into a storm of repeats: the slots are held until the outcomes are stored.
                pause_s = next(pauses, self._pauses_s[-1])
                log.exception("delivery.outcomes_not_stored", attempts=len(finished_attempts), retry_in_s=pause_s)
                is_uncertain = self._is_refused = True
                self._on_uncertain({finished.endpoint_id for finished in finished_attempts})
                await asyncio.sleep(pause_s)
            else:
                self._is_refused = False
                consequences |= {
                    finished.due_delivery.id: consequence
                    for finished, consequence in zip(unstored, new_consequences, strict=True)
                }
                return [consequences[finished.due_delivery.id] for finished in finished_attempts]

    async def _read_stored(self, finished_attempts: Sequence[FinishedAttempt]) -> dict[str, AttemptConsequence]:
        """Return the consequences of those attempts that are on disk: a commit that failed may have been made all the
        same, and an attempt must not count twice."""

        def query(snapshot: Snapshot) -> list[RecordedAttempt]:
            return [
                recorded
                for finished in finished_attempts
                for recorded in attempts.list_latest_of_delivery(snapshot, finished.due_delivery.id, _LATEST_ATTEMPTS)
                if recorded.attempt.number == finished.attempt.number
            ]

        return {
            recorded.attempt.delivery_id: recorded.consequence
            for recorded in await self._context.database.read(query)
            if recorded.consequence is not None
        }
