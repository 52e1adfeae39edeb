"""What the drivers have in common whose API changes a name in several calls: a change that fails midway is put back."""

import asyncio
from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.records.plan import describe_records, is_among, is_same_record, select_conflicting
from dcvd.core.records.zones import ZoneRecord
from dcvd.core.text import make_printable, shorten
from dcvd.errors import RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import FetchFailed
from dcvd.kit.tasks import cancel_and_wait, wait_despite_cancellation
from dcvd.providers.driver import HALF_DONE, ChangeHalfDone
from dcvd.providers.owner_names import OwnerName
from dcvd.providers.record_provider import DEADLINE_S, RATE_LIMITED, RecordProvider

log = structlog.get_logger(__name__)

FINISH_S: Final = 5.0
"""Seconds that a cancelled change may still take, so that nothing is missing at its name. Whoever cancels it, such as a
pool of jobs at a stop, has to wait as long."""
_PUT_BACK_S: Final = 120.0
_MAX_SHOWN: Final = 100


class ChangeStep(Struct, frozen=True, kw_only=True):
    """One call that changes a name: what it takes out and what it brings in.

    staying: records of the same type that stay, for an API that writes whole sets. following: how many calls have to
    follow, told to the first of them. is_putting_back: whether the step restores what stood there.
    """

    removed: tuple[ZoneRecord, ...] = ()
    added: tuple[ZoneRecord, ...] = ()
    staying: tuple[ZoneRecord, ...] = ()
    following: int = 0
    is_putting_back: bool = False

    @property
    def type(self) -> str:
        return (*self.removed, *self.added)[0].type

    def is_done(self, present: Sequence[ZoneRecord]) -> bool:
        """Whether these records are what the step leads to."""
        return all(is_among(record, present) for record in self.added) and not any(
            is_among(record, present) for record in self.removed
        )


