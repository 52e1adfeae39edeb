"""Why an organization's jobs were given up, cause by cause."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.store.jobs import jobs

_MAX_EXAMINED: Final = 1_000


class DeadCause(Struct, frozen=True, kw_only=True):
    """A cause of dead jobs: the code of their last error, its message in the newest of them, and how many there are."""

    code: str
    message: str
    count: int


class DeadCauses(Struct, frozen=True, kw_only=True):
    """The causes, the most frequent first; is_complete: whether all dead jobs were counted."""

    causes: list[DeadCause]
    is_complete: bool


async def list_causes(context: Context, org_id: str, *, max_examined: int = _MAX_EXAMINED) -> DeadCauses:
    """Count the newest dead jobs that the caller may know of by their causes."""
    rows = await context.database.read(lambda snapshot: jobs.list_deaths(snapshot, org_id, limit=max_examined + 1))
    causes: dict[str, DeadCause] = {}
    for row in rows[:max_examined]:
        if reach.covers(context, row.domain_id, row.domain_name):
            code = row.last_error_code or ""
            known = causes.get(code) or DeadCause(code=code, message=row.last_error or "", count=0)
            causes[code] = replace(known, count=known.count + 1)
    by_weight = sorted(causes.values(), key=lambda cause: (-cause.count, cause.code))
    return DeadCauses(causes=by_weight, is_complete=len(rows) <= max_examined)
