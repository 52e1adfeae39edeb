"""Predecessors: the pending jobs about the same domain name that a job waits for."""

from collections.abc import Callable

from msgspec.structs import astuple

from dcvd.core.jobs import Predecessor


def has_predecessor(write_column: Callable[[str], str], first_number: int) -> str:
    """Write the SQL condition that a job still waits for another.

    write_column: writes the SQL for a column of the job: of its row, or a parameter where it has no row yet.
    first_number: that of the first of two parameters, which `predecessor_values` gives.
    """
    domain_name, org_id, turn, job_id = map(write_column, ("domain_name", "org_id", "turn", "id"))
    return (
        f"EXISTS (SELECT 1 FROM jobs AS earlier WHERE earlier.domain_name = {domain_name}"
        f" AND earlier.kind = ?{first_number} AND earlier.state = 'pending'"
        f" AND (NOT ?{first_number + 1}"
        f" OR (earlier.org_id = {org_id} AND (earlier.turn, earlier.id) < ({turn}, {job_id}))))"
    )


def predecessor_values(waits_for: Predecessor | None) -> tuple[str, bool]:
    """Return the parameters of `has_predecessor`; None is for a kind that waits for nothing."""
    return ("", False) if waits_for is None else astuple(waits_for)
