"""Run bulk calls in steps: each step is one transaction, and none holds the writer for long.

With an idempotency key, the outcome of a line is stored together with what the line changed. A repeated call gets the
same answer for the lines that were done, and the rest is done now. A refused line was not done: nothing of it is
stored, and a repeat judges it afresh. A key is forgotten as a whole, a while after its first call. It is its first
caller's: answers show domains, of which others may not know.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
import structlog
from msgspec import Struct

from dcvd.core.domains.bulk import (
    AddOutcome,
    Line,
    LineRefusal,
    RemoveOutcome,
    reused_key_refusal,
    to_refusal,
)
from dcvd.core.http.idempotency import fingerprint
from dcvd.core.organizations.quotas import Quota
from dcvd.errors import Conflict, DiskFull, OutcomeUnknown, StoreError
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.services import idempotency
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store import bulk_lines
from dcvd.store.bulk_lines import BulkLine, FirstCall
from dcvd.store.engine.transactions import Snapshot, Transaction

log = structlog.get_logger(__name__)

_MIN_STEP_LINES: Final = 25
_MAX_STEP_LINES: Final = 500  # lines in one transaction
_SHORT_STEP_S: Final = 0.008  # seconds; with twice as many lines, such a step still lets others write soon
_STEP_FAILED: Final = (
    "The database could not do its work; nothing of this line was stored. Try it again, with the same key."
)
_KEY_OF_ANOTHER_CALL: Final = LineRefusal(
    "idempotency_key_reused",
    "This Idempotency-Key was used for another call, or by another token: take a new key for a new call.",
)


L = TypeVar("L", bound=Line[Any])
O = TypeVar("O", AddOutcome, RemoveOutcome)  # noqa: E741
R = TypeVar("R")
S = TypeVar("S", bound=Snapshot)


class BulkRequest(Struct, frozen=True, kw_only=True):
    """Who calls, and how. `idempotency_key` None: nothing is remembered. A dry run stores nothing at all.

    remove_records: also delete from DNS the records that we wrote for the removed domains.
    """

    org_id: str
    actor: str
    idempotency_key: str | None = None
    dry_run: bool = False
    remove_records: bool = False

    @property
    def fingerprint(self) -> str:
        """What must be the same in a repeat with the same key, beside the lines."""
        return fingerprint(self.actor.encode(), b"remove_records" if self.remove_records else b"")


def new_batch_sizer() -> BatchSizer:
    """Make the sizer that decides how many lines a step of one call takes."""
    return BatchSizer(min_size=_MIN_STEP_LINES, max_size=_MAX_STEP_LINES, short_step_s=_SHORT_STEP_S)


class IdempotencyRecord(Generic[O]):
    """What is stored under a call's idempotency key: the outcome of each line that was done.

    refuse: makes an outcome of a refusal.
    """

    def __init__(
        self, context: Context, request: BulkRequest, outcome: type[O], refuse: Callable[[Line[Any], LineRefusal], O]
    ) -> None:
        self._context = context
        self._org_id = request.org_id
        self._key = None if request.dry_run else request.idempotency_key
        self._call_fingerprint = request.fingerprint
        self._outcome_decoder: msgspec.json.Decoder[O] = msgspec.json.Decoder(outcome)
        self._refuse: Callable[[Line[Any], LineRefusal], O] = refuse
        self._known_since: int | None = None

    def complete(self, tx: Transaction, lines: Sequence[L], apply: Callable[[Sequence[L]], Sequence[O]]) -> list[O]:
        """Have `apply` do the lines that were not done before, store their outcomes, and return those of all lines.

        The lines are in order, and none is missing between them. A line that differs from the one that was done under
        its number is refused, and so is every line where the key is of another call, and one whose outcome could not be
        remembered, because the organization's quota is reached.
        """
        if self._key is None:
            return list(apply(lines))
        now = self._context.now()
        if self._known_since is None:
            # For the whole of this call: the key must not be forgotten between two of its lines.
            self._known_since = idempotency.known_since(self._context)
        first_call = bulk_lines.find_first_call(tx, self._org_id, self._key)
        is_first_call = first_call is None or first_call.made_at < self._known_since
        if first_call is None or is_first_call:
            first_call = FirstCall(now, self._call_fingerprint)
        if first_call.fingerprint != self._call_fingerprint:
            return [self._refuse(line, _KEY_OF_ANOTHER_CALL) for line in lines]
        first_call_at = first_call.made_at
        stored_lines = bulk_lines.list_between(
            tx, self._org_id, self._key, lines[0].number, lines[-1].number, first_call_at=first_call_at
        )
        outcomes = self._answer_again(lines, stored_lines)
        new_lines = [line for line in lines if line.number not in outcomes]
        new_lines = new_lines[: self._refuse_beyond_quota(tx, new_lines, outcomes, is_first_call=is_first_call)]
        done = []
        for line, outcome in zip(new_lines, apply(new_lines), strict=True):
            outcomes[line.number] = outcome
            if outcome.outcome != "refused":
                done.append(BulkLine(line.number, line.fingerprint, msgspec.json.encode(outcome).decode()))
        if done and is_first_call:
            bulk_lines.begin(tx, self._org_id, self._key, first_call)
        bulk_lines.insert(tx, self._org_id, self._key, done, first_call_at)
        return [outcomes[line.number] for line in lines]

    def _answer_again(self, lines: Sequence[Line[Any]], stored_lines: Sequence[BulkLine]) -> dict[int, O]:
        """Return the outcomes of the lines that were done before."""
        stored_by_number = {line.line: line for line in stored_lines}
        outcomes: dict[int, O] = {}
        for line in lines:
            stored = stored_by_number.get(line.number)
            if stored is not None:
                is_same_line = stored.fingerprint == line.fingerprint
                outcomes[line.number] = (
                    self._outcome_decoder.decode(stored.outcome)
                    if is_same_line
                    else self._refuse(line, reused_key_refusal(line.number))
                )
        return outcomes

    def _refuse_beyond_quota(
        self, tx: Transaction, lines: Sequence[Line[Any]], outcomes: dict[int, O], *, is_first_call: bool
    ) -> int:
        """Refuse lines for which the organization's memory has no room; return how many there are before them.

        How many bytes a line takes is known only when it is done. So a step may begin while one byte is free, and the
        quota may be passed by what one step takes.
        """
        admitted = len(lines)
        for quota in (Quota.REMEMBERED_LINES, Quota.REMEMBERED_BYTES):
            room = quotas.measure_room(self._context, tx, self._org_id, quota)
            if room is None:
                continue
            # The instant of the first call is stored as a line too.
            free = room.free - is_first_call if quota is Quota.REMEMBERED_LINES else admitted if room.free else 0
            fitting = min(max(free, 0), admitted)
            refusal = to_refusal(room.build_refusal())
            outcomes.update({line.number: self._refuse(line, refusal) for line in lines[fitting:admitted]})
            admitted = fitting
        return admitted


async def run_in_steps(
    context: Context,
    request: BulkRequest,
    batch_sizer: BatchSizer,
    lines: Sequence[L],
    *,
    apply: Callable[[Transaction, Sequence[L]], list[R]],
    simulate: Callable[[Snapshot, Sequence[L]], list[R]],
    refuse: Callable[[L, LineRefusal], R],
) -> AsyncIterator[list[R]]:
    """Run the lines in steps, and yield the results of each step.

    Where the database fails, the lines of that step are refused and nothing of them is stored.
    """
    while lines:
        step, lines = lines[: batch_sizer.size], lines[batch_sizer.size :]
        try:
            if request.dry_run:
                results = await context.database.read(_measure_step(batch_sizer, simulate, step))
            else:
                results = await context.database.write(_measure_step(batch_sizer, apply, step))
        except StoreError as error:
            log.warning("bulk.step_failed", org_id=request.org_id, lines=len(step), error=error.message)
            failure = to_refusal(error if isinstance(error, DiskFull | OutcomeUnknown) else StoreError(_STEP_FAILED))
            results = [refuse(line, failure) for line in step]
        yield results


def _measure_step(
    batch_sizer: BatchSizer, work: Callable[[S, Sequence[L]], list[R]], step: Sequence[L]
) -> Callable[[S], list[R]]:
    return lambda snapshot: batch_sizer.run_step(lambda _: work(snapshot, step))


async def run_whole(
    context: Context, request: BulkRequest, lines: Sequence[L], run: Callable[[Sequence[L]], AsyncIterator[list[R]]]
) -> list[R]:
    """Run a call whose lines are all known by now, and return their results.

    Raises Conflict, before any line is done, when the key was used for other lines.
    """
    await check_key_unused(context, request, lines)
    return [result async for results in run(lines) for result in results]


async def check_key_unused(context: Context, request: BulkRequest, lines: Sequence[Line[Any]]) -> None:
    """Check a key before any line is done. Raises Conflict when it was used for another call."""
    key = request.idempotency_key
    if key is None or request.dry_run:
        return

    def query(snapshot: Snapshot) -> bool:
        first_call = bulk_lines.find_first_call(snapshot, request.org_id, key)
        if first_call is None or first_call.made_at < idempotency.known_since(context):
            return True
        if first_call.fingerprint != request.fingerprint:
            return False
        first_call_at = first_call.made_at
        fingerprints = {line.number: line.fingerprint for line in lines}
        stored_lines = bulk_lines.list_between(
            snapshot, request.org_id, key, 1, len(lines), first_call_at=first_call_at
        )
        return all(
            fingerprints[stored.line] == stored.fingerprint for stored in stored_lines
        ) and not bulk_lines.has_line_after(snapshot, request.org_id, key, len(lines), first_call_at=first_call_at)

    if not await context.database.read(query):
        raise Conflict(_KEY_OF_ANOTHER_CALL.message, code=_KEY_OF_ANOTHER_CALL.code)
