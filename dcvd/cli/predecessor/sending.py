"""Brings rows to the daemon in calls of a bounded size, and yields what became of each row."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from msgspec.structs import replace

from dcvd.cli.operations import Operations
from dcvd.core.numbers import count
from dcvd.core.predecessor.reading import ReadResult
from dcvd.core.predecessor.rows import (
    MAX_ROWS,
    AnyRow,
    ImportOutcome,
    ImportRequest,
    ImportResult,
    RowKind,
    encode_request,
)

_PATH: Final = "/operator/import/predecessor"
_MAX_CALL_BYTES: Final = 512 << 10


async def send_rows(
    operations: Operations, results: Iterable[ReadResult], *, dry_run: bool, with_deleted: bool
) -> AsyncIterator[ImportResult]:
    """Send the rows among what was read; yield all results. See `ImportRequest` for the rest. Raises DcvdError."""
    call = ImportRequest(rows=[], dry_run=dry_run, with_deleted=with_deleted)
    simulated: set[str] = set()
    rows: list[AnyRow] = []
    size = 0
    for read in results:
        if isinstance(read, ImportResult):
            yield read
            continue
        length = len(encode_request(ImportRequest(rows=[read])))
        # Rows of one kind come by one call: those of the next may belong to them.
        if rows and (len(rows) >= MAX_ROWS or size + length > _MAX_CALL_BYTES or read.kind is not rows[0].kind):
            async for result in _send(operations, call, rows, simulated):
                yield result
            rows, size = [], 0
        rows.append(read)
        size += length
    if rows:
        async for result in _send(operations, call, rows, simulated):
            yield result


async def _send(
    operations: Operations, call: ImportRequest, rows: list[AnyRow], simulated: set[str]
) -> AsyncIterator[ImportResult]:
    org_ids = {row.org_id for row in rows}
    request = replace(call, rows=rows, simulated_org_ids=frozenset(simulated & org_ids))
    answered = 0

    def describe_stop(error_name: str) -> str:
        return (
            f"stopped answering after {answered} of {count(len(rows), 'row')} ({error_name}). Run the same import "
            "again: what is there already is left as it is."
        )

    headers = {"Content-Type": "application/json"}
    async for line in operations.stream(
        _PATH, describe_stop, data=encode_request(request), headers=headers, by_line=True
    ):
        if not line.strip():
            continue
        result = operations.decode(line, ImportResult, f"POST {_PATH}")
        answered += 1
        if result.kind is RowKind.ORGANIZATION and result.outcome is ImportOutcome.WOULD_IMPORT:
            simulated.add(result.id)
        yield result
