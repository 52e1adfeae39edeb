"""Store finished attempts: all that finish while a transaction runs share the next one."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from dcvd.core.webhooks.deliveries import AttemptConsequence, FinishedAttempt, RecordedAttempt
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import attempts

log = structlog.get_logger(__name__)

_MAX_STORING: Final = 2
_WORTH_HALVING: Final = 8
"""A batch may have so many, even where that is more than half of what is in flight."""
_LATEST_ATTEMPTS: Final = 4
"""Among so many of a delivery are the one that was stored last, and the one that it repeated."""
GATHER_S: Final = 0.002
"""Seconds for which a finished attempt waits for others in flight. The more attempts share a transaction, the fewer
times the loop and the database's thread take the interpreter's lock from each other, and the fewer pages are written
for each; an attempt that is alone does not wait. Nor does half of what is in flight: while it is stored, the other half
is sent, and neither the loop nor the database waits for the other to be done with all."""
SLOW_STORE_S: Final = 0.006
"""Seconds; where the last two batches took longer to be stored, on a slow disk, the next one waits for all that is in
flight: then two transactions take longer than one and that wait."""
RECORD_PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a batch that the database refused is stored again: the last pause for all later tries too."""


class _PendingAttempt:
    """A finished attempt that is not stored yet."""

    __slots__ = ("finished_attempt", "future", "is_settled")

    def __init__(self, finished_attempt: FinishedAttempt, loop: asyncio.AbstractEventLoop) -> None:
        self.finished_attempt = finished_attempt
        self.future: asyncio.Future[AttemptConsequence] = loop.create_future()
        self.is_settled = False

    def settle(self, outcome: AttemptConsequence | Exception) -> None:
        """Tell the caller what came of it."""
        self.is_settled = True
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class AttemptRecorder:
    """Stores finished attempts in batches, and repeats a batch until the database accepts it.

    While one batch is stored, the database may be given a second, with which its thread goes on at once. That is done
    where all attempts of both have delivered to endpoints that were well before: then their order does not matter.
    """

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
        self._is_gathering = False
        self._pending: list[_PendingAttempt] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._storing_count = 0
        self._lets_another_ahead = False
        """Whether what is stored just now lets another batch come beside it."""
        self._refused_count = 0
        self._last_stores_s = (0.0, 0.0)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the database refuses outcomes just now: what is sent meanwhile might be sent twice."""
        return self._refused_count > 0

    async def record(self, finished_attempt: FinishedAttempt) -> AttemptConsequence:
        """Store an attempt, and return what follows from it. Raises StoreError when the database has been closed.

        A cancelled caller still waits until the attempt is on disk: the receiver may have got the delivery.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        entry = _PendingAttempt(finished_attempt, loop)
        self._pending.append(entry)
        if not self._tasks:
            self._begin_task()
        elif self._is_gathering or self._lets_another_ahead:
            self._let_go_on()
        try:
            return await entry.future
        except asyncio.CancelledError:
            # The cancellation ended the future too; a shield for each attempt would cost more than another future.
            if not entry.is_settled:
                entry.future = loop.create_future()
                await asyncio.wait([entry.future])
                entry.future.exception()  # it was logged where it was raised
            raise

    def _let_go_on(self) -> None:
        if not self._has_enough():
            return
        if self._is_gathering:
            self._enough_event.set()
        elif len(self._tasks) < _MAX_STORING:
            self._begin_task()

    def _begin_task(self) -> None:
        self._tasks.add(asyncio.create_task(self._run_task(), name="delivery.recorder"))

    async def _run_task(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await self._store()
        finally:
            # At once, and not by a callback of the task: what ends meanwhile needs a task that goes on.
            self._tasks.discard(task)

    async def _store(self) -> None:
        """Store batch after batch, until there are none, or until another task has to come first and goes on."""
        while self._pending and not self._is_gathering:
            await self._gather()
            batch = self._choose_batch()
            are_well = deliveries.are_all_well([entry.finished_attempt for entry in batch], self._is_healthy)
            if not batch or (self._storing_count and not (are_well and self._lets_another_ahead)):
                self._lets_another_ahead = False
                return
            del self._pending[: len(batch)]
            self._storing_count += 1
            self._lets_another_ahead = are_well
            if are_well:
                self._let_go_on()
            try:
                await self._store_batch(batch, are_well=are_well)
            finally:
                self._storing_count -= 1

    def _choose_batch(self) -> list[_PendingAttempt]:
        """Choose half of what is in flight at most, even where more has ended: the other half goes on meanwhile."""
        most = attempts.MAX_DELIVERED
        if not self._is_slow:
            in_flight = max(self._count_in_flight(), len(self._pending))
            most = min(max(-(-in_flight // 2), _WORTH_HALVING), most)
        return self._pending[:most]

    async def _gather(self) -> None:
        """Wait a moment for other attempts in flight, unless enough of them have ended."""
        if self._has_enough():
            return
        self._enough_event.clear()
        self._is_gathering = True
        try:
            async with asyncio.timeout(self._gather_s):
                await self._enough_event.wait()
        except TimeoutError:
            pass
        finally:
            self._is_gathering = False

    def _has_enough(self) -> bool:
        share = 1 if self._is_slow else 2
        return share * len(self._pending) >= self._count_in_flight()

    @property
    def _is_slow(self) -> bool:
        return min(self._last_stores_s) > self._slow_store_s

    async def _store_batch(self, batch: Sequence[_PendingAttempt], *, are_well: bool = False) -> None:
        """Store a batch, and tell the callers what came of each attempt in it."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        try:
            finished_attempts = [entry.finished_attempt for entry in batch]
            consequences = await self._store_until_accepted(finished_attempts, are_well=are_well)
        except Exception as error:
            if len(batch) == 1:
                log.exception("delivery.outcome_lost", delivery_id=batch[0].finished_attempt.due_delivery.id)
                batch[0].settle(error)
                return
            # The database may refuse only one of them; the others must not suffer for it.
            for single in batch:
                await self._store_batch([single])
            return
        self._last_stores_s = (self._last_stores_s[1], loop.time() - started_s)
        for entry, consequence in zip(batch, consequences, strict=True):
            entry.settle(consequence)

    async def _store_until_accepted(
        self, finished_attempts: Sequence[FinishedAttempt], *, are_well: bool
    ) -> Sequence[AttemptConsequence]:
        """are_well: as far as was known before the first try."""
        pauses = iter(self._pauses_s)
        is_uncertain = False
        try:
            while True:
                try:
                    return await self._store_once(finished_attempts, are_well=are_well, is_uncertain=is_uncertain)
                except StoreError as error:
                    if error.code == "database_closed":
                        raise
                    # A full disk must not turn into a storm of repeats: the slots are held until all is stored.
                    pause_s = next(pauses, self._pauses_s[-1])
                    log.exception("delivery.outcomes_not_stored", attempts=len(finished_attempts), retry_in_s=pause_s)
                    self._refused_count += not is_uncertain
                    is_uncertain = True
                    self._on_uncertain({finished.endpoint_id for finished in finished_attempts})
                    await asyncio.sleep(pause_s)
        finally:
            self._refused_count -= is_uncertain

    async def _store_once(
        self, finished_attempts: Sequence[FinishedAttempt], *, are_well: bool, is_uncertain: bool
    ) -> Sequence[AttemptConsequence]:
        """is_uncertain: some of them may be stored already."""
        if are_well and not is_uncertain:
            return await deliveries.record_successes(self._context, finished_attempts)
        consequences = await self._read_stored(finished_attempts) if is_uncertain else {}
        unstored = [finished for finished in finished_attempts if finished.due_delivery.id not in consequences]
        if unstored:
            # All earlier failures are stored by now; those of this batch are taken into account with it.
            healthy_ids = {finished.endpoint_id for finished in unstored if self._is_healthy(finished.endpoint_id)}
            new = await deliveries.record_attempts(self._context, unstored, healthy_endpoint_ids=healthy_ids)
            consequences |= {
                finished.due_delivery.id: consequence for finished, consequence in zip(unstored, new, strict=True)
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
