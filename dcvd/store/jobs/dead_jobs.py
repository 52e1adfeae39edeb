"""Dead jobs by what they are dead of, of whichever organizations."""

from typing import Final

from dcvd.core.jobs import Cause, Job, JobState
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot

_JOBS: Final = StructTable("jobs", Job)
_OF_CAUSE: Final = "INDEXED BY jobs_dead_by_cause WHERE state = 'dead' AND kind = ? AND last_error_code = ?"


def list_causes(snapshot: Snapshot) -> list[Cause]:
    """List the causes that dead jobs have, one look into the index for each."""
    kinds = snapshot.fetch_column("SELECT kind FROM job_counts WHERE state = ? AND jobs > 0", (JobState.DEAD,))
    causes: list[Cause] = []
    for kind in kinds:
        code: str | None = ""
        while code is not None:
            code = snapshot.fetch_value(
                "SELECT last_error_code FROM jobs INDEXED BY jobs_dead_by_cause"
                " WHERE state = 'dead' AND kind = ? AND last_error_code > ? ORDER BY last_error_code LIMIT 1",
                (kind, code),
            )
            if code is not None:
                causes.append(Cause(kind, code))
    return causes


def count_of_cause(snapshot: Snapshot, cause: Cause, limit: int) -> int:
    """Count the dead jobs of a cause, but no further than `limit`."""
    return snapshot.fetch_count(
        f"SELECT count(*) FROM (SELECT 1 FROM jobs {_OF_CAUSE} LIMIT ?)", (cause.kind, cause.code, limit)
    )


def list_of_cause(snapshot: Snapshot, cause: Cause, *, before: str | None, limit: int) -> list[Job]:
    """List the dead jobs of a cause with an id below `before`, newest first."""
    return _JOBS.fetch_all(
        snapshot,
        f"{_OF_CAUSE} AND id < ? ORDER BY id DESC LIMIT ?",
        (cause.kind, cause.code, before or HIGHEST_KEY, limit),
    )


def list_ids_of_cause(snapshot: Snapshot, cause: Cause, limit: int) -> list[str]:
    """List the ids of dead jobs of a cause, the oldest first."""
    return snapshot.fetch_column(
        f"SELECT id FROM jobs {_OF_CAUSE} ORDER BY id LIMIT ?", (cause.kind, cause.code, limit)
    )