class StepwiseProvider(RecordProvider):
    """A driver whose API changes a name step by step.

    The name is read again before its first step. If a step fails, what the earlier ones did is put back, and what it
    may have done itself. A change that is cancelled between its steps goes on to its end, for `finish_s` seconds at
    most, and the cancellation takes effect then: the task that made the change owns it throughout.
    """

    def __init__(self, title: str, *, deadline_s: float = DEADLINE_S, finish_s: float = FINISH_S) -> None:
        super().__init__(title, deadline_s=deadline_s)
        self._finish_s = finish_s

    async def _change(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        started: list[ChangeStep] = []
        change = asyncio.create_task(self._change_in_steps(owner, remove, add, started), name=f"change.{owner.name}")
        try:
            await asyncio.wait({change})
        except asyncio.CancelledError:
            await self._end_cancelled(owner, change, started)
            raise
        await change

    async def _end_cancelled(self, owner: OwnerName, change: asyncio.Task[None], started: Sequence[ChangeStep]) -> None:
        """Let a change of several steps that has begun go on for a moment; end any other at once.

        Raises ChangeHalfDone where it has ended so.
        """
        is_torn = bool(started) and started[0].following > 0
        if is_torn:
            await wait_despite_cancellation(change, self._finish_s)
        if not change.done():
            await cancel_and_wait(change)
            if is_torn:
                lost = _describe_all([record for step in started for record in step.removed])
                log.error("records.change_cut_off", provider=self.title, name=owner.name, records=lost)
        elif not change.cancelled() and (error := change.exception()) is not None:
            log.warning("records.change_failed_when_cancelled", provider=self.title, name=owner.name, error=str(error))
            if isinstance(error, ChangeHalfDone):
                error.is_cancelled = True
                raise error

    async def _change_in_steps(
        self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord], started: list[ChangeStep]
    ) -> None:
        """Make the steps, and put back what they did if one fails; `started` tells how far it came."""
        try:
            async with self._limit_duration(f"Changing {owner.name}", self._change_s):
                for step in await self._prepare_steps(owner, remove, add):
                    started.append(step)
                    await self._apply_step(owner, step)
        except RemoteError as error:
            if len(started) > 1 or (started and started[0].following and _is_outcome_unknown(error)):
                await self._put_back(owner, started, error)
            raise

    async def _prepare_steps(
        self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]
    ) -> list[ChangeStep]:
        """Plan the steps. Raises RecordConflict if the name is not as it was read, save for records that are gone."""
        present = await self._look(owner, _types_of(remove, add))
        removed = [current for record in remove if (current := _find_current(record, present)) is not None]
        staying = [record for record in present if record not in removed]
        added = [record for record in add if not is_among(record, staying)]
        if any(record.type == "CNAME" for record in added) and (others := select_conflicting(staying, owner.zone)):
            raise RecordConflict(f"{owner.name} was changed meanwhile; there stands: {describe_records(others)}.")
        steps = self._plan_steps(removed, added, staying)
        return [replace(steps[0], following=len(steps) - 1), *steps[1:]] if steps else []

    async def _apply_step(self, owner: OwnerName, step: ChangeStep) -> None:
        """Make a step, and look whether it was made if its answer does not say so."""
        try:
            await self._make_step(owner, step)
        except Retryable as error:
            if error.code == RATE_LIMITED or (isinstance(error, FetchFailed) and not error.may_have_arrived):
                raise
            try:
                present = await self._look(owner, frozenset({step.type}), is_putting_back=step.is_putting_back)
            except RemoteError as second:
                log.info("records.outcome_unknown", provider=self.title, name=owner.name, code=second.code)
                raise error from second
            if not step.is_done(present):
                raise

    async def _put_back(self, owner: OwnerName, steps: Sequence[ChangeStep], error: RemoteError) -> None:
        """Restore what the steps changed, and say so in `error`. If that fails too, raise another error from it."""
        removed = [record for step in steps for record in step.removed]
        added = [record for step in steps for record in step.added]
        try:
            async with self._limit_duration(f"Putting back {owner.name}", _PUT_BACK_S):
                present = await self._look(owner, _types_of(removed, added), is_putting_back=True)
                ours = [record for record in present if is_among(record, added)]
                missing = [record for record in removed if not is_among(record, present)]
                staying = [record for record in present if record not in ours]
                for step in self._plan_steps(ours, missing, staying):
                    await self._apply_step(owner, replace(step, is_putting_back=True))
        except RemoteError as second:
            if len(steps) == 1:
                return  # nobody knows whether there is anything to put back
            lost = _describe_all(removed)
            log.error("records.not_put_back", provider=self.title, name=owner.name, records=lost, code=second.code)  # noqa: TRY400  # the frames of a call hold its credentials
            message = (
                f"{error.message} What stood at {owner.name} before could not be put back: {lost}. {second.message}"
            )
            if isinstance(second, Unauthorized):
                raise ChangeHalfDone(message, second.code, owner.zone, removed, added) from error
            raise Retryable(message, code=HALF_DONE) from error
        log.warning("records.put_back", provider=self.title, name=owner.name, code=error.code)
        error.message = f"{error.message} What stood at {owner.name} before was put back."
        error.args = (error.message,)

    async def _look(
        self, owner: OwnerName, types: Collection[str], *, is_putting_back: bool = False
    ) -> list[ZoneRecord]:
        return self._accept(owner, await self._read_types(owner, types, is_putting_back=is_putting_back))

    def _plan_steps(
        self,
        removed: Sequence[ZoneRecord],
        added: Sequence[ZoneRecord],
        staying: Sequence[ZoneRecord],  # noqa: ARG002  # a driver that writes whole sets needs it
    ) -> list[ChangeStep]:
        """List the calls: one for each record, removals first, because few APIs take a CNAME beside other records."""
        return [
            *(ChangeStep(removed=(record,)) for record in removed),
            *(ChangeStep(added=(record,)) for record in added),
        ]

    async def _read_types(
        self,
        owner: OwnerName,
        types: Collection[str],  # noqa: ARG002  # a driver that asks for one type at a time needs it
        *,
        is_putting_back: bool,  # noqa: ARG002  # a driver that then waits longer for its turn needs it
    ) -> list[ZoneRecord]:
        """Return the records of these types at a name, or more."""
        return await self._read(owner)

    @abstractmethod
    async def _make_step(self, owner: OwnerName, step: ChangeStep) -> None:
        """Make the call of a step; a record that is to be removed and is gone already is no error."""


def _find_current(record: ZoneRecord, present: Sequence[ZoneRecord]) -> ZoneRecord | None:
    """Return the present form of a record that was read; None if it is gone. Raises RecordConflict if it differs."""
    current = next((each for each in present if record.id is not None and each.id == record.id), None)
    if current is None:
        return next((each for each in present if is_same_record(each, record)), None)
    if is_same_record(current, record):
        return current
    raise RecordConflict(
        f"{describe_records([record])} at {record.name} was changed meanwhile, to {describe_records([current])}, and is"
        " left as it is."
    )


def _is_outcome_unknown(error: RemoteError) -> bool:
    """Whether a step failed by its deadline, or by a lost answer and the look after it failed too."""
    return isinstance(error.__cause__, TimeoutError | RemoteError)


def _types_of(remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> frozenset[str]:
    return frozenset(record.type for record in (*remove, *add))


def _describe_all(records: Sequence[ZoneRecord]) -> str:
    return "; ".join(f"{record.type} {shorten(make_printable(record.value), _MAX_SHOWN)}" for record in records) or (
        "nothing"
    )
