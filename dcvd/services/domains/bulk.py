"""Bulk calls, some lines at a time: each step is one transaction, and none holds the writer for long.

With a key, what came of a line is stored with what it changed. A repeat is then answered the same as far as the call
had come, and goes on with the rest.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import msgspec
import structlog
from msgspec import Struct

from dcvd.core.domains.bulk import LineRefusal, reused_key_refusal, to_refusal
from dcvd.errors import Conflict, DiskFull, StoreError
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.services.context import Context
from dcvd.store import bulk_lines
from dcvd.store.bulk_lines import BulkLine
from dcvd.store.engine.database import Snapshot, Transaction

log = structlog.get_logger(__name__)

_MIN_STEP_LINES: Final = 25
_MAX_STEP_LINES: Final = 500  # lines a transaction
_SHORT_STEP_S: Final = 0.008  # seconds; a step that is twice as long still lets others in soon
_STEP_FAILED: Final = (
    "The database could not do its work; nothing of this line was stored. Try it again, with the same key."
)


class NumberedLine(Protocol):
    """One line of a call; the lines of a step are in their order, and none is missing between them."""

    @property
    def number(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...


L = TypeVar("L", bound=NumberedLine)
O = TypeVar("O", bound=Struct)  # noqa: E741  # an outcome, as it is stored
R = TypeVar("R")
S = TypeVar("S", bound=Snapshot)


class BulkRequest(Struct, frozen=True, kw_only=True):
    """Who calls, and how. `idempotency_key` None: nothing is remembered. A dry run stores nothing at all.

    remove_records: with domains that are removed, what we wrote for them is taken out of DNS.
    """

    org_id: str
    actor: str
    idempotency_key: str | None = None
    dry_run: bool = False
    remove_records: bool = False


def new_batch_sizer() -> BatchSizer:
    """How many lines a step of one call takes on."""
    return BatchSizer(min_size=_MIN_STEP_LINES, max_size=_MAX_STEP_LINES, short_step_s=_SHORT_STEP_S)


class IdempotencyRecord(Generic[O]):
    """What is stored of a call's lines under its key."""

    def __init__(self, request: BulkRequest, outcome: type[O]) -> None:
        self._org_id = request.org_id
        self._key = None if request.dry_run else request.idempotency_key
        self._outcome_decoder = msgspec.json.Decoder(outcome)

    def recall(self, snapshot: Snapshot, lines: Sequence[L]) -> tuple[dict[int, O | LineRefusal], list[L]]:
        """What came of the lines that were done, and those that were not; a line that differs is refused."""
        if self._key is None:
            return {}, list(lines)
        found = bulk_lines.list_between(snapshot, self._org_id, self._key, lines[0].number, lines[-1].number)
        done = {line.line: line for line in found}
        known: dict[int, O | LineRefusal] = {}
        for line in lines:
            stored = done.get(line.number)
            if stored is None:
                continue
            same = stored.fingerprint == line.fingerprint
            known[line.number] = (
                self._outcome_decoder.decode(stored.outcome) if same else reused_key_refusal(line.number)
            )
        return known, [line for line in lines if line.number not in known]

    def remember(self, tx: Transaction, lines: Sequence[NumberedLine], outcomes: Sequence[O], now: int) -> None:
        """Store what came of lines, in the unit of work that did them."""
        if self._key is None:
            return
        done = [
            BulkLine(line.number, line.fingerprint, msgspec.json.encode(outcome).decode())
            for line, outcome in zip(lines, outcomes, strict=True)
        ]
        bulk_lines.insert(tx, self._org_id, self._key, done, now)


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
    """What came of the lines, as many at a time as a step took on.

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
            failure = to_refusal(error if isinstance(error, DiskFull) else StoreError(_STEP_FAILED))
            results = [refuse(line, failure) for line in step]
        yield results


def _measure_step(
    batch_sizer: BatchSizer, work: Callable[[S, Sequence[L]], list[R]], step: Sequence[L]
) -> Callable[[S], list[R]]:
    return lambda snapshot: batch_sizer.run_step(lambda _: work(snapshot, step))


async def check_key_unused(context: Context, request: BulkRequest, lines: Sequence[NumberedLine]) -> None:
    """For a call that comes whole. Raises Conflict when its key was used for other lines, before anything is done."""
    key = request.idempotency_key
    if key is None or request.dry_run:
        return

    def query(snapshot: Snapshot) -> bool:
        last = bulk_lines.find_last_line(snapshot, request.org_id, key)
        given = {line.number: line.fingerprint for line in lines}
        found = bulk_lines.list_between(snapshot, request.org_id, key, 1, len(lines))
        return last <= len(lines) and all(given[stored.line] == stored.fingerprint for stored in found)

    if not await context.database.read(query):
        message = "This Idempotency-Key was used for another call: take a new key for a new call."
        raise Conflict(message, code="idempotency_key_reused")
